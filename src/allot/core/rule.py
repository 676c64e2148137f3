"""A rule: one reason to refuse an item, with the error that Webex gives for it."""

from dataclasses import dataclass

from allot.core.offer import Provenance

#: The kinds of rule, and the offer lists that each reads from the rulebook.
KINDS: dict[str, tuple[str, ...]] = {
    "unknown": (),
    "site": (),
    "unmanaged": ("offers",),
    "properties": (),
    "location": (),
    "number": (),
    "extension": (),
    "external": (),
    "transition": ("from", "to"),
    "conflict": ("offers", "with"),
    "one-of": ("sets",),
    "requires": ("offers", "any_of"),
    "implicit": ("offers",),
    "capacity": (),
}
#: what each kind refuses, with the names of its lists
REFUSES = {
    "unknown": "a license that is none of the organization's",
    "site": "an attendee account on a site that has none to give, or where the person is host",
    "unmanaged": "any change of `offers`",
    "properties": "a calling offer that is added without number, or without extension and location",
    "location": "a location that is not known, or is not the number's",
    "number": "a phone number that is not in the inventory, or is somebody else's",
    "extension": "an extension that somebody else has at the location",
    "external": "what is no meetings offer, for a person of another organization",
    "transition": "a change from one of `from` to one of `to` in one request",
    "conflict": "one of `offers` together with one of `with`",
    "one-of": "two licenses of one of the `sets`",
    "requires": "one of `offers` without one of `any_of`",
    "implicit": "the removal of `offers`, which must be `free`",
    "capacity": "a license whose policy is strict and that has no unit left",
}

# What a state can be about besides offers: bits above all offers (a rulebook has at most 64).
UNKNOWN = 1 << 64
SITE = 1 << 65
PROPERTIES = 1 << 66
EXTERNAL = 1 << 67
FULL = 1 << 68
# Two licenses of one offer are held: sets of offers cannot show that.
DOUBLE = 1 << 69

_CONDITIONS = {
    "unknown": UNKNOWN,
    "site": SITE,
    "properties": PROPERTIES,
    "location": PROPERTIES,
    "number": PROPERTIES,
    "extension": PROPERTIES,
    "external": EXTERNAL,
    "capacity": FULL,
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One row of the rulebook, compiled.

    `left` and `right` are offer masks whose meaning the kind gives: `offers` and `with` of a conflict,
    `from` and `to` of a transition, `offers` and `any_of` of a requirement; `sets` are those of `one-of`.
    """

    id: str
    kind: str
    #: errorCode of the refusal
    code: int
    message: str
    #: a template for core.fault: {licenses}, {siteUrl}, {offers}, and for sentences of ours more
    description: str
    #: what to do about it, for explanations
    remedy: str
    provenance: Provenance
    #: place in the order of judgement, from 0
    order: int = 0
    left: int = 0
    right: int = 0
    sets: tuple[int, ...] = ()

    def may_be_broken(self, attention: int, before: int, after: int) -> bool:
        """Whether items can break this rule, given what they are about and the offers before and after.

        Exact for the rules between offers; for the others a cheap test that saves looking at the items.
        """
        match self.kind:
            case "transition":
                return bool(before & self.left and not after & self.left and after & ~before & self.right)
            case "conflict":
                return bool(after & self.left and after & self.right)
            case "requires":
                return bool(after & self.left and not after & self.right)
            case "one-of":
                return any(attention & DOUBLE or (after & each).bit_count() > 1 for each in self.sets)
            case "unmanaged" | "implicit":
                return bool(attention & self.left)
        return bool(attention & _CONDITIONS[self.kind])

    @property
    def exclusive(self) -> tuple[tuple[int, int], ...]:
        """The pairs of offer masks of which a person may have only one side."""
        if self.kind == "conflict":
            return ((self.left, self.right),)
        return tuple((each, each) for each in self.sets)

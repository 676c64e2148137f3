"""Relations: what the rules of a rulebook say of offers among each other, one offer at a time."""

from dataclasses import dataclass, field

from allot.core.rule import Rule
from allot.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Need:
    """An offer that nobody may have without one of others."""

    offer: str
    any_of: tuple[str, ...]
    rule: Rule


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Two offers that nobody may have together; one offer twice where two licenses of it are meant."""

    one: str
    other: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An offer that one request cannot replace by another."""

    before: str
    after: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Relations:
    """What is said of offers, in the order of the rulebook's rules. Offers stand there by their codes."""

    needs: list[Need] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def of(self, code: str) -> "Relations":
        """Those that concern an offer; with `code` as the `one` of each exclusion, and as the `other` in the last."""
        turned = [
            each if each.one == code else Exclusion(each.other, each.one, each.rules)
            for each in self.exclusions
            if code in (each.one, each.other)
        ]
        return Relations(
            [each for each in self.needs if code == each.offer or code in each.any_of],
            sorted(turned, key=lambda each: each.other == code),
            [each for each in self.changes if code in (each.before, each.after)],
        )

    @property
    def offers(self) -> set[str]:
        """The codes of all offers that something is said of."""
        ends: set[str] = set()
        ends.update(code for each in self.needs for code in (each.offer, *each.any_of))
        ends.update(code for each in self.exclusions for code in (each.one, each.other))
        ends.update(code for each in self.changes for code in (each.before, each.after))
        return ends


def relations(book: Rulebook) -> Relations:
    """All relations of a rulebook; what several rules exclude is there once."""
    found = Relations()
    excluding: dict[tuple[str, str], list[Rule]] = {}
    order = {code: number for number, code in enumerate(book.offers)}
    for rule in book.rules:
        left, right = book.codes(rule.left), tuple(book.codes(rule.right))
        if rule.kind == "requires":
            found.needs.extend(Need(code, right, rule) for code in left)
        if rule.kind == "transition":
            found.changes.extend(Change(before, after, rule) for before in left for after in right)
        pairs = (
            (one, other) if order[one] <= order[other] else (other, one)
            for masks in rule.exclusive
            for one in book.codes(masks[0])
            for other in book.codes(masks[1])
        )
        for pair in dict.fromkeys(pairs):
            excluding.setdefault(pair, []).append(rule)
    found.exclusions.extend(Exclusion(*pair, tuple(rules)) for pair, rules in excluding.items())
    return found

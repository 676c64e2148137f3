"""Asks: who is asked to change, as shapes that many people share.

A decision about a person depends on little: the licenses that some rule connects with those that are asked for, and how
the number, the extension and the locations that are spoken of stand to each other. That is the person's shape.
People of one shape get one answer, with what is their own put in (`ways`), so that a million of them cost little.
"""

from typing import NamedTuple

from msgspec import UNSET, UnsetType

from allot.bulk.actual import snapshots
from allot.bulk.actual.snapshots import Person
from allot.bulk.desired.desires import Want
from allot.core.holding import Calling, Properties
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook

# Stand for what is a person's own: no text of anybody begins like this.
HERE, THERE, ELSEWHERE = "\x00here\x00", "\x00there\x00", "\x00elsewhere\x00"
NUMBER, EXTENSION = "\x00number\x00", "\x00extension\x00"
OWN_NUMBER, OWN_EXTENSION = "\x00own number\x00", "\x00own extension\x00"
ME, SOMEBODY = "\x00me\x00", "\x00somebody\x00"


class Shape(NamedTuple):
    """What a decision about a person depends on. Sets of licenses are bits by place; texts are the signs above."""

    #: licenses that are held, as far as a rule connects them with what is asked
    held: int
    #: licenses to have and to lack in the end, those that are held or lacked already among them: no way may pass by
    have: int
    lack: int
    external: bool = False
    #: calling licenses that are held, and whose number or extension shall change
    touch: int = 0
    attendee: frozenset[str] = frozenset()
    attend: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    calling: Calling | None = None
    #: of the calling licenses that are newly had, and of those in `touch`
    properties: Properties | None = None
    #: which of the signs for locations are locations of the organization
    locations: frozenset[str] = frozenset()
    #: where the number that is asked for belongs, and whose it is; None: it is not in the inventory
    number: tuple[str, str | None] | None = None
    #: where somebody else has the extension that is asked for
    taken: frozenset[str] = frozenset()


class Refused(NamedTuple):
    """Why nothing is decided about somebody: a reason of our own."""

    rule: str
    what: str


class Spoken(NamedTuple):
    """Somebody who asks for a number or an extension, until it is known whose those are."""

    id: str
    before: int
    external: bool
    attendee: list[str] | UnsetType
    calling: snapshots.Calling | UnsetType | None
    want: Want


_PULL = "pull the snapshot again with an administrator's token"
UNKNOWN_LICENSES = Refused("unknown-licenses", f"it is not known what they hold; {_PULL}")
UNKNOWN_CALLING = Refused("unknown-calling", f"it is not known where calling reaches them; {_PULL}")
UNKNOWN_SITES = Refused("unknown-sites", f"it is not known of which sites they are attendee; {_PULL}")
UNKNOWN_NUMBERS = Refused(
    "unknown-numbers", f"a number is named, and it is not known which there are; {_PULL}, or name an extension"
)
CONTRADICTION = Refused("contradiction", "a license is to be had and to be lacked; leave one of them out")
NO_CALLING = Refused(
    "no-calling-license",
    "a location, number or extension is named, but they have no calling license and get none; add one, or leave it out",
)


class Taken:
    """Whose the numbers and extensions are that are spoken of; what is absent is free, or not in the inventory."""

    def __init__(self) -> None:
        #: E.164 -> the id of its location, and of whose it is
        self.numbers: dict[str, tuple[str, str | None]] = {}
        #: ids of a location, and an extension -> the id of whose it is
        self.extensions: dict[tuple[str, str], str] = {}


class Claims:
    """Who asks first for a number or an extension: they alone get it."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._asked: dict[tuple[str, str], str] = {}

    def ask(self, spoken: Spoken) -> Refused | None:
        """Why somebody cannot have the number or extension: somebody before has asked for it."""
        told = spoken.want.properties or Properties()
        location = (spoken.calling and spoken.calling.location_id) or told.location_id
        if location is None:
            location = self._taken.numbers.get(told.phone_number or "", (None,))[0]
        for text, where, what in (
            (told.phone_number, "", "number"),
            (told.extension, location or "", "extension"),
        ):
            if text and self._asked.setdefault((where, text), spoken.id) != spoken.id:
                return Refused("asked-twice", f"{what} {text} is given to somebody before them; give them another one")
        return None


class Asks:
    """Compares people with what is desired of them."""

    def __init__(self, rulebook: Rulebook, organization: Organization) -> None:
        licenses = list(organization.licenses.values())
        self._offers = [license.offer.bit for license in licenses]
        self._hosts = sum(license.bit for license in licenses if license.site_url)
        self._locations = organization.locations
        #: the licenses that need a number or an extension
        self.calling = sum(license.bit for license in licenses if license.offer.calling)
        # As in `core.piece`: calling licenses share a number, the two sides of a rule share that rule.
        self._ties = [mask for rule in rulebook.rules for mask in rule.sets or (rule.left | rule.right,)]
        self._ties.append(rulebook.calling)
        self._near: dict[int, int] = {}
        self._owns: dict[tuple[str | None, bool, bool], tuple[Calling, frozenset[str]]] = {}

    def of(self, person: Person, before: int, want: Want) -> Shape | Refused | Spoken | None:
        """What somebody who holds `before` asks for; None when they have all that is desired."""
        if want.have & want.lack:
            return CONTRADICTION
        add, remove = want.have & ~before, want.lack & before
        if want.properties is None and not (person.attendee or want.attend or want.leave):
            if not add | remove:
                return None
            near = self.near(add | remove)
            if not near & self.calling or not (person.calling or before & self.calling):
                return Shape(before & near, want.have & near, want.lack & near, person.external)
            if person.calling:
                calling, locations = self._own(person.calling)
                plain = Shape(before & near, want.have & near, want.lack & near, person.external)
                return plain._replace(calling=calling, locations=locations)
        spoken = Spoken(person.id, before, person.external, person.attendee, person.calling, want)
        return spoken if self._speaks(spoken) else self.shape(spoken, Taken())

    def _own(self, own: snapshots.Calling) -> tuple[Calling, frozenset[str]]:
        """Where somebody is reached, as signs, and which of the signs are locations of the organization."""
        kind = own.location_id, bool(own.phone_number), bool(own.extension)
        found = self._owns.get(kind)
        if found is None:
            calling = Calling(
                HERE if own.location_id else "",
                OWN_NUMBER if own.phone_number else None,
                OWN_EXTENSION if own.extension else None,
            )
            found = self._owns[kind] = calling, frozenset((HERE,) if own.location_id in self._locations else ())
        return found

    def _speaks(self, asked: Spoken) -> bool:
        told, calling = asked.want.properties, asked.calling or snapshots.Calling()
        if told is None or not asked.want.have & self.calling:
            return False
        return told.phone_number not in (None, calling.phone_number) or told.extension not in (None, calling.extension)

    def shape(self, asked: Spoken, taken: Taken) -> Shape | Refused | None:
        """The shape of somebody, whatever they ask for; None when they have it."""
        want, before, told = asked.want, asked.before, asked.want.properties
        if told is not None and not want.have & self.calling:
            return NO_CALLING
        add, remove, touch = want.have & ~before, want.lack & before, 0
        calling = asked.calling or snapshots.Calling()
        if told is not None and (self._speaks(asked) or told.location_id not in (None, calling.location_id)):
            touch = want.have & before & self.calling
        known = frozenset(asked.attendee or ())
        moved = not known.issuperset(want.attend) or not known.isdisjoint(want.leave)
        if asked.attendee is UNSET and (want.attend or want.leave):
            return UNKNOWN_SITES
        near = self.near(add | remove | touch) | (self._hosts if known or want.attend else 0)
        if asked.calling is UNSET and near & before & self.calling:
            return UNKNOWN_CALLING
        if not (add | remove | touch or moved):
            return None
        have, lack = want.have & near, want.lack & near
        plain = Shape(before & near, have, lack, asked.external, touch, known, want.attend, want.leave)
        if not near & self.calling:
            return plain
        if not (add | touch) & self.calling:
            told = None
        return self._reached(plain, asked, told, taken)

    def _reached(self, plain: Shape, asked: Spoken, told: Properties | None, taken: Taken) -> Shape:
        """The shape with where and how somebody is and shall be reached."""
        found = signs(asked.calling or None, told, taken)
        sign = {(kind, text): each for each, (kind, text) in reversed(found.items())}
        calling = self._own(asked.calling)[0] if asked.calling else None
        properties, number, having = None, None, set[str]()
        if told is not None:
            where, phone = sign.get(("location", told.location_id or "")), sign.get(("number", told.phone_number or ""))
            properties = Properties(where, phone, sign.get(("extension", told.extension or "")))
            number = self._number(asked, told, taken, sign)
            having = {
                each
                for each, (kind, text) in found.items()
                if kind == "location" and taken.extensions.get((text, told.extension or ""), asked.id) != asked.id
            }
        known = frozenset(each for each, (_, text) in found.items() if text in self._locations)
        return plain._replace(
            calling=calling, properties=properties, locations=known, number=number, taken=frozenset(having)
        )

    def _number(
        self, asked: Spoken, told: Properties, taken: Taken, sign: dict[tuple[str, str], str]
    ) -> tuple[str, str | None] | None:
        if asked.calling and told.phone_number and told.phone_number == asked.calling.phone_number:
            return sign.get(("location", asked.calling.location_id or ""), ""), ME
        location, owner = taken.numbers.get(told.phone_number or "", (None, None))
        if location is None:
            return None
        return sign["location", location], ME if owner == asked.id else SOMEBODY if owner else None

    def near(self, asked: int) -> int:
        """The licenses that a decision about these may depend on."""
        found = self._near.get(asked)
        if found is None:
            found = self._near[asked] = self._connected(asked)
        return found

    def _connected(self, asked: int) -> int:
        offers, near = 0, asked
        for place, offer in enumerate(self._offers):
            offers |= offer if asked >> place & 1 else 0
        grown = -1
        while grown != offers:
            grown = offers
            for tie in self._ties:
                offers |= tie if tie & offers else 0
        for place, offer in enumerate(self._offers):
            near |= 1 << place if offer & offers else 0
        return near


def signs(calling: snapshots.Calling | None, told: Properties | None, taken: Taken) -> dict[str, tuple[str, str]]:
    """What each sign stands for with one person: of which kind it is, and the text. The first sign of a text is its."""
    own, told = calling or snapshots.Calling(), told or Properties()
    number = taken.numbers.get(told.phone_number or "", (None,))[0]
    found = (
        (HERE, "location", own.location_id),
        (THERE, "location", told.location_id),
        (ELSEWHERE, "location", number),
        (OWN_NUMBER, "number", own.phone_number),
        (NUMBER, "number", told.phone_number),
        (OWN_EXTENSION, "extension", own.extension),
        (EXTENSION, "extension", told.extension),
    )
    return {sign: (kind, text) for sign, kind, text in found if text}

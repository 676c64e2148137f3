"""Comparisons: everybody in a snapshot against what is desired, kept as a few numbers for each."""

from array import array
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import UNSET

from allot.bulk.actual.snapshots import Calling, Person, Snapshot
from allot.bulk.desired.desires import Desired, Want
from allot.bulk.planned import guards
from allot.bulk.planned.asks import UNKNOWN_LICENSES, UNKNOWN_NUMBERS, Asks, Claims, Refused, Shape, Spoken, Taken
from allot.bulk.planned.changes import Guards
from allot.bulk.planned.ways import Ask

# In the place of a kind: there is nothing to do, and it is told when it is known whose the numbers are.
_UNCHANGED, _SPOKEN = -1, -2
# Remembered people; in practice a few hundred.
_KNOWN_MAX = 100_000


@dataclass(slots=True)
class Comparison:
    """Who asks for what. The arrays have an element for each person who asks, in the order of the snapshot."""

    #: people for whom something is desired, and those of them who have it
    asked: int = 0
    unchanged: int = 0
    #: places in the snapshot
    places: "array[int]" = field(default_factory=lambda: array("i"))
    #: lines of the input
    lines: "array[int]" = field(default_factory=lambda: array("i"))
    #: places in `kinds`
    kind: "array[int]" = field(default_factory=lambda: array("i"))
    kinds: list[Ask] = field(default_factory=list)
    #: whose the numbers and extensions are that are asked for
    taken: Taken = field(default_factory=Taken)
    #: places in the arrays of those whom only force does not protect
    forced: "array[int]" = field(default_factory=lambda: array("i"))
    #: what people hold, as bits -> how many of them; only when that is asked for
    holdings: Counter[int] = field(default_factory=Counter)

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """Everybody's place in the arrays, in the order of the input."""
        lines = np.asarray(self.lines).view(np.uint32)  # where -1, which is no line, is after all others
        return np.argsort(lines, kind="stable")


def compare(snapshot: Snapshot, desired: Desired, asks: Asks, kept: Guards, *, force: bool) -> Comparison:
    """Ask of everybody what is desired of them. With `force` nobody is protected."""
    return _Comparer(snapshot, desired, asks, kept, force=force).run()


class _Reached(msgspec.Struct, rename="camel", gc=False):
    """Of a person in a snapshot, how they are reached."""

    id: str
    calling: Calling | None = None


class _Bits(dict[tuple[int, ...], int]):
    """Licenses by their places, as bits. People are alike: most are found here."""

    def __missing__(self, places: tuple[int, ...]) -> int:
        if len(self) == _KNOWN_MAX:
            self.clear()
        found = self[places] = sum({1 << place for place in places})
        return found


class _Comparer:
    def __init__(self, snapshot: Snapshot, desired: Desired, asks: Asks, kept: Guards, *, force: bool) -> None:
        self._snapshot = snapshot
        self._desired = desired
        self._asks = asks
        self._protected = None if force else guards.protected(kept)
        self._forced = guards.protected(kept) if force else None
        self._counts = kept.max_removals is not None
        self._bits = _Bits()
        self._found = Comparison()
        self._kinds: dict[Ask, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        self._locations = {location.id for location in snapshot.locations}
        #: places in the arrays, and what was asked there
        self._spoken: list[tuple[int, Spoken]] = []

    def run(self) -> Comparison:
        place = 0
        for block in self._snapshot.people():
            self._block(block, place)
            place += len(block)
        if self._spoken:
            self._scan()
            self._resolve()
        self._found.kinds = list(self._kinds)
        return self._found

    def _block(self, block: list[Person], start: int) -> None:
        kinds, places, lines = self._found.kind, self._found.places, self._found.lines
        asked = unchanged = 0
        for place, (person, want) in enumerate(zip(block, self._desired.of(block), strict=True), start):
            if self._counts:
                self._found.holdings[self._bits[tuple(person.licenses or ())]] += 1
            if want is None:
                continue
            asked += 1
            kind = self._kind(person, want)
            if kind == _UNCHANGED:
                unchanged += 1
                continue
            if self._forced is not None and self._forced.match(person.email):
                self._found.forced.append(len(places))
            kinds.append(kind)
            places.append(place)
            lines.append(-1 if want.line is None else want.line)
        self._found.asked += asked
        self._found.unchanged += unchanged

    def _kind(self, person: Person, want: Want) -> int:
        """The place in `kinds` of what somebody asks for. People are alike: most are recognized by a few numbers."""
        if want.properties or want.attend or want.leave or person.attendee or self._protected is not None:
            return self._ask(person, want)
        own = person.calling
        reached = (own.location_id in self._locations, own.phone_number is None, own.extension is None) if own else own
        held = None if person.licenses is UNSET else tuple(person.licenses)
        key = (want.have, want.lack, held, person.external, reached)
        kind = self._known.get(key)
        if kind is None:
            if len(self._known) == _KNOWN_MAX:
                self._known.clear()
            kind = self._known[key] = self._ask(person, want)
        return kind

    def _ask(self, person: Person, want: Want) -> int:
        ask: Shape | Refused | Spoken | None = UNKNOWN_LICENSES
        if person.licenses is not UNSET:
            ask = self._asks.of(person, self._bits[tuple(person.licenses)], want)
        if ask is None:
            return _UNCHANGED
        if self._protected is not None and self._protected.match(person.email):
            ask = guards.PROTECTED
        if isinstance(ask, Spoken):
            self._spoken.append((len(self._found.places), ask))
            return _SPOKEN
        return self._number(ask)

    def _number(self, ask: Ask) -> int:
        return self._kinds.setdefault(ask, len(self._kinds))

    def _scan(self) -> None:
        """Look up whose the numbers and extensions are that are asked for."""
        told = [spoken.want.properties for _, spoken in self._spoken if spoken.want.properties]
        numbers = {each.phone_number for each in told if each.phone_number}
        extensions = {each.extension for each in told if each.extension}
        taken = self._found.taken
        for block in self._snapshot.numbers():
            for number in block:
                if number.phone_number in numbers:
                    taken.numbers[number.phone_number] = number.location_id, number.owner_id
        for features in self._snapshot.extensions():
            for each in features:
                if each.extension in extensions:
                    taken.extensions[each.location_id, each.extension] = each.owner_id
        for people in self._snapshot.file.blocks("people", _Reached):
            self._reached(people, extensions)

    def _reached(self, people: list[_Reached], extensions: set[str]) -> None:
        """Note who has one of the extensions, or a number that is asked for."""
        taken = self._found.taken
        for person in people:
            own = person.calling
            if own and own.extension in extensions and own.location_id and own.extension:
                taken.extensions[own.location_id, own.extension] = person.id
            if own and own.phone_number and own.phone_number in taken.numbers:
                taken.numbers[own.phone_number] = taken.numbers[own.phone_number][0], person.id

    def _resolve(self) -> None:
        """Tell the shapes of those who ask for a number or an extension, in the order of the input."""
        found = self._found
        claims = Claims(found.taken)
        for place, spoken in sorted(self._spoken, key=lambda each: found.lines[each[0]]):
            told = spoken.want.properties
            unknown = told is not None and told.phone_number and not self._snapshot.file.has("numbers")
            ask = UNKNOWN_NUMBERS if unknown else claims.ask(spoken) or self._asks.shape(spoken, found.taken)
            assert ask is not None  # who speaks asks for a change
            found.kind[place] = self._number(ask)

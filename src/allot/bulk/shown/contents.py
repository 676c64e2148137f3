"""Contents: where in a plan's file each record is, and what tells it from others.

Made once, in half a second for 100,000 people; then people are found and a page of them is read without the rest.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from allot.bulk.files import FileFault
from allot.bulk.planned.changes import Change, Refusal
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.tallies import examples
from allot.bulk.shown.wordings import kind

T = TypeVar("T")

#: refusals of each rule that are kept as examples
EXAMPLES = 5
# Remembered kinds of records; in practice some thousands.
_KNOWN_MAX = 20_000
# Bytes of each record beside its email: where it begins, and what it has in common with others.
_RECORD_BYTES = 10


class Alike(NamedTuple):
    """What records may have in common."""

    #: of a change: one of `wordings.KINDS`
    kind: str = ""
    #: of a refusal: the first rule against it
    rule: str = ""
    wave: int = 0
    irreversible: bool = False
    #: places of the licenses that are given or taken
    licenses: frozenset[int] = frozenset()


class _Held(msgspec.Struct, gc=False):
    licenses: tuple[int, ...] = ()


class _Changed(msgspec.Struct, gc=False):
    """Of a change only what tells it from others: reading a plan costs a quarter then."""

    email: str
    before: _Held
    after: _Held
    wave: int = 0
    irreversible: bool = False


class _Reason(msgspec.Struct, gc=False):
    rule: str


class _Refused(msgspec.Struct, gc=False):
    email: str
    reasons: list[_Reason]


class Contents:
    """The changes of a plan and then its refusals, by their places from 0. `read` must have filled it.

    Making one raises FileFault and OSError as `Plan` does; so does whatever reads the file later.
    """

    def __init__(self, path: Path) -> None:
        self.plan = Plan(path)
        self.total = self.plan.file.count("changes") + self.plan.file.count("refusals")
        self.changes = self.plan.file.count("changes")
        self.alikes: list[Alike] = []
        #: wave -> kind of change -> how many
        self.waves: dict[int, Counter[str]] = {}
        #: rule -> some of those who are refused by it
        self.examples: dict[str, list[Refusal]] = {}
        self._alike = array("H")
        self._begins = array("Q")
        #: in lower case, a line each
        self._emails = ""

    @property
    def done(self) -> int:
        """How many records are read."""
        return len(self._begins)

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return len(self._emails) + _RECORD_BYTES * self.total

    def read(self) -> None:
        """Go through the file, once."""
        told, guards = self.plan.summary, self.plan.head.guards
        try:
            self._check([*guards.protected_licenses, *(each.license for each in told.capacities)])
            self._emails = "\n".join(self._all())
            self.examples = examples(self.plan, EXAMPLES)
        except (ValueError, IndexError, OverflowError, RecursionError) as error:
            raise self._unreadable() from error
        for number, count in Counter(self._alike).items():
            alike = self.alikes[number]
            if alike.kind:
                self.waves.setdefault(alike.wave, Counter())[alike.kind] += count

    def find(self, text: str, wanted: Callable[[Alike], bool]) -> Sequence[int]:
        """The places of those whose email has a text in it, and who are of a kind that is wanted."""
        numbers = {number for number, alike in enumerate(self.alikes) if wanted(alike)}
        if not text:
            if len(numbers) == len(self.alikes):
                return range(self.total)
            return [place for place, number in enumerate(self._alike) if number in numbers]
        told = text.lower()
        emails = zip(self._alike, self._emails.split("\n"), strict=True)
        return [place for place, (number, email) in enumerate(emails) if told in email and number in numbers]

    def records(self, places: Iterable[int]) -> list[Change | Refusal]:
        """What the plan says of some people."""
        found: list[Change | Refusal] = []
        with self.plan.file.open() as file:
            for place in places:
                file.seek(self._begins[place])
                found.append(self._record(file.readline(), changed=place < self.changes))
        return found

    def _record(self, line: bytes, *, changed: bool) -> Change | Refusal:
        try:
            if not changed:
                return msgspec.json.decode(line, type=Refusal)
            change = msgspec.json.decode(line, type=Change)
            if not change.requests:
                raise ValueError("a change that asks for nothing")
            named = [*change.unasked, *(place for each in change.requests for place in (*each.add, *each.remove))]
            self._check(named)
        except (ValueError, RecursionError) as error:
            raise self._unreadable() from error
        return change

    def _check(self, places: Collection[int]) -> None:
        if places and not 0 <= min(places) <= max(places) < len(self.plan.head.licenses):
            raise ValueError("a license that the head does not have")

    def _all(self) -> Iterator[str]:
        """Everybody's email, while the rest is kept."""
        numbers: dict[Alike, int] = {}

        @lru_cache(_KNOWN_MAX)
        def changed(before: tuple[int, ...], after: tuple[int, ...], wave: int, irreversible: bool) -> int:
            moved = frozenset(before) ^ frozenset(after)
            self._check(moved)
            alike = Alike(kind(before, after), "", wave, irreversible, moved)
            return numbers.setdefault(alike, len(numbers))

        @lru_cache(_KNOWN_MAX)
        def refused(rule: str) -> int:
            return numbers.setdefault(Alike(rule=rule), len(numbers))

        for change in self._each("changes", _Changed):
            self._alike.append(changed(change.before.licenses, change.after.licenses, change.wave, change.irreversible))
            yield _line(change.email)
        for refusal in self._each("refusals", _Refused):
            self._alike.append(refused(refusal.reasons[0].rule))
            yield _line(refusal.email)
        self.alikes = list(numbers)

    def _each(self, section: str, record: type[T]) -> Iterator[T]:
        decoder = msgspec.json.Decoder(record)
        for begin, data in self.plan.file.lines(section):
            at = begin
            for line, each in zip(data.splitlines(keepends=True), decoder.decode_lines(data), strict=True):
                self._begins.append(at)
                at += len(line)
                yield each

    def _unreadable(self) -> FileFault:
        return FileFault(f"{self.plan.file.path} is no plan that this allot reads; make it again")


def _line(email: str) -> str:
    return email.lower().replace("\n", " ")

"""Wants: what is desired, by email, in some 45 bytes a person, and 20 more where they have a number or an extension."""

import zlib
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allot.bulk.actual.snapshots import Person
from allot.bulk.desired.cells import EMAIL, EMAILS, Cells, extension_of, number_of
from allot.bulk.desired.desires import DesireFault, Fault, Want, in_order
from allot.bulk.desired.keys import Keys
from allot.bulk.desired.tables import Table
from allot.core.holding import Properties


class Said(NamedTuple):
    """What a row says besides numbers and extensions; many rows say the same, and share it."""

    have: int = 0
    lack: int = 0
    location_id: str | None = None
    attend: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()


def calling_of(calling: int, have: int, lack: int, person: Person) -> int:
    """What a person is to have, where it is said how to reach them, as bits; `calling`: those that are for calling.

    It is said for the calling licenses that they get, else for those that they hold and keep.
    """
    if have & calling or not isinstance(person.licenses, list):
        return have
    return have | calling & ~lack & sum(1 << place for place in person.licenses)


class Wants:
    """What is desired, row by row: a `Desired`. `calling`: bits of the licenses with which people are reached."""

    def __init__(self, table: Table, calling: int) -> None:
        self.source = str(table.path)
        self._column = table.names[table.email]
        self.notices: list[Fault] = []
        self.faults: list[Fault] = []
        self._calling = calling
        #: emails, to be found, and as they are, for the few that are told of: compressed, some hundred together
        self._keys = Keys()
        self._emails: list[bytes] = []
        self._lines = array("I")
        #: what rows say; the first is for none
        self._known: list[Said] = [Said()]
        self._said = array("I")
        #: rows with a number or an extension, and these; the first is for none
        self._reaching = array("I", [0])
        self._numbers = array("q", [0])
        self._extensions = array("q", [0])
        #: the place in them of each row
        self._reached = array("I")
        self._asked = np.zeros(0, np.bool_)

    def keep(self, said: Said) -> int:
        """A number for what rows say, from 1."""
        self._known.append(said)
        return len(self._known) - 1

    def reaches(self, said: int) -> bool:
        """Whether it gives a calling license."""
        return bool(self._known[said].have & self._calling)

    def extend(
        self,
        lines: Sequence[int],
        emails: Sequence[str],
        said: Sequence[int],
        numbers: Sequence[int],
        extensions: Sequence[int],
    ) -> None:
        """Some rows: what they say as `keep` numbers it, numbers and extensions as `cells` do. What is no email, and
        what is there already, is a fault."""
        emails = [email.strip().lower() for email in emails]
        text = "\n".join(emails)
        # A cell with two lines is no email, and each of them may be one.
        if text.count("\n") != len(emails) - 1 or not EMAILS.fullmatch(text):
            emails = [self._checked(line, email) for line, email in zip(lines, emails, strict=True)]
        self._keys.extend(emails)
        self._emails.append(zlib.compress("\n".join(emails).encode(), 1))
        self._lines.extend(lines)
        self._said.extend(said)
        self._reached.extend(
            self._reach(row, number, extension) if number or extension else 0
            for row, (number, extension) in enumerate(zip(numbers, extensions, strict=True), len(self._reached))
        )

    def _reach(self, row: int, number: int, extension: int) -> int:
        self._reaching.append(row)
        self._numbers.append(number)
        self._extensions.append(extension)
        return len(self._reaching) - 1

    def _checked(self, line: int, email: str) -> str:
        if EMAIL.fullmatch(email):
            return email
        what = f"`{email}` is no email" if email else "there is no email in this row"
        self.faults.append(Fault(line, self._column, f"{what}; write one as ada@example.com"))
        return ""

    def of(self, people: Sequence[Person]) -> list[Want | None]:
        """What is desired of people."""
        rows = self._keys.find([person.email for person in people])
        self._asked[rows[rows >= 0]] = True
        columns = (np.asarray(column)[rows].tolist() for column in (self._lines, self._said, self._reached))
        wants: list[Want | None] = []
        for person, row, line, said, reached in zip(people, rows.tolist(), *columns, strict=True):
            if row < 0:
                wants.append(None)
                continue
            have, lack, location, attend, leave = self._known[said]
            properties = None
            if reached or location:
                number, extension = number_of(self._numbers[reached]), extension_of(self._extensions[reached])
                properties = Properties(location, number, extension)
                have = calling_of(self._calling, have, lack, person)
            wants.append(Want(line, have, lack, properties, attend, leave))
        return wants

    def missing(self) -> Iterator[tuple[int, str]]:
        """Line and email of everybody who was not asked about."""
        if not self._asked.all():
            for line, email, asked in zip(self._lines, self._texts(), self._asked, strict=True):
                if not asked:
                    yield line, email

    def _texts(self) -> Iterator[str]:
        """The email of each row; "" where there is none."""
        for some in self._emails:
            yield from zlib.decompress(some).decode().split("\n")

    def finish(self, table: Table, cells: Cells) -> None:
        """End the reading of a table. Raises DesireFault with everything that is wrong in it, in order."""
        self._keys.sort()
        self._asked = np.zeros(len(self._lines), np.bool_)
        if self._lines:
            self._find_repeated()
            self._find_shared()
        elif not table.faults:
            self.faults.append(Fault(None, None, "there is nobody in it: no row follows the names of the columns"))
        faults = [*table.faults, *cells.faults, *self.faults]
        if faults:
            raise DesireFault(self.source, in_order(faults))
        self.notices += [*table.notices, *cells.notices]

    def _find_repeated(self) -> None:
        """Make a fault of every email that is there already."""
        repeated = dict(self._keys.repeated())
        for row, email in enumerate(self._texts() if repeated else ()):
            if email and row in repeated:
                what = f"{email} is in line {self._lines[repeated[row]]} already"
                sentence = f"{what}; say all that is desired of a person in one row"
                self.faults.append(Fault(self._lines[row], self._column, sentence))

    def _find_shared(self) -> None:
        """Make a fault of every number that is given to two people, and of every extension at one location."""
        rows, numbers, extensions = map(np.asarray, (self._reaching, self._numbers, self._extensions))
        for at, before in _repeated(numbers, numbers > 0):
            self._shared(at, before, "number", str(number_of(self._numbers[at])))
        ids = {said.location_id: place for place, said in enumerate(self._known)}
        locations = np.array([ids[said.location_id] if said.location_id else 0 for said in self._known], np.int64)
        there = locations[np.asarray(self._said)[rows]]
        for at, before in _repeated(extensions + there * _EXTENSIONS, (extensions > 0) & (there > 0)):
            self._shared(at, before, "extension", f"{extension_of(self._extensions[at])} of the same location")

    def _shared(self, at: int, before: int, column: str, what: str) -> None:
        line, first = self._lines[self._reaching[at]], self._lines[self._reaching[before]]
        sentence = f"{column} {what} is given in line {first} already; give it to one person only"
        self.faults.append(Fault(line, column, sentence))


# More than any extension as a number.
_EXTENSIONS = 10**11


def _repeated(keys: NDArray[np.int64], counted: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The places whose key an earlier one has, among those that count, each with the first such place."""
    places = np.flatnonzero(counted)
    found = keys[places]
    # `unique` makes a table of hashes, which takes ten times as long.
    ordered = np.sort(found)
    if (ordered[1:] == ordered[:-1]).any():
        first: dict[int, int] = {}
        for place, key in zip(places.tolist(), found.tolist(), strict=True):
            if first.setdefault(key, place) != place:
                yield place, first[key]

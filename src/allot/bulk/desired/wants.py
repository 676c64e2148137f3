"""Wants: what is desired, by email, held so that a million people need some hundred megabytes."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allot.bulk.actual.snapshots import Person
from allot.bulk.desired.cells import EMAIL, EMAILS, Cells, extension_of, number_of
from allot.bulk.desired.desires import DesireFault, Fault, Want, in_order
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
        self._rows: dict[str, int] = {}
        self._lines = array("I")
        #: what rows say; the first is for none
        self._known: list[Said] = [Said()]
        self._said = array("I")
        self._numbers = array("q")
        self._extensions = array("q")
        self._asked = bytearray()

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
        first = len(self._lines)
        emails = [email.strip().lower() for email in emails]
        rows = list(map(self._rows.setdefault, emails, range(first, first + len(emails))))
        self._lines.extend(lines)
        self._said.extend(said)
        self._numbers.extend(numbers)
        self._extensions.extend(extensions)
        self._asked.extend(bytes(len(rows)))
        if rows != list(range(first, first + len(emails))) or not EMAILS.fullmatch("\n".join(emails)):
            for row, before in enumerate(rows, first):
                self._check(emails[row - first], row, before)

    def _check(self, email: str, row: int, before: int) -> None:
        line = self._lines[row]
        if not EMAIL.fullmatch(email):
            what = f"`{email}` is no email" if email else "there is no email in this row"
            self.faults.append(Fault(line, self._column, f"{what}; write one as ada@example.com"))
        elif row != before:
            what = f"{email} is in line {self._lines[before]} already; say all that is desired of a person in one row"
            self.faults.append(Fault(line, self._column, what))

    def of(self, person: Person) -> Want | None:
        """What is desired of a person."""
        row = self._rows.get(person.email)
        if row is None:
            return None
        self._asked[row] = 1
        said, number, extension = self._known[self._said[row]], self._numbers[row], self._extensions[row]
        have, properties = said.have, None
        if number or extension or said.location_id:
            properties = Properties(said.location_id, number_of(number), extension_of(extension))
            have = calling_of(self._calling, have, said.lack, person)
        return Want(self._lines[row], have, said.lack, properties, said.attend, said.leave)

    def missing(self) -> Iterator[tuple[int, str]]:
        """Line and email of everybody who was not asked about."""
        return ((self._lines[row], email) for email, row in self._rows.items() if not self._asked[row])

    def finish(self, table: Table, cells: Cells) -> None:
        """End the reading of a table. Raises DesireFault with everything that is wrong in it, in order."""
        if not self._lines and not table.faults and not self.faults:
            self.faults.append(Fault(None, None, "there is nobody in it: no row follows the names of the columns"))
        self._find_shared()
        faults = [*table.faults, *cells.faults, *self.faults]
        if faults:
            raise DesireFault(self.source, in_order(faults))
        self.notices += [*table.notices, *cells.notices]

    def _find_shared(self) -> None:
        """Make a fault of every number that is given to two people, and of every extension at one location."""
        numbers = np.frombuffer(self._numbers, np.int64)
        for row, before in _repeated(numbers, numbers > 0):
            self._shared(row, before, "number", str(number_of(self._numbers[row])))
        extensions = np.frombuffer(self._extensions, np.int64)
        ids = {said.location_id: place for place, said in enumerate(self._known)}
        locations = np.array([ids[said.location_id] if said.location_id else 0 for said in self._known], np.int64)
        at = locations[np.frombuffer(self._said, np.uint32)]
        for row, before in _repeated(extensions + at * _EXTENSIONS, (extensions > 0) & (at > 0)):
            self._shared(row, before, "extension", f"{extension_of(self._extensions[row])} of the same location")

    def _shared(self, row: int, before: int, column: str, what: str) -> None:
        sentence = f"{column} {what} is given in line {self._lines[before]} already; give it to one person only"
        self.faults.append(Fault(self._lines[row], column, sentence))


# More than any extension as a number.
_EXTENSIONS = 10**11


def _repeated(keys: NDArray[np.int64], counted: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The rows whose key an earlier row has, among those that count, each with the first such row."""
    rows = np.flatnonzero(counted)
    found = keys[rows]
    # `unique` makes a table of hashes, which takes ten times as long.
    ordered = np.sort(found)
    if (ordered[1:] == ordered[:-1]).any():
        first: dict[int, int] = {}
        for row, key in zip(rows.tolist(), found.tolist(), strict=True):
            if first.setdefault(key, row) != row:
                yield row, first[key]

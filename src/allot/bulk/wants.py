"""Wants: what is desired, by email, held so that a million people need some hundred megabytes."""

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from allot.bulk.cells import EMAIL, Cells
from allot.bulk.desires import DesireFault, Fault, Want, in_order
from allot.bulk.snapshots import Person
from allot.bulk.tables import Table
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
        self._said: list[Said] = []
        self._numbers: list[str | None] = []
        self._extensions: list[str | None] = []
        self._asked = bytearray()

    def add(self, line: int, email: str, said: Said, number: str | None = None, extension: str | None = None) -> None:
        """One row; `email` in lower case. One that is none, or that is there already, is a fault."""
        if not EMAIL.fullmatch(email):
            what = f"`{email}` is no email" if email else "there is no email in this row"
            self.faults.append(Fault(line, self._column, f"{what}; write one as ada@example.com"))
            return
        row = self._rows.setdefault(email, len(self._lines))
        if row != len(self._lines):
            what = f"{email} is in line {self._lines[row]} already; say all that is desired of a person in one row"
            self.faults.append(Fault(line, self._column, what))
            return
        self._lines.append(line)
        self._said.append(said)
        self._numbers.append(number)
        self._extensions.append(extension)
        self._asked.append(0)

    def of(self, person: Person) -> Want | None:
        """What is desired of a person."""
        row = self._rows.get(person.email)
        if row is None:
            return None
        self._asked[row] = 1
        said, number, extension = self._said[row], self._numbers[row], self._extensions[row]
        have, properties = said.have, None
        if number or extension or said.location_id:
            properties = Properties(said.location_id, number, extension)
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
        numbers = [number for number in self._numbers if number]
        if len(set(numbers)) < len(numbers):
            self._shared(self._numbers, "number")
        by_location: dict[str, list[str]] = {}
        for said, extension in zip(self._said, self._extensions, strict=True):
            if extension and said.location_id:
                by_location.setdefault(said.location_id, []).append(extension)
        for location_id, extensions in by_location.items():
            if len(set(extensions)) < len(extensions):
                here = [
                    extension if said.location_id == location_id else None
                    for said, extension in zip(self._said, self._extensions, strict=True)
                ]
                self._shared(here, "extension")

    def _shared(self, given: list[str | None], column: str) -> None:
        twice = {text for text, count in Counter(filter(None, given)).items() if count > 1}
        first: dict[str, int] = {}
        for row, text in enumerate(given):
            if text not in twice or text is None:
                continue
            before = first.setdefault(text, self._lines[row])
            if before != self._lines[row]:
                at = "" if column == "number" else " at the same location"
                what = f"{column} {text} is given in line {before} already{at}; give it to one person only"
                self.faults.append(Fault(self._lines[row], column, what))

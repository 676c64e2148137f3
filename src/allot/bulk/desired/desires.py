"""What is desired: for each person the licenses to have and not to have, whatever form it was written in.

The forms are files of their own: `hubs` (Control Hub's CSV), `lists` (a plain CSV), `bundles` (YAML), and the options
of the command line. Each ends in a `Desired`, which a plan asks person by person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from allot.bulk.actual.snapshots import Person
from allot.bulk.words import plain
from allot.core.holding import Properties

# Longer lists of faults are of one cause, and nobody reads them.
FAULTS_SHOWN = 100
#: what FALSE means in a file of Control Hub: nothing, or that the license is taken away
ADD, ADD_AND_REMOVE = "add", "add-and-remove"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read; None: as it shows by itself."""

    #: as Python calls it: utf-8, utf-16, latin-1, cp1252, …
    encoding: str | None = None
    #: what stands between two fields of a table
    delimiter: str | None = None
    #: `ADD` or `ADD_AND_REMOVE`, as in Control Hub
    mode: str = ADD
    #: names of the user's own for licenses
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with what was written: where, from 1, and what to do about it."""

    line: int | None
    #: a column of the line, as a number from 1 or as the name of a column of a table; or the name of an option
    column: int | str | None
    what: str


class DesireFault(Exception):
    """What is desired cannot be read. `faults` has everything that is wrong, in the order of the file.

    The text has the first ones, and how many there are.
    """

    def __init__(self, source: str, faults: list[Fault]) -> None:
        shown = [show(source, fault) for fault in faults[:FAULTS_SHOWN]]
        more = len(faults) - len(shown)
        super().__init__("\n".join(shown + ([f"and {more:,} more"] if more else [])))
        self.source = source
        self.faults = faults


class Want(msgspec.Struct, frozen=True, gc=False):
    """What one person shall have (bits: 1 << place in the list of licenses) and not have, and where it was said.

    What is in neither stays as it is.
    """

    line: int | None
    have: int
    lack: int
    #: for every calling license in `have`. Where `have` has none they are for nobody: the person has no calling, and
    #: is refused
    properties: Properties | None = None
    #: sites to be attendee of, and sites to be attendee of no longer
    attend: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()


class Desired(Protocol):
    """What is desired of an organization's people."""

    #: the name of the file, or what else it comes from
    source: str
    #: what was mended or left out while reading, for the user
    notices: list[Fault]

    def of(self, people: Sequence[Person]) -> Sequence[Want | None]:
        """What is desired of each of these people; None when nothing is."""
        ...

    def missing(self) -> Iterable[tuple[int | None, str]]:
        """The line and email of everybody who was named and never asked about: there is no such person."""
        ...


def in_order(faults: list[Fault]) -> list[Fault]:
    """Faults as they stand in the file, line by line."""
    return sorted(faults, key=lambda fault: (fault.line or 0, fault.column if isinstance(fault.column, int) else 0))


def show(source: str | Path, fault: Fault) -> str:
    """A fault as a sentence of one line."""
    where = [str(source)]
    if fault.line is not None:
        where.append(f"line {fault.line}")
    if fault.column is not None:
        where.append(f"column {fault.column}" if not str(fault.column).startswith("--") else str(fault.column))
    return plain(f"{', '.join(where)}: {fault.what}")

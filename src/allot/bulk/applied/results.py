"""Results: what became of everybody, as a table in the shape of the input."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from allot.bulk.applied.journals import Entry
from allot.bulk.desired.desires import DesireFault, Reading
from allot.bulk.desired.tables import Table
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.exports import cell
from allot.bulk.shown.wordings import Names

#: what is added to the columns of the input
COLUMNS = ("outcome", "reason", "tracking id")
#: outcomes beside those of a journal: nothing was to be done; the plan refuses; sending ended before, also by a kill
UNCHANGED, NOT_PLANNED, NOT_KNOWN = "unchanged", "not planned", "not known"


class Result(NamedTuple):
    """What became of one person."""

    outcome: str = UNCHANGED
    reason: str = ""
    tracking_id: str = ""


def check(path: Path) -> None:
    """See beforehand that a table can be written. Raises OSError where it cannot be."""
    there = path.exists()
    path.open("ab").close()
    if not there:
        path.unlink()


def write(plan: Plan, entries: Mapping[int, Entry], path: Path, source: Path | None) -> int:
    """Write the table, in UTF-8 with commas; how many rows of people it has.

    With the input's columns and rows in their order where the input is a table that can be read again and has them all,
    else a row for each person whom the plan changes or refuses.
    """
    found = dict(_results(plan, entries))
    table = _table(source, found)
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow((*(table.names if table is not None else ("email",)), *COLUMNS))
        for row in _rows(table, found):
            out.writerow(row)
            rows += 1
    return rows


def _rows(table: Table | None, found: dict[str, Result]) -> Iterator[list[str]]:
    if table is None:
        for email, result in found.items():
            yield [cell(email), *map(cell, result)]
        return
    for _, row in table.rows():
        result = found.get(row[table.email].strip().lower(), Result())
        yield [*row, *map(cell, result)]


def _table(source: Path | None, people: Iterable[str]) -> Table | None:
    """The input, when it is a table that can be read as it shows by itself, to its end, and has all these people.

    One that lacks any was read otherwise for the plan, or is another one of that name.
    """
    if source is None or source.suffix.lower() != ".csv":
        return None
    left = set(people)
    try:
        table = Table(source, Reading())
        for _, row in table.rows():
            left.discard(row[table.email].strip().lower())
    except (DesireFault, OSError):
        return None
    return None if left or table.faults else table


def _results(plan: Plan, entries: Mapping[int, Entry]) -> Iterator[tuple[str, Result]]:
    for changes in plan.changes():
        for change in changes:
            entry = entries.get(change.number)
            if entry is None:
                yield change.email, Result(NOT_KNOWN, "the journal has no line of it; apply again")
            else:
                yield change.email, Result(entry.outcome, entry.what, entry.tracking_id)
    names = Names(plan.head.licenses)
    for refusals in plan.refusals():
        for refusal in refusals:
            yield refusal.email, Result(NOT_PLANNED, "; ".join(names.sentence(each.what) for each in refusal.reasons))

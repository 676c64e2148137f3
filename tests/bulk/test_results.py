"""Tables of what became of everybody, for an input that is there, was read otherwise, or is another one."""

import csv
from pathlib import Path

import pytest

from allot.bulk.applied import results
from allot.bulk.applied.journals import REFUSED, Entry
from bulk.planning import ADVANCED, MESSAGING, make_plan, person, want, write_snapshot

PEOPLE = [f"person{number}@example.com" for number in range(1, 301)]
COLUMNS = ["outcome", "reason", "tracking id"]


def written(folder: Path, source: bytes) -> list[list[str]]:
    """The table for a plan of three hundred people, by an input that is these bytes."""
    snapshot = write_snapshot(folder / "acme.snapshot", [person(number, MESSAGING) for number in range(1, 301)])
    plan = make_plan(snapshot, dict.fromkeys(PEOPLE, want(ADVANCED)), folder / "acme.plan")
    (folder / "wants.csv").write_bytes(source)
    entries = {number: Entry(number, REFUSED, "no units") for number in range(1, 301)}
    count = results.write(plan, entries, folder / "applied.csv", folder / "wants.csv")
    with (folder / "applied.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == count + 1
    return rows


def test_the_input_is_told_row_by_row(tmp_path: Path):
    """A table that has everybody of the plan keeps its columns and its other rows."""
    lines = ["Name,Email", *(f"Ann,{each.upper()}" for each in PEOPLE), "Bob,somebody@example.com"]
    rows = written(tmp_path, "\n".join(lines).encode())
    assert rows[0] == ["Name", "Email", *COLUMNS]
    assert {tuple(row[2:]) for row in rows[1:301]} == {("refused", "no units", "")}
    assert rows[301:] == [["Bob", "somebody@example.com", "unchanged", "", ""]]


@pytest.mark.parametrize(
    "lines",
    [
        ["email,name", *(f"{each},Ann of Marketing" for each in PEOPLE[:-1]), f"{PEOPLE[-1]},J\u00fcrgen"],
        ["email,name", *(f"{each},Ann" for each in PEOPLE[1:])],
        ["email,name", "somebody@example.com,Ann"],
    ],
    ids=["of another encoding", "that lacks somebody", "of other people"],
)
def test_nobody_is_lost_by_a_table_that_is_not_the_input_as_it_was_read(tmp_path: Path, lines: list[str]):
    """By one of another encoding, or of other people, there is a row for each person whom the plan speaks of."""
    rows = written(tmp_path, "\n".join(lines).encode("cp1252"))
    assert rows[0] == ["email", *COLUMNS]
    assert rows[1:] == [[each, "refused", "no units", ""] for each in PEOPLE]

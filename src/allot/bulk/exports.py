"""A plan for other programs: one JSON document, or a table with a row for each person."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from allot.bulk.changes import Change, Refusal
from allot.bulk.plans import Plan
from allot.bulk.wordings import LOST, Names, calling, steps

COLUMNS = ("email", "line", "outcome", "adds", "removes", "calling", "steps", "reasons")
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def write_json(plan: Plan, out: IO[bytes]) -> None:
    """The whole plan as one document: its head, `digest` and `summary`, then `changes` and `refusals`, as in the file.

    Records are passed on as they stand, some thousands at a time.
    """
    encoder = msgspec.json.Encoder()
    head = {"digest": plan.digest} | msgspec.to_builtins(plan.head) | {"summary": msgspec.to_builtins(plan.summary)}
    out.write(encoder.encode(head)[:-1])
    for name in ("changes", "refusals"):
        out.write(b',"' + name.encode() + b'":[')
        first = True
        for block in plan.file.blocks(name, msgspec.Raw):
            if block:
                out.write((b"\n" if first else b",\n") + b",\n".join(block))
                first = False
        out.write(b"]")
    out.write(b"}\n")


def write_csv(plan: Plan, path: Path) -> None:
    """A table with a row for each person who is changed or refused, in UTF-8; see COLUMNS.

    `outcome` is what is predicted: applied or refused. Several licenses are parted by semicolons. No cell is a
    formula to a spreadsheet: see `cell`.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        names = Names(plan.head.licenses)
        table.writerows([cell(each) for each in row] for row in _rows(plan, names))


def _rows(plan: Plan, names: Names) -> Iterator[tuple[str, ...]]:
    for changes in plan.changes():
        for change in changes:
            yield _changed(plan, names, change)
    for refusals in plan.refusals():
        for refusal in refusals:
            yield _refused(names, refusal)


def _changed(plan: Plan, names: Names, change: Change) -> tuple[str, ...]:
    parts = steps(names, change)
    adds, removes = ("; ".join(part.what for step in parts for part in step if part.sign == sign) for sign in "+-")
    reasons = "; ".join(dict.fromkeys(f"{part.what}: {part.note}" for step in parts for part in step if part.note))
    if change.irreversible:
        reasons = "; ".join(each for each in (f"cannot be undone: {LOST}", reasons) if each)
    line = "" if change.line is None else str(change.line)
    return change.email, line, "applied", adds, removes, calling(plan.head, change), str(len(parts)), reasons


def _refused(names: Names, refusal: Refusal) -> tuple[str, ...]:
    line = "" if refusal.line is None else str(refusal.line)
    reasons = "; ".join(f"{each.rule}: {names.sentence(each.what)}" for each in refusal.reasons)
    return refusal.email, line, "refused", "", "", "", "0", reasons


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that begins as a formula does gets a `'` before it."""
    return f"'{text}" if text.startswith(_RISKY) else text

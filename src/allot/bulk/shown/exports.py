"""Plans and usages for other programs: JSON documents, and tables that no spreadsheet takes for formulas."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.planned.changes import Change, Refusal
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.usages import ACTIVITIES, Usage
from allot.bulk.shown.wordings import LOST, Names, calling, steps

COLUMNS = ("email", "line", "outcome", "adds", "removes", "calling", "steps", "reasons")
#: the columns of the table of licenses; people by their last activity, and the units that idle ones would give back
USAGE = ("license", "subscription", "units", "used", "free", *ACTIVITIES, "reclaimable")
#: the columns of the table of those who are idle
IDLE = ("email", "remove")
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


def write_usage_json(usage: Usage, out: IO[bytes]) -> None:
    """A usage as one document: `people` by last activity, `licenses`, `subscriptions`, and everybody who is `idle`."""
    encoder = msgspec.json.Encoder()
    head = usage.snapshot.head
    told = {
        "snapshot": usage.snapshot.digest,
        "orgId": head.org_id,
        "orgName": head.org_name,
        "read": head.begun,
        "inactiveDays": usage.days,
        "people": {state: usage.people[state] for state in ACTIVITIES},
        "unread": usage.unread,
        "licenses": [msgspec.to_builtins(each) | {"free": each.free, "reclaimable": each.idle} for each in usage.uses],
        "subscriptions": usage.totals(),
    }
    out.write(encoder.encode(told)[:-1] + b',"idle":[')
    for place, each in enumerate(usage.idle()):
        out.write((b"\n" if place == 0 else b",\n") + encoder.encode(each._asdict()))
    out.write(b"]}\n")


def write_usage(usage: Usage, path: Path) -> None:
    """A table with a row for each license, in UTF-8; see USAGE."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(USAGE)
        for each in usage.uses:
            held = [each.holders[state] for state in ACTIVITIES]
            units = ["" if number is None else number for number in (each.total, each.used, each.free)]
            table.writerow([cell(each.name), cell(each.subscription), *units, *held, each.idle])


def write_idle(usage: Usage, names: Catalogue, path: Path) -> None:
    """A table that `allot plan` reads: whom to take which licenses from, because they do not use them; in UTF-8.

    An email that a spreadsheet would take for a formula has a `'` before it; `allot plan` then says that there is no
    such person, and it must be written by hand.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(IDLE)
        for each in usage.idle():
            table.writerow((cell(each.email), cell("; ".join(names.name(place) for place in each.licenses))))


def _rows(plan: Plan, names: Names) -> Iterator[tuple[str, ...]]:
    known: dict[object, tuple[str, str, str]] = {}
    for changes in plan.changes():
        for change in changes:
            # Many people get the same, and most of the time would go into saying it again.
            key = (*((*each.remove, "", *each.add, *each.leave, "", *each.attend) for each in change.requests),)
            alike = (key, *change.unasked)
            said = known.get(alike)
            if said is None:
                said = known[alike] = _said(names, change)
            yield _changed(plan, change, said)
    for refusals in plan.refusals():
        for refusal in refusals:
            yield _refused(names, refusal)


def _said(names: Names, change: Change) -> tuple[str, str, str]:
    """What the requests of a change add and remove, and what is to be noted of that."""
    parts = [part for step in steps(names, change) for part in step]
    adds, removes = ("; ".join(part.what for part in parts if part.sign == sign) for sign in "+-")
    return adds, removes, "; ".join(dict.fromkeys(f"{part.what}: {part.note}" for part in parts if part.note))


def _changed(plan: Plan, change: Change, said: tuple[str, str, str]) -> tuple[str, ...]:
    adds, removes, reasons = said
    if change.irreversible:
        reasons = "; ".join(each for each in (f"cannot be undone: {LOST}", reasons) if each)
    line = "" if change.line is None else str(change.line)
    moved = calling(plan.head, change)
    return change.email, line, "applied", adds, removes, moved, str(len(change.requests)), reasons


def _refused(names: Names, refusal: Refusal) -> tuple[str, ...]:
    line = "" if refusal.line is None else str(refusal.line)
    reasons = "; ".join(f"{each.rule}: {names.sentence(each.what)}" for each in refusal.reasons)
    return refusal.email, line, "refused", "", "", "", "0", reasons


def cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that begins as a formula does gets a `'` before it."""
    return f"'{text}" if text.startswith(_RISKY) else text

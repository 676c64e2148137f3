"""Billing for tests: a ledger that is written straight, and reports that are made turn by turn."""

import csv
from typing import Any

from allot.cli.demo import PARTNER
from allot.core.call import Call, Caller
from allot.core.report import RECONCILIATION, Report
from allot.engine.reports import Maker
from allot.service import downloads, reports
from allot.service.service import Service
from allot.store import usage
from allot.store.usage import Use

PERSON = "00000000-0000-4000-8000-00000000aaaa"
#: customer, subscriber, package, first day, day after the last
LEDGER = (
    ("c-1", "s-1", "webex_calling", "2026-01-01", "2026-01-11"),
    ("c-1", "s-1", "webex_suite", "2026-01-11", None),
    ("c-1", "s-2", "webex_calling", "2026-01-30", None),
    ("c-2", "s-3", "webex_calling", "2025-12-01", "2026-02-01"),
)
#: what the ledger says of January 2026
JANUARY = ("2026-01-01", "2026-01-31")
BY_PARTNER = {("webex_calling",): (3, 10 + 2 + 31), ("webex_suite",): (1, 21)}
BY_CUSTOMER = {("c-1", "webex_calling"): (2, 12), ("c-1", "webex_suite"): (1, 21), ("c-2", "webex_calling"): (1, 31)}


async def fill(service: Service, org_id: str = PARTNER, ledger: Any = LEDGER) -> None:
    """Write a ledger."""
    uses = [Use(org_id, *row[:4], f"name of {row[0]}", f"{row[1]}@example.com") for row in ledger]
    async with service.database.writing() as writing:
        await usage.open(writing, uses)
        await usage.close(writing, [(org_id, *row[:3], row[4]) for row in ledger if row[4]])


async def order(service: Service, type: str = "PARTNER", days: tuple[str, str] = JANUARY, **asked: Any) -> Report:
    """Accept a report of the demo's partner, as a request does."""
    call = Call(Caller(PARTNER, PERSON, "", frozenset(), frozenset()), "track_report")
    wanted = {"subject_id": PARTNER, "category": RECONCILIATION, "internal": False} | asked
    request = reports.Request(call, PARTNER, type=type, start=days[0], end=days[1], **wanted)
    async with service.database.writing() as writing:
        [answer] = await reports.create(writing, service.context, [request])
    assert isinstance(answer, Report), answer
    return answer


async def make(service: Service) -> int:
    """Work at reports until none is due; in how many turns."""
    maker, turns = Maker(service), 0
    while await maker.turn():
        turns += 1
    return turns


async def found(service: Service, report: Report) -> Report:
    """A report as it is now."""
    async with service.database.reading() as reading:
        return await reports.find(reading, report.org_id, report.id)


async def text(service: Service, report: Report) -> str:
    """The file of a completed report."""
    report = await found(service, report)
    parts = [part async for part in downloads.text(service.database, report)]
    assert sum(map(len, parts)) == report.size
    assert len(parts) == report.pieces
    return b"".join(parts).decode()


def lines(text: str) -> list[dict[str, str]]:
    """The lines of a file."""
    return list(csv.DictReader(text.splitlines()))

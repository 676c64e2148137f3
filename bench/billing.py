"""How long does a billing report over 1,000,000 usage rows take, and how much memory?

A partner's ledger with 1,000 customers is written straight into an SQLite database. Each report is made by the maker of
the service in a process of its own, claimed, fenced and written durably as always; beside it the same rows are read
by one plain SELECT. A report over half of the rows shows that memory does not grow with them: what it takes is the
database's two page caches of 64 MiB.
"""

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from allot.cli.databases import migrate, open_database
from allot.core.report import COMPLETED, CUSTOMER, PARTNER, RECONCILIATION, USER, Report
from allot.core.rulebook import Rulebook, load
from allot.engine.reports import Maker
from allot.service.clock import SettableClock
from allot.service.service import Service
from allot.service.settings import Settings
from allot.store import reports
from bench import rounds
from bench.options import Options
from bench.report import Report as Table
from bench.servers import ROOT

ROWS = 1_000_000
CUSTOMERS = 1_000
TARGET_SECONDS = 10
TARGET_GROWTH_MEBIBYTES = 8
# How often it is looked whether the loop turns.
TICK_SECONDS = 0.001
#: rows in one transaction
PIECE = 50_000
PARTNER_ID = "00000000-0000-4000-8000-000000000001"
PACKAGES = ("webex_calling", "webex_meetings", "webex_suite", "webex_voice")
CREATED = "2026-07-01T00:00:00.000Z"

_ORGANIZATION = "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, 'Benchmark', $2)"
_PARTNER = """
INSERT INTO partners (org_id, subscription_id, state, created, billing_start) VALUES ($1, 'bench', 'active', $2, $2)
"""
_USE = """
INSERT INTO usage (org_id, customer_id, subscriber_id, package, from_day, until_day, external_id, email)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_ALL = "SELECT customer_id, subscriber_id, package, from_day, until_day, external_id, email FROM usage"


@dataclass(frozen=True)
class Run:
    """One process: how long it took, by how much its peak of memory grew, and the longest hold-up of its loop."""

    seconds: float
    mebibytes: float
    stall_ms: float


def measure(options: Options) -> Table:
    """Rounds of every type over all rows, and of one type over half of them."""
    table = Table("billing", f"how long does a billing report over {ROWS:,} usage rows take, and how much memory?")
    with rounds.folder(options) as folder:
        whole, half = build(folder / "whole.db", ROWS), build(folder / "half.db", ROWS // 2)
        runs: dict[str, list[Run]] = {}
        for _ in range(options.rounds):
            for type in (PARTNER, CUSTOMER, USER):
                runs.setdefault(type, []).append(apart(make, whole, type))
            runs.setdefault("half", []).append(apart(make, half, USER))
            runs.setdefault("select", []).append(apart(select, whole, ""))
    table.raw = {name: [asdict(run) for run in found] for name, found in runs.items()}
    for type in (PARTNER, CUSTOMER, USER):
        tell(table, type, runs[type], runs["select"])
    growth = [more.mebibytes - less.mebibytes for more, less in zip(runs[USER], runs["half"], strict=True)]
    table.most("memory more, with twice the rows", statistics.median(growth), "MiB", TARGET_GROWTH_MEBIBYTES)
    return table


def tell(table: Table, type: str, made: list[Run], selected: list[Run]) -> None:
    """The lines about one type."""
    table.most(f"{type} report", statistics.median(run.seconds for run in made), "s", TARGET_SECONDS)
    ratios = [one.seconds / other.seconds for one, other in zip(made, selected, strict=True)]
    table.tell(f"{type}, in times of a plain SELECT", statistics.median(ratios), "")
    table.tell(f"{type}, memory that it took", statistics.median(run.mebibytes for run in made), "MiB")
    table.tell(f"{type}, the loop was held up for", max(run.stall_ms for run in made), "ms")


def apart(work: Callable[[Path, str], Run], path: Path, type: str) -> Run:
    """What a function tells, run in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (path, type))


def make(path: Path, type: str) -> Run:
    """Have one report made over everything, then cleared away."""

    async def run() -> Run:
        service = Service(await open_database(f"sqlite:///{path}"), rulebook(), SettableClock(), Settings())
        try:
            return await _make(service, type)
        finally:
            await service.database.close()

    return asyncio.run(run())


async def _make(service: Service, type: str) -> Run:
    maker = Maker(service)
    report = Report(
        PARTNER_ID, type, "2026-06-01", "2026-06-30", type, RECONCILIATION, PARTNER_ID, False, CREATED, "", ""
    )
    async with service.database.writing() as writing:
        await reports.insert(writing, [report])
    run = await watched(maker.turn())
    async with service.database.reading() as reading:
        found = await reports.find(reading, PARTNER_ID, type)
    assert found is not None
    assert found.status == COMPLETED, found
    async with service.database.writing() as writing:
        await reports.bury(writing, [(PARTNER_ID, type)], CREATED)
    while await maker.turn():
        pass
    return run


def select(path: Path, _: str) -> Run:
    """Read the same columns of the same rows with one statement."""

    async def run() -> Run:
        database = await open_database(f"sqlite:///{path}")
        async with database.reading() as reading:
            found = await watched(reading.rows(_ALL))
        await database.close()
        return found

    return asyncio.run(run())


async def watched(work: Awaitable[object]) -> Run:
    """How long something took, what it added to the most memory this process had, and how long the loop stood."""
    worst = 0.0

    async def tick() -> None:
        nonlocal worst
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            worst = max(worst, time.perf_counter() - began - TICK_SECONDS)

    before, began = peak(), time.perf_counter()
    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    await work
    seconds = time.perf_counter() - began
    ticking.cancel()
    return Run(seconds, peak() - before, worst * 1000)


def peak() -> float:
    """The most memory that this process ever had, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def rulebook() -> Rulebook:
    """Webex's own."""
    return load((ROOT / "src/allot/rulebooks/webex.toml").read_text())


def build(path: Path, count: int) -> Path:
    """A database with a partner whose ledger has so many rows."""
    migrate(f"sqlite:///{path}")
    asyncio.run(_build(f"sqlite:///{path}", count))
    return path


async def _build(url: str, count: int) -> None:
    database = await open_database(url)
    async with database.writing() as writing:
        await writing.run(_ORGANIZATION, PARTNER_ID, CREATED)
        await writing.run(_PARTNER, PARTNER_ID, CREATED)
    rows = ledger(count)
    while some := list(islice(rows, PIECE)):
        async with database.writing() as writing:
            await writing.many(_USE, some)
    await database.close()


def ledger(count: int) -> Iterator[tuple[str | None, ...]]:
    """Rows in the order of their key: most go on, some have ended, some began again."""
    for number in range(count):
        customer, subscriber = number // (count // CUSTOMERS), number // len(PACKAGES)
        package = PACKAGES[number % len(PACKAGES)]
        begins, ends = f"2026-{1 + number % 6:02d}-{1 + number % 28:02d}", f"2026-{7 + number % 3:02d}-01"
        yield (
            *(PARTNER_ID, f"00000000-0000-4000-8000-{customer:012d}", f"00000000-0000-4000-9000-{subscriber:012d}"),
            *(package, begins, ends if number % 3 == 0 else None),
            *(f"customer-{customer:06d}", f"person{subscriber:07d}@example.com"),
        )

"""How long does a search for people take, as somebody types, and how long does it hold up others?

An organization of 100,000 people, and one of 1,000,000, are searched by the service itself, on both databases: by what
many have and by what nobody has, with and without filters. A search is made of statements, between which others have
their turn: on SQLite the longest of them is how long everybody else waits. There all of it runs on one thread, whose
processor time counts; on PostgreSQL it is the time that goes by. The figure of a kind of search is the median of its
turns.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from allot.cli.databases import open_database
from allot.core import ids
from allot.core.rulebook import load
from allot.service import searches
from allot.service.clock import SystemClock
from allot.service.context import Context
from allot.service.searches import Look
from allot.store.database import Database, Reading, Row
from bench import postgres, rounds
from bench.crowd import TOGGLED, build, owned
from bench.options import Options
from bench.report import Report
from bench.servers import ROOT

SIZES = (100_000, 1_000_000)
PAGE = 50
#: times that each search is made in one round
TURNS = 3
#: one in so many holds the license that few hold
RARE = 500
#: milliseconds, with the first of the sizes
LONGEST_STATEMENT, LONGEST_ANSWER = 5.0, 100.0

#: seconds since some moment
Clock = Callable[[], float]

_GIVE = "INSERT INTO holdings (org_id, person_id, license) VALUES ($1, $2, $3)"
_COUNT = "UPDATE licenses SET consumed_by_users = $3 WHERE org_id = $1 AND license = $2"


@dataclass
class Watched:
    """A reading that keeps the milliseconds of its longest statement."""

    reading: Reading
    clock: Clock
    longest: float = 0.0

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        began = self.clock()
        found = await self.reading.rows(sql, *parameters)
        self.longest = max(self.longest, (self.clock() - began) * 1000)
        return found

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        began = self.clock()
        found = await self.reading.each(sql, sets)
        self.longest = max(self.longest, (self.clock() - began) * 1000)
        return found


@dataclass
class Times:
    """Milliseconds of one kind of search, turn by turn."""

    answers: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)


def measure(options: Options) -> Report:
    """Both databases, both sizes."""
    report = Report("people", "how long does a search for people take, as somebody types?")
    for size in SIZES:
        with rounds.folder(options) as folder, ExitStack() as stack:
            urls = {
                "SQLite": f"sqlite:///{folder}/allot.db",
                "PostgreSQL": stack.enter_context(postgres.database(options, folder)),
            }
            for name, url in urls.items():
                times = asyncio.run(searched(url, size, options))
                report.raw[f"{name}, {size}"] = {what: vars(found) for what, found in times.items()}
                tell(report, f"{name}, {size:,} people", times, asked=size == SIZES[0])
    return report


def tell(report: Report, name: str, times: dict[str, Times], *, asked: bool) -> None:
    """The lines about one database of one size."""
    answers = {what: statistics.median(found.answers) for what, found in times.items()}
    statement = max(statistics.median(found.statements) for found in times.values())
    if asked:
        report.most(f"{name}: the longest statement", statement, "ms", LONGEST_STATEMENT)
        report.most(f"{name}: the longest answer", max(answers.values()), "ms", LONGEST_ANSWER)
    else:
        report.tell(f"{name}: the longest statement", statement, "ms")
        report.tell(f"{name}: the longest answer", max(answers.values()), "ms")
    for what, milliseconds in answers.items():
        report.tell(f"{name}: {what}", milliseconds, "ms")


async def searched(url: str, size: int, options: Options) -> dict[str, Times]:
    """What each kind of search took."""
    org_id = ids.decode("ORGANIZATION", (await asyncio.to_thread(build, url, size, seed=size))[0].org_id) or ""
    rulebook = load((ROOT / "src/allot/rulebooks/webex.toml").read_text())
    context = Context(rulebook, SystemClock())
    database = await open_database(url)
    try:
        rare = await give(database, org_id)
        times: dict[str, Times] = {}
        for _ in range(options.rounds):
            for what, members in kinds(size, rare).items():
                found = times.setdefault(what, Times())
                for _ in range(TURNS):
                    await turn(database, context, Look(org_id, PAGE, **members), found)
        return times
    finally:
        await database.close()


async def turn(database: Database, context: Context, look: Look, times: Times) -> None:
    """One search."""
    async with database.reading() as reading:
        clock = time.thread_time if database.writers == 1 else time.perf_counter
        watched = Watched(reading, clock)
        began = clock()
        await searches.look(watched, context, look)
        times.answers.append((clock() - began) * 1000)
        times.statements.append(watched.longest)


def kinds(size: int, rare: int) -> dict[str, dict[str, Any]]:
    """The kinds of searches."""
    common = next(number for number, (code, _) in enumerate(owned()) if code != TOGGLED)
    return {
        "everybody": {},
        "the beginning of names": {"text": f"Person {size - 1:07}"[:-2]},
        "a word of one name": {"text": f"{size - 1:07}"},
        "a part of every email": {"text": "example.com"},
        "nobody's name or email": {"text": "nobody"},
        "nobody's number": {"text": "+1 999"},
        "people of another organization": {"external": True},
        "people of a location": {"location_id": "nowhere"},
        "holders of a license that all have": {"license": common},
        "none of them by text": {"license": common, "text": "nobody"},
        "holders of a license that few have": {"license": rare},
        "none of those by text": {"license": rare, "text": "nobody"},
    }


async def give(database: Database, org_id: str) -> int:
    """Give a license that nobody has to a few, all over the organization; its number."""
    number = next(number for number, (code, _) in enumerate(owned()) if code == TOGGLED)
    async with database.writing() as writing:
        people = [id for (id,) in await writing.rows("SELECT person_id FROM people WHERE org_id = $1", org_id)]
        few = sorted(people)[::RARE]
        await writing.many(_GIVE, [(org_id, id, number) for id in few])
        await writing.run(_COUNT, org_id, number, len(few))
        await writing.survey()
    return number

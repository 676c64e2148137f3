"""The usage ledger: intervals that say what a ledger with a row for every day would say."""

import asyncio
import csv
from datetime import date, timedelta
from random import Random

from allot.cli.databases import open_database
from allot.core import ids
from allot.core.report import USER, Bill, Report
from allot.store import usage
from allot.store.database import Database, Writing
from allot.store.usage import Use

ORG, OTHER = "org-1", "org-2"
FIRST = date(2026, 3, 1)
DAYS = 12
HISTORIES = 25

Key = tuple[str, str, str]
KEYS = [(c, f"{c}-{s}", p) for c in ("a", "b") for s in ("x", "y") for p in ("webex_calling", "webex_suite")]


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


class History:
    """A partner's subscribers over some days, in the ledger and, beside it, as one row for each day."""

    def __init__(self, org_id: str, seed: int) -> None:
        self.org_id = org_id
        self._random = Random(seed)
        self._held: set[Key] = set()
        self.rows: set[tuple[Key, str]] = set()

    async def live(self, database: Database) -> None:
        for number in range(DAYS):
            for _ in range(self._random.randrange(4)):
                async with database.writing() as writing:
                    await self._change(writing, day(number))
            # The row of a day is written at its end.
            self.rows |= {(key, day(number)) for key in self._held}

    async def _change(self, writing: Writing, today: str) -> None:
        some = set(self._random.sample(KEYS, self._random.randrange(1, 4)))
        kind = self._random.choice(("give", "give", "take", "end"))
        if kind == "end":
            customer = self._random.choice("ab")
            await usage.close_customer(writing, self.org_id, customer, today)
            self._held -= {key for key in self._held if key[0] == customer}
        elif kind == "take":
            await usage.close(writing, [(self.org_id, *key, today) for key in some & self._held])
            self._held -= some
        else:
            # What is there already may be given again: it goes on.
            await usage.open(writing, [Use(self.org_id, *key, today, "external", "x@x.example") for key in some])
            self._held |= some

    async def counted(self, database: Database, start: str, end: str, size: int) -> dict[tuple[str | None, ...], int]:
        """The subscriber-days of a report of users, read in slices."""
        bill = Bill(Report(self.org_id, "", start, end, USER, "RECONCILIATION", self.org_id, False, "", "", ""))
        lines: list[str] = []
        place, more = usage.BEGINNING, True
        while more:
            async with database.reading() as reading:
                found = await usage.after(reading, self.org_id, place, size)
            lines += bill.add(found)
            more = len(found) == size
            place = found[-1][:4] if found else place
        found = {}
        for line in csv.DictReader([bill.header, *lines, *bill.end()]):
            who = (ids.decode("ENTERPRISE", line["customerId"]), ids.decode("SUBSCRIBER", line["subscriberId"]))
            found[*who, line["package"]] = int(line["subscriberDays"])
        return found

    def expected(self, start: str, end: str) -> dict[Key, int]:
        found: dict[Key, int] = {}
        for key, at in self.rows:
            if start <= at <= end:
                found[key] = found.get(key, 0) + 1
        return found


def test_intervals_count_as_a_row_a_day_would(database_url: str):
    """Whatever is given, taken and given again on whatever days, every period counts as with one row for each day."""

    async def run() -> None:
        database = await open_database(database_url)
        try:
            for seed in range(HISTORIES):
                # Two partners of the same customer ids: neither counts what is the other's.
                histories = [History(f"{org_id}-{seed}", seed * 2 + n) for n, org_id in enumerate((ORG, OTHER))]
                for history in histories:
                    await history.live(database)
                for history in histories:
                    await compare(database, history, seed)
        finally:
            await database.close()

    asyncio.run(run())


async def compare(database: Database, history: History, seed: int) -> None:
    for first, last in ((0, DAYS - 1), (3, 7), (5, 5)):
        counted = await history.counted(database, day(first), day(last), 1 + seed % 5)
        assert counted == history.expected(day(first), day(last)), (seed, first)


def test_nobody_has_a_package_twice_at_once(database_url: str):
    """What is opened while it is open stays one interval, whichever day it is."""

    async def run() -> list[tuple[str, str | None]]:
        database = await open_database(database_url)
        try:
            for number in (0, 0, 3):
                async with database.writing() as writing:
                    await usage.open(writing, [Use(ORG, *KEYS[0], day(number), "external", "x@x.example")])
            async with database.reading() as reading:
                return [row[3:5] for row in await usage.after(reading, ORG, usage.BEGINNING, 10)]
        finally:
            await database.close()

    assert asyncio.run(run()) == [(day(0), None)]

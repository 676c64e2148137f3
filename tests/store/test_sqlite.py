"""SQLite: one connection writes, and nobody waits for it in vain."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from allot.store import sqlite
from allot.store.database import StoreError
from allot.store.sqlite import Sqlite

INSERT = "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, $2, '')"
LONG = "x" * 1_000_000
COUNT = "SELECT COUNT(*) FROM organizations"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Sqlite]:
    database = Sqlite(Path(url.removeprefix("sqlite:///")))
    try:
        yield database
    finally:
        await database.close()


async def insert(database: Sqlite, id: str, name: str = "") -> None:
    async with database.writing() as writing:
        await writing.run(INSERT, id, name)


def test_a_commit_that_began_ends_before_its_task_is_cancelled(sqlite_url: str):
    """A task that is cancelled while it commits is cancelled after that: the next one finds the connection free."""

    async def run() -> None:
        async with opened(sqlite_url) as database:
            for n in range(50):
                task = asyncio.create_task(insert(database, str(n), LONG))
                await asyncio.sleep(0)  # it is up to its commit now, which takes longer than three turns of the loop
                for _ in range(3):
                    task.cancel()
                    await asyncio.sleep(0)
                with pytest.raises(asyncio.CancelledError):
                    await task
                async with database.reading() as reading:
                    assert await reading.rows(COUNT) == [(n + 1,)]

    asyncio.run(run())


def test_a_task_that_is_cancelled_before_its_commit_changes_nothing(sqlite_url: str):
    """A transaction whose block is left by a cancellation is rolled back, and the next one begins."""

    async def stay(database: Sqlite) -> None:
        async with database.writing() as writing:
            await writing.run(INSERT, "gone", "")
            await asyncio.sleep(60)

    async def run() -> None:
        async with opened(sqlite_url) as database:
            task = asyncio.create_task(stay(database))
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await insert(database, "there")
            async with database.reading() as reading:
                assert await reading.rows("SELECT org_id FROM organizations") == [("there",)]

    asyncio.run(run())


def test_the_loop_goes_on_while_another_process_writes(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """Waiting for another process's transaction holds nothing else up, and ends when that does."""
    # So long that a pause of the machine is none of it: whoever is held up is held up for all of it.
    monkeypatch.setattr(sqlite, "_PRAGMAS", sqlite._PRAGMAS.replace(f"{sqlite.BUSY_SECONDS * 1000:.0f}", "20000"))
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 20.0)

    async def run() -> None:
        async with opened(sqlite_url) as database:
            other = apsw.Connection(sqlite_url.removeprefix("sqlite:///"))
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(insert(database, "mine"))
            longest = 0.0
            for _ in range(20):
                before = time.monotonic()
                await asyncio.sleep(0.005)
                async with database.reading() as reading:
                    assert await reading.rows(COUNT) == [(0,)]
                longest = max(longest, time.monotonic() - before)
            assert not task.done()
            other.execute("COMMIT")
            other.close()
            await task
            assert longest < sqlite.BUSY_SECONDS / 2

    asyncio.run(run())


def test_another_process_that_hangs_is_not_waited_for_forever(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """When another process keeps the database for too long, a transaction cannot begin; later ones can."""
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)

    async def run() -> None:
        async with opened(sqlite_url) as database:
            other = apsw.Connection(sqlite_url.removeprefix("sqlite:///"))
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked"):
                await insert(database, "mine")
            other.execute("COMMIT")
            other.close()
            await insert(database, "mine")

    asyncio.run(run())

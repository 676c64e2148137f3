"""PostgreSQL: statements that travel together, and what is said to the server about those who do not answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import psycopg
import pytest
from psycopg.pq.abc import PGresult

from allot.cli.databases import migrate
from allot.core.call import Call, Caller
from allot.service import licenses
from allot.service.licenses import Asked, Assigned, Assignment
from allot.service.service import Service
from allot.store.database import ConflictError, StoreError, UncertainError, Writing
from allot.store.pipelines import PREPARED_MAX, Connection, Statement
from allot.store.postgres import Postgres
from databases import standby
from organizations import add_license, add_organization, add_people
from provisioning import opened, rows, until, write

FREE = "INSERT INTO free_accounts (email) VALUES ($1)"
COUNT = "SELECT COUNT(*) FROM free_accounts"
ASLEEP = "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
END = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = $1"


def test_who_stalls_within_a_transaction_is_ended(postgres_url: str):
    """A transaction in which nothing happens for too long is over: its locks are free, and nothing was changed."""

    async def check() -> None:
        async with opened(postgres_url) as service:
            assert await rows(service, "SHOW idle_in_transaction_session_timeout") == [("2min",)]
            with pytest.raises(StoreError, match="idle-in-transaction timeout"):
                await stall(service)
            assert await rows(service, "SELECT 1 FROM free_accounts") == []

    asyncio.run(check())


async def stall(service: Service) -> None:
    """Change something, and do nothing for longer than is allowed."""
    async with service.database.writing() as writing:
        await writing.run("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        await writing.run("INSERT INTO free_accounts (email) VALUES ('stalled@example.com')")
        await asyncio.sleep(0.2)
        await writing.rows("SELECT 1")


def test_more_than_fits_into_any_socket_goes_and_comes_together(postgres_url: str):
    """Statements whose texts and answers are larger than the buffers of both sockets travel in one trip."""

    async def check() -> None:
        async with opened(postgres_url) as service, service.database.writing() as writing:
            texts = [(str(n) * 500_000,) for n in range(10)]
            await writing.many(FREE, [(f"person{n:08d}@example.com",) for n in range(900)])
            assert await writing.each("SELECT CAST($1 AS TEXT)", texts) == [[text] for text in texts]
            assert await writing.rows(COUNT) == [(900,)]

    asyncio.run(asyncio.wait_for(check(), 60))


def test_what_is_held_back_fails_as_what_is_not(postgres_url: str):
    """A row that is there already makes the transaction a conflict, and none of it stays."""
    taken = [("a@example.com",), ("b@example.com",), ("a@example.com",)]
    assert write_freely(postgres_url, lambda writing: writing.many(FREE, taken)) == (ConflictError, 0)


def test_a_statement_sees_what_was_written_before_it(postgres_url: str):
    """What was expected to be read is read again once something was written."""

    async def check() -> None:
        async with opened(postgres_url) as service, service.database.writing() as writing:
            writing.expect(COUNT, [()])
            await writing.rows("SELECT 1")
            await writing.many(FREE, [("a@example.com",), ("b@example.com",)])
            assert await writing.each(COUNT, [()]) == [[(2,)]]
            writing.expect(COUNT, [()])
            assert await writing.run("DELETE FROM free_accounts WHERE email = $1", "a@example.com") == 1
            assert await writing.each(COUNT, [()]) == [[(1,)]]

    asyncio.run(check())


def test_a_connection_that_is_lost_before_the_commit_changed_nothing(postgres_url: str):
    """Where a statement finds the connection gone, nothing was changed, and that is certain."""

    async def lose(writing: Writing) -> None:
        await writing.run(FREE, "a@example.com")
        end_others(postgres_url)
        await writing.rows("SELECT 1")

    assert write_freely(postgres_url, lose) == (StoreError, 0)


def test_a_connection_that_is_lost_at_the_commit_may_have_changed_everything(postgres_url: str):
    """Where the commit finds the connection gone, nobody knows what became of it."""

    async def lose(writing: Writing) -> None:
        await writing.run(FREE, "a@example.com")
        end_others(postgres_url)

    assert write_freely(postgres_url, lose) == (UncertainError, 0)


def test_a_write_that_the_server_refuses_with_the_commit_is_certain(postgres_url: str):
    """A statement that fails in one trip with the commit keeps it from being carried out: nothing was changed."""

    async def stop(writing: Writing) -> None:
        await writing.run("SET LOCAL statement_timeout = '20ms'")
        await writing.many(
            "DELETE FROM free_accounts WHERE email = $1 AND pg_sleep(5) IS NULL", [("seed@example.com",)]
        )

    assert write_freely(postgres_url, stop, ["seed@example.com"]) == (StoreError, 1)


def test_a_transaction_that_is_cancelled_on_its_way_changes_nothing(postgres_url: str):
    """Its statement is stopped, what was held back before it is undone, and the connection serves the next one."""

    async def stay(service: Service) -> None:
        async with service.database.writing() as writing:
            await writing.many(FREE, [("a@example.com",)])
            await writing.rows("SELECT pg_sleep(600)")

    async def check() -> None:
        async with opened(postgres_url) as service:
            task = asyncio.create_task(stay(service))

            async def is_on_its_way() -> bool:
                return bool(await rows(service, ASLEEP))

            await until(is_on_its_way)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await rows(service, ASLEEP) == []
            async with service.database.writing() as first, service.database.writing() as second:
                assert await first.rows(COUNT) == await second.rows(COUNT) == [(0,)]

    asyncio.run(asyncio.wait_for(check(), 60))


def test_who_listens_waits_for_a_standby_to_be_promoted(monkeypatch: pytest.MonkeyPatch):
    """A standby lets nobody listen; whoever has asked it hears what is announced there once it is promoted."""
    monkeypatch.setattr("allot.store.postgres.LISTEN_AGAIN_SECONDS", 0.05)

    async def check(url: str, log: Path) -> None:
        database = Postgres(url)
        await database.open()
        heard = asyncio.Event()

        async def refused() -> bool:
            return "cannot execute LISTEN" in await asyncio.to_thread(log.read_text)

        async with database.listening("news", heard.set):
            await until(refused)
            await promote(url)
            await asyncio.wait_for(heard.wait(), 30)  # it listens by now
            heard.clear()
            async with database.writing() as writing:
                await writing.announce("news")
            await asyncio.wait_for(heard.wait(), 30)
        await database.close()

    with standby() as (url, log):
        asyncio.run(check(url, log))


async def promote(url: str) -> None:
    """Make a standby the one that takes changes."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("SELECT pg_promote(true)")


def test_the_options_of_the_url_count_for_everybody(postgres_url: str):
    """A migration and a service go by the same options of the URL, here a schema; where it says nothing, ours count."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA tenant")
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options=-c%20search_path%3Dtenant"
    assert migrate(url)

    async def check() -> None:
        async with opened(url) as service:
            assert await write(service, "INSERT INTO tenant.free_accounts (email) VALUES ('a@example.com')") == 1
            assert await rows(service, COUNT) == [(1,)]
            assert await rows(service, "SHOW idle_in_transaction_session_timeout") == [("2min",)]

    asyncio.run(check())


def test_any_number_of_statements_can_be_prepared(postgres_url: str):
    """A connection forgets its prepared statements when there are too many, and prepares them again."""

    async def check() -> None:
        async with opened(postgres_url) as service, service.database.writing() as writing:
            for n in [*range(PREPARED_MAX + 3), 0, 1]:
                assert await writing.rows(f"SELECT {n} + $1", 1) == [(n + 1,)]
            [(prepared,)] = await writing.rows("SELECT COUNT(*) FROM pg_prepared_statements")
            assert 0 < prepared < PREPARED_MAX

    asyncio.run(check())


def test_a_batch_takes_two_trips(postgres_url: str, monkeypatch: pytest.MonkeyPatch):
    """Whatever its requests ask for: one trip locks and reads, the other one writes and commits."""
    trips: list[int] = []
    trip = Connection.trip

    async def counted(self: Connection, statements: Sequence[Statement]) -> list[PGresult]:
        trips.append(len(statements))
        return await trip(self, statements)

    async def check() -> None:
        async with opened(postgres_url) as service:
            async with service.database.writing() as writing:
                world = await add_organization(writing)
                await add_license(writing, world, "EE", "EE", total=2)
                await add_people(writing, world, 3)
            monkeypatch.setattr(Connection, "trip", counted)
            call = Call(Caller(world.org_id, world.people[0], "", frozenset(), frozenset()), "T")
            asked = [Asked(world.licenses["EE"], "EE", True)]
            async with service.database.writing() as writing:
                changes = [Assignment(call, world.org_id, person, None, asked) for person in world.people]
                outcomes = await licenses.assign(writing, service.context, changes)
            assert [outcome.status for outcome in outcomes if isinstance(outcome, Assigned)] == [200, 200, 400]

    asyncio.run(check())
    assert len(trips) == 2


def write_freely(
    url: str, write: Callable[[Writing], Awaitable[None]], before: list[str] | None = None
) -> tuple[type, int]:
    """The error that a transaction fails with, and how many free accounts there are afterwards."""

    async def carry_out() -> tuple[type, int]:
        async with opened(url) as service:
            async with service.database.writing() as writing:
                await writing.many(FREE, [(email,) for email in before or []])
            with pytest.raises((ConflictError, StoreError)) as caught:
                async with service.database.writing() as writing:
                    await write(writing)
            [(count,)] = await rows(service, COUNT)
            return caught.type, count

    return asyncio.run(carry_out())


def end_others(url: str) -> None:
    """End all other connections to the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = psycopg.RawCursor(connection)
        assert cursor.execute(END.encode(), (connection.info.dbname,)).fetchall()

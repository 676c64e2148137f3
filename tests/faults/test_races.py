"""Requests at the same time: no unit is granted twice, and nobody suffers for another."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from zlib import crc32

import psycopg
import pytest

from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.core.holding import Properties
from allot.service.licenses import Asked, Assigned, Assignment, assign
from allot.service.service import Service
from allot.store import organizations
from audit import wrongs
from crowd import send_all
from organizations import World, add_holding, insert, make
from servers import SECONDS, Server

REQUESTS, UNITS = 1000, 10
LOCATION = "hq"


@pytest.fixture
def server(database_url: str):
    with Server(database_url) as running:
        yield running


def adding(world: World, key: str, n: int) -> dict:
    """The request that gives a license to a person."""
    return {"personId": world.person(n), "licenses": [{"id": world.license(key), "operation": "add"}]}


def consumed(server: Server, world: World, key: str) -> int:
    """The stored counter of a license."""
    sql = "SELECT consumed_by_users FROM licenses WHERE org_id = $1 AND license_id = $2"
    count: int = server.rows(sql, world.org_id, world.licenses[key])[0][0]
    return count


def test_a_thousand_requests_for_ten_units_grant_ten(server: Server):
    """1,000 people ask for 10 units at once: ten have one, the others are told that none is left."""
    world = server.call(lambda service: make(service, REQUESTS, "RTT", total=UNITS))
    answers = send_all([server.address], world.token, (adding(world, "RTT", n) for n in range(REQUESTS)))
    assert Counter(answer.status for answer in answers) == {200: UNITS, 400: REQUESTS - UNITS}
    sentences = {error["description"] for answer in answers if answer.status == 400 for error in answer.body["errors"]}
    assert len(sentences) == 1
    assert "no units left: 10 of 10 are used" in sentences.pop()
    assert consumed(server, world, "RTT") == UNITS
    assert server.service.writes.batches < REQUESTS
    server.stop()
    assert wrongs(server.url) == []


def test_two_servers_of_one_database_grant_ten(postgres_url: str):
    """1,000 people ask two servers of one database for 10 units at once: ten have one."""
    with Server(postgres_url) as one, Server(postgres_url) as two:
        world = one.call(lambda service: make(service, REQUESTS, "RTT", total=UNITS))
        bodies = (adding(world, "RTT", n) for n in range(REQUESTS))
        answers = send_all([one.address, two.address], world.token, bodies)
        assert Counter(answer.status for answer in answers) == {200: UNITS, 400: REQUESTS - UNITS}
        assert consumed(two, world, "RTT") == UNITS
        assert min(one.service.writes.served, two.service.writes.served) == REQUESTS // 2
    assert wrongs(postgres_url) == []


def test_units_given_and_taken_at_once_are_counted(server: Server):
    """100 people give and take 10 units at random, again and again: the counters stay true."""
    world = server.call(lambda service: make(service, 100, "RTT", "MC", total=UNITS))
    for turn in range(5):
        bodies = [
            {
                "personId": world.person(n),
                "licenses": [
                    {"id": world.license("RTT"), "operation": "add" if (n + turn) % 2 else "remove"},
                    {"id": world.license("MC"), "operation": "remove" if (n + turn) % 3 else "add"},
                ],
            }
            for n in range(100)
        ]
        answers = send_all([server.address], world.token, bodies)
        assert {answer.status for answer in answers} <= {200, 206, 400}
    server.stop()
    assert wrongs(server.url) == []


def asked(world: World, n: int, key: str, *, add: bool = True, properties: Properties | None = None) -> Assignment:
    """An assignment of one license, as the wire makes it."""
    call = Call(Caller(world.org_id, world.people[0], "", frozenset(), frozenset()), f"NA_{n}_{key}_{add}")
    license_id = world.licenses[key]
    return Assignment(call, world.org_id, world.people[n], None, [Asked(license_id, license_id, add, properties)])


def submit(server: Server, *assignments: Assignment) -> list[Any]:
    """The outcomes of assignments that are queued in one turn of the loop, and so form one batch."""

    async def all_at_once(service: Service) -> list[Any]:
        jobs: list[Awaitable[Any]] = [service.writes.submit(each.org_id, assign, each) for each in assignments]
        return await asyncio.gather(*jobs, return_exceptions=True)

    return server.call(all_at_once)


def statuses(outcomes: list[Any]) -> list[int]:
    return [outcome.status for outcome in outcomes]


def test_the_same_person_twice_in_one_batch(server: Server):
    """Two requests about one person are decided one after the other, though they share a transaction."""
    world = server.call(lambda service: make(service, 1, "CJPPRM", "CJPSTD"))
    outcomes = submit(
        server,
        asked(world, 0, "CJPPRM"),
        asked(world, 0, "CJPSTD"),
        asked(world, 0, "CJPPRM"),
        asked(world, 0, "CJPPRM", add=False),
    )
    assert statuses(outcomes) == [200, 400, 200, 200]
    assert server.service.writes.batches == 1
    assert (consumed(server, world, "CJPPRM"), consumed(server, world, "CJPSTD")) == (0, 0)
    server.stop()
    assert wrongs(server.url) == []


async def add_inventory(service: Service, world: World, *numbers: str) -> None:
    """A location with these numbers."""
    async with service.database.writing() as writing:
        await insert(
            writing, "locations", org_id=world.org_id, location_id=LOCATION, name="HQ", details="{}", calling=1
        )
        for number in numbers:
            await insert(
                writing, "numbers", org_id=world.org_id, phone_number=number, location_id=LOCATION, state="ACTIVE"
            )


def test_a_number_changes_hands_in_one_batch(server: Server):
    """A number and an extension that one request frees can be had by the next one of the same batch, by one only."""
    world = server.call(lambda service: make(service, 3, "BCSTD"))
    server.call(lambda service: add_inventory(service, world, "+14085550101"))
    place = Properties(LOCATION, "+14085550101", "4101")
    assert statuses(submit(server, asked(world, 0, "BCSTD", properties=place))) == [200]
    outcomes = submit(
        server,
        asked(world, 1, "BCSTD", properties=place),
        asked(world, 0, "BCSTD", add=False),
        asked(world, 1, "BCSTD", properties=place),
        asked(world, 2, "BCSTD", properties=place),
    )
    assert statuses(outcomes) == [400, 200, 200, 400]
    owners = server.rows("SELECT person_id FROM people WHERE org_id = $1 AND phone_number IS NOT NULL", world.org_id)
    assert owners == [(world.people[1],)]
    server.stop()
    assert wrongs(server.url) == []


def test_a_person_who_is_gone_fails_alone(server: Server):
    """A person who is deleted between the queue and the transaction is not found; the batch goes on without."""
    world = server.call(lambda service: make(service, 3, "RTT"))

    async def with_one_deleted(service: Service) -> list[Any]:
        async with service.database.writing() as writing:
            await organizations.lock(writing, [world.org_id])
            submit = service.writes.submit
            jobs = [asyncio.ensure_future(submit(world.org_id, assign, asked(world, n, "RTT"))) for n in range(3)]
            await asyncio.sleep(0)  # they are in the queue
            await writing.run("DELETE FROM people WHERE org_id = $1 AND person_id = $2", world.org_id, world.people[1])
        return await asyncio.gather(*jobs, return_exceptions=True)

    first, gone, last = server.call(with_one_deleted)
    assert statuses([first, last]) == [200, 200]
    assert isinstance(gone, Failure)
    assert gone.kind is Kind.NOT_FOUND
    assert consumed(server, world, "RTT") == 2
    server.stop()
    assert wrongs(server.url) == []


SQLITE_TRAP = """
CREATE TRIGGER trap BEFORE INSERT ON holdings WHEN NEW.person_id = '{person}'
BEGIN SELECT RAISE(ABORT, 'sprung'); END
"""
POSTGRES_TRAP = """
CREATE FUNCTION spring() RETURNS trigger AS $$
BEGIN IF NEW.person_id = '{person}' THEN RAISE check_violation; END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
CREATE TRIGGER trap BEFORE INSERT ON holdings FOR EACH ROW EXECUTE FUNCTION spring()
"""


async def set_trap(service: Service, person_id: str) -> None:
    """Make the database refuse whatever this person is given."""
    async with service.database.writing() as writing:
        text = SQLITE_TRAP if service.database.writers == 1 else POSTGRES_TRAP
        statements = [text] if service.database.writers == 1 else text.split(";\nCREATE TRIGGER")
        for n, statement in enumerate(statements):
            await writing.run(("CREATE TRIGGER" if n else "") + statement.format(person=person_id))


def test_a_request_that_the_database_refuses_fails_alone(server: Server):
    """When one request makes the transaction of its batch fail, the others are carried out all the same."""
    world = server.call(lambda service: make(service, 20, "RTT", total=20))
    server.call(lambda service: set_trap(service, world.people[7]))
    answers = send_all([server.address], world.token, (adding(world, "RTT", n) for n in range(20)))
    assert [answer.status for answer in answers] == [409 if n == 7 else 200 for n in range(20)]
    outcomes = submit(server, *(asked(world, n, "RTT", add=n == 7) for n in range(20)))
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Assigned)] == [200] * 19
    assert isinstance(outcomes[7], Failure)
    assert consumed(server, world, "RTT") == 0
    server.stop()
    assert wrongs(server.url) == []


def test_organizations_do_not_wait_for_each_other(postgres_url: str):
    """While another transaction holds one organization, requests of another one are answered (PostgreSQL)."""
    with Server(postgres_url) as server:
        held = server.call(lambda service: make(service, 1, "RTT"))
        free = server.call(lambda service: make(service, 1, "RTT"))
        while place(server, free) == place(server, held):
            free = server.call(lambda service: make(service, 1, "RTT"))
        with psycopg.connect(postgres_url) as connection, ThreadPoolExecutor() as pool:
            connection.execute("SELECT 1 FROM organizations WHERE org_id = %s FOR UPDATE", [held.org_id])
            waiting = pool.submit(send_all, [server.address], held.token, [adding(held, "RTT", 0)])
            until_locked_out(postgres_url)
            assert send_all([server.address], free.token, [adding(free, "RTT", 0)])[0].status == 200
            assert not waiting.done()
            connection.rollback()
            assert waiting.result()[0].status == 200
    assert wrongs(postgres_url) == []


def until_locked_out(url: str) -> None:
    """Wait until somebody on a database waits for a lock."""
    locked_out = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(locked_out).fetchone() is None:
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.01)


def place(server: Server, world: World) -> int:
    """Which of the writers serves an organization."""
    return crc32(world.org_id.encode()) % server.service.database.writers


def test_two_organizations_at_once_are_kept_apart(server: Server):
    """Two organizations that write at the same time each grant their own units, and journal their own entries."""
    worlds = [server.call(lambda service: make(service, 100, "RTT", total=UNITS)) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(send_all, [server.address], world.token, [adding(world, "RTT", n) for n in range(100)])
            for world in worlds
        ]
        for each in running:
            assert Counter(answer.status for answer in each.result()) == {200: UNITS, 400: 90}
    for world in worlds:
        assert consumed(server, world, "RTT") == UNITS
        assert server.rows("SELECT entries FROM organizations WHERE org_id = $1", world.org_id) == [(100,)]
    server.stop()
    assert wrongs(server.url) == []


def test_the_audit_finds_what_is_wrong(sqlite_url: str):
    """The audit of these tests does find a holding that was not counted."""
    with Server(sqlite_url) as server:
        world = server.call(lambda service: make(service, 1, "RTT"))

        async def spoil(service: Service) -> None:
            async with service.database.writing() as writing:
                await add_holding(writing, world, world.people[0], "RTT")
                await writing.run("UPDATE licenses SET consumed_by_users = 0")
                await writing.run("UPDATE organizations SET entries = 1")

        server.call(spoil)
    assert len(wrongs(sqlite_url)) == 4  # two things, each found by the audit and by the check

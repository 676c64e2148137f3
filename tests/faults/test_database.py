"""The database goes away under load, and comes back: requests are refused meanwhile, and none is carried out twice."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable

import aiohttp
import psycopg

from audit import wrongs
from crowd import open_session, send_all
from databases import PostgresMaker
from organizations import World, make
from servers import Server

PEOPLE, CONNECTIONS, CUTS = 200, 32, 20
END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_lost_connections_lose_no_change(postgres_url: str, counted: Callable):
    """Every connection to the database is ended 20 times under load: answers are 200, 400 or 503, and true."""
    answers: dict[str, int] = {}
    with Server(postgres_url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", "MC", total=PEOPLE))
        asyncio.run(cut_connections(server, world, answers))
    # On a connection of its own: the pool may still have some that were cut.
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT tracking_id FROM journal WHERE org_id = %s", [world.org_id])
        journal = Counter(id for (id,) in found)
    assert set(answers.values()) == {200, 503}
    assert set(journal.values()) == {1}
    assert {id for id, status in answers.items() if status == 200} <= set(journal)
    unsure = sum(journal[id] for id, status in answers.items() if status == 503)
    assert wrongs(postgres_url) == []
    statuses = Counter(answers.values())
    counted(f"{CUTS} cuts; {statuses[200]} changes, {statuses[503]} refused, {unsure} of which were done all the same")


def test_a_database_that_is_away_refuses_everybody_at_once(postgres_url: str, postgres: PostgresMaker):
    """While the database lets nobody in, all that wait are refused together, and not one after the other."""
    with Server(postgres_url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", total=PEOPLE))
        bodies = [
            {"personId": world.person(n), "licenses": [{"id": world.license("RTT"), "operation": "add"}]}
            for n in range(PEOPLE)
        ]
        assert send_all([server.address], world.token, bodies[:1])[0].status == 200
        with postgres.away(server.service.database, 1.0):
            started = time.monotonic()
            answers = send_all([server.address], world.token, bodies)
            # One after the other would wait for a second each.
            assert time.monotonic() - started < PEOPLE / 5
            assert {(answer.status, answer.headers["Retry-After"]) for answer in answers} == {(503, "1")}
        deadline = time.monotonic() + 60
        while send_all([server.address], world.token, bodies[:1])[0].status != 200:
            assert time.monotonic() < deadline
        assert {answer.status for answer in send_all([server.address], world.token, bodies)} == {200}
    assert wrongs(postgres_url) == []


def test_a_database_that_takes_no_changes_refuses_them(postgres_url: str):
    """While the database is read-only, as a standby is, reading goes on and changes are refused with 503."""
    with Server(postgres_url) as server:
        world = server.call(lambda service: make(service, 1, "RTT"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        [name] = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    with Server(postgres_url) as server:
        client = server.client(world.token)
        body = {"personId": world.person(), "licenses": [{"id": world.license("RTT"), "operation": "add"}]}
        answer = client.patch("/v1/licenses/users", json=body)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1")
        assert client.get("/v1/licenses").status_code == 200
        client.close_all()


async def cut_connections(server: Server, world: World, answers: dict[str, int]) -> None:
    """Clients that ask all the time, while connections are cut."""
    async with open_session(world.token) as session:
        clients = [asyncio.create_task(ask_on(session, server.address, world, answers)) for _ in range(CONNECTIONS)]
        async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as connection:
            for _ in range(CUTS):
                await asyncio.sleep(random.uniform(0.05, 0.2))
                await connection.execute(END_OTHERS.encode())
        await asyncio.sleep(0.2)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def ask_on(session: aiohttp.ClientSession, address: str, world: World, answers: dict[str, int]) -> None:
    """Ask for random changes."""
    while True:
        tracking_id = f"cut_{random.getrandbits(64):x}"
        item = {"id": world.license(random.choice(["RTT", "MC"])), "operation": random.choice(["add", "remove"])}
        body = {"personId": world.person(random.randrange(PEOPLE)), "licenses": [item]}
        headers = {"TrackingID": tracking_id}
        async with session.patch(f"{address}/v1/licenses/users", json=body, headers=headers) as answer:
            await answer.read()
        answers[tracking_id] = answer.status

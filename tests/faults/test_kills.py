"""The power cut: `kill -9` at random moments under load, again and again, and what is there after the restart."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from audit import wrongs
from crowd import open_session
from databases import Maker
from organizations import World, make
from servers import SECONDS, Process, Server

CONNECTIONS, PEOPLE = 32, 200
#: a database is used for so many kills: the audit reads all of its journal each time
KILLS_EACH = 25
LIVES = (0.0, 0.4)
#: a database is not killed before it has answered so many requests
ANSWERS = 100


@dataclass
class Tally:
    """What the clients saw of one database."""

    kills: int = 0
    #: tracking id -> status, for each request that was answered
    answered: dict[str, int] = field(default_factory=dict)
    #: tracking ids of requests that were sent and not answered
    unanswered: list[str] = field(default_factory=list)
    #: some requests were answered
    begun: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_kills_lose_nothing(kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable):
    """After `kill -9` under load every acknowledged change is there, and no other one is half there."""
    kill_again_and_again(request.getfixturevalue(kind), 2, tmp_path, counted)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 200), ("postgres", 50)])
def test_many_kills_lose_nothing(
    kind: str, kills: int, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable
):
    """The same many times: 200 on SQLite, 50 on PostgreSQL."""
    kill_again_and_again(request.getfixturevalue(kind), kills, tmp_path, counted)


def kill_again_and_again(maker: Maker, kills: int, folder: Path, counted: Callable[[str], None]) -> None:
    """Kill so many times, on a few databases, and hold what is stored against what clients were told."""
    answered = changed = unanswered = whole = 0
    for _ in range(0, kills, KILLS_EACH):
        url = maker.make()
        tally, there = one_database(url, min(kills, KILLS_EACH), folder)
        answered += len(tally.answered)
        changed += sum(status == 200 for status in tally.answered.values())
        unanswered += len(tally.unanswered)
        whole += len(there.keys() & set(tally.unanswered))
        maker.drop(url)
    assert changed > kills
    counted(
        f"{kills} kills; {answered} answers, {changed} of them changes, all there; "
        f"{unanswered} requests without an answer: {whole} wholly done, {unanswered - whole} not at all"
    )


def one_database(url: str, kills: int, folder: Path) -> tuple[Tally, dict[str, int]]:
    """Kill the server of one database so many times; what clients saw, and what the journal has."""
    with Server(url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", "MC", "CJPPRM", "CJPSTD", total=PEOPLE // 2))
    tally = Tally()
    there: dict[str, int] = {}
    with Process(url, folder / "server.log") as process:
        while tally.kills < kills:
            asyncio.run(load_until_killed(process, world, tally))
            process.start()
            assert wrongs(url) == []
            there = journaled(process, world)
            lost = {id for id, status in tally.answered.items() if there.get(id) != status}
            assert not lost, f"{len(lost)} answered requests are not in the journal after {tally.kills} kills"
    return tally, there


async def load_until_killed(process: Process, world: World, tally: Tally) -> None:
    """Clients that ask for changes as fast as they can, until the server is killed under them."""
    async with open_session(world.token) as session:
        clients = [asyncio.create_task(ask_on(session, process.address, world, tally)) for _ in range(CONNECTIONS)]
        await asyncio.wait_for(tally.begun.wait(), SECONDS)  # however slow the machine is, there is something to lose
        await asyncio.sleep(random.uniform(*LIVES))
        process.kill()
        tally.kills += 1
        await asyncio.gather(*clients)


async def ask_on(session: aiohttp.ClientSession, address: str, world: World, tally: Tally) -> None:
    """Ask for random changes of random people until the connection breaks."""
    while True:
        tracking_id = f"kill_{random.getrandbits(64):x}"
        headers = {"TrackingID": tracking_id}
        try:
            async with session.patch(f"{address}/v1/licenses/users", json=change(world), headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError):
            tally.unanswered.append(tracking_id)
            return
        tally.answered[tracking_id] = answer.status
        if len(tally.answered) == ANSWERS:
            tally.begun.set()


def change(world: World) -> dict[str, Any]:
    """Some licenses to add or remove, of one person."""
    keys = random.sample(list(world.licenses), random.randint(1, 3))
    return {
        "personId": world.person(random.randrange(PEOPLE)),
        "licenses": [{"id": world.license(key), "operation": random.choice(["add", "remove"])} for key in keys],
    }


def journaled(process: Process, world: World) -> dict[str, int]:
    """Tracking id and status of each entry of the journal."""
    with Server(process.url) as reader:
        return dict(reader.rows("SELECT tracking_id, outcome FROM journal WHERE org_id = $1", world.org_id))

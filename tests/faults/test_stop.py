"""A stop: what is accepted is answered, and the server leaves with 0."""

import asyncio
import random
import signal
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from audit import wrongs
from counts import STOPS
from crowd import open_session
from databases import Maker
from organizations import World, make
from servers import SECONDS, Process, Server

PEOPLE, CONNECTIONS = 200, 64


@STOPS.both("stops")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_stop_under_load_answers_what_it_carries_out(
    number: signal.Signals, stops: int, maker: Maker, tmp_path: Path, counted: Callable
):
    """Stopped under load, the server has answered every change that it made, and made every one that it answered."""
    url = maker.make()
    with Server(url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", "MC", total=PEOPLE))
    answered: dict[str, int] = {}
    with Process(url, tmp_path / "server.log") as process:
        for _ in range(stops):
            asyncio.run(load_until_stopped(process, world, number, answered))
            assert "Traceback" not in process.log.read_text()
            process.start()
        assert process.terminate() == 0
    with Server(url) as reader:
        journal = dict(reader.rows("SELECT tracking_id, outcome FROM journal WHERE org_id = $1", world.org_id))
    assert journal == answered
    assert wrongs(url) == []
    maker.drop(url)
    counted(f"{stops} stops; {len(answered)} answers, as many journal entries")


async def load_until_stopped(process: Process, world: World, number: signal.Signals, answered: dict[str, int]) -> None:
    """Clients that ask until the server does not take requests any more; it is stopped under them."""
    async with open_session(world.token) as session:
        begun = asyncio.Event()
        asking = [ask_on(session, process.address, world, answered, begun) for _ in range(CONNECTIONS)]
        clients = [asyncio.create_task(each) for each in asking]
        await asyncio.wait_for(begun.wait(), SECONDS)  # however slow the machine is, it is under load
        await asyncio.sleep(random.uniform(0.0, 0.3))
        process.popen.send_signal(number)
        assert await asyncio.to_thread(process.popen.wait, 30) == 0
        await asyncio.gather(*clients)


async def ask_on(
    session: aiohttp.ClientSession, address: str, world: World, answered: dict[str, int], begun: asyncio.Event
) -> None:
    """Ask for changes, each on a connection of its own."""
    while True:
        tracking_id = f"stop_{random.getrandbits(64):x}"
        key = random.choice(list(world.licenses))
        item = {"id": world.license(key), "operation": random.choice(["add", "remove"])}
        body = {"personId": world.person(random.randrange(PEOPLE)), "licenses": [item]}
        headers = {"TrackingID": tracking_id}
        try:
            async with session.patch(f"{address}/v1/licenses/users", json=body, headers=headers) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError):
            return
        answered[tracking_id] = answer.status
        begun.set()

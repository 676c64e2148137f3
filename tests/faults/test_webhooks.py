"""Webhooks under power cuts: whatever happens to the processes, every event arrives, and in order."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from databases import Maker
from receivers import Receiver, in_order
from servers import SECONDS, Client, Process, load_demo
from wholesale import PATH, TOKEN, body, new_id

KILLS = 8
#: between two kills
ORDERS = 10
END = "the-end"
WEBHOOKS = "/allot/v1/webhooks"


class Orders:
    """Customers that are ordered on and on; a context manager. `accepted` holds their ids."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._order) for _ in range(2)]
        self.accepted: set[str] = set()

    def __enter__(self) -> "Orders":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(SECONDS)

    def until_more(self, count: int) -> None:
        """Wait until so many more were accepted."""
        wanted = len(self.accepted) + count
        deadline = time.monotonic() + SECONDS
        while len(self.accepted) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def _order(self) -> None:
        while not self._over.is_set():
            client = Client(self._process.address, TOKEN)
            with contextlib.suppress(requests.RequestException):
                answer = client.post(PATH, json=body())
                if answer.status_code == 202:
                    self.accepted.add(new_id(answer))
            client.close()
            time.sleep(0.01)


@pytest.mark.long
def test_every_event_arrives_though_the_process_is_killed(maker: Maker, tmp_path: Path, counted: Callable[[str], None]):
    """Killed again and again, with a receiver that fails and goes away, it delivers every event at least once."""
    url = maker.make(load_demo)
    chance = random.Random(7)
    with Receiver() as receiver, Process(url, tmp_path / "log", "--demo", "--lease-seconds", "1") as process:
        webhook = process.client(TOKEN).post(WEBHOOKS, json={"url": receiver.url}).json()
        receiver.answer = lambda message, before: 503 if before == 0 and chance.random() < 0.02 else 200
        receiver.delay = lambda message: chance.uniform(0, 0.01)
        with Orders(process) as orders:
            for n in range(KILLS):
                orders.until_more(ORDERS)
                time.sleep(chance.uniform(0, 0.3))
                if n == KILLS // 2:
                    receiver.go()
                process.kill()
                process.start()
            receiver.come()
        client = process.client(TOKEN)
        wait_until_settled(client, webhook, orders.accepted)
        new_id(client.post(PATH, json=body(END)))
        told = told_until(client.get("/allot/v1/events", params={"after": 0}, stream=True), orders.accepted)
    arrived = receiver.taken
    assert {message.data["id"] for message in arrived} >= told
    assert in_order(arrived)
    for message in arrived:
        message.verify(webhook["secret"])
    ids = {message.id for message in arrived}
    counted(
        f"{KILLS} kills; {len(orders.accepted)} orders, {len(ids)} events, {len(arrived) - len(ids)} of them twice,"
        f" {len(receiver.messages) - len(arrived)} refused"
    )
    maker.drop(url)


def wait_until_settled(client: Client, webhook: dict, customers: set[str]) -> None:
    """Until each of these customers is provisioned and every event was taken."""
    deadline = time.monotonic() + 3 * SECONDS
    path = f"{WEBHOOKS}/{webhook['id']}/deliveries"
    quiet = 0
    while quiet < 3:
        live = client.get(PATH, params={"status": "provisioning"}).json()["items"]
        open_ = client.get(path, params={"max": 1}).json()["items"]
        waits = [each["id"] for each in live if each["id"] in customers] or open_
        quiet = 0 if waits else quiet + 1
        assert time.monotonic() < deadline, waits
        time.sleep(0.1)


def told_until(answer: requests.Response, customers: set[str]) -> set[str]:
    """The ids of all events of these customers, from a stream in which the last customer comes after them."""
    found: set[str] = set()
    for line in answer.iter_lines():
        if line.startswith(b"data: "):
            data = json.loads(line[6:])["data"]
            if data.get("externalId") == END:
                break
            if data["customerId"] in customers:
                found.add(data["id"])
    answer.close()
    return found

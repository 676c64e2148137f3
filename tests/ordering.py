"""Clients that order customers over HTTP while things happen around them, and what became of their orders."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from allot.cli.databases import open_database
from audit import wrongs
from crowd import open_session
from wholesale import PATH, body

PACKAGES = ["webex_calling", "webex_meetings", "webex_suite", "common_area_calling"]
CLIENTS = 8
PAUSE_SECONDS = 0.02
ANSWER_SECONDS = 30.0
SETTLE_SECONDS = 60.0
OURS = "external_id LIKE 'load-%'"


@dataclass
class Load:
    """Clients that order one customer after the other, in a thread, from entering the context to leaving it."""

    token: str
    #: where the API is; it may move
    address: str = ""
    #: called in the thread first
    prepare: Callable[[], None] = lambda: None
    #: external ids of accepted orders
    accepted: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    #: orders without an answer, which may have been accepted
    unanswered: int = 0
    _ended: bool = False

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()

    def __str__(self) -> str:
        return (
            f"{len(self.accepted)} orders accepted, {sum(self.refused.values())} refused,"
            f" {self.unanswered} without an answer"
        )

    def until_more(self, count: int) -> None:
        """Wait until so many more orders were accepted, however slow the machine is."""
        wanted = len(self.accepted) + count
        deadline = time.monotonic() + SETTLE_SECONDS
        while len(self.accepted) < wanted:
            assert time.monotonic() < deadline, f"{self} after {SETTLE_SECONDS:.0f} s"
            time.sleep(0.005)

    def _run(self) -> None:
        self.prepare()
        asyncio.run(self._all())

    async def _all(self) -> None:
        async with open_session(self.token) as session:
            await asyncio.gather(*(self._one(session, n) for n in range(CLIENTS)))

    async def _one(self, session: aiohttp.ClientSession, client: int) -> None:
        number = 0
        while not self._ended:
            number += 1
            await self._order(session, f"load-{client}-{number}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _order(self, session: aiohttp.ClientSession, name: str) -> None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with session.post(self.address + PATH, json=body(name, packages=PACKAGES), timeout=timeout) as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError):
            self.unanswered += 1
            await asyncio.sleep(PAUSE_SECONDS)
            return
        if answer.status == 202:
            self.accepted.add(name)
        else:
            self.refused[answer.status] += 1
            await asyncio.sleep(5 * PAUSE_SECONDS)


def read(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, on connections of its own."""

    async def rows() -> list[tuple[Any, ...]]:
        database = await open_database(url)
        try:
            async with database.reading() as reading:
                return await reading.rows(sql)
        finally:
            await database.close()

    return asyncio.run(rows())


def until_settled(url: str) -> float:
    """Wait until nothing of what clients ordered is under way; how many seconds that took."""
    begun = time.monotonic()
    while read(url, f"SELECT 1 FROM customers WHERE live <> '' AND {OURS} LIMIT 1"):
        assert time.monotonic() - begun < SETTLE_SECONDS, "orders are under way for too long"
        time.sleep(0.1)
    return time.monotonic() - begun


def provisioned_once(url: str, accepted: set[str]) -> int:
    """Everything that was accepted is provisioned, and each of its steps was carried out exactly once; how many."""
    there = read(
        url,
        "SELECT c.external_id, c.status, COUNT(p.package) FROM customers c JOIN packages p"
        f" ON p.org_id = c.org_id AND p.customer_id = c.customer_id WHERE {OURS} GROUP BY c.external_id, c.status",
    )
    assert {(status, packages) for _, status, packages in there} == {("provisioned", len(PACKAGES))}
    assert accepted <= {name for name, _, _ in there}
    entries = read(
        url,
        "SELECT target_id, detail FROM journal j JOIN customers c ON c.customer_id = j.target_id"
        f" WHERE j.action = 'runs.step' AND j.outcome = 200 AND {OURS}",
    )
    told = [(customer_id, json.loads(detail)) for customer_id, detail in entries]
    times = Counter((customer_id, detail["step"], detail.get("package")) for customer_id, detail in told)
    [(steps,)] = read(
        url, f"SELECT COUNT(*) FROM steps s JOIN customers c ON c.customer_id = s.customer_id WHERE {OURS}"
    )
    assert set(times.values()) == {1}
    assert len(times) == steps
    assert wrongs(url) == []
    return int(steps)

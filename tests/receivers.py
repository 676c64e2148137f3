"""A receiver of webhooks for tests: a real HTTP server in a thread, which answers as the test wants."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web
from standardwebhooks import Webhook as Verifier

from servers import HOST, SECONDS, hold_port


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived."""

    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.told["data"]
        return found

    @property
    def place(self) -> tuple[int, int]:
        """Which event it tells of."""
        entry, event = self.data["id"].split(".")
        return int(entry), int(event)

    def verify(self, secret: str) -> None:
        """Raises when it is not signed with a secret, by the standard's own library."""
        Verifier(secret).verify(self.body, self.headers)


class Receiver:
    """Takes messages; a context manager. It can go away and come back at the same address."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        #: the status for a message that was seen so many times before, and how long that takes
        self.answer: Callable[[Message, int], int] = lambda message, before: 200
        self.delay: Callable[[Message], float] = lambda message: 0.0
        self.response_headers: dict[str, str] = {}
        self.response_body = b""
        self._held = hold_port()
        self._port: int = self._held.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="receiver")
        self._runner: web.AppRunner | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.come()
        return self

    def __exit__(self, *_: object) -> None:
        self.go()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._held.close()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}/events"

    @property
    def taken(self) -> list[Message]:
        """The messages that were answered with success, in the order of their answers."""
        return [message for message in self.messages if 200 <= message.status < 300]

    def come(self) -> None:
        """Listen."""
        self._call(self._come())

    def go(self) -> None:
        """Do not listen any more, and drop every connection."""
        self._call(self._go())

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, [(m.id, m.status) for m in self.messages][-20:]
            time.sleep(0.005)

    def _call(self, coroutine: Any) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        done.result(SECONDS)

    async def _come(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await site.start()

    async def _go(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        # Who was given up may still be about to end.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        message = Message(headers, await request.read(), 0)
        await asyncio.sleep(self.delay(message))
        before = sum(other.id == message.id for other in self.messages)
        status = self.answer(message, before)
        self.messages.append(Message(headers, message.body, status))
        return web.Response(status=status, headers=self.response_headers, body=self.response_body)


def in_order(messages: list[Message]) -> bool:
    """Whether those of each customer come in the order of their events, repeated ones left aside."""
    last: dict[str, tuple[int, int]] = {}
    seen: set[str] = set()
    for message in messages:
        if message.id in seen:
            continue
        seen.add(message.id)
        customer = message.data["customerId"]
        if message.place < last.get(customer, (0, 0)):
            return False
        last[customer] = message.place
    return True

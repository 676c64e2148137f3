"""Streams: parts of a page that change by themselves, told as server-sent events to whoever looks at them.

A page names the place in its partner's journal that it was made at, and which parts it has. Whatever becomes of
customers, runs and reports is in that journal: as long as nothing is added to it, nothing has changed.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping

from allot.console.visits import Visit
from allot.service import events
from allot.service.events import HEARTBEAT_SECONDS, LOOK_SECONDS, RETRY_MILLISECONDS, STREAM_SECONDS
from allot.wire.operation import Reply

#: makes the parts of a page as they are now: what htmx calls each, and its HTML
Parts = Callable[[], Awaitable[Mapping[str, bytes]]]

# Between two looks at least: nobody reads faster.
PAUSE_SECONDS = 0.2
#: tells a page to fetch itself anew: it has other parts by now
OTHERS = "others"
EVENT_STREAM = b"text/event-stream"
HEADERS = [(b"x-accel-buffering", b"no")]


async def place(visit: Visit, org_id: str) -> str:
    """How far a partner's journal is. To be read before what is shown of it."""
    async with visit.service.database.reading() as reading:
        return str(await events.place_now(reading, org_id))


def names_of(parts: Iterable[str]) -> str:
    """A short word for which parts there are, in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def follow(visit: Visit, org_id: str, parts: Parts) -> Reply:
    """The stream of a page that was made `at` a place and `has` these parts, as its address says."""
    return Reply(200, _lines(visit, org_id, parts), list(HEADERS), EVENT_STREAM)


def others() -> Reply:
    """The stream of whoever has no session any more: the page fetches itself anew, and is led to the sign-in."""
    return Reply(200, b"event: %s\ndata:\n\n" % OTHERS.encode(), list(HEADERS), EVENT_STREAM)


async def _lines(visit: Visit, org_id: str, parts: Parts) -> AsyncGenerator[bytes, None]:
    service = visit.service
    watch = _Watch(visit, org_id, parts)
    with service.streams.opened(visit.call.caller.token_key):
        yield b"retry: %d\n\n" % RETRY_MILLISECONDS
        async with service.news.listening():
            while told := await watch.next():
                yield told


class _Watch:
    """What one page shows, and what is new since."""

    def __init__(self, visit: Visit, org_id: str, parts: Parts) -> None:
        self._visit = visit
        self._org_id = org_id
        self._parts = parts
        self._at = ""
        self._told: Mapping[str, bytes] | None = None
        self._quiet = time.monotonic()
        self._end = self._quiet + STREAM_SECONDS

    async def next(self) -> bytes:
        """What is new as soon as something is, or a sign of life between; nothing at the end."""
        service = self._visit.service
        while not service.stopping.is_set() and time.monotonic() < self._end:
            seen = service.news.count
            if found := await self._look():
                return found
            await service.news.wait(seen, LOOK_SECONDS)
        return b""

    async def _look(self) -> bytes:
        """The events that tell what is new; a sign of life now and then; nothing."""
        await asyncio.sleep(PAUSE_SECONDS)
        at = await place(self._visit, self._org_id)
        found = b""
        if at != self._at:
            now = await self._parts()
            # What came to the journal since then may be in these parts already, and is not in the page.
            same = self._told is not None or await place(self._visit, self._org_id) == at
            self._at, found = at, self._news(at, now, same=same)
        if not found and time.monotonic() - self._quiet >= HEARTBEAT_SECONDS:
            found = b": nothing new\n\n"
        if found:
            self._quiet = time.monotonic()
        return found

    def _news(self, at: str, now: Mapping[str, bytes], *, same: bool) -> bytes:
        told, self._told = self._told, now
        if told is None:
            # Whoever comes back says how far the page is by now, and else it is as it was made.
            last = self._visit.headers.get(b"last-event-id", b"").decode("latin-1") or self._visit.query["at"]
            if names_of(now) != self._visit.query["has"]:
                return event(at, OTHERS, b"")
            told = now if same and last == at else {}
        elif list(told) != list(now):
            return event(at, OTHERS, b"")
        return b"".join(event(at, name, html) for name, html in now.items() if told.get(name) != html)


def event(at: str, name: str, html: bytes) -> bytes:
    """An event: the place that a page is at when it has it, unless that stays; what htmx calls the part; its HTML."""
    place = f"id: {at}\n" if at else ""
    data = b"".join(b"data: %s\n" % line for line in html.splitlines()) or b"data:\n"
    return b"%sevent: %s\n%s\n" % (place.encode(), name.encode(), data)

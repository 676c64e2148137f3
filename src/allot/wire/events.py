"""Events on the wire: answers that go on for a while, and tell what is new as server-sent events."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Protocol

from allot.service.bells import Gong
from allot.wire.operation import Reply, Request

EVENT_STREAM = "text/event-stream"
# How often a stream looks by itself: what other processes commit is not always told.
LOOK_SECONDS = 0.5
# So that proxies keep the connection, and both sides learn when it is lost.
HEARTBEAT_SECONDS = 15.0
# How long a client shall wait before it comes again.
RETRY_MILLISECONDS = 1000
# Then the client comes again by itself, and its rights are looked at anew.
STREAM_SECONDS = 600.0


class Watch(Protocol):
    """What one stream tells of, and how far it has come."""

    @property
    def pause(self) -> float:
        """Seconds until the next look at least; 0 when there is more to tell already."""
        ...

    @property
    def place(self) -> str:
        """The id with which a client that has nothing else goes on; empty where its address says that."""
        ...

    async def look(self) -> bytes:
        """The events of all that is new, or of a part of it; empty when nothing is."""
        ...


def follow(request: Request, watch: Watch, gong: Gong) -> Reply:
    """The stream of what a watch sees, which looks when the gong rings, and now and then."""
    return Reply(200, _lines(request, watch, gong), [(b"x-accel-buffering", b"no")], EVENT_STREAM.encode())


async def _lines(request: Request, watch: Watch, gong: Gong) -> AsyncGenerator[bytes, None]:
    service = request.service
    told = time.monotonic()
    end = told + STREAM_SECONDS
    async with AsyncExitStack() as held:
        held.enter_context(service.streams.opened(request.call.caller.token_key))
        await held.enter_async_context(service.news.listening())
        # The place is told before the first event, so that a stream that ends before it loses nothing.
        yield _comment(f"retry: {RETRY_MILLISECONDS}", watch)
        while not service.stopping.is_set() and time.monotonic() < end:
            seen = gong.count
            found = await watch.look()
            if not found and time.monotonic() - told >= HEARTBEAT_SECONDS:
                found = _comment(": nothing new", watch)
            if found:
                told = time.monotonic()
                yield found
            await asyncio.sleep(watch.pause)
            if watch.pause and not service.stopping.is_set():
                await gong.wait(seen, LOOK_SECONDS)


def _comment(line: str, watch: Watch) -> bytes:
    return (f"{line}\nid: {watch.place}\n\n" if watch.place else f"{line}\n\n").encode()


def event(place: str, name: str, data: bytes) -> bytes:
    """An event: the place that a client has come to with it, unless that stays; its type; its lines."""
    id = f"id: {place}\n" if place else ""
    lines = b"".join(b"data: %s\n" % line for line in data.splitlines()) or b"data:\n"
    return b"%sevent: %s\n%s\n" % (id.encode(), name.encode(), lines)

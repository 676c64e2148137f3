"""Events on the wire: a stream of what becomes of a partner's customers, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncGenerator

import msgspec

from allot.api.partners import ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.event import TYPES, Event, Place, message
from allot.core.failure import Failure
from allot.service import events
from allot.service.events import (
    HEARTBEAT_SECONDS,
    LOOK_SECONDS,
    PAUSE_SECONDS,
    RETRY_MILLISECONDS,
    STREAM_SECONDS,
    Wanted,
)
from allot.service.service import Service
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights, Text

EVENT_STREAM = "text/event-stream"


async def stream_events(request: Request) -> Reply:
    """Stream the status changes of customers, packages and subscribers, as server-sent events.

    Each event has its `id`, its type in `event`, and JSON in `data`: type, timestamp and data, as webhooks get it.
    A stream begins now; with the header `Last-Event-ID`, or `after`, right after that event, however long ago it was:
    `after=0` begins with the first one. No event is left out, and none comes twice. A stream ends after ten minutes,
    or when the server stops; clients come again with the last id.
    """
    service = request.service
    partner = await acting(request, changes=False)
    customer = request.query["customerId"]
    customer_id = (ids.decode("ENTERPRISE", customer) or ids.decode("CUSTOMER", customer)) if customer else ""
    if customer_id is None:
        raise Failure.invalid("customerId: is no customer's id; send the id as the API gave it")
    wanted = Wanted(partner.org_id, customer_id, request.query["type"])
    place = await _place(request, partner.org_id)
    headers = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
    lines = _lines(service, request.call.caller.token_key, wanted, place)
    return Reply(200, lines, headers, EVENT_STREAM.encode())


async def _place(request: Request, org_id: str) -> Place:
    """Where a stream begins. Raises Failure (400) when the client names no place of this partner's events."""
    async with request.service.database.reading() as reading:
        now = await events.place_now(reading, org_id)
    last, name = request.headers.get(b"last-event-id", b"").decode("latin-1"), "Last-Event-ID"
    if not last:
        last, name = request.query["after"] or "", "after"
    if not last:
        return now
    place = Place.read(last)
    if place is None or place.entry > now.entry:
        raise Failure.invalid(f"{name}: is no id of an event of this partner; send the last one that came, or 0")
    return place


async def _lines(service: Service, token_key: str, wanted: Wanted, place: Place) -> AsyncGenerator[bytes, None]:
    """The stream, as long as it is."""
    follower = _Follower(service, wanted, place)
    with service.streams.opened(token_key):
        # The place is told before the first event, so that a stream that ends before it loses nothing.
        yield f"retry: {RETRY_MILLISECONDS}\nid: {place}\n\n".encode()
        async with service.news.listening():
            while told := await follower.next():
                yield told


class _Follower:
    """Goes through the events of one stream."""

    def __init__(self, service: Service, wanted: Wanted, place: Place) -> None:
        self._service = service
        self._wanted = wanted
        self._place = place
        self._told = time.monotonic()
        self._end = self._told + STREAM_SECONDS
        self._pause = 0.0

    async def next(self) -> bytes:
        """Events as they come, or a sign of life between; nothing at the end."""
        service = self._service
        await asyncio.sleep(self._pause)
        while not service.stopping.is_set() and time.monotonic() < self._end:
            seen = service.news.count
            async with service.database.reading() as reading:
                found, self._place, more = await events.after(reading, self._wanted, self._place)
            self._pause = 0.0 if more else PAUSE_SECONDS
            if found:
                self._told = time.monotonic()
                return b"".join(_shown(each) for each in found)
            if time.monotonic() - self._told >= HEARTBEAT_SECONDS:
                self._told = time.monotonic()
                return f": nothing new\nid: {self._place}\n\n".encode()
            await asyncio.sleep(self._pause)
            if not more and not service.stopping.is_set():
                await service.news.wait(seen, LOOK_SECONDS)
        return b""


def _shown(event: Event) -> bytes:
    data = msgspec.json.encode(message(event))
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event.id.encode(), event.type.encode(), data)


OPERATIONS = (
    Operation(
        "GET",
        "/events",
        stream_events,
        Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read"),
        "Stream Events",
        query=(
            Parameter("after", "The id of the last event that was seen; 0 for none."),
            Parameter("customerId", "Only events of this customer."),
            Parameter("type", "Only events of these types.", choices=TYPES, default=(), many=True),
            ON_BEHALF,
        ),
        answers={200: Text(EVENT_STREAM)},
    ),
)

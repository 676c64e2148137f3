"""Events on the wire: a stream of what becomes of a partner's customers, as server-sent events."""

import msgspec

from allot.api.partners import ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.event import TYPES, Place, message
from allot.core.failure import Failure
from allot.service import events
from allot.service.events import Wanted
from allot.service.service import Service
from allot.wire.events import EVENT_STREAM, event, follow
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights, Text

# Between two looks of one stream at least: in a busy service there is something new all the time.
PAUSE_SECONDS = 0.02


async def stream_events(request: Request) -> Reply:
    """Stream the status changes of customers, packages and subscribers, as server-sent events.

    Each event has its `id`, its type in `event`, and JSON in `data`: type, timestamp and data, as webhooks get it.
    A stream begins now; with the header `Last-Event-ID`, or `after`, right after that event, however long ago it was:
    `after=0` begins with the first one. No event is left out, and none comes twice. A stream ends after ten minutes,
    or when the server stops; clients come again with the last id.
    """
    partner = await acting(request, changes=False)
    customer = request.query["customerId"]
    customer_id = (ids.decode("ENTERPRISE", customer) or ids.decode("CUSTOMER", customer)) if customer else ""
    if customer_id is None:
        raise Failure.invalid("customerId: is no customer's id; send the id as the API gave it")
    wanted = Wanted(partner.org_id, customer_id, request.query["type"])
    place = await _place(request, partner.org_id)
    reply = follow(request, _Watch(request.service, wanted, place), request.service.news)
    reply.headers.append((b"cache-control", b"no-store"))
    return reply


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


class _Watch:
    """Goes through the events of one stream."""

    def __init__(self, service: Service, wanted: Wanted, place: Place) -> None:
        self._service = service
        self._wanted = wanted
        self._place = place
        self.pause = PAUSE_SECONDS

    @property
    def place(self) -> str:
        """After the last event that was looked at."""
        return str(self._place)

    async def look(self) -> bytes:
        """The next events."""
        async with self._service.database.reading() as reading:
            found, self._place, more = await events.after(reading, self._wanted, self._place)
        self.pause = 0.0 if more else PAUSE_SECONDS
        return b"".join(event(each.id, each.type, msgspec.json.encode(message(each))) for each in found)


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
        headers=(Parameter("Last-Event-ID", "As `after`, which it goes before: what browsers send to come again."),),
        answers={200: Text(EVENT_STREAM)},
    ),
)

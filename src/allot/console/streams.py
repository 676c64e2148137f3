"""Streams: parts of a page that change by themselves, told as server-sent events to whoever looks at them.

A page names the place in its partner's journal that it was made at, and which parts it has. Whatever becomes of
customers, runs and reports is in that journal: as long as nothing is added to it, nothing has changed.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping

from allot.console.visits import Visit
from allot.service import events
from allot.wire.events import EVENT_STREAM, event
from allot.wire.events import follow as followed
from allot.wire.operation import Reply

#: makes the parts of a page as they are now: what htmx calls each, and its HTML
Parts = Callable[[], Awaitable[Mapping[str, bytes]]]

#: tells a page to fetch itself anew: it has other parts by now
OTHERS = "others"


async def place(visit: Visit, org_id: str) -> str:
    """How far a partner's journal is. To be read before what is shown of it."""
    async with visit.service.database.reading() as reading:
        return str(await events.place_now(reading, org_id))


def names_of(parts: Iterable[str]) -> str:
    """A short word for which parts there are, in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def follow(visit: Visit, org_id: str, parts: Parts) -> Reply:
    """The stream of a page that was made `at` a place and `has` these parts, as its address says."""
    return followed(visit, _Watch(visit, org_id, parts), visit.service.news)


def others() -> Reply:
    """The stream of whoever has no session any more: the page fetches itself anew, and is led to the sign-in."""
    return Reply(200, event("", OTHERS, b""), content_type=EVENT_STREAM.encode())


class _Watch:
    """What one page shows, and what is new since."""

    #: nobody reads faster
    pause = 0.2
    #: the address of the page says where it begins
    place = ""

    def __init__(self, visit: Visit, org_id: str, parts: Parts) -> None:
        self._visit = visit
        self._org_id = org_id
        self._parts = parts
        self._at = ""
        self._told: Mapping[str, bytes] | None = None

    async def look(self) -> bytes:
        """The parts that are new."""
        at = await place(self._visit, self._org_id)
        if at == self._at:
            return b""
        now = await self._parts()
        # What came to the journal since then may be in these parts already, and is not in the page.
        same = self._told is not None or await place(self._visit, self._org_id) == at
        self._at = at
        return self._news(at, now, same=same)

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

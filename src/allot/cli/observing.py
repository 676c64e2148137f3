"""Observing: what is told of every request, in the log and as traces, when that is asked for."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allot.service.clock import Clock

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]

log = logging.getLogger("allot.requests")


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that was answered; `status` 0 when the client went away before."""

    #: the operation's name; "unknown" for a path that is none
    operation: str
    method: str
    path: str
    status: int
    tracking_id: str
    address: str
    started: datetime
    took: timedelta
    headers: dict[str, str]


class Observed:
    """An ASGI application whose requests are told to observers when they are answered."""

    def __init__(self, app: App, clock: Clock, observers: list[Callable[[Seen], None]]) -> None:
        self._app = app
        self._clock = clock
        self._observers = observers

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        started, from_ = self._clock.now(), time.perf_counter()
        status, tracking_id = 0, ""

        async def watch(message: MutableMapping[str, Any]) -> None:
            nonlocal status, tracking_id
            if message["type"] == "http.response.start":
                status = message["status"]
                tracking_id = dict(message["headers"]).get(b"trackingid", b"").decode()
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            seen = Seen(
                scope.get("operation", "unknown"),
                scope["method"],
                scope["path"],
                status,
                tracking_id,
                (scope.get("client") or ("",))[0],
                started,
                timedelta(seconds=time.perf_counter() - from_),
                {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            )
            for observe in self._observers:
                observe(seen)


def write_line(seen: Seen) -> None:
    """Log one request in one line; neither its query nor its headers, which may hold secrets."""
    milliseconds = seen.took.total_seconds() * 1000
    # What a client chose is shown as a literal: it could hold line breaks.
    log.info(
        "%s %s %s %d %.1f ms %s",
        seen.tracking_id,
        seen.method,
        ascii(seen.path)[1:-1],
        seen.status,
        milliseconds,
        seen.address,
    )

"""Background: all that works beside the requests, started and closed together."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from allot.engine.deliveries import Deliverer, Poster
from allot.engine.reports import Maker
from allot.engine.worker import Worker
from allot.service.service import Service


class Loop(Protocol):
    """Something that works until it is closed."""

    def start(self) -> None:
        """Work in the background, on the running loop."""
        ...

    async def close(self) -> None:
        """Finish what is begun, then stop."""
        ...


class Background:
    """What one process does besides answering requests; any number of processes do it on one database.

    `open_poster` makes what sends to webhooks, each message within so many seconds: it is called when there is one.
    """

    def __init__(self, service: Service, open_poster: Callable[[float], Poster]) -> None:
        self.worker = Worker(service)
        self._loops: tuple[Loop, ...] = (self.worker, Maker(service), Deliverer(service, open_poster))

    def start(self) -> None:
        """Start everything, on the running loop."""
        for loop in self._loops:
            loop.start()

    async def close(self) -> None:
        """Finish what is begun, then stop everything."""
        ends = await asyncio.gather(*(loop.close() for loop in self._loops), return_exceptions=True)
        for end in ends:
            if end is not None:
                raise end

"""News: waking everybody in this process who waits for what is committed, here or elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from allot.service.bells import Bell
from allot.store.database import Database
from allot.store.journal import NEWS


class News:
    """Counts what came, so that nobody who looks between two waits misses anything."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: set[asyncio.Future[None]] = set()
        self._bells: list[Bell] = []
        self._listeners = 0
        self._listening: asyncio.Task[None] | None = None
        self.count = 0

    def ring(self) -> None:
        """Something was committed."""
        self.count += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, set()
            for each in waiting:
                if not each.done():
                    each.set_result(None)
        for bell in self._bells:
            bell.ring()

    async def wait(self, seen: int, seconds: float) -> None:
        """Until there is more than when `count` was `seen`, or for so long."""
        if self.count != seen:
            return
        coming = asyncio.get_running_loop().create_future()
        self._waiting.add(coming)
        try:
            await asyncio.wait((coming,), timeout=seconds)
        finally:
            self._waiting.discard(coming)

    @asynccontextmanager
    async def listening(self, *bells: Bell) -> AsyncIterator[None]:
        """While its block runs, hear of what other processes commit, where the database can tell.

        These bells are rung as well.
        """
        self._bells += bells
        self._listeners += 1
        if self._listeners == 1:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            self._bells = [bell for bell in self._bells if bell not in bells]
            self._listeners -= 1
            if not self._listeners and self._listening is not None:
                self._listening.cancel()
                await asyncio.wait((self._listening,))

    async def _listen(self) -> None:
        async with self._database.listening(NEWS, self.ring):
            await asyncio.Event().wait()

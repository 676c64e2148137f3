"""News: waking everybody in this process who waits for what is committed, here or elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from allot.service.bells import Bell, Gong
from allot.store.database import Database
from allot.store.journal import NEWS


class News(Gong):
    """Rung when something was committed."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._bells: list[Bell] = []
        self._listeners = 0
        self._listening: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Something was committed."""
        super().ring()
        for bell in self._bells:
            bell.ring()

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

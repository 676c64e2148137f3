"""Patience: how long a client that sends slowly is waited for.

One look a second at all that is being waited for, because a timer for every request would cost
more than most requests take.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_SECONDS = 1.0


class Patience:
    """Waits at most about `seconds` for each thing."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        #: waiting task -> when its time is over
        self._waiting: dict[asyncio.Task[Any], float] = {}
        self._over: set[asyncio.Task[Any]] = set()
        self._looking = False

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """What `awaitable` gives; TimeoutError when that takes too long."""
        task = asyncio.current_task()
        assert task is not None  # there is always one inside a coroutine
        loop = asyncio.get_running_loop()
        self._waiting[task] = loop.time() + self.seconds
        if not self._looking:
            self._looking = True
            loop.call_later(LOOK_SECONDS, self._look, loop)
        try:
            return await awaitable
        except asyncio.CancelledError:
            if task not in self._over:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._waiting[task]
            self._over.discard(task)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, end in self._waiting.items():
            if end <= now and task not in self._over:
                self._over.add(task)
                task.cancel()
        self._looking = bool(self._waiting)
        if self._looking:
            loop.call_later(LOOK_SECONDS, self._look, loop)

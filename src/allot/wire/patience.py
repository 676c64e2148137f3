"""Patience: how long a client that sends slowly is waited for.

One look a second at all that is being waited for: a timer for every request, and even asking which
task it runs in, would cost more than most of the work that is done for it.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_SECONDS = 1.0


class Patience:
    """Waits at most about `seconds` for each coroutine."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        #: what is waited for -> when its time is over
        self._waiting: dict[object, float] = {}
        self._over: set[object] = set()
        self._looking = False

    async def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What `coroutine` gives; TimeoutError when that takes too long."""
        self._waiting[coroutine] = time.monotonic() + self.seconds
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        try:
            return await coroutine
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if coroutine not in self._over or task is None:
                raise
            task.uncancel()
            raise TimeoutError from None
        finally:
            del self._waiting[coroutine]
            self._over.discard(coroutine)

    def _look(self) -> None:
        now = time.monotonic()
        late = {coroutine for coroutine, end in self._waiting.items() if end <= now} - self._over
        for task in asyncio.all_tasks() if late else ():
            # What a task waits for is at the end of a chain of coroutines, each awaiting the next.
            awaited: object = task.get_coro()
            while awaited is not None and awaited not in late:
                awaited = getattr(awaited, "cr_await", None)
            if awaited is not None:
                self._over.add(awaited)
                task.cancel()
        self._looking = bool(self._waiting)
        if self._looking:
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

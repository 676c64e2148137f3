"""Bells: waking what waits for work, in this process."""

import asyncio


class Bell:
    """Rung when there is something to do."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits, now or next."""
        self._event.set()

    async def wait(self, seconds: float | None) -> None:
        """Until it rings, or for so long; a ring since the last wait counts."""
        try:
            await asyncio.wait_for(self._event.wait(), seconds)
        except TimeoutError:
            return
        self._event.clear()


class Gong:
    """Rung for everybody who waits. It counts, so that nobody who looks between two waits misses anything."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.count = 0

    def ring(self) -> None:
        """Wake all who wait."""
        self.count += 1
        if self._waiting:
            waiting, self._waiting = self._waiting, set()
            for each in waiting:
                if not each.done():
                    each.set_result(None)

    async def wait(self, seen: int, seconds: float) -> None:
        """Until it has rung since `count` was `seen`, or for so long."""
        if self.count != seen:
            return
        coming = asyncio.get_running_loop().create_future()
        self._waiting.add(coming)
        try:
            await asyncio.wait((coming,), timeout=seconds)
        finally:
            self._waiting.discard(coming)

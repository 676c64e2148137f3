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

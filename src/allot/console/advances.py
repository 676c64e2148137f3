"""Advances: how far the apply of a plan is and how fast it goes, by its journal, which another process writes."""

import asyncio
import time
from collections import deque
from datetime import UTC, datetime

from allot.bulk.applied.journals import JournalFault
from allot.bulk.applied.tails import Tail, Told
from allot.bulk.shown.bars import Bar, stacked
from allot.service.clock import stamp

# The journal is read so often at most, in seconds, however many look at it.
LOOK_SECONDS = 0.25
# The rate is that of the last seconds; where nothing came for so long, it is not said that something moves.
RATE_SECONDS = 10.0


class Advance:
    """What a journal says, for all who look at it. `total`: changes of the plan."""

    def __init__(self, tail: Tail, total: int) -> None:
        self.total = total
        self.told = Told()
        #: whether the journal was read to its end at least once
        self.known = False
        #: why the journal cannot be read; empty when it can
        self.fault = ""
        self._tail = tail
        self._reading: asyncio.Task[None] | None = None
        self._looked = 0.0
        #: times, and how many changes were answered then
        self._seen: deque[tuple[float, int]] = deque()

    async def look(self, seconds: float) -> None:
        """Read on, and wait for that some seconds at most: a long journal takes a second when it is new."""
        if self._reading is None or (self._reading.done() and time.monotonic() - self._looked >= LOOK_SECONDS):
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait((self._reading,), timeout=seconds)

    async def _read(self) -> None:
        path = self._tail.path
        try:
            self.told = await asyncio.to_thread(self._take)
            self.fault = ""
        except JournalFault as fault:
            self.fault = str(fault).replace(str(path), path.name)
        except OSError as fault:
            self.fault = f"{path.name} cannot be read ({fault.strerror})"
        self.known = True
        self._looked = time.monotonic()
        answered = self.told.decided + self.told.open
        if not answered:
            # Nobody has begun: what was before does not make it slower.
            self._seen.clear()
        self._seen.append((self._looked, answered))
        while self._looked - self._seen[0][0] > RATE_SECONDS:
            self._seen.popleft()

    def _take(self) -> Told:
        self._tail.read()
        return self._tail.told()

    @property
    def ended(self) -> bool:
        """Whether it is known of every change what became of it."""
        return self.told.decided == self.total

    @property
    def left(self) -> int:
        """Changes of which nothing is known yet."""
        return self.total - self.told.decided - self.told.open

    @property
    def rate(self) -> float:
        """Changes a second that were answered, by the last seconds; 0 where nothing moves, or is not known."""
        if len(self._seen) < 2 or self.ended:
            return 0.0
        (begun, first), (now, last) = self._seen[0], self._seen[-1]
        return max(0, last - first) / (now - begun)

    @property
    def seconds_left(self) -> float:
        """How long the rest takes at this rate; 0 where that is not known."""
        return self.left / self.rate if self.rate else 0.0

    @property
    def modified(self) -> str:
        """When the journal was written last, ISO-8601 UTC."""
        return stamp(datetime.fromtimestamp(self.told.modified, UTC))

    @property
    def bar(self) -> Bar:
        told = self.told
        return stacked([("applied", told.done), ("refused", told.failed), ("less", told.open)], self.total)

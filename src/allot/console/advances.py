"""Advances: how far the apply of a plan is and how fast it goes, by its journal, which another process writes."""

import asyncio
import time
from collections import deque
from datetime import UTC, datetime

from allot.bulk.applied.journals import JournalFault
from allot.bulk.applied.tails import Tail
from allot.bulk.shown.bars import Bar, stacked
from allot.service.clock import stamp

# The journal is read so often at most, in seconds, however many look at it.
LOOK_SECONDS = 0.25
# The rate is that of the last seconds; where nothing came for so long, it is not said that something moves.
RATE_SECONDS = 10.0


class Advance:
    """What a journal says, for all who look at it. `total`: changes of the plan."""

    def __init__(self, tail: Tail, total: int) -> None:
        self.tail = tail
        self.total = total
        #: why the journal cannot be read; empty when it can
        self.fault = ""
        self._one = asyncio.Lock()
        self._looked = 0.0
        #: times, and how many changes were decided then
        self._seen: deque[tuple[float, int]] = deque()

    async def look(self) -> None:
        """Read on."""
        async with self._one:
            now = time.monotonic()
            if now - self._looked < LOOK_SECONDS:
                return
            try:
                await asyncio.to_thread(self.tail.read)
                self.fault = ""
            except JournalFault as fault:
                self.fault = str(fault).replace(str(self.tail.path), self.tail.path.name)
            except OSError as fault:
                self.fault = f"{self.tail.path.name} cannot be read ({fault.strerror})"
            self._looked = time.monotonic()
            self._seen.append((self._looked, self.tail.decided))
            while len(self._seen) > 1 and self._looked - self._seen[0][0] > RATE_SECONDS:
                self._seen.popleft()

    @property
    def begun(self) -> bool:
        """Whether the plan was ever applied from here."""
        return self.tail.modified > 0

    @property
    def failed(self) -> int:
        """Changes that did not succeed."""
        return self.tail.decided - self.tail.done

    @property
    def left(self) -> int:
        """Changes of which nothing is known yet."""
        return self.total - self.tail.decided - self.tail.open

    @property
    def ended(self) -> bool:
        """Whether it is known of every change what became of it."""
        return self.tail.decided == self.total

    @property
    def rate(self) -> float:
        """Changes a second of which it became known, by the last seconds; 0 where nothing moves, or is not known."""
        if len(self._seen) < 2:
            return 0.0
        (begun, first), (now, last) = self._seen[0], self._seen[-1]
        return max(0, last - first) / (now - begun) if now > begun else 0.0

    @property
    def seconds_left(self) -> float:
        """How long the rest takes at this rate; 0 where that is not known."""
        return (self.total - self.tail.decided) / self.rate if self.rate else 0.0

    @property
    def modified(self) -> str:
        """When the journal was written last, ISO-8601 UTC."""
        return stamp(datetime.fromtimestamp(self.tail.modified, UTC))

    @property
    def bar(self) -> Bar:
        return stacked([("applied", self.tail.done), ("refused", self.failed), ("less", self.tail.open)], self.total)

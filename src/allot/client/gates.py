"""The gate that all requests of a client pass: told to wait, all wait; refused, all go slower; closed, none goes.

How many are under way at once, and how many begin in a second, fall when a server refuses (429, 423, 503) and rise
again slowly: the window is halved and rises as TCP's does; the rate falls to what the server took since it last
refused, waits included (to an eighth at least), and rises the faster the longer nothing is refused. Until the first
refusal only the window bounds them.
"""

import asyncio
import math
from collections import deque

# Requests a second that are always begun.
RATE_MIN = 1.0
# A rate that is no bound.
RATE_MAX = 100_000.0
# By how much the rate rises with each request taken, for each second since the last refusal: in ten seconds
# the rate is about a tenth higher, in a minute many times as high.
RISE = 0.002
# How far starts may lag behind the rate and catch up, in seconds: timers are no finer than a millisecond.
LAG = 0.01
# After so many seconds without a request, what was taken before tells nothing of what a server takes.
IDLE = 1.0


class Gate:
    """Lets at most `most` requests in at once. `enter`, then `leave`, and between them say how it went."""

    def __init__(self, most: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._most = most
        self._window = float(most)
        self._rate = math.inf
        self._inside = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed: Exception | None = None
        #: times of the loop: nobody enters before; the next one enters not before; when the pace fell last
        self._shut = self._next = 0.0
        self._fell = self._loop.time() - 0.001
        #: requests that were taken since then, or since there were any again; when the last one left
        self._taken, self._since, self._left = 0, self._fell, self._fell

    @property
    def waits(self) -> float:
        """Seconds until anybody may enter; 0 when it is open."""
        return max(0.0, self._shut - self._loop.time())

    async def enter(self) -> float:
        """Wait for one's turn; when it came, in the loop's time. Raises what the gate was closed with."""
        now = self._loop.time()
        free = self._inside < self._window and now >= max(self._shut, self._next)
        if self._queue or not free or self._closed is not None:
            turn = self._loop.create_future()
            self._queue.append(turn)
            self._let_in()
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.exception() is None:
                    self.leave()
                raise
            if self._closed is not None:
                self.leave()
                raise self._closed
            return self._loop.time()
        if not self._inside and now - self._left > IDLE:
            self._taken, self._since = 0, now
        self._count(now)
        return now

    def leave(self) -> None:
        """Make room for the next one."""
        self._inside -= 1
        self._left = self._loop.time()
        if self._queue:
            self._let_in()

    def taken(self) -> None:
        """A request was served."""
        self._taken += 1
        if self._window < self._most:
            self._window = min(float(self._most), self._window + 1 / self._window)
        if self._rate < RATE_MAX:
            self._rate += RISE * (self._loop.time() - self._fell)

    def refused(self, entered: float, seconds: float) -> None:
        """A request that entered at this time was refused, with an order to wait so long, or none (0).

        All go slower, once for those that were under way together.
        """
        self._shut = max(self._shut, self._loop.time() + seconds)
        if entered <= self._fell:
            return
        now = self._loop.time()
        if self._taken:
            seen = self._taken / max(now - self._since, 0.001)
            least = RATE_MIN if self._rate == math.inf else self._rate / 8
            self._rate = max(RATE_MIN, least, min(seen, self._rate))
        self._window = max(1.0, self._window / 2)
        self._fell = self._since = now
        self._taken = 0

    def close(self, why: Exception) -> None:
        """Let nobody in any more: whoever waits or comes is refused with this."""
        self._closed = why
        self._let_in()

    async def hold(self, seconds: float) -> None:
        """Let nobody in for so long."""
        self._shut = max(self._shut, self._loop.time() + seconds)

    def _count(self, now: float) -> None:
        self._inside += 1
        if self._rate < RATE_MAX:
            self._next = max(self._next, now - LAG) + 1 / self._rate

    def _let_in(self) -> None:
        """Let in whose turn it is; come back when nobody's is yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._closed is not None and self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(self._closed)
        while self._queue and self._inside < self._window:
            now, at = self._loop.time(), max(self._shut, self._next)
            if at > now:
                self._timer = self._loop.call_at(at, self._let_in)
                return
            turn = self._queue.popleft()
            if not turn.done():
                self._count(now)
                turn.set_result(None)

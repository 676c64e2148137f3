"""Rate limits: a token bucket for each access token."""

import math
import time

from allot.core.failure import Failure, Kind
from allot.service.settings import Settings

# Buckets that are full again are forgotten when there are more than this.
BUCKETS_MAX = 10_000


class Limits:
    """Allows `rate_limit` requests a second per token, after a burst."""

    def __init__(self, settings: Settings) -> None:
        self._rate = settings.rate_limit
        self._burst = float(max(1, settings.rate_burst))
        #: token key -> (requests left, when that was so)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, token_key: str) -> None:
        """Count one request. Raises Failure with the seconds to wait when the bucket is empty."""
        if self._rate <= 0:
            return
        now = time.monotonic()
        left, since = self._buckets.get(token_key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        if left < 1:
            wait = math.ceil((1 - left) / self._rate)
            raise Failure(Kind.TOO_MANY, "Too many requests", (f"Wait {wait} seconds before the next request",), wait)
        if len(self._buckets) >= BUCKETS_MAX:
            self._forget_full(now)
        self._buckets[token_key] = (left - 1, now)

    def _forget_full(self, now: float) -> None:
        self._buckets = {
            key: (left, since)
            for key, (left, since) in self._buckets.items()
            if left + (now - since) * self._rate < self._burst
        }

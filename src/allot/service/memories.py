"""Memories: what the database said lately, believed for seconds so that not every request asks it."""

import time
from typing import Generic, TypeVar

T = TypeVar("T")

#: how long what was read is believed: a token that is revoked, or a partner that is suspended, is noticed after it
REMEMBERED_SECONDS = 2.0
REMEMBERED_MAX = 10_000


class Memory(Generic[T]):
    """Values by key, each for `REMEMBERED_SECONDS` since it was read."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, T]] = {}

    def get(self, key: str) -> T | None:
        """What was read under this key within the last seconds."""
        known = self._known.get(key)
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def keep(self, key: str, value: T | None) -> T | None:
        """Remember what was just read, where there is something; it is given back."""
        if value is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= REMEMBERED_MAX:
            self._known.clear()
        self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()

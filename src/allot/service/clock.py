"""Time as an input: nothing else in allot reads the clock."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The time, with its zone."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A time as it is stored and shown: fixed width, UTC, milliseconds; texts compare as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(at: datetime, **delta: float) -> str:
    """The stamp of a time after `at`; `delta` as for timedelta."""
    return stamp(at + timedelta(**delta))

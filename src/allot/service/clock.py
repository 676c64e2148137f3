"""Time as an input: nothing else in allot reads the clock."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Setting:
    """How the time of a database differs from the machine's; settings are numbered in their order."""

    version: int = 0
    #: stands still at this time
    frozen: datetime | None = None
    #: else this much ahead, never behind
    ahead: timedelta = timedelta()

    def at(self, machine: datetime) -> datetime:
        """What time it is when the machine says so."""
        return self.frozen or machine + self.ahead


class SettableClock:
    """The time of a database: the machine's, ahead of it, or standing still. It never goes backwards by being set."""

    def __init__(self) -> None:
        self._setting: Setting | None = None

    @property
    def setting(self) -> Setting:
        """How it is set."""
        return self._setting or Setting()

    def now(self) -> datetime:
        setting = self._setting
        return datetime.now(UTC) if setting is None else setting.at(datetime.now(UTC))

    def set(self, setting: Setting) -> None:
        """Go by a setting, unless it is older than the one that it goes by."""
        if setting.version > self.setting.version:
            self._setting = setting


def stamp(at: datetime) -> str:
    """A time as it is stored and shown: fixed width, UTC, milliseconds; texts compare as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_stamp(text: str) -> datetime:
    """The time of a stamp."""
    return datetime.fromisoformat(text)


def later(at: datetime, **delta: float) -> str:
    """The stamp of a time after `at`; `delta` as for timedelta."""
    return stamp(at + timedelta(**delta))

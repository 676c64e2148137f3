"""Clocks: setting the time of a database, and going by it in every process."""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allot.core.call import Call
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.service import changes, loops
from allot.service.bells import Bell
from allot.service.changes import Done
from allot.service.clock import Clock, SettableClock, Setting, SystemClock, read_stamp, stamp
from allot.service.context import Context
from allot.service.customers import WORK
from allot.store import clocks as store
from allot.store import journal
from allot.store.clocks import Kept
from allot.store.database import Database, Reading, Writing

#: what tells other processes that the clock was set
SET = "allot_clock"
# How often a process looks by itself: it cannot always be told.
LOOK_SECONDS = 0.5
#: later times are refused: stamps have four digits for the year, and what is planned needs room
LAST = datetime(9000, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

log = logging.getLogger("allot.clocks")


@dataclass(frozen=True, slots=True)
class Change:
    """How the clock shall be set."""

    call: Call
    #: freeze: when it shall stand still, or advance: until when it shall go; None for now
    at: datetime | None = None
    #: advance: how far, when no time is named
    seconds: float = 0.0


async def freeze(writing: Writing, context: Context, asked: Sequence[Change]) -> list[Setting | Failure]:
    """Let the clock stand still, at a time to come or now. A Failure (conflict) for a time that is over."""
    return await _set(writing, "clock.freeze", asked, _frozen)


async def advance(writing: Writing, context: Context, asked: Sequence[Change]) -> list[Setting | Failure]:
    """Put the clock forward, whether it stands still or not; it stays as it is where it is later already."""
    return await _set(writing, "clock.advance", asked, _advanced)


async def release(writing: Writing, context: Context, asked: Sequence[Change]) -> list[Setting | Failure]:
    """Let the clock go on: from the machine's time, or from where it stood when that is later."""
    return await _set(writing, "clock.release", asked, _released)


async def _set(
    writing: Writing,
    action: str,
    asked: Sequence[Change],
    to: Callable[[Setting, datetime, Change], Setting | Failure],
) -> list[Setting | Failure]:
    setting = _read(await store.lock(writing))
    answers: list[Setting | Failure] = []
    entries: list[Entry] = []
    for change in asked:
        machine = SystemClock().now()
        found = to(setting, machine, change)
        if isinstance(found, Setting) and found.at(machine) >= LAST:
            found = Failure.invalid(f"the clock can be set to times before {stamp(LAST)} only")
        answers.append(found)
        if isinstance(found, Failure):
            continue
        before, after = stamp(setting.at(machine)), stamp(found.at(machine))
        detail = {"before": before, "after": after, "frozen": found.frozen is not None}
        done = Done(None, "", 200, detail)
        entries.append(changes.entry(change.call, change.call.caller.org_id, action, after, done))
        setting = found
    await store.write(writing, _kept(setting))
    await journal.write(writing, entries)
    await writing.announce(SET)
    await writing.announce(WORK)
    return answers


def _frozen(setting: Setting, machine: datetime, change: Change) -> Setting | Failure:
    now = _whole(setting.at(machine))
    at = now if change.at is None else _whole(change.at)
    if at < now:
        return Failure.conflict(
            f"at: it is {stamp(now)} already, and time does not go back; name a later time, or none"
        )
    return Setting(setting.version + 1, at)


def _advanced(setting: Setting, machine: datetime, change: Change) -> Setting | Failure:
    now = setting.at(machine)
    further = timedelta(seconds=change.seconds) if change.at is None else max(change.at - now, timedelta())
    # Rounded up, so that what was due at a time is due then.
    further = math.ceil(further / _MILLISECOND) * _MILLISECOND
    if setting.frozen is None:
        return Setting(setting.version + 1, None, setting.ahead + further)
    return Setting(setting.version + 1, setting.frozen + further)


def _released(setting: Setting, machine: datetime, change: Change) -> Setting | Failure:
    if setting.frozen is None:
        return setting
    ahead = max(setting.frozen - machine, timedelta())
    return Setting(setting.version + 1, None, math.ceil(ahead / _MILLISECOND) * _MILLISECOND)


def _whole(at: datetime) -> datetime:
    """A time as stamps have it: in whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _read(kept: Kept) -> Setting:
    frozen = read_stamp(kept.frozen) if kept.frozen else None
    return Setting(kept.version, frozen, kept.ahead_ms * _MILLISECOND)


def _kept(setting: Setting) -> Kept:
    frozen = stamp(setting.frozen) if setting.frozen else None
    return Kept(setting.version, frozen, setting.ahead // _MILLISECOND)


async def follow(reading: Reading, clock: SettableClock) -> None:
    """Make a process's clock go as the database says."""
    kept = await store.read(reading)
    if kept is not None:
        clock.set(_read(kept))


async def of(reading: Reading) -> Clock:
    """The clock of a database, as it is set now."""
    clock = SettableClock()
    await follow(reading, clock)
    return clock


class Follower:
    """Keeps the clock of a process as the database says, whichever process sets it."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        self._database = database
        self._clock = clock
        self._bell = Bell()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow in the background, on the running loop."""
        self._task = asyncio.create_task(self._follow())

    async def close(self) -> None:
        """Stop following."""
        # A wait that ends at the same moment does not notice that it is cancelled.
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        async with self._database.listening(SET, self._bell.ring):
            while not self._closing:
                await loops.attempt(self._look(), log, "the clock goes on as it did")
                await self._bell.wait(LOOK_SECONDS)

    async def _look(self) -> None:
        async with self._database.reading() as reading:
            await follow(reading, self._clock)

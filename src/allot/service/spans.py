"""Spans: letting time go by until nothing is left to do, as a test wants it, without waiting for it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from allot.core.call import Call
from allot.service import clocks
from allot.service.clock import Setting, read_stamp, stamp
from allot.service.clocks import Change
from allot.service.service import Service
from allot.service.writes import Operation as Write
from allot.store import clocks as store
from allot.store.clocks import Left

#: why a span came to its end: nothing more to do, time is up on the clock that is set, or on the wall
IDLE, HORIZON, LIMIT = "idle", "horizon", "limit"
# How often it is looked whether the workers are done: a look is short, and so are steps.
LOOK_SECONDS = 0.005
LEFT_MAX = 100


@dataclass(frozen=True, slots=True)
class Span:
    """What a span came to."""

    started: datetime
    ended: datetime
    stopped: str
    #: attempts at steps of the caller's customers that were carried out
    steps: int
    #: what is not over of these customers' runs, so many at most
    left: list[Left]


async def turn(service: Service, write: Write, change: Change) -> Setting:
    """Set the clock; this process goes by it when the answer is there, the others within a second."""
    setting: Setting = await service.writes.submit(change.call.caller.org_id, write, change)
    service.clock.set(setting)
    service.bell.ring()
    return setting


async def run(service: Service, call: Call, seconds: float, limit: float) -> Span:
    """Put the clock forward from one step that is due to the next, and have each carried out, until none is left.

    Not further than `seconds` on the clock, and not longer than `limit` seconds of real time.
    """
    org_id = call.caller.org_id
    async with service.database.reading() as reading:
        await clocks.follow(reading, service.clock)
        before = await store.journals(reading, org_id)
    started = service.clock.now()
    stopped = await _run(service, call, started + timedelta(seconds=seconds), limit)
    async with service.database.reading() as reading:
        steps = await store.carried(reading, before)
        left = await store.left(reading, org_id, LEFT_MAX)
    return Span(started, service.clock.now(), stopped, steps, left)


async def _run(service: Service, call: Call, horizon: datetime, limit: float) -> str:
    """Why it came to its end."""
    end = time.monotonic() + limit
    service.bell.ring()
    while time.monotonic() < end:
        async with service.database.reading() as reading:
            due, running = await store.ahead(reading)
        if running or (due is not None and due <= stamp(service.clock.now())):
            await asyncio.sleep(LOOK_SECONDS)
            continue
        if due is None:
            return IDLE
        next_ = min(read_stamp(due), horizon)
        await turn(service, clocks.advance, Change(call, at=next_))
        if next_ == horizon and due > stamp(horizon):
            return HORIZON
    return LIMIT

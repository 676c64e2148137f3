"""The clock on the wire: what time it is, and setting it for tests that will not wait."""

from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service import clocks, spans
from allot.service.clock import read_stamp, stamp
from allot.service.clocks import Change
from allot.service.service import Service
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import read_time

#: so far the clock is put forward at once
SECONDS_MAX = timedelta(days=3660).total_seconds()
LIMIT_MAX = 60.0


class Clock(msgspec.Struct, rename="camel"):
    """What time it is: standing still, or going on, and then this much ahead of the machine's time."""

    now: str
    frozen: bool
    ahead_seconds: float


class ClockFreeze(msgspec.Struct):
    """When the clock shall stand still: a time to come, such as 2026-05-04T10:00:00.000Z; now when it is left out."""

    at: str | None = None


class ClockAdvance(msgspec.Struct):
    """How far the clock is put forward, in seconds."""

    seconds: float


class ClockRun(msgspec.Struct):
    """How far the clock may go at most, and how long the call may take in real time; both in seconds."""

    seconds: float = 86_400.0
    limit: float = 10.0


class StepLeft(msgspec.Struct, rename="camel"):
    """A step that is not over, of a run that lives: what it is for, and how it stands."""

    org_id: str
    customer_id: str
    run: int
    step: int
    name: str
    state: str
    package: str | UnsetType = UNSET
    due: str | UnsetType = UNSET


class ClockRunResponse(msgspec.Struct, rename="camel"):
    """What a run of the clock came to.

    `stopped` is `idle` when nothing was left to do, `horizon` when the next step is due later than the clock might go,
    and `limit` when there was no more real time. `steps` counts attempts at steps of the caller's customers; `left`
    has what is not over of theirs, such as held packages, a hundred at most.
    """

    started: str
    now: str
    seconds: float
    stopped: str
    steps: int
    left: list[StepLeft]


async def get_clock(request: Request) -> Reply:
    """Show what time it is for everything that allot does and stores."""
    service = request.service
    async with service.database.reading() as reading:
        await clocks.follow(reading, service.clock)
    return _shown(service)


async def freeze_clock(request: Request) -> Reply:
    """Let the clock stand still, for all processes on the database.

    Nothing is due any more until the clock is put forward or released: what is being provisioned stays as it is. A
    time that is over is refused with 409: time does not go back.
    """
    body: ClockFreeze = request.body
    found: list[str] = []
    at = read_time(found, "at", body.at)
    if found:
        raise invalid(found)
    await spans.turn(request.service, clocks.freeze, Change(request.call, read_stamp(at) if at else None))
    return _shown(request.service)


async def advance_clock(request: Request) -> Reply:
    """Put the clock forward. What is due by then is carried out after the answer; `POST /clock/run` waits for it."""
    body: ClockAdvance = request.body
    check(("seconds", body.seconds, SECONDS_MAX))
    await spans.turn(request.service, clocks.advance, Change(request.call, seconds=body.seconds))
    return _shown(request.service)


async def release_clock(request: Request) -> Reply:
    """Let the clock go on: from where it stands when that is ahead of the machine's time, else from the machine's."""
    await spans.turn(request.service, clocks.release, Change(request.call))
    return _shown(request.service)


async def run_clock(request: Request) -> Reply:
    """Put the clock forward from one due step to the next until nothing is left to do, and answer what happened.

    The steps are carried out by the workers, as ever, each at the time when it is due. Held steps stay where they are.
    """
    body: ClockRun = request.body
    check(("seconds", body.seconds, SECONDS_MAX), ("limit", body.limit, LIMIT_MAX))
    span = await spans.run(request.service, request.call, body.seconds, body.limit)
    left = [
        StepLeft(
            ids.encode("ORGANIZATION", each.org_id),
            ids.encode("ENTERPRISE", each.customer_id),
            each.run,
            each.number,
            each.name,
            each.state,
            each.package or UNSET,
            each.due or UNSET,
        )
        for each in span.left
    ]
    seconds = round((span.ended - span.started).total_seconds(), 3)
    return Reply(200, ClockRunResponse(stamp(span.started), stamp(span.ended), seconds, span.stopped, span.steps, left))


def check(*members: tuple[str, float, float]) -> None:
    """Raises Failure (400) naming each (name, value, most) that is not above 0, or too large."""
    found = [
        f"{name}: must be a number of seconds above 0, {most:.0f} at most"
        for name, value, most in members
        if not 0 < value <= most
    ]
    if found:
        raise Failure.invalid(*found)


def _shown(service: Service) -> Reply:
    setting = service.clock.setting
    return Reply(
        200, Clock(stamp(service.clock.now()), setting.frozen is not None, round(setting.ahead.total_seconds(), 3))
    )


#: time is everybody's: it is set by administrators who change things, and from elsewhere with allot:admin as well
_RIGHTS = Rights((scopes.ADMIN, scopes.PEOPLE_WRITE, scopes.CUSTOMERS_WRITE))

OPERATIONS = (
    Operation("GET", "/clock", get_clock, None, "Show the Clock", answers={200: Clock}),
    Operation(
        "POST", "/clock/freeze", freeze_clock, _RIGHTS, "Freeze the Clock", body=ClockFreeze, answers={200: Clock}
    ),
    Operation(
        "POST", "/clock/advance", advance_clock, _RIGHTS, "Advance the Clock", body=ClockAdvance, answers={200: Clock}
    ),
    Operation(
        *("POST", "/clock/run", run_clock, _RIGHTS, "Run the Clock until Nothing Is Left to Do"),
        body=ClockRun,
        answers={200: ClockRunResponse},
    ),
    Operation("POST", "/clock/release", release_clock, _RIGHTS, "Release the Clock", answers={200: Clock}),
)

"""Runs on the wire: how far an order is, step by step, and trying again what was parked."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.customers import Error, customer_id
from allot.api.partners import ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service import runs
from allot.service.runs import Retry, Step
from allot.wire.operation import NUMBER_MAX, Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor
from allot.wire.values import read_number

RUNS_MAX = 100


class Run(msgspec.Struct, rename="camel"):
    """One order as it is carried out. It lives until it is `settled`."""

    run: int
    kind: str
    tracking_id: str
    created: str
    actor_id: str | UnsetType = UNSET
    settled: str | UnsetType = UNSET


class RunStep(msgspec.Struct, rename="camel"):
    """One step of a run; `says` tells in words how it stands, `after` has the steps that go before it.

    It takes `seconds` from the time when it is ready; `due` is when that is over.
    """

    step: int
    name: str
    state: str
    says: str
    after: list[int]
    attempts: int
    seconds: float
    package: str | UnsetType = UNSET
    due: str | UnsetType = UNSET
    started: str | UnsetType = UNSET
    ended: str | UnsetType = UNSET
    fault: Error | UnsetType = UNSET
    held_by: list[str] | UnsetType = UNSET


class RunDetails(msgspec.Struct, rename="camel"):
    """One order as it is carried out, with all its steps."""

    run: int
    kind: str
    tracking_id: str
    created: str
    steps: list[RunStep]
    actor_id: str | UnsetType = UNSET
    settled: str | UnsetType = UNSET


class RunCollectionResponse(msgspec.Struct):
    items: list[Run]


async def list_runs(request: Request) -> Reply:
    """List the runs of a customer, newest first: one for each order that was accepted."""
    key = await _key(request)
    cursor = read_cursor(request, 1)
    before = NUMBER_MAX if cursor is None else _number(cursor[0])
    size = request.query["max"]
    service = request.service
    async with service.database.reading() as reading:
        found = await runs.page(reading, service.context, key, before, size + 1)
    page = found[:size]
    headers = [next_link(request, cursor=encode_cursor(str(page[-1].number)))] if len(found) > size else []
    items = [
        Run(each.number, each.kind, each.tracking_id, each.created, _actor(each.actor_id), each.settled or UNSET)
        for each in page
    ]
    return Reply(200, RunCollectionResponse(items), headers)


async def get_run(request: Request) -> Reply:
    """Show how far a run is: each of its steps, at any time."""
    return await _shown(request, await _key(request))


async def retry_run(request: Request) -> Reply:
    """Try again what was parked: given up after too many attempts. The steps that were skipped for it go on too.

    Only a customer's last run can be retried. What failed for good is tried again by an update of the customer.
    """
    partner = await acting(request, changes=False)
    asked = Retry(request.call, partner, customer_id(request), _number(request.path["run"]))
    await request.service.writes.submit(partner.org_id, runs.retry, asked)
    request.service.bell.ring()
    return await _shown(request, asked.key, 202)


async def _key(request: Request) -> tuple[str, str]:
    partner = await acting(request, changes=False)
    return partner.org_id, customer_id(request)


async def _shown(request: Request, key: tuple[str, str], status: int = 200) -> Reply:
    service = request.service
    async with service.database.reading() as reading:
        past, steps = await runs.find(reading, service.context, key, _number(request.path["run"]))
    found = [_step(each) for each in steps]
    told = (past.number, past.kind, past.tracking_id, past.created)
    return Reply(status, RunDetails(*told, found, _actor(past.actor_id), past.settled or UNSET))


def _number(text: str) -> int:
    """The number of a run. Raises Failure (404) when it can be none."""
    number = read_number(text)
    if number is None:
        raise Failure.not_found(runs.NO_RUN)
    return number


def _actor(person_id: str | None) -> str | UnsetType:
    return ids.encode("PEOPLE", person_id) if person_id else UNSET


def _step(step: Step) -> RunStep:
    return RunStep(
        step.number,
        step.name,
        step.state,
        step.says,
        list(step.after),
        step.attempts,
        step.takes / 1000,
        step.package or UNSET,
        step.due or UNSET,
        step.started or UNSET,
        step.ended or UNSET,
        Error(*step.fault) if step.fault else UNSET,
        list(step.held_by) or UNSET,
    )


_READ = Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read")
_PATH = "/customers/{customerId}/runs"

OPERATIONS = (
    Operation(
        "GET",
        _PATH,
        list_runs,
        _READ,
        "List the Runs of a Customer",
        query=(Parameter("max", "How many runs at most.", int, RUNS_MAX, least=1, most=RUNS_MAX), CURSOR, ON_BEHALF),
        answers={200: RunCollectionResponse},
    ),
    Operation("GET", _PATH + "/{run}", get_run, _READ, "Show a Run", query=(ON_BEHALF,), answers={200: RunDetails}),
    Operation(
        "POST",
        _PATH + "/{run}/retry",
        retry_run,
        Rights((scopes.CUSTOMERS_WRITE,)),
        "Retry a Run",
        query=(ON_BEHALF,),
        answers={202: RunDetails},
    ),
)

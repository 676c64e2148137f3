"""Outcomes on the wire: what an integrator wants to see happen to a customer, and when."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.partners import ON_BEHALF, acting
from allot.core import ids
from allot.core import outcome as core
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.outcome import Draft
from allot.service import outcomes
from allot.service.customers import NOT_KNOWN
from allot.service.outcomes import Cancelling, Ordering
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor

OUTCOMES_MAX = 1000


class OutcomeOrder(msgspec.Struct, rename="camel"):
    """What shall happen to one run of a customer.

    `customerId` is left out for the next customer that is provisioned. `target` is a package, or one of the steps
    `organization`, `location`, `site` and `mapping`; every package when it is left out.

    `kind` says what happens. `hold`: the step does not go on until the outcome is deleted. `warn`: it succeeds with a
    warning, `errorCode` 2560 in Cisco's words, or yours. `fail`: it fails for good, with `errorCode` 90003 or yours.
    `flaky`: it fails so many `times`, once when left out, and then succeeds; from five times on it is given up before.
    `slow`: it takes so many `seconds` longer. `review`: the customer is `pending_rpl_review` until the review is
    decided, while its packages go on.
    """

    kind: str
    customer_id: str | None = None
    target: str | None = None
    error_code: int | None = None
    description: str | None = None
    times: int | None = None
    seconds: float | None = None


class Outcome(msgspec.Struct, rename="camel"):
    """An outcome that was ordered.

    Without `customerId` it is for the next customer that is provisioned, without `run` for the customer's next run;
    without `target` for every package.
    """

    id: str
    kind: str
    created: str
    customer_id: str | UnsetType = UNSET
    run: int | UnsetType = UNSET
    target: str | UnsetType = UNSET
    error_code: int | UnsetType = UNSET
    description: str | UnsetType = UNSET
    times: int | UnsetType = UNSET
    seconds: float | UnsetType = UNSET


class OutcomeCollectionResponse(msgspec.Struct):
    items: list[Outcome]


async def list_outcomes(request: Request) -> Reply:
    """List what is ordered for the partner's customers, also what has happened already."""
    partner = await acting(request, changes=False)
    cursor = read_cursor(request, 1)
    size = request.query["max"] or OUTCOMES_MAX
    async with request.service.database.reading() as reading:
        found = await outcomes.page(reading, partner.org_id, cursor[0] if cursor else "", size + 1)
    page = found[:size]
    headers = [next_link(request, cursor=encode_cursor(page[-1].id))] if len(found) > size else []
    return Reply(200, OutcomeCollectionResponse([_show(each) for each in page]), headers)


async def order_outcome(request: Request) -> Reply:
    """Order what shall happen to exactly one run: the customer's live one, else its next one.

    The journal marks each attempt at a step that went as ordered with `ordered`, the id of the outcome.
    """
    partner = await acting(request, changes=False)
    body: OutcomeOrder = request.body
    draft = Draft(body.kind, body.target or "", body.error_code, body.description, body.times, body.seconds)
    ordering = Ordering(request.call, partner.org_id, _customer_id(body.customer_id), draft)
    outcome: core.Outcome = await request.service.writes.submit(partner.org_id, outcomes.order, ordering)
    return Reply(201, _show(outcome))


async def delete_outcome(request: Request) -> Reply:
    """Take an outcome back. What it holds goes on; what has happened already is not undone."""
    partner = await acting(request, changes=False)
    id = ids.decode("OUTCOME", request.path["outcomeId"])
    if id is None:
        raise Failure.not_found(outcomes.NO_OUTCOME)
    await request.service.writes.submit(partner.org_id, outcomes.cancel, Cancelling(request.call, partner.org_id, id))
    request.service.bell.ring()
    return Reply(204)


def _customer_id(text: str | None) -> str | None:
    """The customer that a body names; Cisco's examples have two kinds of ids. Raises Failure (404)."""
    if text is None:
        return None
    value = ids.decode("CUSTOMER", text) or ids.decode("ENTERPRISE", text)
    if value is None:
        raise Failure.not_found(NOT_KNOWN)
    return value


def _show(outcome: core.Outcome) -> Outcome:
    told: dict[str, Any] = {}
    if outcome.kind in (core.WARN, core.FAIL, core.FLAKY):
        told = {"error_code": outcome.notice.code, "description": outcome.notice.description}
    if outcome.kind == core.FLAKY:
        told["times"] = outcome.times
    if outcome.kind == core.SLOW:
        told["seconds"] = outcome.milliseconds / 1000
    return Outcome(
        outcome.id,
        outcome.kind,
        outcome.created,
        ids.encode("ENTERPRISE", outcome.customer_id) if outcome.customer_id else UNSET,
        outcome.run or UNSET,
        outcome.target or UNSET,
        **told,
    )


_READ = Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read")
_WRITE = Rights((scopes.CUSTOMERS_WRITE,))

OPERATIONS = (
    Operation(
        "GET",
        "/outcomes",
        list_outcomes,
        _READ,
        "List Ordered Outcomes",
        query=(
            Parameter("max", "How many outcomes at most; 0 stands for the most.", int, 100, most=OUTCOMES_MAX),
            CURSOR,
            ON_BEHALF,
        ),
        answers={200: OutcomeCollectionResponse},
    ),
    Operation(
        "POST",
        "/outcomes",
        order_outcome,
        _WRITE,
        "Order an Outcome",
        query=(ON_BEHALF,),
        body=OutcomeOrder,
        answers={201: Outcome},
    ),
    Operation(
        "DELETE",
        "/outcomes/{outcomeId}",
        delete_outcome,
        _WRITE,
        "Take an Ordered Outcome Back",
        query=(ON_BEHALF,),
        answers={204: None},
    ),
)

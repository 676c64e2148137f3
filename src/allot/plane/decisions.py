"""Decisions on the wire: what PATCH /licenses/users would answer, all the reasons, and what to send instead."""

import asyncio

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.licenses import PatchUserLicenses, UserLicensesResponse, holding, read_assignment, reply_assigned
from allot.api.ways import Verb, to_send, verb
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.fault import describe
from allot.core.holding import Item, LicenseItem, SiteItem
from allot.core.rule import Rule
from allot.core.rulebook import Rulebook
from allot.core.way import Step as Way
from allot.service import licenses
from allot.service.context import Context
from allot.service.licenses import Assignment, Explained
from allot.wire import errors
from allot.wire.errors import ErrorResponse
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import organization_of

REQUESTS_MAX = 500


class DecisionsRequest(PatchUserLicenses):
    """The body of one PATCH /licenses/users, or several in `requests`, decided in their order."""

    requests: list[PatchUserLicenses] | None = None


class Violation(msgspec.Struct, rename="camel"):
    """One rule that stands against an item, with the error that it gives."""

    rule: str
    error_code: int
    message: str
    description: str
    remedy: str
    #: documented, observed, assumed or ours
    provenance: str
    source: str


class ItemDecision(msgspec.Struct, rename="camel"):
    """What would become of one item: of a license, by its id, or of a site."""

    operation: Verb
    accepted: bool
    violations: list[Violation]
    license: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    site_url: str | UnsetType = UNSET


class WayStep(msgspec.Struct, rename="camel"):
    """One item of a request to send. `irreversible`: number, extension and settings are lost with it.

    `propertiesNeeded`: the request lacks a phone number, or an extension with a location, which only you know.
    """

    operation: Verb
    asked: bool
    irreversible: bool
    properties_needed: bool
    license: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    site_url: str | UnsetType = UNSET


class WayRequest(msgspec.Struct):
    """One PATCH /licenses/users to send; it is accepted whole when the ones before it were sent."""

    request: PatchUserLicenses
    steps: list[WayStep]


class Decision(msgspec.Struct, rename="camel"):
    """What one request would get. `way` is what to send instead: nothing when it is accepted whole,
    absent when there is no way, with the reason in `noWay`."""

    #: the status of the answer
    status: int
    items: list[ItemDecision] = []
    after: UserLicensesResponse | UnsetType = UNSET
    error: ErrorResponse | UnsetType = UNSET
    way: list[WayRequest] | UnsetType = UNSET
    no_way: str | UnsetType = UNSET


class DecisionsResponse(msgspec.Struct):
    """One decision for each request, in their order."""

    decisions: list[Decision]


async def decide_licenses(request: Request) -> Reply:
    """Decide requests of PATCH /licenses/users without carrying them out.

    The body is that of one such request, or up to 500 in `requests`, each decided against the state that the
    earlier ones would leave. The answer tells of each the status it would get, every rule that stands against
    each item, what the person would hold, and the shortest series of requests that ends with what was asked.
    Nothing is written, and no writer is waited for.
    """
    bodies = _bodies(request.body)
    wanted = [await _assignment(request, body) for body in bodies]
    service = request.service
    asked = [assignment for assignment in wanted if isinstance(assignment, Assignment)]
    async with service.database.reading() as reading:
        batch = await licenses.view(reading, Context(service.rulebook, service.clock), asked)
    decisions: list[Decision] = []
    for assignment in wanted:
        explained = licenses.explain(batch, assignment) if isinstance(assignment, Assignment) else assignment
        decisions.append(_decision(request, explained))
        await asyncio.sleep(0)  # explaining takes a millisecond or more: others have their turn
    return Reply(200, DecisionsResponse(decisions))


def _form(request: Request) -> None:
    for body in _bodies(request.body):
        if body is request.body:  # of several each has its own answer
            read_assignment(request, body)


def _bodies(body: DecisionsRequest) -> list[PatchUserLicenses]:
    if body.requests is None:
        return [body]
    found: list[str] = []
    if any(part is not None for part in (body.email, body.person_id, body.org_id, body.licenses, body.site_urls)):
        found.append("requests: send either the members of one request, or requests")
    if not 1 <= len(body.requests) <= REQUESTS_MAX:
        found.append(f"requests: 1 to {REQUESTS_MAX} of them, not {len(body.requests)}")
    if found:
        raise invalid(found)
    return body.requests


async def _assignment(request: Request, body: PatchUserLicenses) -> Assignment | Failure:
    try:
        assignment = read_assignment(request, body)
        assignment.org_id = await organization_of(request, assignment.org_id)
    except Failure as failure:
        return failure
    return assignment


def _decision(request: Request, explained: Explained | Failure) -> Decision:
    if isinstance(explained, Failure):
        status, body = errors.response(explained, request.call.tracking_id, closed_codes=True)
        return Decision(status, error=body)
    assigned, explanation = explained.assigned, explained.explanation
    rulebook = request.service.rulebook
    decision = Decision(
        assigned.status,
        [
            _item(rulebook, item, rules)
            for item, rules in zip(assigned.decision.items, explanation.violations, strict=True)
        ],
        holding(assigned),
    )
    if assigned.status == 400:
        decision.error = reply_assigned(request, assigned).body
    if explanation.way is None:
        decision.no_way = explanation.reason or UNSET
    else:
        decision.way = [_request(assigned.person.id, assigned.organization.id, steps) for steps in explanation.way]
    return decision


def _item(rulebook: Rulebook, item: Item, rules: tuple[Rule, ...]) -> ItemDecision:
    violations = [
        Violation(
            rule.id,
            rule.code,
            rule.message,
            describe(rulebook, rule, [item]),
            rule.remedy,
            rule.provenance.kind,
            rule.provenance.source,
        )
        for rule in rules
    ]
    return ItemDecision(verb(item), not rules, violations, *_names(item))


def _request(person_id: str, org_id: str, steps: tuple[Way, ...]) -> WayRequest:
    body = to_send(person_id, org_id, (step.item for step in steps))
    return WayRequest(
        body,
        [
            WayStep(verb(step.item), step.asked, step.irreversible, step.properties_needed, *_names(step.item))
            for step in steps
        ],
    )


def _names(item: Item) -> tuple[str | UnsetType, str | UnsetType, str | UnsetType]:
    """License id, license name and site of an item, as far as they apply."""
    if isinstance(item, LicenseItem):
        return ids.encode("LICENSE", item.license.id), item.license.name, UNSET
    return (UNSET, UNSET, item.url) if isinstance(item, SiteItem) else (item.id, UNSET, UNSET)


OPERATIONS = (
    Operation(
        "POST",
        "/decisions",
        decide_licenses,
        Rights((scopes.PEOPLE_WRITE,)),
        "Decide Without Carrying Out",
        body=DecisionsRequest,
        answers={200: DecisionsResponse},
        form=_form,
    ),
)

"""Requests on the wire: those that this process has answered last, and why each got what it got."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service.clock import stamp
from allot.service.requests import Seen
from allot.wire.operation import Logged, Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_below
from allot.wire.requests import as_curl, reasons, text_of, visible, wanted
from allot.wire.values import ORG_ID, organization_in_query, read_number

REQUESTS_MAX = 1000


class AnsweredRequest(msgspec.Struct, rename="camel"):
    """One request. `operation` is absent for a path or method that there is not; `rules` refused something.

    The person is whom it was about, the actor whose token it was; both are absent when that is not known.
    """

    number: int
    at: str
    method: str
    path: str
    status: int
    milliseconds: float
    tracking_id: str
    query: str | UnsetType = UNSET
    operation: str | UnsetType = UNSET
    person_id: str | UnsetType = UNSET
    person_email: str | UnsetType = UNSET
    actor_id: str | UnsetType = UNSET
    actor_email: str | UnsetType = UNSET
    rules: list[str] | UnsetType = UNSET


class AnsweredRequestCollectionResponse(msgspec.Struct):
    items: list[AnsweredRequest]


class StatusReason(msgspec.Struct, rename="camel"):
    """One error of the answer; `rule` is the one of the rulebook that refused something."""

    error_code: int
    description: str
    rule: str | UnsetType = UNSET


class AnsweredRequestDetails(AnsweredRequest, kw_only=True):
    """One request with all that is known of it.

    `why` has the errors of its answer. `unread` are the members of its body, and the parameters of its query, that
    nothing has read: they have no such name. `body` is absent when there was none, when it was too long to keep, and
    where it may hold secrets; `bodyBytes` is its size. `curl` sends the request once more, with the token in `TOKEN`.
    """

    address: str
    user_agent: str
    why: list[StatusReason]
    unread: list[str]
    body_bytes: int
    body: str | UnsetType = UNSET
    curl: str


async def list_requests(request: Request) -> Reply:
    """List the requests that were answered last, newest first, a page at a time.

    They are those made with tokens of the organization, as far as this process remembers them: it keeps the newest
    ones in its memory only, and other processes have their own. With the scope `allot:admin` there are also those of
    nobody: without a valid token, or of no path.
    """
    query = request.query
    asked = wanted(request, await organization_in_query(request))
    below = read_below(request)
    found, below = request.service.requests.page(asked, below, query["max"] or REQUESTS_MAX)
    headers = [] if below is None else [next_link(request, cursor=encode_cursor(str(below)))]
    return Reply(200, AnsweredRequestCollectionResponse([AnsweredRequest(**_told(each)) for each in found]), headers)


async def get_request(request: Request) -> Reply:
    """Show one request by its number: why it got its status, what of it was never read, and how to send it again."""
    asked = visible(request, await organization_in_query(request))
    seen = request.service.requests.find(asked, read_number(request.path["number"]) or 0)
    if seen is None:
        raise Failure.not_found("number: no such request of this organization is remembered by this process")
    body = text_of(seen)
    shown = AnsweredRequestDetails(
        **_told(seen),
        address=seen.call.address,
        user_agent=seen.call.agent,
        why=[StatusReason(each.code, each.description, each.rule or UNSET) for each in reasons(seen)],
        unread=seen.unread(),
        body_bytes=seen.size,
        body=UNSET if body is None else body,
        curl=as_curl(seen, request.origin),
    )
    return Reply(200, shown)


def _told(seen: Seen) -> dict[str, Any]:
    """What a list and the request by itself both have."""
    about, actor = seen.about, seen.call.caller
    return {
        "number": seen.number,
        "at": stamp(seen.began),
        "method": seen.method,
        "path": seen.path,
        "status": seen.status,
        "milliseconds": seen.milliseconds,
        "tracking_id": seen.call.tracking_id,
        "query": seen.query or UNSET,
        "operation": seen.operation or UNSET,
        "person_id": ids.encode("PEOPLE", about.person_id) if about.person_id else UNSET,
        "person_email": about.email or UNSET,
        "actor_id": ids.encode("PEOPLE", actor.person_id) if actor.person_id else UNSET,
        "actor_email": actor.email or UNSET,
        "rules": seen.rules or UNSET,
    }


_RIGHTS = Rights((scopes.AUDIT_READ,), "read")

OPERATIONS = (
    Operation(
        "GET",
        "/requests",
        list_requests,
        _RIGHTS,
        "List Requests",
        query=(
            ORG_ID,
            Parameter("status", "Requests with this status such as 206, or of this class such as 4xx."),
            Parameter("method", "Requests with this method."),
            Parameter("path", "Requests whose path has this text in it."),
            Parameter("person", "Requests about or by this person: the id, or a part of the email address."),
            Parameter("rule", "Requests of which this rule refused something: its id, or its code."),
            Parameter("trackingId", "Requests whose tracking id begins so."),
            Parameter("max", "How many at most; 0 stands for the most.", int, 100, most=REQUESTS_MAX),
            CURSOR,
        ),
        answers={200: AnsweredRequestCollectionResponse},
        logged=Logged.NOTHING,
    ),
    Operation(
        "GET",
        "/requests/{number}",
        get_request,
        _RIGHTS,
        "Show a Request",
        query=(ORG_ID,),
        answers={200: AnsweredRequestDetails},
        logged=Logged.NOTHING,
    ),
)

"""Webhooks on the wire: addresses that get a partner's events, and what is on its way to them."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.partners import ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.delivery import Delivery as Sent
from allot.core.delivery import Standing
from allot.core.event import EVENTS_MAX, TYPES, Place
from allot.core.failure import Failure
from allot.core.webhook import Webhook as Kept
from allot.core.webhook import url_faults
from allot.service import webhooks
from allot.service.webhooks import Creation, Named
from allot.service.writes import Operation as Write
from allot.wire.forms import invalid
from allot.wire.operation import Logged, Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor
from allot.wire.values import path_id

PAGE_MAX = 1000
WAITING, RETRYING, OPEN, DEAD = ("waiting", "retrying", "open", "dead")


class WebhookCreation(msgspec.Struct):
    """The address that gets the events, and the types of those that it gets: all without."""

    url: str
    types: list[str] | None = None


class Webhook(msgspec.Struct, rename="camel"):
    """A webhook. `status` is active or disabled; `disabled` says why. Only when it is made has it its secret."""

    id: str
    url: str
    types: list[str]
    status: str
    created: str
    last_delivered: str | UnsetType = UNSET
    disabled: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET


class WebhookCollectionResponse(msgspec.Struct):
    items: list[Webhook]


class Delivery(msgspec.Struct, rename="camel"):
    """A message that was not taken yet; `message` is what is sent. A test is of no customer."""

    id: str
    #: the header webhook-id, the same for every attempt
    message_id: str
    status: str
    attempts: int
    message: Any
    fault: str | UnsetType = UNSET
    customer_id: str | UnsetType = UNSET


class DeliveryCollectionResponse(msgspec.Struct):
    items: list[Delivery]


class TestResponse(msgspec.Struct, rename="camel"):
    """The message that is sent: it is among the deliveries until it is taken."""

    id: str
    message_id: str


class ResendResponse(msgspec.Struct):
    """How many deliveries are sent again."""

    deliveries: int


async def list_webhooks(request: Request) -> Reply:
    """List the webhooks of a partner, oldest first."""
    partner = await acting(request, changes=False)
    async with request.service.database.reading() as reading:
        found = await webhooks.listed(reading, partner.org_id)
    return Reply(200, WebhookCollectionResponse([_webhook(each) for each in found]))


async def create_webhook(request: Request) -> Reply:
    """Make a webhook, which gets the partner's events from now on.

    Its `secret` is shown in this answer only. Messages are signed with it as Standard Webhooks says. An event is sent
    until it is taken with a status of 2xx, for about a day; those of one customer come in their order.
    """
    body: WebhookCreation = request.body
    found = url_faults(body.url)
    unknown = [text for text in body.types or () if text not in TYPES]
    found += [f"types: {text[:100]} is no type of events; there are {', '.join(TYPES)}" for text in unknown]
    if found:
        raise invalid(found)
    partner = await acting(request, changes=False)
    asked = Creation(request.call, partner.org_id, body.url, tuple(dict.fromkeys(body.types or ())))
    made: Kept = await request.service.writes.submit(partner.org_id, webhooks.create, asked)
    shown = _webhook(made)
    shown.secret = made.secret
    return Reply(201, shown)


async def get_webhook(request: Request) -> Reply:
    """Show a webhook."""
    return Reply(200, _webhook(await _found(request)))


async def delete_webhook(request: Request) -> Reply:
    """Remove a webhook, with all that is on its way to it."""
    await _do(request, webhooks.delete)
    return Reply(204)


async def test_webhook(request: Request) -> Reply:
    """Send a message of the type webhook.test. It is signed as all are, and sent again until it is taken.

    A new test takes the place of an earlier one that was not taken yet.
    """
    sent: Sent = await _do(request, webhooks.test)
    return Reply(202, TestResponse(sent.id, sent.message_id))


async def enable_webhook(request: Request) -> Reply:
    """Send to a webhook again that has answered 410: all that has happened meanwhile."""
    return Reply(200, _webhook(await _do(request, webhooks.enable)))


async def list_webhook_deliveries(request: Request) -> Reply:
    """List what a webhook has not taken yet, oldest first.

    `waiting` waits for its turn, `retrying` has failed and is tried again, `dead` has failed for a day and is not.
    """
    webhook = await _found(request)
    query = request.query
    after = _after(read_cursor(request, 1))
    is_dead = {DEAD: True, OPEN: False}.get(query["state"])
    size = query["max"] or PAGE_MAX
    async with request.service.database.reading() as reading:
        found = await webhooks.page(reading, webhook, after, is_dead, size + 1)
    reply = Reply(200, DeliveryCollectionResponse([_delivery(each) for each in found[:size]]))
    if len(found) > size:
        reply.headers.append(next_link(request, cursor=encode_cursor(found[size - 1].delivery.id)))
    return reply


async def resend_webhook_delivery(request: Request) -> Reply:
    """Send a dead delivery again, whatever came after it."""
    place = Place.read(request.path["deliveryId"])
    if place is None or place.event == EVENTS_MAX:
        raise Failure.not_found(webhooks.NO_DELIVERY)
    return Reply(202, ResendResponse(await _do(request, webhooks.resend, (place.entry, place.event))))


async def resend_webhook_deliveries(request: Request) -> Reply:
    """Send all dead deliveries of a webhook again, whatever came after them."""
    return Reply(202, ResendResponse(await _do(request, webhooks.resend)))


async def _found(request: Request) -> Kept:
    partner = await acting(request, changes=False)
    async with request.service.database.reading() as reading:
        return await webhooks.find(reading, partner.org_id, path_id(request, "WEBHOOK", "webhookId"))


async def _do(request: Request, write: Write, delivery: tuple[int, int] | None = None) -> Any:
    partner = await acting(request, changes=False)
    named = Named(request.call, partner.org_id, path_id(request, "WEBHOOK", "webhookId"), delivery)
    return await request.service.writes.submit(partner.org_id, write, named)


def _after(cursor: tuple[str, ...] | None) -> tuple[int, int]:
    place = Place.read(cursor[0]) if cursor else Place(0)
    if place is None:
        raise Failure.invalid("cursor: is not valid; follow the Link header of the page before as it is")
    return place.entry, place.event


def _webhook(kept: Kept) -> Webhook:
    return Webhook(
        kept.id,
        kept.url,
        list(kept.types or TYPES),
        "disabled" if kept.disabled else "active",
        kept.created,
        kept.delivered or UNSET,
        kept.disabled or UNSET,
    )


def _delivery(standing: Standing) -> Delivery:
    sent = standing.delivery
    return Delivery(
        sent.id,
        sent.message_id,
        DEAD if standing.dead else RETRYING if standing.fault else WAITING,
        sent.attempts,
        msgspec.Raw(sent.body.encode()),
        standing.fault or UNSET,
        ids.encode("ENTERPRISE", sent.customer_id) if sent.customer_id else UNSET,
    )


_READ = Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read")
_WRITE = Rights((scopes.CUSTOMERS_WRITE,))
_ONE = "/webhooks/{webhookId}"
_STATE = Parameter("state", "Only the dead ones, or those that are on their way.", choices=(DEAD, OPEN))
_MAX = Parameter("max", "How many at most; 0 stands for the most.", int, 100, most=PAGE_MAX)


def _operation(method: str, path: str, handler: Any, summary: str, answers: dict[int, Any], **more: Any) -> Operation:
    rights = _READ if method == "GET" else _WRITE
    query = (*more.pop("query", ()), ON_BEHALF)
    return Operation(method, path, handler, rights, summary, query=query, answers=answers, **more)


OPERATIONS = (
    _operation("GET", "/webhooks", list_webhooks, "List Webhooks", {200: WebhookCollectionResponse}),
    _operation(
        *("POST", "/webhooks", create_webhook, "Create a Webhook", {201: Webhook}),
        body=WebhookCreation,
        logged=Logged.OUTLINE,  # an address may hold a secret of who listens there
    ),
    _operation("GET", _ONE, get_webhook, "Show a Webhook", {200: Webhook}),
    _operation("DELETE", _ONE, delete_webhook, "Delete a Webhook", {204: None}),
    _operation("POST", f"{_ONE}/test", test_webhook, "Test a Webhook", {202: TestResponse}),
    _operation("POST", f"{_ONE}/enable", enable_webhook, "Enable a Webhook", {200: Webhook}),
    _operation(
        "GET",
        f"{_ONE}/deliveries",
        list_webhook_deliveries,
        "List Deliveries of a Webhook",
        {200: DeliveryCollectionResponse},
        query=(_STATE, _MAX, CURSOR),
    ),
    _operation(
        "POST",
        f"{_ONE}/deliveries/resend",
        resend_webhook_deliveries,
        "Resend All Dead Deliveries",
        {202: ResendResponse},
    ),
    _operation(
        "POST",
        f"{_ONE}/deliveries/{{deliveryId}}/resend",
        resend_webhook_delivery,
        "Resend a Dead Delivery",
        {202: ResendResponse},
    ),
)

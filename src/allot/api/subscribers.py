"""Wholesale subscribers on the wire."""

from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.customers import PRECHECKED, Error, PrecheckResponse, notices
from allot.api.mappings import (
    SubscriberProvisioning,
    SubscriberUpdate,
    SubscriberValidation,
    provisioning_of,
    update_of,
    validation_of,
)
from allot.api.partners import OFFSET, ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.rulebook import Rulebook
from allot.core.subscriber import CREATED, ORDERS, Filter, single
from allot.core.subscriber import Subscriber as Known
from allot.service import consents, subscribers
from allot.service.clock import stamp
from allot.service.mappings import Wanted
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, offset_links, read_cursor
from allot.wire.values import EPOCH, read_time

# Documented: 50, and up to 100.
PAGE_DEFAULT, PAGE_MAX = 50, 100
#: milliseconds since 1970 have no more digits until the year 5138, and 15 of them are more than a calendar has
TIME_DIGITS_MAX = 14
ASCENDING, DESCENDING = "ASC", "DESC"


class Subscriber(msgspec.Struct, rename="camel", kw_only=True):
    """A subscriber as Webex shows it; `package` where one of its values tells all that `packages` has.

    The members are in the order of Cisco's examples.
    """

    id: str
    person_id: str | UnsetType = UNSET
    email: str
    customer_id: str
    external_customer_id: str
    package: str | UnsetType = UNSET
    status: str
    last_status_change: str
    created: str
    packages: list[str]
    errors: list[Error] | UnsetType = UNSET


class SubscriberListResponse(msgspec.Struct):
    items: list[Subscriber]


async def list_wholesale_subscribers(request: Request) -> Reply:
    """List subscribers of all customers, or of one."""
    query = request.query
    wanted = _filter(request)
    partner = await acting(request, changes=False)
    offset, size = query["offset"], query["max"]
    cursor = read_cursor(request, 2)
    after = (cursor[0], cursor[1]) if cursor else offset
    async with request.service.database.reading() as reading:
        page = await subscribers.page(reading, partner.org_id, wanted, after, size)
    shown = [show(request.service.rulebook, subscriber) for subscriber in page.subscribers]
    reply = Reply(200, SubscriberListResponse(shown))
    end = encode_cursor(*page.end) if page.end else None
    reply.headers += offset_links(request, offset, size, more=end is not None, cursor=end)
    return reply


def _filter(request: Request) -> Filter:
    """What the query asks for. Raises Failure (400) naming every fault."""
    query, found = request.query, list[str]()
    customer, person = query["customerId"], query["personId"]
    email = query["email"]
    wanted = Filter(
        customer and (ids.decode("ENTERPRISE", customer) or ids.decode("CUSTOMER", customer) or customer),
        query["externalCustomerId"],
        person and (ids.decode("PEOPLE", person) or person),
        email.strip().lower() if email else None,
        query["status"],
        _time(found, "after", query["after"]),
        _time(found, "lastStatusChange", query["lastStatusChange"]),
        query["sortBy"],
        query["sortOrder"] == DESCENDING,
    )
    if found:
        raise invalid(found)
    return wanted


def _time(found: list[str], name: str, text: str | None) -> str | None:
    """A time as it is stored, from milliseconds since 1970 or ISO 8601; a fault is added to `found` when it is none."""
    if text and text.isascii() and text.isdigit() and len(text) <= TIME_DIGITS_MAX:
        return stamp(EPOCH + timedelta(milliseconds=int(text)))
    return read_time(found, name, text)


async def provision_wholesale_subscriber(request: Request) -> Reply:
    """Give packages to a person of a customer, who comes to its organization unless they are there.

    200 when it is done; 202 when the email is that of a free account, whose owner has to agree first.
    """
    partner = await acting(request, changes=True)
    wanted = provisioning_of(request, partner.org_id)
    subscriber: Known = await request.service.writes.submit(partner.org_id, subscribers.provision, wanted)
    return _reply(request, subscriber, 202 if subscriber.pending else 200)


async def get_wholesale_subscriber(request: Request) -> Reply:
    """Show a subscriber."""
    partner = await acting(request, changes=False)
    async with request.service.database.reading() as reading:
        subscriber = await subscribers.find(reading, partner.org_id, subscriber_id(request))
    return _reply(request, subscriber)


async def update_wholesale_subscriber(request: Request) -> Reply:
    """Give a subscriber other packages, in one step: either all of them or none.

    A phone number or an extension is needed when the subscriber had no calling before; else they are ignored.
    """
    partner = await acting(request, changes=True)
    wanted = update_of(request, partner.org_id, subscriber_id(request))
    return _reply(request, await request.service.writes.submit(partner.org_id, subscribers.update, wanted))


async def remove_wholesale_subscriber(request: Request) -> Reply:
    """Remove a subscriber: the mapping and the licenses that came with it. The person stays."""
    partner = await acting(request, changes=False)
    wanted = Wanted(request.call, partner.org_id, subscriber_id(request))
    await request.service.writes.submit(partner.org_id, subscribers.delete, wanted)
    return Reply(204)


async def precheck_wholesale_subscriber_provisioning(request: Request) -> Reply:
    """Judge the provisioning of a subscriber without doing it.

    By customer and email alone; with all that the provisioning itself would be given; or, for a customer that is
    not there yet, by the provisioning id and the customer's email.
    """
    partner = await acting(request, changes=True)
    wanted, template = validation_of(request, partner.org_id)
    service = request.service
    async with service.database.reading() as reading:
        if template is None:
            await subscribers.precheck(reading, service.context, wanted)
        else:
            await subscribers.precheck_new(reading, service.context, wanted, template)
    return Reply(200, PRECHECKED)


async def send_consent_user_move_email_to_pending_wholesale_subscribers(request: Request) -> Reply:
    """Ask the owner of a pending subscriber's account again, by mail, to agree to its move."""
    partner = await acting(request, changes=True)
    wanted = Wanted(request.call, partner.org_id, subscriber_id(request))
    await request.service.writes.submit(partner.org_id, consents.ask, wanted)
    return Reply(204)


async def send_consent_email(request: Request) -> Reply:
    """The same at a path like those of the other operations, which Cisco's text does not have."""
    return await send_consent_user_move_email_to_pending_wholesale_subscribers(request)


def subscriber_id(request: Request) -> str:
    """The subscriber in the path. Raises Failure (404) when it is no id."""
    value = ids.decode("SUBSCRIBER", request.path["subscriberId"])
    if value is None:
        raise Failure.not_found(subscribers.NOT_KNOWN)
    return value


def _reply(request: Request, subscriber: Known, status: int = 200) -> Reply:
    shown = show(request.service.rulebook, subscriber)
    url = f"{request.origin}/v1/wholesale/subscribers/{shown.id}"
    return Reply(status, shown, [(b"location", url.encode())])


def show(rulebook: Rulebook, subscriber: Known) -> Subscriber:
    """A subscriber as Webex shows it; the person only where they are documented to be shown."""
    return Subscriber(
        id=ids.encode("SUBSCRIBER", subscriber.id),
        person_id=ids.encode("PEOPLE", subscriber.person_id) if subscriber.person_id else UNSET,
        email=subscriber.email,
        customer_id=ids.encode("ENTERPRISE", subscriber.customer_id),
        external_customer_id=subscriber.external_customer_id,
        package=single(rulebook.packages, subscriber.packages) or UNSET,
        status=subscriber.status,
        last_status_change=subscriber.last_status_change,
        created=subscriber.created,
        packages=subscriber.packages,
        errors=notices(subscriber.errors),
    )


_READ = Rights((scopes.SUBSCRIBERS_READ, scopes.SUBSCRIBERS_WRITE), "read")
_WRITE = Rights((scopes.SUBSCRIBERS_WRITE,))
_CONSENT = "Send Consent User Move Email to Pending Wholesale Subscribers"
_TIME = "time; milliseconds since 1970, or ISO 8601."

OPERATIONS = (
    Operation(
        "GET",
        "/wholesale/subscribers",
        list_wholesale_subscribers,
        _READ,
        "List Wholesale Subscribers",
        query=(
            Parameter("max", "How many items at most.", int, PAGE_DEFAULT, least=1, most=PAGE_MAX),
            OFFSET,
            Parameter("customerId", "Only subscribers of this customer."),
            Parameter("personId", "Only the subscriber that is this person."),
            Parameter("externalCustomerId", "Only subscribers of the customer of this external id."),
            Parameter("email", "Only the subscriber of this email address."),
            Parameter("status", "Only subscribers in this status."),
            Parameter("after", f"Only subscribers created after this {_TIME}"),
            Parameter("lastStatusChange", f"Only subscribers whose status changed after this {_TIME}"),
            Parameter("sortBy", "What they are ordered by.", default=CREATED, choices=ORDERS),
            Parameter("sortOrder", "Which comes first.", default=ASCENDING, choices=(ASCENDING, DESCENDING)),
            ON_BEHALF,
            CURSOR,
        ),
        answers={200: SubscriberListResponse},
    ),
    Operation(
        "POST",
        "/wholesale/subscribers",
        provision_wholesale_subscriber,
        _WRITE,
        "Provision a Wholesale Subscriber",
        query=(ON_BEHALF,),
        body=SubscriberProvisioning,
        answers={200: Subscriber, 202: Subscriber},
        located=True,
        form=lambda request: provisioning_of(request, ""),
    ),
    Operation(
        "GET",
        "/wholesale/subscribers/{subscriberId}",
        get_wholesale_subscriber,
        _READ,
        "Get a Wholesale Subscriber",
        query=(ON_BEHALF,),
        answers={200: Subscriber},
        located=True,
    ),
    Operation(
        "PUT",
        "/wholesale/subscribers/{subscriberId}",
        update_wholesale_subscriber,
        _WRITE,
        "Update a Wholesale Subscriber",
        query=(ON_BEHALF,),
        body=SubscriberUpdate,
        answers={200: Subscriber},
        located=True,
        form=lambda request: update_of(request, "", ""),
    ),
    Operation(
        "DELETE",
        "/wholesale/subscribers/{subscriberId}",
        remove_wholesale_subscriber,
        _WRITE,
        "Remove a Wholesale Subscriber",
        query=(ON_BEHALF,),
        answers={204: None},
    ),
    Operation(
        "POST",
        "/wholesale/subscribers/validate",
        precheck_wholesale_subscriber_provisioning,
        _WRITE,
        "Precheck a Wholesale Subscriber Provisioning",
        query=(ON_BEHALF,),
        body=SubscriberValidation,
        answers={200: PrecheckResponse},
        form=lambda request: validation_of(request, ""),
    ),
    Operation(
        "POST",
        "/subscribers/{subscriberId}/emails/consentMove",
        send_consent_user_move_email_to_pending_wholesale_subscribers,
        _WRITE,
        _CONSENT,
        query=(ON_BEHALF,),
        answers={204: None},
    ),
    Operation(
        "POST",
        "/wholesale/subscribers/{subscriberId}/emails/consentMove",
        send_consent_email,
        _WRITE,
        _CONSENT,
        query=(ON_BEHALF,),
        answers={204: None},
    ),
)

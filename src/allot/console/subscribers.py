"""Subscribers: which packages the people of a partner's customers have."""

from allot.api.subscribers import subscriber_id
from allot.console import chips, partners
from allot.console.partners import PATH, Acting
from allot.console.partners import SUBSCRIBERS as RIGHTS
from allot.console.visits import Page, Visit
from allot.core import ids
from allot.core.failure import Failure
from allot.core.subscriber import STATUSES, Filter, Subscriber
from allot.service import organizations, subscribers
from allot.wire.operation import Reply
from allot.wire.paging import encode_cursor, read_cursor

PAGE = 50
GONE = "This partner has no such subscriber. It may have been removed meanwhile"
#: what can be looked for; the names are those of the API
_WANTED = ("customerId", "externalCustomerId", "email", "status")


async def list_subscribers(visit: Visit) -> Reply:
    """A partner's subscribers, or those of one customer, the newest first."""
    acting = await partners.admit(visit)
    cursor = read_cursor(visit, 2)
    after = (cursor[0], cursor[1]) if cursor else 0
    async with visit.service.database.reading() as reading:
        page = await subscribers.page(reading, acting.partner.org_id, _wanted(visit), after, PAGE)
    return acting.show(
        "subscribers.html",
        found=[(each, chips.of_subscriber(each)) for each in page.subscribers],
        titles=_titles(visit),
        statuses=chips.SUBSCRIBERS,
        told={name: visit.query[name] for name in _WANTED},
        more=encode_cursor(*page.end) if page.end else "",
    )


async def show_subscriber(visit: Visit) -> Reply:
    """One subscriber: who it is, of which customer, and with which packages."""
    acting = await partners.admit(visit)
    subscriber = await _subscriber(acting)
    customer = await acting.customer(subscriber.customer_id)
    async with visit.service.database.reading() as reading:
        managed = await organizations.manages(reading, visit.call.caller.org_id, customer.customer_org_id)
    packages = [(name, customer.packages.get(name)) for name in subscriber.packages]
    return acting.show(
        "subscriber.html",
        subscriber=subscriber,
        customer=customer,
        chip_=chips.of_subscriber(subscriber),
        packages=[(name, chips.of_package(held) if held else None) for name, held in packages],
        titles=_titles(visit),
        managed=ids.encode("ORGANIZATION", customer.customer_org_id) if managed else "",
    )


def _wanted(visit: Visit) -> Filter:
    query = visit.query
    customer = query["customerId"]
    return Filter(
        (ids.decode("ENTERPRISE", customer) or ids.decode("CUSTOMER", customer) or customer) or None,
        query["externalCustomerId"].strip() or None,
        email=query["email"].strip().lower() or None,
        status=query["status"] if query["status"] in STATUSES else None,
        descending=True,
    )


async def _subscriber(acting: Acting) -> Subscriber:
    visit = acting.visit
    try:
        async with visit.service.database.reading() as reading:
            return await subscribers.find(reading, acting.partner.org_id, subscriber_id(visit))
    except Failure:
        raise Failure.not_found(GONE) from None


def _titles(visit: Visit) -> dict[str, str]:
    return {name: package.title for name, package in visit.service.rulebook.packages.items()}


PAGES = (
    Page("GET", f"{PATH}/subscribers", list_subscribers, RIGHTS, own=True),
    Page("GET", f"{PATH}/subscribers/{{subscriberId}}", show_subscriber, RIGHTS, own=True),
)

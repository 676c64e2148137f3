"""Customers: how each of a partner's customers stands, package by package, as it changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allot.console import chips, licenses, partners, runs, streams
from allot.console.partners import PATH, RIGHTS, SUBSCRIBERS, Acting
from allot.console.streams import names_of
from allot.console.visits import Page, Visit
from allot.core import ids
from allot.core.customer import STATUSES, Customer, Filter
from allot.core.failure import Failure
from allot.service import customers, organizations
from allot.wire.operation import Reply
from allot.wire.paging import encode_cursor, read_cursor

PAGE = 30
#: past runs that a customer's page leads to
RUNS = 10


@dataclass(frozen=True, slots=True)
class _List:
    """A page of customers, and the cursor of the next one; empty on the last."""

    customers: list[Customer]
    more: str

    def parts(self, acting: Acting) -> Mapping[str, bytes]:
        """What of it changes by itself: the chips of each customer."""
        return {part(each): acting.render("customer-chips.html", **words(each)) for each in self.customers}


async def list_customers(visit: Visit) -> Reply:
    """A partner's customers, the newest first, each with its packages."""
    acting = await partners.admit(visit)
    at = await streams.place(visit, acting.partner.org_id)
    found = await _page(visit, acting)
    has = names_of(map(part, found.customers))
    told = {name: visit.query[name] for name in ("externalId", "status", "cursor")}
    live = acting.link("/customers/live", at=at, has=has, **told)
    return acting.show(
        *("customers.html",), found=found, live=live, statuses=chips.CUSTOMERS, part=part, words=words, told=told
    )


async def stream_customers(visit: Visit) -> Reply:
    """The chips of the customers of a page, whenever one of them changes."""
    acting = await partners.admit(visit)

    async def parts() -> Mapping[str, bytes]:
        return (await _page(visit, acting)).parts(acting)

    return streams.follow(visit, acting.partner.org_id, parts)


async def show_customer(visit: Visit) -> Reply:
    """One customer: its packages and its last run, as they change, and who it is."""
    acting = await partners.admit(visit)
    at = await streams.place(visit, acting.partner.org_id)
    customer = await acting.customer()
    past = await runs.history(visit, customer, RUNS + 1)
    path = f"/customers/{ids.encode('ENTERPRISE', customer.id)}"
    return acting.show(
        "customer.html",
        customer=customer,
        managed=await _managed(visit, customer),
        past=past[:RUNS],
        live=acting.link(f"{path}/live", at=at, has=names_of(("state", "run"))),
        run=await runs.view(acting, customer, customer.run),
        lists_subscribers=visit.may(SUBSCRIBERS),
        **words(customer),
    )


async def stream_customer(visit: Visit) -> Reply:
    """How a customer and its last run stand, whenever that changes."""
    acting = await partners.admit(visit)
    await acting.customer()

    async def parts() -> Mapping[str, bytes]:
        try:
            customer = await acting.customer()
            run = await runs.view(acting, customer, customer.run)
            state = {"customer": customer, "managed": await _managed(visit, customer), **words(customer)}
        except Failure:
            return {"state": acting.render("customer-gone.html"), "run": b""}
        return {
            "state": acting.render("customer-state.html", **state),
            "run": acting.render("run-steps.html", run=run),
        }

    return streams.follow(visit, acting.partner.org_id, parts)


async def _page(visit: Visit, acting: Acting) -> _List:
    query = visit.query
    statuses = (query["status"],) if query["status"] in STATUSES else ()
    wanted = Filter(query["externalId"].strip() or None, None, statuses, newest=True)
    cursor = read_cursor(visit, 2)
    service = visit.service
    async with service.database.reading() as reading:
        after = (cursor[0], cursor[1]) if cursor else 0
        page = await customers.page(reading, service.context, acting.partner.org_id, wanted, after, PAGE)
    return _List(page.customers, encode_cursor(*page.end) if page.end else "")


async def _managed(visit: Visit, customer: Customer) -> str:
    """The id of a customer's organization when the caller manages it and may see its licenses; else empty."""
    if not visit.may(licenses.RIGHTS):
        return ""
    async with visit.service.database.reading() as reading:
        managed = await organizations.manages(reading, visit.call.caller.org_id, customer.customer_org_id)
    return ids.encode("ORGANIZATION", customer.customer_org_id) if managed and customer.shows_organization else ""


def part(customer: Customer) -> str:
    """What the part of a customer's chips is called."""
    return f"chips-{customer.id}"


def words(customer: Customer) -> dict[str, Any]:
    """What templates show of how a customer stands."""
    packages = [(held, chips.of_package(held)) for held in customer.packages.values()]
    return {"stands": chips.of_customer(customer), "packages": packages}


PAGES = (
    Page("GET", f"{PATH}/customers", list_customers, RIGHTS, own=True),
    Page("GET", f"{PATH}/customers/live", stream_customers, RIGHTS, own=True),
    Page("GET", f"{PATH}/customers/{{customerId}}", show_customer, RIGHTS, own=True),
    Page("GET", f"{PATH}/customers/{{customerId}}/live", stream_customer, RIGHTS, own=True),
)

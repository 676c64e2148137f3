"""Partners: for whom wholesale pages are, the sub-partners, and acting on behalf of one."""

from dataclasses import dataclass
from typing import Any

from allot.api.customers import customer_id
from allot.api.partners import ON_BEHALF, PAGE_MAX, acting
from allot.console import chips
from allot.console.visits import Page, Visit
from allot.core import ids
from allot.core import scope as scopes
from allot.core.customer import Customer
from allot.core.failure import Failure
from allot.core.partner import Partner
from allot.service import customers, organizations
from allot.service.partners import SUSPENDED
from allot.wire.operation import Reply, Rights
from allot.wire.values import read_number

PATH = "/wholesale"
#: what GET /wholesale/subPartners and GET /wholesale/customers need
RIGHTS = Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read")
SUBSCRIBERS = Rights((scopes.SUBSCRIBERS_READ, scopes.SUBSCRIBERS_WRITE), "read")
REPORTS = Rights((scopes.REPORTS_READ, scopes.REPORTS_WRITE), "read")
#: the pages of wholesale, with what each needs
TABS = (
    ("", "Partner", RIGHTS),
    ("/customers", "Customers", RIGHTS),
    ("/subscribers", "Subscribers", SUBSCRIBERS),
    ("/reports", "Billing reports", REPORTS),
)
GONE = "This partner has no such customer. It may have been removed meanwhile"


@dataclass(frozen=True, slots=True)
class Acting:
    """Whom a wholesale page is for: the caller's own partner, or a sub-partner on whose behalf the caller acts."""

    visit: Visit
    partner: Partner
    name: str

    @property
    def on_behalf(self) -> bool:
        """Whether it is for a sub-partner."""
        return self.partner.org_id != self.visit.call.caller.org_id

    def link(self, path: str, **query: Any) -> str:
        """The address of another wholesale page for the same partner."""
        behalf = ids.encode("ORGANIZATION", self.partner.org_id) if self.on_behalf else ""
        return self.visit.link(PATH + path, **{ON_BEHALF.name: behalf}, **query)

    def behalf(self, sub_partner: Partner) -> str:
        """The address of the customers of a sub-partner."""
        sub = ids.encode("ORGANIZATION", sub_partner.org_id)
        return self.visit.link(f"{PATH}/customers", **{ON_BEHALF.name: sub})

    def show(self, template: str, status: int = 200, **values: Any) -> Reply:
        """A page as the answer."""
        return self.visit.show(template, status, acting=self, tabs=TABS, suspended=SUSPENDED, **values)

    def render(self, template: str, **values: Any) -> bytes:
        """The bytes of a part of a page."""
        return self.visit.screens.render(self.visit, template, acting=self, **values)

    async def customer(self, id: str = "") -> Customer:
        """The customer of this id, else the one in the path. Raises Failure (404) when this partner has none."""
        service = self.visit.service
        try:
            key = (self.partner.org_id, id or customer_id(self.visit))
            async with service.database.reading() as reading:
                return await customers.find(reading, service.context, key)
        except Failure:
            raise Failure.not_found(GONE) from None


async def admit(visit: Visit) -> Acting:
    """Whom a visit of a wholesale page is for. Raises Failure (403) where that is nobody's, or somebody else's."""
    partner = await acting(visit, changes=False)
    name = visit.org_name
    if partner.org_id != visit.call.caller.org_id:
        async with visit.service.database.reading() as reading:
            name = await organizations.name(reading, partner.org_id)
    return Acting(visit, partner, name)


async def show_partner(visit: Visit) -> Reply:
    """Who the partner is, how many customers it has in which status, and its sub-partners."""
    acting = await admit(visit)
    service, partner = visit.service, acting.partner
    offset = read_number(visit.query["offset"]) or 0
    found: list[Partner] = []
    if not acting.on_behalf:
        found = await service.partners.sub_partners(partner.org_id, None, offset, PAGE_MAX + 1)
    shown = found[:PAGE_MAX]
    async with service.database.reading() as reading:
        counted = await customers.counts(reading, partner.org_id)
        names = await organizations.names(reading, [each.org_id for each in shown])
    counts = {status: counted[status] for status in chips.CUSTOMERS if counted.get(status)}
    more = offset + PAGE_MAX if len(found) > PAGE_MAX else ""
    return acting.show(
        "partner.html", counts=counts, words=chips.CUSTOMERS, subs=shown, names=names, more=more, offset=offset
    )


PAGES = (Page("GET", PATH, show_partner, RIGHTS, own=True),)

"""Partners on the wire: sub-partners, and on whose behalf a wholesale call is made."""

import msgspec

from allot.core import ids
from allot.core import scope as scopes
from allot.core.partner import STATES, Partner
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import offset_links

ON_BEHALF = Parameter("onBehalfOfSubPartnerOrgId", "The sub-partner for whom the call is made; by default nobody.")
PAGE_MAX = 100
OFFSET = Parameter("offset", "How many items to leave out at the beginning.", int, 0)
MAX = Parameter("max", "How many items at most.", int, PAGE_MAX, least=1, most=PAGE_MAX)


class SubPartner(msgspec.Struct, rename="camel"):
    """A sub-partner as Webex shows it."""

    org_id: str
    subscription_id: str
    provisioning_state: str
    created: str
    billing_start_date: str


class SubPartnersListResponse(msgspec.Struct, rename="camel"):
    """The same list twice: Cisco's schema has it as `items`, Cisco's example as `subPartners`."""

    items: list[SubPartner]
    sub_partners: list[SubPartner]


async def acting(request: Request, *, changes: bool) -> Partner:
    """The partner that a wholesale call is for; with `changes` one that may provision. Raises Failure (403)."""
    text = request.query["onBehalfOfSubPartnerOrgId"]
    sub_partner_id = (ids.decode("ORGANIZATION", text) or text) if text else None
    return await request.service.partners.acting(request.call.caller.org_id, sub_partner_id, changes=changes)


async def list_wholesale_sub_partners(request: Request) -> Reply:
    """List the sub-partners of the token's organization."""
    query = request.query
    offset, size = query["offset"], query["max"]
    org_id = request.call.caller.org_id
    found = await request.service.partners.sub_partners(org_id, query["provisioningState"], offset, size + 1)
    shown = [_show(each) for each in found[:size]]
    reply = Reply(200, SubPartnersListResponse(shown, shown))
    reply.headers += offset_links(request, offset, size, more=len(found) > size)
    return reply


def _show(partner: Partner) -> SubPartner:
    return SubPartner(
        ids.encode("ORGANIZATION", partner.org_id),
        partner.subscription_id,
        partner.state,
        partner.created,
        partner.billing_start,
    )


OPERATIONS = (
    Operation(
        "GET",
        "/wholesale/subPartners",
        list_wholesale_sub_partners,
        Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read"),
        "List Wholesale Sub-partners",
        query=(
            Parameter("provisioningState", "Only sub-partners in this state.", choices=STATES),
            OFFSET,
            MAX,
        ),
        answers={200: SubPartnersListResponse},
    ),
)

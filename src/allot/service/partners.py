"""Partners: who may act for whom in wholesale."""

from allot.core.failure import Failure
from allot.core.partner import Partner
from allot.store import partners as store
from allot.store.database import Reading

NO_PARTNER = "The organization of the token is no wholesale partner (it lacks the entitlement wxc-wholesale)"
ON_BEHALF = "onBehalfOfSubPartnerOrgId"
NOT_ITS_OWN = "is no sub-partner of the token's organization"
SUSPENDED = "The sub-partner is suspended: it can delete customers and subscribers, not provision or update them"


async def acting(
    reading: Reading, org_id: str, sub_partner_id: str | None, *, changes: bool, named_by: str = ON_BEHALF
) -> Partner:
    """The partner that a call is for: the caller's own, or the sub-partner that `named_by` in the request names.

    With `changes` it must not be suspended. Raises Failure (403), alike for others' sub-partners and for none.
    """
    partner = await store.find(reading, org_id)
    if partner is None:
        raise Failure.forbidden(NO_PARTNER)
    if sub_partner_id and sub_partner_id != org_id:
        partner = await store.find(reading, sub_partner_id)
        if partner is None or partner.parent_id != org_id:
            raise Failure.forbidden(f"{named_by}: {NOT_ITS_OWN}")
    if changes and partner.suspended:
        raise Failure.forbidden(SUSPENDED)
    return partner


async def sub_partners(reading: Reading, org_id: str, state: str | None, offset: int, size: int) -> list[Partner]:
    """A page of a partner's sub-partners. Raises Failure (403) when the organization is no partner."""
    await acting(reading, org_id, None, changes=False)
    return await store.sub_partners(reading, org_id, state, offset, size)

"""Partners: who may act for whom in wholesale, and how they arrive with an import."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime

from allot.core.failure import Failure
from allot.core.partner import Partner
from allot.core.person import is_email
from allot.service.arrivals import inner
from allot.service.clock import stamp
from allot.service.documents import PartnerDocument
from allot.service.memories import Memory
from allot.store import partners as store
from allot.store.database import Database, Reading, Row
from allot.store.imports import Rows

#: takes the place of a fault and what is wrong there
Fault = Callable[[str, str], None]
#: stands for the parent of an organization that is no partner
NONE = ""

NO_PARTNER = "The organization of the token is no wholesale partner (it lacks the entitlement wxc-wholesale)"
ON_BEHALF = "onBehalfOfSubPartnerOrgId"
NOT_ITS_OWN = "is no sub-partner of the token's organization"
SUSPENDED = "The sub-partner is suspended: it can delete customers and subscribers, not provision or update them"


class Partners:
    """Finds partners, each remembered for seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.memory: Memory[Partner] = Memory()

    async def acting(
        self, org_id: str, sub_partner_id: str | None, *, changes: bool, named_by: str = ON_BEHALF
    ) -> Partner:
        """The partner that a call is for: the caller's own, or the sub-partner that `named_by` in the request names.

        With `changes` it must not be suspended. Raises Failure (403), alike for others' sub-partners and for none.
        """
        partner = await self._find(org_id)
        if partner is None:
            raise Failure.forbidden(NO_PARTNER)
        if sub_partner_id and sub_partner_id != org_id:
            partner = await self._find(sub_partner_id)
            if partner is None or partner.parent_id != org_id:
                raise Failure.forbidden(f"{named_by}: {NOT_ITS_OWN}")
        if changes and partner.suspended:
            raise Failure.forbidden(SUSPENDED)
        return partner

    async def has(self, org_id: str) -> bool:
        """Whether an organization is a partner."""
        return await self._find(org_id) is not None

    async def sub_partners(self, org_id: str, state: str | None, offset: int, size: int) -> list[Partner]:
        """A page of a partner's sub-partners. Raises Failure (403) when the organization is no partner."""
        await self.acting(org_id, None, changes=False)
        async with self._database.reading() as reading:
            return await store.sub_partners(reading, org_id, state, offset, size)

    async def _find(self, org_id: str) -> Partner | None:
        known = self.memory.get(org_id)
        if known is not None:
            return known
        async with self._database.reading() as reading:
            return self.memory.keep(org_id, await store.find(reading, org_id))


def arrive(told: PartnerDocument, org_id: str, rows: Rows, fault: Fault) -> None:
    """Read what makes an imported organization a partner into rows."""
    parent = inner("ORGANIZATION", told.parent) if told.parent else None
    created = _time(told.created, "partner.created", fault)
    billed = _time(told.billing_start_date, "partner.billingStartDate", fault)
    rows.partners.append((org_id, parent, told.subscription_id, told.state, created, billed))
    ids: set[str] = set()
    for n, template in enumerate(told.templates):
        id = template.provisioning_id.strip()
        if not id or id in ids:
            what = f"{id} is there twice; give each template its own" if id else "is empty; give an id"
            fault(f"partner.templates[{n}].provisioningId", what)
        ids.add(id)
        rows.templates.append((org_id, id, template.name))
    emails: set[str] = set()
    for n, text in enumerate(told.free_accounts):
        email = text.strip().lower()
        if email in emails or not is_email(email):
            what = (
                f"{email} is there twice; list each account once"
                if email in emails
                else f"`{text}` is no email address"
            )
            fault(f"partner.freeAccounts[{n}]", what)
        emails.add(email)
        rows.free_accounts.append((email, None))


def _time(text: str | None, where: str, fault: Fault) -> str | None:
    """A time as it is stored; UTC where it names no zone."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return stamp(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        fault(where, f"{text} is no time; write it as 2026-05-04T10:00:00.000Z")
        return None


async def parents(reading: Reading, org_ids: Collection[str]) -> dict[str, str | None]:
    """The parent of each of these organizations: None for a partner that has none, NONE for what is no partner."""
    there = await store.load(reading, org_ids) if org_ids else {}
    return {org_id: there[org_id].parent_id if org_id in there else NONE for org_id in org_ids}


def wrong_parent(row: Row, known: dict[str, str | None]) -> str:
    """Why a partner's row cannot have the parent that it names, as far as that is known; empty when nothing is wrong.

    A sub-partner has no sub-partners: nothing is documented of more than two levels.
    """
    org_id, parent, *_ = row
    if parent is None:
        return ""
    if parent == org_id:
        return "is the organization itself; leave it out"
    if known.get(parent) == NONE:
        return f"{parent} is no wholesale partner; import it as one before, or in the same document"
    if known.get(parent) is not None:
        return f"{parent} is a sub-partner itself; name its own parent"
    return ""

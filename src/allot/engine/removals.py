"""Removals: taking a package's licenses from everybody who has them, before the licenses go."""

from collections.abc import Sequence

from allot.core.holding import Holding
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook
from allot.service import holdings
from allot.service.context import Context
from allot.service.holdings import Needs
from allot.store import licenses
from allot.store.database import Writing


async def take_down(writing: Writing, context: Context, gone: Sequence[tuple[str, int]]) -> None:
    """Take licenses (organization, number) from all who have them, and delete them."""
    if not gone:
        return
    needs = Needs({org_id for org_id, _ in gone})
    for org_id, number in gone:
        needs.ids |= {(org_id, person_id) for person_id in await licenses.holder_ids(writing, org_id, number)}
    batch = await holdings.view(writing, context, needs, needs.org_ids)
    for person in list(batch.by_id.values()):
        taken = sum(1 << number for org_id, number in gone if org_id == person.org_id)
        organization = batch.organizations[person.org_id]
        batch.hold(person, without(context.rulebook, organization, person.holding, taken))
    await holdings.save(writing, batch)
    await licenses.delete(writing, gone)


def without(rulebook: Rulebook, organization: Organization, holding: Holding, taken: int) -> Holding:
    """A holding without some licenses; whoever has no calling license left has no number and extension either."""
    licenses_ = holding.licenses & ~taken
    calling = holding.calling if organization.offers(licenses_) & rulebook.calling else None
    return Holding(licenses_, holding.attendee, calling)

"""Organizations: what they are called, and who may manage which."""

from collections.abc import Collection

from allot.core.failure import Failure
from allot.core.organization import Head
from allot.store import organizations as store
from allot.store.database import Reading


async def manages(reading: Reading, partner_id: str, org_id: str) -> bool:
    """Whether the organization exists and is managed by this partner."""
    manager = await store.manager(reading, org_id)
    return manager == partner_id


async def name(reading: Reading, org_id: str) -> str:
    """The display name of an organization."""
    return await store.name(reading, org_id)


async def names(reading: Reading, org_ids: Collection[str]) -> dict[str, str]:
    """The display names of those of these organizations that there are."""
    return {org_id: head.display_name for org_id, head in (await store.heads_of(reading, org_ids)).items()}


async def visible(reading: Reading, org_id: str) -> list[Head]:
    """The organizations that people of this one see: itself first, then those that it manages."""
    return await store.heads(reading, org_id)


async def get(reading: Reading, viewer_id: str, org_id: str) -> Head:
    """An organization that people of `viewer_id` see. Raises Failure alike for others and for none."""
    head = await store.head(reading, org_id)
    if head is None or viewer_id not in (head.org_id, head.manager_id):
        raise Failure.not_found("orgId: nothing has this id, or the token may not see it")
    return head

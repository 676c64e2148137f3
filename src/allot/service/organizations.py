"""Organizations: who may manage which."""

from allot.store import organizations as store
from allot.store.database import Reading


async def manages(reading: Reading, partner_id: str, org_id: str) -> bool:
    """Whether the organization exists and is managed by this partner."""
    manager = await store.manager(reading, org_id)
    return manager == partner_id

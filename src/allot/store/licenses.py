"""Licenses: who holds one of them."""

from allot.store.database import Reading, Row

_HOLDERS = """
SELECT p.person_id, p.home_org_id, p.display_name, p.email
FROM holdings h JOIN people p ON p.org_id = h.org_id AND p.person_id = h.person_id
WHERE h.org_id = $1 AND h.license = $2 AND h.person_id > $3 AND h.pending_until IS NULL
ORDER BY h.person_id LIMIT $4
"""


async def holders(reading: Reading, org_id: str, license: int, after: str, limit: int) -> list[Row]:
    """(person id, home organization, display name, email) of those who hold it, by id, after one of them."""
    return await reading.rows(_HOLDERS, org_id, license, after, limit)

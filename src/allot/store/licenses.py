"""Licenses: who holds one of them."""

from allot.store.database import Reading, Row

_HOLDERS = """
SELECT h.given, p.person_id, p.home_org_id, p.display_name, p.email
FROM holdings h JOIN people p ON p.org_id = h.org_id AND p.person_id = h.person_id
WHERE h.org_id = $1 AND h.license = $2 AND (h.given, h.person_id) > ($3, $4) AND h.pending_until IS NULL
ORDER BY h.given, h.person_id LIMIT $5
"""


async def holders(reading: Reading, org_id: str, license: int, after: tuple[str, ...], limit: int) -> list[Row]:
    """(given, person id, home organization, display name, email) of those who hold it, as it was given to them.

    `after` is (given, person id) of one of them, or two empty texts.
    """
    return await reading.rows(_HOLDERS, org_id, license, *after, limit)

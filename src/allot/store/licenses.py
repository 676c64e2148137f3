"""Licenses: who holds one of them, how many units it has, and its end."""

from collections.abc import Sequence

from allot.store.database import Reading, Row, Writing

_HOLDERS = """
SELECT h.given, p.person_id, p.home_org_id, p.display_name, p.email
FROM holdings h JOIN people p ON p.org_id = h.org_id AND p.person_id = h.person_id
WHERE h.org_id = $1 AND h.license = $2 AND (h.given, h.person_id) > ($3, $4) AND h.pending_until IS NULL
ORDER BY h.given, h.person_id LIMIT $5
"""
_HOLDER_IDS = "SELECT person_id FROM holdings WHERE org_id = $1 AND license = $2"
_SET_UNITS = "UPDATE licenses SET total_units = $3, policy = $4 WHERE org_id = $1 AND license = $2"
_DELETE = "DELETE FROM licenses WHERE org_id = $1 AND license = $2"


async def holders(reading: Reading, org_id: str, license: int, after: tuple[str, ...], limit: int) -> list[Row]:
    """(given, person id, home organization, display name, email) of those who hold it, as it was given to them.

    `after` is (given, person id) of one of them, or two empty texts.
    """
    return await reading.rows(_HOLDERS, org_id, license, *after, limit)


async def holder_ids(reading: Reading, org_id: str, number: int) -> list[str]:
    """The ids of all who hold a license, or are invited to."""
    return [id for (id,) in await reading.rows(_HOLDER_IDS, org_id, number)]


async def set_units(writing: Writing, units: Sequence[tuple[str, int, int, str]]) -> None:
    """Set (organization, license number) to (total units, policy)."""
    await writing.many(_SET_UNITS, units)


async def delete(writing: Writing, licenses: Sequence[tuple[str, int]]) -> None:
    """Delete licenses that nobody holds."""
    await writing.many(_DELETE, licenses)

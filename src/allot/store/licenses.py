"""Licenses: who holds one of them, how many units it has, and its end."""

from collections.abc import Sequence

from allot.store.database import Reading, Row, Writing, rows

_HOLDERS = """
SELECT h.given, p.person_id, p.home_org_id, p.display_name, p.email
FROM holdings h JOIN people p ON p.org_id = h.org_id AND p.person_id = h.person_id
WHERE h.org_id = $1 AND h.license = $2 AND (h.given, h.person_id) > ($3, $4) AND h.pending_until IS NULL
ORDER BY h.given, h.person_id LIMIT $5
"""
_HOLDER_IDS = """
SELECT h.org_id, h.license, h.person_id FROM EACH($1) k
JOIN holdings h ON h.org_id = k.value->>0 AND h.license = CAST(k.value->>1 AS INTEGER)
"""
_SOME_HOLDER_IDS = f"{_HOLDER_IDS.strip()} LIMIT $2"
_FORGET = "DELETE FROM holdings WHERE org_id = $1 AND license = $2 AND person_id = $3"
_PLACES = """
SELECT l.org_id, l.license FROM EACH($1) k
JOIN licenses l ON l.org_id = k.value->>0 AND l.license_id = k.value->>1
"""
_SET_UNITS = "UPDATE licenses SET total_units = $3, policy = $4 WHERE org_id = $1 AND license = $2"
_DELETE = "DELETE FROM licenses WHERE org_id = $1 AND license = $2"


async def holders(reading: Reading, org_id: str, license: int, after: tuple[str, ...], limit: int) -> list[Row]:
    """(given, person id, home organization, display name, email) of those who hold it, as it was given to them.

    `after` is (given, person id) of one of them, or two empty texts.
    """
    return await reading.rows(_HOLDERS, org_id, license, *after, limit)


async def holder_ids(
    reading: Reading, licenses: Sequence[tuple[str, int]], limit: int | None = None
) -> list[tuple[str, int, str]]:
    """(organization, number, person id) of all, or so many, who hold a license (organization, number).

    Those who are invited to it are among them, also after their invitation has run out.
    """
    if limit is None:
        found = await reading.rows(_HOLDER_IDS, rows(licenses))
    else:
        found = await reading.rows(_SOME_HOLDER_IDS, rows(licenses), limit)
    return [(org_id, number, person_id) for org_id, number, person_id in found]


async def forget(writing: Writing, holders: Sequence[tuple[str, int, str]]) -> None:
    """Delete what is left of (organization, number, person id), which counts nowhere."""
    await writing.many(_FORGET, holders)


async def places(reading: Reading, ids: Sequence[tuple[str, str]]) -> list[tuple[str, int]]:
    """The (organization, number) of those of these (organization, license id) that there are."""
    return [(org_id, number) for org_id, number in await reading.rows(_PLACES, rows(ids))]


async def set_units(writing: Writing, units: Sequence[tuple[str, int, int, str]]) -> None:
    """Set (organization, license number) to (total units, policy)."""
    await writing.many(_SET_UNITS, units)


async def delete(writing: Writing, licenses: Sequence[tuple[str, int]]) -> None:
    """Delete licenses that nobody holds."""
    await writing.many(_DELETE, licenses)

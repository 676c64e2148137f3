"""Invitations: the licenses and sites that a person of another organization has not accepted yet."""

from collections.abc import Sequence

from allot.store.database import Reading, Writing

_LICENSES = """
SELECT license, pending_until FROM holdings
WHERE org_id = $1 AND person_id = $2 AND pending_until > $3 ORDER BY license
"""
_SITES = """
SELECT site_url, pending_until FROM attendees
WHERE org_id = $1 AND person_id = $2 AND pending_until > $3 ORDER BY site_url
"""
_ACCEPT_LICENSE = """
UPDATE holdings SET pending_until = NULL WHERE org_id = $1 AND person_id = $2 AND license = $3
"""
_ACCEPT_SITE = """
UPDATE attendees SET pending_until = NULL WHERE org_id = $1 AND person_id = $2 AND site_url = $3
"""
_COUNT = "UPDATE licenses SET consumed_by_users = consumed_by_users + 1 WHERE org_id = $1 AND license = $2"


async def pending(
    reading: Reading, org_id: str, person_id: str, now: str
) -> tuple[list[tuple[int, str]], list[tuple[str, str]]]:
    """License numbers, and sites, each with the time when the invitation runs out."""
    licenses = await reading.rows(_LICENSES, org_id, person_id, now)
    sites = await reading.rows(_SITES, org_id, person_id, now)
    return [(number, until) for number, until in licenses], [(url, until) for url, until in sites]


async def accept(
    writing: Writing, licenses: Sequence[tuple[str, str, int]], sites: Sequence[tuple[str, str, str]]
) -> None:
    """Make invitations (organization, person, license or site) holdings, and count the units."""
    await writing.many(_ACCEPT_LICENSE, licenses)
    await writing.many(_ACCEPT_SITE, sites)
    await writing.many(_COUNT, [(org_id, number) for org_id, _, number in licenses])

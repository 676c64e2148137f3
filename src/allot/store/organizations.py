"""Organizations: rows, and what a batch of decisions needs to know of them."""

from collections.abc import Collection, Iterable

from allot.core.license import License
from allot.core.offer import Offer
from allot.core.organization import Number, Organization
from allot.core.site import Site
from allot.store.database import Reading, Writing, one, rows

_LOCK = """
SELECT o.org_id FROM organizations o
WHERE o.org_id IN (SELECT value->>0 FROM EACH($1)) ORDER BY o.org_id FOR UPDATE
"""

_LICENSES = """
SELECT l.org_id, l.license, l.license_id, l.offer, l.name, l.total_units, l.policy,
       l.consumed_by_users, l.consumed_by_workspaces, l.subscription_id, l.site_url
FROM EACH($1) k JOIN licenses l ON l.org_id = k.value->>0
ORDER BY l.org_id, l.license
"""

_SITES = """
SELECT s.org_id, s.site_url, s.site_type, s.attendees FROM EACH($1) k JOIN sites s ON s.org_id = k.value->>0
"""

_LOCATIONS = """
SELECT l.org_id, l.location_id
FROM EACH($1) k JOIN locations l ON l.org_id = k.value->>0 AND l.location_id = k.value->>1
"""

_NUMBERS = """
SELECT n.org_id, n.phone_number, n.location_id, p.person_id
FROM EACH($1) k JOIN numbers n ON n.org_id = k.value->>0 AND n.phone_number = k.value->>1
LEFT JOIN people p ON p.org_id = n.org_id AND p.phone_number = n.phone_number
"""

_EXTENSIONS = """
SELECT p.org_id, p.location_id, p.extension, p.person_id
FROM EACH($1) k JOIN people p ON p.org_id = k.value->>0 AND p.extension = k.value->>1 AND p.location_id IS NOT NULL
UNION ALL
SELECT c.org_id, c.location_id, c.extension, c.park_id
FROM EACH($1) k JOIN call_parks c ON c.org_id = k.value->>0 AND c.extension = k.value->>1
"""


async def lock(writing: Writing, org_ids: Collection[str]) -> set[str]:
    """Make other writers of these organizations wait; the ids of those that exist, locked in id order."""
    return {row[0] for row in await writing.rows(_LOCK, rows([(org_id,) for org_id in org_ids]))}


async def manager(reading: Reading, org_id: str) -> str | None:
    """The partner that manages an organization; None when there is none, or no such organization."""
    row = await one(reading, "SELECT manager_id FROM organizations WHERE org_id = $1", org_id)
    return row[0] if row else None


async def load(
    reading: Reading, offers: dict[str, Offer], org_ids: Iterable[str], *, sites: bool
) -> dict[str, Organization]:
    """The organizations with their licenses and counters, and with their sites when asked for."""
    keys = rows([(org_id,) for org_id in org_ids])
    licenses: dict[str, dict[str, License]] = {org_id: {} for org_id in org_ids}
    for org_id, number, license_id, code, *rest in await reading.rows(_LICENSES, keys):
        licenses[org_id][license_id] = License(number, license_id, offers[code], *rest)
    organizations = {org_id: Organization(org_id, owned) for org_id, owned in licenses.items()}
    if sites:
        for org_id, url, kind, attendees in await reading.rows(_SITES, keys):
            organizations[org_id].sites[url] = Site(url, kind, bool(attendees))
    return organizations


async def load_calling(
    reading: Reading,
    organizations: dict[str, Organization],
    locations: Collection[tuple[str, str]],
    numbers: Collection[tuple[str, str]],
    extensions: Collection[tuple[str, str]],
) -> None:
    """Add what is known of the (organization, value) pairs that requests name, with who uses them."""
    if locations:
        for org_id, location_id in await reading.rows(_LOCATIONS, rows(list(locations))):
            organizations[org_id].locations.add(location_id)
    if numbers:
        for org_id, phone_number, location_id, owner_id in await reading.rows(_NUMBERS, rows(list(numbers))):
            organizations[org_id].numbers[phone_number] = Number(location_id, owner_id)
    if extensions:
        for org_id, location_id, extension, user_id in await reading.rows(_EXTENSIONS, rows(list(extensions))):
            organizations[org_id].extensions[location_id, extension] = user_id

"""Organizations: rows, and what a batch of decisions needs to know of them."""

from collections.abc import Collection, Iterable

from allot.core.license import License
from allot.core.offer import Offer
from allot.core.organization import Head, Number, Organization
from allot.core.site import Site
from allot.store.database import Reading, Writing, by_organization, one, rows, texts

_LOCK = """
SELECT o.org_id, o.entries FROM organizations o
WHERE o.org_id IN (SELECT value->>0 FROM EACH($1)) ORDER BY o.partner, o.org_id FOR UPDATE
"""

_LICENSES = """
SELECT license, license_id, offer, name, total_units, policy,
       consumed_by_users, consumed_by_workspaces, subscription_id, site_url
FROM licenses WHERE org_id = $1 ORDER BY license
"""
_SITES = "SELECT site_url, site_type, attendees FROM sites WHERE org_id = $1"
_LOCATIONS = "SELECT location_id FROM locations WHERE org_id = $1 AND location_id IN LIST($2) AND calling = 1"
_NUMBERS = """
SELECT n.phone_number, n.location_id, p.person_id
FROM numbers n LEFT JOIN people p ON p.org_id = n.org_id AND p.phone_number = n.phone_number
WHERE n.org_id = $1 AND n.phone_number IN LIST($2)
"""
_EXTENSIONS = """
SELECT location_id, extension, person_id FROM people WHERE org_id = $1 AND extension IN LIST($2)
UNION ALL
SELECT location_id, extension, park_id FROM call_parks WHERE org_id = $1 AND extension IN LIST($2)
"""


_LOCK_CUSTOMERS = """
SELECT o.org_id, o.licenses FROM organizations o
WHERE o.org_id IN (
    SELECT c.customer_org_id FROM EACH($1) k
    JOIN customers c ON c.org_id = k.value->>0 AND c.customer_id = k.value->>1
)
ORDER BY o.partner, o.org_id FOR UPDATE
"""
_CALLING = """
SELECT l.org_id, l.name, l.location_id FROM EACH($1) k
JOIN locations l ON l.org_id = k.value->>0 AND l.name = k.value->>1 WHERE l.calling = 1
"""
_LOCATION_NAMES = "SELECT org_id, name, location_id FROM locations WHERE org_id IN LIST($1)"
_HEADS = "SELECT org_id, display_name, created, manager_id FROM organizations WHERE {which}"
_HEAD = _HEADS.format(which="org_id = $1")
_NAMED = _HEADS.format(which="org_id IN LIST($1)")
_MANAGED = _HEADS.format(which="manager_id = $1 ORDER BY org_id")


async def lock(writing: Writing, org_ids: Collection[str]) -> dict[str, int]:
    """Make other writers of these organizations wait; those that exist, each with the number of its last journal entry.

    They are locked in id order, partners last: what is done for their customers ends up in their journals.
    """
    return dict(await writing.rows(_LOCK, rows([(org_id,) for org_id in org_ids])))


async def names(reading: Reading) -> dict[str, str]:
    """The display names of all organizations, by id."""
    return dict(await reading.rows("SELECT org_id, display_name FROM organizations ORDER BY org_id"))


async def name(reading: Reading, org_id: str) -> str:
    """The display name of an organization; empty when there is none."""
    row = await one(reading, "SELECT display_name FROM organizations WHERE org_id = $1", org_id)
    return row[0] if row else ""


async def head(reading: Reading, org_id: str) -> Head | None:
    """The organization of this id, or None."""
    row = await one(reading, _HEAD, org_id)
    return Head(*row) if row else None


async def heads_of(reading: Reading, org_ids: Collection[str]) -> dict[str, Head]:
    """Those of these organizations that there are, by id."""
    return {row[0]: Head(*row) for row in await reading.rows(_NAMED, texts(org_ids))}


async def heads(reading: Reading, org_id: str) -> list[Head]:
    """The organization of this id and all that it manages."""
    own, managed = await reading.rows(_HEAD, org_id), await reading.rows(_MANAGED, org_id)
    return [Head(*row) for row in own + managed]


async def manager(reading: Reading, org_id: str) -> str | None:
    """The partner that manages an organization; None when there is none, or no such organization."""
    row = await one(reading, "SELECT manager_id FROM organizations WHERE org_id = $1", org_id)
    return row[0] if row else None


async def load(
    reading: Reading, offers: dict[str, Offer], org_ids: Iterable[str], *, sites: bool
) -> dict[str, Organization]:
    """The organizations with their licenses and counters, and with their sites when asked for."""
    keys = [(org_id,) for org_id in org_ids]
    organizations: dict[str, Organization] = {}
    for (org_id,), found in zip(keys, await reading.each(_LICENSES, keys), strict=True):
        licenses = (License(number, id, offers[code], *rest) for number, id, code, *rest in found)
        organizations[org_id] = Organization(org_id, {license.id: license for license in licenses})
    if sites:
        for (org_id,), found in zip(keys, await reading.each(_SITES, keys), strict=True):
            organizations[org_id].sites.update((url, Site(url, kind, bool(on))) for url, kind, on in found)
    return organizations


def expect(reading: Reading, org_ids: Iterable[str], *, sites: bool) -> None:
    """Say that `load` is asked for these next, in this order."""
    keys = [(org_id,) for org_id in org_ids]
    reading.expect(_LICENSES, keys)
    if sites:
        reading.expect(_SITES, keys)


async def load_calling(
    reading: Reading,
    organizations: dict[str, Organization],
    locations: Collection[tuple[str, str]],
    numbers: Collection[tuple[str, str]],
    extensions: Collection[tuple[str, str]],
) -> None:
    """Add what is known of the (organization, value) pairs that requests name, with who uses them."""
    keys = by_organization(locations)
    for (org_id, _), found in zip(keys, await reading.each(_LOCATIONS, keys), strict=True):
        organizations[org_id].locations.update(location_id for (location_id,) in found)
    keys = by_organization(numbers)
    for (org_id, _), found in zip(keys, await reading.each(_NUMBERS, keys), strict=True):
        organizations[org_id].numbers.update((phone, Number(at, owner)) for phone, at, owner in found)
    keys = by_organization(extensions)
    for (org_id, _), found in zip(keys, await reading.each(_EXTENSIONS, keys), strict=True):
        organizations[org_id].extensions.update(((at, extension), user) for at, extension, user in found)


async def lock_customers(writing: Writing, keys: Collection[tuple[str, str]]) -> dict[str, int]:
    """Lock the organizations that there are of these (partner, customer), as `lock` does.

    For each how many licenses it ever had: the place of its next one.
    """
    return dict(await writing.rows(_LOCK_CUSTOMERS, rows(list(keys))))


async def calling_locations(reading: Reading, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ids of those of these (organization, name of a location) that are enabled for Webex Calling."""
    found = await reading.rows(_CALLING, rows(list(keys)))
    return {(org_id, name): location_id for org_id, name, location_id in found}


async def location_names(reading: Reading, org_ids: Collection[str]) -> dict[str, dict[str, str]]:
    """The ids of the locations of these organizations, by organization and name."""
    found: dict[str, dict[str, str]] = {}
    for org_id, name, location_id in await reading.rows(_LOCATION_NAMES, texts(org_ids)):
        found.setdefault(org_id, {})[name] = location_id
    return found

"""Imports: the rows of whole organizations, written some thousand at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from allot.store.database import Reading, Row, Writing, rows

# Rows of one statement: large enough to be fast, small enough for a parameter of about a megabyte.
PIECE = 5_000

_ORGANIZATIONS = """
INSERT INTO organizations (org_id, display_name, created, manager_id)
SELECT value->>0, value->>1, $2, value->>2 FROM EACH($1)
"""
_SITES = """
INSERT INTO sites (org_id, site_url, site_type, attendees)
SELECT value->>0, value->>1, value->>2, CAST(value->>3 AS INTEGER) FROM EACH($1)
"""
_LOCATIONS = """
INSERT INTO locations (org_id, location_id, name, details, calling, routing_prefix)
SELECT value->>0, value->>1, value->>2, value->>3, CAST(value->>4 AS INTEGER), value->>5 FROM EACH($1)
"""
_NUMBERS = """
INSERT INTO numbers (org_id, phone_number, location_id, state, number_type, main)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, CAST(value->>5 AS INTEGER) FROM EACH($1)
"""
_CALL_PARKS = """
INSERT INTO call_parks (org_id, location_id, extension, park_id, name)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4 FROM EACH($1)
"""
_LICENSES = """
INSERT INTO licenses (org_id, license, license_id, offer, name, total_units, policy,
                      consumed_by_workspaces, subscription_id, site_url)
SELECT value->>0, CAST(value->>1 AS INTEGER), value->>2, value->>3, value->>4, CAST(value->>5 AS INTEGER), value->>6,
       CAST(value->>7 AS INTEGER), value->>8, value->>9
FROM EACH($1)
"""
_PEOPLE = """
INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created, last_modified,
                    location_id, phone_number, extension)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, COALESCE(value->>7, $2), $2,
       value->>8, value->>9, value->>10
FROM EACH($1)
"""
_ROLES = "INSERT INTO roles (org_id, person_id, role_id) SELECT value->>0, value->>1, value->>2 FROM EACH($1)"
_HOLDINGS = """
INSERT INTO holdings (org_id, person_id, license, pending_until)
SELECT value->>0, value->>1, CAST(value->>2 AS INTEGER), CASE WHEN value->>3 = 'pending' THEN $2 END FROM EACH($1)
"""
_ATTENDEES = """
INSERT INTO attendees (org_id, person_id, site_url, pending_until)
SELECT value->>0, value->>1, value->>2, CASE WHEN value->>3 = 'pending' THEN $2 END FROM EACH($1)
"""
_COUNT = "UPDATE licenses SET consumed_by_users = consumed_by_users + $3 WHERE org_id = $1 AND license = $2"

_KNOWN_LICENSES = "SELECT license_id, license, offer, name FROM licenses WHERE org_id = $1 ORDER BY license"
_KNOWN_LOCATIONS = "SELECT location_id, name FROM locations WHERE org_id = $1"
_KNOWN_NUMBERS = """
SELECT n.phone_number, n.location_id, p.email FROM numbers n
LEFT JOIN people p ON p.org_id = n.org_id AND p.phone_number = n.phone_number WHERE n.org_id = $1
"""
_KNOWN_EXTENSIONS = """
SELECT location_id, extension, email FROM people WHERE org_id = $1 AND extension IS NOT NULL
UNION ALL SELECT location_id, extension, name FROM call_parks WHERE org_id = $1
"""
_KNOWN_EMAILS = "SELECT email, person_id FROM people WHERE org_id = $1"


@dataclass(slots=True, eq=False)
class Rows:
    """Rows in the order of their columns; `pending` stands where an invitation is not accepted yet."""

    organizations: list[Row] = field(default_factory=list)
    sites: list[Row] = field(default_factory=list)
    locations: list[Row] = field(default_factory=list)
    numbers: list[Row] = field(default_factory=list)
    call_parks: list[Row] = field(default_factory=list)
    licenses: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    roles: list[Row] = field(default_factory=list)
    holdings: list[Row] = field(default_factory=list)
    attendees: list[Row] = field(default_factory=list)


async def insert(writing: Writing, new: Rows, now: str, pending_until: str) -> None:
    """Write all rows, and count the units that they use."""
    await _all(writing, _ORGANIZATIONS, new.organizations, now)
    await _all(writing, _SITES, new.sites)
    await _all(writing, _LOCATIONS, new.locations)
    await _all(writing, _NUMBERS, new.numbers)
    await _all(writing, _CALL_PARKS, new.call_parks)
    await _all(writing, _LICENSES, new.licenses)
    await _all(writing, _PEOPLE, new.people, now)
    await _all(writing, _ROLES, new.roles)
    await _all(writing, _HOLDINGS, new.holdings, pending_until)
    await _all(writing, _ATTENDEES, new.attendees, pending_until)
    counts: dict[tuple[str, int], int] = {}
    for org_id, _, license, pending in new.holdings:
        if pending is None:
            counts[org_id, license] = counts.get((org_id, license), 0) + 1
    await writing.many(_COUNT, [(*key, count) for key, count in sorted(counts.items())])


async def _all(writing: Writing, sql: str, new: Sequence[Row], *parameters: object) -> None:
    for first in range(0, len(new), PIECE):
        await writing.run(sql, rows(new[first : first + PIECE]), *parameters)


async def known(reading: Reading, org_id: str) -> tuple[list[Row], list[Row], list[Row], list[Row], list[Row]]:
    """Licenses, locations, numbers, extensions and emails of an organization that more people are added to."""
    return (
        await reading.rows(_KNOWN_LICENSES, org_id),
        await reading.rows(_KNOWN_LOCATIONS, org_id),
        await reading.rows(_KNOWN_NUMBERS, org_id),
        await reading.rows(_KNOWN_EXTENSIONS, org_id),
        await reading.rows(_KNOWN_EMAILS, org_id),
    )

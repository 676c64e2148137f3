"""Imports: the rows of whole organizations, written some thousand at a time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from allot.store.database import Reading, Row, Writing

# Rows of one statement: large enough to be fast, small enough for a parameter of about a megabyte.
PIECE = 5_000

_ORGANIZATIONS = "INSERT INTO organizations (org_id, display_name, manager_id, created) VALUES ($1, $2, $3, $4)"
_SITES = "INSERT INTO sites (org_id, site_url, site_type, attendees) VALUES ($1, $2, $3, $4) ONCE"
_LOCATIONS = """
INSERT INTO locations (org_id, location_id, name, details, calling, routing_prefix) VALUES ($1, $2, $3, $4, $5, $6)
"""
_NUMBERS = """
INSERT INTO numbers (org_id, phone_number, location_id, state, number_type, main) VALUES ($1, $2, $3, $4, $5, $6)
"""
_CALL_PARKS = "INSERT INTO call_parks (org_id, location_id, extension, park_id, name) VALUES ($1, $2, $3, $4, $5)"
_LICENSES = (
    "INSERT INTO licenses (org_id, license, license_id, offer, name, total_units, policy, consumed_by_workspaces,"
    " subscription_id, site_url) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)
_MADE = "UPDATE organizations SET licenses = licenses + $2 WHERE org_id = $1"
_PEOPLE = (
    "INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created,"
    " last_modified, location_id, phone_number, extension)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
)
_ROLES = "INSERT INTO roles (org_id, person_id, role_id) VALUES ($1, $2, $3)"
_HOLDINGS = "INSERT INTO holdings (org_id, person_id, license, pending_until) VALUES ($1, $2, $3, $4)"
_ATTENDEES = "INSERT INTO attendees (org_id, person_id, site_url, pending_until) VALUES ($1, $2, $3, $4)"
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


_PARTNERS = (
    "INSERT INTO partners (org_id, parent_id, subscription_id, state, created, billing_start)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
)
_MARK = "UPDATE organizations SET partner = 1 WHERE org_id = $1"
_TEMPLATES = "INSERT INTO templates (org_id, provisioning_id, name) VALUES ($1, $2, $3)"
_FREE_ACCOUNTS = "INSERT INTO free_accounts (email, asked) VALUES ($1, $2) ONCE"


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
    partners: list[Row] = field(default_factory=list)
    templates: list[Row] = field(default_factory=list)
    free_accounts: list[Row] = field(default_factory=list)


async def insert(writing: Writing, new: Rows, now: str, pending_until: str) -> None:
    """Write all rows, and count the units that they use."""
    await _all(writing, _ORGANIZATIONS, [(*row, now) for row in new.organizations])
    await _all(writing, _SITES, new.sites)
    await _all(writing, _LOCATIONS, new.locations)
    await _all(writing, _NUMBERS, new.numbers)
    await _all(writing, _CALL_PARKS, new.call_parks)
    await _all(writing, _LICENSES, new.licenses)
    made = Counter(row[0] for row in new.licenses)
    await writing.many(_MADE, sorted(made.items()))
    await _all(writing, _PEOPLE, [(*row[:7], row[7] or now, now, *row[8:]) for row in new.people])
    await _all(writing, _ROLES, new.roles)
    await _all(writing, _HOLDINGS, [(*row[:3], row[3] and pending_until) for row in new.holdings])
    await _all(writing, _ATTENDEES, [(*row[:3], row[3] and pending_until) for row in new.attendees])
    await _all(writing, _PARTNERS, [(*row[:4], row[4] or now, row[5] or now) for row in new.partners])
    await writing.many(_MARK, [(row[0],) for row in new.partners])
    await _all(writing, _TEMPLATES, new.templates)
    await _all(writing, _FREE_ACCOUNTS, new.free_accounts)
    counts: dict[tuple[str, int], int] = {}
    for org_id, _, license, pending in new.holdings:
        if pending is None:
            counts[org_id, license] = counts.get((org_id, license), 0) + 1
    await writing.many(_COUNT, [(*key, count) for key, count in sorted(counts.items())])


async def _all(writing: Writing, sql: str, new: Sequence[Row]) -> None:
    # Keys are in the first columns: rows in their order find their places in the tables one after the other.
    ordered = sorted(new, key=itemgetter(0, 1))
    for first in range(0, len(ordered), PIECE):
        await writing.many(sql, ordered[first : first + PIECE])


async def known(reading: Reading, org_id: str) -> tuple[list[Row], list[Row], list[Row], list[Row], list[Row]]:
    """Licenses, locations, numbers, extensions and emails of an organization that more people are added to."""
    return (
        await reading.rows(_KNOWN_LICENSES, org_id),
        await reading.rows(_KNOWN_LOCATIONS, org_id),
        await reading.rows(_KNOWN_NUMBERS, org_id),
        await reading.rows(_KNOWN_EXTENSIONS, org_id),
        await reading.rows(_KNOWN_EMAILS, org_id),
    )

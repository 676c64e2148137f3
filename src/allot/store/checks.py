"""Checks: what the tables must say of each other. Each is one statement, so it is true of one moment."""

from collections import Counter
from collections.abc import AsyncIterator

import msgspec

from allot.store.database import Reading, Row, pages

#: (table, column, table that it refers to by its column of that name), always within the organization. PostgreSQL
#: keeps them by itself; SQLite only for those who ask it to, which other programs than allot seldom do.
REFERENCES = (
    *((table, "org_id", "organizations") for table in ("sites", "licenses", "locations", "people")),
    *((table, "org_id", "organizations") for table in ("journal", "applications")),
    ("licenses", "site_url", "sites"),
    ("numbers", "location_id", "locations"),
    ("call_parks", "location_id", "locations"),
    ("people", "location_id", "locations"),
    ("people", "phone_number", "numbers"),
    ("roles", "person_id", "people"),
    ("holdings", "person_id", "people"),
    ("holdings", "license", "licenses"),
    ("attendees", "person_id", "people"),
    ("attendees", "site_url", "sites"),
    ("applications", "person_id", "people"),
    ("tokens", "person_id", "people"),
    ("partners", "org_id", "organizations"),
    *((table, "org_id", "partners") for table in ("templates", "customers", "reports", "outcomes", "webhooks")),
    *((table, "customer_id", "customers") for table in ("packages", "runs", "subscribers")),
    ("steps", "customer_id", "runs"),
    ("report_pieces", "report_id", "reports"),
    ("deliveries", "webhook_id", "webhooks"),
)
_LOST = """
SELECT c.org_id, COUNT(*) FROM {table} c
WHERE c.{column} IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.org_id = c.org_id AND p.{column} = c.{column})
GROUP BY c.org_id ORDER BY c.org_id
"""
#: (organization, license id, counted, kept)
_COUNTERS = """
SELECT l.org_id, l.license_id, COUNT(h.person_id), l.consumed_by_users
FROM licenses l
LEFT JOIN holdings h ON h.org_id = l.org_id AND h.license = l.license AND h.pending_until IS NULL
GROUP BY l.org_id, l.license, l.license_id, l.consumed_by_users
HAVING COUNT(h.person_id) <> l.consumed_by_users
ORDER BY l.org_id, l.license
"""
#: (organization, entries it says it has, entries there, the last one's number)
_JOURNAL = """
SELECT o.org_id, o.entries, COUNT(j.entry), COALESCE(MAX(j.entry), 0)
FROM organizations o LEFT JOIN journal j ON j.org_id = o.org_id
GROUP BY o.org_id, o.entries
HAVING COUNT(j.entry) <> o.entries OR COALESCE(MAX(j.entry), 0) <> o.entries
ORDER BY o.org_id
"""
#: (organization, email, site)
_OVERLAPS = """
SELECT DISTINCT a.org_id, p.email, a.site_url
FROM attendees a
JOIN people p ON p.org_id = a.org_id AND p.person_id = a.person_id
JOIN holdings h ON h.org_id = a.org_id AND h.person_id = a.person_id AND h.pending_until IS NULL
JOIN licenses l ON l.org_id = h.org_id AND l.license = h.license AND l.site_url = a.site_url
ORDER BY a.org_id, p.email, a.site_url
"""
#: (organization, email, what)
_PENDING = """
SELECT h.org_id, p.email, l.license_id
FROM holdings h
JOIN people p ON p.org_id = h.org_id AND p.person_id = h.person_id AND p.home_org_id = p.org_id
JOIN licenses l ON l.org_id = h.org_id AND l.license = h.license
WHERE h.pending_until IS NOT NULL
UNION ALL
SELECT a.org_id, p.email, a.site_url
FROM attendees a JOIN people p ON p.org_id = a.org_id AND p.person_id = a.person_id AND p.home_org_id = p.org_id
WHERE a.pending_until IS NOT NULL
ORDER BY 1, 2, 3
"""
#: (organization, email, number, the number's location, the person's)
_NUMBERS = """
SELECT p.org_id, p.email, p.phone_number, n.location_id, p.location_id
FROM people p JOIN numbers n ON n.org_id = p.org_id AND n.phone_number = p.phone_number
WHERE n.location_id <> p.location_id
ORDER BY p.org_id, p.email
"""
#: (organization, email, extension, location, call park)
_EXTENSIONS = """
SELECT p.org_id, p.email, p.extension, p.location_id, c.name
FROM people p
JOIN call_parks c ON c.org_id = p.org_id AND c.location_id = p.location_id AND c.extension = p.extension
ORDER BY p.org_id, p.email
"""
#: (partner, customer, package, how many subscribers it says it has)
_PACKAGES = "SELECT org_id, customer_id, package, subscribers FROM packages ORDER BY org_id, customer_id, package"
#: (partner, customer, packages as a JSON list, how many subscribers have just these)
_SUBSCRIBERS = "SELECT org_id, customer_id, packages, COUNT(*) FROM subscribers GROUP BY org_id, customer_id, packages"
#: (partner, email) of subscribers whose person is not there, or has another email
_MAPPINGS = """
SELECT s.org_id, s.email FROM subscribers s
JOIN customers c ON c.org_id = s.org_id AND c.customer_id = s.customer_id
LEFT JOIN people p ON p.org_id = c.customer_org_id AND p.person_id = s.person_id
WHERE s.person_id IS NOT NULL AND (p.email IS NULL OR p.email <> s.email)
ORDER BY s.org_id, s.email
"""
#: (partner, email) of subscribers who are not billed for just the packages that they have, or not there and billed
_BILLED = """
SELECT u.org_id, u.email FROM usage u
LEFT JOIN subscribers s ON s.org_id = u.org_id AND s.subscriber_id = u.subscriber_id AND s.customer_id = u.customer_id
    AND s.status = 'provisioned' AND s.packages LIKE '%"' || u.package || '"%'
WHERE u.until_day IS NULL AND s.subscriber_id IS NULL
UNION
SELECT s.org_id, s.email FROM subscribers s
LEFT JOIN usage u ON u.org_id = s.org_id AND u.customer_id = s.customer_id AND u.subscriber_id = s.subscriber_id
    AND u.until_day IS NULL
WHERE s.status = 'provisioned'
GROUP BY s.org_id, s.subscriber_id, s.email, s.packages
HAVING COUNT(u.package) <> LENGTH(s.packages) - LENGTH(REPLACE(s.packages, ',', '')) + 1
ORDER BY 1, 2
"""
#: (partner, customer, kind of the run that lives as the customer says, as the runs say); empty for none
_LIVE = """
SELECT c.org_id, c.customer_id, c.live, COALESCE(r.kind, '') FROM customers c
LEFT JOIN runs r ON r.org_id = c.org_id AND r.customer_id = c.customer_id AND r.settled IS NULL
WHERE COALESCE(r.kind, '') <> c.live
ORDER BY c.org_id, c.customer_id
"""
#: (partner, customer, number of its last run as the customer says, as the runs say)
_LAST = """
SELECT c.org_id, c.customer_id, c.run, COALESCE(MAX(r.run), 0) FROM customers c
LEFT JOIN runs r ON r.org_id = c.org_id AND r.customer_id = c.customer_id
GROUP BY c.org_id, c.customer_id, c.run
HAVING c.run <> COALESCE(MAX(r.run), 0)
ORDER BY c.org_id, c.customer_id
"""
#: (partner, customer, run, whether it says that it is settled, steps that are not)
_SETTLED = """
SELECT r.org_id, r.customer_id, r.run, CASE WHEN r.settled IS NULL THEN 0 ELSE 1 END, COUNT(s.step)
FROM runs r
LEFT JOIN steps s ON s.org_id = r.org_id AND s.customer_id = r.customer_id AND s.run = r.run
    AND s.state IN ('waiting', 'ready', 'running', 'held')
GROUP BY r.org_id, r.customer_id, r.run, r.settled
HAVING (r.settled IS NULL) <> (COUNT(s.step) > 0)
ORDER BY r.org_id, r.customer_id, r.run
"""
#: (partner, customer, run, step) of steps that are carried out by nobody, or for no time
_LEASES = """
SELECT org_id, customer_id, run, step FROM steps
WHERE state = 'running' AND (lease_until IS NULL OR worker IS NULL OR attempts = 0)
ORDER BY org_id, customer_id, run, step
"""
#: (customer, status, live, review, errors, package, its status, errors, license ids, how many of these licenses are
#: there) of so many customers; the last five are null for one without packages
_CUSTOMERS = """
SELECT c.customer_id, c.status, c.live, c.review, c.errors, p.package, p.status, p.errors, p.license_ids,
       COUNT(l.license)
FROM (SELECT org_id, customer_id, customer_org_id, status, live, review, errors FROM customers
      WHERE org_id = $1 AND customer_id > $2 ORDER BY customer_id LIMIT 1000) c
LEFT JOIN packages p ON p.org_id = c.org_id AND p.customer_id = c.customer_id
LEFT JOIN licenses l ON l.org_id = c.customer_org_id AND p.license_ids LIKE '%"' || l.license_id || '"%'
GROUP BY c.customer_id, c.status, c.live, c.review, c.errors, p.package, p.status, p.errors, p.license_ids
ORDER BY c.customer_id, p.package
"""
#: (partner, one of its customers, package)
_PACKAGES_USED = "SELECT org_id, MIN(customer_id), package FROM packages GROUP BY org_id, package ORDER BY 1, 3"
#: (person id, email, home organization, location, 60 licenses from this one, which of them as bits)
_HOLDERS = """
SELECT p.person_id, p.email, p.home_org_id, p.location_id, COALESCE(h.license / 60, 0),
       CAST(COALESCE(SUM(CAST(1 AS BIGINT) << (h.license % 60)), 0) AS BIGINT)
FROM (SELECT org_id, person_id, email, home_org_id, location_id FROM people
      WHERE org_id = $1 AND person_id > $2 ORDER BY person_id LIMIT 1000) p
LEFT JOIN holdings h ON h.org_id = p.org_id AND h.person_id = p.person_id
GROUP BY p.person_id, p.email, p.home_org_id, p.location_id, COALESCE(h.license / 60, 0)
ORDER BY p.person_id
"""
#: (organization, offer, one of its licenses)
_OFFERS = "SELECT org_id, offer, MIN(license_id) FROM licenses GROUP BY org_id, offer ORDER BY org_id, offer"
WORD = 60


async def lost(reading: Reading) -> list[tuple[str, str, str, int]]:
    """(organization, table, table that it refers to, rows) where what rows refer to is not there."""
    found: list[tuple[str, str, str, int]] = []
    for table, column, parent in REFERENCES:
        sql = _LOST.format(table=table, column=column, parent=parent)
        found += [(org_id, table, parent, count) for org_id, count in await reading.rows(sql)]
    return found


async def lives(reading: Reading) -> list[Row]:
    """Customers who say that another run lives than the runs do."""
    return await reading.rows(_LIVE)


async def last_runs(reading: Reading) -> list[Row]:
    """Customers who say that another run was the last one than the runs do."""
    return await reading.rows(_LAST)


async def settlements(reading: Reading) -> list[Row]:
    """Runs that are settled and have steps to do, or have none to do and are not settled."""
    return await reading.rows(_SETTLED)


async def leases(reading: Reading) -> list[Row]:
    """Steps that are claimed, and nobody has the claim."""
    return await reading.rows(_LEASES)


async def packages_used(reading: Reading) -> list[Row]:
    """Which packages partners' customers have, each with one that has it."""
    return await reading.rows(_PACKAGES_USED)


async def providers(reading: Reading) -> list[str]:
    """The partners that have customers."""
    return [org_id for (org_id,) in await reading.rows("SELECT DISTINCT org_id FROM customers ORDER BY org_id")]


async def customers(reading: Reading, org_id: str) -> AsyncIterator[list[Row]]:
    """A partner's customers, the rows of one after the other, each row with one of its packages."""
    last: list[Row] = []
    async for found in pages(reading, _CUSTOMERS, org_id):
        for row in found:
            if last and last[0][0] != row[0]:
                yield last
                last = []
            last.append(row)
    if last:
        yield last


async def counters(reading: Reading) -> list[Row]:
    """Licenses whose counter is not the number of people who hold them."""
    return await reading.rows(_COUNTERS)


async def journals(reading: Reading) -> list[Row]:
    """Organizations whose journal has a gap, or not as many entries as they say."""
    return await reading.rows(_JOURNAL)


async def overlaps(reading: Reading) -> list[Row]:
    """People who are host and attendee of one site."""
    return await reading.rows(_OVERLAPS)


async def pending(reading: Reading) -> list[Row]:
    """What is pending for people of the organization itself."""
    return await reading.rows(_PENDING)


async def numbers(reading: Reading) -> list[Row]:
    """People at another location than their number."""
    return await reading.rows(_NUMBERS)


async def extensions(reading: Reading) -> list[Row]:
    """People whose extension is also a call park's."""
    return await reading.rows(_EXTENSIONS)


async def packages(reading: Reading) -> list[tuple[str, str, str, int, int]]:
    """(partner, customer, package, subscribers counted, kept) where they differ."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for org_id, customer_id, names, count in await reading.rows(_SUBSCRIBERS):
        for name in msgspec.json.decode(names):
            counted[org_id, customer_id, name] += count
    kept = {(org_id, customer_id, name): count for org_id, customer_id, name, count in await reading.rows(_PACKAGES)}
    # A package that is being removed with its customer may be gone before its subscribers are.
    return [(*key, counted[key], count) for key, count in kept.items() if counted[key] != count]


async def mappings(reading: Reading) -> list[Row]:
    """Subscribers whose person is not there, or has another email."""
    return await reading.rows(_MAPPINGS)


async def billed(reading: Reading) -> list[Row]:
    """Subscribers who are not billed for just what they have, or not there and billed."""
    return await reading.rows(_BILLED)


async def offers(reading: Reading) -> list[Row]:
    """Which offers organizations have licenses of."""
    return await reading.rows(_OFFERS)


async def holders(reading: Reading, org_id: str) -> AsyncIterator[tuple[str, str, str | None, int]]:
    """Everybody's email, home organization, location and licenses as bits."""
    last: tuple[str, str, str, str | None] | None = None
    licenses = 0
    async for found in pages(reading, _HOLDERS, org_id):
        for person_id, email, home, location, word, bits in found:
            if last is not None and last[0] != person_id:
                yield *last[1:], licenses
                licenses = 0
            last = (person_id, email, home, location)
            licenses |= bits << WORD * word
    if last is not None:
        yield *last[1:], licenses

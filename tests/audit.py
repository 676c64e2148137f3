"""What must always be true of a database: holdings, counters and journal tell one story, and `allot check` agrees.

Written against the tables and without the service, so that it can find what `allot check` overlooks.
"""

import asyncio
import json
from collections import defaultdict
from typing import Any

from allot.cli.databases import open_database
from allot.service.checks import check
from allot.store.database import Reading
from servers import rulebook

_COUNTERS = """
SELECT l.org_id, l.name, l.consumed_by_users, count(h.person_id) FROM licenses l
LEFT JOIN holdings h ON h.org_id = l.org_id AND h.license = l.license AND h.pending_until IS NULL
GROUP BY l.org_id, l.license, l.name, l.consumed_by_users
HAVING l.consumed_by_users <> count(h.person_id)
"""
_PEOPLE = "SELECT org_id, person_id, location_id, phone_number, extension FROM people"
_HOLDINGS = """
SELECT h.org_id, h.person_id, h.license FROM holdings h ORDER BY h.org_id, h.person_id, h.license
"""
_ATTENDEES = "SELECT org_id, person_id, site_url FROM attendees ORDER BY org_id, person_id, site_url"
_JOURNAL = "SELECT org_id, entry, action, target_id, detail FROM journal ORDER BY org_id, entry"
_ENTRIES = "SELECT org_id, entries FROM organizations"
#: the actions whose entries tell what somebody held before and after
_CHANGES = ("licenses.assign", "licenses.withdraw", "people.create", "people.update", "people.delete")
_CHANGES += ("invitations.accept", "invitations.decline")


def wrongs(url: str) -> list[str]:
    """What is wrong in a database; empty when nothing is."""
    return asyncio.run(_wrongs(url))


async def _wrongs(url: str) -> list[str]:
    database = await open_database(url)
    try:
        async with database.reading() as reading:
            found = await _counters(reading) + await _stories(reading)
        return found + [finding.text async for finding in check(database, rulebook()) if not finding.warning]
    finally:
        await database.close()


async def _counters(reading: Reading) -> list[str]:
    return [f"{name} counts {stored}, {held} hold it" for _, name, stored, held in await reading.rows(_COUNTERS)]


async def _stories(reading: Reading) -> list[str]:
    """The journal has no gap, each change begins where the last one ended, and the last one is what is held."""
    found: list[str] = []
    numbers: dict[str, int] = defaultdict(int)
    told: dict[tuple[str, str], Any] = {}
    for org_id, number, action, person_id, text in await reading.rows(_JOURNAL):
        numbers[org_id] += 1
        if number != numbers[org_id]:
            found.append(f"entry {number} of {org_id} follows {numbers[org_id] - 1}")
        if action not in _CHANGES:
            continue
        detail = json.loads(text)
        key = (org_id, person_id)
        if key in told and detail["before"] != told[key]:
            found.append(f"entry {number} of {org_id} begins with {detail['before']}, not with {told[key]}")
        told[key] = detail.get("after")  # who is deleted holds nothing, and is nobody any more
    for org_id, entries in await reading.rows(_ENTRIES):
        if entries != numbers[org_id]:
            found.append(f"{org_id} counts {entries} entries and has {numbers[org_id]}")
    held = await _held(reading)
    return found + [
        f"{key} holds {held.get(key)}, journaled {after}" for key, after in told.items() if held.get(key) != after
    ]


async def _held(reading: Reading) -> dict[tuple[str, str], Any]:
    """What everybody holds, as the journal writes it."""
    held: dict[tuple[str, str], Any] = {}
    for org_id, person_id, location, number, extension in await reading.rows(_PEOPLE):
        calling = {"location_id": location, "phone_number": number, "extension": extension}
        held[org_id, person_id] = {"licenses": []} | ({"calling": calling} if location else {})
    for org_id, person_id, license in await reading.rows(_HOLDINGS):
        held[org_id, person_id]["licenses"].append(license)
    for org_id, person_id, site_url in await reading.rows(_ATTENDEES):
        held[org_id, person_id].setdefault("attendee", []).append(site_url)
    return held

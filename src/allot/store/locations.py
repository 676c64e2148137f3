"""Locations: their rows, and what belongs to them."""

from collections.abc import Collection

import msgspec

from allot.core.location import Location
from allot.store.database import Reading, Row, Writing, one, texts

_SELECT = """
SELECT l.org_id, l.location_id, l.name, l.details, l.calling, l.routing_prefix, n.phone_number
FROM locations l LEFT JOIN numbers n ON n.org_id = l.org_id AND n.location_id = l.location_id AND n.main = 1
WHERE l.org_id = $1
"""
_BY_ID = f"{_SELECT} AND l.location_id IN LIST($2)"
_FIRST = _SELECT + "ORDER BY l.name {order} LIMIT $2"
_AFTER = _SELECT + "AND l.name {beyond} $3 ORDER BY l.name {order} LIMIT $2"
_ASCENDING = {"order": "ASC", "beyond": ">"}
_DESCENDING = {"order": "DESC", "beyond": "<"}

_NAMED = "SELECT location_id FROM locations WHERE org_id = $1 AND name = $2"
_INSERT = "INSERT INTO locations (org_id, location_id, name, details) VALUES ($1, $2, $3, $4)"
_UPDATE = "UPDATE locations SET name = $3, details = $4 WHERE org_id = $1 AND location_id = $2"
_ENABLE = "UPDATE locations SET calling = 1 WHERE org_id = $1 AND location_id = $2"
_DELETE = "DELETE FROM locations WHERE org_id = $1 AND location_id = $2"
_USED = """
SELECT EXISTS (SELECT 1 FROM people WHERE org_id = $1 AND location_id = $2),
       EXISTS (SELECT 1 FROM numbers WHERE org_id = $1 AND location_id = $2),
       EXISTS (SELECT 1 FROM call_parks WHERE org_id = $1 AND location_id = $2)
"""


async def load(reading: Reading, org_id: str, ids: Collection[str]) -> dict[str, Location]:
    """The locations of these ids, by id."""
    found = await reading.rows(_BY_ID, org_id, texts(ids)) if ids else []
    return {location.id: location for location in map(_location, found)}


async def find(reading: Reading, org_id: str, id: str) -> Location | None:
    """One location, or None."""
    return (await load(reading, org_id, [id])).get(id)


async def page(
    reading: Reading, org_id: str, after: str | None, size: int, *, descending: bool = False
) -> list[Location]:
    """Locations in the order of their names, from the one after the name `after`."""
    words = _DESCENDING if descending else _ASCENDING
    if after is None:
        found = await reading.rows(_FIRST.format(**words), org_id, size)
    else:
        found = await reading.rows(_AFTER.format(**words), org_id, size, after)
    return [_location(row) for row in found]


async def named(reading: Reading, org_id: str, name: str) -> str | None:
    """The id of the location of this name."""
    row = await one(reading, _NAMED, org_id, name)
    return row[0] if row else None


async def used_by(reading: Reading, org_id: str, id: str) -> list[str]:
    """What still belongs to a location, in words."""
    row = await one(reading, _USED, org_id, id) or ()
    return [what for what, there in zip(("people", "phone numbers", "call park extensions"), row, strict=True) if there]


async def insert(writing: Writing, location: Location) -> None:
    """Write a new location."""
    await writing.run(_INSERT, location.org_id, location.id, location.name, _encoded(location))


async def update(writing: Writing, location: Location) -> None:
    """Write name and details."""
    await writing.run(_UPDATE, location.org_id, location.id, location.name, _encoded(location))


async def enable_calling(writing: Writing, org_id: str, id: str) -> None:
    """Make the location one that is enabled for Webex Calling."""
    await writing.run(_ENABLE, org_id, id)


async def delete(writing: Writing, org_id: str, id: str) -> None:
    """Delete a location that nothing belongs to."""
    await writing.run(_DELETE, org_id, id)


def _location(row: Row) -> Location:
    org_id, id, name, details, calling, routing_prefix, main_number = row
    return Location(org_id, id, name, msgspec.json.decode(details), bool(calling), routing_prefix, main_number)


def _encoded(location: Location) -> str:
    return msgspec.json.encode(location.details).decode()

"""Call park extensions: their rows."""

from dataclasses import dataclass

from allot.core.call_park import CallPark
from allot.store import locations
from allot.store.database import Reading

#: what a list may be ordered by, and its columns
ORDERS = {"extension": "c.extension", "name": "c.name, c.extension", "id": "c.park_id"}

_PAGE = """
SELECT c.location_id, c.park_id, c.extension, c.name
FROM call_parks c JOIN locations l ON l.org_id = c.org_id AND l.location_id = c.location_id
WHERE c.org_id = $1 AND ($2 = '' OR c.location_id = $2) AND ($3 = '' OR c.extension = $3)
  AND ($4 = '' OR c.name = $4) AND ($5 = '' OR l.name = $5)
ORDER BY {order}, c.location_id LIMIT $6 OFFSET $7
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which call park extensions are wanted; empty texts want all."""

    location_id: str = ""
    extension: str = ""
    name: str = ""
    location_name: str = ""


async def page(reading: Reading, org_id: str, wanted: Wanted, order: str, start: int, size: int) -> list[CallPark]:
    """Call park extensions from place `start` of the list; an organization has few."""
    sql = _PAGE.format(order=ORDERS[order])
    filters = (wanted.location_id, wanted.extension, wanted.name, wanted.location_name)
    found = await reading.rows(sql, org_id, *filters, size, start)
    places = await locations.load(reading, org_id, {row[0] for row in found})
    return [CallPark(park_id, places[place], extension, name) for place, park_id, extension, name in found]

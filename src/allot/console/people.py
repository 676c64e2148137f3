"""People: finding them as somebody types, by license, location and home."""

from typing import NamedTuple

from allot.console import licenses as units
from allot.console.visits import Page, Visit
from allot.core import ids
from allot.core.failure import Failure
from allot.core.license import License
from allot.core.location import Location
from allot.service import licenses, locations, searches
from allot.service.locations import Wanted
from allot.service.searches import Look, Seen
from allot.wire.operation import Reply
from allot.wire.paging import encode_cursor, read_cursor

RIGHTS = units.PEOPLE_RIGHTS
PEOPLE = 50
#: licenses of a person that a list names
CHIPS = 3
#: locations to choose from; an organization of more has to write the others into the address
LOCATIONS = 200
#: longer than any name or email
TEXT_MAX = 300
HOMES = {"": None, "true": True, "false": False}


class Row(NamedTuple):
    """A person in a list."""

    seen: Seen
    #: the first of the licenses with units that they hold or are invited to
    licenses: list[License]
    #: how many more they have, with those that are free
    more: int
    location: str


async def list_people(visit: Visit) -> Reply:
    """A page of the people who are looked for, in the order of their names."""
    after, text = read_cursor(visit, 2, "next"), visit.query["q"][:TEXT_MAX]
    async with visit.service.database.reading() as reading:
        owned, _ = await licenses.of_organization(reading, visit.service.rulebook, visit.org_id)
        places = await locations.page(reading, visit.org_id, Wanted(), "", LOCATIONS)
    license, place = _license(visit, owned), await _location(visit, places)
    look = Look(
        *(visit.org_id, PEOPLE, text),
        license=license.number if license else None,
        location_id=place.id if place else None,
        external=_external(visit),
        after=(after[0], after[1]) if after else None,
    )
    async with visit.service.database.reading() as reading:
        found, last = await searches.look(reading, visit.service.context, look)
    choices = {each.id: each.name for each in (*places, *([place] if place else []))}
    reply = visit.show(
        "people.html",
        rows=[_row(each, choices) for each in found],
        licenses=owned if visit.may(units.RIGHTS) else [],
        locations=choices,
        others=len(places) == LOCATIONS,
        text=text,
        license=license,
        location=place.name if place else "",
        more=visit.again(next=encode_cursor(*last)) if last else "",
    )
    # What the browser's address says is what is shown, without the fields that are empty.
    reply.headers.append((b"hx-replace-url", visit.again().encode("latin-1")))
    return reply


def _license(visit: Visit, owned: list[License]) -> License | None:
    """The license that is asked for, by its id. Raises Failure when the organization has no such license."""
    text = visit.query["license"]
    if not text:
        return None
    units.RIGHTS.check(visit.call.caller)
    id = ids.decode("LICENSE", text) or text
    found = next((each for each in owned if each.id == id), None)
    if found is None:
        raise Failure.not_found("This organization has no license of this id any more. Choose another one")
    return found


async def _location(visit: Visit, places: list[Location]) -> Location | None:
    """The location that is asked for, by its name. Raises Failure when the organization has no such location."""
    name = visit.query["location"]
    if not name:
        return None
    if len(places) == LOCATIONS:
        async with visit.service.database.reading() as reading:
            places = await locations.page(reading, visit.org_id, Wanted(name), "", LOCATIONS)
    found = next((each for each in places if each.name == name), None)
    if found is None:
        raise Failure.not_found("This organization has no location of this name any more. Choose another one")
    return found


def _external(visit: Visit) -> bool | None:
    text = visit.query["external"]
    if text not in HOMES:
        raise Failure.invalid("external: must be true or false, or left out")
    return HOMES[text]


def _row(seen: Seen, names: dict[str, str]) -> Row:
    held = seen.organization.held(seen.person.holding.licenses)
    # What everybody has for free tells nothing apart.
    shown = [each for each in held if not each.offer.free][:CHIPS]
    calling = seen.person.holding.calling
    return Row(seen, shown, len(held) - len(shown), names.get(calling.location_id, "") if calling else "")


PAGES = (Page("GET", "/people", list_people, RIGHTS),)

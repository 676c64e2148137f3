"""Holdings: the page of one person, with what they hold and what became of them."""

from typing import NamedTuple

from allot.console import journals, licenses, people
from allot.console.journals import Timeline
from allot.console.visits import INSTEAD, Page, Visit
from allot.core import ids
from allot.core.failure import Failure, Kind
from allot.core.holding import Calling
from allot.core.journal import Search
from allot.core.license import License
from allot.core.role import ROLES
from allot.service import holdings, invitations, locations, searches
from allot.service import journals as entries
from allot.service.invitations import Invitation
from allot.service.searches import Seen
from allot.wire.operation import Reply, Rights

RIGHTS: Rights = people.RIGHTS


class Held(NamedTuple):
    """One license that somebody holds."""

    license: License
    #: when it was given; empty when that is not known
    since: str


class Shown(NamedTuple):
    """A person with all that they hold."""

    seen: Seen
    roles: list[str]
    held: list[Held]
    pending: list[Invitation]
    calling: Calling | None
    #: the name of the location where they are reached
    place: str


async def show_person(visit: Visit) -> Reply:
    """One person: what they hold, what waits for their answer, and their part of the journal."""
    person_id = person_of(visit)
    try:
        shown = await _shown(visit, person_id)
    except Failure as failure:
        if failure.kind is not Kind.NOT_FOUND:
            raise
        return await gone(visit, person_id)
    timeline = Timeline([], "")
    if visit.may(journals.RIGHTS):
        timeline = await journals.timeline(visit, Search(target_id=person_id))
    return visit.show(
        "person.html",
        shown=shown,
        timeline=timeline,
        rights_of_licenses=licenses.RIGHTS,
        rights_of_journal=journals.RIGHTS,
    )


def person_of(visit: Visit) -> str:
    """The id of the path's person, who need not be there."""
    return ids.decode("PEOPLE", visit.path["personId"]) or visit.path["personId"][: ids.LENGTH_MAX]


async def _shown(visit: Visit, person_id: str) -> Shown:
    service, org_id = visit.service, visit.org_id
    async with service.database.reading() as reading:
        seen = await searches.get(reading, service.context, org_id, person_id)
        since = await holdings.since(reading, org_id, person_id)
        pending = []
        if seen.person.external:
            pending = await invitations.of_person(reading, service.context, org_id, person_id)
        calling = seen.person.holding.calling
        places = await locations.names(reading, org_id, [calling.location_id] if calling else [])
    owned = seen.organization.held(seen.person.holding.licenses & ~seen.person.pending_licenses)
    return Shown(
        seen,
        [ROLES[role].name if role in ROLES else role for role in seen.profile.roles],
        [Held(license, since.get(license.number, "")) for license in owned],
        pending,
        calling,
        places.get(calling.location_id, calling.location_id) if calling else "",
    )


async def gone(visit: Visit, person_id: str) -> Reply:
    """The page that says that somebody is not there, and since when where the journal may be read."""
    deletion = None
    if visit.may(journals.RIGHTS):
        async with visit.service.database.reading() as reading:
            search = Search(target_id=person_id, actions=("people.delete",))
            found, _ = await entries.page(reading, visit.org_id, search, None, 1)
        deletion = (await journals.tell(visit, found))[0] if found else None
    reply = visit.show("person-gone.html", 404, deletion=deletion)
    reply.headers += INSTEAD
    return reply


PAGES = (Page("GET", "/people/{personId}", show_person, RIGHTS),)

"""People: list, details, create, update and delete."""

import msgspec

from allot.api.profiles import CreatePerson, Person, UpdatePerson, read_changed, read_new, refusals, show
from allot.core import ids
from allot.core import scope as scopes
from allot.core.call import Caller
from allot.core.failure import Failure
from allot.core.role import ROLES
from allot.service import people, searches
from allot.service.people import Removal
from allot.service.requests import About
from allot.service.searches import Search, Seen
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor
from allot.wire.values import ORG_ID, organization_in_query, organization_of, path_id, read_id

# Documented: "up to 85 person IDs"; "max will not be more than" 100 with callingData, 50 with locationId.
IDS_MAX = 85
CALLING_MAX = 100
LOCATION_MAX = 50
# Nothing is documented for a plain list.
PAGE_MAX = 1000
PAGE_DEFAULT = 100


class PersonCollectionResponse(msgspec.Struct, rename="camel"):
    items: list[Person]
    not_found_ids: list[str]


async def list_people(request: Request) -> Reply:
    """List people in the order of their names.

    Administrators may list everybody, and see licenses, roles and, with `callingData`, calling details;
    others search by `email`, `displayName` or `id`. A search by `id` shows neither rights nor presence.
    """
    query, admin = request.query, _administers(request.call.caller)
    search, asked = await _search(request, admin)
    async with request.service.database.reading() as reading:
        found, last = await searches.find(reading, request.service.context, search)
        known = await searches.known(reading, search.org_id, set(asked.values()))
    by_id = query["id"] is not None
    presence = not by_id and not query["excludeStatus"]
    items = [
        show(seen, admin=admin, rights=not by_id, calling=query["callingData"], presence=presence) for seen in found
    ]
    missing = [text for text, id in asked.items() if id not in known]
    headers = [next_link(request, cursor=encode_cursor(*last))] if last else []
    return Reply(200, PersonCollectionResponse(items, missing), headers)


async def _search(request: Request, admin: bool) -> tuple[Search, dict[str, str]]:
    """What the query asks for, and the ids that it names: as they were sent -> their value."""
    query = request.query
    faults: list[str] = []
    asked = {text: ids.decode("PEOPLE", text) or "" for text in _listed(faults, "id", query["id"])}
    if len(asked) > IDS_MAX:
        faults.append(f"id: at most {IDS_MAX} ids in one request")
    texts = _listed(faults, "roles", query["roles"])
    roles = [text if text in ROLES else read_id(faults, "ROLE", "roles", text) or "" for text in texts]
    if not admin and not (query["email"] or query["displayName"] or asked):
        faults.append("email, displayName, id: one of them is required, except for administrators")
    if faults:
        raise invalid(faults)
    if not admin and (roles or query["locationId"]):
        raise Failure.forbidden("roles, locationId: only administrators may search by them")
    location = query["locationId"]
    email = (query["email"] or "").strip().lower() or None
    search = Search(
        await _searched(request, admin, email),
        _limit(request),
        email,
        query["displayName"],
        tuple(asked.values()) if asked else None,
        tuple(roles) or None,
        (ids.decode("LOCATION", location) or location) if location else None,
        _after(request),
    )
    return search, asked


def _listed(faults: list[str], name: str, text: str | None) -> list[str]:
    """The ids of a list with commas; a fault is added for one without any, which would find everybody."""
    listed = [each for each in (text or "").split(",") if each]
    if text and not listed:
        faults.append(f"{name}: has no id; send ids separated by commas, or leave it out")
    return listed


async def _searched(request: Request, admin: bool, email: str | None) -> str:
    """The organization to search. An administrator of a partner finds emails in all that the partner manages."""
    caller = request.call.caller
    if request.query["orgId"]:
        org_id = await organization_in_query(request)
        if org_id != caller.org_id and not admin:
            raise Failure.forbidden("orgId: only administrators may search in other organizations")
        return org_id
    if email is None or not admin:
        return caller.org_id
    async with request.service.database.reading() as reading:
        return await searches.organization_of(reading, caller.org_id, email=email)


def _limit(request: Request) -> int:
    limit: int = request.query["max"]
    if request.query["callingData"]:
        limit = min(limit, CALLING_MAX)
    return min(limit, LOCATION_MAX) if request.query["locationId"] else limit


def _after(request: Request) -> tuple[str, str] | None:
    key = read_cursor(request, 2)
    return (key[0], key[1]) if key else None


async def create_person(request: Request) -> Reply:
    """Create a person, with all of the licenses and sites that can be assigned.

    Without `licenses` in the body the person gets the organization's default ones. Either the person is
    created or nothing is; what could not be assigned is told in `errors`.
    """
    draft = read_new(request, request.body)
    faults: list[str] = []
    org_id = read_id(faults, "ORGANIZATION", "orgId", request.body.org_id)
    if faults:
        raise invalid(faults)
    draft.org_id = await organization_of(request, org_id)
    return _reply(request, await request.service.writes.submit(draft.org_id, people.create, draft))


async def get_person_details(request: Request) -> Reply:
    """Show a person. Administrators see licenses, roles and, with `callingData`, calling details."""
    admin = _administers(request.call.caller)
    org_id, person_id = await _named(request) if admin else (request.call.caller.org_id, _person_id(request))
    return await _details(request, org_id, person_id)


async def get_my_own_details(request: Request) -> Reply:
    """Show the person that the token speaks for."""
    return await _details(request, request.call.caller.org_id, request.call.caller.person_id)


async def _details(request: Request, org_id: str, person_id: str) -> Reply:
    async with request.service.database.reading() as reading:
        seen = await searches.get(reading, request.service.context, org_id, person_id)
    admin = _administers(request.call.caller)
    shown = show(seen, admin=admin, calling=request.query["callingData"])
    return Reply(200, shown, about=_about(seen))


async def update_person(request: Request) -> Reply:
    """Make a person what the body says.

    Licenses that are not in `licenses` are taken away; what may not be taken or given stays as it was, and
    is told in `errors`. `licenses`, `siteUrls`, `roles` and calling details that the body does not have stay.
    Of a person of another organization only licenses and sites change.
    """
    draft = read_changed(request, request.body, all_types=request.query["showAllTypes"])
    draft.org_id, draft.person_id = await _named(request)
    return _reply(request, await request.service.writes.submit(draft.org_id, people.update, draft))


async def delete_person(request: Request) -> Reply:
    """Delete a person; their licenses, number and extension are free again, and their tokens end."""
    org_id, person_id = await _named(request)
    await request.service.writes.submit(org_id, people.delete, Removal(request.call, org_id, person_id))
    return Reply(204, about=About(person_id))


async def _named(request: Request) -> tuple[str, str]:
    """The path's person, and the organization that knows them: the caller's, or one that it manages."""
    person_id = _person_id(request)
    async with request.service.database.reading() as reading:
        return await searches.organization_of(reading, request.call.caller.org_id, person_id=person_id), person_id


def _person_id(request: Request) -> str:
    return path_id(request, "PEOPLE", "personId")


def _reply(request: Request, seen: Seen) -> Reply:
    if request.query["minResponse"]:
        shown = Person(ids.encode("PEOPLE", seen.person.id))
    else:
        shown = show(seen, admin=True, calling=request.query["callingData"])
    if request.service.settings.partial_errors:
        shown.errors = refusals(seen)
    return Reply(200, shown, about=_about(seen))


def _about(seen: Seen) -> About:
    return About(seen.person.id, seen.person.email, seen.faults)


def _administers(caller: Caller) -> bool:
    """Whether the caller sees what only administrators do."""
    return caller.reads and scopes.PEOPLE_READ in caller.scopes


_READS = Rights((scopes.PEOPLE_READ, scopes.OWN_READ), "any")
_WRITES = Rights((scopes.PEOPLE_WRITE,))
_CALLING = Parameter("callingData", "Whether to show location, extension and phone numbers.", bool, False)
_MINIMAL = Parameter("minResponse", "Whether to answer with the id only.", bool, False)
_ALL_TYPES = Parameter(
    "showAllTypes", "Whether attendee accounts that are not in `siteUrls` are taken away.", bool, False
)

OPERATIONS = (
    Operation(
        "GET",
        "/people",
        list_people,
        _READS,
        "List People",
        query=(
            Parameter("email", "People with this email address."),
            Parameter("displayName", "People whose name starts with this text, in any letter case."),
            Parameter("id", f"People with these ids, up to {IDS_MAX}, separated by commas."),
            ORG_ID,
            Parameter("roles", "People with any of these role ids, separated by commas."),
            _CALLING,
            Parameter("locationId", "People at this location."),
            Parameter("max", "People on one page.", int, PAGE_DEFAULT, least=1, most=PAGE_MAX),
            Parameter("excludeStatus", "Whether to leave out the presence.", bool, False),
            CURSOR,
        ),
        answers={200: PersonCollectionResponse},
    ),
    Operation(
        "POST",
        "/people",
        create_person,
        _WRITES,
        "Create a Person",
        query=(_CALLING, _MINIMAL),
        body=CreatePerson,
        answers={200: Person},
        form=lambda request: read_new(request, request.body),
    ),
    Operation(
        "GET", "/people/me", get_my_own_details, _READS, "Get My Own Details", (_CALLING,), answers={200: Person}
    ),
    Operation(
        "GET",
        "/people/{personId}",
        get_person_details,
        _READS,
        "Get Person Details",
        (_CALLING,),
        answers={200: Person},
    ),
    Operation(
        "PUT",
        "/people/{personId}",
        update_person,
        _WRITES,
        "Update a Person",
        query=(_CALLING, _ALL_TYPES, _MINIMAL),
        body=UpdatePerson,
        answers={200: Person},
        form=lambda request: read_changed(request, request.body, all_types=False),
    ),
    Operation("DELETE", "/people/{personId}", delete_person, _WRITES, "Delete a Person", answers={204: None}),
)

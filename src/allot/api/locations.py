"""Locations on the wire: what an organization's places are, and what Webex Calling knows of them."""

import re
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.location import Location, name_fault
from allot.service import addresses, locations, organizations
from allot.service.locations import Creation, Deletion, Update, Wanted
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor
from allot.wire.values import ORG_ID, organization_in_query, path_id, read_id

PAGE_MAX = 500
# Nothing is documented; longer ones are mistakes, and every list would carry them.
TEXT_MAX = 256
NOTES_MAX = 1_000
# As a document has numbers; Python's own reading takes more.
_DEGREE = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}_[a-z]{2,4}")
_READ_RIGHTS = Rights((scopes.LOCATIONS_READ, scopes.PEOPLE_READ, scopes.DEVICES_READ), "read")
_WRITE_RIGHTS = Rights((scopes.LOCATIONS_WRITE,), "full")
_CALLING_RIGHTS = Rights((scopes.TELEPHONY_READ,), "read")


class NewAddress(msgspec.Struct, rename="camel"):
    address1: str
    city: str
    state: str
    postal_code: str
    country: str
    address2: str | None = None


class PostCommonLocationObject(msgspec.Struct, rename="camel"):
    """The body of POST /locations. Source: Cisco's schema of the same name."""

    name: str
    time_zone: str
    preferred_language: str
    announcement_language: str
    address: NewAddress
    latitude: str | None = None
    longitude: str | None = None
    notes: str | None = None


class Address(msgspec.Struct, rename="camel", omit_defaults=True):
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class PutCommonLocationObject(msgspec.Struct, rename="camel"):
    """The body of PUT /locations/{locationId}. Source: Cisco's schema of the same name."""

    name: str | None = None
    time_zone: str | None = None
    preferred_language: str | None = None
    address: Address | None = None


class LocationId(msgspec.Struct, rename="camel"):
    id: str


class LocationResponse(msgspec.Struct, rename="camel"):
    """One location; members that are not known are absent."""

    id: str
    name: str
    org_id: str
    address: Address | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    preferred_language: str | UnsetType = UNSET
    announcement_language: str | UnsetType = UNSET
    latitude: str | UnsetType = UNSET
    longitude: str | UnsetType = UNSET
    notes: str | UnsetType = UNSET


class LocationsCollectionResponse(msgspec.Struct, rename="camel"):
    items: list[LocationResponse]


class CallingLineId(msgspec.Struct, rename="camel"):
    """What callers see: the name of the organization, and the location's main number."""

    name: str
    phone_number: str | None = None


class TelephonyLocation(msgspec.Struct, rename="camel"):
    """A location that is enabled for Webex Calling."""

    id: str
    name: str
    calling_line_id: CallingLineId
    announcement_language: str | UnsetType = UNSET
    routing_prefix: str | UnsetType = UNSET
    outside_dial_digit: str | None = None
    enforce_outside_dial_digit: bool = False
    e911_setup_required: bool = False


class TelephonyLocationsResponse(msgspec.Struct, rename="camel"):
    locations: list[TelephonyLocation]


async def list_locations(request: Request) -> Reply:
    """List the locations of an organization, in the order of their names."""
    org_id = await organization_in_query(request)
    found: list[str] = []
    wanted = Wanted(request.query["name"] or "", read_id(found, "LOCATION", "id", request.query["id"]))
    if found:
        raise invalid(found)
    size = request.query["max"]
    (after,) = read_cursor(request, 1) or ("",)
    async with request.service.database.reading() as reading:
        page = await locations.page(reading, org_id, wanted, after, size + 1)
    reply = Reply(200, LocationsCollectionResponse([show(location) for location in page[:size]]))
    if len(page) > size:
        reply.headers.append(next_link(request, cursor=encode_cursor(page[size - 1].name)))
    return reply


async def get_location_details(request: Request) -> Reply:
    """Show one location."""
    id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    async with request.service.database.reading() as reading:
        return Reply(200, show(await locations.get(reading, org_id, id)))


async def create_location(request: Request) -> Reply:
    """Create a location. Its name is unique in the organization."""
    body: PostCommonLocationObject = request.body
    org_id = await organization_in_query(request)
    found = [fault for fault in (name_fault(body.name, calling=False),) if fault]
    details = _details(found, body)
    if not _LANGUAGE.fullmatch(body.announcement_language):
        found.append("announcementLanguage: must be a language and a country in lower case, as en_us")
    for name, limit in (("latitude", 90), ("longitude", 180)):
        if name in details and not _is_degree(details[name], limit):
            found.append(f"{name}: must be a number from -{limit} to {limit}, in a text")
    if found:
        raise invalid(found)
    creation = Creation(request.call, org_id, body.name.strip(), details)
    id = await request.service.writes.submit(org_id, locations.create, creation)
    return Reply(201, LocationId(ids.encode("LOCATION", id)))


async def update_location(request: Request) -> Reply:
    """Change a location. Members that the body does not have stay as they are, in the address too."""
    body: PutCommonLocationObject = request.body
    id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    found = [] if body.name is None else [fault for fault in (name_fault(body.name, calling=False),) if fault]
    details = _details(found, body)
    if found:
        raise invalid(found)
    update = Update(request.call, org_id, id, body.name.strip() if body.name else None, details)
    await request.service.writes.submit(org_id, locations.update, update)
    return Reply(204)


async def delete_location(request: Request) -> Reply:
    """Delete a location that is not enabled for Webex Calling, and that nothing belongs to any more."""
    id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    await request.service.writes.submit(org_id, locations.delete, Deletion(request.call, org_id, id))
    return Reply(204)


async def list_telephony_locations(request: Request) -> Reply:
    """List the locations that are enabled for Webex Calling, in the order of their names."""
    org_id = await organization_in_query(request)
    query = request.query
    wanted = Wanted(query["name"] or "", calling=True, descending=query["order"] == "desc")
    size = query["max"]
    cursor = read_cursor(request, 1)
    async with request.service.database.reading() as reading:
        page = await locations.page(reading, org_id, wanted, cursor[0] if cursor else query["start"], size + 1)
        name = await organizations.name(reading, org_id)
    reply = Reply(200, TelephonyLocationsResponse([_telephony(location, name) for location in page[:size]]))
    if len(page) > size:
        reply.headers.append(next_link(request, cursor=encode_cursor(page[size - 1].name), start=None))
    return reply


async def get_telephony_location(request: Request) -> Reply:
    """Show what Webex Calling knows of a location that is enabled for it."""
    id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    async with request.service.database.reading() as reading:
        location = await locations.get(reading, org_id, id, calling=True)
        return Reply(200, _telephony(location, await organizations.name(reading, org_id)))


def show(location: Location) -> LocationResponse:
    """A location as Webex shows it."""
    head = {
        "id": ids.encode("LOCATION", location.id),
        "name": location.name,
        "orgId": ids.encode("ORGANIZATION", location.org_id),
    }
    return msgspec.convert(location.details | head, LocationResponse)


def _telephony(location: Location, organization: str) -> TelephonyLocation:
    return TelephonyLocation(
        ids.encode("LOCATION", location.id),
        location.name,
        CallingLineId(organization, location.main_number),
        location.details.get("announcementLanguage", UNSET),
        location.routing_prefix or UNSET,
    )


def _details(found: list[str], body: PostCommonLocationObject | PutCommonLocationObject) -> dict[str, Any]:
    """The members besides the name, as they are kept; faults are added to `found`."""
    details = {name: value for name, value in msgspec.to_builtins(body).items() if name != "name" and value is not None}
    address = {name: value for name, value in details.pop("address", {}).items() if value is not None}
    blank = [name for name in ("address1", "city") if not address.get(name, name).strip()]
    found += [f"address.{name}: must not be empty" for name in blank]
    if "country" in address:
        address["country"] = address["country"].upper()
        if address["country"] not in addresses.countries():
            found.append(f"address.country: {address['country'][:20]} is no two-letter code of ISO 3166-1")
    if details.get("timeZone", "UTC") not in addresses.time_zones():
        found.append("timeZone: is no time zone; send its IANA name, as America/Chicago")
    for path, value in [*details.items(), *((f"address.{name}", value) for name, value in address.items())]:
        most = NOTES_MAX if path == "notes" else TEXT_MAX
        if len(value) > most:
            found.append(f"{path}: may have at most {most} characters")
    return details | {"address": address} if address else details


def _is_degree(text: str, most: int) -> bool:
    return _DEGREE.fullmatch(text) is not None and -most <= float(text) <= most


_NAME = Parameter("name", "Only locations whose name contains this text, whatever its letter case.")
_MAX = Parameter("max", "How many locations at most.", int, PAGE_MAX, least=1, most=PAGE_MAX)

OPERATIONS = (
    Operation(
        "GET",
        "/locations",
        list_locations,
        _READ_RIGHTS,
        "List Locations",
        query=(_NAME, Parameter("id", "Only the location of this id."), ORG_ID, _MAX, CURSOR),
        answers={200: LocationsCollectionResponse},
    ),
    Operation(
        "POST",
        "/locations",
        create_location,
        _WRITE_RIGHTS,
        "Create a Location",
        query=(ORG_ID,),
        body=PostCommonLocationObject,
        answers={201: LocationId},
    ),
    Operation(
        "GET",
        "/locations/{locationId}",
        get_location_details,
        _READ_RIGHTS,
        "Get Location Details",
        query=(ORG_ID,),
        answers={200: LocationResponse},
    ),
    Operation(
        "PUT",
        "/locations/{locationId}",
        update_location,
        _WRITE_RIGHTS,
        "Update a Location",
        query=(ORG_ID,),
        body=PutCommonLocationObject,
        answers={204: None},
    ),
    Operation(
        "DELETE",
        "/locations/{locationId}",
        delete_location,
        _WRITE_RIGHTS,
        "Delete Location",
        query=(ORG_ID,),
        answers={204: None},
    ),
    Operation(
        "GET",
        "/telephony/config/locations",
        list_telephony_locations,
        _CALLING_RIGHTS,
        "List Locations Webex Calling Details",
        query=(
            _NAME,
            Parameter("order", "The order of the names; asc when absent.", choices=("asc", "desc")),
            ORG_ID,
            _MAX,
            Parameter("start", "How many locations to leave out at the beginning.", int, 0),
            CURSOR,
        ),
        answers={200: TelephonyLocationsResponse},
    ),
    Operation(
        "GET",
        "/telephony/config/locations/{locationId}",
        get_telephony_location,
        _CALLING_RIGHTS,
        "Get Location Webex Calling Details",
        query=(ORG_ID,),
        answers={200: TelephonyLocation},
    ),
)

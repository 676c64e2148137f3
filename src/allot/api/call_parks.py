"""Call park extensions on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.call_park import CallPark
from allot.service import call_parks
from allot.service.call_parks import ORDERS, Wanted
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import next_link
from allot.wire.values import ORG_ID, organization_in_query, read_id

PAGE_MAX = 2_000


class CallParkExtension(msgspec.Struct, rename="camel"):
    id: str
    extension: str
    esn: str
    name: str
    location_id: str
    location_name: str
    routing_prefix: str | UnsetType = UNSET


class CallParkExtensionsResponse(msgspec.Struct, rename="camel"):
    call_park_extensions: list[CallParkExtension]


async def list_call_park_extensions(request: Request) -> Reply:
    """List the call park extensions of an organization.

    `extension`, `name` and `locationName` are compared as a whole. Groups of call parks are not kept, so that
    `order=groupName` is the order of the extensions.
    """
    org_id = await organization_in_query(request)
    query = request.query
    found: list[str] = []
    location_id = read_id(found, "LOCATION", "locationId", query["locationId"])
    if found:
        raise invalid(found)
    wanted = Wanted(location_id or "", query["extension"] or "", query["name"] or "", query["locationName"] or "")
    start, size = query["start"], query["max"]
    async with request.service.database.reading() as reading:
        page = await call_parks.page(reading, org_id, wanted, query["order"], start, size + 1)
    reply = Reply(200, CallParkExtensionsResponse([_show(park) for park in page[:size]]))
    if len(page) > size:
        reply.headers.append(next_link(request, start=start + size))
    return reply


def _show(park: CallPark) -> CallParkExtension:
    return CallParkExtension(
        ids.encode("CALL_PARK_EXTENSION", park.id),
        park.extension,
        park.location.esn(park.extension),
        park.name,
        ids.encode("LOCATION", park.location.id),
        park.location.name,
        park.location.routing_prefix or UNSET,
    )


OPERATIONS = (
    Operation(
        "GET",
        "/telephony/config/callParkExtensions",
        list_call_park_extensions,
        Rights((scopes.TELEPHONY_READ,), "read"),
        "Read the List of Call Park Extensions",
        query=(
            ORG_ID,
            Parameter("locationId", "Only those of this location."),
            Parameter("max", "How many at most.", int, PAGE_MAX, least=1, most=PAGE_MAX),
            Parameter("start", "How many to leave out at the beginning of the list.", int, 0),
            Parameter("extension", "Only those with this extension."),
            Parameter("locationName", "Only those of the location of this name."),
            Parameter("name", "Only those of this name."),
            Parameter("order", "What they are ordered by.", default="callParkExtension", choices=tuple(ORDERS)),
        ),
        answers={200: CallParkExtensionsResponse},
    ),
)

"""Inventories on the wire: all phone numbers and extensions of an organization, with who has them."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.number import ACTIVE, DID, INACTIVE, MOBILE, TOLL_FREE, ListedNumber, NumberCount, NumberFilter
from allot.core.person import name_range
from allot.service import numbers
from allot.service.numbers import ORDERS, After
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor
from allot.wire.values import ORG_ID, e164, organization_in_query, read_id

PAGE_MAX = 2_000
OWNER_TYPES = (
    *("PEOPLE", "PLACE", "AUTO_ATTENDANT", "CALL_QUEUE", "PAGING_GROUP", "HUNT_GROUP", "VOICE_MESSAGING"),
    *("BROADWORKS_ANYWHERE", "CONTACT_CENTER_LINK", "ROUTE_LIST", "VOICEMAIL_GROUP", "VIRTUAL_LINE"),
)
PHONE_NUMBER_TYPES = ("PRIMARY", "ALTERNATE", "FAX", "DNIS", "Default")
_TELEPHONY = {None: (DID, TOLL_FREE, MOBILE), "PSTN_NUMBER": (DID, TOLL_FREE), "MOBILE_NUMBER": (MOBILE,)}


class NumberLocation(msgspec.Struct, rename="camel"):
    id: str
    name: str


class NumberOwner(msgspec.Struct, rename="camel"):
    id: str
    type: Literal["PEOPLE"]
    first_name: str
    last_name: str


class NumberObject(msgspec.Struct, rename="camel"):
    """One phone number, or an extension alone, whose `phoneNumber` is empty."""

    phone_number: str
    state: str
    phone_number_type: str
    main_number: bool
    included_telephony_types: str
    toll_free_number: bool
    is_service_number: bool
    location: NumberLocation
    extension: str | UnsetType = UNSET
    routing_prefix: str | UnsetType = UNSET
    esn: str | UnsetType = UNSET
    owner: NumberOwner | UnsetType = UNSET


class NumberCounts(msgspec.Struct, rename="camel"):
    assigned: int
    un_assigned: int
    in_active: int
    extension_only: int
    toll_free_numbers: int
    total: int
    mobile_number: int
    service_number: int


class NumberListGetObject(msgspec.Struct, rename="camel"):
    phone_numbers: list[NumberObject]
    count: NumberCounts | UnsetType = UNSET


async def list_phone_numbers(request: Request) -> Reply:
    """List phone numbers, and extensions without one, with who has them.

    Numbers come first, in their order, then extensions. `phoneNumber` and `extension` are compared as a whole,
    `ownerName` with the beginning of the owner's. `details` adds the counts of the whole organization.
    """
    org_id = await organization_in_query(request)
    query = request.query
    found: list[str] = []
    wanted = _wanted(found, query)
    if found:
        raise invalid(found)
    order, size = query["order"], query["max"]
    async with request.service.database.reading() as reading:
        page = await numbers.page(reading, org_id, wanted, order, _after(request), size + 1) if wanted else []
        count = await numbers.count(reading, org_id) if query["details"] else None
    body = NumberListGetObject([_show(number) for number in page[:size]])
    if count is not None:
        body.count = _counts(count)
    reply = Reply(200, body)
    if len(page) > size:
        after = numbers.after_of(page[size - 1], order)
        beyond = (
            {"start": query["start"] + size}
            if after is None
            else {"cursor": encode_cursor(*map(str, after)), "start": None}
        )
        reply.headers.append(next_link(request, **beyond))
    return reply


def _wanted(found: list[str], query: Mapping[str, Any]) -> NumberFilter | None:
    """Which entries are asked for; None when none of ours can be. Faults are added to `found`."""
    assigned = query["assigned"] if query["available"] is None else not query["available"]
    owner, kind, state = query["ownerType"], query["numberType"], query["state"]
    if assigned is False and owner:
        found.append("available, ownerType: what is available has no owner; send one of them")
    if kind == "EXTENSION" and (assigned is not None or state):
        found.append("numberType: with EXTENSION, none of available, assigned and state can be asked for")
    location_id = read_id(found, "LOCATION", "locationId", query["locationId"])
    owner_id = read_id(found, "PEOPLE", "ownerId", query["ownerId"])
    types = {DID, TOLL_FREE, MOBILE}.intersection(_TELEPHONY[query["includedTelephonyTypes"]])
    if query["tollFreeNumbers"]:
        types &= {TOLL_FREE}
    of_numbers = ("phoneNumber", "phoneNumberType", "state", "tollFreeNumbers", "serviceNumber")
    lone = assigned is None and kind != "NUMBER" and not any(query[name] for name in of_numbers)
    # People are the only owners that are kept, and have one number, their primary one.
    if owner not in (None, "PEOPLE") or query["phoneNumberType"] not in (None, "PRIMARY", "Default"):
        return None
    # Nobody has what somebody has: `available` and `assigned` may contradict each other.
    if query["restrictedNonGeoNumbers"] or query["assigned"] not in (None, assigned):
        return None
    return NumberFilter(
        location_id=location_id,
        phone_number=e164(query["phoneNumber"].strip()) if query["phoneNumber"] else None,
        extension=query["extension"],
        owner_id=owner_id,
        owner_names=name_range(query["ownerName"]) if query["ownerName"] else None,
        assigned=True if owner else assigned,
        state=None if state == "Default" else state,
        types=tuple(sorted(types)) if len(types) < 3 else None,
        service=query["serviceNumber"] or None,
        numbers=kind != "EXTENSION",
        lone_extensions=lone,
    )


def _after(request: Request) -> After | int:
    cursor = read_cursor(request, 3)
    if cursor is None:
        return int(request.query["start"])
    return int(cursor[0] == "1"), cursor[1], cursor[2]


def _show(number: ListedNumber) -> NumberObject:
    location, owner = number.location, number.owner
    return NumberObject(
        number.phone_number or "",
        number.state,
        "PRIMARY",
        number.main,
        "MOBILE_NUMBER" if number.type == MOBILE else "PSTN_NUMBER",
        number.type == TOLL_FREE,
        number.service,
        NumberLocation(ids.encode("LOCATION", location.id), location.name),
        number.extension or UNSET,
        location.routing_prefix or UNSET,
        number.esn or UNSET,
        NumberOwner(ids.encode("PEOPLE", owner.id), "PEOPLE", owner.first_name, owner.last_name) if owner else UNSET,
    )


def _counts(count: NumberCount) -> NumberCounts:
    return NumberCounts(
        count.assigned,
        count.numbers - count.assigned,
        count.inactive,
        count.lone_extensions,
        count.toll_free,
        count.numbers + count.lone_extensions,
        count.mobile,
        count.service,
    )


_QUERY = (
    ORG_ID,
    Parameter("locationId", "Only those of this location."),
    Parameter("max", "How many at most.", int, PAGE_MAX, least=1, most=PAGE_MAX),
    Parameter("start", "How many to leave out at the beginning of the list.", int, 0),
    Parameter("phoneNumber", "Only this number."),
    Parameter("available", "Only numbers that nobody has, or that somebody has.", bool),
    Parameter("assigned", "Only numbers that somebody has, or that nobody has.", bool),
    Parameter("order", "What the list is ordered by.", default=numbers.BY_NUMBER, choices=ORDERS),
    Parameter("ownerName", "Only what people have whose name begins so, whatever its letter case."),
    Parameter("ownerId", "Only what this person has."),
    Parameter("ownerType", "Only what owners of this type have.", choices=OWNER_TYPES),
    Parameter("extension", "Only those with this extension."),
    Parameter("numberType", "Only phone numbers, or only extensions without one.", choices=("NUMBER", "EXTENSION")),
    Parameter("phoneNumberType", "Only numbers of this type.", choices=PHONE_NUMBER_TYPES),
    Parameter("state", "Only numbers in this state; Default for all.", choices=(ACTIVE, INACTIVE, "Default")),
    Parameter("details", "Whether to count the organization's numbers.", bool),
    Parameter("tollFreeNumbers", "Only toll-free numbers.", bool),
    Parameter("restrictedNonGeoNumbers", "Only restricted non-geographical numbers, of which there are none.", bool),
    Parameter("includedTelephonyTypes", "Only numbers of this type.", choices=("PSTN_NUMBER", "MOBILE_NUMBER")),
    Parameter("serviceNumber", "Only service numbers.", bool),
    CURSOR,
)

OPERATIONS = (
    Operation(
        "GET",
        "/telephony/config/numbers",
        list_phone_numbers,
        Rights((scopes.TELEPHONY_READ,), "read"),
        "Get Phone Numbers for an Organization with Given Criteria",
        query=_QUERY,
        answers={200: NumberListGetObject},
    ),
)

"""Numbers on the wire: adding them to a location and taking them from it, and those of a person."""

from typing import Literal

import msgspec
import phonenumbers
from msgspec import UNSET, UnsetType

from allot.core import scope as scopes
from allot.core.number import ACTIVE, DID, INACTIVE, MOBILE, TOLL_FREE
from allot.service import numbers
from allot.service.numbers import Addition, Removal, Switch
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.values import ORG_ID, e164, organization_in_query, path_id

# Documented for deactivating; ours for adding and activating, since each takes some time to check.
NUMBERS_MAX = 500
# Both documented.
REMOVED_MAX = 5
MOBILE_MAX = 20


class NumbersPost(msgspec.Struct, rename="camel"):
    """The body of POST …/numbers. Source: Cisco's schema of the same name."""

    phone_numbers: list[str]
    number_type: Literal["DID", "TOLLFREE", "MOBILE"] | None = None
    number_usage_type: Literal["NONE", "SERVICE"] | None = None
    state: Literal["ACTIVE", "INACTIVE"] | None = None
    subscription_id: str | None = None
    carrier_id: str | None = None


class NumbersRequest(msgspec.Struct, rename="camel"):
    """The body of PUT …/numbers. Source: Cisco's schema of the same name."""

    phone_numbers: list[str]
    action: Literal["ACTIVATE", "DEACTIVATE"] | None = None


class NumbersDelete(msgspec.Struct, rename="camel"):
    """The body of DELETE …/numbers. Source: Cisco's schema of the same name."""

    phone_numbers: list[str]


class PersonPhoneNumber(msgspec.Struct, rename="camel"):
    primary: bool
    direct_number: str | UnsetType = UNSET
    extension: str | UnsetType = UNSET
    routing_prefix: str | UnsetType = UNSET
    esn: str | UnsetType = UNSET


class PersonNumbers(msgspec.Struct, rename="camel"):
    distinctive_ring_enabled: bool
    phone_numbers: list[PersonPhoneNumber]


async def add_phone_numbers(request: Request) -> Reply:
    """Add phone numbers to a location, which enables Webex Calling there.

    Numbers that the location has are ignored. Without `numberType` a number is toll-free where its country says so.
    Mobile numbers are inactive until somebody has them.
    """
    body: NumbersPost = request.body
    location_id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    mobile = body.number_type == MOBILE
    found: list[str] = []
    valid = _numbers(found, body.phone_numbers, MOBILE_MAX if mobile else NUMBERS_MAX)
    if mobile and body.state == ACTIVE:
        found.append("state: mobile numbers are activated when they are assigned; leave it out")
    if found:
        raise invalid(found)
    types = {number: body.number_type or (TOLL_FREE if _is_toll_free(number) else DID) for number in valid}
    state = body.state or (INACTIVE if mobile else ACTIVE)
    addition = Addition(request.call, org_id, location_id, types, state, body.number_usage_type == "SERVICE")
    await request.service.writes.submit(org_id, numbers.add, addition)
    return Reply(201)


async def manage_number_state(request: Request) -> Reply:
    """Activate or deactivate phone numbers of a location; all of them or none.

    Only numbers that nobody has can be deactivated, and neither the main number nor mobile ones.
    """
    body: NumbersRequest = request.body
    location_id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    found: list[str] = []
    valid = _numbers(found, body.phone_numbers, NUMBERS_MAX)
    if found:
        raise invalid(found)
    switch = Switch(request.call, org_id, location_id, valid, body.action != "DEACTIVATE")
    await request.service.writes.submit(org_id, numbers.switch, switch)
    return Reply(204)


async def remove_phone_numbers(request: Request) -> Reply:
    """Remove phone numbers that nobody has from a location; all of them or none. The main number stays."""
    body: NumbersDelete = request.body
    location_id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    found: list[str] = []
    valid = _numbers(found, body.phone_numbers, REMOVED_MAX)
    if found:
        raise invalid(found)
    await request.service.writes.submit(org_id, numbers.remove, Removal(request.call, org_id, location_id, valid))
    return Reply(204)


def _numbers(found: list[str], texts: list[str], most: int) -> list[str]:
    """The numbers in E.164, each once; a fault is added to `found` for each that is none."""
    if not texts or len(texts) > most:
        found.append(f"phoneNumbers: 1 to {most} in one request")
        return []
    valid: dict[str, None] = {}
    for n, text in enumerate(texts):
        number = e164(text)
        if _is_valid(number):
            valid[number] = None
        else:
            found.append(f"phoneNumbers[{n}]: {text[:40]} is no phone number; send it in E.164, as +12145557861")
    return list(valid)


def _is_valid(number: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def _is_toll_free(number: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(number)) == phonenumbers.PhoneNumberType.TOLL_FREE


async def get_phone_numbers_of_person(request: Request) -> Reply:
    """Show a person's phone number and extension; the list is empty when they have neither.

    A number is written without its country code, as in Cisco's example, unless `preferE164Format` is true.
    """
    person_id = path_id(request, "PEOPLE", "personId")
    org_id = await organization_in_query(request)
    async with request.service.database.reading() as reading:
        number = await numbers.of_person(reading, org_id, person_id)
    if number is None or not (number.phone_number or number.extension):
        return Reply(200, PersonNumbers(True, []))
    direct = number.phone_number
    if direct and not request.query["preferE164Format"]:
        direct = phonenumbers.national_significant_number(phonenumbers.parse(direct))
    prefix = number.location.routing_prefix
    shown = PersonPhoneNumber(True, direct or UNSET, number.extension or UNSET, prefix or UNSET, number.esn or UNSET)
    return Reply(200, PersonNumbers(True, [shown]))


_OF_LOCATION = "/telephony/config/locations/{locationId}/numbers"
_WRITE_RIGHTS = Rights((scopes.TELEPHONY_WRITE,), "full")

OPERATIONS = (
    Operation(
        "POST",
        _OF_LOCATION,
        add_phone_numbers,
        _WRITE_RIGHTS,
        "Add Phone Numbers to a location",
        query=(ORG_ID,),
        body=NumbersPost,
        answers={201: None},
    ),
    Operation(
        "PUT",
        _OF_LOCATION,
        manage_number_state,
        _WRITE_RIGHTS,
        "Manage Number State in a location",
        query=(ORG_ID,),
        body=NumbersRequest,
        answers={204: None},
    ),
    Operation(
        "DELETE",
        _OF_LOCATION,
        remove_phone_numbers,
        _WRITE_RIGHTS,
        "Remove phone numbers from a location",
        query=(ORG_ID,),
        body=NumbersDelete,
        answers={204: None},
    ),
    Operation(
        "GET",
        "/people/{personId}/features/numbers",
        get_phone_numbers_of_person,
        Rights((scopes.PEOPLE_READ,)),
        "Get a List of Phone Numbers for a Person",
        query=(ORG_ID, Parameter("preferE164Format", "Whether numbers are written in E.164.", bool)),
        answers={200: PersonNumbers},
    ),
)

"""Numbers: the inventory of an organization, what is added to it, taken from it and switched on and off."""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.core.failure import Failure, Kind
from allot.core.location import Location, name_fault
from allot.core.number import (
    ACTIVE,
    INACTIVE,
    ListedNumber,
    NumberCount,
    NumberFilter,
    refusal_to_remove,
    refusal_to_switch,
)
from allot.service import locations
from allot.service.changes import Change, Done, one_by_one
from allot.service.context import Context
from allot.store import locations as places
from allot.store import numbers as store
from allot.store import people
from allot.store.database import Reading, Writing

BY_NUMBER = store.BY_NUMBER
BY_EXTENSION = store.BY_EXTENSION
BY_LAST_NAME = "lastName"
ORDERS = (BY_LAST_NAME, BY_NUMBER, BY_EXTENSION)
# No index is in the order of last names: such a list is sorted here, whole, for every page.
SORTED_MAX = 5_000

After = store.After


@dataclass(slots=True, eq=False)
class Addition(Change):
    """Numbers to add to a location: each with its type, in E.164, once."""

    location_id: str
    #: number -> type
    numbers: dict[str, str]
    state: str
    service: bool


@dataclass(slots=True, eq=False)
class Removal(Change):
    """Numbers to remove from a location."""

    location_id: str
    numbers: list[str]


@dataclass(slots=True, eq=False)
class Switch(Change):
    """Numbers of a location to activate or deactivate."""

    location_id: str
    numbers: list[str]
    active: bool


async def add(writing: Writing, context: Context, additions: Sequence[Addition]) -> list[Failure | None]:
    """Add numbers to locations, which are enabled for Webex Calling by it.

    Numbers that the location has are ignored; one of another location of the organization makes the addition
    fail with a conflict, and nothing of it is added. Organizations do not know of each other's numbers.
    """
    return await one_by_one(writing, context, "numbers.add", additions, _add)


async def remove(writing: Writing, context: Context, removals: Sequence[Removal]) -> list[Failure | None]:
    """Remove numbers, all of a removal or none: what the location does not have, uses, or is called by, stays."""
    return await one_by_one(writing, context, "numbers.remove", removals, _remove)


async def switch(writing: Writing, context: Context, switches: Sequence[Switch]) -> list[Failure | None]:
    """Activate and deactivate numbers, all of a switch or none."""
    return await one_by_one(writing, context, "numbers.state", switches, _switch)


async def _add(writing: Writing, asked: Addition) -> Done | Failure:
    location = await places.find(writing, asked.org_id, asked.location_id)
    if location is None:
        return Failure.not_found(locations.UNKNOWN)
    known = await store.find(writing, asked.org_id, asked.numbers)
    elsewhere = [
        f"{number} belongs to the location {found.location.name}. Remove it there before adding it here"
        for number, found in known.items()
        if found.location.id != location.id
    ]
    if elsewhere:
        return _refused(Kind.CONFLICT, location, elsewhere)
    fault = None if location.calling else name_fault(location.name, calling=True)
    if fault is not None:
        return _refused(Kind.INVALID, location, [f"adding numbers enables Webex Calling, and the location's {fault}"])
    new = [
        ListedNumber(location, number, None, asked.state, kind, service=asked.service)
        for number, kind in asked.numbers.items()
        if number not in known
    ]
    await store.insert(writing, asked.org_id, new)
    if not location.calling:
        await places.enable_calling(writing, asked.org_id, location.id)
    return Done(None, location.id, 201, {"added": [number.phone_number for number in new], "state": asked.state})


async def _remove(writing: Writing, asked: Removal) -> Done | Failure:
    location = await places.find(writing, asked.org_id, asked.location_id)
    if location is None:
        return Failure.not_found(locations.UNKNOWN)
    there, missing = await _there(writing, location, asked.numbers)
    refused = [refusal for number in there if (refusal := refusal_to_remove(number))]
    if missing or refused:
        return _refused(Kind.CONFLICT if refused else Kind.INVALID, location, missing + refused)
    await store.delete(writing, asked.org_id, asked.numbers)
    return Done(None, location.id, 204, {"removed": asked.numbers})


async def _switch(writing: Writing, asked: Switch) -> Done | Failure:
    location = await places.find(writing, asked.org_id, asked.location_id)
    if location is None:
        return Failure.not_found(locations.UNKNOWN)
    there, missing = await _there(writing, location, asked.numbers)
    refused = [refusal for number in there if (refusal := refusal_to_switch(number, active=asked.active))]
    if missing or refused:
        return _refused(Kind.INVALID, location, missing + refused)
    state = ACTIVE if asked.active else INACTIVE
    switched = [number.phone_number for number in there if number.phone_number and number.state != state]
    await store.switch(writing, asked.org_id, switched, state)
    return Done(None, location.id, 204, {"switched": switched, "state": state})


async def _there(writing: Writing, location: Location, numbers: Sequence[str]) -> tuple[list[ListedNumber], list[str]]:
    """Those numbers that the location has, and a sentence for each that it has not."""
    known = await store.find(writing, location.org_id, numbers)
    there = [number for number in known.values() if number.location.id == location.id]
    has = {number.phone_number for number in there}
    missing = [f"{number} is no number of the location {location.name}" for number in numbers if number not in has]
    return there, missing


def _refused(kind: Kind, location: Location, refusals: list[str]) -> Done:
    message = "The numbers cannot be changed as asked"
    failure = Failure(kind, message, tuple(f"phoneNumbers: {refusal}" for refusal in refusals))
    return Done(failure, location.id, 409 if kind is Kind.CONFLICT else 400, {"refused": refusals})


async def page(
    reading: Reading, org_id: str, wanted: NumberFilter, order: str, after: After | int, size: int
) -> list[ListedNumber]:
    """Entries of the inventory, at most `size`, from the one after `after`, or after so many of them.

    Raises Failure when more entries match than can be sorted by the owner's last name, which has no index.
    """
    if order != BY_LAST_NAME:
        return await store.page(reading, org_id, wanted, order, after, size)
    found = await store.page(reading, org_id, wanted, BY_NUMBER, 0, SORTED_MAX + 1)
    if len(found) > SORTED_MAX:
        raise Failure.invalid(
            f"order: more than {SORTED_MAX} entries match, which is too many to sort by lastName. "
            "Ask for fewer, by locationId or ownerName, or choose another order"
        )
    start = after if isinstance(after, int) else 0
    return sorted(found, key=_by_last_name)[start : start + size]


def _by_last_name(number: ListedNumber) -> tuple[bool, str, str]:
    owner = number.owner
    return (True, "", "") if owner is None else (False, owner.last_name.casefold(), owner.first_name.casefold())


def after_of(number: ListedNumber, order: str) -> After | None:
    """Where the page after this entry begins; None where only counting tells."""
    return None if order == BY_LAST_NAME else store.after_of(number, order)


async def count(reading: Reading, org_id: str) -> NumberCount:
    """How many numbers the organization has, of each kind."""
    return await store.count(reading, org_id)


async def of_person(reading: Reading, org_id: str, person_id: str) -> ListedNumber | None:
    """Number and extension of a person, None when they have neither. Raises Failure when nobody has this id."""
    if not await people.by_ids(reading, [(org_id, person_id)]):
        raise Failure.not_found("personId: nobody has this id in this organization")
    return await store.of_person(reading, org_id, person_id)

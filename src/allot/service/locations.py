"""Locations: finding, creating, changing and deleting them.

A location is enabled for Webex Calling when it was imported so, or once it has been given a phone number
(assumed: Webex has an operation of its own for it). Only such locations are shown by the telephony operations.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core.failure import Failure, Kind
from allot.core.location import Location, name_fault, refusals_to_delete
from allot.service.changes import Change, Done, one_by_one
from allot.service.context import Context
from allot.store import locations as store
from allot.store.database import Reading, Writing

# Names are compared here, since SQLite knows the letter case of ASCII only; an organization has hundreds of locations.
READ_AT_ONCE = 500

UNKNOWN = "locationId: nothing has this id in this organization"


@dataclass(slots=True, eq=False)
class Creation(Change):
    """A new location."""

    name: str
    details: dict[str, Any]


@dataclass(slots=True, eq=False)
class Update(Change):
    """What to change of a location: a name when there is one, and these details; an address member by member."""

    id: str
    name: str | None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Deletion(Change):
    """A location to delete."""

    id: str


async def create(writing: Writing, context: Context, creations: Sequence[Creation]) -> list[str | Failure]:
    """Create locations; the id of each. A name that is taken fails with a conflict."""
    return await one_by_one(writing, context, "locations.create", creations, _create)


async def update(writing: Writing, context: Context, updates: Sequence[Update]) -> list[Failure | None]:
    """Change locations. A name that is taken fails with a conflict, one that is too long for calling is not valid."""
    return await one_by_one(writing, context, "locations.update", updates, _update)


async def delete(writing: Writing, context: Context, deletions: Sequence[Deletion]) -> list[Failure | None]:
    """Delete locations that nothing belongs to. Others fail with a conflict that says what is in the way."""
    return await one_by_one(writing, context, "locations.delete", deletions, _delete)


async def _create(writing: Writing, asked: Creation) -> Done | Failure:
    taken = await store.named(writing, asked.org_id, asked.name)
    if taken is not None:
        return Done(_taken(asked.name), taken, 409, {"name": asked.name})
    location = Location(asked.org_id, str(uuid.uuid4()), asked.name, asked.details)
    await store.insert(writing, location)
    return Done(location.id, location.id, 201, {"after": _shown(location)})


async def _update(writing: Writing, asked: Update) -> Done | Failure:
    location = await store.find(writing, asked.org_id, asked.id)
    if location is None:
        return Failure.not_found(UNKNOWN)
    before = _shown(location)
    if asked.name is not None and asked.name != location.name:
        if await store.named(writing, asked.org_id, asked.name) is not None:
            return Done(_taken(asked.name), location.id, 409, {"name": asked.name})
        fault = name_fault(asked.name, calling=location.calling)
        if fault is not None:
            return Done(Failure.invalid(fault), location.id, 400, {"name": asked.name})
        location.name = asked.name
    address = (location.details.get("address") or {}) | asked.details.get("address", {})
    location.details = location.details | asked.details
    if address:
        location.details["address"] = address
    await store.update(writing, location)
    return Done(None, location.id, 204, {"before": before, "after": _shown(location)})


async def _delete(writing: Writing, asked: Deletion) -> Done | Failure:
    location = await store.find(writing, asked.org_id, asked.id)
    if location is None:
        return Failure.not_found(UNKNOWN)
    refusals = refusals_to_delete(location, await store.used_by(writing, asked.org_id, asked.id))
    if refusals:
        failure = Failure(Kind.CONFLICT, "The location cannot be deleted", tuple(refusals))
        return Done(failure, location.id, 409, {"refused": refusals})
    await store.delete(writing, asked.org_id, asked.id)
    return Done(None, location.id, 204, {"before": _shown(location)})


def _taken(name: str) -> Failure:
    return Failure.conflict(f"name: the organization has a location {name} already. Choose another name")


def _shown(location: Location) -> dict[str, Any]:
    """What the journal keeps of a location."""
    return {"name": location.name, **location.details}


async def get(reading: Reading, org_id: str, id: str, *, calling: bool = False) -> Location:
    """One location; with `calling`, one that is enabled for Webex Calling. Raises Failure when there is none."""
    location = await store.find(reading, org_id, id)
    if location is None or (calling and not location.calling):
        raise Failure.not_found(UNKNOWN)
    return location


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which locations are wanted, in which order of their names."""

    #: a part of the name, whatever its letter case
    name: str = ""
    id: str | None = None
    #: only those that are enabled for Webex Calling
    calling: bool = False
    descending: bool = False

    def fits(self, location: Location) -> bool:
        """Whether it is wanted."""
        return (
            self.name.casefold() in location.name.casefold()
            and self.id in (None, location.id)
            and (location.calling or not self.calling)
        )


async def page(reading: Reading, org_id: str, wanted: Wanted, after: str | int, size: int) -> list[Location]:
    """The wanted locations, at most `size`, from the one after a name, or after so many of them."""
    if wanted.id is not None:
        named = await store.load(reading, org_id, [wanted.id])
        return [location for location in named.values() if wanted.fits(location) and after in ("", 0)]
    found: list[Location] = []
    skip, last = (after, None) if isinstance(after, int) else (0, after or None)
    while len(found) < size:
        read = await store.page(reading, org_id, last, READ_AT_ONCE, descending=wanted.descending)
        fitting = [location for location in read if wanted.fits(location)]
        found += fitting[skip:]
        skip = max(0, skip - len(fitting))
        if len(read) < READ_AT_ONCE:
            break
        last = read[-1].name
    return found[:size]


async def names(reading: Reading, org_id: str, ids: Collection[str]) -> dict[str, str]:
    """The names of the locations of these ids that are there, by id."""
    return {id: location.name for id, location in (await store.load(reading, org_id, ids)).items()}

"""Surveys: what people have now, read one by one or all together, whichever takes fewer requests."""

import asyncio
import math
from collections.abc import AsyncIterator, Collection

from msgspec import UNSET

from allot.bulk.actual.conversions import People
from allot.bulk.actual.organizations import offer
from allot.bulk.actual.snapshots import License, Location
from allot.bulk.applied.standings import Actual
from allot.bulk.planned.plans import Plan
from allot.client import shapes
from allot.client.failures import Absent
from allot.client.readers import PEOPLE_PAGE, Reader
from allot.core import ids
from allot.core.rulebook import Rulebook


class Surveys:
    """Reads people of a plan's organization, in the plan's terms: places in its list of licenses.

    `org_id`: the plain id of the organization, where it is not the token's own. `together`: requests at once.
    """

    def __init__(self, reader: Reader, plan: Plan, rulebook: Rulebook, org_id: str | None, together: int) -> None:
        self._reader = reader
        self._org_id = org_id
        self._people = plan.summary.people
        self._together = together
        licenses = [License(each.id, each.name, 0, 0) for each in plan.head.licenses]
        #: places of the licenses of Webex Calling
        self.calling = {place for place, each in enumerate(licenses) if offer(rulebook, each).calling}
        self._places = {each.id: place for place, each in enumerate(licenses)}
        #: the same by what the wire calls them
        self._wire: dict[str, int | None] = {}
        # Extensions are read as the snapshot read them, or everybody with a prefix would look changed.
        locations = [Location(id, plan.head.locations.get(id, id), UNSET, to) for id, to in plan.head.prefixes.items()]
        self._records = People(plan.head.org_id, licenses, locations, lambda each: offer(rulebook, each).calling)

    async def of(self, person_ids: Collection[str]) -> AsyncIterator[tuple[str, Actual | None]]:
        """Each of these people once, in any order, with what they have; None where there is no such person."""
        left = dict.fromkeys(person_ids)
        pages = math.ceil(self._people / PEOPLE_PAGE)
        if pages < len(left):
            async for person_id, actual in self._list(left):
                yield person_id, actual
        # Whoever was not listed may have been renamed past the page that was read.
        rest = list(left)
        for first in range(0, len(rest), self._together):
            some = rest[first : first + self._together]
            for person_id, found in zip(some, await asyncio.gather(*map(self.one, some)), strict=True):
                yield person_id, found

    async def one(self, person_id: str) -> Actual | None:
        """What one person has; None where there is no such person."""
        try:
            return self._actual(await self._reader.person(ids.encode("PEOPLE", person_id)))
        except Absent:
            return None

    def place(self, license_id: str) -> int | None:
        """The place of a license, by the wire's id; None for one that the plan does not know."""
        if license_id not in self._wire:
            self._wire[license_id] = self._places.get(ids.decode("LICENSE", license_id) or license_id)
        return self._wire[license_id]

    async def _list(self, left: dict[str, None]) -> AsyncIterator[tuple[str, Actual]]:
        """Those who are met on the pages of everybody; they are taken out of `left`."""
        asking = asyncio.ensure_future(self._reader.people(self._org_id))
        try:
            while True:
                page = await asking
                listed = {ids.decode("PEOPLE", person.id) or person.id: person for person in page.items}
                met = [(person_id, listed[person_id]) for person_id in listed if person_id in left]
                for person_id, _ in met:
                    del left[person_id]
                more = bool(left) and page.next is not None
                if more:  # the next page is on its way while those of this one are dealt with
                    asking = asyncio.ensure_future(self._reader.people(self._org_id, page.next))
                for person_id, person in met:
                    yield person_id, self._actual(person)
                if not more:
                    return
        finally:
            asking.cancel()

    def _actual(self, told: shapes.Person) -> Actual:
        person = self._records.record(told)
        held = person.licenses
        if held is UNSET or not held or held[-1] < len(self._places):
            return Actual(held, person.attendee, person.calling)
        known = len(self._places)
        others = [self._records.met[place - known] for place in held if place >= known]
        return Actual([place for place in held if place < known], person.attendee, person.calling, others)

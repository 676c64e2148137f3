"""Surveys: what people have now, read one by one or all together, whichever takes fewer requests."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence

from msgspec import UNSET

from allot.bulk.changes import LicenseName
from allot.bulk.snapshots import Calling
from allot.bulk.standings import Actual
from allot.client import shapes
from allot.client.failures import Absent
from allot.client.readers import PEOPLE_PAGE, Reader
from allot.core import ids

_ATTENDEE = "#attendee"


class Surveys:
    """Reads people of one organization; licenses become places in the plan's list.

    `people`: how many the organization has, as far as it is known. `together`: requests under way at once.
    """

    def __init__(
        self, reader: Reader, org_id: str | None, licenses: Sequence[LicenseName], people: int, together: int
    ) -> None:
        self._reader = reader
        self._org_id = org_id
        self._people = people
        self._together = together
        #: by the wire's id and by the plain one
        self.places = {license.id: place for place, license in enumerate(licenses)}
        self.places |= {ids.encode("LICENSE", id): place for id, place in self.places.items()}

    async def of(self, person_ids: Collection[str]) -> AsyncIterator[tuple[str, Actual | None]]:
        """Each of these people once, in any order, with what they have; None where there is no such person."""
        left = dict.fromkeys(person_ids)
        if len(left) * PEOPLE_PAGE > self._people:
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
        """The place of a license, by the wire's id."""
        place = self.places.get(license_id)
        return place if place is not None else self.places.get(ids.decode("LICENSE", license_id) or license_id)

    async def _list(self, left: dict[str, None]) -> AsyncIterator[tuple[str, Actual]]:
        """Those who are met on the pages of everybody; they are taken out of `left`."""
        at = None
        while left:
            page = await self._reader.people(self._org_id, at)
            for person in page.items:
                person_id = ids.decode("PEOPLE", person.id) or person.id
                if person_id in left:
                    del left[person_id]
                    yield person_id, self._actual(person)
            at = page.next
            if at is None:
                return

    def _actual(self, person: shapes.Person) -> Actual:
        held, others = [], []
        for license_id in person.licenses or ():
            place = self.place(license_id)
            if place is None:
                others.append(license_id)
            else:
                held.append(place)
        held.sort()
        sites = person.site_urls
        attendee = sorted(url.removesuffix(_ATTENDEE) for url in sites or () if url.endswith(_ATTENDEE))
        return Actual(
            held if person.licenses is not UNSET else UNSET,
            attendee if sites is not UNSET else UNSET,
            _calling(person),
            others,
        )


def _calling(person: shapes.Person) -> Calling | None:
    number = next((each.value for each in person.phone_numbers or () if each.type == "work"), None)
    location = person.location_id or None
    extension = person.extension or None
    if not (number or location or extension):
        return None
    return Calling(ids.decode("LOCATION", location) or location if location else None, number, extension)

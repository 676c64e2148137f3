"""Reading an organization: nothing here, and nothing that it holds, has a method to write."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar
from urllib.parse import urlencode

from msgspec import Struct

from allot.client.connections import Connection
from allot.client.failures import Absent, Forbidden, Nonsense
from allot.client.shapes import (
    CallPark,
    CallParks,
    License,
    Licenses,
    Location,
    Locations,
    Me,
    Number,
    Numbers,
    Organization,
    People,
    Person,
    TelephonyLocation,
    TelephonyLocations,
)
from allot.core import ids
from allot.core import scope as scopes

T = TypeVar("T")

# Documented: not more people than this on a page with calling data.
PEOPLE_PAGE = 100
# Ours answers more; what is too much is lowered by the server.
NUMBERS_PAGE = 1_000


class Page(Struct, Generic[T]):
    """Some of a list, and the address of the rest."""

    items: list[T]
    next: str | None


class Reader(Connection):
    """Asks an API for what an organization has; `org_id` is the plain id of another one than the token's."""

    async def organization(self, org_id: str | None = None) -> Organization:
        """The organization of the token, or the one that is named; with its id in place of a name that is hidden.

        Raises Nonsense when the address is no Webex API's, Absent when the token does not see that organization.
        """
        try:
            me = self.read(await self.get("/people/me", scopes.OWN_READ), Me)
        except (Absent, Nonsense) as error:
            raise Nonsense(
                f"{self.address} is no address of a Webex API ({error}); name one like https://webexapis.com/v1"
            ) from error
        wanted = ids.encode("ORGANIZATION", org_id) if org_id else me.org_id
        try:
            return self.read(await self.get(f"/organizations/{wanted}", scopes.ORGANIZATIONS_READ), Organization)
        except (Absent, Forbidden):
            if wanted != me.org_id:
                raise
            return Organization(wanted, ids.decode("ORGANIZATION", wanted) or wanted)

    async def licenses(self, org_id: str | None = None) -> list[License]:
        """All licenses, in the order of the API."""
        path = self._path("/licenses", org_id)
        return [each async for page in self._pages(path, Licenses, scopes.LICENSES_READ) for each in page.items]

    async def people(self, org_id: str | None = None, at: str | None = None) -> Page[Person]:
        """A page of people with licenses and calling data: the first one, or that at an address that a page named."""
        path = at or self._path("/people", org_id, callingData="true", max=PEOPLE_PAGE)
        answer = await self.get(path, scopes.PEOPLE_READ)
        return Page(self.read(answer, People).items, answer.next)

    async def person(self, person_id: str) -> Person:
        """One person, by the wire's id, with licenses and calling data. Raises Absent when there is none."""
        answer = await self.get(f"/people/{person_id}?callingData=true", scopes.PEOPLE_READ)
        return self.read(answer, Person)

    async def locations(self, org_id: str | None = None) -> list[Location]:
        """All locations."""
        path = self._path("/locations", org_id)
        return [each async for page in self._pages(path, Locations, scopes.LOCATIONS_READ) for each in page.items]

    async def telephony_locations(self, org_id: str | None = None) -> list[TelephonyLocation]:
        """All locations where Webex Calling is set up."""
        path = self._path("/telephony/config/locations", org_id)
        pages = self._pages(path, TelephonyLocations, scopes.TELEPHONY_READ)
        return [each async for page in pages for each in page.locations]

    async def call_parks(self, org_id: str | None = None) -> list[CallPark]:
        """All extensions at which calls are parked."""
        path = self._path("/telephony/config/callParkExtensions", org_id)
        pages = self._pages(path, CallParks, scopes.TELEPHONY_READ)
        return [each async for page in pages for each in page.call_park_extensions]

    async def numbers(self, org_id: str | None = None, at: str | None = None) -> Page[Number]:
        """A page of the inventory of numbers: the first one, or that at an address that a page named."""
        path = at or self._path("/telephony/config/numbers", org_id, max=NUMBERS_PAGE)
        answer = await self.get(path, scopes.TELEPHONY_READ)
        return Page(self.read(answer, Numbers).phone_numbers, answer.next)

    async def _pages(self, path: str, kind: type[T], needs: str) -> AsyncIterator[T]:
        at: str | None = path
        seen: set[str] = set()
        while at is not None:
            if at in seen:
                raise Nonsense(f"{self.address} leads from page to page in a circle; ask whoever runs it")
            seen.add(at)
            answer = await self.get(at, needs)
            yield self.read(answer, kind)
            at = answer.next

    @staticmethod
    def _path(path: str, org_id: str | None, **query: str | int) -> str:
        if org_id:
            query["orgId"] = ids.encode("ORGANIZATION", org_id)
        return f"{path}?{urlencode(query)}" if query else path

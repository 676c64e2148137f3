"""Locations as the service has them: several requests in one transaction, and the pages of a large organization."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.service import locations
from allot.service.locations import Creation, Deletion, Update, Wanted
from allot.service.service import Service
from organizations import World, insert, make
from servers import open_service

T = TypeVar("T")
CALL = Call(Caller("", "someone", "", frozenset(), frozenset()), "NA_1", "127.0.0.1", "a client")


def run(url: str, act: Callable[[Service, World], Awaitable[T]]) -> T:
    """What `act` gives, with a service on the database and an organization in it."""

    async def main() -> T:
        async with open_service(url) as service:
            return await act(service, await make(service, 1))

    return asyncio.run(main())


async def entries(service: Service, org_id: str) -> list[tuple[int, str, int]]:
    """Number, action and outcome of the journal's entries."""
    async with service.database.reading() as reading:
        return await reading.rows("SELECT entry, action, outcome FROM journal WHERE org_id = $1 ORDER BY entry", org_id)


def test_requests_of_one_transaction_see_each_other(database_url: str):
    """Of many that want one name at once, one gets it, and each has its entry in the journal."""

    async def act(service: Service, world: World) -> None:
        asked = [Creation(CALL, world.org_id, "Hall", {}) for _ in range(20)]
        submit = service.writes.submit
        answers = await asyncio.gather(
            *(submit(world.org_id, locations.create, each) for each in asked), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [str, *[Failure] * 19]
        assert {answer.kind for answer in answers[1:]} == {Kind.CONFLICT}
        found = await entries(service, world.org_id)
        assert found == [
            (1, "locations.create", 201),
            *((n, "locations.create", 409) for n in range(2, 21)),
        ]
        assert service.writes.batches < 20

    run(database_url, act)


def test_an_organization_that_does_not_exist_fails_alone(database_url: str):
    """The others of the transaction are served, and what does not exist leaves no entry."""

    async def act(service: Service, world: World) -> None:
        asked = [Creation(CALL, world.org_id, "A", {}), Creation(CALL, "nowhere", "B", {})]
        async with service.database.writing() as writing:
            first, second = await locations.create(writing, service.context, asked)
        assert isinstance(first, str)
        assert isinstance(second, Failure)
        assert second.kind is Kind.NOT_FOUND
        unknown = [Update(CALL, world.org_id, "nowhere", "C"), Deletion(CALL, world.org_id, "nowhere")]
        async with service.database.writing() as writing:
            failures = await locations.update(writing, service.context, unknown[:1])
            failures += await locations.delete(writing, service.context, unknown[1:])
        assert [failure.kind for failure in failures] == [Kind.NOT_FOUND] * 2
        assert await entries(service, world.org_id) == [(1, "locations.create", 201)]
        async with service.database.reading() as reading:
            [(detail,)] = await reading.rows("SELECT detail FROM journal WHERE org_id = $1", world.org_id)
        assert json.loads(detail)["from"] == {"address": "127.0.0.1", "agent": "a client"}

    run(database_url, act)


@pytest.mark.parametrize("descending", [False, True])
def test_pages_go_through_many_locations(database_url: str, descending: bool):
    """Every location once and in order, though they are read in pieces, and only some of them fit."""

    async def act(service: Service, world: World) -> None:
        names = [f"Place {n:04d}" for n in range(1203)]
        async with service.database.writing() as writing:
            for n, name in enumerate(names):
                await insert(
                    writing,
                    "locations",
                    org_id=world.org_id,
                    location_id=name,
                    name=name,
                    details="{}",
                    calling=n % 2,
                )
        expected = sorted((name for n, name in enumerate(names) if n % 2 and "2" in name), reverse=descending)
        wanted = Wanted("2", calling=True, descending=descending)
        found: list[str] = []
        after: str | int = 0
        async with service.database.reading() as reading:
            while page := await locations.page(reading, world.org_id, wanted, after, 40):
                found += [location.name for location in page]
                after = found[-1]
            assert found == expected
            page = await locations.page(reading, world.org_id, wanted, 250, 5)
        assert [location.name for location in page] == expected[250:255]

    run(database_url, act)

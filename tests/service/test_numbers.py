"""Numbers as the service has them: races with those who are given numbers, and plans of statements."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest

from allot.core.call import Call, Caller
from allot.core.failure import Failure
from allot.core.holding import Properties
from allot.core.number import NumberFilter
from allot.service import licenses, numbers
from allot.service.licenses import Asked, Assigned, Assignment
from allot.service.numbers import Addition, Removal
from allot.service.service import Service
from allot.store.database import Reading, Row, spell
from audit import wrongs
from organizations import World, insert, make
from servers import open_service

T = TypeVar("T")
CALL = Call(Caller("", "someone", "", frozenset(), frozenset()), "NA_1")
NUMBERS = [f"+1408555{n:04d}" for n in range(30)]


def run(url: str, act: Callable[[Service, World], Awaitable[T]]) -> T:
    """What `act` gives, with a service on the database and an organization with a location `hq` in it."""

    async def main() -> T:
        async with open_service(url) as service:
            world = await make(service, len(NUMBERS), "BCSTD", total=len(NUMBERS))
            async with service.database.writing() as writing:
                await insert(
                    writing, "locations", org_id=world.org_id, location_id="hq", name="HQ", details="{}", calling=1
                )
            return await act(service, world)

    return asyncio.run(main())


def test_a_number_is_removed_or_given_never_both(database_url: str):
    """While numbers are given to people, they are removed: each ends as one of the two, and the books are right."""

    async def act(service: Service, world: World) -> tuple[int, int]:
        submit, org_id = service.writes.submit, world.org_id
        await submit(org_id, numbers.add, Addition(CALL, org_id, "hq", dict.fromkeys(NUMBERS, "DID"), "ACTIVE", False))
        license = world.licenses["BCSTD"]
        work = []
        for number, person in zip(NUMBERS, world.people, strict=True):
            asked = [Asked(license, license, True, Properties("hq", number))]
            give = submit(org_id, licenses.assign, Assignment(CALL, org_id, person, None, asked))
            remove = submit(org_id, numbers.remove, Removal(CALL, org_id, "hq", [number]))
            work += [give, remove] if len(work) % 4 else [remove, give]
        answers = await asyncio.gather(*work, return_exceptions=True)
        given = sum(isinstance(answer, Assigned) and answer.status == 200 for answer in answers)
        removed = sum(answer is None for answer in answers)
        assert sum(isinstance(answer, Failure) for answer in answers) == len(NUMBERS) - removed
        async with service.database.reading() as reading:
            left = await reading.rows("SELECT phone_number FROM numbers WHERE org_id = $1", org_id)
        assert len(left) == given == len(NUMBERS) - removed
        return given, removed

    given, removed = run(database_url, act)
    assert given
    assert removed
    assert wrongs(database_url) == []


class Planned:
    """Tells how a database would run each statement; the rows are those of the statement."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.plans: list[str] = []

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        found = await self._reading.rows("EXPLAIN QUERY PLAN " + spell(sql, False), *parameters)
        self.plans.append("\n".join(str(row[-1]) for row in found))
        return await self._reading.rows(sql, *parameters)

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        return [await self.rows(sql, *parameters) for parameters in sets]


@pytest.mark.parametrize(
    ("wanted", "order", "begins"),
    [
        (NumberFilter(), "dn", ["n USING PRIMARY KEY (org_id=?)", "p USING INDEX people_without_number"]),
        (NumberFilter(), "extension", ["p USING INDEX people_by_extension", "n USING PRIMARY KEY (org_id=?)"]),
        (
            NumberFilter(location_id="hq"),
            "dn",
            ["k USING COVERING INDEX numbers_by_location", "k USING COVERING INDEX people_by_location"],
        ),
        (
            NumberFilter(extension="100"),
            "dn",
            ["k USING COVERING INDEX people_by_extension", "p USING INDEX people_without_number"],
        ),
        (
            NumberFilter(owner_names=("a", "b"), lone_extensions=False),
            "dn",
            ["k USING COVERING INDEX people_by_name"],
        ),
        (NumberFilter(owner_id="x", lone_extensions=False), "dn", ["k USING PRIMARY KEY (org_id=? AND person_id=?)"]),
        (
            NumberFilter(phone_number="+1", lone_extensions=False),
            "dn",
            ["n USING PRIMARY KEY (org_id=? AND phone_number=?)"],
        ),
    ],
)
def test_a_list_begins_with_what_is_wanted(sqlite_url: str, wanted: NumberFilter, order: str, begins: list[str]):
    """SQLite, which knows nothing of how large an organization is, reads no more than a page needs."""

    async def act(service: Service, world: World) -> list[str]:
        async with service.database.reading() as reading:
            planned = Planned(reading)
            await numbers.page(planned, world.org_id, wanted, order, 0, 10)
        return planned.plans

    plans = run(sqlite_url, act)
    assert len(plans) == len(begins)
    for plan, beginning in zip(plans, begins, strict=True):
        assert plan.startswith(f"SEARCH {beginning}")

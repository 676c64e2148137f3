"""People in batches, and what their lists cost, on both databases."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import pytest

from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.core.role import FULL
from allot.core.wish import Wish
from allot.service import people, searches
from allot.service.people import Draft, Removal
from allot.service.searches import Search
from allot.service.service import Service
from allot.store import people as store
from allot.store.database import Reading, Row, spell
from audit import wrongs
from organizations import World, make
from servers import open_service

T = TypeVar("T")
OFFERS = ("FMS", "FTM", "MS")


def run(url: str, act: Callable[[Service, World], Awaitable[T]], count: int = 3, total: int = 10) -> T:
    """What `act` makes of a service with an organization of `count` people."""

    async def main() -> T:
        async with open_service(url) as service:
            return await act(service, await make(service, count, *OFFERS, total=total))

    result = asyncio.run(main())
    assert wrongs(url) == []
    return result


def call(world: World) -> Call:
    caller = Caller(world.org_id, "somebody", "somebody@example.com", frozenset(), frozenset({FULL.id}))
    return Call(caller, "TEST_1")


def draft(world: World, person_id: str = "", **members: Any) -> Draft:
    return Draft(call(world), world.org_id, person_id, **({"display_name": "Name"} | members))


async def together(service: Service, operation: Any, arguments: Sequence[Any]) -> list[Any]:
    """The outcomes of one batch."""
    async with service.database.writing() as writing:
        return list(await operation(writing, service.context, arguments))


def kinds(outcomes: list[Any]) -> list[Kind | None]:
    return [outcome.kind if isinstance(outcome, Failure) else None for outcome in outcomes]


async def entries(service: Service, action: str) -> list[Any]:
    async with service.database.reading() as reading:
        found = await reading.rows("SELECT detail FROM journal WHERE action = $1 ORDER BY entry", action)
    return [json.loads(detail) for (detail,) in found]


def test_an_email_is_given_once_in_a_batch(database_url: str) -> None:
    """Of two new people with one email in a batch, the first is created and the second refused."""

    async def act(service: Service, world: World) -> None:
        drafts = [draft(world, email="same@example.com"), draft(world, email="same@example.com")]
        drafts.append(draft(world, email="person0@example.com"))
        outcomes = await together(service, people.create, drafts)
        assert kinds(outcomes) == [None, Kind.CONFLICT, Kind.CONFLICT]
        assert len(await entries(service, "people.create")) == 1

    run(database_url, act)


def test_units_are_not_given_twice_in_a_batch(database_url: str) -> None:
    """New people of one batch share the units: who comes later goes without."""

    async def act(service: Service, world: World) -> list[int]:
        wish = {world.licenses[code]: code for code in ("FMS", "MS")}
        drafts = [draft(world, email=f"new{n}@example.com", wish=Wish(wish)) for n in range(4)]
        outcomes = await together(service, people.create, drafts)
        return [outcome.person.holding.licenses.bit_count() for outcome in outcomes]

    assert run(database_url, act, total=2) == [2, 2, 1, 1]


def test_changes_of_one_person_in_a_batch_follow_each_other(database_url: str) -> None:
    """Two changes of one person in a batch are told apart in the journal, and the last one stands."""

    async def act(service: Service, world: World) -> None:
        id = world.people[0]
        wishes = [Wish({world.licenses["FMS"]: "x"}), Wish({world.licenses["FTM"]: "x", world.licenses["FMS"]: "x"})]
        drafts = [draft(world, id, display_name=f"Name {n}", wish=wish) for n, wish in enumerate(wishes)]
        drafts.append(draft(world, "nobody"))
        assert kinds(await together(service, people.update, drafts)) == [None, None, Kind.NOT_FOUND]
        told = await entries(service, "people.update")
        assert [entry["changes"]["displayName"][1] for entry in told] == ["Name 0", "Name 1"]
        assert told[0]["after"] == told[1]["before"]
        async with service.database.reading() as reading:
            seen = await searches.get(reading, service.context, world.org_id, id)
        assert (seen.profile.display_name, seen.person.holding.licenses) == ("Name 1", 0b11)

    run(database_url, act)


def test_an_email_that_is_free_again_is_given_in_the_same_batch(database_url: str) -> None:
    """Of two people whose emails move on in one batch, each gets the new one."""

    async def act(service: Service, world: World) -> None:
        drafts = [
            draft(world, world.people[0], email="moved@example.com"),
            draft(world, world.people[1], email="person0@example.com"),
            draft(world, world.people[2], email="moved@example.com"),
        ]
        outcomes = [await service.writes.submit(world.org_id, people.update, each) for each in drafts[:2]]
        assert [outcome.person.email for outcome in outcomes] == ["moved@example.com", "person0@example.com"]
        with pytest.raises(Failure) as failed:
            await service.writes.submit(world.org_id, people.update, drafts[2])
        assert failed.value.kind is Kind.CONFLICT

    run(database_url, act)


def test_a_person_is_deleted_once(database_url: str) -> None:
    """Deleted twice in one batch, a person is not known the second time, and counters count down once."""

    async def act(service: Service, world: World) -> None:
        wish = Wish({world.licenses[code]: code for code in OFFERS})
        await together(service, people.update, [draft(world, world.people[0], wish=wish)])
        removal = Removal(call(world), world.org_id, world.people[0])
        outcomes = await together(service, people.delete, [removal, removal])
        assert kinds(outcomes) == [None, Kind.NOT_FOUND]
        assert [len(entry["before"]["licenses"]) for entry in await entries(service, "people.delete")] == [3]

    run(database_url, act)


def test_an_organization_that_is_not_there_is_not_found(database_url: str) -> None:
    """No person is created or changed in an organization that does not exist."""

    async def act(service: Service, world: World) -> None:
        nowhere = World("00000000-0000-4000-8000-00000000dead", "")
        assert kinds(await together(service, people.create, [draft(nowhere, email="a@example.com")])) == [
            Kind.NOT_FOUND
        ]
        assert kinds(await together(service, people.update, [draft(nowhere, "x")])) == [Kind.NOT_FOUND]
        removal = Removal(call(nowhere), nowhere.org_id, "x")
        assert kinds(await together(service, people.delete, [removal])) == [Kind.NOT_FOUND]

    run(database_url, act)


def test_pages_meet_without_gap_when_names_are_the_same(database_url: str) -> None:
    """Pages show everybody once, in one order, although many have the same name and some come and go meanwhile."""

    async def act(service: Service, world: World) -> None:
        drafts = [draft(world, email=f"n{n}@example.com", display_name="Same Name") for n in range(25)]
        await together(service, people.create, drafts)
        seen: list[str] = []
        after: tuple[str, str] | None = None
        while True:
            async with service.database.reading() as reading:
                found, after = await searches.find(
                    reading, service.context, Search(world.org_id, 4, name="same", after=after)
                )
            seen += [each.person.id for each in found]
            if after is None:
                break
            removal = Removal(call(world), world.org_id, found[0].person.id)
            await together(service, people.delete, [removal])
        assert len(seen) == len(set(seen)) == 25
        assert seen == sorted(seen)

    run(database_url, act)


class Planned:
    """A reading that keeps how the database says that it would find the rows."""

    def __init__(self, reading: Reading, postgres: bool) -> None:
        self._reading = reading
        self._postgres = postgres
        self.plans: list[str] = []

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        words = "EXPLAIN " if self._postgres else "EXPLAIN QUERY PLAN "
        found = await self._reading.rows(words + spell(sql, self._postgres), *parameters)
        self.plans.append("\n".join(str(row[-1]) for row in found))
        return []

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        return [await self.rows(sql, *parameters) for parameters in sets]


@pytest.mark.parametrize(
    ("search", "index"),
    [
        ({}, "people_by_name"),
        ({"name": "a"}, "people_by_name"),
        ({"after": ("a", "b")}, "people_by_name"),
        ({"location_id": "x"}, "people_by_location"),
        ({"location_id": "x", "name": "a", "after": ("a", "b")}, "people_by_location"),
        ({"roles": ("x", "y")}, "roles_by_role"),
        ({"roles": ("x", "y"), "name": "a", "location_id": "x"}, "roles_by_role"),
        ({"roles": ("x",), "ids": ("a",)}, "roles_by_role"),
        ({"email": "a@example.com"}, ""),
        ({"ids": ("a", "b")}, ""),
    ],
)
def test_a_page_is_read_from_an_index(database_url: str, search: dict[str, Any], index: str) -> None:
    """No search reads or sorts all people: each begins where its page does, in an index that has its order."""

    async def act(service: Service, world: World) -> str:
        async with service.database.reading() as reading:
            planned = Planned(reading, service.database.writers > 1)
            await searches.find(planned, service.context, Search(world.org_id, 10, **search))
        return planned.plans[0]

    plan = run(database_url, act)
    assert "SCAN p" not in plan
    assert "Seq Scan on people" not in plan
    assert index in plan
    if index in ("people_by_name", "people_by_location"):
        assert "B-TREE" not in plan
        assert "Sort" not in plan


def test_the_store_finds_by_id_in_several_organizations(database_url: str) -> None:
    """One call finds people of several organizations, and mixes none up."""

    async def act(service: Service, world: World) -> None:
        other = await make(service, 1)
        keys = [(world.org_id, world.people[0]), (other.org_id, other.people[0]), (other.org_id, world.people[0])]
        async with service.database.reading() as reading:
            found = await store.by_ids(reading, keys)
        assert {(person.org_id, person.id) for person, _ in found} == set(keys[:2])

    run(database_url, act)

"""The past: who got a license and who lost it, what changed since, and changes that expect what was seen."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.core.journal import Change, Entry, Search
from allot.core.person import fingerprint
from allot.core.role import FULL
from allot.core.wish import Wish
from allot.service import journals, licenses, people, searches
from allot.service.licenses import Asked, Assigned, Assignment
from allot.service.people import Draft, Removal
from allot.service.service import Service
from allot.store import journal as store
from audit import wrongs
from organizations import World, make
from servers import open_service

T = TypeVar("T")
OFFERS = ("FTM", "FMS")


def run(url: str, act: Callable[[Service, World], Awaitable[T]]) -> T:
    """What `act` makes of a service with an organization of three people."""

    async def main() -> T:
        async with open_service(url) as service:
            return await act(service, await make(service, 3, *OFFERS))

    result = asyncio.run(main())
    assert wrongs(url) == []
    return result


def call(world: World, who: str = "somebody") -> Call:
    return Call(Caller(world.org_id, who, "somebody@example.com", frozenset(), frozenset({FULL.id})), f"OF_{who}")


def asked(world: World, n: int, *codes: str, add: bool = True, expected: str | None = None) -> Assignment:
    items = [Asked(world.licenses[code], code, add) for code in codes]
    return Assignment(call(world), world.org_id, world.people[n], None, items, expected=expected)


async def assigned(service: Service, world: World, *assignments: Assignment) -> list[Assigned | Failure]:
    """The outcomes of one batch."""
    async with service.database.writing() as writing:
        return await licenses.assign(writing, service.context, assignments)


async def seen(service: Service, world: World, n: int = 0) -> str:
    """The fingerprint of a person as a page shows them."""
    async with service.database.reading() as reading:
        return fingerprint((await searches.get(reading, service.context, world.org_id, world.people[n])).person)


async def last(service: Service, world: World) -> int:
    async with service.database.reading() as reading:
        return await journals.last(reading, world.org_id)


def test_who_expects_what_is_not_there_is_refused(database_url: str) -> None:
    """Of two who change the same person from the same page, the second is refused, and told what changed."""

    async def act(service: Service, world: World) -> list[Entry]:
        expected, number = await seen(service, world), await last(service, world)
        one, other = await assigned(
            service, world, asked(world, 0, "FMS", expected=expected), asked(world, 0, "FTM", expected=expected)
        )
        assert isinstance(one, Assigned)
        assert one.status == 200
        assert isinstance(other, Failure)
        assert (other.kind, other.details) == (Kind.CONFLICT, (licenses.MOVED,))
        async with service.database.reading() as reading:
            return await journals.since(reading, world.org_id, world.people[0], number, 10)

    [entry] = run(database_url, act)
    assert (entry.action, entry.detail["before"]["licenses"], entry.detail["after"]["licenses"]) == (
        "licenses.assign",
        [],
        [1],
    )


def test_who_expects_what_is_there_is_served(database_url: str) -> None:
    """What a dry run was decided for, and what a page shows, may be expected, also after changes of other people."""

    async def act(service: Service, world: World) -> None:
        await assigned(service, world, asked(world, 0, "FTM"))
        shown = await seen(service, world)
        await assigned(service, world, asked(world, 1, "FMS"))
        async with service.database.reading() as reading:
            assignment = asked(world, 0, "FMS")
            batch = await licenses.view(reading, service.context, [assignment])
            explained = licenses.explain(batch, assignment)
        assert isinstance(explained, licenses.Explained)
        assert explained.expected == shown
        [outcome] = await assigned(service, world, asked(world, 0, "FMS", expected=shown))
        assert isinstance(outcome, Assigned)
        assert fingerprint(outcome.person) == await seen(service, world) != shown

    run(database_url, act)


def test_what_changed_since_is_about_one_person(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries about others, and those that were seen, are not among what changed since; the newest come first."""
    monkeypatch.setattr(journals, "PIECE", 2)

    async def act(service: Service, world: World) -> None:
        await assigned(service, world, asked(world, 0, "FTM"))
        number = await last(service, world)
        async with service.database.reading() as reading:
            assert await journals.since(reading, world.org_id, world.people[0], number, 10) == []
        await assigned(service, world, *(asked(world, n, code) for code in ("FMS", "FTM") for n in (0, 1, 2)))
        async with service.database.reading() as reading:
            found = await journals.since(reading, world.org_id, world.people[0], number, 10)
            assert [entry.number - number for entry in found] == [4, 1]
            assert [each.number for each in await journals.since(reading, world.org_id, world.people[0], 0, 1)] == [
                number + 4
            ]

    run(database_url, act)


async def history(service: Service, world: World, code: str, limit: int) -> list[Change]:
    """All pages of the history of a license."""
    found: list[Change] = []
    below: int | None = None
    async with service.database.reading() as reading:
        while True:
            number = OFFERS.index(code)
            page, below = await journals.of_license(reading, world.org_id, number, below, limit)
            assert len(page) <= limit
            found += page
            if below is None:
                return found


@pytest.mark.parametrize(("scanned", "piece"), [(100_000, 4_000), (3, 2), (1, 1)])
@pytest.mark.parametrize("limit", [1, 100])
def test_a_license_has_a_history(
    database_url: str, monkeypatch: pytest.MonkeyPatch, limit: int, scanned: int, piece: int
) -> None:
    """Who got a license and who lost it, by whom, newest first, however that came and whatever a page looks through."""
    monkeypatch.setattr(journals, "OF_LICENSE_MAX", scanned)
    monkeypatch.setattr(journals, "OF_LICENSE_PIECE", piece)

    async def act(service: Service, world: World) -> None:
        first, second, third = world.people
        await assigned(service, world, asked(world, 0, "FMS", "FTM"), asked(world, 1, "FMS", "FTM"))
        await assigned(service, world, asked(world, 1, "FTM"), asked(world, 0, "FTM", add=False))
        wish = Wish({world.licenses[code]: code for code in OFFERS})
        draft = Draft(call(world, "other"), world.org_id, third, display_name="Name", wish=wish)
        removal = Removal(call(world, "third"), world.org_id, second)
        async with service.database.writing() as writing:
            await people.update(writing, service.context, [draft])
            await people.delete(writing, service.context, [removal])
        changes = await history(service, world, "FTM", limit)
        assert [(change.person_id, change.actor_id, change.gained) for change in changes] == [
            (second, "third", False),
            (third, "other", True),
            (first, "somebody", False),
            (second, "somebody", True),
            (first, "somebody", True),
        ]
        assert [change.action for change in changes[:3]] == ["people.delete", "people.update", "licenses.assign"]
        assert changes[0].tracking_id == "OF_third"
        assert [change.person_id for change in await history(service, world, "FMS", limit)] == [
            second,
            third,
            second,
            first,
        ]

    run(database_url, act)


@pytest.mark.parametrize(("scanned", "piece"), [(100_000, 4_000), (5, 2), (1, 10)])
def test_a_page_of_the_journal_is_looked_for_in_pieces(
    database_url: str, monkeypatch: pytest.MonkeyPatch, scanned: int, piece: int
) -> None:
    """Whatever a statement and a page look through, all pages together have every entry about a person once."""
    monkeypatch.setattr(journals, "SCANNED_MAX", scanned)
    monkeypatch.setattr(journals, "PIECE", piece)

    async def act(service: Service, world: World) -> None:
        entries = [
            Entry(world.org_id, f"2026-11-22T12:00:{n:02}.000Z", "T", "people.look", None, world.people[n % 3], 200)
            for n in range(20)
        ]
        async with service.database.writing() as writing:
            await store.write(writing, entries)
        found: list[int] = []
        below: int | None = None
        async with service.database.reading() as reading:
            while True:
                search = Search(target_id=world.people[1])
                page, below = await journals.page(reading, world.org_id, search, below, 2)
                found += [entry.number for entry in page]
                if below is None:
                    break
        assert found == [20, 17, 14, 11, 8, 5, 2]

    run(database_url, act)

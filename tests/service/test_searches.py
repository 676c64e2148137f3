"""Searches as somebody types: who is found, in which order, and what a search may take, on both databases."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allot.core.person import name_key
from allot.service import searches
from allot.service.searches import Look, Place
from allot.service.service import Service
from allot.store import searches as scans
from allot.store.database import Reading, Row, spell
from allot.store.searches import Filter
from organizations import CREATED, TOMORROW, World, add_license, add_organization, insert
from servers import open_service

LOCATIONS = ("here", "there")
HELD, INVITED, LAPSED = None, TOMORROW, CREATED


@dataclass(frozen=True)
class Known:
    """Somebody who may be found."""

    name: str
    email: str
    location: str | None = None
    number: str | None = None
    extension: str | None = None
    external: bool = False
    #: number of each license, with the end of the invitation
    licenses: tuple[tuple[int, str | None], ...] = ()


# Latin, Cyrillic, Arabic and Greek letters, some of which have two forms in lower case, and what is special to SQL.
LETTERS = st.text(
    alphabet="abc\u0410\u0431\u0432\u0627\u0644\u0628ÄßΣ\u03c3\u03c2İé-'( %_.1\u0663😀\u200f", min_size=1, max_size=8
)
NAMES = st.one_of(
    LETTERS,
    st.sampled_from(["Anna Smith", "Anna-Lena O'Neil (extern)", "محمد علي", "<b>Ann</b>", "x" * 300, "100 %_\\"]),
)
EMAILS = st.one_of(
    st.from_regex(r"[a-c_%.]{1,6}@[ab]\.c", fullmatch=True), st.sampled_from(["a" * 294 + "@ab.cd", "anna.smith@x.yz"])
)
CALLING = st.none() | st.tuples(
    st.sampled_from(LOCATIONS),
    st.none() | st.from_regex(r"\+1[12]{3}", fullmatch=True),
    st.none() | st.from_regex(r"[12]{2,3}", fullmatch=True),
)
LICENSES = st.dictionaries(st.sampled_from([0, 1]), st.sampled_from([HELD, INVITED, LAPSED]), max_size=2)


@st.composite
def known(draw: st.DrawFn) -> Known:
    location, number, extension = draw(CALLING) or (None, None, None)
    licenses = tuple(draw(LICENSES).items())
    return Known(draw(NAMES), draw(EMAILS), location, number, extension, draw(st.booleans()), licenses)


def unique(people: list[Known]) -> list[Known]:
    """Those of them whose emails, numbers and extensions nobody before them has."""
    found: list[Known] = []
    for each in people:
        if any(
            each.email == other.email
            or (each.number and each.number == other.number)
            or (each.extension and (each.extension, each.location) == (other.extension, other.location))
            for other in found
        ):
            continue
        found.append(each)
    return found


CROWDS = st.lists(known(), max_size=12).map(unique)
TEXTS = st.one_of(
    st.just(""),
    LETTERS,
    st.sampled_from(["anna", "ANNA ", "smith", "lena", "neil", "ext", "علي", "%", "_", "\\", "@", "a" * 290, "\0a"]),
    st.sampled_from(["12", "+1", "+1 (12) 1-2", "1-1", "1.2", "(", "-", "+"]),
)
LOOKS = st.builds(
    Look,
    st.just(""),
    st.integers(1, 5),
    TEXTS,
    st.none() | st.sampled_from([0, 1]),
    st.none() | st.sampled_from(LOCATIONS),
    st.none() | st.booleans(),
)


def fits(person: Known, look: Look) -> bool:
    """What a search finds, said once more, without looking at how it finds it."""
    text, key = look.text.lower().replace("\0", "").strip(), person.name.lower()
    starts = [n for n in range(len(key)) if n == 0 or key[n - 1] in " -'("]
    digits = "".join(letter for letter in text if letter not in " ().-")
    by_number = digits.removeprefix("+").isascii() and digits.removeprefix("+").isdigit()
    found = (
        not text
        or any(key.startswith(text, n) for n in starts)
        or text in person.email
        or (by_number and digits in (person.number or ""))
        or (by_number and (person.extension or "").startswith(digits))
    )
    held = [license for license, until in person.licenses if until is not LAPSED]
    return (
        found
        and look.license in (None, *held)
        and look.location_id in (None, person.location)
        and look.external in (None, person.external)
    )


@pytest.fixture
def running(database_url: str) -> Iterator[tuple[asyncio.Runner, Service]]:
    """A service, and the loop that it runs on."""
    with asyncio.Runner() as runner:
        opened = open_service(database_url)
        service = runner.run(opened.__aenter__())
        yield runner, service
        runner.run(opened.__aexit__(None, None, None))


async def populated(service: Service, people: list[Known]) -> tuple[World, dict[str, Known]]:
    """An organization of these people, who are given by their ids."""
    ids = {str(uuid.uuid4()): person for person in people}
    async with service.database.writing() as writing:
        world = await add_organization(writing)
        for key in ("FMS", "MS"):
            await add_license(writing, world, key, key)
        for location in LOCATIONS:
            await insert(
                writing, "locations", org_id=world.org_id, location_id=location, name=location, details="{}", calling=1
            )
        for id, person in ids.items():
            if person.number:
                columns = {"org_id": world.org_id, "location_id": person.location, "state": "ACTIVE"}
                await insert(writing, "numbers", phone_number=person.number, **columns)
            await insert(writing, "people", **row(world, id, person))
            for license, until in person.licenses:
                columns = {"org_id": world.org_id, "person_id": id, "license": license, "pending_until": until}
                await insert(writing, "holdings", **columns)
        # Whoever searches is somebody too.
        await writing.run("DELETE FROM people WHERE org_id = $1 AND email = $2", world.org_id, "admin@example.com")
    return world, ids


def row(world: World, id: str, person: Known) -> dict[str, Any]:
    return {
        "org_id": world.org_id,
        "person_id": id,
        "home_org_id": str(uuid.uuid4()) if person.external else world.org_id,
        "email": person.email,
        "display_name": person.name,
        "name_key": name_key(person.name),
        "details": "{}",
        "created": CREATED,
        "last_modified": CREATED,
        "location_id": person.location,
        "phone_number": person.number,
        "extension": person.extension,
    }


async def walked(service: Service, look: Look) -> list[str]:
    """The ids of all that a search finds, page by page."""
    ids: list[str] = []
    async with service.database.reading() as reading:
        for _ in range(200):
            found, after = await searches.look(reading, service.context, look)
            assert len(found) <= look.limit
            ids += [seen.person.id for seen in found]
            if after is None:
                return ids
            look = replace(look, after=after)
    raise AssertionError("the pages do not end")


def expected(ids: dict[str, Known], look: Look) -> list[str]:
    text = look.text.lower().replace("\0", "").strip()

    def order(id: str) -> tuple[bool, str, str]:
        key = ids[id].name.lower()
        return not key.startswith(text), key, id

    return sorted((id for id, person in ids.items() if fits(person, look)), key=order)


@pytest.mark.parametrize("few", [0, 2, 100], ids=["by name", "either way", "by holders"])
def test_a_search_finds_what_a_filter_would(
    running: tuple[asyncio.Runner, Service], monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """All pages together are everybody whom a plain filter finds, in any script; names that begin so come first."""
    runner, service = running
    for name, value in (("PIECE", 4), ("KEYS", 3), ("FEW", few), ("LOOKED_MAX", 8)):
        monkeypatch.setattr(searches, name, value)

    async def check(people: list[Known], looks: list[Look]) -> None:
        world, ids = await populated(service, people)
        for look in looks:
            sought = replace(look, org_id=world.org_id)
            assert await walked(service, sought) == expected(ids, sought)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(CROWDS, st.lists(LOOKS, min_size=5, max_size=8))
    def alike(people: list[Known], looks: list[Look]) -> None:
        runner.run(check(people, looks))

    alike()


class Watched:
    """A reading that keeps what it is asked."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.asked: list[tuple[str, tuple[object, ...]]] = []

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        self.asked.append((sql, parameters))
        return await self._reading.rows(sql, *parameters)

    async def each(self, sql: str, sets: Any) -> list[list[Row]]:
        return await self._reading.each(sql, sets)


def test_a_search_gives_others_their_turn(
    running: tuple[asyncio.Runner, Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pieces of a search others have their turn; after so many people it says how far it came."""
    runner, service = running
    monkeypatch.setattr(searches, "PIECE", 5)
    monkeypatch.setattr(searches, "LOOKED_MAX", 20)
    people = [Known(f"Person {n:02}", f"person{n}@example.com") for n in range(50)]

    async def act() -> None:
        world, _ = await populated(service, people)
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        async with service.database.reading() as reading:
            watched = Watched(reading)
            found, after = await searches.look(watched, service.context, Look(world.org_id, 10, "zzz"))
        beside.cancel()
        assert (found, after and after[0]) == ([], "person 14")
        assert turns >= 3
        assert len([sql for sql, _ in watched.asked if "INSTR" in sql]) == 4

    runner.run(act())


def test_a_search_finds_nobody_of_another_organization(running: tuple[asyncio.Runner, Service]) -> None:
    """Whoever is in two organizations is found in each with what that one knows, and others only in their own."""
    runner, service = running

    async def act() -> None:
        one, ids = await populated(service, [Known("Anna One", "anna@example.com", licenses=((0, HELD),))])
        other, _ = await populated(service, [Known("Anna Two", "anna@example.com")])
        assert await walked(service, Look(one.org_id, 10, "anna", license=0)) == list(ids)
        assert await walked(service, Look(other.org_id, 10, "anna", license=0)) == []
        async with service.database.reading() as reading:
            [seen], _ = await searches.look(reading, service.context, Look(other.org_id, 10, "ANNA"))
        assert seen.profile.display_name == "Anna Two"

    runner.run(act())


@pytest.mark.parametrize("after", [("", ""), ("anna", "x"), ("\U0010ffff", ""), ("zzz", "\U0010ffff")])
def test_any_place_is_one_to_go_on_from(running: tuple[asyncio.Runner, Service], after: Place) -> None:
    """A place that nobody is at, as somebody may write into an address, is no fault."""
    runner, service = running

    async def act() -> None:
        world, ids = await populated(service, [Known("Anna", "anna@example.com"), Known("Zoe", "z@example.com")])
        for text in ("", "an", "z", "none"):
            assert set(await walked(service, Look(world.org_id, 1, text, after=after))) <= set(ids)

    runner.run(act())


@pytest.mark.parametrize("license", [None, 1])
def test_a_search_reads_its_index_alone(sqlite_url: str, license: int | None) -> None:
    """Whatever is looked for, SQLite reads the index by name and no row of a person, not even one of a location."""
    conditions, values = scans._conditions(Filter("o", "text", "1", license, "here", False, "now"), 7)
    sql = scans._WITHIN.format(conditions=conditions)

    async def act() -> str:
        async with open_service(sqlite_url) as service, service.database.reading() as reading:
            given = ["x"] * (6 + len(values))
            return "\n".join(row[-1] for row in await reading.rows(f"EXPLAIN QUERY PLAN {spell(sql, False)}", *given))

    plan = asyncio.run(act())
    assert "SEARCH p USING COVERING INDEX people_by_name (org_id=? AND (name_key,person_id)>(?,?) AND" in plan
    assert "SCAN" not in plan
    assert "TEMP" not in plan

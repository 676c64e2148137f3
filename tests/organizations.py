"""Organizations for tests, written straight into a database."""

import uuid
from dataclasses import dataclass, field

from allot.core import ids
from allot.core.role import FULL
from allot.core.scope import SCOPES
from allot.service.service import Service
from allot.service.tokens import new_token, token_hash
from allot.store.database import Writing
from corpus_format import PERSON, SituationSpec
from servers import rulebook

CREATED = "2026-01-01T00:00:00.000Z"
TOMORROW = "2999-01-01T00:00:00.000Z"


@dataclass(slots=True)
class World:
    """One organization made for a test: ids by the names that the test knows; wire ids by `wire`."""

    org_id: str
    token: str
    #: key -> license id, in the order of the organization's list
    licenses: dict[str, str] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)

    def license(self, key: str) -> str:
        """The wire id of a license; of a key that nobody has, an id that no license has."""
        return ids.encode("LICENSE", self.licenses.get(key) or str(uuid.uuid5(uuid.NAMESPACE_URL, key)))

    def person(self, n: int = 0) -> str:
        """The wire id of a person."""
        return ids.encode("PEOPLE", self.people[n])


async def insert(writing: Writing, table: str, **columns: object) -> None:
    """One row."""
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    await writing.run(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values())


async def add_organization(writing: Writing, name: str = "Test") -> World:
    """An organization with an administrator, who is not among its `people`, and a token of theirs."""
    world = World(str(uuid.uuid4()), "")
    await insert(writing, "organizations", org_id=world.org_id, display_name=name, created=CREATED)
    admin = await add_person(writing, world.org_id, "admin@example.com")
    await insert(writing, "roles", org_id=world.org_id, person_id=admin, role_id=FULL.id)
    world.token = new_token(world.org_id)
    await insert(
        writing,
        "tokens",
        org_id=world.org_id,
        token_hash=token_hash(world.token),
        kind="access",
        grant_id=str(uuid.uuid4()),
        person_id=admin,
        name="test",
        scopes=" ".join(SCOPES),
        created=CREATED,
    )
    return world


async def add_license(
    writing: Writing, world: World, key: str, offer: str, *, total: int = 10, workspaces: int = 0, **columns: object
) -> None:
    """One more license; `workspaces` of its units are used by workspaces."""
    world.licenses[key] = str(uuid.uuid4())
    await insert(
        writing,
        "licenses",
        **{"name": rulebook().offers[offer].name, "policy": "strict"} | columns,
        org_id=world.org_id,
        license=len(world.licenses) - 1,
        license_id=world.licenses[key],
        offer=offer,
        total_units=total,
        consumed_by_workspaces=workspaces,
    )


async def add_person(writing: Writing, org_id: str, email: str, **columns: object) -> str:
    """One more person; the id."""
    person_id = str(uuid.uuid4())
    await insert(
        writing,
        "people",
        **{"home_org_id": org_id} | columns,
        org_id=org_id,
        person_id=person_id,
        email=email,
        display_name=email,
        name_key=email,
        details="{}",
        created=CREATED,
        last_modified=CREATED,
    )
    return person_id


async def add_people(writing: Writing, world: World, count: int) -> None:
    """Some more people who hold nothing."""
    for _ in range(count):
        world.people.append(await add_person(writing, world.org_id, f"person{len(world.people)}@example.com"))


async def add_holding(writing: Writing, world: World, person_id: str, key: str, *, pending: bool = False) -> None:
    """Give a license without asking the rules; the counter is kept."""
    place = list(world.licenses).index(key)
    until = TOMORROW if pending else None
    await insert(writing, "holdings", org_id=world.org_id, person_id=person_id, license=place, pending_until=until)
    if not pending:
        count = "UPDATE licenses SET consumed_by_users = consumed_by_users + 1 WHERE org_id = $1 AND license = $2"
        await writing.run(count, world.org_id, place)


async def make(service: Service, people: int, *offers: str, total: int = 10) -> World:
    """An organization with people who hold nothing, and a license of each offer under its code."""
    async with service.database.writing() as writing:
        world = await add_organization(writing)
        for offer in offers:
            await add_license(writing, world, offer, offer, total=total)
        await add_people(writing, world, people)
    return world


async def make_situation(service: Service, situation: SituationSpec) -> World:
    """An organization in this situation; its person is `people[0]`, and `used` units beyond theirs are workspaces'."""
    async with service.database.writing() as writing:
        world = await add_organization(writing)
        await _add_sites(writing, world, situation)
        await _add_inventory(writing, world, situation)
        await _add_licenses(writing, world, situation)
        await _add_the_person(writing, world, situation)
        await _add_others(writing, world, situation)
    return world


async def _add_sites(writing: Writing, world: World, situation: SituationSpec) -> None:
    sites = dict.fromkeys((spec.site for spec in situation.licenses.values() if spec.site), False) | situation.sites
    for url, attendees in sites.items():
        await insert(
            writing,
            "sites",
            org_id=world.org_id,
            site_url=url,
            site_type="Control Hub managed site",
            attendees=int(attendees),
        )


async def _add_inventory(writing: Writing, world: World, situation: SituationSpec) -> None:
    locations = set(situation.locations) | {spec.location for spec in situation.numbers.values()}
    locations |= {location for location, _ in situation.extensions}
    calling = situation.person.calling
    locations |= {calling.location} if calling else set()
    for location in locations:
        await insert(
            writing, "locations", org_id=world.org_id, location_id=location, name=location, details="{}", calling=1
        )
    for number, spec in situation.numbers.items():
        await insert(
            writing,
            "numbers",
            org_id=world.org_id,
            phone_number=number,
            location_id=spec.location,
            state="ACTIVE",
        )


async def _add_licenses(writing: Writing, world: World, situation: SituationSpec) -> None:
    person = situation.person
    for key, spec in situation.licenses.items():
        own = key in person.licenses and not person.external
        named = {"name": spec.name} if spec.name else {}
        await add_license(
            writing,
            world,
            key,
            spec.offer,
            total=spec.total,
            workspaces=spec.used - own,
            policy=spec.policy,
            site_url=spec.site,
            **named,
        )


async def _add_the_person(writing: Writing, world: World, situation: SituationSpec) -> None:
    person = situation.person
    columns = {}
    if person.calling:
        columns = {
            "location_id": person.calling.location,
            "phone_number": person.calling.number,
            "extension": person.calling.extension,
        }
    if person.external:
        columns["home_org_id"] = str(uuid.uuid4())
    world.people.append(await add_person(writing, world.org_id, "person@example.com", **columns))
    for key in person.licenses:
        await add_holding(writing, world, world.people[0], key, pending=person.external)
    for url in person.sites:
        await insert(
            writing,
            "attendees",
            org_id=world.org_id,
            person_id=world.people[0],
            site_url=url,
            pending_until=TOMORROW if person.external else None,
        )


async def _add_others(writing: Writing, world: World, situation: SituationSpec) -> None:
    """Someone for each number and each extension that somebody else has."""
    for number, spec in situation.numbers.items():
        if spec.owner not in (None, PERSON):
            email = f"{number[1:]}@example.com"
            await add_person(writing, world.org_id, email, location_id=spec.location, phone_number=number)
    for (location, extension), user in situation.extensions.items():
        if user != PERSON:
            email = f"{location}.{extension}@example.com"
            await add_person(writing, world.org_id, email, location_id=location, extension=extension)

"""Batches: requests that share a transaction are answered and saved as if each had its own."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from allot.api.licenses import UserLicensesResponse, holding
from allot.api.profiles import refusals, show
from allot.core import ids
from allot.core.call import Call, Caller
from allot.core.holding import Properties
from allot.core.role import FULL
from allot.core.wish import Wish
from allot.service import invitations, licenses, people
from allot.service.invitations import Answer
from allot.service.licenses import Asked, Assignment
from allot.service.people import Draft
from allot.service.service import Service
from allot.service.writes import Operation
from audit import wrongs
from organizations import World, add_holding, add_license, add_organization, add_people, add_person, insert
from organizations import make as make_world
from servers import Server

SITE = "acme.webex.com"


@pytest.fixture
def server(database_url: str):
    with Server(database_url) as running:
        yield running


@pytest.fixture
def world(server: Server) -> World:
    """One unit of Webex Meetings Suite, which the first person, of another organization, has accepted; and two more."""

    async def make(service: Service) -> World:
        async with service.database.writing() as writing:
            world = await add_organization(writing)
            await add_license(writing, world, "EE", "EE", total=1)
            world.people.append(await add_person(writing, world.org_id, "guest@x.example", home_org_id="elsewhere"))
            await add_people(writing, world, 2)
            await add_holding(writing, world, world.people[0], "EE")
            await insert(writing, "sites", org_id=world.org_id, site_url=SITE, site_type="Linked site", attendees=1)
        return world

    return server.call(make)


def call(world: World) -> Call:
    caller = Caller(world.org_id, str(uuid.uuid4()), "", frozenset(), frozenset({FULL.id}))
    return Call(caller, f"NA_{uuid.uuid4()}")


def asked(world: World, n: int, *, add: bool) -> Assignment:
    """An assignment of the license."""
    id = world.licenses["EE"]
    return Assignment(call(world), world.org_id, world.people[n], None, [Asked(id, id, add)])


def attend(world: World, n: int, *, add: bool) -> Assignment:
    """An assignment of the site."""
    return Assignment(call(world), world.org_id, world.people[n], None, sites=[(SITE, add)])


def batch(server: Server, operation: Operation, arguments: Sequence[Any]) -> list[Any]:
    """The outcomes of requests that share one transaction."""

    async def submit(service: Service) -> list[Any]:
        org_id = arguments[0].org_id
        before = service.writes.batches
        found = await asyncio.gather(
            *(service.writes.submit(org_id, operation, each) for each in arguments), return_exceptions=True
        )
        assert service.writes.batches == before + 1
        return found

    return server.call(submit)


def assign(server: Server, *assignments: Assignment) -> list[Any]:
    return batch(server, licenses.assign, assignments)


def consumed(server: Server, world: World) -> int:
    sql = "SELECT consumed_by_users FROM licenses WHERE org_id = $1"
    return int(server.rows(sql, world.org_id)[0][0])


def stored(server: Server, world: World, n: int) -> list[bool]:
    """For each license of a person, whether it is pending."""
    sql = "SELECT pending_until FROM holdings WHERE org_id = $1 AND person_id = $2"
    return [until is not None for (until,) in server.rows(sql, world.org_id, world.people[n])]


def wire(world: World) -> list[str]:
    return [ids.encode("LICENSE", world.licenses["EE"])]


def test_an_accepted_license_given_anew_is_pending_and_frees_its_unit_once(server: Server, world: World):
    """Taken from an external person and given again in one batch, a license is pending; its unit is had by one only."""
    outcomes = assign(
        server,
        asked(world, 0, add=False),
        asked(world, 0, add=True),
        asked(world, 1, add=True),
        asked(world, 2, add=True),
    )
    assert [outcome.status for outcome in outcomes] == [200, 200, 200, 400]
    answers: list[UserLicensesResponse] = [holding(outcome) for outcome in outcomes[:3]]
    assert [answer.licenses for answer in answers] == [[], [], wire(world)]
    assert [answer.pending_licenses for answer in answers[:2]] == [[], wire(world)]
    assert stored(server, world, 0) == [True]
    assert consumed(server, world) == 1
    server.stop()
    assert wrongs(server.url) == []


def test_a_license_taken_twice_in_one_batch_is_counted_once(server: Server, world: World):
    """What is taken from an external person, given again and taken again leaves the counter true."""
    outcomes = assign(server, *(asked(world, 0, add=add) for add in (False, True, False)))
    assert [outcome.status for outcome in outcomes] == [200] * 3
    assert stored(server, world, 0) == []
    assert consumed(server, world) == 0
    server.stop()
    assert wrongs(server.url) == []


def test_an_invitation_made_anew_runs_its_full_time(server: Server, world: World):
    """A pending license that is taken back and offered again in one batch waits for fifteen days from then."""
    assign(server, asked(world, 0, add=False))
    assign(server, asked(world, 0, add=True))
    server.run("UPDATE holdings SET pending_until = '2999-01-01T00:00:00.000Z'")
    assign(server, asked(world, 0, add=False), asked(world, 0, add=True))
    [(until,)] = server.rows("SELECT pending_until FROM holdings")
    assert until < "2999"
    assert consumed(server, world) == 0


def test_an_accepted_site_given_anew_is_pending(server: Server, world: World):
    """Taken from an external person and given again in one batch, an attendee account waits to be accepted."""
    assign(server, attend(world, 0, add=True))
    batch(server, invitations.accept, [Answer(call(world), world.org_id, world.people[0])])
    assert server.rows("SELECT pending_until FROM attendees") == [(None,)]
    outcomes = assign(server, attend(world, 0, add=False), attend(world, 0, add=True))
    assert [len(holding(outcome).pending_site_urls) for outcome in outcomes] == [0, 1]
    [(until,)] = server.rows("SELECT pending_until FROM attendees")
    assert until is not None
    server.stop()
    assert wrongs(server.url) == []


def test_each_answer_shows_what_its_request_left(server: Server, world: World):
    """Requests about one person in one batch are answered with what each of them left, not with the end."""
    assign(server, asked(world, 0, add=False))
    outcomes = assign(server, asked(world, 1, add=True), asked(world, 1, add=False), asked(world, 1, add=True))
    assert [holding(outcome).licenses for outcome in outcomes] == [wire(world), [], wire(world)]


def test_a_refusal_tells_of_the_units_as_they_were(server: Server, world: World):
    """A refusal names the units in use when it was decided, though a later request of its batch frees one."""
    refused, freed = assign(server, asked(world, 1, add=True), asked(world, 0, add=False))
    assert (refused.status, freed.status) == (400, 200)
    [fault] = refused.faults
    assert "has no units left: 1 of 1 are used" in fault.description


def test_each_update_shows_what_it_left(server: Server, world: World):
    """Updates of one person in one batch are answered with what each of them left."""
    assign(server, asked(world, 0, add=False))
    names = ("Ada", "Bob")
    wishes = (Wish({world.licenses["EE"]: ""}), Wish({}))
    drafts = [
        Draft(
            call(world),
            world.org_id,
            world.people[1],
            name,
            details={"title": name},
            roles=[FULL.id] * (n == 0),
            wish=wish,
        )
        for n, (name, wish) in enumerate(zip(names, wishes, strict=True))
    ]
    shown = [show(seen, admin=True) for seen in batch(server, people.update, drafts)]
    assert [(person.display_name, person.title) for person in shown] == [(name, name) for name in names]
    assert [person.licenses for person in shown] == [wire(world), []]
    assert [bool(person.roles) for person in shown] == [True, False]
    server.stop()
    assert wrongs(server.url) == []


def test_a_refused_wish_tells_of_the_units_as_they_were(server: Server, world: World):
    """What a person could not be given is told with the units in use when it was decided."""
    drafts = [
        Draft(call(world), world.org_id, world.people[n], "Ada", wish=wish)
        for n, wish in ((1, Wish({world.licenses["EE"]: ""})), (0, Wish({})))
    ]
    refused, _ = batch(server, people.update, drafts)
    assert "1 of 1 are used" in refusals(refused)["no-units-left"].reason


def test_each_answer_to_invitations_shows_what_it_left(server: Server, world: World):
    """Answers of one person in one batch show what each of them left."""
    assign(server, asked(world, 0, add=False))
    assign(server, asked(world, 0, add=True), attend(world, 0, add=True))
    answers = [
        Answer(call(world), world.org_id, world.people[0], [(world.licenses["EE"], "")], []),
        Answer(call(world), world.org_id, world.people[0]),
    ]
    first, last = batch(server, invitations.accept, answers)
    assert (bool(first.person.pending_licenses), len(first.person.pending_sites)) == (False, 1)
    assert (bool(last.person.pending_licenses), len(last.person.pending_sites)) == (False, 0)
    server.stop()
    assert wrongs(server.url) == []


@pytest.fixture
def offices(server: Server) -> World:
    """Ten units of Webex Calling - Professional, a location with two numbers, and two people who have one each."""

    async def make(service: Service) -> World:
        async with service.database.writing() as writing:
            world = await add_organization(writing)
            await add_license(writing, world, "BCSTD", "BCSTD")
            await insert(
                writing, "locations", org_id=world.org_id, location_id="hq", name="HQ", details="{}", calling=1
            )
            for number in NUMBERS:
                await insert(
                    writing, "numbers", org_id=world.org_id, phone_number=number, location_id="hq", state="ACTIVE"
                )
            await add_people(writing, world, 2)
        return world

    return server.call(make)


NUMBERS = ("+14085550101", "+14085550102")


def calling(world: World, n: int, place: int | None) -> Assignment:
    """An assignment of the calling license with one of two numbers and extensions; None takes it away."""
    id = world.licenses["BCSTD"]
    properties = None if place is None else Properties("hq", NUMBERS[place], f"410{place}")
    asked = Asked(id, id, place is not None, properties)
    return Assignment(call(world), world.org_id, world.people[n], None, [asked])


def test_numbers_and_extensions_are_swapped_in_one_batch(server: Server, offices: World):
    """Two people who give back what they have take each other's number and extension in the same batch."""
    assign(server, calling(offices, 0, 0), calling(offices, 1, 1))
    asked = [calling(offices, 0, None), calling(offices, 1, 0), calling(offices, 0, 1)]
    assert [outcome.status for outcome in assign(server, *asked)] == [200, 200, 200]
    sql = "SELECT person_id, phone_number, extension FROM people WHERE org_id = $1 AND location_id = 'hq'"
    expected = {(offices.people[0], NUMBERS[1], "4101"), (offices.people[1], NUMBERS[0], "4100")}
    assert set(server.rows(sql, offices.org_id)) == expected
    server.stop()
    assert wrongs(server.url) == []


def test_emails_are_swapped_one_after_the_other(server: Server, world: World):
    """People who take each other's email one after the other have it, also where the batch cannot be saved at once."""
    emails = [(1, "spare@example.com"), (2, "person1@example.com"), (1, "person2@example.com")]
    drafts = [Draft(call(world), world.org_id, world.people[n], "Ada", email=email) for n, email in emails]

    async def submit(service: Service) -> list[Any]:
        return await asyncio.gather(*(service.writes.submit(world.org_id, people.update, each) for each in drafts))

    assert [seen.person.email for seen in server.call(submit)] == [email for _, email in emails]
    sql = "SELECT person_id, email FROM people WHERE org_id = $1 AND email LIKE 'person%'"
    expected = {(world.people[1], "person2@example.com"), (world.people[2], "person1@example.com")}
    assert set(server.rows(sql, world.org_id)) == expected
    server.stop()
    assert wrongs(server.url) == []


HIGH = 70


def test_licenses_beyond_the_first_are_had_as_well(server: Server):
    """Whoever has licenses far down the list of a large organization keeps them, and may get and lose more of them."""

    async def make(service: Service) -> World:
        async with service.database.writing() as writing:
            world = await add_organization(writing)
            for n in range(HIGH):
                await add_license(writing, world, f"EE{n}", "EE")
            await add_people(writing, world, 1)
            for n in (1, 61, 62, 65):
                await add_holding(writing, world, world.people[0], f"EE{n}")
        return world

    world = server.call(make)

    def asking(n: int, *, add: bool) -> Assignment:
        id = world.licenses[f"EE{n}"]
        return Assignment(call(world), world.org_id, world.people[0], None, [Asked(id, id, add)])

    have = {1, 61, 62, 65}
    for n, add in ((69, True), (65, False), (1, False), (62, False), (61, False), (63, True), (69, False), (0, True)):
        [outcome] = assign(server, asking(n, add=add))
        have = have | {n} if add else have - {n}
        assert outcome.status == 200
        assert {license.number for license in outcome.organization.held(outcome.person.holding.licenses)} == have
    sql = "SELECT license FROM holdings WHERE org_id = $1 AND person_id = $2 ORDER BY license"
    assert server.rows(sql, world.org_id, world.people[0]) == [(0,), (63,)]
    server.stop()
    assert wrongs(server.url) == []


def test_people_who_are_alike_are_decided_as_if_each_were_alone(server: Server):
    """What one batch does, and tells, for many who hold and ask the same is what one request after the other does."""
    chance = random.Random(5)
    codes = ("MS", "EE", "CF", "MSGR", "CE")
    plans = [
        (n, [(code, chance.random() < 0.7) for code in chance.sample(codes, chance.choice((1, 1, 2)))])
        for n in chance.choices(range(12), k=60)
    ]

    async def make(service: Service) -> World:
        world = await make_world(service, 8, *codes, total=3)
        async with service.database.writing() as writing:
            for n in range(4):
                email = f"guest{n}@x.example"
                world.people.append(await add_person(writing, world.org_id, email, home_org_id="elsewhere"))
        return world

    def asking(world: World, n: int, wanted: list[tuple[str, bool]]) -> Assignment:
        asked = [Asked(world.licenses[code], world.licenses[code], add) for code, add in wanted]
        return Assignment(call(world), world.org_id, world.people[n], None, asked)

    def outcome(assigned: Any, world: World) -> tuple[Any, ...]:
        names = {id: code for code, id in world.licenses.items()}
        held = [names[license.id] for license in assigned.organization.held(assigned.person.holding.licenses)]
        return assigned.status, held, [(fault.code, fault.rule.id) for fault in assigned.faults]

    def journal(world: World) -> list[tuple[Any, ...]]:
        return server.rows("SELECT outcome, detail FROM journal WHERE org_id = $1 ORDER BY entry", world.org_id)

    together, apart = server.call(make), server.call(make)
    at_once = assign(server, *(asking(together, *plan) for plan in plans))
    in_turn = [assign(server, asking(apart, *plan))[0] for plan in plans]
    found = [outcome(each, together) for each in at_once]
    assert found == [outcome(each, apart) for each in in_turn]
    assert {status for status, *_ in found} == {200, 206, 400}
    assert len(journal(together)) == len(plans)
    assert journal(together) == journal(apart)
    server.stop()
    assert wrongs(server.url) == []

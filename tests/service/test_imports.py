"""Importing: documents and tables become organizations, or every fault is told at once."""

import asyncio
import json
import time
from typing import Any

import pytest

from allot.cli.databases import open_database
from allot.cli.demo import ACME, document
from allot.core.failure import Failure
from allot.service import imports
from allot.service.checks import check
from allot.service.clock import SystemClock
from allot.service.context import Context
from importing import faults, look, read, save
from servers import rulebook

ORG = "0c4f3a52-9a4e-4d6e-8f3b-5d0f7f0a1b2c"

#: right in form, but for a number that no database holds
HUGE = (
    '{"organization": {"id": "a", "displayName": "x"}, "licenses": [{"offer": "EE", "totalUnits": 1' + "0" * 30 + "}]}"
)


UNCLOSED = "a double quote opens a field here that is never closed; close it, or write it twice where it is text"


def small(**tables: Any) -> dict[str, Any]:
    """A small organization, with these tables in place of its own."""
    return {
        "organization": {"id": ORG, "displayName": "Small"},
        "sites": [{"siteUrl": "small.webex.com"}],
        "locations": [{"id": "12", "name": "Home"}, {"name": "Away"}],
        "numbers": [{"phoneNumber": "+14085550100", "location": "Home"}],
        "callParks": [{"location": "Home", "extension": "700", "name": "Park"}],
        "licenses": [
            {"offer": "BCSTD", "totalUnits": 2},
            {"offer": "EE", "totalUnits": 5, "siteUrl": "small.webex.com"},
            {"offer": "FMS"},
        ],
        "people": [],
    } | tables


async def add(url: str, org_id: str, text: str) -> imports.Import:
    database = await open_database(url)
    try:
        async with database.writing() as writing:
            return await imports.save_people(writing, Context(rulebook(), SystemClock()), org_id, text)
    finally:
        await database.close()


async def wrong(url: str) -> list[str]:
    database = await open_database(url)
    try:
        return [finding.text async for finding in check(database, rulebook())]
    finally:
        await database.close()


def test_the_demo_document_is_consistent_and_legal(database_url: str):
    """The demo's organizations are counted exactly on both databases, and nobody holds what no rule allows."""
    asyncio.run(save(database_url, imports.read_document(document(), rulebook())))
    assert asyncio.run(wrong(database_url)) == []
    entries = asyncio.run(look(database_url, "SELECT action, outcome FROM journal ORDER BY org_id"))
    assert entries == [("organization.import", 200)] * 5


def test_the_demo_shows_everything():
    """The demo has a license of every offer but those of packages alone, and people of other organizations."""
    of_packages = {code for package in rulebook().packages.values() for code in package.grants}
    (acme,) = [each for each in imports.read_document(document(), rulebook()) if each.org_id == ACME]
    assert {row[3] for row in acme.rows.licenses} >= set(rulebook().offers) - of_packages
    external = [row for row in acme.rows.people if row[2] != ACME]
    assert len(external) >= 3
    assert any(pending for *_, pending in acme.rows.holdings)
    assert {attendees for *_, attendees in acme.rows.sites} == {0, 1}


def test_a_single_organization_is_a_document_too(database_url: str):
    """A document may be one organization without the list around it."""
    person = {"email": "Ann@Example.com", "firstName": "Ann", "lastName": "Bo", "licenses": ["BCSTD", "EE"]}
    place = {"location": "Home", "phoneNumber": "+14085550100", "extension": "4711", "department": "Sales"}
    text = json.dumps(small(people=[person | place | {"roles": ["id_full_admin"]}]))
    asyncio.run(save(database_url, imports.read_document(text, rulebook())))
    people = asyncio.run(look(database_url, "SELECT email, display_name, name_key, details FROM people"))
    assert people == [("ann@example.com", "Ann Bo", "ann bo", people[0][3])]
    assert json.loads(people[0][3]) == {"firstName": "Ann", "lastName": "Bo", "department": "Sales"}
    counted = asyncio.run(look(database_url, "SELECT offer, consumed_by_users FROM licenses ORDER BY license"))
    assert counted == [("BCSTD", 1), ("EE", 1), ("FMS", 0)]


def test_ids_are_the_same_on_every_import():
    """Ids that a document leaves out are made from what it says, so that two imports agree."""
    document = small(people=[{"email": "ann@example.com"}])
    first, second = read(document)[0].rows, read(document)[0].rows
    assert first.people == second.people
    assert first.locations == second.locations
    assert first.licenses == second.licenses
    assert first.licenses[1][2].startswith(f"{ORG}:EE_")
    assert first.licenses[1][2].endswith("_small.webex.com")


def test_people_of_another_organization_may_be_invited(database_url: str):
    """What an external person has not accepted is pending, and uses no unit."""
    guest = {"email": "g@else.example", "homeOrganization": "else", "pendingLicenses": ["EE"]}
    sites = [{"siteUrl": "small.webex.com"}, {"siteUrl": "other.webex.com"}]
    asyncio.run(save(database_url, read(small(sites=sites, people=[guest | {"pendingSites": ["other.webex.com"]}]))))
    assert asyncio.run(look(database_url, "SELECT pending_until IS NULL FROM holdings")) in ([(0,)], [(False,)])
    assert asyncio.run(look(database_url, "SELECT consumed_by_users FROM licenses WHERE offer = 'EE'")) == [(0,)]
    assert asyncio.run(wrong(database_url)) == []


def test_every_fault_of_form_is_told_at_once():
    """Unknown members, wrong types and missing members are faults with their places."""
    broken = small(
        people=[{"email": 7, "lisences": []}, {}], numbers=[{"phoneNumber": "+1", "location": "x", "state": "ON"}]
    )
    told = faults(broken)
    assert "organizations[0].people[0].email: must be a text" in told
    assert any(fault.startswith("organizations[0].people[0].lisences: is not known here") for fault in told)
    assert "organizations[0].people[1].email: is required" in told
    assert "organizations[0].numbers[0].state: must be one of ACTIVE, INACTIVE" in told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"organization": {"id": "a\\u0000", "displayName": "x"}}',
        HUGE,
        '{"organizations": 1}',
        '"\\ud800"',
        "[" * 100_000,
    ],
)
def test_what_is_no_document_is_one_fault(text: str):
    """Anything else than a document of organizations is told as a fault, never as a crash."""
    with pytest.raises(imports.ImportFault):
        imports.read_document(text, rulebook())


def test_a_nul_is_told_with_its_place():
    """No text has a NUL character; a backslash that a text has before u0000 makes none of it."""
    [told] = faults(small(people=[{"email": "a@small.example", "displayName": "A\0da"}]))
    assert told == "organizations[0].people[0].displayName: contains a NUL character, which no text may have; remove it"
    [new] = read(small(people=[{"email": "a@small.example", "displayName": r"A\u0000da"}]))
    assert new.people == 1


def test_every_fault_of_sense_is_told_at_once():
    """Duplicates and unknown references are faults, each with its place and what to do."""
    told = faults(
        small(
            sites=[{"siteUrl": "small.webex.com"}, {"siteUrl": "Small.webex.com"}],
            numbers=[
                {"phoneNumber": "+14085550100", "location": "Mars"},
                {"phoneNumber": "tel", "location": "Home", "main": True},
                {"phoneNumber": "+14085550101", "location": "Home", "main": True},
                {"phoneNumber": "+14085550101", "location": "Home"},
            ],
            locations=[{"id": "12", "name": "Home"}, {"name": "Away"}, {"name": "Home"}],
            licenses=[
                {"offer": "NOPE"},
                {"offer": "FMS"},
                {"offer": "FMS"},
                {"offer": "EE", "siteUrl": "x.webex.com", "totalUnits": -1},
            ],
            callParks=[
                {"location": "Home", "extension": "700", "name": "A"},
                {"location": "Home", "extension": "700", "name": "A"},
                {"location": "Home", "extension": "7", "name": "B"},
            ],
            people=[
                {"email": "nobody"},
                {"email": "a@x.example", "licenses": ["GONE", "FMS", "FMS"], "roles": ["king"], "location": "Mars"},
                {"email": "A@x.example", "attendee": ["y.webex.com"], "extension": "12"},
                {"email": "b@x.example", "location": "Home", "extension": "700", "phoneNumber": "+19995550000"},
                {"email": "c@x.example", "pendingLicenses": ["EE"], "location": "Away", "extension": "x1"},
            ],
        )
    )
    for start in (
        "sites[1].siteUrl: small.webex.com is there twice",
        "numbers[0].location: Mars is none of the locations",
        "numbers[1].phoneNumber: tel is no number",
        "numbers[2].main: Home has a main number already",
        "numbers[3].phoneNumber: +14085550101 is there twice",
        "locations[2]: Home is there twice",
        "licenses[0].offer: NOPE is no offer",
        "licenses[2]: FMS is there twice",
        "licenses[3].siteUrl: x.webex.com is none of the sites",
        "licenses[3]: units must be 0 to",
        "callParks[1].extension: 700 is of callParks[0]",
        "callParks[2].extension: 7 is no extension",
        "people[0].email: `nobody` is no email address",
        "people[1].licenses: GONE is none of the licenses",
        "people[1].licenses: FMS is there twice",
        "people[1].roles: king is no role",
        "people[1].location: Mars is none of the locations",
        "people[2].email: a@x.example is at people[1] already",
        "people[2].attendee: y.webex.com is none of the sites",
        "people[2].extension: needs a location",
        "people[3].extension: 700 is of callParks[0]",
        "people[3].phoneNumber: +19995550000 is not in the inventory",
        "people[4].homeOrganization: only people of another organization",
        "people[4].extension: x1 is no extension",
    ):
        assert any(fault.startswith(start) for fault in told), (start, told)


def test_an_organization_has_an_id():
    """An empty id is a fault; what is null counts as left out."""
    told = faults(small(people=[{"email": "a@x.example", "id": None, "title": 7}]))
    assert told == ["organizations[0].people[0].title: must be a text"]
    assert faults(small() | {"organization": {"id": " ", "displayName": "x"}}) == [
        "organization.id: is empty; give a UUID"
    ]


def test_sites_are_listed_once():
    """Somebody is attendee of a site once."""
    twice = {"email": "a@x.example", "attendee": ["small.webex.com", "Small.webex.com"]}
    assert faults(small(people=[twice])) == ["people[0].attendee: Small.webex.com is there twice; list each site once"]


def test_a_number_belongs_to_one_person_at_its_location():
    """A number is given once, and only at the location that it belongs to."""
    told = faults(
        small(
            people=[
                {"email": "a@x.example", "phoneNumber": "+14085550100"},
                {"email": "b@x.example", "phoneNumber": "+14085550100"},
                {"email": "c@x.example", "phoneNumber": "+14085550100", "location": "Away"},
            ]
        )
    )
    assert told == [
        "people[1].phoneNumber: +14085550100 is of people[0]; choose another number",
        "people[2].phoneNumber: +14085550100 belongs to location 12; put the person there",
    ]


def test_an_organization_is_imported_once(database_url: str):
    """An organization that is there already is a conflict, and nothing of the document is saved."""
    asyncio.run(save(database_url, read(small())))
    other = small() | {"organization": {"id": "other", "displayName": "Other"}}
    with pytest.raises(Failure, match="there already"):
        asyncio.run(save(database_url, read(other, small())))
    assert asyncio.run(look(database_url, "SELECT COUNT(*) FROM organizations")) == [(1,)]
    assert "is in the document twice" in faults(small(), small())[0]


def test_people_join_from_a_table(database_url: str):
    """Rows of a table become people of an organization, with licenses by offer, name or id, and units counted."""
    asyncio.run(save(database_url, read(small(people=[{"email": "old@x.example", "licenses": ["BCSTD"]}]))))
    table = (
        "\ufeffemail,displayName,licenses,location,phoneNumber,extension,roles\n"
        'new@x.example,"New, One",BCSTD; Basic Messaging,Home,+14085550100,4711,id_user_admin\n'
        "newer@x.example,,,,,,\n"
    )
    assert asyncio.run(add(database_url, ORG, table)).people == 2
    assert asyncio.run(look(database_url, "SELECT display_name FROM people WHERE email = 'new@x.example'")) == [
        ("New, One",)
    ]
    assert asyncio.run(look(database_url, "SELECT consumed_by_users FROM licenses WHERE offer = 'BCSTD'")) == [(2,)]
    assert asyncio.run(look(database_url, "SELECT entries FROM organizations")) == [(2,)]


def test_every_fault_of_a_table_is_told_with_its_line(database_url: str):
    """Faults of rows name their lines; people, numbers and extensions that are there already are taken."""
    person = {"email": "old@x.example", "phoneNumber": "+14085550100", "extension": "4711"}
    asyncio.run(save(database_url, read(small(people=[person]))))
    table = (
        "email,location,phoneNumber,extension,licenses\nOLD@x.example,Home,+14085550100,4711,X\nb@x.example,,,700,,,\n"
    )
    with pytest.raises(imports.ImportFault) as caught:
        asyncio.run(add(database_url, ORG, table))
    told = caught.value.faults
    assert "line 2, email: old@x.example is in the organization already; list each person once" in told
    assert "line 2, phoneNumber: +14085550100 is of old@x.example; choose another number" in told
    assert "line 2, extension: 4711 is of old@x.example at that location; choose another" in told
    assert "line 2, licenses: X is none of the licenses; use a license's key or id" in told
    assert "line 3: has more values than columns; quote values with a comma" in told


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",Nobody", "line 3, email: there is no email in this row; write one as ada@example.com"),
        ("n1@,x", "line 3, email: `n1@` is no email address"),
        ("n1 x@y.example,x", "line 3, email: `n1 x@y.example` is no email address"),
        ('b@x.example,"Open\nc@x.example,Swallowed', f"line 3: {UNCLOSED}"),
        (
            'b@x.example,"Ann" Bo\nc@x.example,Seen',
            "line 3: something follows a quoted field; a double quote inside of a field is written twice",
        ),
    ],
)
def test_rows_that_are_no_people_are_told(row: str, fault: str):
    """Without an email, with what is none, or with quotes that do not fit: a sentence with the line where it begins."""
    with pytest.raises(imports.ImportFault) as caught:
        imports.read_people(f"email,displayName\na@x.example,Ada\n{row}\n", ORG, imports.Known())
    assert caught.value.faults == [fault]


def test_a_field_without_an_end_is_one_fault():
    """Longer than any field is, it is told once, and what comes after it is not taken for rows."""
    table = 'email,displayName\na@x.example,"' + "b@x.example,c\n" * 20_000
    with pytest.raises(imports.ImportFault) as caught:
        imports.read_people(table, ORG, imports.Known())
    assert caught.value.faults == [f"line 2: {UNCLOSED}"]


def test_rows_of_nothing_are_no_people():
    """Spreadsheets end with rows that say nothing; lines are counted with them, and within fields."""
    table = 'email,displayName\n\n,\n"a@x.example","Ada\nB."\n , \nb@x.example\n'
    new = imports.read_people(table, ORG, imports.Known())
    assert [row[3] for row in new.rows.people] == ["a@x.example", "b@x.example"]
    with pytest.raises(imports.ImportFault, match="line 8, email: `x` is no email"):
        imports.read_people(f"{table}x\n", ORG, imports.Known())


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("", "names no column email"),
        ("email,shoe\n", "column shoe: is not known"),
        ("email,location,location\n", "column location: is there twice; keep one of them"),
    ],
)
def test_a_table_names_its_columns(table: str, fault: str):
    """A table without an email column, with one that nobody knows, or with two of one name, is refused."""
    with pytest.raises(imports.ImportFault, match=fault):
        imports.read_people(table, ORG, imports.Known())


def test_a_table_has_no_nul(database_url: str):
    """A NUL character, which no database keeps as it is, is a fault with its line, and nobody joins."""
    asyncio.run(save(database_url, read(small())))
    with pytest.raises(imports.ImportFault) as caught:
        asyncio.run(add(database_url, ORG, "email,displayName\na@x.example,A\nb@x.example,B\0\n"))
    assert caught.value.faults == ["line 3: contains a NUL character, which no text may have; remove it"]
    assert asyncio.run(look(database_url, "SELECT COUNT(*) FROM people")) == [(0,)]


def test_a_table_needs_an_organization(database_url: str):
    """Nobody joins an organization that does not exist."""
    with pytest.raises(Failure, match="there is no organization"):
        asyncio.run(add(database_url, ORG, "email\na@x.example\n"))


@pytest.mark.long
def test_a_hundred_thousand_people_are_imported_in_seconds(database_url: str):
    """An organization of 100,000 people with three licenses each is read and saved in well under a minute."""
    people = [{"email": f"p{n}@x.example", "licenses": ["FMS", "EE", "BCSTD"]} for n in range(100_000)]
    text = json.dumps(small(people=people))
    started = time.perf_counter()
    asyncio.run(save(database_url, imports.read_document(text, rulebook())))
    took = time.perf_counter() - started
    assert asyncio.run(look(database_url, "SELECT consumed_by_users FROM licenses WHERE offer = 'EE'")) == [(100_000,)]
    assert took < 60, took
    print(f"100,000 people in {took:.1f} s")

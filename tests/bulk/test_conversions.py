"""What an API answers becomes records: what was not told stays unknown."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from allot.bulk.actual import conversions
from allot.bulk.actual.conversions import People
from allot.bulk.actual.snapshots import Calling, Extension, License, Location, Number, Person
from allot.client import shapes
from allot.core import ids

ORG = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
WHO = "f5b36187-c8dd-4727-8b2f-f9c447f29046"
PROFESSIONAL, MEETINGS = License("pro", "Webex Calling - Professional", 9, 1), License("meet", "Meetings", 9, 1)
SITES = [Location("san-jose", "San Jose", True, "8101"), Location("denver", "Denver", True)]


def people() -> People:
    return People(ORG, [PROFESSIONAL, MEETINGS], SITES, lambda each: each is PROFESSIONAL)


def person(**told: Any) -> Person:
    """The record of a person of whom an answer has these members."""
    body = {"id": ids.encode("PEOPLE", WHO), "emails": ["Ann@Example.com"]} | told
    return people().record(msgspec.convert(body, shapes.Person))


def license(*names: str) -> list[str]:
    return [ids.encode("LICENSE", name) for name in names]


def located(**told: Any) -> Calling | msgspec.UnsetType | None:
    return person(licenses=license("pro"), locationId=ids.encode("LOCATION", "san-jose"), **told).calling


def test_all_is_told_to_an_administrator():
    """Licenses become places, sites with #attendee what one is attendee of, and the email is in lower case."""
    told = person(
        displayName="Ann",
        licenses=license("meet", "pro"),
        siteUrls=["a.webex.com", "b.webex.com#attendee"],
        locationId=ids.encode("LOCATION", "san-jose"),
        phoneNumbers=[{"type": "work", "value": "+14085550100"}, {"type": "work_extension", "value": "81014100"}],
        department="Sales",
        lastActivity="2026-01-01T00:00:00.000Z",
        status="active",
        orgId=ids.encode("ORGANIZATION", ORG),
    )
    reached = Calling("san-jose", "+14085550100", "4100")
    active = ("2026-01-01T00:00:00.000Z", "active")
    assert told == Person(WHO, "ann@example.com", "Ann", [0, 1], ["b.webex.com"], reached, False, "Sales", *active)


def test_what_an_administrator_is_not_told_is_not_there():
    """Without sites, location and department there are none; without a last activity it is not known."""
    told = person(licenses=[])
    assert (told.licenses, told.attendee, told.calling, told.department) == ([], [], None, None)
    assert told.last_activity is UNSET


def test_what_others_are_not_told_is_unknown():
    """A token that sees no licenses knows nothing of sites, calling and departments either."""
    told = person()
    assert {told.licenses, told.attendee, told.calling, told.department, told.last_activity} == {UNSET}


def test_a_calling_license_without_a_location_is_not_none():
    """Who has a calling license is reached somehow: how is unknown."""
    assert person(licenses=license("pro")).calling is UNSET
    assert person(licenses=license("meet")).calling is None


@pytest.mark.parametrize(
    ("told", "extension"),
    [
        ({"extension": "4100", "phoneNumbers": [{"type": "work_extension", "value": "81014100"}]}, "4100"),
        ({"phoneNumbers": [{"type": "work_extension", "value": "81014100"}]}, "4100"),
        ({"phoneNumbers": [{"type": "work_extension", "value": "4100"}]}, "4100"),
        ({"phoneNumbers": [{"type": "work_extension", "value": "8101"}]}, "8101"),
        ({"extension": "8101"}, "8101"),
        ({"phoneNumbers": []}, None),
        ({}, None),
    ],
)
def test_an_extension_has_no_prefix(told: dict[str, Any], extension: str | None):
    """The routing prefix of the location is taken from a work extension, and only from there."""
    assert located(**told) == Calling("san-jose", None, extension)


def test_a_location_without_prefix_leaves_extensions_whole():
    """Where there is no prefix the work extension is the extension."""
    numbers = [{"type": "work_extension", "value": "81014100"}]
    told = person(licenses=[], locationId=ids.encode("LOCATION", "denver"), phoneNumbers=numbers)
    assert told.calling == Calling("denver", None, "81014100")


def test_of_two_numbers_the_first_is_taken():
    """A person's number is the first work number; numbers of other kinds are not Webex Calling's."""
    numbers = [
        {"type": "mobile", "value": "+1"},
        {"type": "work", "value": "+14085550100"},
        {"type": "work", "value": "+14085550101"},
    ]
    assert located(phoneNumbers=numbers) == Calling("san-jose", "+14085550100")


def test_people_of_other_organizations_are_external():
    """Only who is told to be of another organization is external."""
    assert person(orgId=ids.encode("ORGANIZATION", "11111111-3dcc-11e5-a152-fe34819cdc9a")).external
    assert not person(orgId=ids.encode("ORGANIZATION", ORG)).external
    assert not person().external


def test_who_never_signed_in_was_never_active():
    """A pending person has no last activity, which is not the same as an unknown one."""
    assert person(status="pending").last_activity is None
    assert person(status="inactive").last_activity is UNSET


def test_licenses_that_are_not_listed_get_places_at_the_end():
    """An id that the list lacks is met once and keeps its place."""
    made = people()
    held = [license("other", "pro"), license("new"), license("new", "other")]
    told = [shapes.Person("x", licenses=each) for each in held]
    assert [made.record(each).licenses for each in told] == [[0, 2], [3], [2, 3]]
    assert made.met == ["other", "new"]


def test_a_person_without_an_email_is_kept():
    """Somebody of whom no email is told has an empty one."""
    assert people().record(shapes.Person("x")).email == ""


def test_locations_know_whether_calling_is_set_up():
    """Calling is set up, not set up, or not known to be."""
    told = [shapes.Location("1", "San Jose"), shapes.Location("2", "Denver")]
    calling = [shapes.TelephonyLocation("1", "San Jose", "8101")]
    assert conversions.locations(told, calling) == [
        Location("1", "San Jose", True, "8101"),
        Location("2", "Denver", False),
    ]
    assert [each.calling for each in conversions.locations(told, None)] == [UNSET, UNSET]


def test_numbers_have_owners_and_extensions_are_none():
    """What is an extension only, or nowhere, is left out."""
    place = shapes.NumberLocation("1")
    told = [
        shapes.Number("+1", None, place, shapes.NumberOwner(ids.encode("PEOPLE", WHO), "PEOPLE")),
        shapes.Number("+2", None, place),
        shapes.Number("+3", None, place, shapes.NumberOwner("hunt", "HUNT_GROUP")),
        shapes.Number("", "4100", place),
        shapes.Number("+4"),
    ]
    assert conversions.numbers(told) == [
        Number("+1", "1", WHO, "PEOPLE"),
        Number("+2", "1"),
        Number("+3", "1", "hunt", "HUNT_GROUP"),
    ]


def test_extensions_of_what_is_no_person_are_kept():
    """Queues, devices and call parks have extensions that nobody else can have; those of people come with them."""
    place, person = shapes.NumberLocation("1"), shapes.NumberOwner(ids.encode("PEOPLE", WHO), "PEOPLE")
    told = [
        shapes.Number("+1", "4100", place, person),
        shapes.Number("", "4101", place, shapes.NumberOwner(ids.encode("CALL_QUEUE", WHO), "CALL_QUEUE")),
        shapes.Number("+2", "4102", place),
        shapes.Number("+3", None, place, shapes.NumberOwner("hunt", "HUNT_GROUP")),
    ]
    assert conversions.extensions(told) == [Extension("4101", "1", WHO, "CALL_QUEUE")]
    park = shapes.CallPark(ids.encode("CALL_PARK_EXTENSION", WHO), "4103", ids.encode("LOCATION", "1"))
    assert conversions.parks([park]) == [Extension("4103", "1", WHO, "CALL_PARK_EXTENSION")]


def test_a_license_keeps_what_was_told():
    """Counters, subscription and site are those of the answer."""
    told = shapes.License(ids.encode("LICENSE", "pro"), "Professional", 9, 3, 2, 1, "Sub", "a.webex.com", "Linked site")
    assert conversions.license(told) == License("pro", "Professional", 9, 3, 2, 1, "Sub", "a.webex.com", "Linked site")

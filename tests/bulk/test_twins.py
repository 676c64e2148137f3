"""Twins: the part of a snapshot that a plan concerns, as a document that can be imported."""

from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import Calling, Extension, License, Location, Number
from allot.bulk.applied.twins import ADMINISTRATOR, TwinFault, twin
from allot.core.rulebook import load
from allot.service import imports
from bulk.planning import (
    BASIC,
    BERLIN,
    LICENSES,
    MESSAGING,
    OSLO,
    PRO,
    SITE,
    make_plan,
    person,
    small,
    small_plan,
    want,
    write_snapshot,
)
from bulk.rehearsing import shipped, told
from servers import rulebook

ONE = "person1@example.com"


def test_a_twin_has_the_people_of_the_plan(tmp_path: Path):
    """Who is changed or refused by a rule is there, with what they hold; nobody else is, but an administrator."""
    plan = small_plan(tmp_path)
    document = told(twin(small(tmp_path), plan, rulebook()))
    emails = {each["email"] for each in document["people"]}
    assert ONE in emails
    assert "person5@example.com" in emails
    assert "person6@example.com" not in emails
    assert "person12@example.com" not in emails
    assert ADMINISTRATOR in emails
    one = next(each for each in document["people"] if each["email"] == ONE)
    assert one["licenses"] == [str(BASIC), str(MESSAGING)]
    assert (one["location"], one["extension"]) == (BERLIN, "1001")


def test_a_twin_has_as_many_free_units_as_the_snapshot(tmp_path: Path):
    """Whoever imports it has every license with the units that were free, taken by as many as there are."""
    plan = small_plan(tmp_path)
    [new] = imports.read_document(twin(small(tmp_path), plan, rulebook()).document.decode(), rulebook())
    held = [license for _, _, license, _ in new.rows.holdings]
    for place, license in enumerate(LICENSES):
        total, workspaces = new.rows.licenses[place][5], new.rows.licenses[place][7]
        assert total - workspaces - held.count(place) == license.total_units - license.consumed_units
        assert new.rows.licenses[place][2] == license.id


def test_what_was_not_counted_is_free_all_the_same(tmp_path: Path):
    """When more people hold a license than it says are using it, the units that are free are still as many."""
    few = [License(each.id, each.name, 5, 0, 0, 0) for each in LICENSES]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", [person(1, PRO), person(2, PRO)], licenses=few)
    plan = make_plan(snapshot, {f"person{n}@example.com": want(MESSAGING) for n in (1, 2)}, tmp_path / "acme.plan")
    license = told(twin(snapshot, plan, rulebook()))["licenses"][PRO]
    assert (license["totalUnits"], license["consumedByWorkspaces"]) == (7, 0)


def test_a_twin_has_whoever_has_what_is_asked_for(tmp_path: Path):
    """People with a number or an extension that the plan asks for are there, and strangers stand for all others."""
    numbers = [
        Number("+4930111110", BERLIN, "a-queue", "CALL_QUEUE"),
        Number("+4930111111", BERLIN, person(2).id, "PEOPLE"),
        Number("+4930111112", BERLIN, None),
        Number("+4930111113", OSLO, "nobody asks", "PLACE"),
    ]
    people = [
        person(1, MESSAGING),
        person(2, PRO, calling=Calling(BERLIN, "+4930111111", "1002")),
        person(3, MESSAGING),
        person(4, BASIC, MESSAGING),
        person(5, MESSAGING),
        person(7, MESSAGING),
    ]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people, numbers=numbers)
    asked = [("+4930111110", None), ("+4930111111", None), ("+4930111112", "1004")]
    wants = {
        f"person{number}@example.com": want(PRO, phone_number=phone, extension=extension, location_id=BERLIN)
        for number, (phone, extension) in zip((1, 3, 5), asked, strict=True)
    }
    document = told(twin(snapshot, make_plan(snapshot, wants, tmp_path / "acme.plan"), rulebook()))
    people_there = {each["email"].partition("@")[0]: each for each in document["people"]}
    expected = {"person1", "person2", "person3", "person4", "person5", "owner.of.4930111110", "administrator"}
    assert set(people_there) == expected
    assert people_there["person2"]["phoneNumber"] == "+4930111111"
    assert people_there["owner.of.4930111110"]["phoneNumber"] == "+4930111110"
    assert {each["phoneNumber"] for each in document["numbers"]} == {number.phone_number for number in numbers[:3]}


def test_a_twin_has_features_whose_extensions_are_asked_for(tmp_path: Path):
    """A call park or a queue has its extension on the twin where a plan speaks of it: neither gives it to anybody."""
    features = [
        Extension("7001", BERLIN, "lobby", "CALL_PARK_EXTENSION"),
        Extension("7001", OSLO, "queue", "CALL_QUEUE"),
        Extension("7002", BERLIN, "nobody asks", "CALL_PARK_EXTENSION"),
    ]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", [person(1), person(2)], extensions=features)
    wants = {
        "person1@example.com": want(BASIC, extension="7001", location_id=BERLIN),
        "person2@example.com": want(BASIC, extension="7003", location_id=BERLIN),
    }
    plan = make_plan(snapshot, wants, tmp_path / "acme.plan")
    assert (plan.summary.rules, plan.summary.changes) == ({"extension-taken": 1}, 1)
    made = twin(snapshot, plan, rulebook())
    assert told(made)["callParks"] == [
        {"location": BERLIN, "extension": "7001", "name": "CALL_PARK_EXTENSION 7001"},
        {"location": OSLO, "extension": "7001", "name": "CALL_QUEUE 7001"},
    ]
    assert imports.read_document(made.document.decode(), rulebook())


def test_what_no_import_takes_is_left_out_and_told(tmp_path: Path):
    """A number or an extension that cannot be, that two people have, or that is nowhere, is a notice."""
    berlin = [
        Calling(BERLIN, "+4930111111", "1001"),
        Calling(BERLIN, "+4930111111", "1001"),
        Calling(BERLIN, "12", "x1"),
        Calling(None, None, "1001"),
        Calling("nowhere else", "+4930111119", "1001"),
    ]
    people = [person(number, PRO, calling=calling) for number, calling in enumerate(berlin, 1)]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people, numbers=[Number("+4930111111", OSLO, None)])
    wants = {each.email: want(MESSAGING) for each in people}
    made = twin(snapshot, make_plan(snapshot, wants, tmp_path / "acme.plan"), rulebook())
    assert made.notices == [
        "on the twin person2@example.com lacks the number +4930111111, which somebody else has too",
        "on the twin person2@example.com lacks the extension 1001, which somebody else there has too",
        "on the twin person3@example.com lacks the number 12, which is none of E.164",
        "on the twin person3@example.com lacks the extension x1, which has not 2 to 10 digits",
        "on the twin person4@example.com lacks 1001, since it is not known at which location",
    ]
    assert imports.read_document(made.document.decode(), rulebook())


def test_locations_of_one_name_are_told_apart(tmp_path: Path):
    """An import takes each name once: the second location of a name has its id behind it."""
    plan, snapshot = small_plan(tmp_path), small(tmp_path)
    snapshot.locations.append(Location("99", "Berlin", False))
    document = told(twin(snapshot, plan, rulebook()))
    assert [each["name"] for each in document["locations"]] == ["Berlin", "Oslo", "Berlin (99)"]
    assert [each["calling"] for each in document["locations"]] == [True, True, False]


def test_licenses_that_the_rulebook_does_not_know_get_an_offer(tmp_path: Path):
    """No rule speaks of them, the twin's rulebook has one offer for all of them, and it is told."""
    licenses = [
        *LICENSES,
        License("x:NEW_1", "Webex Mind Reading", 3, 1),
        License("x:NEWER_2", "Webex Time Travel", 3, 1),
    ]
    people = [person(1, MESSAGING, len(LICENSES))]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people, licenses=licenses)
    plan = make_plan(snapshot, {ONE: want(len(LICENSES) + 1)}, tmp_path / "acme.plan")
    made = twin(snapshot, plan, rulebook())
    assert made.notices == ["the rulebook does not know some of the licenses; on the twin no rule speaks of them"]
    extended = load(shipped() + made.offers)
    assert imports.read_document(made.document.decode(), extended)
    assert twin(snapshot, plan, extended).offers == ""


def test_sites_are_those_of_licenses_and_of_attendees(tmp_path: Path):
    """Each is there once; where it is not known what kind of site it is, it is one of Control Hub."""
    people = [person(1, MESSAGING, attendee=["other.webex.com", SITE])]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people)
    plan = make_plan(snapshot, {ONE: want(attend=("new.webex.com",), leave=(SITE,))}, tmp_path / "acme.plan")
    sites = told(twin(snapshot, plan, rulebook()))["sites"]
    assert [each["siteUrl"] for each in sites] == [SITE, "other.webex.com"]
    assert {each["siteType"] for each in sites} == {"Control Hub managed site"}


def test_people_of_other_organizations_are_external(tmp_path: Path):
    """Their home is another organization on the twin, too."""
    snapshot = write_snapshot(tmp_path / "acme.snapshot", [person(1, MESSAGING, external=True)])
    plan = make_plan(snapshot, {ONE: want(attend=(SITE,))}, tmp_path / "acme.plan")
    one = told(twin(snapshot, plan, rulebook()))["people"][0]
    assert one["homeOrganization"] != snapshot.head.org_id


def test_units_count_as_they_did_for_the_plan(tmp_path: Path):
    """A plan in which units are never refused gets a twin that never refuses them."""
    policies = []
    for overage in (False, True):
        plan = small_plan(tmp_path, overage=overage)
        made = twin(small(tmp_path), plan, rulebook())
        policies.append(told(made)["licenses"][PRO]["policy"])
    assert policies == ["strict", "overage"]


def test_the_snapshot_must_be_that_of_the_plan(tmp_path: Path):
    """Another one is refused with a sentence that says what to do."""
    plan = small_plan(tmp_path)
    other = write_snapshot(tmp_path / "other.snapshot", [person(1, MESSAGING)])
    with pytest.raises(
        TwinFault, match=r"other\.snapshot, but of a snapshot of Acme .* name that one, or plan again of this one"
    ):
        twin(other, plan, rulebook())


def test_another_rulebook_is_told(tmp_path: Path):
    """Whoever rehearses by other rules than the plan was made with is told so."""
    changed = load(shipped().replace('version = "', 'version = "next ', 1))
    plan = small_plan(tmp_path)
    made = twin(small(tmp_path), plan, changed)
    assert made.notices[0].startswith("the plan was made with the rulebook webex 20")

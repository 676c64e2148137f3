"""Control Hub's CSV is read as Control Hub reads it, as far as its documents tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.desires import ADD_AND_REMOVE
from bulk.desiring import Told, faults, read
from bulk.planning import ADVANCED, BASIC, BERLIN, CONSOLE, MESSAGING, PRO, PRO_3, SITE, SUITE, small, want

EMAIL = "User ID/Email (Required)"
WORDS = ("TRUE", "FALSE")
ONE, TWO = "person1@example.com", "person2@example.com"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small(tmp_path_factory.mktemp("hubs"))


def table(names: str, *rows: str) -> str:
    return "".join(f"{row}\n" for row in (f"{EMAIL},{names}", *rows))


def test_an_export_is_read(snapshot: Snapshot):
    """TRUE gives a license with location, number and extension; attributes are left out with a notice."""
    text = (
        f"First Name,Last Name,{EMAIL},Location,Phone Number,Extension,Webex Calling VAR Professional [Sub-1],Title\n"
        f"Ada,Lovelace,{ONE.upper()},Berlin,+4930901820,2001,TRUE,Countess\n"
    )
    members = {"location_id": BERLIN, "phone_number": "+4930901820", "extension": "2001"}
    notice = "line 1: not used, as they are no licenses: First Name, Last Name, Title"
    assert read(snapshot, text) == Told({ONE: want(PRO, line=2, **members)}, [notice], [])


def test_false_removes_only_in_the_second_mode(snapshot: Snapshot):
    """ "Add services only" is the default, in which FALSE says nothing; nothing at all never does."""
    text = table(
        "Advanced Messaging,Basic Messaging,Webex Calling VAR Basic", f"{ONE},true,FALSE,", f"{TWO},,false,False"
    )
    assert read(snapshot, text).wants == {ONE: want(ADVANCED, line=2), TWO: want(line=3)}
    both = read(snapshot, text, mode=ADD_AND_REMOVE).wants
    assert both == {ONE: want(ADVANCED, lack=[MESSAGING], line=2), TWO: want(lack=[MESSAGING, BASIC], line=3)}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Webex Calling VAR Professional [Sub-1]", PRO),
        ("Webex Calling VAR Professional [acme] [Sub-3]", PRO_3),
        ("Webex Calling VAR Professional (sub-3)", PRO_3),
        ("Webex Calling VAR Professional Sub-3", PRO_3),
        ("Webex Calling VAR Professional - Sub-3", PRO_3),
        ("Webex Calling VAR Professional [somewhere] Sub-3", PRO_3),
        ("Sub-3 Webex Calling - Professional", PRO_3),
        ("Webex Calling - Professional in Sub-3", PRO_3),
        ("Webex Calling VAR Basic", BASIC),
        ("Webex Calling - Attendant Console", CONSOLE),
        ("Webex Meetings Suite [acme.webex.com]", SUITE),
        ("Webex Meetings Suite (acme)", SUITE),
    ],
)
def test_the_subscription_may_be_in_the_name(snapshot: Snapshot, name: str, place: int):
    """A column is of the subscription and of the site that its name has, in whatever brackets."""
    assert read(snapshot, table(name, f"{ONE},TRUE")).wants == {ONE: want(place, line=2)}


def test_a_sub_site_that_is_not_known_is_told(snapshot: Snapshot):
    """What stands in brackets and is nothing of the organization is left out with a notice."""
    told = read(snapshot, table("Webex Calling VAR Basic [acme-calling]", f"{ONE},TRUE"))
    assert told.wants == {ONE: want(BASIC, line=2)}
    assert told.notices == [
        "line 1, column 2: `Webex Calling VAR Basic [acme-calling]` is read as Webex Calling - Basic"
    ]


def test_an_attendee_account_has_a_column(snapshot: Snapshot):
    """`Attendee account` is of the site in its name, or of the only site."""
    for name in ("Attendee account", "Attendee Account [acme.webex.com]", "acme - Attendee account"):
        text = table(name, f"{ONE},TRUE", f"{TWO},FALSE")
        told = read(snapshot, text, mode=ADD_AND_REMOVE)
        assert told.wants == {ONE: want(line=2, attend=(SITE,)), TWO: want(line=3, leave=(SITE,))}


def test_numbers_without_calling_are_not_used(snapshot: Snapshot):
    """Location, number and extension need TRUE for a calling license, as is documented; a notice counts them."""
    names = "Webex Calling VAR Basic,Location,Phone Number,Extension,Advanced Messaging"
    told = read(snapshot, table(names, f"{ONE},,Nowhere,123,x,TRUE", f"{TWO},FALSE,,,55,"))
    assert told.wants == {ONE: want(ADVANCED, line=2), TWO: want(line=3)}
    assert told.notices == [
        "line 2: a location, number or extension without TRUE for a calling license is not used; rows with one: 2"
    ]


def test_a_lost_plus_is_put_back(snapshot: Snapshot):
    """Numbers as spreadsheets leave them are repaired, and reported."""
    text = table("Webex Calling VAR Basic,Phone Number", f"{ONE},TRUE,4930901820")
    told = read(snapshot, text)
    assert told.wants == {ONE: want(BASIC, line=2, phone_number="+4930901820")}
    assert told.notices == [
        (
            "line 2, column Phone Number: the plus of phone numbers was lost, as spreadsheets do, and was put back; "
            "rows with such a number: 1"
        )
    ]


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (
            "Webex Calling VAR Basic (Suspended)",
            (
                "`Webex Calling VAR Basic (Suspended)` is suspended, and Control Hub takes no file that has it; "
                "delete the column"
            ),
        ),
        ("Location,location", "`location` is there twice; delete one of the columns"),
        (
            "Advanced Messaging,MS [Sub-2]",
            "`MS [Sub-2]` is the same as `Advanced Messaging`; delete one of the columns",
        ),
        (
            "Attendee account [other]",
            (
                "`Attendee account [other]` must name a site, as `Attendee account [mysite.webex.com]`; "
                "sites are: acme.webex.com"
            ),
        ),
    ],
)
def test_what_is_wrong_with_columns(snapshot: Snapshot, names: str, fault: str):
    """A name that cannot be is told with its column."""
    cells = names.count(",")
    assert faults(snapshot, table(names, f"{ONE},{',' * cells}")) == [f"line 1, column {cells + 2}: {fault}"]


def test_a_name_that_several_subscriptions_have_is_told(snapshot: Snapshot):
    """A license of two subscriptions needs one of them in the name of its column."""
    [fault] = faults(snapshot, table("Webex Calling VAR Professional", f"{ONE},"))
    assert fault.startswith(
        "line 1, column 2: `Webex Calling VAR Professional` may be any of 2 licenses; write one of: "
        "`Webex Calling - Professional in Sub-1` ("
    )


def test_a_license_that_there_is_not_is_a_fault_where_something_is_said(snapshot: Snapshot):
    """A column of TRUE and FALSE that names no license is left out only as long as it says nothing."""
    text = table("Jabber,Hybrid Calendar", f"{ONE},,FALSE", f"{TWO},,FALSE")
    assert read(snapshot, text).notices == ["line 1: not used, as they are no licenses: Jabber, Hybrid Calendar"]
    what = "delete the column, or say with --alias which license it is"
    assert faults(snapshot, text, mode=ADD_AND_REMOVE) == [
        f"line 1, column 3: the organization has no license `Hybrid Calendar`, which line 2 speaks of; {what}"
    ]
    assert faults(snapshot, table("Jabber", f"{ONE},", f"{TWO},TRUE")) == [
        f"line 1, column 2: the organization has no license `Jabber`, which line 3 speaks of; {what}"
    ]
    told = read(snapshot, table("Jabber", f"{ONE},TRUE"), aliases={"Jabber": "MS"})
    assert told.wants == {ONE: want(ADVANCED, line=2)}


def test_what_is_wrong_in_rows(snapshot: Snapshot):
    """All faults of cells are told, by the names of their columns."""
    names = "Advanced Messaging,Webex Calling VAR Basic,Location,Phone Number,Extension"
    found = faults(snapshot, table(names, f"{ONE},WAHR,TRUE,Bern,1,1", f"{ONE},,,,,", "x,,,,,", "y"))
    assert found == [
        "line 2, column Advanced Messaging: `WAHR` must be TRUE, FALSE or empty",
        "line 2, column Location: the organization has no location `Bern`; is it Berlin?",
        ("line 2, column Phone Number: `1` is no phone number with its country code; write it as +14085550101"),
        ("line 2, column Extension: `1` is no extension; it has 2 to 10 digits, without the location's routing prefix"),
        (f"line 3, column {EMAIL}: {ONE} is in line 2 already; say all that is desired of a person in one row"),
        f"line 4, column {EMAIL}: `x` is no email; write one as ada@example.com",
        "line 5: has 1 fields, the first line has 6; every row has as many, also where they are empty",
    ]


CELLS = st.lists(st.sampled_from(["TRUE", "FALSE", "", "true", " False"]), min_size=3, max_size=3)


@given(st.lists(CELLS, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_cells_say_what_they_say(snapshot: Snapshot, rows: list[list[str]]):
    """Whatever rows stand around it, a cell gives, takes, or leaves its license."""
    places = (ADVANCED, MESSAGING, SUITE)
    said = [[cell.strip().upper() for cell in row] for row in rows]
    names = "Advanced Messaging,Basic Messaging,Webex Meetings Suite"
    told = read(
        snapshot,
        table(names, *(f"person{number}@example.com,{','.join(row)}" for number, row in enumerate(rows, 1))),
        mode=ADD_AND_REMOVE,
    )
    for number, row in enumerate(said, 1):
        have, lack = ([place for place, cell in zip(places, row, strict=True) if cell == word] for word in WORDS)
        if number != 10:  # whose email is another one
            assert told.wants[f"person{number}@example.com"] == want(*have, lack=lack, line=number + 1)

"""A plain CSV says who is to have what, and every fault of it is told at once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.desires import DesireFault
from allot.core import ids
from allot.core.holding import Properties
from bulk.desiring import Told, faults, read
from bulk.planning import ADVANCED, BASIC, BERLIN, LICENSES, MESSAGING, OSLO, PRO, PRO_3, SITE, small, want

HEAD = "email,add,remove,location,extension,number\n"
ONE = "person1@example.com"
TWO = "person2@example.com"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small(tmp_path_factory.mktemp("lists"))


def test_every_column_is_read(snapshot: Snapshot):
    """A row says what to add and to remove, and where and how the person is reached."""
    text = f"{HEAD}{ONE},Professional in Sub-1;Advanced Messaging,Webex Calling - Basic,berlin,2001,+4930901820\n"
    members = {"location_id": BERLIN, "extension": "2001", "phone_number": "+4930901820"}
    assert read(snapshot, text) == Told({ONE: want(PRO, ADVANCED, lack=[BASIC], line=2, **members)}, [], [])


def test_columns_may_be_missing_and_in_any_order(snapshot: Snapshot):
    """Only the emails must be there; names of columns, and emails, have either letter case."""
    told = read(snapshot, f"Remove , EMAIL\nStandard,{ONE.upper()}\n")
    assert told.wants == {ONE: want(lack=[BASIC], line=2)}


def test_commas_between_licenses_are_told(snapshot: Snapshot):
    """Several licenses stand with semicolons between them, and a fault that may come of commas says so."""
    [fault] = faults(snapshot, f'email,add\n{ONE},"MS, FMS"\n')
    assert fault.startswith("line 2, column add: the organization has no license `MS, FMS`; ")
    assert fault.endswith("; if it is several, put semicolons between them")


def test_what_is_empty_is_not_said(snapshot: Snapshot):
    """Somebody whose cells are empty stays as they are; rows without anything are left out."""
    told = read(snapshot, f"{HEAD}{ONE},,,,,\n,,,,,\n\nperson2@example.com,Advanced Messaging,, ,,\n")
    assert told.wants == {ONE: want(line=2), "person2@example.com": want(ADVANCED, line=5)}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Webex Calling - Professional in Sub-3", PRO_3),
        ("webex  calling - professional IN sub-3", PRO_3),
        ("BCSTD in Sub-1", PRO),
        ("Webex Calling VAR Professional in Sub-1", PRO),
        ("Webex Calling - Standard", BASIC),
        ("Webex Meetings Suite on acme.webex.com in Sub-2", 7),
        (LICENSES[PRO].id, PRO),
        (ids.encode("LICENSE", LICENSES[PRO_3].id), PRO_3),
        (LICENSES[PRO].id.upper(), PRO),
    ],
)
def test_licenses_are_named_in_many_ways(snapshot: Snapshot, text: str, place: int):
    """A license is found by its name, an alias, its type code, or its id, and told apart by subscription and site."""
    assert read(snapshot, f"email,add\n{ONE},{text}\n").wants == {ONE: want(place, line=2)}


def test_attendee_accounts_are_named_as_the_people_api_does(snapshot: Snapshot):
    """An account is the url of its site with #attendee."""
    told = read(snapshot, f"email,add,remove\n{ONE},https://ACME.webex.com/#attendee,\n")
    assert told.wants == {} or told.wants[ONE].attend == (SITE,)
    assert read(snapshot, f"email,remove\n{ONE},{SITE}#attendee\n").wants == {ONE: want(line=2, leave=(SITE,))}


def test_an_alias_of_ones_own(snapshot: Snapshot):
    """A name that an option defines is taken; one for nothing is a fault."""
    told = read(snapshot, f"email,add\n{ONE},Desk\n", aliases={"desk": "BCSTD in Sub-3"})
    assert told.wants == {ONE: want(PRO_3, line=2)}
    with pytest.raises(DesireFault, match=r"^--alias, column Desk: the organization has no license `BCXXX`"):
        read(snapshot, f"email,add\n{ONE},Desk\n", aliases={"Desk": "BCXXX"})


def test_who_is_not_there_is_missing(snapshot: Snapshot):
    """People who are named and not in the snapshot are told with their lines."""
    told = read(snapshot, f"email,add\nnobody@example.com,UCM\n{ONE},Advanced Messaging\n", aliases={"UCM": "MS"})
    assert told.missing == [(2, "nobody@example.com")]


def test_numbers_and_extensions_go_to_the_calling_license_that_is_held(snapshot: Snapshot):
    """Where no calling license is added, an extension is for the one that the person has and keeps."""
    told = read(snapshot, f"{HEAD}{ONE},Advanced Messaging,,,2001,\nperson3@example.com,,,,2003,\n")
    assert told.wants[ONE] == want(ADVANCED, BASIC, line=2, extension="2001")
    assert told.wants["person3@example.com"] == want(line=3, extension="2003")


@pytest.mark.parametrize(
    ("number", "properties"),
    [
        ("+1 (408) 555-0101", "+14085550101"),
        ("tel:+14085550101", "+14085550101"),
        ("'+14085550101", "+14085550101"),
        (" +14085550101 ", "+14085550101"),
    ],
)
def test_numbers_are_taken_as_people_write_them(snapshot: Snapshot, number: str, properties: str):
    """A number with its plus is read whatever stands between its digits."""
    told = read(snapshot, f"{HEAD}{ONE},,,,,{number}\n")
    assert told.wants[ONE].properties == Properties(None, properties)
    assert told.notices == []


def test_a_lost_plus_is_put_back_and_reported(snapshot: Snapshot):
    """Numbers as spreadsheets leave them are repaired, and a notice says where it begins and how many they are."""
    told = read(snapshot, f"{HEAD}{ONE},,,,,14085550101\nperson2@example.com,,,,,442079460010.0\n")
    assert [each.properties for each in told.wants.values()] == [
        Properties(None, "+14085550101"),
        Properties(None, "+442079460010"),
    ]
    assert told.notices == [
        (
            "line 2, column number: the plus of phone numbers was lost, as spreadsheets do, and was put back; "
            "rows with such a number: 2"
        )
    ]


def test_a_cell_with_two_emails_is_none(snapshot: Snapshot):
    """Two emails in two lines of one cell are told by its line, and other faults keep theirs."""
    two = f'"{ONE}\n{TWO}",MS'
    assert faults(snapshot, f"email,add\n{two}\n{ONE},MS\n{TWO},MS\n{TWO},MS\n") == [
        rf"line 2, column email: `{ONE}\u000a{TWO}` is no email; write one as ada@example.com",
        f"line 6, column email: {TWO} is in line 5 already; say all that is desired of a person in one row",
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",,,,,", None),
        ("x,MS,,,,", "line 2, column email: `x` is no email; write one as ada@example.com"),
        (
            ",Advanced Messaging,,,,",
            "line 2, column email: there is no email in this row; write one as ada@example.com",
        ),
        (
            f"{ONE},Professional,,,,",
            (
                "line 2, column add: `Professional` may be any of 2 licenses; write one of: "
                f"`Webex Calling - Professional in Sub-1` ({LICENSES[PRO].id}); "
                f"`Webex Calling - Professional in Sub-3` ({LICENSES[PRO_3].id})"
            ),
        ),
        (
            f"{ONE},,Advancd Messaging,,,",
            "line 2, column remove: the organization has no license `Advancd Messaging`; is it `Advanced Messaging`?",
        ),
        (
            f"{ONE},foo.webex.com#attendee,,,,",
            (
                "line 2, column add: no license of the organization is for the site `foo.webex.com`; "
                "sites are: acme.webex.com"
            ),
        ),
        (
            f"{ONE},MS,Advanced Messaging,,,",
            "line 2, column remove: Advanced Messaging is both to be added and to be removed",
        ),
        (
            f"{ONE},,,Berln,,",
            "line 2, column location: the organization has no location `Berln`; is it Berlin?",
        ),
        (
            f"{ONE},,,X,,",
            "line 2, column location: the organization has no location `X`; it has Berlin, Oslo",
        ),
        (
            f"{ONE},,,,1,",
            (
                "line 2, column extension: `1` is no extension; it has 2 to 10 digits, "
                "without the location's routing prefix"
            ),
        ),
        (
            f"{ONE},,,,1E+03,",
            (
                "line 2, column extension: `1E+03` is what a spreadsheet made of an extension; "
                "format the column as text, and enter it again"
            ),
        ),
        (
            f"{ONE},,,,,1.40855E+10",
            (
                "line 2, column number: `1.40855E+10` is what a spreadsheet made of a number: "
                "its last digits are lost. Format the column as text, and enter or export the numbers again"
            ),
        ),
        (
            f"{ONE},,,,,4085550101",
            "line 2, column number: `4085550101` is no phone number with its country code; write it as +14085550101",
        ),
        (
            f"{ONE},,,,,+1408555",
            "line 2, column number: `+1408555` is no phone number with its country code; write it as +14085550101",
        ),
        (
            f"{ONE},,,,,+",
            "line 2, column number: `+` is no phone number with its country code; write it as +14085550101",
        ),
    ],
)
def test_what_is_wrong_in_a_row(snapshot: Snapshot, row: str, fault: str | None):
    """Each fault names its line and column, what is wrong, and what to write."""
    found = faults(snapshot, f"{HEAD}{row}\n{ONE.replace('1', '9')},,,,,\n")
    assert found == ([fault] if fault else [])


def test_all_faults_are_told_at_once_and_in_order(snapshot: Snapshot):
    """Nothing hides behind something else, whatever kind it is of."""
    rows = [f"{ONE},nothing,,,,", f"{ONE.upper()},,,Nowhere,1,0", "x,,,,,", f"{ONE},,", '"a"b,,,,,']
    lines = [fault.partition(":")[0] for fault in faults(snapshot, HEAD + "\n".join(rows))]
    assert lines == [
        "line 2, column add",
        "line 3, column location",
        "line 3, column number",
        "line 3, column extension",
        "line 3, column email",
        "line 4, column email",
        "line 5",
        "line 6",
    ]


def test_an_email_is_there_once(snapshot: Snapshot):
    """The second row of an email is a fault with both lines, whatever its letter case."""
    found = faults(snapshot, f"{HEAD}{ONE},,,,,\n{ONE.upper()},,,,,\n")
    assert found == [
        f"line 3, column email: {ONE} is in line 2 already; say all that is desired of a person in one row"
    ]


def test_the_same_fault_in_many_rows_is_told_once(snapshot: Snapshot):
    """A name that is wrong in a thousand rows is one fault, with the first line and the count."""
    rows = "".join(f"p{number}@example.com,Foo,,,,\n" for number in range(1000))
    [fault] = faults(snapshot, HEAD + rows)
    assert fault.startswith("line 2, column add: the organization has no license `Foo`; it has Webex Calling")
    assert fault.endswith("(so it is in 1,000 rows)")


def test_a_number_is_given_to_one_person(snapshot: Snapshot):
    """A number in two rows is a fault with both lines, and so is an extension at one location."""
    rows = [
        "a@example.com,,,Berlin,2001,+4930901821",
        "b@example.com,,,Berlin,2001,+4930901822",
        "c@example.com,,,Oslo,2001,4930901821",
        "d@example.com,,,,2001,",
    ]
    assert faults(snapshot, HEAD + "\n".join(rows)) == [
        (
            "line 3, column extension: extension 2001 of the same location is given in line 2 already; "
            "give it to one person only"
        ),
        "line 4, column number: number +4930901821 is given in line 2 already; give it to one person only",
    ]


def test_columns_that_are_not_known(snapshot: Snapshot):
    """A column of another name, one that is there twice, and a table of emails only are faults."""
    assert faults(snapshot, "email,add,licence,Add\n") == [
        (
            "line 1, column 3: column `licence` is not known here; columns are "
            "email, add, remove, location, extension, number"
        ),
        "line 1, column 4: column `Add` is there twice",
    ]
    assert faults(snapshot, f"email\n{ONE}\n") == [
        "line 1: nothing is said but emails; add columns: add, remove, location, extension, number"
    ]


def test_a_hundred_faults_are_shown(snapshot: Snapshot):
    """Longer lists end with how many more there are; all of them are kept."""
    rows = "".join(f"p{number},,,,,\n" for number in range(250))
    with pytest.raises(DesireFault) as caught:
        read(snapshot, HEAD + rows)
    assert len(caught.value.faults) == 250
    shown = str(caught.value).splitlines()
    assert len(shown) == 101
    assert shown[-1] == "and 150 more"


def test_locations_of_one_name_are_told_apart_by_id(tmp_path: Path):
    """A location that shares its name is named by its id, as the API has it or its last part."""
    made = small(tmp_path)
    made.locations[1].name = "Berlin"
    assert faults(made, f"{HEAD}{ONE},,,Berlin,2001,\n") == [
        f"line 2, column location: 2 locations are called `Berlin`; write the id: {BERLIN}, {OSLO}"
    ]
    for text in (OSLO, ids.encode("LOCATION", OSLO)):
        assert read(made, f"{HEAD}{ONE},,,{text},2001,\n").wants[ONE].properties == Properties(OSLO, None, "2001")


@given(
    st.lists(
        st.tuples(
            st.sets(st.integers(0, len(LICENSES) - 1)),
            st.sets(st.integers(0, len(LICENSES) - 1)),
            st.sampled_from(["", "Berlin", "Oslo"]),
            st.integers(10, 9_999_999_999),
        ),
        min_size=1,
        max_size=9,
    )
)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(snapshot: Snapshot, rows: list[tuple[set[int], set[int], str, int]]):
    """Whatever licenses, locations and numbers a table has, they are read as they were meant."""
    text, expected = HEAD, {}
    for number, (add, remove, location, extension) in enumerate(rows, 1):
        lack = remove - add
        cells = [";".join(LICENSES[place].id for place in sorted(places)) for places in (add, lack)]
        phone = f"+4930{extension:010d}"[:15]
        text += f'"person{number}@example.com",{cells[0]},"{cells[1]}",{location},,{phone}\n'
        expected[f"person{number}@example.com"] = (
            sum(1 << place for place in lack),
            Properties({"Berlin": BERLIN, "Oslo": OSLO}.get(location), phone),
        )
    if len({each[1].phone_number for each in expected.values()}) < len(rows):
        return
    told = read(snapshot, text)
    assert {email: (each.lack, each.properties) for email, each in told.wants.items()} == expected
    for number, (add, _, _, _) in enumerate(rows, 1):
        have = sum(1 << place for place in add)
        assert told.wants[f"person{number}@example.com"].have & have == have
    assert len(LICENSES) > MESSAGING

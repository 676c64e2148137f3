"""Bundles say in YAML who is to have what; several for one person add up, or contradict each other."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from allot.bulk.actual.snapshots import Calling, Snapshot
from allot.bulk.desired import bundles
from allot.bulk.desired.desires import DesireFault
from bulk.desiring import faults, read, write
from bulk.planning import (
    ADVANCED,
    ADVANCED_SPACES,
    BASIC,
    CONSOLE,
    LICENSES,
    MESSAGING,
    OSLO,
    PRO,
    PRO_3,
    SITE,
    SPACES,
    SUITE,
    person,
    want,
    write_snapshot,
)

NAME = "wanted.yaml"
ONE, TWO, THREE, FOUR = (f"person{number}@example.com" for number in range(1, 5))
EVERYTHING = range(len(LICENSES))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Four people: of Sales in Berlin, of Sales in Oslo, of no department, and one without calling."""
    people = [
        person(1, BASIC, MESSAGING, department="Sales"),
        person(2, PRO, MESSAGING, department="sales ", calling=Calling(OSLO, None, "1002")),
        person(3, PRO_3, MESSAGING, department=None),
        person(4, MESSAGING, department="Support", calling=None, email="Person4@other.example".lower()),
    ]
    return write_snapshot(tmp_path_factory.mktemp("bundles") / "acme.snapshot", people)


def who(snapshot: Snapshot, filters: str) -> list[int]:
    """The numbers of the people for whom these filters are."""
    told = read(snapshot, f"bundles: [{{who: {{{filters}}}, add: MS}}]", NAME)
    return [int(email[6]) for email in told.wants]


@pytest.mark.parametrize(
    ("filters", "people"),
    [
        ("email: '*'", [1, 2, 3, 4]),
        ("email: '*@EXAMPLE.com'", [1, 2, 3]),
        ("email: 'person[12]@*'", [1, 2]),
        (f"email: {ONE.upper()}", [1]),
        (f"email: [{ONE}, '*@other.example']", [1, 4]),
        ("department: sales", [1, 2]),
        ("department: [Sales, SUPPORT]", [1, 2, 4]),
        ("location: Berlin", [1, 3]),
        (f"location: [Berlin, {OSLO}]", [1, 2, 3]),
        ("location: Oslo, department: Sales", [2]),
        ("holds: Professional", [2, 3]),
        ("holds: Professional in Sub-3", [3]),
        ("holds: [Professional, Standard]", [1, 2, 3]),
        ("lacks: [Professional, Standard]", [4]),
        ("lacks: Standard", [2, 3, 4]),
        ("holds: Basic Messaging, lacks: Professional, email: '*@example.com'", [1]),
    ],
)
def test_who_a_bundle_is_for(snapshot: Snapshot, filters: str, people: list[int]):
    """All filters must fit, and any value of each; `lacks` is the opposite of `holds`."""
    assert who(snapshot, filters) == people


def test_groups_are_lists_and_tables(snapshot: Snapshot):
    """The members of a group are listed, or stand in a CSV beside the file; who is nobody is told."""
    write(snapshot.file.path.parent, f"name,email\nAda,{TWO.upper()}\nBen,ben@example.com\n", "night.csv")
    text = f"""
groups:
  interns: [{ONE}]
  boss: {THREE}
  night shift: night.csv
bundles:
  - {{name: a, who: {{group: [interns, night shift]}}, add: MS}}
  - {{name: b, who: {{group: boss}}, add: CF}}
"""
    told = read(snapshot, text, NAME)
    assert told.wants == {
        ONE: want(ADVANCED, line=7),
        TWO: want(ADVANCED, line=7),
        THREE: want(ADVANCED_SPACES, line=8),
    }
    assert told.notices == ["group `night shift` has 1 emails that nobody in the snapshot has: ben@example.com"]


def test_what_a_bundle_gives(snapshot: Snapshot):
    """Licenses and attendee accounts are added and removed; an alias of the file names a license."""
    text = f"""
aliases: {{Desk: Professional in Sub-3}}
bundles:
  - who: {{holds: Standard}}
    add: [desk, {SITE}#attendee]
    remove: Standard
  - who: {{email: {FOUR.replace("example.com", "other.example")}}}
    remove: {SITE}#attendee
"""
    assert read(snapshot, text, NAME).wants == {
        ONE: want(PRO_3, lack=[BASIC], line=4, attend=(SITE,)),
        "person4@other.example": want(line=7, leave=(SITE,)),
    }


def test_an_alias_means_one_license(snapshot: Snapshot):
    """What the file and the options call by one name must be one license; what they agree on is said twice."""
    text = "aliases: {Desk: Professional in Sub-3}\nbundles: [{who: {holds: Standard}, add: desk, remove: Standard}]"
    assert read(snapshot, text, NAME, aliases={"desk": "BCSTD in Sub-3"}).wants == {
        ONE: want(PRO_3, lack=[BASIC], line=2)
    }
    with pytest.raises(DesireFault, match="line 1, column 17: the alias `Desk` is given twice, and for different"):
        read(snapshot, text, NAME, aliases={"desk": "Standard"})


def test_exact_takes_what_nobody_gives(snapshot: Snapshot):
    """`exact` takes every license that no bundle adds, but those that are free; an empty list takes all."""
    counted = [place for place in EVERYTHING if place not in (MESSAGING, SPACES)]
    text = "bundles: [{who: {holds: Standard}, exact: [MS, FMS]}, {who: {email: '*1@*'}, add: CF}]"
    lack = [place for place in counted if place not in (ADVANCED, ADVANCED_SPACES)]
    assert read(snapshot, text, NAME).wants == {ONE: want(ADVANCED, MESSAGING, ADVANCED_SPACES, lack=lack, line=1)}
    none = read(snapshot, f"bundles: [{{who: {{email: {TWO}}}, exact: []}}]", NAME)
    assert none.wants == {TWO: want(lack=counted, line=1)}


def test_calling_says_where_people_are_reached(snapshot: Snapshot):
    """A bundle may say a location for many, a number and an extension for one; those who hold calling keep it."""
    text = f"""
bundles:
  - who: {{email: [{ONE}, {TWO}]}}
    add: Professional in Sub-1
    calling: {{location: Oslo}}
  - who: {{email: {ONE}}}
    calling: {{extension: 0123, number: 4930901820}}
"""
    told = read(snapshot, text, NAME)
    assert told.wants == {
        ONE: want(PRO, line=3, location_id=OSLO, extension="0123", phone_number="+4930901820"),
        TWO: want(PRO, line=3, location_id=OSLO),
    }
    assert told.notices == ["the plus of +4930901820 was lost, and was put back"]
    kept = read(snapshot, f"bundles: [{{who: {{email: {THREE}}}, calling: {{extension: '2003'}}}}]", NAME)
    assert kept.wants == {THREE: want(PRO_3, line=1, extension="2003")}


def test_who_is_not_there_is_told(snapshot: Snapshot):
    """Emails that are named one by one are missing, and a bundle that is for nobody is noticed."""
    text = "bundles: [{who: {email: [x@example.com, '*1@*']}, add: MS}, {name: b, who: {email: 'z*'}, add: MS}]"
    told = read(snapshot, text, NAME)
    assert told.missing == [(1, "x@example.com")]
    assert told.notices == ["line 1: bundle `b` is for nobody in the snapshot"]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("add: MS", "remove: Advanced Messaging", "bundle `a` adds Advanced Messaging and bundle `b` removes it"),
        ("remove: [MS, CF]", "exact: [MS]", "bundle `b` adds Advanced Messaging and bundle `a` removes it"),
        (
            "calling: {location: Berlin}",
            "calling: {location: Oslo}",
            "bundle `a` and bundle `b` give two locations",
        ),
        (
            f"add: {SITE}#attendee",
            f"remove: {SITE}#attendee",
            f"bundle `a` adds {SITE}#attendee and bundle `b` removes it",
        ),
    ],
)
def test_bundles_that_contradict_each_other(snapshot: Snapshot, first: str, second: str, what: str):
    """A contradiction is a fault that names both bundles, how many people it concerns, and the first of them."""
    [fault] = faults(
        snapshot,
        f"bundles:\n  - {{name: a, who: {{email: '*@example.com'}}, {first}}}\n"
        f"  - {{name: b, who: {{holds: Professional}}, {second}}}",
        NAME,
    )
    assert fault.startswith(f"line 3: {what}")
    assert fault.endswith(f"the same people (people: 2, the first is {TWO})")


def test_bundles_for_different_people_contradict_nobody(snapshot: Snapshot):
    """What one bundle adds another may remove, from somebody else."""
    text = f"bundles: [{{who: {{email: {ONE}}}, add: MS}}, {{who: {{email: {TWO}}}, remove: MS}}]"
    assert read(snapshot, text, NAME).wants == {ONE: want(ADVANCED, line=1), TWO: want(lack=[ADVANCED], line=1)}


@pytest.mark.parametrize(
    ("member", "filters", "asked"),
    [
        ("department", "department: Sales", "department"),
        ("calling", "location: Berlin", "location"),
        ("licenses", "holds: Standard", "holds"),
        ("licenses", "lacks: Standard", "lacks"),
    ],
)
def test_what_the_snapshot_does_not_tell_is_no_no(tmp_path: Path, member: str, filters: str, asked: str):
    """A filter on what is unknown of somebody is a fault, unless another filter leaves them out."""
    snapshot = write_snapshot(tmp_path / "acme.snapshot", [person(1, BASIC), person(2, **{member: UNSET})])
    known = [f"{ONE}"]
    text = f"bundles: [{{who: {{{filters}, email: '*'}}, add: MS}}]"
    fault = faults(snapshot, text, NAME)
    if member == "department":
        known.append(TWO)
    assert fault == [
        (
            f"line 1: bundle 1 asks for `{asked}`, which the snapshot does not tell of some who fit; "
            f"pull it again as a full administrator, or leave `{asked}` out (people: {len(known)}, the first is "
            f"{ONE if member == 'department' else TWO})"
        )
    ]
    assert faults(snapshot, text.replace("'*'", "'*@other.example'"), NAME) == []


def test_all_faults_are_told_at_once_with_their_places(snapshot: Snapshot):
    """Names that are not known, texts that mean nothing and values of a wrong kind all have line and column."""
    text = """
aliases:
  Desk: Professional
  Two: [MS, CF]
  Bar: baz
groups:
  interns: [person2]
  night: away.csv
  day: [{a: b}]
bundles:
  - name: swap
    who: {hold: Standard, email: x}
    add: Desk
    adds: MS
    calling: {extension: 12, location: [Berlin, Oslo]}
  - name: swap
    who: {group: nigth, email: []}
    add: [MS, acme.webx.com#attendee, [CF]]
    remove: Advanced Messaging
    exact: FMS
  - foo
  - add:
    name: MS
    name: CF
  - {who: {email: "*"}}
  - {[a]: b}
  - {who: {location: Bern, holds: XX}, add: MS}
"""
    found = faults(snapshot, text, NAME)
    expected = [
        "line 4, column 8: the alias `Two` must be for one license",
        "line 5, column 8: the organization has no license `baz`; it has Webex Calling - Professional, ",
        "line 7, column 13: `person2` is no email",
        "line 8, column 10: ",
        "line 9, column 9: `day` must be a text, or a list of texts",
        "line 12, column 11: `hold` is not known in `who`; is it `holds`?",
        "line 12, column 34: `x` is no email, and no pattern as *@example.com",
        "line 13, column 10: `Desk` may be any of 2 licenses; write one of: `Webex Calling - Professional in Sub-1` ",
        "line 14, column 5: `adds` is not known in a bundle; is it `add`?",
        "line 15, column 49: there can be only one location",
        "line 16, column 5: there is another bundle `swap`; give each a name of its own",
        "line 17, column 18: there is no group `nigth` in the section `groups`, and a snapshot has none; known: ",
        "line 17, column 32: `email` is empty; leave it out where it does not matter",
        "line 18, column 15: no license of the organization is for the site `acme.webx.com`; sites are: ",
        "line 18, column 39: `add` must be a text, or a list of texts",
        "line 19, column 13: Advanced Messaging is both to be added and to be removed",
        "line 20, column 12: `exact` says all that there is to have; it stands without `add` and `remove`",
        "line 21, column 5: a bundle must be a mapping, as `name: value`",
        'line 22, column 5: it does not say who; for everybody it is `who: {email: "*"}`',
        "line 22, column 9: `add` must be a text, or a list of texts",
        "line 24, column 5: `name` is there twice in a bundle",
        "line 25, column 5: it does not say what; write `add`, `remove` or `exact`",
        "line 26, column 6: a bundle has a name that is no text",
        "line 27, column 22: the organization has no location `Bern`; is it Berlin?",
        "line 27, column 35: the organization has no license `XX`; it has ",
    ]
    assert [fault[: len(start)] for fault, start in zip(sorted(found, key=order), expected, strict=True)] == expected
    assert any("away.csv: it cannot be read (No such file or directory)" in fault for fault in found)


def order(fault: str) -> tuple[int, int, str]:
    line, column = fault.partition(":")[0].split(", ")
    return int(line.split()[1]), int(column.split()[1]), fault


def test_faults_in_a_groups_table_have_their_own_places(snapshot: Snapshot):
    """What is wrong in the table of a group is told with the table's name, line and column."""
    write(snapshot.file.path.parent, "email\nx\n", "bad.csv")
    text = "groups: {a: bad.csv, b: none.csv}\nbundles: [{who: {group: a}, add: MS}]"
    write(snapshot.file.path.parent, "mail\nx\n", "none.csv")
    first, second = faults(snapshot, text, NAME)
    assert first.startswith("line 1, column 13: ")
    assert first.endswith("bad.csv, line 2, column email: `x` is no email")
    assert "none.csv, line 1: there is no column `email`" in second


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty; it must have the list `bundles`"),
        ("- x", "line 1, column 1: the document must be a mapping, as `name: value`"),
        ("bundles: {}", "line 1, column 10: `bundles` must be a list of bundles, at least one"),
        ("aliases: {}", "line 1, column 1: `bundles` must be a list of bundles, at least one"),
        ("groups: {}\nbundle: []", "line 2, column 1: `bundle` is not known in the document; is it `bundles`?"),
        ("a: \x07", "line 1, column 4: the character 0x7 cannot be in YAML; take it out"),
        ("a: \xff", "line 1, column 1: `a` is not known in the document; it may have aliases, groups, bundles"),
    ],
)
def test_what_is_no_document(snapshot: Snapshot, text: str, fault: str):
    """What is no list of bundles is told where it begins."""
    assert any(each.startswith(fault) for each in faults(snapshot, text, NAME))


QUOTES = "; a text that begins with * or & stands in quotes"


@pytest.mark.parametrize(
    ("loader", "text", "fault"),
    [
        (
            "CSafeLoader",
            "bundles: [{who: {email: *}}]",
            f"line 1, column 26: it is no YAML: did not find expected alphabetic or numeric character{QUOTES}",
        ),
        (
            "SafeLoader",
            "bundles: [{who: {email: *}}]",
            f"line 1, column 26: it is no YAML: expected alphabetic or numeric character, but found '}}'{QUOTES}",
        ),
        ("CSafeLoader", "bundles: [\n", "line 2, column 1: it is no YAML: "),
        ("SafeLoader", "bundles: [\n", "line 2, column 1: it is no YAML: "),
        (
            "CSafeLoader",
            "bundles:\n\t- x",
            "line 2, column 1: it is no YAML: found character that cannot start any token",
        ),
        (
            "SafeLoader",
            "bundles:\n\t- x",
            "line 2, column 1: it is no YAML: found character '\\t' that cannot start any token",
        ),
    ],
)
def test_what_is_no_yaml(snapshot: Snapshot, monkeypatch, loader: str, text: str, fault: str):
    """What is no YAML is told where it begins, also where PyYAML is without its quick loader."""
    if not hasattr(yaml, loader):
        pytest.skip(f"PyYAML is without {loader} here")
    monkeypatch.setattr(bundles, "_Loader", getattr(yaml, loader))
    [told] = faults(snapshot, text, NAME)
    assert told.startswith(fault)


def test_documents_have_encodings_too(snapshot: Snapshot):
    """A document in another encoding is read when that shows or is told, and refused with its place when not."""
    text = "bundles: [{name: Süd, who: {email: 'y*'}, add: MS}]"
    for encoding in ("utf-8-sig", "utf-16"):
        assert read(snapshot, text.encode(encoding), NAME).notices == [
            "line 1: bundle `Süd` is for nobody in the snapshot"
        ]
    assert read(snapshot, text.encode("cp1252"), NAME, encoding="cp1252").wants == {}
    [fault] = faults(snapshot, text.encode("cp1252"), NAME)
    assert fault.startswith("line 1, column 19: byte 0xFC is no utf-8; ")
    for before in range(6):  # a mark at the beginning is no part of the line
        [fault] = faults(snapshot, b"\xef\xbb\xbf" + b"a" * before + b"\x8f: 1", NAME)
        assert fault.startswith(f"line 1, column {before + 1}: byte 0x8F is no utf-8-sig; ")


@pytest.mark.parametrize(("written", "told"), [("null", 1), ("[]", 0)])
def test_an_extension_that_is_left_open_is_no_bug(snapshot: Snapshot, written: str, told: int):
    """No value where one is awaited is a fault, and an empty list of values says nothing."""
    text = f"bundles: [{{who: {{email: '*'}}, add: MS, calling: {{extension: {written}}}}}]"
    assert len(faults(snapshot, text, NAME)) == told


def test_what_is_too_deep_is_told(snapshot: Snapshot):
    """A document of a million levels is a fault with its place, and does not end the process."""
    [fault] = faults(snapshot, "bundles: " + "[" * 1_000_000, NAME)
    assert fault == "line 1, column 59: it has more than 50 levels, one in another; write it flat"


def test_what_refers_to_itself_ends(snapshot: Snapshot):
    """A document whose nodes contain themselves is refused as any other that is of a wrong kind."""
    assert faults(snapshot, "bundles: &a [*a]", NAME)
    assert faults(snapshot, "bundles: [{who: &w {email: *w}, add: MS}]", NAME)


PLACES = st.sets(st.sampled_from([ADVANCED, ADVANCED_SPACES, SUITE, CONSOLE]))


@given(st.lists(st.tuples(PLACES, PLACES, st.booleans()), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_bundles_add_up_in_any_order(snapshot: Snapshot, bundles: list[tuple[set[int], set[int], bool]]):
    """However bundles are ordered, a person is to have all that they give, or all of them are refused."""

    def outcome(order: list[tuple[set[int], set[int], bool]]) -> object:
        lines = []
        for add, remove, exact in order:
            give = "[" + ", ".join(LICENSES[place].id for place in sorted(add)) + "]"
            take = "[" + ", ".join(LICENSES[place].id for place in sorted(remove - add)) + "]"
            lines.append(
                f"- {{who: {{email: {ONE}}}, " + (f"exact: {give}}}" if exact else f"add: {give}, remove: {take}}}")
            )
        try:
            told = read(snapshot, "bundles:\n" + "\n".join(lines), NAME)
        except DesireFault:
            return None
        return told.wants[ONE].have, told.wants[ONE].lack

    found = outcome(bundles)
    assert found == outcome(bundles[::-1])
    given_ = set().union(*(add for add, _, _ in bundles))
    taken = set().union(*(remove - add for add, remove, exact in bundles if not exact))
    assert (found is None) == bool(given_ & taken)
    if found is not None:
        assert found[0] == sum(1 << place for place in given_)
        assert not found[0] & found[1]

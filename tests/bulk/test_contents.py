"""Contents: finding people in a plan's file, and reading a page of them."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from allot.bulk.files import VERSION, FileFault, Section, Writer
from allot.bulk.planned.changes import Capacity, Change, Guards, Reason, Refusal, Request, State, Summary
from allot.bulk.shown.contents import Alike, Contents
from allot.bulk.shown.tallies import examples, tally
from bulk.planning import ADVANCED, BASIC, LICENSES, PRO, small_plan
from bulk.showing import head, long_plan, shown_plan, write_plan


def contents_of(path: Path) -> Contents:
    contents = Contents(path)
    contents.read()
    return contents


def emails(contents: Contents, text: str = "", **like: object) -> list[str]:
    """Who is found: by a part of the email, and by members of what they have in common."""

    def wanted(alike: Alike) -> bool:
        return all(getattr(alike, name) == value for name, value in like.items())

    return [each.email for each in contents.records(contents.find(text, wanted))]


def test_people_are_found_by_what_tells_them_apart(tmp_path: Path):
    """By a part of the email in any case, by kind, rule, wave, and by what cannot be undone."""
    contents = contents_of(shown_plan(tmp_path).file.path)
    assert len(emails(contents)) == contents.total == contents.done == 15
    assert emails(contents, "B@EXAMPLE") == ["b@example.com"]
    assert emails(contents, "example", wave=1) == ["b@example.com", "c@example.com"]
    assert emails(contents, kind="swapped") == ["b@example.com"]
    assert emails(contents, irreversible=True) == ["a@example.com"]
    assert len(emails(contents, "d1", rule="no-units-left")) == 3
    assert emails(contents, "nobody") == emails(contents, rule="none") == []


def test_licenses_that_are_given_or_taken_are_known(tmp_path: Path):
    """What a record has in common with others names the licenses that change hands, and no others."""
    contents = contents_of(shown_plan(tmp_path).file.path)
    found = contents.find("", lambda alike: PRO in alike.licenses)
    assert [each.email for each in contents.records(found)] == ["a@example.com", "b@example.com"]
    assert not contents.find("", lambda alike: ADVANCED in alike.licenses)


def test_contents_count_as_the_report_does(tmp_path: Path):
    """Waves by kind, and the examples of rules, are those of the report."""
    plan = small_plan(tmp_path)
    contents = contents_of(plan.file.path)
    assert contents.waves == tally(plan, 10).waves
    assert contents.examples == examples(plan, 5)
    assert contents.size > 0


def test_records_are_read_from_the_middle_of_a_long_file(tmp_path: Path):
    """A file of several blocks: each record is where the contents say, changes first."""
    contents = contents_of(long_plan(tmp_path, changes=3_000, refusals=50).file.path)
    changed, refused = contents.records([2_345, 3_049])
    assert isinstance(changed, Change)
    assert isinstance(refused, Refusal)
    assert (changed.number, refused.email) == (2_346, "not49@example.com")
    assert [each.email for each in contents.records(contents.find("person2999@", lambda _: True))] == [
        "person2999@example.com"
    ]


def test_a_file_that_was_replaced_is_not_read(tmp_path: Path):
    """Another file under the same name is another plan: nobody is told its records for those of the first."""
    contents = contents_of(shown_plan(tmp_path).file.path)
    shown_plan(tmp_path)
    with pytest.raises(FileFault, match="was replaced while it was read; begin again"):
        contents.records([0])


class Deep(msgspec.Struct):
    """Nested deeper than anything is read."""

    x: msgspec.Raw = msgspec.Raw(b"[" * 200_000 + b"]" * 200_000)


SUMMARY = Summary(1, 1, 1, 0, 0, 1, 0, [], {})
FAR = len(LICENSES)


@pytest.mark.parametrize(
    ("changes", "refusals"),
    [
        ([Change(1, "p", "a@example.com", State([BASIC]), [], State([FAR]))], []),
        ([Change(1, "p", "a@example.com", State(), [], State(), wave="x")], []),  # type: ignore[arg-type]
        ([], [Refusal("a@example.com", [])]),
        ([], [Reason("rule", "what")]),
        ([], [Deep()]),
    ],
    ids=["license", "wave", "no reason", "no refusal", "nested without end"],
)
def test_a_plan_that_makes_no_sense_is_told_so(tmp_path: Path, changes: list[Change], refusals: list[Refusal]):
    """A file with the right digest and records that no plan has is refused with a sentence."""
    plan = write_plan(tmp_path / "odd.plan", changes, refusals, SUMMARY)
    with pytest.raises(FileFault, match=r"odd\.plan is no plan that this allot reads; make it again"):
        Contents(plan.file.path).read()


def test_a_request_for_a_license_that_is_not_there_is_told_so(tmp_path: Path):
    """A request that names a place beyond the plan's licenses is refused when it is read."""
    change = Change(1, "p", "a@example.com", State([BASIC]), [Request([FAR])], State([BASIC]))
    contents = contents_of(write_plan(tmp_path / "odd.plan", [change], [], SUMMARY).file.path)
    with pytest.raises(FileFault, match=r"odd\.plan is no plan that this allot reads"):
        contents.records([0])


def test_a_change_that_asks_for_nothing_is_told_so(tmp_path: Path):
    """A change without a request can be neither shown nor made."""
    change = Change(1, "p1", "a@example.com", State([BASIC]), [], State([PRO]))
    plan = write_plan(tmp_path / "odd.plan", [change], [], SUMMARY)
    contents = Contents(plan.file.path)
    contents.read()
    with pytest.raises(FileFault, match=r"odd\.plan is no plan that this allot reads"):
        contents.records([0])


@pytest.mark.parametrize(
    ("summary", "guards"),
    [
        (structs.replace(SUMMARY, capacities=[Capacity(FAR, 1, 1, 0, 1)]), Guards()),
        (structs.replace(SUMMARY, capacities=[Capacity(-1, 1, 1, 0, 1)]), Guards()),
        (SUMMARY, Guards(protected_licenses=[FAR])),
    ],
)
def test_a_summary_of_licenses_that_are_not_there_is_told_so(tmp_path: Path, summary: Summary, guards: Guards):
    """Neither units nor guards of a license that the plan does not have are taken."""
    plan = write_plan(tmp_path / "odd.plan", [], [], summary, guards=guards)
    with pytest.raises(FileFault, match=r"odd\.plan is no plan that this allot reads"):
        Contents(plan.file.path).read()


def test_records_beyond_the_end_of_a_file_are_told_so(tmp_path: Path):
    """A file that says that its records are where none are is no endless one."""
    path = tmp_path / "odd.plan"
    named = {"allot": "plan", "version": VERSION} | msgspec.to_builtins(head())
    summary = msgspec.json.encode(SUMMARY) + b"\n"
    lines = msgspec.json.encode(named) + b"\n"
    sections = [Section("changes", 1 << 20, (1 << 20) + 9, 1), Section("summary", len(lines), len(lines + summary), 1)]
    text = lines + summary + msgspec.json.encode({"sections": sections}) + b"\n"
    path.write_bytes(text + msgspec.json.encode({"digest": f"sha256:{hashlib.sha256(text).hexdigest()}"}) + b"\n")
    with pytest.raises(FileFault, match=r"odd\.plan ends before its records do; make it again"):
        Contents(path).read()


def test_a_plan_without_a_summary_is_told_so(tmp_path: Path):
    """A file that is called a plan and has no summary is refused with a sentence."""
    with Writer(tmp_path / "odd.plan", "plan", head()) as writer:
        writer.section("changes")
        writer.close()
    with pytest.raises(FileFault, match="is no plan that this allot reads; make it again"):
        Contents(tmp_path / "odd.plan")

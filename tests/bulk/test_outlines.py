"""Outlines: what a terminal shows of a plan."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from allot.bulk.actual.snapshots import License
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import outlines
from allot.bulk.shown.terminals import console
from bulk.planning import BASIC, LICENSES, MESSAGING, PRO, make_plan, person, small, small_plan, want, write_snapshot
from bulk.showing import long_plan, shown_plan


def printed(show: Callable[[Console], None], *, width: int = 80, terminal: bool = False) -> str:
    """What is printed, to a pipe or to a terminal with colors."""
    out = console(width)
    out.file = io.StringIO()
    if terminal:
        out = Console(
            file=out.file, width=width, markup=False, highlight=False, force_terminal=True, color_system="256"
        )
    show(out)
    return out.file.getvalue()


def summary(plan: Plan, **how: int) -> str:
    return printed(lambda out: outlines.summary(plan, out), **how)


def diff(plan: Plan, most: int | None = None) -> str:
    return printed(lambda out: outlines.diff(plan, out, most))


def test_the_summary_begins_with_whose_plan_it_is_and_its_numbers(tmp_path: Path):
    """First come organization, snapshot, people asked for, changed, unchanged and refused, and the digest."""
    plan = small_plan(tmp_path)
    lines = summary(plan).splitlines()
    assert lines[0] == "Plan for Acme"
    assert "wants.csv against the snapshot of 2026-11-22 09:00 UTC" in lines[1]
    told = plan.summary
    numbers = re.findall(
        r"^ +(\d+)  (asked|to change|cannot be undone|unchanged|refused)", "\n".join(lines), re.MULTILINE
    )
    assert numbers == [
        (str(told.asked), "asked"),
        (str(told.changes), "to change"),
        (str(told.irreversible), "cannot be undone"),
        (str(told.unchanged), "unchanged"),
        (str(told.refused), "refused"),
    ]
    assert f"Digest {plan.digest}" in lines


def test_short_units_broken_guards_and_overage_are_sentences(tmp_path: Path):
    """What stands against a plan is said in words."""
    lines = summary(shown_plan(tmp_path)).splitlines()
    assert "Webex Calling - Professional in Sub-1: 12 short" in lines
    assert "A guard was overridden: 3 people would be changed, and 2 are allowed" in lines
    row = next(line.split() for line in lines if line.startswith("Basic Messaging"))
    assert row[2:] == ["-", "-", "+4", "-"]


def test_refusals_are_counted_by_rule_with_a_few_examples(tmp_path: Path):
    """Of a rule that refuses twelve people, three are named, with their lines and the reason."""
    text = summary(shown_plan(tmp_path), width=200)
    assert re.search(r"^ +12  no-units-left$", text, re.MULTILINE)
    named = "d0@example.com (line 10), d1@example.com (line 11), d2@example.com (line 12)"
    assert f"{named}: Webex Calling - Professional in Sub-1 has no units left: 500 of 500 are used\n" in text
    assert text.endswith(f"and {12 - outlines.EXAMPLES} more\n")


def test_reasons_have_no_ids(tmp_path: Path):
    """The long ids that errors name beside licenses are left out."""
    text = summary(shown_plan(tmp_path), width=200)
    assert "Webex Calling - Professional in Sub-1 has no units left: 500 of 500 are used\n" in text
    assert "Y2lz" not in text


def test_a_plan_without_changes_is_short(tmp_path: Path):
    """Where nothing is asked for there are numbers and the digest, and neither a table nor refusals."""
    text = summary(make_plan(small(tmp_path), {}, tmp_path / "no.plan"))
    assert "0  asked for, of 12 people" in text
    assert "License" not in text
    assert "Refused" not in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_of_the_summary_is_wider_than_the_terminal(tmp_path: Path, width: int):
    """Long names and emails are folded; no line ends in blanks. Only the digest is left whole."""
    lines = (
        summary(shown_plan(tmp_path), width=width).splitlines()
        + summary(small_plan(tmp_path), width=width).splitlines()
    )
    assert all(len(line) <= width for line in lines if not line.startswith("Digest"))
    assert all(line == line.rstrip() for line in lines)


def test_a_diff_says_what_is_added_removed_and_changed(tmp_path: Path):
    """Steps are numbered where there are several; what nobody asked for and what cannot be undone are marked."""
    text = diff(shown_plan(tmp_path))
    assert text.splitlines() == [
        "a@example.com  line 2",
        "  - Webex Calling - Professional in Sub-1",
        "  ~ calling: extension 1001, at Berlin -> none",
        "  ! cannot be undone: number, extension and settings of calling are lost",
        "b@example.com  line 3, 2 requests, one after the other",
        "  1. - Webex Calling - Basic",
        "     + Webex Calling - Professional in Sub-1",
        "  2. + Basic Space Meetings  (not asked for, but needed)",
        "     + Advanced Space Meetings",
        "     + attendee of acme.webex.com",
        "     ~ calling: extension 1001, at Berlin -> +4930901820, extension 1002, at Berlin",
        "c@example.com",
        "  - attendee of acme.webex.com",
    ]


def test_a_diff_of_some_people_says_how_many_are_left(tmp_path: Path):
    """After as many people as are asked for comes how many more there are."""
    plan = long_plan(tmp_path, changes=30, refusals=0)
    assert diff(plan, 10).splitlines()[-1] == "and 20 more; --all shows everybody"
    assert diff(plan, 10).count("@example.com") == 10
    assert "more" not in diff(plan, 30)
    assert diff(plan).count("@example.com") == 30


def test_colors_are_for_terminals_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A pipe gets no escape sequences, a terminal does, and NO_COLOR takes the colors away."""
    plan = small_plan(tmp_path)
    assert "\x1b" not in summary(plan) + diff(plan)
    colored = printed(lambda out: outlines.diff(plan, out, None), terminal=True)
    assert "\x1b[32m" in colored
    monkeypatch.setenv("NO_COLOR", "1")
    plain = printed(lambda out: outlines.diff(plan, out, None), terminal=True)
    assert "\x1b[32m" not in plain
    assert "\x1b[31m" not in plain


def test_names_do_nothing_to_a_terminal(tmp_path: Path):
    """Markup in a name is text, and characters that steer a terminal or turn its direction are shown by number."""
    evil = "[red]x[/red]\x1b[2J\u202egro"
    licenses = [License(LICENSES[PRO].id, f"{evil}:wave:", 500, 488, subscription_id="Sub-1"), *LICENSES[1:]]
    snapshot = write_snapshot(tmp_path / "e.snapshot", [person(1, BASIC, MESSAGING, email=evil)], licenses=licenses)
    plan = make_plan(snapshot, {evil: want(PRO, lack=[BASIC]), "\x07": want(PRO)}, tmp_path / "e.plan")
    text = summary(plan, width=200) + diff(plan)
    assert "[red]x[/red]\\u001b[2J\\u202egro" in text
    assert ":wave:" in text
    assert all(each.isprintable() or each == "\n" for each in text)


def test_text_from_right_to_left_is_shown_as_it_is(tmp_path: Path):
    """Letters of every script are printed; only what is no letter and cannot be seen is not."""
    snapshot = write_snapshot(tmp_path / "r.snapshot", [person(1, BASIC, email="\u05e9\u05dc\u05d5\u05dd@example.com")])
    plan = make_plan(snapshot, {"\u05e9\u05dc\u05d5\u05dd@example.com": want(lack=[BASIC])}, tmp_path / "r.plan")
    assert diff(plan).startswith("\u05e9\u05dc\u05d5\u05dd@example.com\n")


def test_licenses_of_one_name_are_told_apart(tmp_path: Path):
    """A name that several licenses have is shown with its subscription; others are not."""
    text = diff(small_plan(tmp_path))
    assert "Webex Calling - Professional in Sub-1\n" in text
    assert "Webex Calling - Basic\n" in text

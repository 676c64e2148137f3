"""`allot report`: what licenses are used for, from the command line."""

import csv
import json
from pathlib import Path

import pytest

from allot.bulk.desired import readers
from allot.bulk.planned import makings
from bulk.planning import NOW, PRO, person, small, write_snapshot
from servers import rulebook


def test_a_snapshot_is_reported_as_text(allot, tmp_path: Path):
    """Licenses, subscriptions, overage, and what would come back are told."""
    small(tmp_path)
    ran = allot("report", "acme.snapshot")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Licenses of Acme"
    assert "Webex Meetings Suite on acme.webex.com in Sub-2: 40 over its units" in lines
    assert "What 1 person holds is not known; pull with an administrator's token" in lines
    assert "People: 1 active, 3 idle, 2 never active, 6 not known" in lines
    assert "3 people who are idle or never were active hold 3 units that would come back" in lines
    assert "2 of them have calling: without it they lose number, extension and settings" in lines
    assert next(line.split() for line in lines if line.startswith("Sub-2 "))[1:] == ["2,600", "2,330", "40", "1"]
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)


def test_days_decide_who_is_idle(allot, tmp_path: Path):
    """Who was active two days ago is idle when one day is asked for."""
    small(tmp_path)
    assert "People: 0 active, 4 idle" in allot("report", "acme.snapshot", "--inactive", "1").out
    assert "People: 3 active, 1 idle" in allot("report", "acme.snapshot", "--inactive", "400").out


def test_all_forms_are_made_in_one_call(allot, tmp_path: Path):
    """JSON goes to the output and is alone there; the tables and the page go to their files."""
    snapshot = small(tmp_path)
    ran = allot("report", "acme.snapshot", "--json", "--csv", "u.csv", "--html", "u.html", "--reclaim", "r.csv")
    assert ran.code == 0
    assert json.loads(ran.out)["snapshot"] == snapshot.digest
    assert (tmp_path / "u.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with (tmp_path / "u.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(snapshot.licenses)


def test_what_is_reclaimed_is_planned(allot, tmp_path: Path):
    """The table of --reclaim is read as it is, and takes from everybody who is idle what they do not use."""
    snapshot = small(tmp_path)
    assert allot("report", "acme.snapshot", "--reclaim", "r.csv").code == 0
    desired = readers.read(tmp_path / "r.csv", snapshot, rulebook())
    plan = makings.make(snapshot, desired, rulebook(), makings.Options(), tmp_path / "r.plan", NOW)
    found = [change for block in plan.changes() for change in block]
    assert {change.email for change in found} == {f"person{number}@example.com" for number in (2, 7, 11)}
    assert all(set(change.after.licenses) < set(change.before.licenses) for change in found)
    assert not desired.notices


def test_one_license_can_be_reclaimed(allot, tmp_path: Path):
    """A license is named as everywhere; a name that is none, or several, is said with what to write instead."""
    small(tmp_path)
    ran = allot("report", "acme.snapshot", "--license", "Webex Meetings Suite", "--reclaim", "r.csv")
    assert ran.code == 0
    assert (tmp_path / "r.csv").read_text(encoding="utf-8") == (
        "email,remove\nperson11@example.com,Webex Meetings Suite\n"
    )
    ran = allot("report", "acme.snapshot", "--license", "Professional")
    assert ran.code == 1
    assert "`Professional` may be any of 2 licenses" in ran.err


@pytest.mark.parametrize("arguments", [["--inactive", "-1"], ["--inactive", "soon"]])
def test_days_are_a_number(allot, tmp_path: Path, arguments: list[str]):
    """What is no number of days is refused in one sentence."""
    small(tmp_path)
    ran = allot("report", "acme.snapshot", *arguments)
    assert ran.code != 0
    assert ran.err.count("\n") == 1
    assert "--inactive" in ran.err


def test_an_organization_that_uses_everything_has_nothing_to_reclaim(allot, tmp_path: Path):
    """Where everybody is active, nobody is listed."""
    write_snapshot(tmp_path / "busy.snapshot", [person(1, PRO, last_activity=NOW)])
    ran = allot("report", "busy.snapshot", "--reclaim", "r.csv", "--html", "u.html")
    assert "0 people who are idle or never were active hold 0 units" in ran.out
    assert (tmp_path / "r.csv").read_text(encoding="utf-8") == "email,remove\n"
    assert "People who could" not in (tmp_path / "u.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--csv", "--html", "--reclaim"])
def test_a_snapshot_is_not_written_over(allot, tmp_path: Path, option: str):
    """A report that would take the place of its own snapshot is refused before anything is written."""
    before = small(tmp_path).file.path.read_bytes()
    ran = allot("report", "acme.snapshot", option, "acme.snapshot")
    assert ran.code == 1
    assert ran.err == "allot: acme.snapshot is read, or written twice, by this command; name another file\n"
    assert (tmp_path / "acme.snapshot").read_bytes() == before


@pytest.mark.parametrize("option", ["--csv", "--html", "--reclaim"])
def test_only_an_earlier_report_is_replaced(allot, tmp_path: Path, option: str):
    """What is there and was written by hand, or by another option, is kept."""
    small(tmp_path)
    (tmp_path / "bundle.yaml").write_text("bundles: []\n")
    ran = allot("report", "acme.snapshot", option, "bundle.yaml")
    assert (ran.code, "bundle.yaml is there and is nothing that this option wrote" in ran.err) == (1, True)
    assert (tmp_path / "bundle.yaml").read_text() == "bundles: []\n"
    for _ in range(2):
        assert allot("report", "acme.snapshot", option, "new").code == 0

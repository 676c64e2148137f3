"""Exports: plans and usages as JSON and CSV."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import exports
from allot.bulk.shown.usages import Usage
from bulk.planning import MESSAGING, PRO, make_plan, person, small, small_plan, want, write_snapshot
from bulk.showing import long_plan, shown_plan
from servers import PROGRAM, rulebook


def document(plan: Plan) -> Any:
    out = io.BytesIO()
    exports.write_json(plan, out)
    return json.loads(out.getvalue())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(plan: Plan, path: Path) -> list[dict[str, str]]:
    exports.write_csv(plan, path)
    return rows(path)


def test_a_plan_is_one_json_document(tmp_path: Path):
    """Head, digest, summary, every change and every refusal are in it as they are in the file."""
    plan = small_plan(tmp_path)
    found = document(plan)
    lines = [json.loads(line) for line in plan.file.path.read_text(encoding="utf-8").splitlines()]
    assert found["digest"] == plan.digest == lines[-1]["digest"]
    assert found["orgName"] == "Acme"
    assert found["summary"]["changes"] == len(found["changes"]) == plan.summary.changes
    assert found["changes"] + found["refusals"] == [line for line in lines if "email" in line]


def test_a_plan_without_people_is_json_too(tmp_path: Path):
    """Empty lists are lists."""
    found = document(make_plan(small(tmp_path), {}, tmp_path / "no.plan"))
    assert found["changes"] == found["refusals"] == []


def test_a_table_has_a_row_for_each_person(tmp_path: Path):
    """What is added, removed and changed stands in a row, with how many requests it takes and why it is so."""
    found = table(shown_plan(tmp_path), tmp_path / "plan.csv")
    assert tuple(found[0]) == exports.COLUMNS
    first, second, third, *refused = found
    assert (first["email"], first["line"], first["outcome"]) == ("a@example.com", "2", "applied")
    assert first["removes"] == "Webex Calling - Professional in Sub-1"
    assert first["reasons"].startswith("cannot be undone: ")
    assert second["adds"].split("; ")[1:] == [
        "Basic Space Meetings",
        "Advanced Space Meetings",
        "attendee of acme.webex.com",
    ]
    assert second["steps"] == "2"
    assert second["reasons"] == "Basic Space Meetings: not asked for, but needed"
    assert third["removes"] == "attendee of acme.webex.com"
    assert {each["outcome"] for each in refused} == {"refused"}
    assert (
        refused[0]["reasons"]
        == "no-units-left: Webex Calling - Professional in Sub-1 has no units left: 500 of 500 are used"
    )


def test_a_table_has_everybody_whatever_their_number(tmp_path: Path):
    """There are as many rows as there are changes and refusals."""
    found = table(long_plan(tmp_path, changes=7_000, refusals=5_001), tmp_path / "plan.csv")
    assert len(found) == 12_001


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str):
    """A cell that begins as a formula does has a quote before it, in every table."""
    email = f"{start}cmd|' /c calc'!a0@example.com"
    people = [person(1, PRO, MESSAGING, email=email, last_activity=None)]
    snapshot = write_snapshot(tmp_path / "f.snapshot", people)
    plan = make_plan(snapshot, {email: want(lack=[PRO])}, tmp_path / "f.plan")
    assert table(plan, tmp_path / "f.csv")[0]["email"] == f"'{email}"
    exports.write_idle(Usage(snapshot, rulebook(), 90), Catalogue(snapshot, rulebook()), tmp_path / "i.csv")
    assert rows(tmp_path / "i.csv")[0]["email"] == f"'{email}"


@pytest.mark.long
def test_a_long_plan_is_never_in_memory_as_a_whole(tmp_path: Path):
    """Showing a plan of 60,000 people in every form takes little more memory than showing one of ten."""
    peaks = []
    for changes in (10, 60_000):
        plan = long_plan(tmp_path, changes=changes, refusals=1)
        command = [PROGRAM, "show", str(plan.file.path), "--json", "--csv", "plan.csv", "--html", "plan.html"]
        with (tmp_path / "plan.json").open("wb") as out:
            peaks.append(_peak(command, tmp_path, out))
        plan.file.path.unlink()
    with (tmp_path / "plan.json").open("rb") as file:
        assert len(json.load(file)["changes"]) == 60_000
    assert (tmp_path / "plan.csv").read_bytes().count(b"\n") == 60_002
    # As objects they would take some 130 MiB; two blocks of the file, and their text, take less than 60.
    assert peaks[1] - peaks[0] < 80 << 20


def _peak(command: list[str], folder: Path, out: IO[bytes]) -> int:
    """The most memory that a command ever had, in bytes; it must end well."""
    # Of a process of its own: a system may count what started a command, and that is larger here, as the command's.
    starting = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        " print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    )
    started = [sys.executable, "-c", starting, *command]
    ran = subprocess.run(started, cwd=folder, stdout=out, stderr=subprocess.PIPE, text=True, check=True)
    return int(ran.stderr.splitlines()[-1]) * 1024


def test_usage_is_a_table_and_a_document(tmp_path: Path):
    """A row for each license; the document has subscriptions and every idle person besides."""
    usage = Usage(small(tmp_path), rulebook(), 90)
    exports.write_usage(usage, tmp_path / "usage.csv")
    found = rows(tmp_path / "usage.csv")
    assert tuple(found[0]) == exports.USAGE
    assert [found[PRO][each] for each in ("units", "used", "free", "idle", "reclaimable")] == [
        "500",
        "488",
        "12",
        "2",
        "2",
    ]
    assert found[MESSAGING]["units"] == found[MESSAGING]["free"] == ""
    out = io.BytesIO()
    exports.write_usage_json(usage, out)
    told = json.loads(out.getvalue())
    assert told["people"] == {"active": 1, "idle": 3, "never": 2, "unknown": 6}
    assert [each["email"] for each in told["idle"]] == [f"person{number}@example.com" for number in (2, 7, 11)]
    assert told["licenses"][PRO]["reclaimable"] == 2

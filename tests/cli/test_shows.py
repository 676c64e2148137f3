"""`allot show`: a plan in every form, from the command line."""

import csv
import json
import subprocess
from pathlib import Path

import pytest

from allot.cli.shows import SHOWN
from bulk.planning import small_plan
from bulk.showing import long_plan
from servers import PROGRAM


def test_a_plan_is_shown_as_a_summary(allot, tmp_path: Path):
    """Without options there are the numbers, and nothing about single people who change."""
    plan = small_plan(tmp_path)
    ran = allot("show", "acme.plan")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Plan for Acme\n")
    assert f"{plan.summary.changes}  to change" in ran.out
    assert "person1@example.com" not in ran.out


def test_a_diff_shows_people(allot, tmp_path: Path):
    """With --diff the first people follow, with --all everybody."""
    long_plan(tmp_path, changes=SHOWN + 5, refusals=0)
    some, everybody = allot("show", "long.plan", "--diff"), allot("show", "long.plan", "--diff", "--all")
    assert some.out.count("@example.com") == SHOWN
    assert some.out.endswith("and 5 more; --all shows everybody\n")
    assert everybody.out.count("@example.com") == SHOWN + 5


def test_all_forms_are_made_in_one_call(allot, tmp_path: Path):
    """JSON goes to the output and is alone there, CSV and HTML to their files."""
    plan = small_plan(tmp_path)
    ran = allot("show", "acme.plan", "--json", "--csv", "plan.csv", "--html", "plan.html")
    assert ran.code == 0
    assert json.loads(ran.out)["digest"] == plan.digest
    with (tmp_path / "plan.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 1 + plan.summary.changes + plan.summary.refused
    assert (tmp_path / "plan.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_is_no_plan_is_said_in_one_sentence(allot, tmp_path: Path):
    """A plan that was edited, a snapshot, and a file that is away each have their sentence, and the exit code is 1."""
    plan = small_plan(tmp_path)
    edited = plan.file.path.read_bytes().replace(b"person1@", b"person2@", 1)
    (tmp_path / "edited.plan").write_bytes(edited)
    for file, said in (
        ("edited.plan", "edited.plan was changed after it was made: its digest does not fit; make it again"),
        ("acme.snapshot", "acme.snapshot is no plan of allot; name one that `allot` wrote"),
        ("away.plan", "away.plan cannot be used: No such file or directory; name another file or folder"),
    ):
        ran = allot("show", file)
        assert (ran.code, ran.out, ran.err) == (1, "", f"allot: {said}\n")


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_only_what_it_wrote_before_is_replaced(allot, tmp_path: Path, option: str):
    """An older table or page gives way, and so does an empty file; a journal, a plan, anything else is kept."""
    small_plan(tmp_path)
    (tmp_path / "new").touch()
    for _ in range(2):
        assert allot("show", "acme.plan", option, "new").code == 0
    (tmp_path / "acme.plan.journal").write_text('{"allot":"journal"}\n')
    (tmp_path / "big.db").write_bytes(b"SQLite format 3\0\xff\x10")
    (tmp_path / "mine.csv").write_text("email,remove\n")
    for name in ("acme.plan.journal", "big.db", "mine.csv", "acme.snapshot"):
        before = (tmp_path / name).read_bytes()
        ran = allot("show", "acme.plan", option, name)
        said = f"allot: {name} is there and is nothing that this option wrote; name another file\n"
        assert (ran.code, ran.out, ran.err) == (1, "", said)
        assert (tmp_path / name).read_bytes() == before


def test_a_folder_that_is_away_is_said_in_one_sentence(allot, tmp_path: Path):
    """Where a table or a page cannot be written, the sentence names it."""
    small_plan(tmp_path)
    for option in ("--csv", "--html"):
        ran = allot("show", "acme.plan", option, "away/file")
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert "away/file cannot be used: No such file or directory" in ran.err


@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_a_full_disk_is_no_bug_of_ours(allot, tmp_path: Path, option: str):
    """Where there is no room for a table or a page, one sentence says so."""
    small_plan(tmp_path)
    ran = allot("show", "acme.plan", option, "/dev/full")
    assert ran.code == 1
    assert ran.err == (
        "allot: the output cannot be written: No space left on device; make room, or write it elsewhere\n"
    )


def test_whoever_has_seen_enough_may_go(tmp_path: Path):
    """A pipe that is closed early ends the command without a traceback."""
    long_plan(tmp_path, changes=20_000, refusals=0)
    for options in (["--json"], ["--diff", "--all"]):
        command = [PROGRAM, "show", "long.plan", *options]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shown:
            assert shown.stdout is not None
            assert shown.stderr is not None
            shown.stdout.read(100)
            shown.stdout.close()
            assert shown.stderr.read() == b""
        assert shown.returncode == 1


def test_the_digest_alone_is_printed_for_scripts(allot, tmp_path: Path):
    """With --digest there is nothing but the digest of the file."""
    plan = small_plan(tmp_path)
    assert allot("show", "acme.plan", "--digest").out == f"{plan.digest}\n"


@pytest.mark.parametrize("more", [["--csv", "d.csv"], ["--html", "d.html"], ["--json"], ["--diff"]])
def test_a_digest_stands_alone(allot, tmp_path: Path, more: list[str]):
    """Nothing else is shown with it, and what was asked for besides is not left out without a word."""
    small_plan(tmp_path)
    ran = allot("show", "acme.plan", "--digest", *more)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("allot: --digest prints nothing else; leave out the other options")
    assert not list(tmp_path.glob("d.*"))

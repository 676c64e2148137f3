"""`allot plan`: what it says, what it writes, and how it leaves."""

import json
from pathlib import Path

import pytest

from allot.bulk.planned.plans import Plan
from bulk.planning import small

TABLE = (
    "email,add,remove\nperson4@example.com,Advanced Messaging,\nperson1@example.com,Professional in Sub-1,Standard\n"
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return small(tmp_path).file.path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "wants.csv"
    path.write_text(TABLE)
    return path


def test_changes_leave_with_2_and_say_what_to_type_next(allot, snapshot: Path, table: Path):
    """A plan stands beside its snapshot; the digest to approve ends the output."""
    ran = allot("plan", str(snapshot), str(table))
    plan = Plan(snapshot.with_suffix(".plan"))
    assert ran.code == 2
    assert plan.summary.changes == 2
    assert plan.head.source == str(table)
    assert f"with the digest {plan.digest}" in ran.out
    last = ran.out.splitlines()[-1]
    assert last == f"Apply it:     allot apply {plan.file.path} --approve {plan.digest.removeprefix('sha256:')[:12]}"


def test_nothing_to_do_leaves_with_0(allot, snapshot: Path):
    """Whoever has all that is desired needs no change."""
    ran = allot("plan", str(snapshot), "--who", "person1@example.com", "--add", "Standard")
    assert ran.code == 0
    assert ran.out.endswith("There is nothing to do\n")


def test_refusals_alone_leave_with_1(allot, snapshot: Path):
    """When nothing that is desired can be done, that is a fault."""
    ran = allot("plan", str(snapshot), "--who", "person6@example.com", "--add", "Advanced Messaging")
    assert ran.code == 1
    assert "unknown-licenses" in ran.out
    assert "Nothing of it can be done" in ran.out


def test_a_broken_guard_leaves_with_1_until_it_is_forced(allot, snapshot: Path, table: Path):
    """The plan is written so that it can be looked at, and says that it needs force."""
    arguments = ("plan", str(snapshot), str(table), "--max-changes", "1")
    ran = allot(*arguments)
    assert ran.code == 1
    assert "it changes 2 people, and --max-changes allows 1" in " ".join(ran.out.split())
    assert Plan(snapshot.with_suffix(".plan")).held_back
    forced = allot(*arguments, "--force")
    assert forced.code == 2
    assert "in the place of an older plan" in forced.out
    assert not Plan(snapshot.with_suffix(".plan")).held_back


def test_protected_licenses_are_called_by_name(allot, snapshot: Path, table: Path):
    """People and licenses that are protected stay as they are."""
    ran = allot(
        *("plan", str(snapshot), str(table), "--protect-license", "Advanced Messaging", "--protect", "person1@*")
    )
    assert ran.code == 1
    assert "protected-license" in ran.out
    assert "protected-person" in ran.out


def test_json_is_all_that_is_on_the_output(allot, snapshot: Path, table: Path, tmp_path: Path):
    """--json prints one document; what is said besides goes to stderr. The other forms are files."""
    page, rows = tmp_path / "plan.html", tmp_path / "plan.csv"
    ran = allot("plan", str(snapshot), str(table), "--json", "--html", str(page), "--csv", str(rows))
    assert ran.code == 2
    assert len(json.loads(ran.out)["changes"]) == 2
    assert "Apply it:" in ran.err
    assert page.read_text().startswith("<!doctype html>")
    assert "person4@example.com" in rows.read_text()


def test_names_of_the_users_own_are_understood(allot, snapshot: Path, tmp_path: Path):
    """--alias gives a license another name, in a file and in options."""
    ran = allot(
        "plan", str(snapshot), "--who", "person4@example.com", "--add", "chat", "--alias", "chat=Advanced Messaging"
    )
    assert ran.code == 2


def test_who_protects_nobody_is_told(allot, snapshot: Path, table: Path):
    """An email that is misspelled guards nobody: it is said, and what does guard somebody is not."""
    ran = allot("plan", str(snapshot), str(table), "--protect", "person1@*", "--protect", "person2@exmaple.com")
    assert ran.err == "--protect person2@exmaple.com protects nobody: no email of the snapshot is like it\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a file with what is desired, or say it with --who"),
        (("wants.csv", "--who", "person1@example.com"), "not both"),
        (("wants.csv", "--alias", "chat"), "--alias chat must be NAME=LICENSE"),
        (
            ("wants.csv", "--alias", "x=MS", "--alias", " x = CF"),
            "--alias x is there twice, for MS and for CF; keep one",
        ),
        (
            ("wants.csv", "--alias", "x=MS", "--alias", "X=CF"),
            "--alias, column X: the alias `X` is given twice, and for",
        ),
        (("wants.csv", "--max-removals", "101"), "--max-removals is 101, must be a part in per cent: 0 to 100"),
        (("wants.csv", "--max-changes", "-1"), "--max-changes is -1, must be 0 or more"),
        (("wants.csv", "--protect-license", "Advanced Massaging"), "no license `Advanced Massaging`"),
        (("gone.csv",), "gone.csv cannot be used: No such file"),
        (("wants.csv", "-o", "bad.csv"), "bad.csv is there and is no plan"),
        (("wants.csv", "-o", "wants.csv"), "wants.csv is read, or written twice, by this command; name another file"),
        (("wants.csv", "--csv", "./wants.csv"), "wants.csv is read, or written twice, by this command"),
        (("wants.csv", "--csv", "x", "--html", "x"), "x is read, or written twice, by this command"),
        (("wants.csv", "-o", "gone/x.plan"), "allot: gone/x.plan cannot be used: No such file"),
        (("bad.csv",), "line 2, column add: the organization has no license `Gold`"),
        (("evil.csv",), "evil.csv, line 2, column email: `\\u001b[2jx` is no email"),
    ],
)
def test_what_cannot_be_planned_leaves_with_1_and_writes_nothing(
    allot, snapshot: Path, table: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
):
    """Every fault is a sentence, and no plan is made."""
    monkeypatch.chdir(snapshot.parent)
    Path("bad.csv").write_text("email,add\nperson1@example.com,Gold\n")
    Path("evil.csv").write_text("email,add\n\x1b[2Jx,MS\n")
    ran = allot("plan", snapshot.name, *arguments)
    assert ran.code == 1
    assert said in ran.err
    assert not snapshot.with_suffix(".plan").exists()


def test_a_plan_that_was_applied_is_not_replaced(allot, snapshot: Path, table: Path):
    """The journal of a plan needs that very plan, for going on and for rolling back."""
    journal = snapshot.with_name("acme.plan.journal")
    journal.write_text("")
    ran = allot("plan", str(snapshot), str(table))
    assert ran.code == 1
    assert f"{journal} belongs to it; name another file with -o" in ran.err


def test_an_edited_snapshot_is_refused(allot, snapshot: Path, table: Path):
    """A snapshot that was changed by hand is none."""
    snapshot.chmod(0o644)
    snapshot.write_bytes(snapshot.read_bytes().replace(b"person4@", b"person5@"))
    ran = allot("plan", str(snapshot), str(table))
    assert ran.code == 1
    assert "was changed after it was made" in ran.err

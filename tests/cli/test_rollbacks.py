"""`allot rollback` as a user calls it: what it prints, what it writes, and its exit codes."""

import os
from datetime import datetime
from pathlib import Path

from allot.bulk.actual.snapshots import Calling
from allot.bulk.applied.journals import DONE, STALE, Entry, Journal
from allot.bulk.planned.plans import Plan
from bulk.planning import BERLIN, MESSAGING, NOW, PRO, make_plan, person, want, write_snapshot

ADDRESS = "http://127.0.0.1:8080/v1"


def plan_of(folder: Path, people: int, *, done: int) -> Plan:
    """A plan that takes Professional from people, and the journal of `NOW` of applying it, done with the first ones."""
    persons = [person(number, PRO, MESSAGING) for number in range(people)]
    snapshot = write_snapshot(folder / "acme.snapshot", persons)
    plan = make_plan(snapshot, {each.email: want(lack=[PRO]) for each in persons}, folder / "acme.plan")
    with Journal(folder / "acme.plan.journal", plan.digest, ADDRESS) as journal:
        for number in range(1, people + 1):
            journal.write(Entry(number, DONE if number <= done else STALE))
    date(folder, NOW)
    return plan


def date(folder: Path, at: str) -> None:
    """Have the journal written at a time."""
    seconds = datetime.fromisoformat(at).timestamp()
    os.utime(folder / "acme.plan.journal", (seconds, seconds))


def test_a_rollback_is_a_plan(allot, tmp_path: Path):
    """It stands beside the other, leaves with 2, is told with its digest, and can be shown; losses are named."""
    plan_of(tmp_path, 25, done=22)
    ran = allot("rollback", str(tmp_path / "acme.plan"))
    assert (ran.code, ran.err) == (2, "")
    path = tmp_path / "acme.rollback.plan"
    lines = ran.out.splitlines()
    assert lines[:2] == [
        "The journal tells of 22 changes that were made.",
        "22 can be undone, 0 are undone already, 0 cannot be.",
    ]
    assert lines[3] == "Lost for good, whatever comes back:"
    assert lines[-3:] == ["  and 2 more; --all names everybody", f"{path}: 22 requests", Plan(path).digest]
    everybody = allot("rollback", str(tmp_path / "acme.plan"), "--all", "-o", str(tmp_path / "other.plan"))
    assert everybody.out.count("lost for good") == 22
    assert "22" in allot("show", str(tmp_path / "other.plan")).out


def test_nothing_to_undo_leaves_with_0(allot, tmp_path: Path):
    """A journal without a change that was made undoes nothing."""
    plan_of(tmp_path, 1, done=0)
    ran = allot("rollback", str(tmp_path / "acme.plan"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("The journal tells of 0 changes that were made.")


def test_a_snapshot_of_now_tells_who_changed_since(allot, tmp_path: Path):
    """Whoever has something else meanwhile is left, and it is said why."""
    plan_of(tmp_path, 2, done=2)
    now = [person(0, MESSAGING, calling=None), person(1, calling=None)]
    write_snapshot(tmp_path / "now.snapshot", now)
    ran = allot("rollback", str(tmp_path / "acme.plan"), "--snapshot", str(tmp_path / "now.snapshot"))
    assert ran.code == 2
    assert "1 can be undone, 0 are undone already, 0 cannot be." in ran.out
    assert "person1@example.com: changed since the plan was applied: has no Basic Messaging" in ran.out


def test_a_snapshot_from_before_the_end_of_the_apply_is_refused(allot, tmp_path: Path):
    """By one that was pulled between plan and apply all would seem undone: it says to pull again, and plans nothing."""
    plan_of(tmp_path, 1, done=1)
    write_snapshot(tmp_path / "now.snapshot", [person(0, PRO, MESSAGING)])
    date(tmp_path, "2026-11-22T09:00:00.001Z")
    ran = allot("rollback", str(tmp_path / "acme.plan"), "--snapshot", str(tmp_path / "now.snapshot"))
    assert (ran.code, "now.snapshot is older than the apply" in ran.err, "pull again" in ran.err) == (1, True, True)
    assert not (tmp_path / "acme.rollback.plan").exists()


def test_an_apply_that_was_killed_may_have_changed_more_than_its_journal_tells(allot, tmp_path: Path):
    """Changes without a line are counted, with what to do; a snapshot of now tells which of them are in force."""
    plan_of(tmp_path, 4, done=1)
    journal = tmp_path / "acme.plan.journal"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
    date(tmp_path, NOW)
    ran = allot("rollback", str(tmp_path / "acme.plan"))
    unknown = ran.out.splitlines()[1]
    assert unknown.startswith("It has no line of 3 changes of the plan. If the apply was killed, some may be made")
    assert unknown.endswith("run it to its end first, or pull and name the snapshot with --snapshot.")
    taken = [person(number, MESSAGING, calling=None) for number in range(3)]
    write_snapshot(tmp_path / "now.snapshot", [*taken, person(3, PRO, MESSAGING)])
    ran = allot("rollback", str(tmp_path / "acme.plan"), "--snapshot", str(tmp_path / "now.snapshot"))
    assert ran.out.splitlines()[:3] == [
        "The journal tells of 1 change that was made.",
        "In force without a line in it, and undone, too: 2 changes.",
        "3 can be undone, 0 are undone already, 0 cannot be.",
    ]


def test_who_cannot_be_undone_is_told_in_names(allot, tmp_path: Path):
    """Why is said by the names of licenses, without the ids that programs call them by."""
    plan_of(tmp_path, 1, done=1)
    taken = person(1, PRO, calling=Calling(BERLIN, None, "1000"))
    write_snapshot(tmp_path / "now.snapshot", [person(0, MESSAGING, calling=None), taken])
    ran = allot("rollback", str(tmp_path / "acme.plan"), "--snapshot", str(tmp_path / "now.snapshot"))
    assert "person0@example.com: Extension 1000 for Webex Calling - Professional in Sub-1 is already in use" in ran.out


def test_a_plan_is_not_overwritten_by_its_rollback(allot, tmp_path: Path):
    """Nor is the snapshot, or a rollback that was applied: what was there is needed still."""
    plan = plan_of(tmp_path, 1, done=1)
    for name in ("acme.plan", "acme.snapshot"):
        where = ("--snapshot", str(tmp_path / "acme.snapshot"), "-o", str(tmp_path / name))
        ran = allot("rollback", str(tmp_path / "acme.plan"), *where)
        assert (ran.code, "name another file" in ran.err) == (1, True)
    assert Plan(tmp_path / "acme.plan").digest == plan.digest
    for code in (2, 2):
        assert allot("rollback", str(tmp_path / "acme.plan")).code == code
    (tmp_path / "acme.rollback.plan.journal").touch()
    ran = allot("rollback", str(tmp_path / "acme.plan"))
    assert (ran.code, "acme.rollback.plan was applied" in ran.err) == (1, True)


def test_without_a_journal_there_is_no_rollback(allot, tmp_path: Path):
    """A plan that was not applied from here, or the journal of another plan, gets its sentence."""
    plan_of(tmp_path, 1, done=1)
    (tmp_path / "acme.plan.journal").rename(tmp_path / "moved")
    ran = allot("rollback", str(tmp_path / "acme.plan"))
    assert (ran.code, ran.out) == (1, "")
    assert "there is no journal" in ran.err
    assert allot("rollback", str(tmp_path / "acme.plan"), "--journal", str(tmp_path / "moved")).code == 2
    (tmp_path / "other").mkdir()
    plan_of(tmp_path / "other", 2, done=1)
    other = allot("rollback", str(tmp_path / "acme.plan"), "--journal", str(tmp_path / "other" / "acme.plan.journal"))
    assert (other.code, "is the journal of another plan" in other.err) == (1, True)

"""`allot rehearse` as a user calls it: what it prints, its exit codes, and that it leaves nothing behind."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from allot.bulk.actual.snapshots import Calling
from allot.bulk.planned.plans import Plan
from bulk.planning import ADVANCED, BERLIN, MESSAGING, PRO, make_plan, person, small_plan, want, write_snapshot
from bulk.rehearsing import without
from servers import PROGRAM, SECONDS


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan with its snapshot beside it."""
    return small_plan(tmp_path)


def nothing_left(folder: Path) -> bool:
    """Whether neither a twin nor its folder is there."""
    return not list(folder.glob("allot-twin-*")) and not twins(folder)


def twins(folder: Path) -> list[psutil.Process]:
    """The processes that serve a twin of this folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "allot.cli.twins" in line and any(str(folder) in each for each in line):
            found.append(process)
    return found


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def started(tmp_path: Path):
    """Starts a rehearsal of some thousand people, and waits until its twin is there, or until it serves."""
    people = [person(number, MESSAGING) for number in range(3_000)]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people)
    make_plan(snapshot, {each.email: want(lack=[MESSAGING]) for each in people}, tmp_path / "acme.plan")
    folder = tmp_path / "temporary"
    folder.mkdir()
    running = []

    def start(*, serves: bool = True) -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(
            [PROGRAM, "rehearse", str(tmp_path / "acme.plan")],
            env=os.environ | {"TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        wait_until(lambda: list(folder.glob("allot-twin-*/journal")) if serves else twins(folder))
        return process, folder

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_a_rehearsal_says_what_it_came_to(allot, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As predicted it leaves with 0; the snapshot is found beside the plan; nothing is left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ran = allot("rehearse", str(plan.file.path))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        f"{plan.summary.changes} of {plan.summary.changes} changes came out as planned.",
        "1 of 1 refused people were refused as predicted.",
        "2 refused people could not be rehearsed: allot itself refuses.",
    ]
    assert nothing_left(tmp_path)


def test_differences_leave_with_1(allot, plan: Plan, tmp_path: Path):
    """By other rules the plan comes out otherwise; as JSON it is all there, and the other rulebook is told."""
    text = without("attendant-needs-professional").replace('version = "', 'version = "next ')
    (tmp_path / "other.toml").write_text(text)
    flags = ("--rulebook", str(tmp_path / "other.toml"), "--snapshot", str(tmp_path / "acme.snapshot"))
    ran = allot("rehearse", str(plan.file.path), *flags, "--json")
    assert (ran.code, ran.err) == (1, "")
    told = json.loads(ran.out)
    assert [each["email"] for each in told["differences"]] == ["person5@example.com"]
    assert (told["refused"], told["refusals"], told["unsent"]) == (0, 1, 2)
    assert told["notices"][0].startswith("the plan was made with the rulebook webex 20")


def test_a_rehearsal_does_nothing_to_the_terminal(allot, tmp_path: Path):
    """What notices and differences quote of the organization is shown by numbers where it cannot be printed."""
    odd = person(1, PRO, MESSAGING, calling=Calling(BERLIN, "\x1b[2J\x9b1m", "1001"))
    snapshot = write_snapshot(tmp_path / "acme.snapshot", [odd])
    make_plan(snapshot, {odd.email: want(ADVANCED)}, tmp_path / "acme.plan")
    ran = allot("rehearse", "acme.plan")
    assert ran.out.count(r"\u001b[2J\u009b1m") == 2
    assert (ran.out.replace("\n", "").isprintable(), ran.err) == (True, "")


def test_another_snapshot_is_refused(allot, plan: Plan, tmp_path: Path):
    """A snapshot that the plan was not made of gets a sentence, before anything is started."""
    other = write_snapshot(tmp_path / "other.snapshot", [person(1, PRO)])
    ran = allot("rehearse", str(plan.file.path), "--snapshot", str(other.file.path))
    assert (ran.code, ran.out) == (1, "")
    assert "other.snapshot" in ran.err
    assert "name that one, or plan again of this one, a rollback with --snapshot" in ran.err


def test_a_twin_that_cannot_be_imported_is_told(allot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What no import takes ends in the import's own sentence, and nothing is left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    people = [person(1, MESSAGING, email="nobody"), person(2, MESSAGING)]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people)
    make_plan(snapshot, {each.email: want(lack=[MESSAGING]) for each in people}, tmp_path / "acme.plan")
    ran = allot("rehearse", str(tmp_path / "acme.plan"))
    assert ran.code == 1
    assert ran.err.splitlines()[0] == "allot: the twin ended with the exit code 1; rehearse again"
    assert "people[0].email: `nobody` is no email address" in ran.err
    assert nothing_left(tmp_path)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGKILL]
)
def test_nothing_outlives_the_command(started: Callable[[], tuple[subprocess.Popen[str], Path]], number: int):
    """Stopped by Ctrl+C, ended or killed: the twin ends, too, and its folder goes."""
    process, folder = started()
    assert twins(folder)
    process.send_signal(number)
    process.communicate(timeout=SECONDS)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    wait_until(lambda: nothing_left(folder))


def test_nothing_outlives_a_command_that_is_killed_at_once(started):
    """Also a twin that had no time to begin is gone, and its folder with it."""
    process, folder = started(serves=False)
    process.kill()
    process.communicate(timeout=SECONDS)
    wait_until(lambda: nothing_left(folder))


def test_a_twin_that_is_killed_is_told(started: Callable[[], tuple[subprocess.Popen[str], Path]]):
    """Whoever kills the twin gets a sentence at once, and the folder goes."""
    process, folder = started()
    [twin] = twins(folder)
    twin.kill()
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "allot: the twin was killed (SIGKILL); rehearse again" in said
    assert nothing_left(folder)


def test_a_twin_without_room_is_told(started: Callable[[], tuple[subprocess.Popen[str], Path]]):
    """When its disk is full it is not asked again and again: it is said where that is, and how to name another one.

    A limit on the size of files stands for the full disk.
    """
    process, folder = started()
    [twin] = twins(folder)
    resource.prlimit(twin.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert f"allot: the twin cannot be written to {folder} (as it says); make room there when it is full" in said
    assert "name another folder with TMPDIR\n" in said
    assert "changes cannot be written: " in said
    assert nothing_left(folder)


@pytest.mark.parametrize("size", [1 << 10, 1 << 15])
def test_a_twin_that_finds_no_room_is_told(plan: Plan, tmp_path: Path, size: int):
    """Neither for what it is made of, nor for its database: the same is said, and nothing is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    # Coverage is not measured there: it would find no room either, and say so last.
    told = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run(
        ["prlimit", f"--fsize={size}", PROGRAM, "rehearse", str(plan.file.path)],
        env=told | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 1
    assert f"the twin cannot be written to {folder} (" in ran.stderr
    assert "name another folder with TMPDIR" in ran.stderr
    assert nothing_left(folder)

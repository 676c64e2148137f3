"""`allot apply`: what is approved and nothing else, and what is said of it."""

import csv
import os
import pty
import re
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

import proxies
from allot.bulk.applied.journals import BEGUN, DONE, FAILED, SENT, STALE, Entry, Journal
from allot.bulk.planned.changes import Guards
from allot.bulk.planned.plans import Plan
from bulk.applying import (
    ADVANCED,
    MESSAGING,
    PROFESSIONAL,
    STANDARD,
    UPGRADE,
    Company,
    document,
    email,
    found,
    holdings,
    plan_all,
    plan_each,
)
from bulk.planning import want
from databases import Maker
from proxies import Proxy
from servers import PROGRAM, SECONDS, Server


@pytest.fixture(scope="module")
def server(sqlite: Maker) -> Iterator[Server]:
    """One server; each test has a company of its own."""
    with sqlite.lent() as url, Server(url) as running:
        yield running


@pytest.fixture
def company(server: Server) -> Company:
    return found(server, document(20))


def flags(plan: Plan, company: Company, *more: str, address: str = "") -> tuple[str, ...]:
    """A call that applies a plan."""
    approved = ("--approve", plan.digest.removeprefix("sha256:")[:12])
    return ("apply", "acme.plan", "--url", address or company.address, "--token", company.token, *approved, *more)


# ---------------------------------------------------------------- in this process


def test_an_approved_plan_is_applied(allot, company: Company, tmp_path: Path):
    """Everybody is as planned: 0, and it says how many; called again, it says that nothing was left."""
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    ran = allot(*flags(plan, company))
    assert (ran.code, ran.out) == (0, "10 of 10 changes are done and read back\n")
    ran = allot(*flags(plan, company))
    assert (ran.code, ran.err) == (0, "going on: 10 of 10 changes were done before\n")
    assert ran.out.splitlines() == [
        "10 of 10 changes are done and read back; 10 of them by an earlier run, and not looked at again",
        "nothing was left to send; acme.plan.journal tells of it. Pull and plan again to see who was changed since",
    ]


def test_only_an_approved_plan_is_applied(allot, company: Company, tmp_path: Path):
    """Without its digest, with too little of it, or with another one nothing is sent."""
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    digest = plan.digest.removeprefix("sha256:")
    where = ("--url", company.address, "--token", company.token)
    ran = allot("apply", "acme.plan", *where)
    assert (ran.code, ran.err.endswith(f"then say --approve {digest[:12]}\n")) == (1, True)
    for wrong in (digest[:11], "0" * 12, digest + "0", "ä" * 12):
        ran = allot("apply", "acme.plan", *where, "--approve", wrong)
        assert (ran.code, f"is not the digest of this plan, which is {plan.digest}" in ran.err) == (1, True)
    assert holdings(company, tmp_path)["person0@example.com"][0][0] == STANDARD
    assert allot("apply", "acme.plan", *where, "--approve", f"SHA256:{digest.upper()}").code == 0


def test_an_edited_plan_is_refused(allot, company: Company, tmp_path: Path):
    """One byte that was changed by hand, and the digest does not fit."""
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    plan.file.path.chmod(0o644)
    plan.file.path.write_bytes(plan.file.path.read_bytes().replace(b"person1@", b"person9@"))
    ran = allot(*flags(plan, company))
    assert (ran.code, ran.err.startswith("allot: acme.plan was changed after it was made")) == (1, True)


def test_a_broken_guard_must_have_been_forced(allot, company: Company, tmp_path: Path):
    """A plan that breaks a guard is refused, and one that was forced is not."""
    plan = plan_all(company, tmp_path, range(3), UPGRADE, guards=Guards(max_changes=2))
    ran = allot(*flags(plan, company))
    assert (ran.code, "breaks a guard" in ran.err, "--force" in ran.err) == (1, True, True)
    plan.file.path.unlink()
    plan = plan_all(company, tmp_path, range(3), UPGRADE, guards=Guards(max_changes=2), force=True)
    assert allot(*flags(plan, company)).code == 0


def test_a_plan_is_for_one_organization(allot, server: Server, company: Company, tmp_path: Path):
    """With a token of another organization, or where a license is gone, nothing is sent."""
    plan = plan_all(company, tmp_path, range(3), UPGRADE)
    other = found(server, document(3))
    ran = allot(*flags(plan, other))
    assert (ran.code, ran.err.startswith("allot: acme.plan is for Acme (")) == (1, True)
    assert allot(*flags(plan, other, "--org", "Acme")).code == 1
    ran = allot(*flags(plan, company, "--org", other.org_id))
    assert (ran.code, "answers 40" in ran.err) == (1, True)
    server.run("UPDATE licenses SET license_id = 'new' WHERE offer = 'BCSTD' AND org_id = $1", company.org_id)
    ran = allot(*flags(plan, company))
    assert ran.err == "allot: Acme has no license Webex Calling - Professional any more; pull and plan again\n"
    assert not (tmp_path / "acme.plan.journal").exists()


def test_a_second_organization_takes_the_same_plan(allot, server: Server, tmp_path: Path, sqlite: Maker):
    """Freshly imported elsewhere, the organization takes the plan that was made for the first; each has its journal."""
    text = document(20)
    company = found(server, text)
    plan = plan_all(company, tmp_path, range(20), UPGRADE)
    assert allot(*flags(plan, company)).code == 0
    with sqlite.lent() as url, Server(url) as elsewhere:
        second = found(elsewhere, text)
        ran = allot(*flags(plan, second))
        assert (ran.code, "name another one with --journal" in ran.err) == (1, True)
        ran = allot(*flags(plan, second, "--journal", "second.journal"))
        assert (ran.code, ran.out) == (0, "20 of 20 changes are done and read back\n")
        assert holdings(second, tmp_path) == holdings(company, tmp_path)


def test_rate_limits_are_kept(allot, sqlite_url: str, tmp_path: Path):
    """A server that takes so many requests a second gets no more, and everybody is as planned."""
    with Server(sqlite_url, rate_limit=100.0, rate_burst=20) as server:
        company = found(server, document(60))
        plan = plan_all(company, tmp_path, range(60), UPGRADE)
        assert allot(*flags(plan, company)).out == "60 of 60 changes are done and read back\n"


def test_nothing_to_do_is_said(allot, company: Company, tmp_path: Path):
    """A plan without changes needs no approval; the table can be had all the same."""
    plan_all(company, tmp_path, range(2), want(STANDARD))
    ran = allot("apply", "acme.plan", "--url", company.address, "--token", "x", "--results", "results.csv")
    said = "nothing to do: the plan has no changes\nwhat became of everybody is in results.csv\n"
    assert (ran.code, ran.out) == (0, said)
    assert (tmp_path / "results.csv").read_text() == "email,outcome,reason,tracking id\n"


def test_what_failed_is_told_by_class(allot, server: Server, company: Company, tmp_path: Path):
    """Failures are counted by what they are, each with an example, and the exit code is 1."""
    server.run("UPDATE licenses SET total_units = 3 WHERE offer = 'MS' AND org_id = $1", company.org_id)
    plan = plan_all(company, tmp_path, range(5), want(ADVANCED), overage=True)
    server.run("DELETE FROM holdings WHERE person_id = $1", company.person_id(1))
    ran = allot(*flags(plan, company, "--workers", "1"))
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0] == "3 of 5 changes are done and read back"
    assert lines[1] == "1 refused"
    assert re.fullmatch(r"  person4@example\.com: .*has no units left.* \(400\)", lines[2])
    assert "(Y2lz" not in lines[2]  # licenses are named, not told by their ids
    assert lines[3] == "1 changed since the snapshot, and left as they are"
    assert lines[4].startswith("  person1@example.com: changed since the snapshot: has no ")


def test_an_address_and_a_token_are_needed(allot, company: Company, tmp_path: Path):
    """Neither has a default; both may stand in the environment."""
    plan_all(company, tmp_path, range(2), UPGRADE)
    ran = allot("apply", "acme.plan", "--url", company.address)
    assert (ran.code, "--token (or ALLOT_TOKEN) is required" in ran.err) == (1, True)
    ran = allot("apply", "acme.plan")
    assert (ran.code, "--url (or ALLOT_URL) is required" in ran.err) == (1, True)
    ran = allot("apply", "acme.plan", ALLOT_URL=company.address, ALLOT_TOKEN=company.token)
    assert (ran.code, "then say --approve" in ran.err) == (1, True)


# ---------------------------------------------------------------- results


def test_results_have_the_shape_of_the_input(allot, company: Company, tmp_path: Path):
    """The columns and rows of a table in their order, each with what became of it; no cell is a formula."""
    rows = [
        ["Name", "Email", "Add"],
        ["=Ann", "Person1@example.com", "x"],
        ["Bob", "person7@example.com", "y"],
        ["Cy", "person0@example.com", ""],
        ["Di", "nobody@example.com", "z"],
        ["Ed", "person500@example.com", "z"],
    ]
    with (tmp_path / "wants.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    wants = {1: want(ADVANCED), 7: want(STANDARD), 0: want(ADVANCED), 500: want(ADVANCED)}
    plan = plan_each(company, tmp_path, wants)
    ran = allot(*flags(plan, company, "--results", "results.csv"))
    assert "what became of everybody is in results.csv" in ran.out
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["Name", "Email", "Add", "outcome", "reason", "tracking id"]
    assert [row[:3] for row in table[1:]] == rows[1:]
    assert [row[3] for row in table[1:]] == ["done", "unchanged", "done", "unchanged", "not planned"]
    assert table[1][5].startswith("ALLOT_")


def test_results_without_a_table_have_a_row_for_each_person(allot, company: Company, tmp_path: Path):
    """From options or bundles nobody has columns: there is a row for each person whom the plan speaks of."""
    plan = plan_each(company, tmp_path, {3: want(ADVANCED), 500: want(ADVANCED)})
    assert allot(*flags(plan, company, "--results", "results.csv")).code == 0
    with (tmp_path / "results.csv").open(newline="") as file:
        table = list(csv.reader(file))
    assert [row[:3] for row in table] == [
        ["email", "outcome", "reason"],
        ["person3@example.com", "done", ""],
        ["person500@example.com", "not planned", table[2][2]],
    ]
    assert "person500@example.com" in table[2][2]


def test_results_have_a_place_before_anything_is_sent(allot, company: Company, tmp_path: Path):
    """A folder that is not there, the plan, its input, a database: nothing is sent, and nothing overwritten."""
    (tmp_path / "wants.csv").write_text("email,add\n")
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    ran = allot(*flags(plan, company, "--results", "nowhere/results.csv"))
    assert (ran.code, ran.err.startswith("allot: nowhere/results.csv cannot be used: No such file")) == (1, True)
    for name in ("acme.plan", "wants.csv"):
        before = (tmp_path / name).read_bytes()
        ran = allot(*flags(plan, company, "--results", name))
        assert (ran.code, ran.err.startswith(f"allot: {name} is read, or written twice")) == (
            1,
            True,
        )
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "big.db").write_bytes(b"SQLite format 3\0")
    ran = allot(*flags(plan, company, "--results", "big.db"))
    assert (ran.code, "big.db is there and is nothing that this option wrote" in ran.err) == (1, True)
    assert (tmp_path / "big.db").read_bytes() == b"SQLite format 3\0"
    assert not (tmp_path / "acme.plan.journal").exists()
    for _ in range(2):
        assert allot(*flags(plan, company, "--results", "results.csv")).code == 0


# ---------------------------------------------------------------- processes


class Running:
    """`allot apply` as a process."""

    def __init__(self, folder: Path, call: tuple[str, ...]) -> None:
        self.popen = subprocess.Popen(
            [PROGRAM, *call], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.popen.kill()
        self.popen.communicate()

    def end(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, output, errors."""
        out, err = self.popen.communicate(timeout=SECONDS)
        return self.popen.returncode, out, err


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def slowly(method: str, path: str) -> str:
    return proxies.DELAY if method == "PATCH" else proxies.PASS


class Held:
    """What becomes of requests: the first changes have begun, and wait until they are over."""

    def __init__(self) -> None:
        self.begun, self.over = threading.Event(), threading.Event()

    def __call__(self, method: str, path: str) -> str:
        if method == "PATCH":
            self.begun.set()
            self.over.wait(SECONDS)
        return proxies.PASS


def test_two_at_once_are_one_too_many(allot, company: Company, tmp_path: Path):
    """While one process applies a plan, another one that is to apply it says so and leaves."""
    plan = plan_all(company, tmp_path, range(20), UPGRADE)
    held = Held()
    with Proxy(company.address, held) as proxy, Running(tmp_path, flags(plan, company, address=proxy.address)) as one:
        assert held.begun.wait(SECONDS)
        other = allot(*flags(plan, company))
        assert (other.code, "this plan is being applied by another process" in other.err) == (1, True)
        held.over.set()
        assert one.end()[0] == 0


def test_an_interrupted_apply_finishes_what_it_sent(allot, company: Company, tmp_path: Path):
    """Ctrl-C: what is under way ends, 130, and the same command does the rest."""
    plan = plan_all(company, tmp_path, range(20), UPGRADE)
    with Proxy(company.address, slowly) as proxy:
        call = flags(plan, company, "--workers", "2", address=proxy.address)
        with Running(tmp_path, call) as running:
            until(lambda: proxy.methods["PATCH"] > 4)
            running.popen.send_signal(signal.SIGINT)
            code, out, err = running.end()
        assert code == 130
        assert "finishing what is under way" in err
        assert "stopped by hand. The same command goes on where this one stopped" in err
        sent = proxy.methods["PATCH"]
        assert f"{sent} sent, and not read back yet" in out
        again = allot(*call)
        assert (again.code, again.out) == (0, "20 of 20 changes are done and read back\n")
        assert proxy.methods["PATCH"] == 20


def test_who_was_sent_to_by_an_earlier_run_is_not_called_unsent(allot, company: Company, tmp_path: Path):
    """A run that ends early tells apart those that an earlier one sent and nobody read back, and those not come to."""
    plan = plan_all(company, tmp_path, range(20), UPGRADE)

    def unread(method: str, path: str) -> str:
        return proxies.NONSENSE if "callingData" in path else proxies.PASS

    with Proxy(company.address, unread) as proxy:
        with Journal(tmp_path / "acme.plan.journal", plan.digest, f"{proxy.address}/v1") as journal:
            for number, outcome in enumerate((DONE, SENT, SENT, BEGUN, FAILED, STALE), 1):
                journal.write(Entry(number, outcome))
        ran = allot(*flags(plan, company, "--results", "results.csv", address=proxy.address))
    assert ran.code == 1
    assert ran.out.splitlines()[:3] == [
        "1 of 20 changes are done and read back; 1 of them by an earlier run, and not looked at again",
        "4 begun or sent before, and not read back yet",
        "15 neither sent nor read back in this run",
    ]
    outcomes = [line.split(",")[1] for line in (tmp_path / "results.csv").read_text().splitlines()[1:]]
    assert outcomes == ["done", "sent", "sent", "begun", "failed", "stale", *["not known"] * 14]


def test_who_cannot_wait_leaves_at_once(allot, company: Company, tmp_path: Path):
    """Ctrl-C twice: it is left while answers are still awaited, and the same command does the rest."""
    plan = plan_all(company, tmp_path, range(5), UPGRADE)
    held = Held()
    with Proxy(company.address, held) as proxy, Running(tmp_path, flags(plan, company, address=proxy.address)) as one:
        assert held.begun.wait(SECONDS)
        one.popen.send_signal(signal.SIGINT)
        assert one.popen.stderr is not None
        assert one.popen.stderr.readline() == "\n"
        assert one.popen.stderr.readline() == "finishing what is under way (again to leave at once)\n"
        one.popen.send_signal(signal.SIGINT)
        code, _, err = one.end()
        assert (code, err) == (130, "\nallot: stopped\n")
        held.over.set()
        assert allot(*flags(plan, company, address=proxy.address)).code == 0


def test_a_full_disk_stops_the_sending(allot, company: Company, tmp_path: Path):
    """No room for the journal: nothing more is sent, one sentence, 1; with room the same command does the rest."""
    plan = plan_all(company, tmp_path, range(20), UPGRADE)
    with Proxy(company.address, slowly) as proxy:
        call = flags(plan, company, "--workers", "2", address=proxy.address)
        with Running(tmp_path, call) as running:
            until(lambda: proxy.methods["PATCH"] > 2)
            size = (tmp_path / "acme.plan.journal").stat().st_size + 10
            resource.prlimit(running.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            code, _, err = running.end()
        assert code == 1
        assert "acme.plan.journal cannot be written (no space left), so that nothing more was sent" in err
        assert proxy.methods["PATCH"] < 10
        again = allot(*call)
        assert (again.code, again.out.startswith("20 of 20 changes are done and read back")) == (0, True)
        assert proxy.methods["PATCH"] == 20


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_hindrance(company: Company, tmp_path: Path, closed: str):
    """Started without input or output, as by some schedulers, it does its work and leaves with 0."""
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", PROGRAM, *flags(plan, company)]
    ran = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert holdings(company, tmp_path)[email(0)][0] == [PROFESSIONAL, MESSAGING]


def test_the_table_is_written_though_nobody_reads_the_output(company: Company, tmp_path: Path):
    """Whoever reads the output may go at once: what became of everybody is in the table."""
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    with Running(tmp_path, flags(plan, company, "--results", "results.csv")) as running:
        assert running.popen.stdout is not None
        running.popen.stdout.close()
        running.popen.wait(SECONDS)
    assert (tmp_path / "results.csv").read_text().count(",done,") == 2


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1)])
def test_on_a_terminal_it_asks(company: Company, tmp_path: Path, answer: str, code: int):
    """Without --approve the plan is shown and `yes` is waited for; anything else sends nothing."""
    plan = plan_all(company, tmp_path, range(3), UPGRADE)
    mine, its = pty.openpty()
    call = [PROGRAM, "apply", "acme.plan", "--url", company.address, "--token", company.token]
    running = subprocess.Popen(call, cwd=tmp_path, stdin=its, stdout=its, stderr=its, close_fds=True)
    os.close(its)
    # What goes on although it should not is given up.
    late = threading.Timer(SECONDS, running.kill)
    late.start()
    said = b""
    try:
        while b"Only `yes` is taken" not in said:
            said += os.read(mine, 65_536)
        os.write(mine, f"{answer}\n".encode())
        with suppress(OSError):  # the other end is closed
            while part := os.read(mine, 65_536):
                said += part
        assert running.wait(SECONDS) == code
    finally:
        late.cancel()
        os.close(mine)
    assert plan.digest.encode() in said
    assert (b"3 of 3 changes are done" if answer == "yes" else b"nothing was sent") in said

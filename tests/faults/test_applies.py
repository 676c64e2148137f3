"""`allot apply` is killed at random moments, again and again, while the server fails at random: nothing is lost."""

import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Self

import pytest

import proxies
from allot.bulk.applied.journals import Entry
from allot.bulk.planned.plans import Plan
from allot.cli.main import main
from audit import wrongs
from bulk.applying import (
    ADVANCED,
    DOWNGRADE,
    LOCATION,
    PROFESSIONAL,
    Company,
    document,
    found,
    holdings,
    plan_each,
)
from bulk.planning import want
from databases import Maker
from proxies import Proxy
from servers import Server

KILLS_EACH, PEOPLE = 25, 120
#: how long a process lives, in seconds: from before its first request to some of them
LIVES = (0.0, 0.3)
#: more kills take no longer than this
SECONDS_MAX = 110
SECONDS_EACH = 60
#: what becomes of requests that change somebody, and of those that read, in per cent
WRITES = {
    proxies.DELAY: 20,
    proxies.CUT_BEFORE: 4,
    proxies.CUT_AFTER: 4,
    proxies.BROKEN: 3,
    proxies.BROKEN_AFTER: 3,
    proxies.NONSENSE: 1,
    proxies.BUSY: 1,
    proxies.LIMITED: 1,
    proxies.LOCKED: 1,
}
READS = {proxies.DELAY: 10, proxies.CUT_BEFORE: 1, proxies.CUT_AFTER: 1, proxies.BROKEN: 1, proxies.LIMITED: 1}


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have loaded already what a command needs: they are forked, and begin at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["allot.cli.main", "allot.cli.applies"])
    return context


@pytest.fixture(scope="module")
def server(sqlite: Maker) -> Iterator[Server]:
    with sqlite.lent() as url, Server(url) as running:
        yield running


def test_a_few_kills_lose_nothing(server: Server, processes: ForkServerContext, tmp_path: Path, counted: Callable):
    """Killed five times, then run to the end, everybody is as planned, or listed with a reason."""
    with Run(server, processes, tmp_path, people=30) as run:
        run.kill(5)
        run.finish()
    counted(run.told())


@pytest.mark.long
def test_many_kills_lose_nothing(server: Server, processes: ForkServerContext, tmp_path: Path, counted: Callable):
    """The same 200 times, on several plans."""
    kills, begun, told = 0, time.monotonic(), Counter[str]()
    while kills < 200 and time.monotonic() - begun < SECONDS_MAX:
        folder = tmp_path / str(kills)
        folder.mkdir()
        with Run(server, processes, folder, people=PEOPLE) as run:
            run.kill(min(KILLS_EACH, 200 - kills))
            run.finish()
        kills += run.kills
        told += run.tally
    assert kills == 200
    counted(", ".join(f"{number} {what}" for what, number in told.items()))


class Run:
    """One plan, and the processes that apply it, one after the other, through one proxy; a context manager."""

    def __init__(self, server: Server, processes: ForkServerContext, folder: Path, people: int) -> None:
        self.kills = 0
        self.tally = Counter[str]()
        self._server = server
        self._processes = processes
        self._folder = folder
        self._company = found(server, document(people, PROFESSIONAL))
        self._plan = _plan(self._company, folder, people)
        self._chance = random.Random(people)
        self._proxy = Proxy(self._company.address, self._choose)

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.stop()

    def kill(self, times: int) -> None:
        """Let processes run for a moment each, and kill them."""
        while self.kills < times:
            process = self._start()
            process.join(self._chance.uniform(*LIVES))
            if process.exitcode is None:
                process.kill()
                self.kills += 1
            process.join()
            done = process.exitcode == 0
            process.close()
            if done:
                break

    def finish(self) -> None:
        """Run it to the end against a server that still fails, and see that all is well."""
        deadline = time.monotonic() + SECONDS_EACH
        code: int | None = 1
        while code != 0 and time.monotonic() < deadline:
            process = self._start()
            process.join(SECONDS_EACH)
            code = process.exitcode
            process.close()
            self.tally["runs to the end"] += 1
        assert code == 0
        self.tally.update({f"requests: {what}": number for what, number in self._proxy.counts.items()})
        self._check()

    def told(self) -> str:
        return ", ".join(f"{number} {what}" for what, number in self.tally.items())

    def _check(self) -> None:
        now = holdings(self._company, self._folder)
        entries = _entries(self._folder / "acme.plan.journal")
        changes = [change for block in self._plan.changes() for change in block]
        self.tally["kills"] += self.kills
        for change in changes:
            entry = entries[change.number]
            self.tally[f"people: {entry.outcome}"] += 1
            calling = change.after.calling
            planned = (change.after.licenses, calling.extension if calling else None)
            assert entry.outcome in ("done", "already"), entry
            assert now[change.email] == planned, entry
        made = "SELECT detail FROM journal WHERE action = 'licenses.assign' AND org_id = $1"
        details = [json.loads(text) for (text,) in self._server.rows(made, self._company.org_id)]
        changed = [detail for detail in details if detail["before"] != detail["after"]]
        self.tally["requests of the plans"] += self._plan.summary.requests
        self.tally["requests that changed somebody"] += len(changed)
        self.tally["requests that changed nobody"] += len(details) - len(changed)
        # No change is lost, and none is made twice.
        assert len(changed) == self._plan.summary.requests
        assert wrongs(self._server.url) == []

    def _start(self) -> multiprocessing.context.ForkServerProcess:
        address, token = self._proxy.address, self._company.token
        call = ("apply", str(self._plan.file.path), "--url", address, "--token", token, "--approve", self._plan.digest)
        process = self._processes.Process(target=main, args=([*call, "--workers", "4"],))
        process.start()
        return process

    def _choose(self, method: str, path: str) -> str:
        odds = WRITES if method == "PATCH" else READS
        [what] = self._chance.choices([*odds, proxies.PASS], [*odds.values(), 100 - sum(odds.values())])
        return what


def _plan(company: Company, folder: Path, people: int) -> Plan:
    """A third goes to Standard in two requests, a third gets another extension, a third a license more."""
    moved = [
        want(PROFESSIONAL, location_id=LOCATION, extension=str(5000 + number)) if number % 3 == 1 else want(ADVANCED)
        for number in range(people)
    ]
    wants = {number: DOWNGRADE if number % 3 == 0 else moved[number] for number in range(people)}
    return plan_each(company, folder, wants)


def _entries(path: Path) -> dict[int, Entry]:
    """The last entry of each change."""
    lines = path.read_text().splitlines()[1:]
    found = (Entry(told["number"], told["outcome"], told.get("what", "")) for told in map(json.loads, lines))
    return {entry.number: entry for entry in found}

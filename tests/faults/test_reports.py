"""The power cut while a billing report is made: it is made after the restart, whole, or is still being made."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from allot.cli.demo import PARTNER
from audit import wrongs
from billing import fill, lines
from databases import Maker
from servers import Client, Process, Server, load_demo
from wholesale import TOKEN

PATH = "/v1/wholesale/billing/reports"
DAYS = {"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31", "type": "USER"}
SECONDS = 60
#: makers die at random moments of this many seconds
LIVES = (0.0, 0.15)


def ledger(subscribers: int) -> list[tuple[str, str, str, str, str]]:
    return [(f"c-{n // 100:05d}", f"s-{n:07d}", "webex_suite", "2026-01-01", "2026-02-01") for n in range(subscribers)]


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_killed_report_is_made(kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable):
    """A report whose maker is killed is made by the next process, with every line once."""
    kill_and_make(request.getfixturevalue(kind), (4_000, 2, 1), tmp_path, counted)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_killed_reports_are_made(kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable):
    """The same with larger reports and more kills."""
    kill_and_make(request.getfixturevalue(kind), (30_000, 4, 8), tmp_path, counted)


def kill_and_make(maker: Maker, size: tuple[int, int, int], folder: Path, counted: Callable[[str], None]) -> None:
    """Order reports, kill the server some times while it makes each, and read what is made in the end."""
    subscribers, kills, times = size
    url = maker.make(load_demo)
    with Server(url) as server:
        server.call(lambda service: fill(service, ledger=ledger(subscribers)))
    attempts: list[int] = []
    with Process(url, folder / "server.log", "--demo", "--lease-seconds", "1") as process:
        for number in range(times):
            report = process.client(TOKEN).post(PATH, json=DAYS).json()["id"]
            chance = random.Random(number)
            for _ in range(kills):
                time.sleep(chance.uniform(*LIVES))
                process.kill()
                process.start()
            text = settled(process.client(TOKEN), report)
            assert [line["email"] for line in lines(text)] == [f"s-{n:07d}@example.com" for n in range(subscribers)]
        process.terminate()
    with Server(url) as server:
        attempts = [count for (count,) in server.rows("SELECT attempts FROM reports")]
        told = server.rows("SELECT target_id FROM journal WHERE org_id = $1 AND action = 'reports.make'", PARTNER)
        assert len(told) == len(attempts) == times
    assert wrongs(url) == []
    maker.drop(url)
    counted(f"{times} reports of {subscribers} lines, {kills * times} kills, {sum(attempts)} attempts")


def settled(client: Client, report: str) -> str:
    """The file of a report, once it is completed."""
    deadline = time.monotonic() + SECONDS
    shown: dict[str, Any] = {"status": "IN_PROGRESS"}
    while shown["status"] == "IN_PROGRESS":
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)
        shown = client.get(f"{PATH}/{report}").json()
    assert shown["status"] == "COMPLETED", shown
    return client.get(shown["tempDownloadURL"]).text

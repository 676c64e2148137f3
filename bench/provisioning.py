"""How many customers a second are accepted, and how many are settled?

Each customer orders four packages and takes seven steps. On SQLite with full synchronization: orders go over HTTP to a
server that does not provision; then one server, that does, settles what has gathered, with nobody else asking. On
PostgreSQL the same, settled by one worker process and by two in turn.
"""

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

import apsw
import psycopg

from bench import provider, rounds, servers
from bench.options import Options
from bench.postgres import assert_durable, database
from bench.report import Report
from bench.servers import PROGRAM, Server

TARGET_ACCEPTED = 3_000
TARGET_SETTLED = 800
TARGET_POSTGRES = 300
#: customers of one round on PostgreSQL
CUSTOMERS = 1_500
_LEFT = "SELECT COUNT(*) FROM runs WHERE settled IS NULL"
_WRONG = "SELECT COUNT(*) FROM customers WHERE status <> 'provisioned'"

#: counts by one of the statements above
Count = Callable[[str], int]


def measure(options: Options) -> Report:
    """SQLite first, then PostgreSQL."""
    report = Report("provisioning", "how many customers a second are accepted, and settled?")
    with rounds.folder(options) as folder:
        _sqlite(report, options, folder)
    with rounds.folder(options) as folder, ExitStack() as stack:
        url = stack.enter_context(database(options, folder))
        assert_durable(url)
        _postgres(report, options, url, folder)
    return report


def _sqlite(report: Report, options: Options, folder: Path) -> None:
    path = folder / "allot.db"
    url = f"sqlite:///{path}"
    token = provider.build(url)
    accepted, settled, latencies = [], [], []
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as reader:

        def count(sql: str) -> int:
            return int(reader.execute(sql).fetchall()[0][0])

        for _ in range(options.rounds):
            rate, p99 = _accept(options, url, folder, token, count)
            accepted.append(rate)
            latencies.append(p99)
            settled.append(_settle(url, folder, count, 1))
    report.least("accepted, SQLite, 64 connections", median(accepted), "/s", TARGET_ACCEPTED)
    report.least("settled, SQLite, one process", median(settled), "/s", TARGET_SETTLED)
    report.tell("p99 of an order", median(latencies), "ms")
    report.raw["sqlite"] = {"accepted": accepted, "settled": settled}


def _accept(options: Options, url: str, folder: Path, token: str, count: Count) -> tuple[float, float]:
    """Orders a second of a server that does not provision, and their p99 in milliseconds."""
    exchanges = provider.orders(token, int(options.seconds * 8_000))
    traffic = rounds.save_traffic(folder / "traffic", exchanges)
    before = count(_LEFT)
    port = servers.free_port()
    command = [PROGRAM, "serve", "--no-worker", "--database", url, "--port", str(port)]
    with Server(command, port, folder / "accept.log") as server:
        server.ready(exchanges[-1].request)
        orders = rounds.Contender("orders", [server], traffic, checked=False)
        orders.run(options.seconds)
    (result,) = orders.results
    new = count(_LEFT) - before
    if set(result.statuses) != {"202"} or new < result.answers:
        raise rounds.UnexpectedAnswerError(f"{result.statuses}, of which {new} are there: {result.first_wrong}")
    return result.rate, result.p99


def _settle(url: str, folder: Path, count: Count, workers: int) -> float:
    """Customers a second that so many worker processes settle, from the first look after all are up."""
    with ExitStack() as stack:
        waiting = count(_LEFT)
        for n in range(workers):
            log = stack.enter_context((folder / f"worker-{n}.log").open("wb"))
            process = subprocess.Popen([PROGRAM, "worker", "--database", url], stdout=log, stderr=log)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
        while count(_LEFT) == waiting:  # starting takes as long as hundreds of customers, and is not the question
            time.sleep(0.005)
        first, began = count(_LEFT), time.perf_counter()
        while left := count(_LEFT):
            if time.perf_counter() - began > 120:
                raise RuntimeError(f"{left} of {waiting} customers are not settled")
            time.sleep(0.01)
        took = time.perf_counter() - began
    if wrong := count(_WRONG):
        raise rounds.UnexpectedAnswerError(f"{wrong} customers are not provisioned")
    return first / took


def _postgres(report: Report, options: Options, url: str, folder: Path) -> None:
    token = provider.build(url)
    rates: dict[int, list[float]] = {1: [], 2: []}
    with psycopg.connect(url, autocommit=True) as reader:

        def count(sql: str) -> int:
            row = reader.execute(sql.encode()).fetchone()
            return int(row[0]) if row else 0

        for _ in range(options.rounds):
            for workers, found in rates.items():
                _order(url, folder, token)
                found.append(_settle(url, folder, count, workers))
    report.least("settled, PostgreSQL, two workers", median(rates[2]), "/s", TARGET_POSTGRES)
    report.tell("settled, PostgreSQL, one worker", median(rates[1]), "/s")
    gain = median(two / one for one, two in zip(rates[1], rates[2], strict=True))
    report.least("gain of the second worker", gain, "", 1.0)
    report.raw["postgres"] = rates


def _order(url: str, folder: Path, token: str) -> None:
    """Send the orders of one round."""
    exchanges = provider.orders(token, CUSTOMERS + 1)
    traffic = rounds.save_traffic(folder / "traffic", exchanges)
    port = servers.free_port()
    command = [PROGRAM, "serve", "--no-worker", "--database", url, "--port", str(port)]
    with Server(command, port, folder / "accept.log") as server:
        server.ready(exchanges[-1].request)
        rounds.Contender("orders", [server], traffic, checked=False).run(60, CUSTOMERS - rounds.CONNECTIONS)

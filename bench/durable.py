"""How many durable changes a second, on SQLite?

Full synchronization, a journal row for each change, one organization of 10,000 people, 64 connections. The load
generator has one core; the server, whose commits have a thread of their own, goes where the kernel puts it. Beside it
stands the same server with an application that answers a constant body of the same size and decides, saves and waits
for nothing: what it reaches is all that the server could. Between the two stands allot with a handler that answers that
body: the difference to a change is deciding and writing.
"""

from contextlib import ExitStack

from bench import disk, rounds, servers
from bench.crowd import build
from bench.options import Options
from bench.report import Report
from bench.traffic import changes

PEOPLE = 10_000
TARGET_RATE = 10_000
TARGET_OF_CONSTANT = 0.35
TARGET_P99_MILLISECONDS = 20


def measure(options: Options) -> Report:
    """Rounds of changes and of constant answers, in turn."""
    report = Report("durable", "how many durable changes a second, on SQLite?")
    with rounds.folder(options) as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/allot.db"
        exchanges = changes(build(url, PEOPLE))
        traffic = rounds.save_traffic(folder / "traffic", exchanges)
        server = stack.enter_context(servers.allot(url, folder / "allot.log"))
        server.ready(exchanges[0].request)
        body = len(servers.ask(server.port, exchanges[1].request).partition(b"\r\n\r\n")[2])
        mine = rounds.Contender("allot", [server], traffic, position=2)
        others = []
        for kind in ("app", "endpoint"):
            other = stack.enter_context(servers.constant(kind, body, folder / f"{kind}.log", database=url))
            other.ready(exchanges[0].request)
            others.append(rounds.Contender(kind, [other], traffic, checked=False))
        report.raw = rounds.take_turns([mine, *others], options)
        sync = disk.sync_median(folder)
    theirs, endpoint = others
    report.least("changes, 64 connections", mine.rate, "/s", TARGET_RATE)
    report.least("in constant answers", rounds.ratio(mine, theirs), "", TARGET_OF_CONSTANT)
    report.most("p99", mine.latency("p99"), "ms", TARGET_P99_MILLISECONDS)
    report.tell("p50", mine.latency("p50"), "ms")
    report.tell("processor time of one change", mine.cost, "µs")
    report.tell("constant answers", theirs.rate, "/s")
    report.tell("constant answers of allot's own endpoint", endpoint.rate, "/s")
    report.tell("changes in constant answers of the endpoint", rounds.ratio(mine, endpoint), "")
    report.tell(f"one sync of 4 KiB ({disk.kind(options.folder)})", sync, "ms")
    return report

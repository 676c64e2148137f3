"""Does a change cost more in a larger organization?

Organizations of 1,000, 100,000 and 1,000,000 people, each in a database and a server of its own, take turns under the
same load: 1,000 people spread over the whole organization get a license and lose it again. The load is the same, so
what differs is what the size costs.
"""

from contextlib import ExitStack
from pathlib import Path

from bench import rounds, servers
from bench.crowd import build
from bench.options import Options
from bench.report import Report
from bench.traffic import changes

SIZES = (1_000, 100_000, 1_000_000)
TAKING_PART = 1_000
TARGET_SPREAD = 0.15


def measure(options: Options) -> Report:
    """Rounds over all sizes in turn."""
    report = Report("growth", "does a change cost more in a larger organization?")
    with rounds.folder(options) as folder, ExitStack() as stack:
        contenders = [contender(stack, folder, size) for size in SIZES]
        report.raw = rounds.take_turns(contenders, options)
    rates = [each.rate for each in contenders]
    costs = [each.cost for each in contenders]
    report.most("spread of the rates", max(rates) / min(rates) - 1, "", TARGET_SPREAD)
    report.tell("spread of the processor time", max(costs) / min(costs) - 1, "")
    for size, each in zip(SIZES, contenders, strict=True):
        report.tell(f"{size:,} people", each.rate, "/s")
        report.tell(f"{size:,} people, processor time", each.cost, "µs")
        report.tell(f"{size:,} people, p99", each.latency("p99"), "ms")
    return report


def contender(stack: ExitStack, folder: Path, size: int) -> rounds.Contender:
    """A server with an organization of this size, started."""
    url = f"sqlite:///{folder}/{size}.db"
    exchanges = changes(build(url, size, taking_part=TAKING_PART, seed=size))
    traffic = rounds.save_traffic(folder / f"{size}.traffic", exchanges)
    log = folder / f"{size}.log"
    server = stack.enter_context(servers.allot(url, log, servers.SERVER_CORE))
    server.ready(exchanges[0].request)
    return rounds.Contender(f"{size}", [server], traffic, position=1)

"""How long does a lone change take, when nobody shares the disk's wait with it?

One connection that sends the next change when the last is answered, beside the time that the same disk takes to keep
4 KiB. The two are measured in turn: a disk is not the same from one second to the next.
"""

import statistics

from bench import disk, rounds, servers
from bench.crowd import build
from bench.options import Options
from bench.report import Report
from bench.traffic import changes

PEOPLE = 10_000
#: above one sync of the disk
TARGET_MILLISECONDS = 1.0


def measure(options: Options) -> Report:
    """Rounds of lone changes and of syncs, in turn."""
    report = Report("single", "how long does a lone change take?")
    syncs = []
    with rounds.folder(options) as folder:
        url = f"sqlite:///{folder}/allot.db"
        exchanges = changes(build(url, PEOPLE))
        traffic = rounds.save_traffic(folder / "traffic", exchanges)
        with servers.allot(url, folder / "allot.log", servers.SERVER_CORE) as server:
            server.ready(exchanges[0].request)
            lone = rounds.Contender("allot", [server], traffic, connections=1, position=1)
            for _ in range(options.rounds):
                syncs.append(disk.sync_median(folder))
                lone.run(options.seconds / 2)
    report.raw = lone.raw() | {"sync_ms": syncs}
    sync = statistics.median(syncs)
    pairs = zip(lone.results, syncs, strict=True)
    above = statistics.median(result.p50 - each for result, each in pairs)
    report.most("above one sync", above, "ms", TARGET_MILLISECONDS)
    report.tell("a lone change, p50", lone.latency("p50"), "ms")
    report.tell("a lone change, p99", lone.latency("p99"), "ms")
    report.tell(f"one sync of 4 KiB ({disk.kind(options.folder)})", sync, "ms")
    report.tell("changes, 1 connection", lone.rate, "/s")
    return report

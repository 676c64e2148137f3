"""How much memory does the service take, with the demo?

Resident memory of the process after its first answer, and again after some thousand requests over 64 connections,
when everything that is loaded or remembered on the way is there.
"""

import statistics

from bench import rounds, servers
from bench.load import Exchange
from bench.options import Options
from bench.report import Report
from bench.traffic import request

TARGET_MEBIBYTES = 70
REQUESTS = 10_000


def measure(options: Options) -> Report:
    """Several starts, since what is resident differs a little from one to the next."""
    report = Report("memory", "how much memory does the service take, with the demo?")
    fresh, used = [], []
    asked = request("GET", "/v1/licenses", "allot-demo-admin")
    for _ in range(options.rounds):
        with rounds.folder(options) as folder, servers.demo(folder) as server:
            server.ready(asked)
            fresh.append(server.resident())
            traffic = rounds.save_traffic(folder / "traffic", [Exchange(asked)])
            rounds.Contender("demo", [server], traffic, checked=False).run(options.seconds, REQUESTS)
            used.append(server.resident())
    report.raw = {"fresh": fresh, "used": used}
    report.most("after the first answer", statistics.median(fresh), "MiB", TARGET_MEBIBYTES)
    report.most(f"after {REQUESTS:,} requests", statistics.median(used), "MiB", TARGET_MEBIBYTES)
    return report

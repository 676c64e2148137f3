"""Workers and servers that are killed, or stand still, under load: what they leave is carried out, once."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from databases import Maker
from ordering import Load, provisioned_once, read, until_settled
from processes import Program, worker_process
from servers import HOST, PROGRAM, Server, load_demo
from wholesale import PARTNER, token_of

LEASE = "1"
#: how many seconds somebody is left alive, in long runs and in every run
LIVES, SHORT_LIVES = (0.2, 1.0), (0.1, 0.4)
#: how many orders are accepted before each of these times begins, so that there is something to lose
ORDERS = 20


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_few_kills_lose_no_order(kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable):
    """After `kill -9` of servers and workers under load every order is carried out, and no step twice."""
    kill_again_and_again(request.getfixturevalue(kind), 2, SHORT_LIVES, tmp_path, counted)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_many_kills_lose_no_order(kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable):
    """The same twenty times."""
    kill_again_and_again(request.getfixturevalue(kind), 20, LIVES, tmp_path, counted)


def kill_again_and_again(
    maker: Maker, kills: int, lives: tuple[float, float], folder: Path, counted: Callable[[str], None]
) -> None:
    """Kill a server that works too and two workers by turns, at random moments, while clients order customers."""
    url, token = database_with_partner(maker)
    with ExitStack() as open_:
        serving = open_.enter_context(server_process(url, folder / "server.log"))
        workers = [open_.enter_context(a_worker(url, folder / f"worker{n}.log")) for n in range(2)]
        with Load(token, address_of(serving)) as load:
            for _ in range(kills):
                load.until_more(ORDERS)
                time.sleep(random.uniform(*lives))
                victim = random.choice([serving, *workers])
                victim.kill()
                victim.start()
                load.address = address_of(serving)
        settled = until_settled(url)
    steps = provisioned_once(url, load.accepted)
    [(repeated,)] = read(url, "SELECT COUNT(*) FROM steps WHERE attempts > 1")
    maker.drop(url)
    counted(
        f"{kills} kills; {load}; {steps} steps, each once, {repeated} of them after a kill;"
        f" all settled {settled:.1f} s after the last order"
    )


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_worker_that_stands_still_is_refused(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, counted: Callable
):
    """A worker that stands still for longer than its lease goes on when its steps are others', and repeats nothing."""
    maker = request.getfixturevalue(kind)
    url, token = database_with_partner(maker)
    with ExitStack() as open_:
        serving = open_.enter_context(server_process(url, tmp_path / "server.log"))
        sleeper = open_.enter_context(a_worker(url, tmp_path / "sleeper.log"))
        with Load(token, address_of(serving)) as load:
            for _ in range(4):
                load.until_more(ORDERS)
                time.sleep(random.uniform(*LIVES))
                sleeper.halt()
                time.sleep(float(LEASE) + 1)
                sleeper.proceed()
        until_settled(url)
        assert sleeper.terminate() == 0
    steps = provisioned_once(url, load.accepted)
    maker.drop(url)
    counted(f"4 sleeps; {load}; {steps} steps, each once")


def database_with_partner(maker: Maker) -> tuple[str, str]:
    """A database with the demo's organizations; its address, and a token of the partner's administrator."""
    url = maker.make(load_demo)
    with Server(url) as server:
        return url, token_of(server, PARTNER)


def server_process(url: str, log: Path) -> Program:
    """`allot serve`, which works too."""
    flags = ["--host", HOST, "--port", "0", "--lease-seconds", LEASE]
    return Program([PROGRAM, "serve", "--database", url, *flags], log, r"listens on (http://\S+)")


def a_worker(url: str, log: Path) -> Program:
    """`allot worker` beside it."""
    return worker_process(url, log, "--lease-seconds", LEASE)


def address_of(serving: Program) -> str:
    """Where a server listens."""
    assert serving.said is not None
    return serving.said[1]

"""`allot worker` as a process: beside a server that does not work itself, stopped, and set up as the page says."""

import os
import re
import shlex
import signal
import subprocess
import time
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import psutil
import pytest

from databases import Maker
from ordering import read
from processes import Program, finished, worker_process
from servers import HOST, PROGRAM, Client, Server, load_demo
from wholesale import PARTNER, PATH, body, new_id, token_of

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "workers.md"
SHOWN = "postgresql://allot@db.example.com/allot"
SERVING = r"listens on (http://\S+)"
SECONDS = 20


def server_without_worker(url: str, log: Path) -> Program:
    """`allot serve --no-worker`."""
    command = [PROGRAM, "serve", "--database", url, "--host", HOST, "--port", "0", "--no-worker"]
    return Program(command, log, SERVING)


def client_of(serving: Program, token: str) -> Client:
    """A client of a server."""
    assert serving.said is not None
    return Client(serving.said[1].replace("0.0.0.0", HOST), token)  # noqa: S104 - what the page listens on


@pytest.fixture
def partner(maker: Maker) -> tuple[str, str]:
    """A database with the demo's organizations, and a token of the partner's administrator."""
    url = maker.make(load_demo)
    with Server(url) as server:
        return url, token_of(server, PARTNER)


def status_when_settled(client: Client, id: str) -> str:
    """A customer's status once nothing is under way."""
    deadline = time.monotonic() + SECONDS
    while True:
        status: str = client.get(f"{PATH}/{id}").json()["status"]
        if status != "provisioning":
            return status
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_worker_provisions_what_a_server_without_one_accepts(partner: tuple[str, str], tmp_path: Path):
    """The order waits until there is a worker; both say in their banners what they do, and which database they use."""
    url, token = partner
    with server_without_worker(url, tmp_path / "server.log") as serving:
        client = client_of(serving, token)
        id = new_id(client.post(PATH, json=body()))
        time.sleep(0.3)
        assert client.get(f"{PATH}/{id}").json()["status"] == "provisioning"
        assert "worker    none here; packages wait until one runs: allot worker" in serving.log.read_text()
        with worker_process(url, tmp_path / "worker.log", "--lease-seconds", "3.5") as worker:
            assert status_when_settled(client, id) == "provisioned"
            said = worker.log.read_text()
            assert re.search(r"^allot \S+ works in the background$", said, re.MULTILINE)
            assert "lease     3.5 s" in said
            assert worker.terminate() == 0
        client.close_all()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_worker_that_is_stopped_leaves_nothing_claimed(
    partner: tuple[str, str], tmp_path: Path, number: signal.Signals
):
    """Stopped while there is work, it ends with 0, carries out what it has claimed, and leaves the rest as it is."""
    url, token = partner
    with Server(url) as server:  # it has no worker
        client = server.client(token)
        for _ in range(40):
            new_id(client.post(PATH, json=body()))
        client.close_all()
        worker = worker_process(url, tmp_path / "worker.log")
        worker.start()
        worker.popen.send_signal(number)
        assert worker.popen.wait(SECONDS) == 0
    assert "Traceback" not in worker.log.read_text()
    assert read(url, "SELECT 1 FROM steps WHERE state = 'running'") == []


def test_a_worker_that_cannot_start_says_why_in_one_sentence(tmp_path: Path):
    """A database that is not there, a schema that is old and a setting that cannot be: what to do, and no traceback."""
    (tmp_path / "old.db").touch()
    for flags, code, said in (
        (["--database", "sqlite:///none.db"], 1, "there is no database sqlite:///none.db; make it with: allot migrate"),
        (["--database", "sqlite:///old.db"], 1, "lacks migration 0001_foundation; run: allot migrate"),
        (["--lease-seconds", "0.1"], 1, "--lease-seconds is `0.1`, must be 1 or more"),
        (["--port", "1"], 1, "No such option"),
    ):
        done = finished(tmp_path, "worker", *flags)
        assert done.returncode == code
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_worker_knows_the_packages_of_its_database(demo_sqlite_url: str, tmp_path: Path):
    """A rulebook that lacks packages which customers have is refused at the start, by workers and servers alike."""
    shipped = files("allot").joinpath("rulebooks/webex.toml").read_text(encoding="utf-8")
    (tmp_path / "other.toml").write_text(shipped.replace('"webex_calling"', '"webex_yelling"'), encoding="utf-8")
    for command in (["worker"], ["serve", "--port", "0"]):
        done = finished(tmp_path, *command, "--database", demo_sqlite_url, "--rulebook", "other.toml")
        assert done.returncode == 1
        assert "lacks the packages webex_calling, which customers have; serve with" in done.stderr


def test_a_worker_reads_the_settings_of_its_server(partner: tuple[str, str], tmp_path: Path):
    """One settings file serves both, also when it says that the server shall not work."""
    url, token = partner
    (tmp_path / "allot.toml").write_text(
        f'database = "{url}"\nhost = "{HOST}"\nport = 0\nworker = false\nlease_seconds = 7.0\naccess_log = true\n'
    )
    with ExitStack() as open_:
        serving = Program([PROGRAM, "serve"], tmp_path / "server.log", SERVING)
        serving.start(cwd=tmp_path)
        open_.callback(serving.terminate)
        worker = Program([PROGRAM, "worker"], tmp_path / "worker.log", r"lease {5}7 s")
        worker.start(cwd=tmp_path)
        open_.callback(worker.terminate)
        client = client_of(serving, token)
        assert status_when_settled(client, new_id(client.post(PATH, json=body()))) == "provisioned"
        client.close_all()


def test_two_machines_are_set_up_as_the_page_says(postgres_url: str, postgres: Maker, tmp_path: Path):
    """The documented commands, run as they stand by several processes on an empty database, provision a customer.

    It is provisioned still when one of the workers is killed.
    """
    url = postgres.empty()
    serving_block, working_block = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len((serving_block + working_block).splitlines()) <= 10
    with ExitStack() as open_:

        def follow(block: str, name: str) -> Program:
            """Run the lines of a block, of which the last one goes on."""
            export, *commands, last = block.replace(SHOWN, url).splitlines()
            variable, _, value = export.removeprefix("export ").partition("=")
            environment = os.environ | {variable: value, "ALLOT_PORT": "0", "ALLOT_LEASE_SECONDS": "1"}
            for command in commands:
                subprocess.run(on_path(command), env=environment, cwd=tmp_path, check=True, capture_output=True)
            if commands:
                load_demo(url)
            program = Program(on_path(last), tmp_path / f"{name}.log", rf"{SERVING}|worker {{4}}\S+-\d+-\S+")
            program.start(env=environment, cwd=tmp_path)
            open_.callback(ended, program)
            return program

        serving = follow(serving_block, "server")
        workers = [follow(working_block, f"worker{n}") for n in range(2)]
        with Server(url, worker=False) as server:
            token = token_of(server, PARTNER)
        client = client_of(serving, token)
        assert status_when_settled(client, new_id(client.post(PATH, json=body()))) == "provisioned"
        workers[0].kill()
        assert status_when_settled(client, new_id(client.post(PATH, json=body()))) == "provisioned"
        client.close_all()
    postgres.drop(url)


def on_path(command: str) -> list[str]:
    """A documented command, with the program of these tests."""
    name, *flags = shlex.split(command)
    assert name == "allot"
    return [PROGRAM, *flags]


def ended(program: Program) -> None:
    """End a program that may be killed already."""
    if program.popen.poll() is None:
        assert program.terminate() == 0


def test_a_worker_is_small(demo_sqlite_url: str, tmp_path: Path):
    """A worker that waits takes no more memory than a server, and next to no time of the processor."""
    with worker_process(demo_sqlite_url, tmp_path / "worker.log") as worker:
        process = psutil.Process(worker.popen.pid)
        before = process.cpu_times()
        time.sleep(1)
        after = process.cpu_times()
        assert process.memory_info().rss < 70 << 20
        assert after.user + after.system - before.user - before.system < 0.2

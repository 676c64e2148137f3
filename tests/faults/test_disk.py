"""A full disk: changes are refused with 503 until there is space again; reading goes on."""

import resource
from collections.abc import Callable
from pathlib import Path

from audit import wrongs
from crowd import send_all
from organizations import World, make
from servers import Process, Server

PEOPLE = 300
#: how much the server may still add to a file, and how many people are asked for at once
SPACE, WAVE = 512 * 1024, 20


def test_a_full_disk_refuses_changes_and_recovers(sqlite_url: str, tmp_path: Path, counted: Callable):
    """Once files cannot grow, changes get 503 and Retry-After and nothing is half done; with space all is well again.

    A limit on the size of files stands for the full disk: the database meets the same failing write, and no rights
    are needed to set it.
    """
    with Server(sqlite_url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", "MC", total=PEOPLE))
    with Process(sqlite_url, tmp_path / "server.log") as process:
        assert change(process, world, range(10), "RTT") == [200] * 10
        fill_disk(process)
        statuses = change(process, world, range(PEOPLE), "MC")
        refused = statuses.count(503)
        assert set(statuses) == {200, 503}
        limit(process, 1)  # the last byte is gone, too
        assert change(process, world, range(5), "RTT", "remove") == [503] * 5
        client = process.client(world.token)
        assert client.get("/v1/licenses").status_code == 200
        answer = client.patch("/v1/licenses/users", json=body(world, 0, "RTT", "remove"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json()["errors"][0]["description"].startswith("Nothing was changed")
        limit(process, resource.RLIM_INFINITY)
        assert wrongs(sqlite_url) == []
        assert change(process, world, range(PEOPLE), "MC") == [200] * PEOPLE
        assert process.terminate() == 0
    assert wrongs(sqlite_url) == []
    counted(f"{refused} of {PEOPLE} changes refused for want of space")


def test_a_kill_on_a_full_disk_loses_nothing(sqlite_url: str, tmp_path: Path):
    """Killed while the disk is full, the server starts again, and what it acknowledged is there."""
    with Server(sqlite_url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", total=PEOPLE))
    with Process(sqlite_url, tmp_path / "server.log") as process:
        fill_disk(process)
        statuses = change(process, world, range(PEOPLE), "RTT")
        assert statuses.count(503)
        process.kill()
        process.start()
        licenses = process.client(world.token).get("/v1/licenses").json()["items"]
        assert [each["consumedUnits"] for each in licenses] == [statuses.count(200)]
    assert wrongs(sqlite_url) == []


def fill_disk(process: Process) -> None:
    """Leave little space to each file of the database."""
    path = Path(process.url.removeprefix("sqlite:///"))
    largest = max(each.stat().st_size for each in path.parent.glob(f"{path.name}*"))
    limit(process, largest + SPACE)


def limit(process: Process, size: int) -> None:
    """How large the files may grow that the process writes to."""
    resource.prlimit(process.popen.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def change(process: Process, world: World, people: range, key: str, operation: str = "add") -> list[int]:
    """The statuses of requests about these people, sent in waves."""
    bodies = [body(world, n, key, operation) for n in people]
    return [
        answer.status
        for n in range(0, len(bodies), WAVE)
        for answer in send_all([process.address], world.token, bodies[n : n + WAVE])
    ]


def body(world: World, n: int, key: str, operation: str) -> dict:
    return {"personId": world.person(n), "licenses": [{"id": world.license(key), "operation": operation}]}

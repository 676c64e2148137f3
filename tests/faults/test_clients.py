"""Clients that misbehave: they break off, they dawdle, they come all at once. Nobody else notices."""

import json
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from allot.service import writes
from audit import wrongs
from crowd import send_all
from organizations import World, make
from servers import HOST, SECONDS, Process, Server

PEOPLE = 1000
SLOW, PROMPT_SECONDS = 200, 2.0
QUEUED = 10_000


@pytest.fixture
def crowded(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Process, World]]:
    """A server process, and an organization with many people on it."""
    with Server(sqlite_url) as server:
        world = server.call(lambda service: make(service, PEOPLE, "RTT", "MC", total=PEOPLE))
    with Process(sqlite_url, tmp_path / "server.log") as process:
        yield process, world
    assert "Traceback" not in process.log.read_text()


def request_of(world: World, n: int, key: str = "RTT") -> dict:
    """The request that gives a license to a person."""
    return {"personId": world.person(n), "licenses": [{"id": world.license(key), "operation": "add"}]}


def raw(world: World, n: int) -> tuple[bytes, bytes]:
    """Head and body of that request."""
    body = json.dumps(request_of(world, n)).encode()
    head = (
        f"PATCH /v1/licenses/users HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {world.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


def chunked(world: World, n: int) -> bytes:
    """The same request with its body in chunks, without the last one."""
    head, body = raw(world, n)
    head = head.replace(f"Content-Length: {len(body)}".encode(), b"Transfer-Encoding: chunked")
    return head + f"{len(body):x}\r\n".encode() + body + b"\r\n"


def test_a_body_that_is_cut_off_changes_nothing(crowded: tuple[Process, World], counted: Callable):
    """A request whose body ends early is not carried out, wherever it is cut; the connection is given up."""
    process, world = crowded
    server = psutil.Process(process.popen.pid)
    files = server.num_fds()
    head, body = raw(world, 0)
    cuts = [*range(0, len(head), 25), *range(len(head), len(head) + len(body), 5)]
    for cut in cuts:
        with socket.create_connection((HOST, process.port)) as connection:
            connection.sendall((head + body)[:cut])
    for n in range(20):
        with socket.create_connection((HOST, process.port)) as connection:
            connection.sendall(chunked(world, n))
    assert send_all([process.address], world.token, [request_of(world, 1)])[0].status == 200
    deadline = time.monotonic() + 5
    while server.num_fds() > files and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.num_fds() <= files
    assert entries(process) == 1
    assert wrongs(process.url) == []
    counted(f"{len(cuts) + 20} requests cut off")


def test_slow_clients_hold_nobody_up(crowded: tuple[Process, World], counted: Callable):
    """While 200 clients send head or body a byte at a time, the others are answered as ever."""
    process, world = crowded
    slow = [socket.create_connection((HOST, process.port)) for _ in range(SLOW)]
    requests = [b"".join(raw(world, n)) for n in range(SLOW)]
    for n, connection in enumerate(slow):
        head = requests[n].index(b"\r\n\r\n") + 4
        connection.sendall(requests[n][: head + 10 if n % 2 else 20])
    times: list[float] = []
    for n in range(50):
        for place, connection in enumerate(slow):
            sent = requests[place].index(b"\r\n\r\n") + 14 if place % 2 else 20
            connection.sendall(requests[place][sent + n : sent + n + 1])
        started = time.monotonic()
        assert send_all([process.address], world.token, [request_of(world, SLOW + n)])[0].status == 200
        times.append(time.monotonic() - started)
    # The machine may pause now and then; whoever is held up is held up each time.
    assert sorted(times)[-5] < PROMPT_SECONDS
    assert entries(process) == 50
    for place, connection in enumerate(slow):
        sent = (requests[place].index(b"\r\n\r\n") + 14 if place % 2 else 20) + 50
        connection.sendall(requests[place][sent:])
    for connection in slow:
        assert connection.recv(64).startswith(b"HTTP/1.1 200")
        connection.close()
    assert wrongs(process.url) == []
    counted(f"{SLOW} slow clients; the slowest of 50 others took {max(times) * 1000:.0f} ms")


@pytest.mark.long
def test_ten_thousand_at_once_are_all_answered(crowded: tuple[Process, World], counted: Callable):
    """10,000 requests at the same time: each is answered, or told when to come again."""
    process, world = crowded
    many = min(QUEUED, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (many + 500, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    process.kill()
    process.start()  # with the new limit
    bodies = [request_of(world, n % PEOPLE, "MC" if n % 2 else "RTT") for n in range(many)]
    started = time.monotonic()
    answers = send_all([process.address], world.token, bodies)
    seconds = time.monotonic() - started
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) <= {200, 503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status == 503)
    assert entries(process) == statuses[200]
    assert wrongs(process.url) == []
    counted(f"{many} requests at once in {seconds:.1f} s: {dict(statuses)}")


def test_what_the_queue_cannot_hold_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch, counted: Callable):
    """A full queue answers at once with 503 and Retry-After; what it took is carried out."""
    monkeypatch.setattr(writes, "QUEUED_MAX", 50)
    monkeypatch.setattr(writes, "BATCH_MAX", 20)
    asked = 0
    original = writes.Writes.submit

    async def submit(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return await original(*arguments)

    with Server(sqlite_url) as server, ThreadPoolExecutor() as pool:
        world = server.call(lambda service: make(service, 200, "RTT", total=200))
        turn = server.service.database._turn
        server.loop.call_soon_threadsafe(lambda: server.loop.create_task(turn.acquire()))
        monkeypatch.setattr(writes.Writes, "submit", submit)
        running = pool.submit(send_all, [server.address], world.token, [request_of(world, n) for n in range(200)])
        try:
            deadline = time.monotonic() + SECONDS
            while asked < 200:
                assert time.monotonic() < deadline, f"{asked} of 200 have arrived"
                time.sleep(0.01)
        finally:
            server.loop.call_soon_threadsafe(turn.release)
        answers = running.result()
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) == {200, 503}
    # What waits, and what the writer had in its hands.
    assert 50 <= statuses[200] <= 50 + writes.BATCH_MAX
    for answer in answers:
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "1"
            assert answer.body["errors"][0]["description"].startswith("Too many changes wait")
    assert wrongs(sqlite_url) == []
    counted(f"{dict(statuses)}")


def entries(process: Process) -> int:
    """How many requests the journal tells of."""
    with Server(process.url) as reader:
        count: int = reader.rows("SELECT count(*) FROM journal")[0][0]
        return count


def test_a_body_that_does_not_come_is_not_waited_for(sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """Who does not send the rest of a body in time is told so, and others are answered meanwhile."""
    monkeypatch.setattr("allot.wire.application.BODY_SECONDS_MAX", 0.5)
    with Server(sqlite_url) as server:
        world = server.call(lambda service: make(service, 3, "RTT"))
        port = int(server.address.rpartition(":")[2])
        slow = [socket.create_connection((HOST, port)) for _ in range(2)]
        for n, connection in enumerate(slow):
            head, body = raw(world, n)
            connection.sendall(head + body[: n * 20])
        assert send_all([server.address], world.token, [request_of(world, 2)])[0].status == 200
        for connection in slow:
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 400")
            assert b"body: did not arrive within" in answer
            connection.close()
        assert len(server.rows("SELECT 1 FROM journal")) == 1

"""Connections: what is sent before, behind and instead of a request does not harm the server."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from allot.cli import connections
from databases import Maker
from servers import ADMIN, HOST, Process, Server, load_demo

SECONDS = 10
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def process(sqlite: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One server for all tests of this file: none of them does it any harm."""
    with (
        sqlite.lent(load_demo) as url,
        Process(url, tmp_path_factory.mktemp("server") / "server.log", "--demo") as running,
    ):
        yield running


@pytest.fixture
def socket_(process: Process) -> Iterator[socket.socket]:
    """A connection to the server."""
    with socket.create_connection((HOST, process.port), SECONDS) as connection:
        yield connection


def answer(connection: socket.socket) -> tuple[int, dict[str, str], dict]:
    """Status, headers and body of the one answer that comes before the connection is closed."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        b"FOO /v1/roles HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /v1/people/\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}",
        b"POST /v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ],
)
def test_what_is_no_http_gets_an_error_like_others(socket_: socket.socket, sent: bytes):
    """Bytes that are no request are answered in the shape of all errors, with a tracking id, and the end."""
    socket_.sendall(sent)
    status, headers, body = answer(socket_)
    assert (status, headers["content-type"], headers["connection"]) == (400, "application/json", "close")
    assert body["trackingId"].lower() == headers["trackingid"]
    assert "no HTTP" in body["errors"][0]["description"]


@pytest.mark.parametrize("head", [b"GET /v1/roles?", b"GET /v1/roles HTTP/1.1\r\nx: "])
def test_heads_that_do_not_end_take_no_memory(process: Process, socket_: socket.socket, head: bytes):
    """A first line or a header that goes on and on is cut off, long before it is large."""
    server = psutil.Process(process.popen.pid)
    before = server.memory_info().rss
    socket_.sendall(head)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        socket_.sendall(b"a" * 50 * MEGABYTE)
    assert server.memory_info().rss - before < 8 * MEGABYTE


def test_long_heads_are_refused(process: Process, socket_: socket.socket):
    """More headers than any client needs are refused, also when they come at once; long bodies are not."""
    one = b"x: " + b"a" * 1000 + b"\r\n"
    socket_.sendall(b"GET /v1/roles HTTP/1.1\r\nHost: x\r\n" + one * 70 + b"\r\n")
    status, _, body = answer(socket_)
    assert status == 400
    assert str(connections.HEAD_BYTES_MAX) in body["errors"][0]["description"]
    body = b"{" + b" " * 500_000 + b"}"
    with process.client() as client:
        refused = client.patch("/v1/licenses/users", data=body, headers={"Content-Type": "application/json"})
        assert refused.json()["errors"][0]["description"].startswith("email, personId")
        assert client.get("/v1/roles", headers={"x": "a" * 60_000}).status_code == 200


def test_trailers_are_no_headers(socket_: socket.socket):
    """What comes behind a body replaces nothing that was sent before it, the token least of all."""
    socket_.sendall(
        f"POST /v1/people HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\nContent-Type: application/json\r\n"
        "Connection: close\r\nTransfer-Encoding: chunked\r\nTrackingID: mine\r\n\r\n"
        "2\r\n{}\r\n0\r\nAuthorization: Bearer nobody\r\nTrackingID: other\r\n\r\n".encode()
    )
    status, headers, body = answer(socket_)
    assert (status, headers["trackingid"]) == (400, "mine")
    assert body["errors"][0]["description"].startswith("emails")


def test_trailers_give_nobody_a_token(socket_: socket.socket):
    """A token in a trailer is none: whoever looked at the headers has not seen it."""
    socket_.sendall(
        "POST /v1/people HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\nAuthorization: Bearer {ADMIN}\r\n\r\n".encode()
    )
    assert answer(socket_)[0] == 401


def test_pipelined_requests_are_answered_in_their_order(socket_: socket.socket):
    """Requests that are sent without waiting get their answers one after the other, each its own."""
    head = f"HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
    for n in range(20):
        socket_.sendall(f"GET /v1/roles {head}TrackingID: n{n}\r\n\r\n".encode())
    socket_.sendall(f"GET /v1/roles {head}Connection: close\r\n\r\n".encode())
    received = b""
    while part := socket_.recv(65_536):
        received += part
    assert received.count(b"HTTP/1.1 200 OK") == 21
    places = [received.index(b"trackingid: n%d\r\n" % n) for n in range(20)]
    assert places == sorted(places)


def test_half_closed_connections_are_given_up(process: Process, socket_: socket.socket):
    """A client that ends its side in the middle of a request gets no answer, and leaves nothing behind."""
    server = psutil.Process(process.popen.pid)
    socket_.sendall(b"POST /v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    socket_.shutdown(socket.SHUT_WR)
    while socket_.recv(65_536):
        pass
    deadline = time.monotonic() + SECONDS
    while len(server.net_connections("tcp")) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(server.net_connections("tcp")) == 1  # the one that listens


def test_heads_that_dawdle_are_given_up(demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """A client that does not come to the end of its head, or never begins, is not waited for; an idle one is."""
    # Longer than the machine pauses between two requests.
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 2.0)
    request = b"GET /v1/roles HTTP/1.1\r\nHost: x\r\n\r\n"
    with Server(demo_sqlite_url) as server:
        port = int(server.address.rpartition(":")[2])
        silent, slow, idle, busy = (socket.create_connection((HOST, port), SECONDS) for _ in range(4))
        slow.sendall(request[:20])
        idle.sendall(request)
        busy.sendall(b"POST /v1/people HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 401")
        assert busy.recv(65_536).startswith(b"HTTP/1.1 401")
        assert silent.recv(1) == slow.recv(1) == b""
        assert busy.recv(1) == b""  # the rest of what was answered already is of no use
        time.sleep(2.5)
        idle.sendall(request)
        assert idle.recv(65_536).startswith(b"HTTP/1.1 401")
        for connection in (silent, slow, idle, busy):
            connection.close()


def test_answers_that_nobody_takes_are_given_up(demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """A client that asks and asks, and takes no answer, does not keep them in the server's memory."""
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.3)
    request = b"GET /allot/v1/openapi/webex.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Server(demo_sqlite_url) as server, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, int(server.address.rpartition(":")[2])))
        connection.settimeout(SECONDS)
        connection.sendall(request * 500)
        assert connection.recv(1, socket.MSG_PEEK)  # which takes nothing
        deadline = time.monotonic() + SECONDS
        while server.connections:
            assert time.monotonic() < deadline, "the server still waits"
            time.sleep(0.01)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 20):
                received += part.count(b"HTTP/1.1 200 OK")
        assert received < 500


def test_an_answer_is_one_packet(process: Process) -> None:
    """Head and body of an answer arrive together, so that a client that waits is woken once."""
    with socket.create_connection((HOST, process.port), timeout=5) as connection:
        for _ in range(20):
            connection.sendall(b"GET /allot/v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = connection.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200")
            assert answer.endswith(b"}")

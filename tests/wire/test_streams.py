"""Streams: answers that are sent part by part."""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest
import requests

from allot.service.service import Service
from allot.store.database import StoreError
from allot.wire.application import Application
from allot.wire.operation import Handler, Operation, Reply, Request
from databases import Maker
from servers import HOST, SECONDS, Client, Server

PART = b"0123456789abcdef" * 4096


class Streaming(Server):
    """Serves streams of several kinds, and knows what became of their generators."""

    def application(self, service: Service) -> Application:
        self.sent = 0
        self.ends: list[str] = []
        paths = {"parts": self.parts, "ticks": self.ticks, "fails": self.fails, "breaks": self.breaks}
        handlers = [Operation("GET", f"/{name}", self._handler(make), None, name) for name, make in paths.items()]
        return Application(service, [("", handlers)])

    def _handler(self, make: Callable[[Service], AsyncGenerator[bytes, None]]) -> Handler:
        async def stream(request: Request) -> Reply:
            return Reply(200, self._told(make(request.service)), content_type=b"text/plain")

        return stream

    async def _told(self, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        try:
            async for part in parts:
                self.sent += len(part)
                yield part
            self.ends.append("whole")
        except BaseException as error:
            self.ends.append(type(error).__name__)
            raise

    async def parts(self, _: Service) -> AsyncGenerator[bytes, None]:
        """Many parts that are there at once."""
        for _ in range(500):
            yield PART

    async def ticks(self, service: Service) -> AsyncGenerator[bytes, None]:
        """A stream without an end of its own."""
        while not service.stopping.is_set():
            yield b"tick\n"
            await asyncio.wait((asyncio.create_task(service.stopping.wait()),), timeout=0.02)

    async def fails(self, _: Service) -> AsyncGenerator[bytes, None]:
        """A stream that does not begin."""
        raise StoreError("away")
        yield b""

    async def breaks(self, _: Service) -> AsyncGenerator[bytes, None]:
        """A stream that does not come to its end."""
        yield b"one\n"
        raise StoreError("away")


@pytest.fixture
def streaming(sqlite: Maker) -> Iterator[Streaming]:
    with sqlite.lent() as url, Streaming(url) as running:
        yield running


@pytest.fixture
def plain(streaming: Streaming) -> Iterator[Client]:
    client = streaming.client(None)
    yield client
    client.close_all()


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_stream_arrives_whole(streaming: Streaming, plain: Client):
    """All parts arrive in their order, without a length, and the connection serves the next request."""
    for _ in range(2):
        answer = plain.get("/parts")
        assert answer.content == PART * 500
        assert "Content-Length" not in answer.headers
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["TrackingID"]
    assert streaming.ends == ["whole", "whole"]


def test_parts_are_not_held_back(streaming: Streaming, plain: Client):
    """A part arrives when it is there, not when the next one is or the stream ends; who leaves ends the stream."""
    with plain.get("/ticks", stream=True) as answer:
        lines = answer.iter_lines()
        assert [next(lines) for _ in range(3)] == [b"tick"] * 3
        assert streaming.ends == []
    until(lambda: streaming.ends == ["CancelledError"])


def test_slow_readers_take_no_memory(streaming: Streaming):
    """Of a stream that nobody takes only a little is made; when the client goes away the rest never is."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, int(streaming.address.rpartition(":")[2])))
        connection.sendall(b"GET /parts HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: streaming.sent > 0)
        made = still = 0
        while still < 5:  # a pause of the machine is seen once
            time.sleep(0.1)
            still = still + 1 if made == streaming.sent else 0
            made = streaming.sent
        assert made < 200 * len(PART)
    until(lambda: streaming.ends != [])
    assert streaming.ends != ["whole"]
    assert streaming.sent <= made + len(PART)


def test_a_stream_that_does_not_begin_is_an_error(streaming: Streaming, plain: Client):
    """What fails before the first part is answered like every other error."""
    answer = plain.get("/fails")
    assert answer.status_code == 503
    assert answer.json()["trackingId"] == answer.headers["TrackingID"]


def test_a_stream_that_breaks_has_no_end(streaming: Streaming, plain: Client):
    """What fails later breaks the answer off, so that nobody takes it for whole; the server goes on."""
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _ = plain.get("/breaks").content
    assert plain.get("/parts").status_code == 200


def test_a_stop_ends_streams_at_once(streaming: Streaming, plain: Client):
    """A stream without an end comes to its end when the server stops, and the stop does not wait for clients."""
    with plain.get("/ticks", stream=True) as answer:
        lines = answer.iter_lines()
        assert next(lines) == b"tick"
        started = time.monotonic()
        streaming.stop()
        assert set(lines) <= {b"tick"}  # and no error: the answer has its end
    assert time.monotonic() - started < 5
    assert streaming.ends == ["whole"]

"""A proxy between a client and a server that breaks what the test tells it to break."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Self
from urllib.parse import urlsplit

from servers import HOST, SECONDS

#: what becomes of a request: passed on, held for a moment, answered with a status instead or after it was passed on,
#: the connection cut instead or after it was passed on, an answer that is none, an answer that says nothing was lost
PASS, DELAY, CUT_BEFORE, CUT_AFTER, NONSENSE = "pass", "delay", "cut before", "cut after", "nonsense"
BUSY, LIMITED, LOCKED, BROKEN, BROKEN_AFTER = "503", "429", "423", "500", "500 after"
_STATUSES = {BUSY: 503, LIMITED: 429, LOCKED: 423, BROKEN: 500, BROKEN_AFTER: 500}
DELAY_SECONDS = 0.05

Choice = Callable[[str, str], str]


class Proxy:
    """Passes requests on to `address`, as `choose(method, path)` says for each; a context manager."""

    def __init__(self, address: str, choose: Choice, retry_after: int = 0, port: int = 0) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname, parts.port
        self.choose = choose
        self._retry_after = retry_after
        self.port = port
        #: what was done how often
        self.counts: Counter[str] = Counter()
        #: requests by method
        self.methods: Counter[str] = Counter()
        self._started: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._started.result(SECONDS)
        self.address = f"http://{HOST}:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Go away: every connection is cut, and no new one is taken."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def leave(self) -> None:
        """The same from within `choose`, without waiting."""
        self._stop.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._take, HOST, self.port)
        self._started.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            upstream = await asyncio.open_connection(self._host, self._port)
            try:
                while await self._one(reader, writer, upstream):
                    pass
            finally:
                upstream[1].transport.abort()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._running.discard(task)
            writer.transport.abort()

    async def _one(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> bool:
        """One request; whether the connection goes on."""
        request = await _message(reader)
        method, path, _ = request.split(b" ", 2)
        what = self.choose(method.decode(), path.decode())
        self.counts[what] += 1
        self.methods[method.decode()] += 1
        if what == CUT_BEFORE:
            return False
        answer = _answer(_STATUSES.get(what, 200), self._retry_after, b"<html>hello</html>")
        if what in (PASS, DELAY, CUT_AFTER, BROKEN_AFTER):
            upstream[1].write(request)
            found = await _message(upstream[0])
            if what == CUT_AFTER:
                return False
            answer = answer if what == BROKEN_AFTER else found
        if what == DELAY:
            await asyncio.sleep(DELAY_SECONDS)
        writer.write(answer)
        await writer.drain()
        return True


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return head + await reader.readexactly(int(length.partition(b":")[2]))


def _answer(status: int, retry_after: int, body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}", "Content-Type: text/html"]
    if status in (423, 429, 503):
        lines.append(f"Retry-After: {retry_after}")
    return "\r\n".join([*lines, "", ""]).encode() + body

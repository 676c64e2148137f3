"""The real service for tests: in a thread of the test, or as a process of its own."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

import requests
import uvicorn
import uvloop

from allot.cli.connections import Connection
from allot.cli.demo import accept_tokens
from allot.cli.rulebooks import read_rulebook
from allot.cli.serving import KEEP_ALIVE_SECONDS, application, make_service
from allot.core.rulebook import Rulebook
from allot.service.service import Service
from allot.service.settings import Settings
from allot.wire.application import Application

T = TypeVar("T")
HOST = "127.0.0.1"
ADMIN = "allot-demo-admin"
PROGRAM = str(Path(sys.executable).parent / "allot")
SECONDS = 30


class Client(requests.Session):
    """Speaks to one server with one token; paths are joined to the server's address."""

    def __init__(self, base: str, token: str | None = ADMIN, closing: list["Client"] | None = None) -> None:
        super().__init__()
        self.trust_env = False
        self.base = base
        self._closing = closing if closing is not None else []
        self._closing.append(self)
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        """As requests' own; `url` may be a path."""
        options.setdefault("timeout", SECONDS)
        return super().request(method, self.base + url if url.startswith("/") else url, **options)

    def as_(self, token: str | None) -> "Client":
        """Another client of the same server, with this token or none; closed together with this one."""
        return Client(self.base, token, self._closing)

    def close_all(self) -> None:
        """Close this client and those made from it."""
        for client in self._closing:
            client.close()


def hold_port() -> socket.socket:
    """A socket whose port nobody else is given until it is closed, for a server that comes and goes.

    Who calls there is refused while the server is away. It does not listen: servers listen beside it.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((HOST, 0))
    return held


@cache
def rulebook() -> Rulebook:
    """The rulebook that is shipped."""
    return read_rulebook("")


def load_demo(url: str) -> None:
    """Put the demo's organizations into a migrated database."""

    async def fill() -> None:
        service = await make_service(Settings(database=url), demo=True)
        await service.database.close()

    # In a thread of its own: whoever drives a browser has a loop in this one already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, fill()).result()


@asynccontextmanager
async def open_service(url: str, **settings: Any) -> AsyncIterator[Service]:
    """A started service on a database, on the running loop; demo tokens work."""
    service = await make_service(Settings(database=url, **settings))
    accept_tokens(service)
    service.start()
    try:
        yield service
    finally:
        await service.close()


class Server:
    """The application served over HTTP by a thread of this process; a context manager."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self._settings = settings
        self._listening = socket.create_server((HOST, 0), backlog=2048)
        self.address = f"http://{HOST}:{self._listening.getsockname()[1]}"
        self._started: Future[Service] = Future()
        self._thread = threading.Thread(target=self._run, name="allot-server")

    def __enter__(self) -> Self:
        self._thread.start()
        self.service = self._started.result(SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def application(self, service: Service) -> Application:
        """What is served."""
        return application(service)

    def stop(self) -> None:
        """Stop serving; does nothing when it has stopped."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def call(self, function: Callable[[Service], Coroutine[Any, Any, T]]) -> T:
        """The result of `await function(service)` on the server's own loop."""
        return asyncio.run_coroutine_threadsafe(function(self.service), self.loop).result(SECONDS)

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of one statement, in the dialect of the store."""

        async def read(service: Service) -> list[tuple[Any, ...]]:
            async with service.database.reading() as reading:
                return await reading.rows(sql, *parameters)

        return self.call(read)

    def run(self, sql: str, *parameters: object) -> int:
        """Run one statement behind the service's back; the number of rows that it changed."""

        async def write(service: Service) -> int:
            async with service.database.writing() as writing:
                return await writing.run(sql, *parameters)

        return self.call(write)

    def client(self, token: str | None = ADMIN) -> Client:
        """A client; close it with `close_all`."""
        return Client(self.address, token)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:
                if self._started.done():
                    raise
                self._started.set_exception(error)
            finally:
                self._listening.close()

    async def _serve(self) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with open_service(self.url, **self._settings) as service:
            config = uvicorn.Config(
                self.application(service),
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
            config.load()
            server = uvicorn.Server(config)
            server.lifespan = config.lifespan_class(config)
            # Without uvicorn's own loop and end, which look and wait for tenths of a second.
            await server.startup(sockets=[self._listening])
            #: those of clients that are open now
            self.connections = server.server_state.connections
            self._started.set_result(service)
            await self._stop.wait()
            service.stop()
            for listening in server.servers:
                listening.close()
            while server.server_state.connections:
                for connection in list(server.server_state.connections):
                    connection.shutdown()
                await asyncio.sleep(0.001)


class Process:
    """`allot serve` as a process of its own, which can be killed and started again; a context manager."""

    def __init__(self, url: str, log: Path, *flags: str) -> None:
        self.url = url
        self.log = log
        self._command = [PROGRAM, "serve", "--database", url, "--host", HOST, "--port", "0", *flags]
        self._clients: list[Client] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close_all()
        if self.popen.poll() is None:
            self.terminate()

    def start(self, **options: Any) -> None:
        """Start it and wait until it answers; `options` are those of Popen."""
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        deadline = time.monotonic() + SECONDS
        while not self._answers():
            if self.popen.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"allot serve does not answer:\n{self.log.read_text()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.popen.kill()
        self.popen.wait(SECONDS)

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def client(self, token: str | None = ADMIN) -> Client:
        """A client of the process as it runs now; closed with the process."""
        client = Client(self.address, token)
        self._clients.append(client)
        return client

    def _answers(self) -> bool:
        found = re.search(rf"http://{re.escape(HOST)}:(\d+)", self.log.read_text(errors="replace"))
        if found is None:
            return False
        self.address, self.port = found.group(), int(found[1])
        try:
            with socket.create_connection((HOST, self.port), 1) as connection:
                connection.sendall(b"GET /v1/licenses HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return connection.recv(8).startswith(b"HTTP/1.1")
        except OSError:
            return False

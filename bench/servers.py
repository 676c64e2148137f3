"""Processes that answer on a port: started, pinned to a core, measured and stopped."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PROGRAM = str(Path(sys.executable).parent / "allot")
#: On a machine with two cores or more the server has one and the load generator another.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0] if len(CORES) > 1 else None
LOAD_CORE = CORES[1] if len(CORES) > 1 else None


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """A process that listens on `port`; a context manager that stops what it started."""

    def __init__(self, command: list[str], port: int, log: Path, core: int | None = None, **environment: str) -> None:
        self.port = port
        self._command = command
        self._core = core
        self._log = log
        self._environment = os.environ | environment

    def __enter__(self) -> Self:
        self.started = time.perf_counter()
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=self._environment
            )
        if self._core is not None:
            os.sched_setaffinity(self._popen.pid, {self._core})
        self._process = psutil.Process(self._popen.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        family = self._family()
        self._popen.terminate()
        try:
            self._popen.wait(10)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait(10)
        for child in family[1:]:
            if child.is_running():
                child.kill()

    def ready(self, request: bytes, seconds: float = 20) -> float:
        """Ask until somebody answers; the seconds from the start of the process to the first answer."""
        while True:
            if self._popen.poll() is not None:
                raise RuntimeError(f"{self._command[0]} ended with {self._popen.returncode}:\n{self._tail()}")
            try:
                ask(self.port, request)
            except OSError:
                if time.perf_counter() - self.started > seconds:
                    raise RuntimeError(f"no answer within {seconds} s:\n{self._tail()}") from None
                time.sleep(0.002)
            else:
                return time.perf_counter() - self.started

    def busy(self) -> float:
        """Seconds of processor time that the process and its children have used."""
        return sum(sum(process.cpu_times()[:2]) for process in self._family())

    def resident(self) -> float:
        """Resident memory of the process and its children, in MiB."""
        return sum(process.memory_info().rss for process in self._family()) / 2**20

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)] if self._process.is_running() else []

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def ask(port: int, request: bytes, seconds: float = 5) -> bytes:
    """The answer to one request over a connection of its own; an OSError when there is none."""
    with socket.create_connection((HOST, port), seconds) as connection:
        connection.sendall(request)
        received = b""
        while True:
            part = connection.recv(65_536)
            if not part:
                raise ConnectionError("closed before the whole answer was here")
            received += part
            if whole(received):
                return received


def whole(received: bytes) -> bool:
    """Whether one response with a length is complete."""
    head, separator, body = received.partition(b"\r\n\r\n")
    _, found, rest = head.lower().partition(b"content-length:")
    return bool(separator) and (not found or len(body) >= int(rest.split(b"\r")[0]))


def allot(database: str, log: Path, core: int | None = None) -> Server:
    """`allot serve` on a database, on a free port."""
    port = free_port()
    return Server([PROGRAM, "serve", "--database", database, "--port", str(port)], port, log, core)


def demo(folder: Path, core: int | None = None) -> Server:
    """`allot serve --demo` with its database in a folder."""
    port = free_port()
    command = [PROGRAM, "serve", "--demo", "--database", f"sqlite:///{folder}/demo.db", "--port", str(port)]
    return Server(command, port, folder / "demo.log", core)


def constant(kind: str, body: int, log: Path, core: int | None = None, database: str = "") -> Server:
    """A server of `bench.constant` on a free port: `app`, `endpoint` (on that database) or `trivial`."""
    port = free_port()
    command = [sys.executable, "-m", "bench.constant", kind, str(port)]
    return Server(command, port, log, core, ALLOT_BENCH_BODY=str(body), ALLOT_BENCH_DATABASE=database)

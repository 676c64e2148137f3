"""Servers that answer what a test wants, or nothing, and lines between client and server that break."""

import math
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from servers import HOST, hold_port


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """One answer. A `status` of 0 is none: the connection is closed; of -1: nothing comes until the test ends."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    #: whether the body comes again and again, until nobody listens
    endless: bool = False


class Stranger:
    """An HTTP server that answers what a function says, and knows what it was asked; a context manager."""

    def __init__(self, answer: Callable[[Asked], Said]) -> None:
        self.asked: list[Asked] = []
        self._answer = answer
        self._over = threading.Event()
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def do_GET(self) -> None:
                stranger._serve(self)

            def do_PATCH(self) -> None:
                stranger._serve(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="stranger")
        self.port = self._server.server_port
        self.address = f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        asked = Asked(request.command, request.path, dict(request.headers), body)
        self.asked.append(asked)
        said = self._answer(asked)
        if said.status == -1:
            self._over.wait()
        if said.status <= 0:
            request.close_connection = True
            return
        request.send_response_only(said.status)
        for name, value in ({"Content-Type": "application/json"} | dict(said.headers)).items():
            request.send_header(name, value)
        request.send_header(*(("Connection", "close") if said.endless else ("Content-Length", str(len(said.body)))))
        request.end_headers()
        request.wfile.write(said.body)
        while said.endless:
            request.wfile.write(said.body)


def in_turn(*said: Said) -> Callable[[Asked], Said]:
    """Answers one after the other; the last one for ever."""
    left = list(said)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class Line:
    """A line to a server that can be closed and opened again, at one address; a context manager."""

    def __init__(self, port: int) -> None:
        self._to = (HOST, port)
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._held = hold_port()
        self._port = self._held.getsockname()[1]
        self._listening = socket.create_server((HOST, self._port))
        self.address = f"http://{HOST}:{self._port}"
        #: bytes of answers that pass before it closes by itself, or stalls
        self.left = math.inf
        self._stalls = False
        #: whether it stalls now, and whether it shall go on
        self.stalled, self._flows = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        self._start(self._accept, self._listening)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        for thread in self._threads:
            thread.join()
        self._held.close()

    def open(self) -> None:
        """Let connections through again."""
        self.left = math.inf
        self._listening = socket.create_server((HOST, self._port))
        self._start(self._accept, self._listening)

    def close(self) -> None:
        """Cut all connections and take no more."""
        for end in (self._listening, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()
        self._flows.set()

    def let(self, left: float) -> None:
        """Let so many bytes of answers through, and then none until more are let."""
        self.left, self._stalls = left, True
        self.stalled.clear()
        self._flows.set()
        self._flows = threading.Event()

    def _start(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, name="line")
        self._threads.append(thread)
        thread.start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near = listening.accept()[0]
                far = socket.create_connection(self._to)
                self._ends += [near, far]
                self._start(self._pass, near, far, False)
                self._start(self._pass, far, near, True)

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.left -= len(data) if answers else 0
                if self.left <= 0 and not self._stalls:
                    self.close()
                    return
                if answers and self.left <= 0:
                    self.stalled.set()
                    self._flows.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

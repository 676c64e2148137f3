"""Connections: uvicorn's HTTP protocol, with the limits that it lacks and errors in the API's one shape."""

import asyncio
from typing import Any, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from allot.core.failure import Failure
from allot.wire import errors
from allot.wire.calls import tracking_id_of

# First line and headers of one request. A search for 85 ids, with its token, has 8 KiB.
HEAD_BYTES_MAX = 64 * 1024
# A client that takes longer for them is not waited for; nor is one that still sends what was answered already, or
# takes nothing of its answer meanwhile.
HEAD_SECONDS_MAX = 30.0

_UNREADABLE = "The request is no HTTP that is read here. Check its first line, its headers and the length of its body"
_LONG = f"First line and headers of a request may have {HEAD_BYTES_MAX} bytes. Send shorter ones"


class LongHead(ValueError):
    """First line and headers have more bytes than are read."""


class Corked:
    """A transport that sends what is written in one turn of the loop together.

    uvicorn writes an answer's head and its body one after the other: that is two packets, and a client
    that waits is woken twice.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        # All else that a transport is asked; to find it by `__getattr__` would make what is found here slow as well.
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    def write(self, data: bytes) -> None:
        """Send at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self._uncork)
        self._parts.append(data)

    def close(self) -> None:
        """Send what is there, then close."""
        self._uncork()
        self._transport.close()

    def _uncork(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self.is_closing():
            self._transport.write(b"".join(parts))


class Connection(HttpToolsProtocol):
    """One connection. A head has a most in bytes and in seconds, and what follows a body is no header."""

    _watch: asyncio.TimerHandle | None = None
    #: bytes of the head so far; after it also of the body
    _received = 0
    #: when the head began that is not whole yet; None when none is awaited
    _begun: float | None = None
    #: bytes of answers that were not sent yet at the last look
    _unsent = 0
    #: whether the body is not whole yet
    _unfinished = False
    _problem = _UNREADABLE

    def connection_made(self, transport: Any) -> None:
        super().connection_made(cast("asyncio.Transport", Corked(transport, self.loop)))
        self._begun = self.loop.time()
        self._watch = self.loop.call_later(HEAD_SECONDS_MAX, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        if self._received > HEAD_BYTES_MAX and self._begun is not None and not self.transport.is_closing():
            self._problem = _LONG
            self.send_400_response("")

    def on_message_begin(self) -> None:
        self._begun = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._received > HEAD_BYTES_MAX:  # or some of the body came with it
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > HEAD_BYTES_MAX:
                self._problem = _LONG
                raise LongHead
        self._begun, self._unfinished = None, True
        super().on_headers_complete()
        # Trailers come here from now on: they could replace what was sent or checked before.
        self.headers = []

    def on_message_complete(self) -> None:
        self._received, self._unfinished = 0, False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the shape of every other error, and close."""
        tracking_id = tracking_id_of(None)
        _, body = errors.response(Failure.invalid(self._problem), tracking_id)
        content = msgspec.json.encode(body)
        headers = [
            *self.server_state.default_headers,
            (b"trackingid", tracking_id.encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + content)
        self.transport.close()

    def _look(self) -> None:
        """Close when a head, the rest of what was answered, or the taking of an answer takes too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent == self._unsent:  # nothing of the answer was taken since the last look
            self.transport.abort()
            return
        self._unsent = unsent
        late = self._begun is not None and self.loop.time() - self._begun >= HEAD_SECONDS_MAX
        useless = self._unfinished and self.cycle is not None and self.cycle.response_complete
        if late or useless:
            self.transport.close()
        else:
            self._watch = self.loop.call_later(HEAD_SECONDS_MAX, self._look)

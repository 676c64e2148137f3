"""What answers without deciding anything: the yardsticks beside the server.

`app` is a bare ASGI application that reads the body and answers a constant one of ALLOT_BENCH_BODY bytes; run with
the server's own uvicorn settings it is all that the server could reach. `trivial` answers without even an HTTP parser
and shows how much the load generator itself can do.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
import uvloop

from allot.cli.connections import Connection

BODY = b'{"padding":"' + b"x" * (int(os.environ.get("ALLOT_BENCH_BODY", "500")) - 14) + b'"}'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())],
}
END = {"type": "http.response.body", "body": BODY}
RAW = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)

# As `allot serve` has them.
SETTINGS: dict[str, Any] = {
    "loop": "uvloop",
    "http": Connection,
    "access_log": False,
    "log_level": "warning",
    "server_header": False,
    "proxy_headers": False,
}


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]):
    """Read the whole body, answer the constant."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)


class Trivial(asyncio.Protocol):
    """Takes whatever arrives for one whole request."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast(asyncio.Transport, transport).write

    def data_received(self, data: bytes) -> None:
        self.write(RAW)


async def trivial(port: int) -> None:
    """Serve `Trivial` until stopped."""
    server = await asyncio.get_running_loop().create_server(Trivial, "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """`python -m bench.constant app|trivial PORT`."""
    kind, port = sys.argv[1], int(sys.argv[2])
    gc.freeze()
    if kind == "trivial":
        uvloop.run(trivial(port))
    else:
        uvicorn.run(app, host="127.0.0.1", port=port, **{**SETTINGS, "lifespan": "off"})


if __name__ == "__main__":
    main()

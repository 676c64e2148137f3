"""What answers without deciding anything: the yardsticks beside the server.

`app` is a bare ASGI application that reads the body and answers a constant one of ALLOT_BENCH_BODY bytes; run with
the server's own uvicorn settings it is all that the server could reach. `endpoint` is allot with another handler of the
same operation, on the database ALLOT_BENCH_DATABASE: token, rights, body and the log of requests, and then the constant
body. `trivial` answers without even an HTTP parser and shows how much the load generator itself can do.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import uvicorn
import uvloop

from allot.api import licenses
from allot.cli.connections import Connection
from allot.cli.serving import started
from allot.service.settings import Settings
from allot.wire.application import Application
from allot.wire.operation import Reply, Request

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
    "lifespan": "off",
}


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]):
    """Read the whole body, answer the constant."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(END)


async def answer(_request: Request) -> Reply:
    """A handler that does nothing."""
    return Reply(200, BODY)


async def endpoint(port: int) -> None:
    """Serve PATCH /licenses/users with `answer`."""
    operations = [replace(each, handler=answer) for each in licenses.OPERATIONS if each.method == "PATCH"]
    async with started(Settings(database=os.environ["ALLOT_BENCH_DATABASE"])) as (service, _):
        config = uvicorn.Config(Application(service, [("/v1", operations)]), host="127.0.0.1", port=port, **SETTINGS)
        await uvicorn.Server(config).serve()


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
    """`python -m bench.constant app|endpoint|trivial PORT`."""
    kind, port = sys.argv[1], int(sys.argv[2])
    gc.freeze()
    if kind == "trivial":
        uvloop.run(trivial(port))
    elif kind == "endpoint":
        uvloop.run(endpoint(port))
    else:
        uvicorn.run(app, host="127.0.0.1", port=port, **SETTINGS)


if __name__ == "__main__":
    main()

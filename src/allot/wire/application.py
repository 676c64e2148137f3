"""One ASGI application of several planes: the route table, and the way from a path to an endpoint."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType

from starlette.routing import Route, Router

from allot.core.failure import Failure, Kind
from allot.service.requests import Seen
from allot.service.service import Service
from allot.wire import requests
from allot.wire.calls import Scope, arrived
from allot.wire.endpoint import PATH_MAX, Endpoint, failed, send_reply
from allot.wire.operation import Operation
from allot.wire.patience import Patience
from allot.wire.streams import Receive, Send

# A client whose body takes longer is not waited for.
BODY_SECONDS_MAX = 30.0


App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Application:
    """Operations below their prefixes: paths without a variable by table, the others by Starlette's router.

    `others` are applications of their own, by the beginning of the paths that are theirs.
    """

    def __init__(
        self,
        service: Service,
        planes: Sequence[tuple[str, Sequence[Operation]]],
        others: Mapping[str, App] = MappingProxyType({}),
    ) -> None:
        patience = Patience(BODY_SECONDS_MAX)
        self._exact: dict[tuple[str, str], Endpoint] = {}
        by_path: dict[str, dict[str, Endpoint]] = {}
        for prefix, operations in planes:
            for operation in operations:
                endpoint = Endpoint(service, operation, patience)
                by_path.setdefault(prefix + operation.path, {})[operation.method] = endpoint
                if "{" not in operation.path:
                    self._exact[operation.method, prefix + operation.path] = endpoint
        # Starlette takes the first route that fits: literal paths go before those with a variable.
        paths = sorted(by_path, key=lambda path: path.count("{"))
        routes = [Route(path, _Methods(service, by_path[path])) for path in paths]
        routes += [Route(f"{start}{{below:path}}", other) for start, other in others.items()]
        self._router = Router(routes, redirect_slashes=False, default=_Nowhere(service))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._exact.get((scope["method"], scope["path"]))
        if endpoint is not None:
            await endpoint(scope, receive, send)
        else:
            await self._router(scope, receive, send)


class _Methods:
    """The endpoints of one path by method; another method is answered with 405 and the list."""

    def __init__(self, service: Service, endpoints: dict[str, Endpoint]) -> None:
        self._service = service
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is not None:
            await endpoint(scope, receive, send)
            return
        allowed = ", ".join(sorted(self._endpoints))
        failure = Failure(Kind.METHOD_NOT_ALLOWED, "The method is not allowed here", (f"This path has {allowed}",))
        await _refuse(self._service, scope, send, failure, [(b"allow", allowed.encode())])


class _Nowhere:
    """A path that there is not."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failure = Failure.not_found(f"{scope['path'][:200]} is no path of this API")
        await _refuse(self._service, scope, send, failure)


async def _refuse(
    service: Service, scope: Scope, send: Send, failure: Failure, more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Answer a request that no endpoint takes."""
    started = time.perf_counter()
    headers = dict(scope["headers"])
    call = arrived(scope, headers)
    seen = Seen("", scope["method"], scope["path"][:PATH_MAX], call, service.clock.now())
    requests.keep_query(seen, headers, scope["query_string"])
    reply = failed(failure, call.tracking_id)
    reply.headers += more
    requests.answered(service.requests, seen, reply, time.perf_counter() - started)
    await send_reply(send, reply, call.tracking_id)

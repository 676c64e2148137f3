"""Probes on the wire: what operators and their machines ask a running server."""

from typing import Any, Literal

import msgspec

from allot.core.failure import Failure, Kind
from allot.service import probes
from allot.service.meters import MEDIA
from allot.wire.operation import Handler, Logged, Operation, Reply, Request, Text


class HealthResponse(msgspec.Struct):
    status: Literal["alive"]


class ReadinessResponse(msgspec.Struct):
    status: Literal["ready"]


async def get_health(request: Request) -> Reply:
    """Tell that the process answers. When this fails, start it again."""
    return Reply(200, HealthResponse("alive"))


async def get_readiness(request: Request) -> Reply:
    """Tell whether requests can be served: the database answers, its schema is current, the writers run.

    Otherwise 503 says what is wrong. Send requests elsewhere until it is ready.
    """
    wrong = await probes.unready(request.service)
    if wrong:
        raise Failure(Kind.UNAVAILABLE, "The service is not ready", tuple(wrong), 1)
    return Reply(200, ReadinessResponse("ready"))


async def head_health(request: Request) -> Reply:
    """Tell that the process answers, as GET does, without a body."""
    return await get_health(request)


async def head_readiness(request: Request) -> Reply:
    """Tell whether requests can be served, as GET does, without a body."""
    return await get_readiness(request)


async def get_metrics(request: Request) -> Reply:
    """Show the meters in the text form of Prometheus."""
    writes, meters = request.service.writes, request.service.meters
    text = meters.text(writes.waiting, writes.served, writes.batches)
    return Reply(200, text, content_type=MEDIA.encode())


def _probe(path: str, handler: Handler, summary: str, answer: Any, method: str = "GET") -> Operation:
    # They are asked every few seconds.
    return Operation(method, path, handler, None, summary, answers={200: answer}, logged=Logged.NOTHING)


OPERATIONS = (
    _probe("/health", get_health, "Get Health", HealthResponse),
    _probe("/readiness", get_readiness, "Get Readiness", ReadinessResponse),
    # Many checkers ask by HEAD; the server leaves out the body.
    _probe("/health", head_health, "Check Health", None, "HEAD"),
    _probe("/readiness", head_readiness, "Check Readiness", None, "HEAD"),
    _probe("/metrics", get_metrics, "Get Metrics", Text("text/plain")),
)

"""Probes on the wire: what operators and their machines ask a running server."""

from typing import Literal

import msgspec

from allot.core.failure import Failure, Kind
from allot.service import probes
from allot.service.meters import MEDIA
from allot.wire.operation import Operation, Reply, Request, Text


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


async def get_metrics(request: Request) -> Reply:
    """Show the meters in the text form of Prometheus."""
    writes, meters = request.service.writes, request.service.meters
    text = meters.text(writes.waiting, writes.served, writes.batches)
    return Reply(200, text, content_type=MEDIA.encode())


OPERATIONS = (
    Operation("GET", "/health", get_health, None, "Get Health", answers={200: HealthResponse}),
    Operation("GET", "/readiness", get_readiness, None, "Get Readiness", answers={200: ReadinessResponse}),
    Operation("GET", "/metrics", get_metrics, None, "Get Metrics", answers={200: Text("text/plain")}),
)

"""OpenTelemetry traces: a span for each request, sent to a collector over HTTP. Needs the extra `otel`."""

from datetime import datetime
from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from allot.cli.observing import Seen

# A collector that does not answer is not waited for at the end.
SECONDS_MAX = 5


class Traces:
    """Sends spans in the background; drops them when the collector cannot keep up."""

    def __init__(self, endpoint: str) -> None:
        address = endpoint.rstrip("/")
        if not address.endswith("/v1/traces"):
            address += "/v1/traces"
        resource = Resource.create({"service.name": "allot", "service.version": version("allot")})
        self._provider = TracerProvider(resource=resource)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address, timeout=SECONDS_MAX)))
        self._tracer = self._provider.get_tracer("allot")
        self._propagator = TraceContextTextMapPropagator()

    def record(self, seen: Seen) -> None:
        """Make the span of one request, below the client's when it sent one."""
        span = self._tracer.start_span(
            f"{seen.method} {seen.operation}",
            context=self._propagator.extract(seen.headers),
            kind=SpanKind.SERVER,
            start_time=_nanoseconds(seen.started),
            attributes={
                "http.request.method": seen.method,
                "url.path": seen.path,
                "http.response.status_code": seen.status,
                "client.address": seen.address,
                "allot.operation": seen.operation,
                "allot.tracking_id": seen.tracking_id,
            },
        )
        if seen.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(seen.started + seen.took))

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000

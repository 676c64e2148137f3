"""Meters: what operators watch, in Prometheus form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Meters:
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter("allot_answers", "Requests answered.", ("operation", "status"), registry=self.registry)
        self._seconds = Histogram(
            "allot_answer_seconds",
            "Time from request to answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.waiting = Gauge("allot_writes_waiting", "Requests that wait for a writer.", registry=self.registry)
        self.batches = Counter("allot_write_batches", "Transactions committed by the writers.", registry=self.registry)
        # Finding a labelled child takes longer than counting on it.
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        children = self._children.get((operation, status))
        if children is None:
            children = (self._answers.labels(operation, str(status)), self._seconds.labels(operation))
            self._children[operation, status] = children
        children[0].inc()
        children[1].observe(seconds)

"""Meters: what operators watch, in Prometheus form.

Answers are counted in plain integers, on the loop's thread alone, and become metrics when they are
asked for: a counter of the library takes a lock for every request.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_BOUNDS = (*map(str, _SECONDS), "+Inf")


#: the media type of `Meters.text`
MEDIA = CONTENT_TYPE_LATEST


class Meters(Collector):
    """Counters of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(self)
        #: of the writers: requests that wait, requests served, transactions committed
        self._writers = (0, 0, 0)
        #: (operation, status) -> answers by time taken, and the seconds of all together
        self._answers: dict[tuple[str, int], tuple[list[int], list[float]]] = {}

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer."""
        counts = self._answers.get((operation, status))
        if counts is None:
            counts = self._answers[operation, status] = ([0] * len(_BOUNDS), [0.0])
        counts[0][bisect_left(_SECONDS, seconds)] += 1
        counts[1][0] += seconds

    def text(self, waiting: int, served: int, batches: int) -> bytes:
        """All meters as Prometheus reads them, with the writers' numbers of now."""
        self._writers = (waiting, served, batches)
        return bytes(generate_latest(self.registry))

    def collect(self) -> Iterator[Metric]:
        """The answers as one histogram by operation and status, and what the writers do."""
        waiting, served, batches = self._writers
        yield GaugeMetricFamily("allot_writes_waiting", "Requests that wait for a writer.", waiting)
        yield CounterMetricFamily("allot_writes", "Requests that the writers have served.", served)
        yield CounterMetricFamily("allot_write_batches", "Transactions committed by the writers.", batches)
        family = HistogramMetricFamily(
            "allot_answer_seconds", "Time from request to answer.", labels=("operation", "status")
        )
        for (operation, status), (counts, seconds) in self._answers.items():
            buckets: list[tuple[str, float]] = []
            total = 0
            for bound, count in zip(_BOUNDS, counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric((operation, str(status)), buckets, seconds[0])
        yield family

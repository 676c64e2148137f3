"""Running the load in rounds: everything that is compared takes its turn in every round."""

import statistics
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench import servers
from bench.load import Exchange, Result, Spec, send, write_traffic
from bench.options import Options
from bench.servers import Server

CONNECTIONS = 64


class UnexpectedAnswerError(Exception):
    """Some answers were not what the requests must have, so the figures mean nothing."""


@dataclass
class Contender:
    """Something under load: where it listens, what it is sent, and what came of every round."""

    name: str
    processes: Sequence[Server]
    traffic: Path
    connections: int = CONNECTIONS
    core: int | None = servers.LOAD_CORE
    #: whether the answers must be those of real changes
    checked: bool = True
    #: the place in the traffic where the next round begins
    position: int = 0
    results: list[Result] = field(default_factory=list)
    #: processor time of the server for one request, in microseconds
    costs: list[float] = field(default_factory=list)

    def run(self, seconds: float, count: int = 0) -> None:
        """One round."""
        busy = sum(server.busy() for server in self.processes)
        spec = Spec(
            traffic=str(self.traffic),
            ports=[server.port for server in self.processes],
            connections=self.connections,
            seconds=seconds,
            count=count,
            warmup=min(1.0, seconds / 2),
            start=self.position,
            checked=self.checked,
            core=self.core,
        )
        result = send(spec)
        busy = sum(server.busy() for server in self.processes) - busy
        if result.wrong:
            raise UnexpectedAnswerError(f"{self.name}: {result.wrong} of {result.statuses}: {result.first_wrong}")
        self.costs.append(busy / (result.position - self.position) * 1e6)
        self.position = result.position
        self.results.append(result)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return statistics.median(result.rate for result in self.results)

    @property
    def cost(self) -> float:
        """Microseconds of the server's processor time for one request."""
        return statistics.median(self.costs)

    def latency(self, name: str) -> float:
        """Milliseconds: the median over the rounds of p50, p90, p99 or max."""
        return statistics.median(getattr(result, name) for result in self.results)

    def raw(self) -> dict[str, object]:
        """Everything, for the record."""
        return {"rounds": [msgspec.to_builtins(result) for result in self.results], "cost_us": self.costs}


def take_turns(contenders: Iterable[Contender], options: Options) -> dict[str, object]:
    """Round after round, each contender in turn, so that what disturbs the machine disturbs them all."""
    contenders = list(contenders)
    for _ in range(options.rounds):
        for contender in contenders:
            contender.run(options.seconds)
    return {contender.name: contender.raw() for contender in contenders}


def ratio(one: Contender, other: Contender) -> float:
    """The rate of one in that of the other: the median of the ratios within each round."""
    pairs = zip(one.results, other.results, strict=True)
    return statistics.median(mine.rate / theirs.rate for mine, theirs in pairs)


@contextmanager
def folder(options: Options) -> Iterator[Path]:
    """A folder for the databases of one question."""
    with tempfile.TemporaryDirectory(prefix="allot-bench-", dir=options.folder) as name:
        yield Path(name)


def save_traffic(path: Path, exchanges: Sequence[Exchange]) -> Path:
    """Write the traffic where the load generator finds it."""
    write_traffic(path, exchanges)
    return path

"""The load generator: a closed loop of precomputed requests over keep-alive connections.

`python -m bench.load SPEC.json` runs one specification in this process and prints the result as JSON. It is a
process of its own so that it can be pinned to a core that the server does not use. Every connection has one request
in flight; the connections take the requests from one shared list, round and round, so that an addition and the removal
that undoes it are never in flight together as long as they stand further apart than there are connections.

The clock of a request runs from before its bytes are handed to the socket until its whole answer is here.
"""

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import cast

import msgspec
import uvloop


class Exchange(msgspec.Struct, array_like=True, gc=False):
    """One request, and what its answer must hold, or lack, to prove that the request was a real change."""

    request: bytes
    #: looked for in the whole answer
    needle: bytes = b""
    holds: bool = True


class Spec(msgspec.Struct, kw_only=True):
    """What to send, where to, and for how long."""

    #: a file of `write_traffic`
    traffic: str
    #: connections are spread over the ports in turn
    ports: list[int]
    host: str = "127.0.0.1"
    connections: int = 64
    #: the measured part ends after so many seconds or so many answers, whichever comes first; 0 answers: no such end
    seconds: float = 5.0
    count: int = 0
    #: answers in these first seconds are not measured
    warmup: float = 1.0
    #: whether answers must be 200 and hold or lack what their exchange says
    checked: bool = True
    #: the place in the traffic to begin at: `Result.position` of the run before
    start: int = 0
    #: the core to run on, or None to leave that to the kernel
    core: int | None = None


class Result(msgspec.Struct, kw_only=True):
    """What came of it. Latencies are in milliseconds."""

    answers: int
    seconds: float
    rate: float
    p50: float
    p90: float
    p99: float
    max: float
    #: of all answers, those of the warm-up included
    statuses: dict[str, int]
    #: answers that are not what they must be, warm-up included
    wrong: int
    first_wrong: str
    position: int


def write_traffic(path: Path, exchanges: Sequence[Exchange]) -> None:
    """Write the file that `Spec.traffic` names."""
    path.write_bytes(msgspec.msgpack.encode(exchanges))


def complete(data: bytes) -> bool:
    """Whether `data` is one whole response: by its length, or by its last chunk."""
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = data.find(b"\r\ncontent-length: ", 0, head)
    if at < 0:
        at = data.find(b"\r\nContent-Length: ", 0, head)
    if at < 0:
        return data.endswith(b"0\r\n\r\n")
    return len(data) >= head + 4 + int(data[at + 18 : data.find(b"\r", at + 18)])


class Run:
    """One run, shared by its connections."""

    def __init__(self, spec: Spec, exchanges: list[Exchange]) -> None:
        self.spec = spec
        self.exchanges = exchanges
        self.position = spec.start
        self.measuring = self.over = False
        self.began = self.ended = 0.0
        self.times = array("d")
        self.statuses: Counter[bytes] = Counter()
        self.wrong = 0
        self.first_wrong = ""
        self.open = spec.connections
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def take(self) -> Exchange | None:
        """The next request to send, or None when there is nothing more to send."""
        if self.over:
            return None
        exchange = self.exchanges[self.position % len(self.exchanges)]
        self.position += 1
        return exchange

    def answered(self, exchange: Exchange, took: float, data: bytes) -> None:
        """Keep one answer."""
        status = data[9:12]
        self.statuses[status] += 1
        if self.spec.checked and (status != b"200" or (exchange.needle in data) is not exchange.holds):
            self.wrong += 1
            self.first_wrong = self.first_wrong or data.decode(errors="replace")
        if self.measuring:
            self.times.append(took)
            if len(self.times) == self.spec.count:
                self.finish()

    def begin(self) -> None:
        """Measure from now on."""
        self.measuring = True
        self.began = perf_counter()

    def finish(self) -> None:
        """Measure no more and send no more; what is in flight is still waited for."""
        if not self.over:
            self.measuring, self.over = False, True
            self.ended = perf_counter()

    def closed(self, fault: Exception | None) -> None:
        """One connection has ended."""
        self.open -= 1
        if fault is not None and not self.done.done():
            self.done.set_exception(fault)
        elif not self.open and not self.done.done():
            self.done.set_result(None)

    def result(self) -> Result:
        """The summary."""
        times = sorted(self.times)
        if not times:
            raise RuntimeError(f"no answer in {self.spec.seconds} s; statuses {dict(self.statuses)}")
        seconds = self.ended - self.began

        def quantile(share: float) -> float:
            return round(times[min(len(times) - 1, int(share * len(times)))] * 1000, 4)

        return Result(
            answers=len(times),
            seconds=seconds,
            rate=len(times) / seconds,
            p50=quantile(0.5),
            p90=quantile(0.9),
            p99=quantile(0.99),
            max=quantile(1),
            statuses={status.decode(): count for status, count in sorted(self.statuses.items())},
            wrong=self.wrong,
            first_wrong=self.first_wrong,
            position=self.position,
        )


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.received = b""
        self.sent = 0.0
        self.exchange: Exchange | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def send(self) -> None:
        """Send the next request, or close when there is none."""
        self.exchange = exchange = self.run.take()
        if exchange is None:
            self.transport.close()
            return
        self.sent = perf_counter()
        self.transport.write(exchange.request)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        if self.received:
            data = self.received + data
        if not complete(data):
            self.received = data
            return
        self.received = b""
        assert self.exchange is not None, "an answer that nobody asked for"
        self.run.answered(self.exchange, now - self.sent, data)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        lost = self.exchange is not None
        self.run.closed(exc or (ConnectionError("the server closed a connection") if lost else None))


async def perform(spec: Spec, exchanges: list[Exchange]) -> Result:
    """Carry out one specification."""
    loop = asyncio.get_running_loop()
    run = Run(spec, exchanges)
    connections = []
    for number in range(spec.connections):
        port = spec.ports[number % len(spec.ports)]
        _, connection = await loop.create_connection(lambda: Connection(run), spec.host, port)
        connections.append(connection)
    if spec.warmup:
        loop.call_later(spec.warmup, run.begin)
    else:
        run.begin()
    loop.call_later(spec.warmup + spec.seconds, run.finish)
    for connection in connections:
        connection.send()
    # A server that hangs must not hang the benchmark.
    await asyncio.wait_for(run.done, spec.warmup + spec.seconds + 30)
    return run.result()


def send(spec: Spec) -> Result:
    """Carry out one specification in a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(msgspec.json.encode(spec))
        file.flush()
        command = [sys.executable, "-m", "bench.load", file.name]
        root = Path(__file__).parent.parent
        ran = subprocess.run(command, capture_output=True, cwd=root, check=False)
    if ran.returncode:
        raise RuntimeError(f"the load generator failed:\n{ran.stderr.decode()[-2000:]}")
    return msgspec.json.decode(ran.stdout, type=Result)


def main() -> None:
    """Read the specification named on the command line, carry it out, print the result."""
    spec = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Spec)
    if spec.core is not None:
        os.sched_setaffinity(0, {spec.core})
    exchanges = msgspec.msgpack.decode(Path(spec.traffic).read_bytes(), type=list[Exchange])
    gc.freeze()
    gc.disable()
    result = uvloop.run(perform(spec, exchanges))
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    main()

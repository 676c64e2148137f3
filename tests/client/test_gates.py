"""The gate of all requests, on a clock that runs as fast as there is nothing to do."""

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from allot.client.gates import Gate


class Clockwork(asyncio.SelectorEventLoop):
    """A loop whose time passes only when everything waits, and then at once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        loop = self

        class Selector(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> Any:
                loop.seconds += timeout or 0.0
                return super().select(0)

        super().__init__(Selector())

    def time(self) -> float:
        return self.seconds


def run(main: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=Clockwork) as runner:
        return runner.run(main)


class Bucket:
    """A server with a rate limit, as allot's own: a burst, then so many a second; answers take 20 milliseconds."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left = rate, burst, burst
        self.since = 0.0
        self.served = self.refused = 0

    async def ask(self, gate: Gate) -> None:
        entered = await gate.enter()
        try:
            now = asyncio.get_running_loop().time()
            self.left = min(self.burst, self.left + (now - self.since) * self.rate)
            self.since = now
            await asyncio.sleep(0.02)
            if self.left < 1:
                self.refused += 1
                gate.refused(entered, math.ceil((1 - self.left) / self.rate))
            else:
                self.left -= 1
                self.served += 1
                gate.taken()
        finally:
            gate.leave()


async def ask_for(bucket: Bucket, gate: Gate, seconds: float, workers: int = 64) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def work() -> None:
        while loop.time() < until:
            await bucket.ask(gate)

    await asyncio.gather(*(work() for _ in range(workers)))


@pytest.mark.parametrize("rate", [5, 50, 500])
def test_the_limit_of_a_server_is_used_and_seldom_hit(rate: int):
    """In a minute most of what a server allows is asked for, and after two waves few requests are refused."""

    async def main() -> Bucket:
        bucket, gate = Bucket(rate, 100), Gate(64)
        await ask_for(bucket, gate, 60)
        return bucket

    bucket = run(main())
    assert bucket.served >= 0.8 * 60 * rate
    assert bucket.refused <= 2 * 64 + bucket.served / 50


def test_a_limit_that_is_gone_is_forgotten():
    """Two minutes after the last refusal requests are as fast as before the first."""

    async def main() -> tuple[int, int]:
        strict, free, gate = Bucket(20, 20), Bucket(math.inf, 1e9), Gate(64)
        free.rate = 1e9
        await ask_for(strict, gate, 60)
        await ask_for(free, gate, 120, workers=8)
        before = free.served
        await ask_for(free, gate, 10, workers=8)
        return free.served - before, strict.refused

    served, refused = run(main())
    assert refused
    assert served >= 0.9 * 10 * 8 / 0.02


def test_all_wait_when_one_is_told_to():
    """After an order to wait nobody enters before its end, whoever it was given to."""

    async def main() -> list[float]:
        gate = Gate(4)
        await gate.enter()
        gate.refused(0.0, 30)
        assert gate.waits == 30
        gate.leave()
        entered = []

        async def work() -> None:
            entered.append(await gate.enter())
            gate.leave()

        await asyncio.gather(*(work() for _ in range(10)))
        assert gate.waits == 0
        return entered

    entered = run(main())
    assert len(entered) == 10
    assert min(entered) >= 30


def test_a_quiet_hour_tells_nothing_of_what_a_server_takes():
    """A refusal in the first wave after a silence slows to the pace of that wave, not to that of the silence."""

    async def main() -> float:
        bucket, gate = Bucket(1_000_000, 1_000_000), Gate(8)
        await bucket.ask(gate)
        await asyncio.sleep(3_600)
        await ask_for(bucket, gate, 1, workers=8)
        gate.refused(await gate.enter(), 0)
        gate.leave()
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(bucket.ask(gate) for _ in range(100)))
        return asyncio.get_running_loop().time() - begun

    assert run(main()) < 2


def test_no_more_are_inside_than_may_be():
    """Four places are four at once, in the order of coming; who gives up waiting takes none."""

    async def main() -> None:
        gate = Gate(4)
        inside: list[int] = []
        most = 0

        async def work(n: int) -> None:
            nonlocal most
            await gate.enter()
            inside.append(n)
            most = max(most, len(inside))
            await asyncio.sleep(1)
            inside.remove(n)
            gate.leave()

        tasks = [asyncio.create_task(work(n)) for n in range(20)]
        await asyncio.sleep(0.5)
        assert inside == [0, 1, 2, 3]
        for task in tasks[4:8]:
            task.cancel()
        await asyncio.sleep(1)
        assert inside == [8, 9, 10, 11]
        await asyncio.gather(*tasks, return_exceptions=True)
        assert most == 4
        assert asyncio.get_running_loop().time() == pytest.approx(4, abs=0.01)

    run(main())


def test_nobody_passes_a_gate_that_is_closed():
    """Who waits, who was let in at that very moment, and who comes later are refused, with what it was closed with."""

    async def main() -> list[Any]:
        gate = Gate(1)
        await gate.enter()
        waiting = [asyncio.create_task(gate.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        gate.leave()
        gate.close(ConnectionRefusedError("not today"))
        refused = await asyncio.gather(*waiting, gate.enter(), return_exceptions=True)
        assert asyncio.get_running_loop().time() == 0
        return refused

    assert [str(each) for each in run(main())] == ["not today"] * 4


def test_who_gives_up_just_when_their_turn_comes_leaves_the_place_to_others():
    """A place that was given to somebody who is gone is free again."""

    async def main() -> None:
        gate = Gate(1)
        await gate.enter()
        waiting = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.leave()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(gate.enter(), 1)

    run(main())

"""Claims: of any number of workers exactly one carries out a step, whoever stops, sleeps or has the wrong time."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from allot.core.run import ATTEMPTS_MAX, Event, Run, Step
from allot.engine import worker as workers
from allot.engine import works
from allot.engine.steps import STEPS, Work
from allot.engine.worker import Worker
from allot.service.service import Service
from allot.store.runs import Lease
from crashes import Crash
from provisioning import (
    add_partner,
    each_once,
    is_idle,
    let_leases_run_out,
    opened,
    order,
    order_many,
    provision,
    rows,
    service_on,
    state,
    until,
    work_off,
    write,
    wrongs,
)

WORKERS, CUSTOMERS = 4, 40
HOURS = [3, -3, 0]


class Shifted:
    """The clock of a machine that is so many hours off."""

    def __init__(self, hours: float) -> None:
        self._shift = timedelta(hours=hours)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift


def test_workers_that_race_carry_out_every_step_once(database_url: str, counted: Callable[[str], None]):
    """Four workers with connections of their own, all at once: each step is one worker's."""

    async def check() -> str:
        async with AsyncExitStack() as open_:
            services = [await open_.enter_async_context(opened(database_url)) for _ in range(WORKERS)]
            await add_partner(services[0])
            await order_many(services[0], 3 * CUSTOMERS)
            workers = [Worker(service) for service in services]
            for worker in workers:
                worker.start()
            await until(lambda: is_idle(services[0]))
            for worker in workers:
                await worker.close()
            steps = await each_once(services[0])
            shares = [worker.carried for worker in workers]
            assert sum(shares) == steps
            assert [worker.late for worker in workers] == [0] * WORKERS
            return f"{steps} steps, shared {shares}"

    counted(asyncio.run(check()))


def test_turns_at_the_same_moment_claim_different_steps(database_url: str):
    """What one worker claims, no other one has, although all ask at the same moment."""

    async def check() -> None:
        async with AsyncExitStack() as open_:
            services = [await open_.enter_async_context(opened(database_url)) for _ in range(WORKERS)]
            await add_partner(services[0])
            await order_many(services[0], CUSTOMERS)
            workers = [Worker(service) for service in services]
            while not await is_idle(services[0]):
                await asyncio.gather(*(worker.turn() for worker in workers))
                claims = [claim[:4] for worker in workers for claim in worker._claims]
                assert len(claims) == len(set(claims))
            await each_once(services[0])

    asyncio.run(check())


def test_the_steps_of_a_customer_are_one_workers_at_a_time(database_url: str):
    """While one worker has a step of a customer, no other one claims those beside it: it would wait for the first."""

    async def check() -> None:
        async with opened(database_url) as service:
            await add_partner(service)
            await order(service, provision("shared"))
            one, other = Worker(service), Worker(service)
            one._lease = Lease(one.name, 60_000, 1)
            await one.turn()
            await one.turn()  # what the organization was waited for by is ready now, and one of it is claimed
            ready = "SELECT name FROM steps WHERE state = 'ready'"
            assert (len(one._claims), len(await rows(service, ready))) == (1, 1)
            assert not await other.turn()
            await one.turn()
            await work_off(one)
            await each_once(service)

    asyncio.run(check())


@pytest.mark.parametrize(
    "lease", [0.3, pytest.param(1.0, marks=pytest.mark.long), pytest.param(3.0, marks=pytest.mark.long)]
)
def test_a_lease_that_runs_out_is_taken_over_soon(database_url: str, lease: float, counted: Callable[[str], None]):
    """The steps of a worker that is silent are another's within the lease and a second, and its results are refused."""

    async def check() -> str:
        async with (
            opened(database_url, lease_seconds=lease) as first,
            opened(database_url, lease_seconds=lease) as second,
        ):
            await add_partner(first)
            await order_many(first, 3)
            silent, other = Worker(first), Worker(second)
            begun = time.monotonic()
            await silent.turn()
            claimed = time.monotonic()
            other.start()
            await until(lambda: are_taken_over(first))
            taken = time.monotonic()
            assert taken - begun >= lease - 0.05
            # A machine may be slow, but a worker looks often enough.
            assert workers.LOOK_SECONDS <= 0.5
            assert taken - claimed < lease + 20
            await until(lambda: is_idle(first))
            await other.close()
            await silent.turn()
            assert (silent.carried, silent.late) == (0, 3)
            await each_once(first)
            return f"taken over after {taken - claimed - lease:.2f} s more than the lease of {lease} s"

    counted(asyncio.run(check()))


async def are_taken_over(service: Service) -> bool:
    """Whether all that was claimed is claimed again."""
    return await rows(service, "SELECT 1 FROM steps WHERE state = 'running' AND attempts = 1") == []


def test_a_slow_worker_keeps_its_claims(postgres_url: str):
    """While somebody else locks a customer for longer than a lease, its worker waits, and no other one takes over."""
    # Its heart may come two seconds late.
    lease = 3.0

    async def check() -> None:
        async with (
            opened(postgres_url, lease_seconds=lease) as first,
            opened(postgres_url, lease_seconds=lease) as second,
        ):
            await add_partner(first)
            await order_many(first, 3)
            slow, other = Worker(first), Worker(second)
            async with first.database.writing() as writing:
                await writing.rows("SELECT 1 FROM customers FOR UPDATE")
                slow.start()
                await until(lambda: claimed(first))
                end = max(await leases(first)) + lease * 1000
                other.start()
                await until(lambda: are_beyond(first, end))
                assert {attempts for (attempts,) in await rows(first, "SELECT attempts FROM steps")} == {0, 1}
            await until(lambda: is_idle(first))
            await slow.close()
            await other.close()
            assert (slow.late, other.late) == (0, 0)
            assert {attempts for (attempts,) in await rows(first, "SELECT attempts FROM steps")} == {1}
            await each_once(first)

    asyncio.run(check())


async def claimed(service: Service) -> bool:
    """Whether some step is claimed."""
    return await leases(service) != []


async def leases(service: Service) -> list[int]:
    """Until when what is claimed is claimed, in milliseconds, in the order of customers."""
    found = await rows(service, "SELECT lease_until FROM steps WHERE state = 'running' ORDER BY customer_id")
    return [end for (end,) in found]


async def are_beyond(service: Service, end: float) -> bool:
    """Whether all leases end later than this."""
    return min(await leases(service)) > end


def test_renewing_waits_for_nobody(postgres_url: str):
    """A lease is renewed at once, or not at all where the step is being recorded just now: there is no deadlock."""

    async def check() -> None:
        async with opened(postgres_url, lease_seconds=0.3) as service:
            await add_partner(service)
            await order_many(service, 2)
            worker = Worker(service)
            await worker.turn()
            heart = asyncio.create_task(worker._beat())
            async with service.database.writing() as writing:
                # As the recording transaction has it, when the heart beats.
                await writing.rows(
                    "SELECT 1 FROM steps WHERE state = 'running' ORDER BY customer_id DESC LIMIT 1 FOR UPDATE"
                )
                [free, locked] = await leases(service)
                await until(lambda: is_renewed(service, free))
                assert (await leases(service))[1] == locked
                await writing.rows("SELECT 1 FROM steps WHERE state = 'running' FOR UPDATE")
            heart.cancel()

    asyncio.run(check())


async def is_renewed(service: Service, before: int) -> bool:
    """Whether the first lease ends later than before."""
    return (await leases(service))[0] > before


def test_leases_go_by_the_clock_of_the_database(database_url: str, counted: Callable[[str], None]):
    """Workers whose machines are hours off take over nothing early, and everything that was left."""

    async def check() -> str:
        async with AsyncExitStack() as open_:
            right = await open_.enter_async_context(opened(database_url))
            services = [await open_.enter_async_context(opened(database_url, Shifted(hours))) for hours in HOURS]
            await add_partner(right)
            takeovers = 0
            for n, service in enumerate(services):
                await order(right, provision(f"skewed{n}"))
                # A machine that is behind thinks that the order is still to come; one that is ahead has it at once.
                claimer = Worker(service if HOURS[n] >= 0 else right)
                assert await claimer.turn()
                others = [Worker(each) for each in services if each is not service]
                assert [await other.turn() for other in others] == [False, False]
                await let_leases_run_out(right)
                assert await others[n % 2].turn()
                await others[n % 2].turn()
                await claimer.turn()
                assert (claimer.carried, claimer.late, others[n % 2].carried) == (0, 1, 1)
                takeovers += 1
                await let_leases_run_out(right)
                await work_off(Worker(right))
            await each_once(right)
            return f"{takeovers} takeovers, none of them early"

    counted(asyncio.run(check()))


def test_a_step_that_ends_its_workers_is_parked(
    database_url: str, monkeypatch: pytest.MonkeyPatch, counted: Callable[[str], None]
):
    """A step that kills whoever carries it out is given up after five workers; what was claimed with it is done."""
    tried = 0
    original = STEPS["location"]

    def poisoned(work: Work, run: Run, step: Step) -> Event:
        nonlocal tried
        if run.customer.name == "many7":
            tried += 1
            raise Crash
        return original(work, run, step)

    monkeypatch.setitem(STEPS, "location", poisoned)

    async def check() -> str:
        async with opened(database_url) as service:
            await add_partner(service)
            ids = await order_many(service, CUSTOMERS)
            killed = 0
            while not await is_idle(service):
                try:
                    await work_off(Worker(service_on(service.database)))
                except Crash:
                    killed += 1
                await let_leases_run_out(service)
            assert tried == killed == ATTEMPTS_MAX
            for n, customer_id in enumerate(ids):
                [(status, *_)] = (await state(service, customer_id)).customer
                assert status == ("provisioned_with_errors" if n == 7 else "provisioned")
            told = await state(service, ids[7])
            [fault] = [json.loads(step[5]) for step in told.steps if step[4] == "parked"]
            assert fault[0] == 90001
            assert f"after {ATTEMPTS_MAX} attempts: {works.LEFT}" in fault[1]
            assert await wrongs(service) == []
            return f"{killed} workers ended, {CUSTOMERS - 1} customers unhurt"

    counted(asyncio.run(check()))


def test_a_claim_is_refused_to_a_worker_of_another_name(database_url: str):
    """The number of the attempt alone is no proof: a step that is released counts its attempts anew."""

    async def check() -> None:
        async with opened(database_url) as service:
            await add_partner(service)
            await order(service, provision("released"))
            stale, fresh = Worker(service), Worker(service)
            await stale.turn()
            await write(
                service, "UPDATE steps SET state = 'ready', lease_until = NULL, attempts = 0 WHERE state = 'running'"
            )
            await fresh.turn()
            await stale.close()
            await stale.turn()
            assert (stale.carried, stale.late) == (0, 1)
            await work_off(fresh)
            await each_once(service)

    asyncio.run(check())

"""The worker as a whole: woken, stopped, and left alone by what goes wrong around it."""

import asyncio
import logging
import time
from collections.abc import Callable

import pytest

from allot.cli.serving import started
from allot.engine import worker as workers
from allot.engine.worker import Worker
from allot.service.settings import Settings
from databases import PostgresMaker
from provisioning import (
    add_partner,
    each_once,
    is_idle,
    opened,
    order,
    order_many,
    provision,
    rows,
    until,
    work_off,
    write,
)

CUSTOMERS = 40


def test_a_worker_is_woken_by_an_order_of_another_process(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, counted: Callable[[str], None]
):
    """On PostgreSQL an order that another process accepts is begun at once, long before the worker would look."""
    monkeypatch.setattr(workers, "LOOK_SECONDS", 60.0)

    async def check() -> float:
        async with opened(postgres_url) as here, opened(postgres_url) as there:
            await add_partner(here)
            worker = Worker(there)
            worker.start()
            # A first order, so that the worker listens by now.
            await order(here, provision("first"))
            await until(lambda: is_idle(here))
            begun = time.monotonic()
            await order(here, provision("second"))
            await until(lambda: is_idle(here))
            took = time.monotonic() - begun
            await worker.close()
            return took

    took = asyncio.run(check())
    assert took < workers.LOOK_SECONDS / 2
    counted(f"provisioned {took * 1000:.0f} ms after the order")


def test_a_worker_looks_by_itself(database_url: str):
    """Where nothing wakes a worker, it finds an order of another process within a second all the same."""

    async def check() -> None:
        async with opened(database_url) as here, opened(database_url) as there:
            await add_partner(here)
            worker = Worker(there)
            worker.start()
            await asyncio.sleep(0)
            await order(here, provision("unheard"))
            await until(lambda: is_idle(here))
            # How long it takes is the machine's affair, how often it looks the worker's.
            assert workers.LOOK_SECONDS <= 1
            await worker.close()

    asyncio.run(check())


def test_a_stop_in_the_middle_leaves_nothing_claimed(database_url: str, counted: Callable[[str], None]):
    """A worker that is stopped carries out what it has claimed, and claims no more; another one does the rest."""

    async def check() -> str:
        async with opened(database_url) as service:
            await add_partner(service)
            await order_many(service, CUSTOMERS)
            shares: list[int] = []
            while not await is_idle(service):
                worker = Worker(service)
                worker.start()
                await until(lambda worker=worker: carried(worker))
                await worker.close()
                assert await rows(service, "SELECT 1 FROM steps WHERE state = 'running'") == []
                assert worker.late == 0
                shares.append(worker.carried)
            assert sum(shares) == await each_once(service)
            return f"{len(shares)} stops, {sum(shares)} steps"

    counted(asyncio.run(check()))


async def carried(worker: Worker) -> bool:
    """Whether a worker has carried out anything."""
    return worker.carried > 0


def test_a_database_that_comes_back_finds_its_worker(
    postgres_url: str,
    postgres: PostgresMaker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    counted: Callable[[str], None],
):
    """Work goes on when the database is back, with what was claimed before; the log says so once each time."""
    monkeypatch.setattr(workers, "AWAY_SECONDS", 0.1)
    caplog.set_level(logging.INFO, "allot.worker")

    async def check() -> int:
        async with opened(postgres_url) as there:
            await add_partner(there)
            await order_many(there, CUSTOMERS)
            worker = Worker(there)
            for _ in range(3):
                await worker.turn()
            assert worker._claims
            with postgres.away(there.database, 0.5):
                worker.start()
                await until(lambda: is_away(worker))
                await asyncio.sleep(1)
            # With connections of its own: the worker's may be those that were ended.
            async with opened(postgres_url) as here:
                await until(lambda: is_idle(here))
                await worker.close()
                assert worker.late == 0
                return await each_once(here)

    steps = asyncio.run(check())
    said = [record.message.partition(":")[0] for record in caplog.records if record.name == "allot.worker"]
    assert said == ["cannot work, and try again", "can work again"]
    counted(f"{steps} steps")


async def is_away(worker: Worker) -> bool:
    """Whether a worker has noticed that its database is away."""
    return worker._away


def test_a_worker_without_a_database_can_be_stopped(postgres_url: str, postgres: PostgresMaker):
    """A stop while the database is away leaves what is claimed to others, and takes no longer than one attempt."""

    async def check() -> None:
        async with opened(postgres_url, lease_seconds=0.2) as service:
            await add_partner(service)
            await order_many(service, 3)
            worker = Worker(service)
            await worker.turn()
            with postgres.away(service.database, 0.5):
                worker.start()
                await until(lambda: is_away(worker))
                await asyncio.wait_for(worker.close(), 5)
        async with opened(postgres_url) as service:
            other = Worker(service)
            await until(lambda: settles(other, service))
            await each_once(service)

    asyncio.run(check())


async def settles(worker: Worker, service) -> bool:
    """Take turns; whether everything is settled."""
    await work_off(worker)
    return await is_idle(service)


def test_a_fault_that_is_no_steps_does_not_end_the_worker(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """A worker that cannot ask for work, for a reason that nobody thought of, asks again."""
    monkeypatch.setattr(workers, "AWAY_SECONDS", 0.05)

    async def check() -> None:
        async with opened(database_url) as service:
            await add_partner(service)
            await write(service, "ALTER TABLE steps RENAME TO gone")
            worker = Worker(service)
            worker.start()
            await until(lambda: told(caplog))
            await write(service, "ALTER TABLE gone RENAME TO steps")
            await order_many(service, 2)
            await until(lambda: is_idle(service))
            await worker.close()
            await each_once(service)

    asyncio.run(check())


async def told(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the log tells of the fault."""
    return any("cannot look for work" in record.message for record in caplog.records)


def test_what_runs_in_the_background_is_started_and_finished_with_the_service(database_url: str):
    """A service provisions by itself unless the settings leave that to others, and ends with nothing claimed."""

    async def check() -> None:
        async with started(Settings(database=database_url)) as (service, background):
            assert background is not None
            await add_partner(service)
            await order_many(service, 3)
            service.bell.ring()
            await until(lambda: is_idle(service))
        async with started(Settings(database=database_url, worker=False)) as (service, background):
            assert background is None
            await order(service, provision("waits"))
            await asyncio.sleep(0.1)
            assert not await is_idle(service)

    asyncio.run(check())

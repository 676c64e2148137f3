"""A crash at every statement of every kind of run, and what another worker makes of what is left."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from allot.core.customer import DELETE, PROVISION, UPDATE
from allot.core.run import ATTEMPTS_MAX
from allot.engine.worker import Worker
from allot.service.service import Service
from counts import RUNS, STRIDES, Count
from crashes import Crash, CrashingDatabase
from provisioning import (
    State,
    add_partner,
    let_leases_run_out,
    opened,
    order,
    prepare,
    rows,
    service_on,
    state,
    work_off,
    wrongs,
)

KINDS = [PROVISION, UPDATE, DELETE]


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_some_statements_of_a_run(database_url: str, kind: str, counted: Callable):
    """Whichever statement is the last one of a worker, another one brings the run to the end that it would have had."""
    asyncio.run(crash_at_each(database_url, kind, stride(database_url).quick, counted))


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_every_statement_of_a_run(database_url: str, kind: str, counted: Callable):
    """The same, at each statement."""
    asyncio.run(crash_at_each(database_url, kind, stride(database_url).long, counted))


def stride(url: str) -> Count:
    """How many statements lie between two crashes on this database."""
    return STRIDES["sqlite" if url.startswith("sqlite") else "postgresql"]


async def crash_at_each(url: str, kind: str, stride: int, counted: Callable[[str], None]) -> None:
    """Crash at the first statement of a run, the second, and so on until a run comes to its end before."""
    async with opened(url) as service:
        await add_partner(service)
        [customer_id] = await order(service, await prepare(service, kind, "undisturbed"))
        await work_off(Worker(service))
        undisturbed = await state(service, customer_id)
        crashes, statement = 0, 1
        while await crash_at(service, kind, statement, undisturbed):
            crashes += 1
            statement += stride
        assert crashes > 20 / stride
        assert await wrongs(service) == []
        assert await rows(service, "SELECT * FROM runs WHERE settled IS NULL") == []
    counted(f"{crashes} crashes")


async def crash_at(service: Service, kind: str, statement: int, undisturbed: State) -> bool:
    """Crash a worker at a statement and let another one go on; whether the run had so many."""
    [customer_id] = await order(service, await prepare(service, kind, f"crash{statement}"))
    crashed = await crashes_at(service, statement)
    if crashed:
        await work_off(Worker(service_on(service.database)))
    assert (await state(service, customer_id)).like(f"crash{statement}") == undisturbed.like("undisturbed"), statement
    return crashed


async def crashes_at(service: Service, statement: int) -> bool:
    """Work until a statement, and let the leases of what is left run out; whether there were so many statements."""
    crashed = await ends_in_a_crash(work_off(Worker(service_on(CrashingDatabase(service.database, statement)))))
    await let_leases_run_out(service)
    return crashed


@RUNS.both("runs")
@pytest.mark.parametrize("kind", KINDS)
def test_crashes_in_a_row(database_url: str, kind: str, runs: int, counted: Callable):
    """Several crashes at random statements of one run, as many as a step has attempts less one, lose nothing either."""

    async def check() -> int:
        crashes = 0
        async with opened(database_url) as service:
            await add_partner(service)
            [customer_id] = await order(service, await prepare(service, kind, "undisturbed"))
            await work_off(Worker(service))
            undisturbed = await state(service, customer_id)
            for n in range(runs):
                [customer_id] = await order(service, await prepare(service, kind, f"row{n}"))
                for _ in range(ATTEMPTS_MAX - 1):
                    crashes += await crashes_at(service, random.randint(1, 60))
                await work_off(Worker(service_on(service.database)))
                assert (await state(service, customer_id)).like(f"row{n}") == undisturbed.like("undisturbed")
            assert await wrongs(service) == []
        return crashes

    counted(f"{asyncio.run(check())} crashes, {runs} runs")


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_every_statement_of_an_order(database_url: str, kind: str, counted: Callable):
    """An order that is cut off is wholly there or wholly not, and may be sent again."""

    async def check() -> int:
        async with opened(database_url) as service:
            await add_partner(service)
            statement, crashed = 0, True
            while crashed:
                statement += 1
                request = await prepare(service, kind, f"crash{statement}")
                before = await orders(service)
                database = CrashingDatabase(service.database, statement)
                crashed = await ends_in_a_crash(order(service_on(database), request))
                made = await orders(service)
                assert made - before in (0, 1)
                if made == before:
                    await order(service, request)
                assert await orders(service) == before + 1
                await work_off(Worker(service))
            assert await rows(service, "SELECT * FROM runs WHERE settled IS NULL") == []
            assert await wrongs(service) == []
            return statement - 1

    counted(f"{asyncio.run(check())} crashes")


async def ends_in_a_crash(done: Awaitable[object]) -> bool:
    """Wait for something that may die."""
    try:
        await done
    except Crash:
        return True
    return False


async def orders(service: Service) -> int:
    """How many orders the journal has."""
    [(count,)] = await rows(service, "SELECT COUNT(*) FROM journal WHERE action LIKE 'customers.%'")
    return int(count)

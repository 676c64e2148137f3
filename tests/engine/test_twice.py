"""Every step of every kind of run, twice: the second result is refused, and nothing is done again."""

import asyncio
from collections.abc import Callable

import pytest

from allot.core.customer import DELETE, PROVISION, UPDATE
from allot.engine import works
from allot.engine.worker import Worker
from allot.service.service import Service
from provisioning import (
    add_partner,
    dump,
    let_leases_run_out,
    opened,
    order,
    prepare,
    rows,
    state,
    work_off,
    write,
    wrongs,
)

KINDS = pytest.mark.parametrize("kind", [PROVISION, UPDATE, DELETE])


@KINDS
def test_results_that_come_twice_are_refused(database_url: str, kind: str, counted: Callable[[str], None]):
    """What was carried out is refused when it comes again, at once and after everything else, and changes no row."""

    async def check() -> int:
        async with opened(database_url) as service:
            await add_partner(service)
            await order(service, await prepare(service, kind, "twice"))
            worker, all_claims = Worker(service), []
            while await worker.turn():
                claims = list(worker._claims)
                if claims:
                    await worker.close()  # which makes its turns claim no more
                    await worker.turn()
                    await refused(service, claims)
                    all_claims += claims
                    worker = Worker(service)
            await refused(service, all_claims)
            assert await wrongs(service) == []
            return len(all_claims)

    counted(f"{asyncio.run(check())} steps carried out twice")


async def refused(service: Service, claims: list) -> None:
    """Carry out claims that are settled: all are late, and no row changes."""
    before = await dump(service)
    async with service.database.writing() as writing:
        assert (await works.carry_out(writing, service.context, claims)).late == len(claims)
    assert await dump(service) == before


@KINDS
def test_two_workers_with_one_claim_carry_it_out_once(database_url: str, kind: str, counted: Callable[[str], None]):
    """Every step is claimed by one worker and taken over by another: the second carries it out, the first is refused.

    What is left then is what is left when nobody was in the way.
    """

    async def check() -> int:
        async with opened(database_url) as service:
            await add_partner(service)
            [alone] = await order(service, await prepare(service, kind, "alone"))
            await work_off(Worker(service))
            [shared] = await order(service, await prepare(service, kind, "shared"))
            first, carried = Worker(service), 0
            while await first.turn():
                await let_leases_run_out(service)
                second = Worker(service)
                await second.turn()
                await second.close()  # which makes its turns claim no more
                await second.turn()
                carried += second.carried
            assert first.carried == 0
            assert first.late == carried > 0
            assert (await state(service, shared)).like("shared") == (await state(service, alone)).like("alone")
            assert await wrongs(service) == []
            return first.late

    counted(f"{asyncio.run(check())} late results refused")


def test_a_step_whose_work_is_there_already_does_no_more(database_url: str, counted: Callable[[str], None]):
    """A provision whose steps are set back behind the worker's back makes no second license, location or site."""

    async def check() -> int:
        async with opened(database_url) as service:
            await add_partner(service)
            [customer_id] = await order(service, await prepare(service, PROVISION, "again"))
            worker = Worker(service)
            await work_off(worker)
            before = await state(service, customer_id)
            steps = await rows(service, "SELECT step FROM steps ORDER BY step")
            for (step,) in steps:
                await write(service, "UPDATE runs SET settled = NULL")
                await write(service, "UPDATE customers SET live = 'provision', status = 'provisioning'")
                of_step = "package = (SELECT package FROM steps WHERE step = $1)"
                await write(service, f"UPDATE packages SET status = 'provisioning' WHERE {of_step}", step)
                await write(service, "UPDATE steps SET state = 'ready', due = '' WHERE step = $1", step)
                await work_off(worker)
            after = await state(service, customer_id)
            assert (after.licenses, after.places) == (before.licenses, before.places)
            assert (after.customer, after.packages, after.steps) == (before.customer, before.packages, before.steps)
            assert set(after.done.values()) == {2}
            assert await wrongs(service) == []
            return len(steps)

    counted(f"{asyncio.run(check())} steps repeated")

"""The demo's wholesale partner as tests use it: orders of customers, the worker's turns, and what came of them."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from allot.cli.demo import PARTNER
from allot.core.call import Call, Caller
from allot.core.customer import DELETE, PROVISION, UPDATE, Customer
from allot.core.order import Order
from allot.core.outcome import Draft, Outcome
from allot.engine.worker import Worker
from allot.service import clocks, customers, outcomes, runs, spans
from allot.service.clock import read_stamp, stamp
from allot.service.clocks import Change
from allot.service.customers import Request
from allot.service.outcomes import Cancelling, Ordering
from allot.service.runs import Step
from allot.service.service import Service
from allot.store.clocks import ahead
from servers import Server

TEMPLATE = "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2"
ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}
LOCATION = {"name": "Head Office", "address": ADDRESS, "timezone": "America/Los_Angeles", "language": "en_us"}
_numbers = itertools.count(1)


def call() -> Call:
    """A call of the partner's administrator."""
    return Call(Caller(PARTNER, "nobody", "", frozenset(), frozenset()), "NA_test")


def request(kind: str, *packages: str, customer_id: str = "") -> Request:
    """An order of the partner for these packages; of a new customer unless one is named."""
    name = f"test-{next(_numbers)}"
    if kind != PROVISION:
        order = Order(kind, packages, {}, LOCATION)
        return Request(call(), PARTNER, order, customer_id, details={"location": LOCATION})
    return Request(
        call(),
        PARTNER,
        Order(PROVISION, packages, {}, LOCATION),
        provisioning_id=TEMPLATE,
        external_id=name,
        name=name,
        primary_email=f"owner@{name}.example",
        address=ADDRESS,
        details={"location": LOCATION},
    )


async def provision(service: Service, *packages: str) -> Customer:
    """A new customer, accepted and not yet worked at."""
    return await _submit(service, customers.provision, request(PROVISION, *packages))


async def update(service: Service, customer_id: str, *packages: str) -> Customer:
    """The same customer with an order of other packages, accepted."""
    return await _submit(service, customers.update, request(UPDATE, *packages, customer_id=customer_id))


async def delete(service: Service, customer_id: str) -> Customer:
    """The same customer with its removal accepted."""
    return await _submit(service, customers.delete, request(DELETE, customer_id=customer_id))


async def _submit(service: Service, write: Any, asked: Request) -> Customer:
    customer: Customer = await service.writes.submit(PARTNER, write, asked)
    return customer


async def work(service: Service) -> None:
    """Carry out all that is due now."""
    worker = Worker(service, "test")
    while await worker.turn():
        pass


async def customer(service: Service, customer_id: str) -> Customer:
    """A customer as it is now."""
    async with service.database.reading() as reading:
        return await customers.find(reading, service.context, (PARTNER, customer_id))


async def rows(service: Service, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows of one statement."""
    async with service.database.reading() as reading:
        return await reading.rows(sql, *parameters)


async def ordered(
    service: Service, kind: str, target: str = "", customer_id: str | None = None, **told: Any
) -> Outcome:
    """An outcome that was ordered. Raises Failure where it cannot be."""
    ordering = Ordering(call(), PARTNER, customer_id, Draft(kind, target, **told))
    outcome: Outcome = await service.writes.submit(PARTNER, outcomes.order, ordering)
    return outcome


async def cancelled(service: Service, outcome: Outcome) -> None:
    """An outcome that was taken back. Raises Failure where it cannot be."""
    await service.writes.submit(PARTNER, outcomes.cancel, Cancelling(call(), PARTNER, outcome.id))


async def steps(service: Service, of: Customer, number: int = 1) -> dict[str, Step]:
    """The steps of a run by package, or by name where they are of the whole customer."""
    async with service.database.reading() as reading:
        _, found = await runs.find(reading, service.context, (PARTNER, of.id), number)
    return {step.package or step.name: step for step in found}


async def told(service: Service, of: Customer) -> list[dict[str, Any]]:
    """What the journal has of a customer's steps, oldest first."""
    sql = "SELECT detail FROM journal WHERE org_id = $1 AND target_id = $2 AND action = 'runs.step' ORDER BY entry"
    return [json.loads(detail) for (detail,) in await rows(service, sql, PARTNER, of.id)]


async def run_clock(service: Service, seconds: float = 86_400) -> None:
    """Let the clock stand still, and put it forward from one due step to the next until nothing is left."""
    await spans.turn(service, clocks.freeze, Change(call()))
    end = service.clock.now() + timedelta(seconds=seconds)
    while True:
        await work(service)
        async with service.database.reading() as reading:
            due, _ = await ahead(reading)
        if due is None or due > stamp(end):
            return
        await spans.turn(service, clocks.advance, Change(call(), at=read_stamp(due)))


@contextmanager
def working(server: Server) -> Iterator[Worker]:
    """A worker beside a server."""

    async def start(service: Service) -> Worker:
        worker = Worker(service)
        worker.start()
        return worker

    worker = server.call(start)
    try:
        yield worker
    finally:
        server.call(lambda _: worker.close())

"""The demo's wholesale partner as tests use it: orders of customers, the worker's turns, and what came of them."""

import itertools
from typing import Any

from allot.cli.demo import PARTNER
from allot.core.call import Call, Caller
from allot.core.customer import DELETE, PROVISION, UPDATE, Customer
from allot.core.order import Order
from allot.engine.worker import Worker
from allot.service import customers
from allot.service.customers import Request
from allot.service.service import Service

ADMIN = "allot-demo-partner"
TEMPLATE = "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2"
ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}
LOCATION = {"name": "Head Office", "address": ADDRESS, "timezone": "America/Los_Angeles", "language": "en_us"}
CUSTOMERS = "/v1/wholesale/customers"
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

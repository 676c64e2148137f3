"""Checking wholesale customers: what is broken between customers, packages, runs, steps and licenses is found."""

import asyncio

import pytest

from allot.engine.worker import Worker
from allot.service.service import Service
from provisioning import add_partner, opened, order, order_outcome, provision, rows, work_off, write, wrongs

ORGANIZATION = "SELECT customer_org_id FROM customers WHERE customer_id = $1"
#: statement about the customer $1 -> what is said of it
CASES = {
    "status": ("UPDATE customers SET status = 'error'", "is error; by its packages and its run it is provisioned"),
    "package status": (
        "UPDATE packages SET status = 'error' WHERE customer_id = $1 AND package = 'webex_calling'",
        "is provisioned; by its packages and its run it is provisioned_with_errors",
    ),
    "package error": (
        "UPDATE packages SET errors = '[[1, \"\"]]' WHERE customer_id = $1 AND package = 'webex_calling'",
        "is provisioned; by its packages and its run it is provisioned_with_errors",
    ),
    "customer error": (
        "UPDATE customers SET errors = '[[1, \"\"]]'",
        "is provisioned; by its packages and its run it is provisioned_with_errors",
    ),
    "no package": (
        "DELETE FROM packages WHERE customer_id = $1",
        "is provisioned; by its packages and its run it is error",
    ),
    "live": ("UPDATE customers SET live = 'update'", "says that update of its runs is under way, and none is"),
    "not live": ("UPDATE runs SET settled = NULL", "says that none of its runs is under way, and provision is"),
    "unsettled": ("UPDATE runs SET settled = NULL", "run 1 is not settled, and has 0 steps left to do"),
    "settled": (
        "UPDATE steps SET state = 'waiting' WHERE customer_id = $1 AND step = 2",
        "run 1 is settled, and has 1 steps left to do",
    ),
    "another run": ("UPDATE customers SET run = 2", "says that its last run is 2, and it is 1"),
    "nobody's": (
        "UPDATE steps SET state = 'running', lease_until = 1 WHERE customer_id = $1 AND step = 2",
        "step 2 of run 1 is claimed, by nobody",
    ),
    "license": (
        f"DELETE FROM licenses WHERE offer = 'SLWCA' AND org_id = ({ORGANIZATION})",
        "1 licenses of its package webex_calling are not there",
    ),
    "package": (
        "UPDATE packages SET package = 'webex_telepathy' WHERE customer_id = $1 AND package = 'webex_calling'",
        "its package webex_telepathy is not in the rulebook webex",
    ),
}


async def customers(service: Service) -> str:
    """Some customers, provisioned; one with errors, one to be reviewed and one just accepted; the first one's id."""
    await add_partner(service)
    [first, _, wrong, _] = await order(service, *(provision(f"checked{n}") for n in range(4)))
    await order_outcome(service, wrong, 1, "webex_calling", "fail")
    await work_off(Worker(service))
    await order(service, provision("accepted"))
    return first


def test_nothing_is_found_in_what_the_engine_makes(database_url: str):
    """Customers that are provisioned, with errors, or under way have nothing wrong."""

    async def check() -> None:
        async with opened(database_url) as service:
            await customers(service)
            assert {status for (status,) in await rows(service, "SELECT status FROM customers")} == {
                "provisioned",
                "provisioned_with_errors",
                "provisioning",
            }
            assert await wrongs(service) == []

    asyncio.run(check())


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_customer_is_found(database_url: str, case: str):
    """Each inconsistency is found, and said of the right customer."""
    sql, said = CASES[case]

    async def check() -> None:
        async with opened(database_url) as service:
            customer_id = await customers(service)
            assert await write(service, sql if "$1" in sql else f"{sql} WHERE customer_id = $1", customer_id)
            found = await wrongs(service)
            assert f"customer {customer_id}: {said}" in found
            assert all(customer_id in each for each in found)

    asyncio.run(check())

"""Plans: statements about one customer or a few subscribers read no others of a partner, on an SQLite that is new."""

import asyncio
from collections.abc import Sequence

import pytest

from allot.core import customer
from allot.core.subscriber import CHANGED, Filter
from allot.service.service import Service
from allot.store import clocks, customers, outcomes, runs, subscribers, usage
from allot.store.database import Row, spell
from provisioning import opened, rows

STATEMENTS = {
    "a person who goes": (subscribers._OF_PEOPLE, "s USING INDEX subscribers_by_person (org_id=? AND person_id=?)"),
    "another email": (subscribers._RENAME, "subscribers USING INDEX subscribers_by_person (org_id=? AND person_id=?)"),
    "some of a customer": (subscribers._SOME, "s USING INDEX subscribers_of_customer (org_id=? AND customer_id=?)"),
    "a recount": (subscribers._RECOUNT, "s USING INDEX subscribers_of_customer (org_id=? AND customer_id=?)"),
    "a customer that goes": (
        "DELETE FROM subscribers WHERE org_id = $1 AND customer_id = $2",
        "subscribers USING INDEX subscribers_of_customer (org_id=? AND customer_id=?)",
    ),
    "uses that end": (usage._CLOSE_CUSTOMER, "usage USING INDEX usage_now (org_id=? AND customer_id=?)"),
    "a use that ends": (usage._CLOSE, "usage USING INDEX usage_now (org_id=? AND customer_id=? AND subscriber_id=?"),
    "a report": (usage._SLICE, "usage USING PRIMARY KEY (org_id=? AND (customer_id,subscriber_id,package,from_day)>"),
    "outcomes of runs": (outcomes._OF_RUNS, "o USING INDEX outcomes_by_run (org_id=? AND customer_id=? AND run=?)"),
    "outcomes of the next": (outcomes._NEXT, "o USING INDEX outcomes_by_run (org_id=? AND customer_id=?)"),
    "outcomes of next runs": (outcomes._UNBOUND, "o USING INDEX outcomes_by_run (org_id=? AND customer_id=?"),
    "outcomes that go": (outcomes._FORGET, "outcomes USING INDEX outcomes_by_run (org_id=? AND customer_id=?)"),
    "runs that live": (clocks._LEFT, "r USING INDEX runs_live (org_id=?)"),
    "their steps": (clocks._LEFT, "s USING PRIMARY KEY (org_id=? AND customer_id=? AND run=?)"),
    "customers by status": (customers._COUNTS, "COVERING INDEX customers_by_status (org_id=?)"),
    "a claim": (runs._CLAIM, "steps USING COVERING INDEX steps_due (due<?)"),
    "steps that are left": (runs._RECLAIM, "steps USING INDEX steps_leased (lease_until<?)"),
    "a lease that goes on": (runs._RENEW, "s USING PRIMARY KEY (org_id=? AND customer_id=? AND run=? AND step=?)"),
}


async def plan(service: Service, sql: str) -> str:
    """How SQLite runs a statement."""
    spelled = spell(sql, False)
    places = max(n for n in range(1, 20) if f"?{n}" in spelled)
    return "\n".join(str(row[-1]) for row in await rows(service, f"EXPLAIN QUERY PLAN {spelled}", *["x"] * places))


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_reads_what_it_is_about(sqlite_url: str, name: str) -> None:
    """The index that finds the few is taken, and not the beginning of the key, which a whole partner shares."""

    async def body() -> str:
        async with opened(sqlite_url) as service:
            return await plan(service, STATEMENTS[name][0])

    assert STATEMENTS[name][1] in asyncio.run(body())


class Plans:
    """A reading that finds nothing, and tells how it would be found."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.seen: list[str] = []

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        self.seen.append(await plan(self._service, sql))
        return []

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        return [await self.rows(sql, *parameters) for parameters in sets]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "COVERING INDEX subscribers_by_created (org_id=?)"),
        (Filter(order=CHANGED), "COVERING INDEX subscribers_by_change (org_id=?)"),
        (Filter(status="x"), "COVERING INDEX subscribers_by_created (org_id=?)"),
        (Filter(status="x", order=CHANGED), "COVERING INDEX subscribers_by_change (org_id=?)"),
        (Filter(changed_after="x"), "COVERING INDEX subscribers_by_created (org_id=?)"),
        (Filter(created_after="x", order=CHANGED), "COVERING INDEX subscribers_by_change (org_id=?)"),
        (Filter("c"), "COVERING INDEX subscribers_of_customer (org_id=? AND customer_id=?)"),
        (Filter("c", status="x", order=CHANGED), "COVERING INDEX subscribers_of_customer (org_id=? AND customer_id=?)"),
        (Filter(person_id="x"), "INDEX subscribers_by_person (org_id=? AND person_id=?)"),
        (Filter(email="x"), "INDEX subscribers_by_email (email=?)"),
    ],
)
def test_a_list_leaves_out_subscribers_without_reading_them(sqlite_url: str, wanted: Filter, index: str) -> None:
    """Whatever a list is filtered by is in the index that it goes through, or finds the one."""

    async def body() -> list[str]:
        async with opened(sqlite_url) as service:
            plans = Plans(service)
            await subscribers.page(plans, "x", wanted, 0, 10)
            return plans.seen

    [found] = asyncio.run(body())
    assert index in found


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (customer.Filter(newest=True), "COVERING INDEX customers_by_created (org_id=?)"),
        (
            customer.Filter(statuses=("error",), newest=True),
            "COVERING INDEX customers_by_status (org_id=? AND status=?)",
        ),
    ],
)
def test_the_newest_customers_are_found_without_sorting(sqlite_url: str, wanted: customer.Filter, index: str) -> None:
    """The index is read from its end, no further than the page goes."""

    async def body() -> list[str]:
        async with opened(sqlite_url) as service:
            plans = Plans(service)
            await customers.page(plans, {}, "x", wanted, ("x", "x"), 10)
            return plans.seen

    keys, *_ = asyncio.run(body())
    assert index.partition(" (")[0] in keys
    assert "TEMP B-TREE" not in keys

"""Customers: orders that meet each other, existing organizations, and what a removal takes and leaves."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from allot.cli.databases import open_database
from allot.cli.demo import ACME, FOOTHILL, PARTNER
from allot.core import ids
from allot.core.call import Call, Caller
from allot.core.customer import DELETE, PROVISION, STATUSES, UPDATE, Customer, Filter
from allot.core.failure import Failure, Kind
from allot.core.order import Order
from allot.service import customers
from allot.service.customers import Request
from allot.service.service import Service
from allot.store import customers as store
from audit import wrongs
from organizations import insert
from servers import Client, Server
from wholesale import ADDRESS, LOCATION, PATH, TEMPLATES, TOKEN, body, new_id, parameters, provisioned, work

OPERATIONS = {PROVISION: customers.provision, UPDATE: customers.update, DELETE: customers.delete}
RACES = 20


def order(kind: str = PROVISION, *packages: str, customer: str = "", **told: Any) -> Request:
    """An order of the demo's partner; `customer` is the id of the one that it changes."""
    call = Call(Caller(PARTNER, "somebody", "", frozenset(), frozenset()), "NA_test")
    asked = Request(call, PARTNER, Order(kind, packages or ("webex_voice",), {}, LOCATION), customer, **told)
    asked.details |= {"location": LOCATION}
    if kind == PROVISION:
        asked.address, asked.name, asked.provisioning_id = ADDRESS, "Shop", TEMPLATES[PARTNER]
    return asked


async def submit(service: Service, *orders: Request) -> list[Customer | Failure]:
    """What becomes of orders that arrive together."""
    jobs = [service.writes.submit(each.org_id, OPERATIONS[each.order.kind], each) for each in orders]
    found: list[Any] = await asyncio.gather(*jobs, return_exceptions=True)
    assert all(isinstance(each, Customer | Failure) for each in found), found
    return found


def refused(outcomes: list[Customer | Failure]) -> list[str]:
    """The sentences of those that were refused, each with 409."""
    failures = [each for each in outcomes if isinstance(each, Failure)]
    assert all(each.kind is Kind.CONFLICT for each in failures), failures
    return [str(each) for each in failures]


def id_of(outcomes: list[Customer | Failure]) -> str:
    [accepted] = [each for each in outcomes if isinstance(each, Customer)]
    return accepted.id


def together(servers: list[Server], *orders: list[Request]) -> list[Customer | Failure]:
    """What becomes of orders that arrive at the same time at several servers, some at each."""
    with ThreadPoolExecutor(len(servers)) as threads:
        jobs = [
            threads.submit(server.call, lambda service, mine=mine: submit(service, *mine))
            for server, mine in zip(servers, orders, strict=True)
        ]
        return [outcome for job in jobs for outcome in job.result()]


def test_an_external_id_twice_in_one_batch(server: Server):
    """Of orders of one external id that share a transaction the first wins; the others, and only they, are refused."""
    before = server.service.writes.batches
    outcomes = server.call(
        lambda service: submit(service, *(order(external_id=name) for name in ("one", "two", "one", "three", "two")))
    )
    assert server.service.writes.batches == before + 1
    assert [isinstance(each, Failure) for each in outcomes] == [False, False, True, False, True]
    assert refused(outcomes) == [
        f"externalId: {name} is another customer's; choose another one" for name in ("one", "two")
    ]


def test_an_organization_twice_in_one_batch(server: Server):
    """An organization is mapped by the first of two orders that share a transaction."""
    names = ("one", "two")
    outcomes = server.call(
        lambda service: submit(service, *(order(external_id=name, attach_to=ACME) for name in names))
    )
    assert refused(outcomes) == ["orgId: the organization is mapped to a customer already"]


def test_a_partner_is_no_customer(server: Server):
    """A partner cannot have its own sub-partner's organization as a customer."""
    outcomes = server.call(lambda service: submit(service, order(external_id="one", attach_to=FOOTHILL)))
    assert refused(outcomes) == ["orgId: the organization is a partner itself, and no partner's customer"]


def test_external_ids_that_change_hands_in_one_batch(server: Server):
    """A customer may take in one transaction what another one has just given up, and not what a third one took."""
    names = ("one", "two", "three")
    made = server.call(lambda service: submit(service, *(order(external_id=name) for name in names)))
    server.call(work)
    one, two, three = [each.id for each in made if isinstance(each, Customer)]
    outcomes = server.call(
        lambda service: submit(
            service,
            order(UPDATE, customer=one, external_id="free"),
            order(UPDATE, customer=two, external_id="one"),
            order(UPDATE, customer=three, external_id="one"),
            order(UPDATE, customer=three, external_id="two"),
        )
    )
    assert refused(outcomes) == ["externalId: one is another customer's; choose another one"]
    found = server.rows(
        "SELECT customer_id, external_id FROM customers WHERE customer_id IN ($1, $2, $3)", one, two, three
    )
    assert dict(found) == {one: "free", two: "one", three: "two"}


def test_an_external_id_at_two_processes(demo_url: str):
    """The same external ids in another order at two servers of one database: each is had once; the loser gets 409."""
    names = [f"race-{n}" for n in range(RACES)]
    with Server(demo_url) as one, Server(demo_url) as two:
        there = [order(external_id=name) for name in names]
        back = [order(external_id=name) for name in reversed(names)]
        outcomes = together([one, two], there, back)
        assert sorted(each.external_id for each in outcomes if isinstance(each, Customer)) == sorted(names)
        assert len(refused(outcomes)) == RACES
        one.call(work)
        two.call(work)
        found = one.rows("SELECT status FROM customers WHERE external_id LIKE 'race-%'")
        assert found == [("provisioned",)] * RACES
    assert wrongs(demo_url) == []


def test_a_change_and_a_removal_at_two_processes(demo_url: str):
    """Of a change and a removal that meet at two servers exactly one is accepted, and the other is told 409."""
    with Server(demo_url) as one, Server(demo_url) as two:
        made = one.call(lambda service: submit(service, *(order(external_id=f"race-{n}") for n in range(RACES))))
        one.call(work)
        found = [each.id for each in made if isinstance(each, Customer)]
        changes = [order(UPDATE, "webex_voice", "webex_suite", customer=id) for id in found]
        removals = [order(DELETE, customer=id) for id in reversed(found)]
        outcomes = together([one, two], changes, removals)
        assert sorted(each.id for each in outcomes if isinstance(each, Customer)) == sorted(found)
        assert all(told.startswith("customerId: the customer is ") for told in refused(outcomes))
        one.call(work)
        left = one.rows("SELECT status FROM customers WHERE external_id LIKE 'race-%'")
        changed = [each for each in outcomes[:RACES] if isinstance(each, Customer)]
        assert left == [("provisioned",)] * len(changed)
    assert wrongs(demo_url) == []


def snapshot(client: Client, org_id: str) -> dict[str, Any]:
    """What an organization has besides its licenses."""
    wire = {"orgId": ids.encode("ORGANIZATION", org_id)}
    people = client.get("/v1/people", params={**wire, "max": "1000"}).json()["items"]
    return {
        "people": {each["id"]: each["displayName"] for each in people},
        "locations": {each["id"]: each for each in client.get("/v1/locations", params=wire).json()["items"]},
        "organization": client.get(f"/v1/organizations/{wire['orgId']}").json(),
    }


def test_an_existing_organization_keeps_what_it_has(server: Server, client: Client):
    """A customer of an organization that is there gets licenses and a location; people, locations and holdings stay."""
    partner = client.as_(TOKEN)
    before, held = snapshot(partner, ACME), server.rows("SELECT * FROM holdings WHERE org_id = $1", ACME)
    wire = ids.encode("ORGANIZATION", ACME)
    shown = provisioned(server, partner, orgId=wire, customerInfo=None)
    assert (shown["status"], shown["orgId"]) == ("provisioned", wire)
    after = snapshot(partner, ACME)
    assert (after["people"], after["organization"]) == (before["people"], before["organization"])
    assert before["locations"].items() < after["locations"].items()
    assert {each["name"] for each in after["locations"].values()} - {
        each["name"] for each in before["locations"].values()
    } == {"Head Office"}
    assert server.rows("SELECT * FROM holdings WHERE org_id = $1", ACME) == held
    server.stop()
    assert wrongs(server.url) == []


def test_a_removal_takes_the_package_licenses_and_nothing_else(server: Server, client: Client):
    """Organization, people, location and site stay; the package's licenses go from all who have them, with numbers."""
    partner = client.as_(TOKEN)
    shown = provisioned(server, partner)
    org_id = ids.decode("ORGANIZATION", shown["orgId"]) or ""
    whole = partner.get(f"{PATH}/{shown['id']}", params={"includePackageLicenseInfo": "true"}).json()
    packages = {each["name"]: each["licenseIds"] for each in whole["resourceDetails"]["packages"]}
    [calling] = packages["webex_calling"]
    free = [
        each["id"]
        for each in partner.get("/v1/licenses", params={"orgId": shown["orgId"]}).json()["items"]
        if each["id"] not in packages["webex_calling"] + packages["webex_meetings"]
    ]
    [location] = partner.get("/v1/locations", params={"orgId": shown["orgId"]}).json()["items"]
    told = {"displayName": "Ann", "emails": ["ann@shop.example"], "orgId": shown["orgId"]}
    rights = {"licenses": [calling, *free], "locationId": location["id"], "extension": "4711"}
    made = partner.post("/v1/people?callingData=true", json=told | rights)
    assert made.status_code == 200, made.text
    assert made.json()["extension"] == "4711"
    before = snapshot(partner, org_id)
    sites = server.rows("SELECT site_url FROM sites WHERE org_id = $1", org_id)
    assert len(sites) == 1
    assert partner.delete(f"{PATH}/{shown['id']}").status_code == 202
    server.call(work)
    assert partner.get(f"{PATH}/{shown['id']}").status_code == 404
    assert snapshot(partner, org_id) == before
    assert server.rows("SELECT site_url FROM sites WHERE org_id = $1", org_id) == sites
    left = {each["id"] for each in partner.get("/v1/licenses", params={"orgId": shown["orgId"]}).json()["items"]}
    assert left == set(free)
    ann = partner.get(f"/v1/people/{made.json()['id']}?callingData=true").json()
    assert set(ann["licenses"]) == set(free)
    assert "extension" not in ann
    again = {"emails": ["bob@shop.example"], "displayName": "Bob", "orgId": shown["orgId"]}
    assert partner.post("/v1/people", json=again).status_code == 200
    server.stop()
    assert wrongs(server.url) == []


def test_who_was_removed_may_come_back(server: Server, client: Client):
    """The organization that a removed customer leaves is mapped again, with its location as it is."""
    partner = client.as_(TOKEN)
    shown = provisioned(server, partner)
    partner.delete(f"{PATH}/{shown['id']}")
    server.call(work)
    back = provisioned(server, partner, externalId=shown["externalId"], orgId=shown["orgId"])
    assert (back["status"], back["orgId"]) == ("provisioned", shown["orgId"])
    assert back["id"] != shown["id"]
    locations = partner.get("/v1/locations", params={"orgId": shown["orgId"]}).json()["items"]
    assert [each["name"] for each in locations] == ["Head Office"]
    sql = "SELECT details FROM customers WHERE customer_id = $1"
    [(details,)] = server.rows(sql, ids.decode("ENTERPRISE", back["id"]))
    assert json.loads(details)["locationId"] == ids.decode("LOCATION", locations[0]["id"])
    server.stop()
    assert wrongs(server.url) == []


def test_an_order_that_is_refused_writes_nothing(server: Server, client: Client):
    """A refused order leaves no entry and no row, also next to one that is accepted."""
    partner = client.as_(TOKEN)
    [[before]] = server.rows("SELECT entries FROM organizations WHERE org_id = $1", PARTNER)
    outcomes = server.call(lambda service: submit(service, order(external_id="bobs-bakery"), order(PROVISION, "none")))
    assert all(isinstance(each, Failure) for each in outcomes)
    assert server.rows("SELECT entries FROM organizations WHERE org_id = $1", PARTNER) == [(before,)]
    new_id(partner.post(PATH, json=body(provisioningParameters=parameters())))


PAGES: list[tuple[Filter, tuple[str, str] | int]] = [
    (Filter(), 0),
    (Filter(), ("2026-01-01T00:00:00.000Z", "x")),
    (Filter(statuses=("error",)), 0),
    (Filter(statuses=("error",)), ("2026-01-01T00:00:00.000Z", "x")),
    (Filter(statuses=("error", "updating", "provisioned")), ("2026-01-01T00:00:00.000Z", "x")),
    (Filter(statuses=STATUSES), ("2026-01-01T00:00:00.000Z", "x")),
    (Filter(external_id="shop-7"), 0),
    (Filter(customer_org_id="org-7", statuses=("error", "provisioned")), 0),
]


@pytest.mark.parametrize(("wanted", "after"), PAGES, ids=[str(n) for n in range(len(PAGES))])
def test_pages_cost_what_they_show(big: str, wanted: Filter, after: tuple[str, str] | int):
    """Each part of a page comes in order from an index: no scan, no sort but of what several statuses have brought."""
    steps = asyncio.run(plan(big, *store._keys("big", wanted, after, 11)))
    sorts = [step for step in steps if step.startswith("Sort ") or "TEMP B-TREE" in step]
    unique = wanted.external_id is not None or wanted.customer_org_id is not None
    assert not sorts or unique or 1 < len(wanted.statuses) >= len(sorts), steps
    assert not [step for step in steps if step.startswith(("SCAN c", "Seq Scan", "Bitmap"))], steps
    assert any("customers" in step and "index" in step.lower() for step in steps), steps


@pytest.fixture
def big(database_url: str) -> str:
    """A database with a partner of 2,000 customers in all states."""
    asyncio.run(fill(database_url))
    return database_url


async def fill(url: str) -> None:
    at = "2026-01-01T00:00:{:02}.000Z"
    database = await open_database(url)
    try:
        async with database.writing() as writing:
            await insert(writing, "organizations", org_id="big", display_name="Big", created=at.format(0))
            told = {"subscription_id": "s", "state": "active", "created": at.format(0), "billing_start": at.format(0)}
            await insert(writing, "partners", org_id="big", **told)
            made = [
                Customer("big", f"c-{n}", f"shop-{n}", f"org-{n}", "", "", {}, {}, at.format(n % 60), status=status)
                for n in range(2000)
                for status in [STATUSES[n % len(STATUSES)] if n % 10 == 0 else "provisioned"]
            ]
            await store.insert(writing, made)
    finally:
        await database.close()


async def plan(url: str, sql: str, values: list[object]) -> list[str]:
    """What the database does for a statement, a line a step."""
    database = await open_database(url)
    try:
        if url.startswith("sqlite"):
            async with database.reading() as reading:
                return [row[3] for row in await reading.rows(f"EXPLAIN QUERY PLAN {sql}", *values)]
        async with database.writing() as writing:
            await writing.run("ANALYZE customers")
            return [row[0].strip(" ->") for row in await writing.rows(f"EXPLAIN {sql}", *values)]
    finally:
        await database.close()


def test_customers_can_be_listed_newest_first(server: Server, client: Client) -> None:
    """Page by page they are those of the other order, turned round; also of some statuses alone."""

    async def listed(service: Service, wanted: Filter) -> list[str]:
        found: list[str] = []
        after: Any = 0
        while after is not None:
            async with service.database.reading() as reading:
                page = await customers.page(reading, service.context, PARTNER, wanted, after, 2)
            found += [each.id for each in page.customers]
            after = page.end
        return found

    for statuses in ((), ("provisioned", "error")):
        oldest = server.call(lambda service, told=statuses: listed(service, Filter(statuses=told)))
        newest = server.call(lambda service, told=statuses: listed(service, Filter(statuses=told, newest=True)))
        assert newest == oldest[::-1]
        assert len(newest) == (3 if statuses else 6)


def test_customers_are_counted_by_status(server: Server, client: Client) -> None:
    """Those of one partner, whichever statuses there are."""

    async def counted(service: Service, org_id: str) -> dict[str, int]:
        async with service.database.reading() as reading:
            return await customers.counts(reading, org_id)

    assert server.call(lambda service: counted(service, FOOTHILL)) == {"provisioned": 1}
    told = {"provisioned": 2, "provisioned_with_errors": 1, "provisioning": 1, "error": 1, "pending_rpl_review": 1}
    assert server.call(lambda service: counted(service, PARTNER)) == told

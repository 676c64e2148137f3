"""Provisioning for tests: orders at the level of the service, workers driven turn by turn, and what came of it."""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from allot.cli.databases import open_database
from allot.core.call import Call, Caller
from allot.core.customer import DELETE, PROVISION, UPDATE, Customer
from allot.core.failure import Failure
from allot.core.order import Order
from allot.engine.worker import Worker
from allot.service import customers
from allot.service.checks import check
from allot.service.clock import Clock, SystemClock
from allot.service.customers import Request
from allot.service.service import Service
from allot.service.settings import Settings
from allot.store import imports
from allot.store.database import Database, Reading
from organizations import add_person, insert
from servers import rulebook

PARTNER = "11111111-2222-4333-8444-555555555555"
TEMPLATE = "template"
CREATED = "2026-01-01T00:00:00.000Z"
CALLER = Caller(PARTNER, "", "partner@example.com", frozenset(), frozenset())
ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}
LOCATION = {"name": "Head Office", "address": ADDRESS, "timezone": "America/Los_Angeles", "language": "en_us"}
#: one that needs the calling location, one the site, one both, and one more
FOUR = ("webex_calling", "webex_meetings", "webex_suite", "common_area_calling")
KINDS = {PROVISION: customers.provision, UPDATE: customers.update, DELETE: customers.delete}


class FixedClock:
    """A clock that stands still until it is put forward, or that goes wrong by so many seconds."""

    def __init__(self, at: str = "2026-03-01T12:00:00+00:00") -> None:
        self.at = datetime.fromisoformat(at)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def service_on(database: Database, clock: Clock | None = None, **settings: Any) -> Service:
    """A service as a process has it, on a database that is open; it is not started."""
    given = Settings(database=database.url, **{"lease_seconds": 60.0} | settings)
    return Service(database, rulebook(), clock or SystemClock(), given)


@asynccontextmanager
async def opened(url: str, clock: Clock | None = None, **settings: Any) -> AsyncIterator[Service]:
    """A service with connections of its own, as another process would have it."""
    database = await open_database(url)
    try:
        yield service_on(database, clock, **settings)
    finally:
        await database.close()


async def add_partner(service: Service) -> None:
    """The partner whose customers tests make."""
    new = imports.Rows(
        organizations=[(PARTNER, "Partner", None)],
        partners=[(PARTNER, None, "Sub-1", "active", None, None)],
        templates=[(PARTNER, TEMPLATE, "Onboarding")],
    )
    async with service.database.writing() as writing:
        await imports.insert(writing, new, CREATED, CREATED)


# ------------------------------------------------------------------------------------------- orders


def provision(name: str, *packages: str, limits: dict[str, int] | None = None) -> Request:
    """An order of a new customer, whose external id is its name."""
    return Request(
        Call(CALLER, f"track_{name}"),
        PARTNER,
        Order(PROVISION, packages or FOUR, limits or {}, LOCATION),
        provisioning_id=TEMPLATE,
        external_id=name,
        name=name,
        primary_email=f"{name}@example.com",
        address=ADDRESS,
        details={"location": LOCATION, "language": "en"},
    )


def update(customer_id: str, *packages: str, limits: dict[str, int] | None = None) -> Request:
    """An order that changes a customer's packages."""
    order_ = Order(UPDATE, packages, limits or {}, LOCATION)
    return Request(Call(CALLER, "track_update"), PARTNER, order_, customer_id, details={"location": LOCATION})


def delete(customer_id: str) -> Request:
    """An order that removes a customer."""
    return Request(Call(CALLER, "track_delete"), PARTNER, Order(DELETE), customer_id)


async def order(service: Service, *requests: Request) -> list[str]:
    """Accept orders of one kind in one transaction; the ids of their customers. Raises the Failure of one refused."""
    async with service.database.writing() as writing:
        answers: Sequence[Customer | Failure] = await KINDS[requests[0].order.kind](writing, service.context, requests)
    accepted: list[str] = []
    for answer in answers:
        if isinstance(answer, Failure):
            raise answer
        accepted.append(answer.id)
    return accepted


async def work_off(worker: Worker, turns: int = 500) -> int:
    """Let a worker take turns until it finds nothing to do; how many it took."""
    for turn in range(turns):
        if not await worker.turn():
            return turn
    raise AssertionError(f"still busy after {turns} turns")


async def until(reached: Callable[[], Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not await reached():
        assert time.monotonic() < end, "it did not come to that in time"
        await asyncio.sleep(0.005)


async def rows(service: Service, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """The rows of a statement."""
    async with service.database.reading() as reading:
        return await reading.rows(sql, *parameters)


async def write(service: Service, sql: str, *parameters: object) -> int:
    """Run a statement behind everybody's back."""
    async with service.database.writing() as writing:
        return await writing.run(sql, *parameters)


async def let_leases_run_out(service: Service) -> None:
    """As if the workers that hold claims now had been silent for too long."""
    await write(service, "UPDATE steps SET lease_until = 0 WHERE state = 'running'")


async def order_many(service: Service, count: int) -> list[str]:
    """Orders of so many customers, in one transaction."""
    return await order(service, *(provision(f"many{n}") for n in range(count)))


async def is_idle(service: Service) -> bool:
    """Whether every run is settled."""
    return await rows(service, "SELECT 1 FROM runs WHERE settled IS NULL LIMIT 1") == []


async def carried_out(service: Service) -> Counter[tuple]:
    """How often the journal says that steps were carried out, by customer and step."""
    entries = await rows(service, "SELECT target_id, detail FROM journal WHERE action = 'runs.step' AND outcome = 200")
    return Counter(entries)


async def each_once(service: Service) -> int:
    """Every step was carried out exactly once; how many there are."""
    found = await carried_out(service)
    [(steps,)] = await rows(service, "SELECT COUNT(*) FROM steps")
    assert set(found.values()) == {1}
    assert len(found) == steps
    assert await rows(service, "SELECT 1 FROM steps WHERE state <> 'done'") == []
    assert await wrongs(service) == []
    return int(steps)


async def wrongs(service: Service) -> list[str]:
    """What `allot check` finds, warnings as well."""
    return [finding.text async for finding in check(service.database, service.rulebook)]


async def order_outcome(
    service: Service, customer_id: str, run: int | None, target: str, kind: str, **told: Any
) -> None:
    """Order what shall happen to a customer's steps."""
    columns = {"code": 90003, "description": "Ordered", "times": 0, "milliseconds": 0} | told
    async with service.database.writing() as writing:
        await insert(
            writing,
            "outcomes",
            org_id=PARTNER,
            outcome_id=str(uuid.uuid4()),
            customer_id=customer_id,
            run=run,
            target=target,
            kind=kind,
            created=CREATED,
            **columns,
        )


# ---------------------------------------------------------------------------------------- scenarios


async def prepare(service: Service, kind: str, name: str) -> Request:
    """A customer as it is before an order of this kind, of a unique name; the order.

    The update adds, removes, adjusts and tries again, each one package; two packages that are removed are held by
    people, and so is what a deletion takes: by people with a number and without, invited, and invited in vain.
    """
    if kind == PROVISION:
        return provision(name, *rulebook().packages, limits={"webex_calling": 10, "webex_meetings": 5})
    [customer_id] = await order(service, provision(name, *FOUR, "webex_voice", limits={"webex_calling": 10}))
    await order_outcome(service, customer_id, 1, "webex_voice", "fail")
    await work_off(Worker(service))
    await add_holders(service, customer_id)
    if kind == UPDATE:
        packages = ("webex_calling", "webex_voice", "common_area_calling", "cx_essentials")
        return update(customer_id, *packages, limits={"webex_calling": 20})
    return delete(customer_id)


async def add_holders(service: Service, customer_id: str) -> None:
    """People who hold the licenses of the meetings package and of the suite, which take no calling properties."""
    async with service.database.writing() as writing:
        org_id = await organization_of(writing, customer_id)
        places = dict(await writing.rows("SELECT offer, license FROM licenses WHERE org_id = $1", org_id))
        [(location,)] = await writing.rows("SELECT location_id FROM locations WHERE org_id = $1", org_id)
        number = {"phone_number": "+12405551212", "location_id": location}
        await insert(writing, "numbers", org_id=org_id, state="ACTIVE", **number)
        for email, home, offers, until in (
            ("reached@example.com", org_id, ("FTC", "FTM", "FMS", "FSS", "SLWS"), None),
            ("meets@example.com", org_id, ("FTM", "FMS", "FSS", "SLWM"), None),
            ("invited@example.com", PARTNER, ("SLWM",), "2999-01-01T00:00:00.000Z"),
            ("lapsed@example.com", PARTNER, ("SLWM",), "2020-01-01T00:00:00.000Z"),
        ):
            columns = number | {"extension": "4501"} if email.startswith("reached") else {}
            person_id = await add_person(writing, org_id, email, home_org_id=home, **columns)
            for offer in offers:
                place = places[offer]
                await insert(
                    writing, "holdings", org_id=org_id, person_id=person_id, license=place, pending_until=until
                )
                counting = "UPDATE licenses SET consumed_by_users = consumed_by_users + 1 WHERE org_id = $1"
                if until is None:
                    await writing.run(f"{counting} AND license = $2", org_id, place)


# ------------------------------------------------------------------------------------- what came of it


@dataclass
class State:
    """All that the runs of one customer have made, without what differs each time: ids, times and attempts."""

    customer: list[tuple[Any, ...]]
    packages: list[tuple[Any, ...]]
    licenses: list[tuple[Any, ...]]
    people: list[tuple[Any, ...]]
    places: list[tuple[Any, ...]]
    runs: list[tuple[Any, ...]]
    steps: list[tuple[Any, ...]]
    #: what the journal tells: how often steps were carried out, and every status in its order, of each package
    done: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    moves: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def like(self, name: str) -> str:
        """All of it as one text, without the customer's name: equal for customers with whom the same was done."""
        facts = (self.customer, self.packages, self.licenses, self.people, self.places, self.runs, self.steps)
        return str((facts, sorted(self.done.items()), sorted(self.moves.items()))).replace(name, "NAME")


_CUSTOMER = "SELECT status, live, review, errors, run FROM customers WHERE customer_id = $1"
_PACKAGES = """
SELECT package, status, unit_limit, warnings, errors, subscribers, CASE license_ids WHEN '[]' THEN 0 ELSE 1 END
FROM packages WHERE customer_id = $1 ORDER BY package
"""
_LICENSES = """
SELECT offer, name, total_units, policy, consumed_by_users, subscription_id,
       CASE WHEN site_url IS NULL THEN 0 ELSE 1 END
FROM licenses WHERE org_id = $1 ORDER BY offer, license
"""
_PEOPLE = """
SELECT p.email, p.phone_number, p.extension, l.offer, h.pending_until FROM people p
LEFT JOIN holdings h ON h.org_id = p.org_id AND h.person_id = p.person_id
LEFT JOIN licenses l ON l.org_id = h.org_id AND l.license = h.license
WHERE p.org_id = $1 ORDER BY p.email, l.offer
"""
_PLACES = """
SELECT 'organization', display_name, manager_id FROM organizations WHERE org_id = $1
UNION ALL SELECT 'location', name, details FROM locations WHERE org_id = $1
UNION ALL SELECT 'site', site_type, '' FROM sites WHERE org_id = $1
"""
_RUNS = "SELECT run, kind, CASE WHEN settled IS NULL THEN 0 ELSE 1 END FROM runs WHERE customer_id = $1 ORDER BY run"
_STEPS = "SELECT run, step, name, package, state, fault FROM steps WHERE customer_id = $1 ORDER BY run, step"
_JOURNAL = "SELECT action, outcome, detail FROM journal WHERE org_id = $1 AND target_id = $2 ORDER BY entry"


async def state(service: Service, customer_id: str) -> State:
    """What became of a customer, which may be gone."""
    async with service.database.reading() as reading:
        org_id = await organization_of(reading, customer_id)
        told = State(
            await reading.rows(_CUSTOMER, customer_id),
            await reading.rows(_PACKAGES, customer_id),
            await reading.rows(_LICENSES, org_id),
            await reading.rows(_PEOPLE, org_id),
            [
                ("organization", "", row[2]) if row[0] == "organization" else row
                for row in await reading.rows(_PLACES, org_id)
            ],
            await reading.rows(_RUNS, customer_id),
            await reading.rows(_STEPS, customer_id),
        )
        for action, outcome, text in await reading.rows(_JOURNAL, PARTNER, customer_id):
            detail = json.loads(text)
            if action == "runs.step" and outcome == 200:
                told.done[detail["run"], detail["step"], detail.get("package", "")] += 1
            for event in detail.get("events", ()):
                told.moves.setdefault(event.get("package", ""), []).append((event["before"], event["after"]))
    return told


async def organization_of(reading: Reading, customer_id: str) -> str:
    """The organization of a customer, also when that is gone: organizations are named as their customers were."""
    found = await reading.rows("SELECT customer_org_id FROM customers WHERE customer_id = $1", customer_id)
    if not found:
        found = await reading.rows(
            "SELECT o.org_id FROM journal j JOIN organizations o ON 'track_' || o.display_name = j.tracking_id"
            " WHERE j.org_id = $1 AND j.target_id = $2 AND j.action = 'customers.provision'",
            PARTNER,
            customer_id,
        )
    return str(found[0][0]) if found else ""


async def dump(service: Service) -> dict[str, list[str]]:
    """Every row of every table that runs write to."""
    tables = (
        *("customers", "packages", "runs", "steps", "outcomes", "usage", "organizations", "licenses", "locations"),
        *("sites", "people", "holdings", "attendees", "numbers", "journal"),
    )
    async with service.database.reading() as reading:
        return {table: sorted(map(str, await reading.rows(f"SELECT * FROM {table}"))) for table in tables}

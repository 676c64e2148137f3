"""Removing a package that many people have: in pieces, each a transaction, and none of them for nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from allot.core.customer import DELETE
from allot.engine import removals
from allot.engine.worker import Worker
from allot.service.service import Service
from allot.store.database import Writing
from crashes import Crash, CrashingDatabase
from organizations import add_person, insert
from provisioning import (
    PARTNER,
    add_partner,
    delete,
    let_leases_run_out,
    opened,
    order,
    order_outcome,
    organization_of,
    prepare,
    provision,
    rows,
    service_on,
    work_off,
    write,
    wrongs,
)
from subscribing import shop, subscribe, wanted

PEOPLE, PIECE = 250, 40


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removals, "PIECE", PIECE)


async def customer_with_people(service: Service, invited_until: str | None = None) -> str:
    """A customer whose meetings license many people hold, or are invited to until some time."""
    await add_partner(service)
    [customer_id] = await order(service, provision("many", "webex_meetings", "webex_calling"))
    await work_off(Worker(service))
    async with service.database.writing() as writing:
        org_id = await organization_of(writing, customer_id)
        [(place,)] = await writing.rows("SELECT license FROM licenses WHERE org_id = $1 AND offer = 'SLWM'", org_id)
        for n in range(PEOPLE):
            home = PARTNER if invited_until else org_id
            person_id = await add_person(writing, org_id, f"p{n}@example.com", home_org_id=home)
            held = {"org_id": org_id, "person_id": person_id, "license": place}
            await insert(writing, "holdings", **held, pending_until=invited_until)
        counted = "UPDATE licenses SET consumed_by_users = $3 WHERE org_id = $1 AND license = $2"
        await writing.run(counted, org_id, place, 0 if invited_until else PEOPLE)
    return customer_id


async def holders(service: Service) -> int:
    """How many people hold the license."""
    [(count,)] = await rows(service, "SELECT COUNT(*) FROM holdings")
    return int(count)


def test_a_license_that_many_hold_is_taken_in_pieces(database_url: str, counted: Callable[[str], None]):
    """No transaction takes more than a piece; counters are right between them, and the journal tells of everybody."""

    async def check() -> int:
        async with opened(database_url) as service:
            customer_id = await customer_with_people(service)
            await order(service, delete(customer_id))
            worker = Worker(service)
            await worker.turn()
            watched = Watched(service, audited)
            await removals.lighten(watched, service.context, worker._claims, worker._lease)
            assert watched.seen == [PEOPLE - PIECE * n for n in range(len(watched.seen))]
            assert await holders(service) <= PIECE
            await work_off(worker)
            assert await holders(service) == 0
            told = await rows(
                service, "SELECT target_id, detail, tracking_id FROM journal WHERE action = 'licenses.withdraw'"
            )
            assert len({person_id for person_id, _, _ in told}) == len(told) == PEOPLE
            assert {tracking_id for _, _, tracking_id in told} == {"track_delete"}
            details = [json.loads(detail) for _, detail, _ in told]
            assert all(len(each["before"]["licenses"]) == 1 and each["after"]["licenses"] == [] for each in details)
            assert await rows(service, "SELECT 1 FROM customers") == []
            assert await wrongs(service) == []
            return len(watched.seen)

    counted(f"{PEOPLE} people in {asyncio.run(check())} transactions and a last one")


@pytest.mark.parametrize("until", ["2999-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000Z"])
def test_a_license_that_many_are_invited_to_is_taken_in_pieces(database_url: str, until: str):
    """Invitations use no unit, and take as much of a transaction as licenses that are held: pieces count them too."""

    async def check() -> None:
        async with opened(database_url) as service:
            await order(service, delete(await customer_with_people(service, until)))
            worker = Worker(service)
            await worker.turn()
            watched = Watched(service, holders)
            await removals.lighten(watched, service.context, worker._claims, worker._lease)
            seen = watched.seen
            assert seen == [PEOPLE - PIECE * n for n in range(len(seen))]
            assert await holders(service) <= PIECE
            await work_off(worker)
            assert await holders(service) == 0
            assert await wrongs(service) == []

    asyncio.run(check())


async def audited(service: Service) -> int:
    """How many hold the license, where all that is stored fits together."""
    assert await wrongs(service) == []
    return await holders(service)


class Watched(CrashingDatabase):
    """A database that looks at what is there before each transaction that writes."""

    def __init__(self, service: Service, look: Callable[[Service], Awaitable[Any]]) -> None:
        super().__init__(service.database, 0)
        self._service, self._look = service, look
        self.seen: list[Any] = []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """Note what there is by now."""
        self.seen.append(await self._look(self._service))
        async with self._service.database.writing() as writing:
            yield writing


async def customer_with_subscribers(service: Service) -> str:
    """A customer with many subscribers; all that is left of its deletion, which is ordered, is to end the mapping."""
    await add_partner(service)
    customer_id, _ = await shop(service, "many", "webex_meetings")
    await subscribe(service, *(wanted(customer_id, f"p{n}@example.com") for n in range(PEOPLE)))
    await order(service, delete(customer_id))
    worker = Worker(service)
    while "mapping" not in {claim.name for claim in worker._claims}:
        await worker.turn()
    await let_leases_run_out(service)
    return customer_id


async def billed(service: Service) -> tuple[int, int]:
    """How many subscribers there are, and how many are billed."""
    [(count,)] = await rows(service, "SELECT COUNT(*) FROM subscribers")
    [(uses,)] = await rows(service, "SELECT COUNT(*) FROM usage WHERE until_day IS NULL")
    return int(count), int(uses)


def test_a_customer_with_many_subscribers_goes_in_pieces(database_url: str, counted: Callable[[str], None]) -> None:
    """However many subscribers there are, a transaction ends a piece of them; and who is left is billed until then."""

    async def check() -> int:
        async with opened(database_url) as service:
            await customer_with_subscribers(service)
            worker = Worker(service)
            await worker.turn()
            watched = Watched(service, billed)
            await removals.lighten(watched, service.context, worker._claims, worker._lease)
            seen = watched.seen
            left = [PEOPLE - PIECE * n for n in range(len(seen))]
            assert seen == [(count, count) for count in left]
            assert await billed(service) == (left[-1], left[-1])
            assert left[-1] <= PIECE
            await work_off(worker)
            assert await billed(service) == (0, 0)
            assert await rows(service, "SELECT 1 FROM customers") == []
            assert await wrongs(service) == []
            return len(seen)

    counted(f"{PEOPLE} subscribers in {asyncio.run(check())} transactions and a last one")


@pytest.mark.parametrize("kind", ["fail", "hold"])
def test_a_mapping_that_was_ordered_to_stay_keeps_its_subscribers(database_url: str, kind: str) -> None:
    """What is ordered for the end of the mapping is heeded before the first subscriber goes."""

    async def check() -> None:
        async with opened(database_url) as service:
            customer_id = await customer_with_subscribers(service)
            await order_outcome(service, customer_id, 2, "mapping", kind)
            await work_off(Worker(service))
            assert await billed(service) == (PEOPLE, PEOPLE)
            assert await wrongs(service) == []

    asyncio.run(check())


def test_a_removal_that_is_cut_off_goes_on_where_it_was(database_url: str, counted: Callable[[str], None]):
    """Whichever statement of the pieces is the last one, another worker takes the license from those who have it."""

    async def check() -> int:
        crashes = 0
        async with opened(database_url) as service:
            customer_id = await customer_with_people(service)
            await order(service, delete(customer_id))
            for statement in range(1, 90, 7):
                try:
                    await work_off(Worker(service_on(CrashingDatabase(service.database, statement))))
                except Crash:
                    crashes += 1
                assert await wrongs(service) == []
                await write(service, "UPDATE steps SET attempts = 1 WHERE state = 'running'")
                await let_leases_run_out(service)
            await work_off(Worker(service))
            assert await holders(service) == 0
            assert await rows(service, "SELECT 1 FROM customers") == []
            [(told,)] = await rows(service, "SELECT COUNT(*) FROM journal WHERE action = 'licenses.withdraw'")
            assert told == PEOPLE
            assert await wrongs(service) == []
        return crashes

    counted(f"{asyncio.run(check())} crashes")


def test_a_removal_keeps_its_claim_with_every_piece(database_url: str):
    """However long the pieces take together, no other worker takes the removal over between two of them."""

    async def check() -> None:
        async with opened(database_url) as service:
            customer_id = await customer_with_people(service)
            await order(service, delete(customer_id))
            worker, other = Worker(service), Worker(service)
            await worker.turn()
            begun = 0

            class Slow(CrashingDatabase):
                @asynccontextmanager
                async def writing(self) -> AsyncIterator[Writing]:
                    nonlocal begun
                    if begun:
                        await other.turn()
                        assert other._claims == []
                    begun += 1
                    # As if the heart had not got through for all of a lease.
                    await let_leases_run_out(service)
                    async with service.database.writing() as writing:
                        yield writing

            slow = Slow(service.database, 0)
            await removals.lighten(slow, service.context, worker._claims, worker._lease)
            assert begun > 2
            await work_off(worker)
            assert worker.late == 0
            assert await rows(service, "SELECT 1 FROM customers") == []

    asyncio.run(check())


@pytest.mark.parametrize("kind", ["fail", "hold"])
def test_a_removal_that_was_ordered_to_fail_takes_nothing(database_url: str, kind: str):
    """What is ordered for the package is heeded before the first license is taken."""

    async def check() -> None:
        async with opened(database_url) as service:
            customer_id = await customer_with_people(service)
            await order_outcome(service, customer_id, 2, "webex_meetings", kind)
            await order(service, delete(customer_id))
            await work_off(Worker(service))
            assert await holders(service) == PEOPLE
            assert await wrongs(service) == []

    asyncio.run(check())


def test_a_worker_that_is_too_late_takes_nothing(database_url: str):
    """A removal whose claim is another worker's by now begins no piece."""

    async def check() -> None:
        async with opened(database_url) as service:
            customer_id = await customer_with_people(service)
            await order(service, delete(customer_id))
            late = Worker(service)
            await late.turn()
            await let_leases_run_out(service)
            await Worker(service).turn()
            await late.close()
            await late.turn()
            assert late.late == 2
            assert await holders(service) == PEOPLE

    asyncio.run(check())


def test_numbers_of_those_who_lose_calling_are_free(database_url: str):
    """Whoever loses the last calling license has no number and no extension, and the journal knows what they were."""

    async def check() -> None:
        async with opened(database_url) as service:
            await add_partner(service)
            [customer_id] = await order(service, await prepare(service, DELETE, "calls"))
            await work_off(Worker(service))
            assert await rows(service, "SELECT 1 FROM customers WHERE customer_id = $1", customer_id) == []
            [person] = await rows(
                service,
                "SELECT location_id, phone_number, extension FROM people WHERE email = 'reached@example.com'",
            )
            assert person == (None, None, None)
            entries = await rows(service, "SELECT detail FROM journal WHERE action = 'licenses.withdraw'")
            before = [json.loads(detail)["before"].get("calling") for (detail,) in entries]
            assert [each["phone_number"] for each in before if each] == ["+12405551212"]
            assert await wrongs(service) == []

    asyncio.run(check())

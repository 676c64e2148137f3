"""Reviews: a customer is pending while its packages go on, until somebody decides."""

import asyncio

import pytest

import provider
from allot.core.customer import DENIAL, Customer
from allot.core.failure import Failure, Kind
from allot.service import reviews
from allot.service.reviews import Decision
from allot.service.service import Service
from provider import PARTNER, customer, delete, ordered, provision, rows, update, work
from servers import open_service


async def decide(service: Service, of: Customer, *, approved: bool) -> str:
    """The status after a decision."""
    decision = Decision(provider.call(), PARTNER, of.id, approved)
    found: Customer = await service.writes.submit(PARTNER, reviews.decide, decision)
    return found.status


@pytest.mark.parametrize("when", ["next", "live", "later"])
def test_a_review_waits_for_nobody(demo_url: str, when: str):
    """Ordered for the next customer, the live run or the next one, it shows with that run; packages go on."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            review = await ordered(service, "review") if when == "next" else None
            mine = await provision(service, "webex_meetings")
            if when == "later":
                await work(service)
            if review is None:
                review = await ordered(service, "review", "", mine.id)
            if when == "later":
                assert (await customer(service, mine.id)).status == "provisioned"
                await update(service, mine.id, "webex_meetings")
            assert (await customer(service, mine.id)).status == "pending_rpl_review"
            await work(service)
            now = await customer(service, mine.id)
            assert (now.status, now.packages["webex_meetings"].status) == ("pending_rpl_review", "provisioned")
            assert await decide(service, mine, approved=True) == "provisioned"
            sql = "SELECT COUNT(*) FROM journal WHERE org_id = $1 AND detail LIKE $2"
            assert await rows(service, sql, PARTNER, f"%{review.id}%pending_rpl_review%") != [(0,)] or when != "live"
            assert await rows(service, sql, PARTNER, f'%"ordered":"{review.id}"%') == [(int(when != "live"),)]

    asyncio.run(go())


def test_a_customer_that_is_denied_is_in_error(demo_url: str):
    """Denied, the customer shows its run until that is over, then an error of ours; it can only be removed."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await ordered(service, "review")
            mine = await provision(service, "webex_meetings")
            assert await decide(service, mine, approved=False) == "provisioning"
            await work(service)
            now = await customer(service, mine.id)
            assert (now.status, now.errors) == ("error", [DENIAL])
            assert now.packages["webex_meetings"].status == "provisioned"
            with pytest.raises(Failure, match="it can only be removed"):
                await update(service, mine.id, "webex_meetings")
            await delete(service, mine.id)
            await work(service)
            assert await rows(service, "SELECT 1 FROM customers WHERE customer_id = $1", mine.id) == []

    asyncio.run(go())


def test_only_what_is_pending_can_be_decided(demo_url: str):
    """A decision about a customer that is not reviewed, or is not there, is refused; so is a second review."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            mine = await provision(service, "webex_meetings")
            with pytest.raises(Failure) as found:
                await decide(service, mine, approved=True)
            assert found.value.kind == Kind.CONFLICT
            mine.id, id = "nobody", mine.id
            with pytest.raises(Failure) as found:
                await decide(service, mine, approved=True)
            assert found.value.kind == Kind.NOT_FOUND
            await ordered(service, "review", "", id)
            with pytest.raises(Failure) as found:
                await ordered(service, "review", "", id)
            assert found.value.kind == Kind.CONFLICT

    asyncio.run(go())

"""Runs: readable at any time, and tried again where they were parked."""

import asyncio

import pytest

import provider
from allot.core.customer import Customer
from allot.core.failure import Failure, Kind
from allot.core.run import Run
from allot.service import runs
from allot.service.runs import Retry
from allot.service.service import Service
from allot.store import partners
from provider import PARTNER, cancelled, customer, delete, ordered, provision, rows, run_clock, steps, update, work
from servers import open_service


async def retry(service: Service, of: Customer, number: int = 1) -> Run:
    async with service.database.reading() as reading:
        partner = await partners.find(reading, PARTNER)
    assert partner is not None
    run: Run = await service.writes.submit(PARTNER, runs.retry, Retry(provider.call(), partner, of.id, number))
    return run


async def refusal(service: Service, of: Customer, number: int = 1) -> Failure:
    with pytest.raises(Failure) as found:
        await retry(service, of, number)
    return found.value


def test_a_run_is_readable_at_any_time(demo_url: str):
    """Before, while and after it is carried out each step says how it stands, in words too."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await ordered(service, "flaky", "webex_calling")
            await ordered(service, "fail", "site")
            mine = await provision(service, "webex_calling", "webex_meetings")
            says = {name: step.says for name, step in (await steps(service, mine)).items()}
            assert says["organization"].startswith("is due at 20")
            assert says["location"] == "waits for organization"
            assert says["webex_meetings"] == "waits for organization, site"
            await provider.spans.turn(service, provider.clocks.freeze, provider.Change(provider.call()))
            await work(service)
            says = {name: step.says for name, step in (await steps(service, mine)).items()}
            assert says["organization"].startswith("was done at 20")
            assert says["webex_calling"].startswith("failed at attempt 1 and is tried again at 20")
            assert says["site"].endswith("This step was ordered to fail")
            assert says["webex_meetings"].startswith("was not carried out: ")
            async with service.database.reading() as reading:
                past, found = await runs.find(reading, service.context, (PARTNER, mine.id), 1)
            assert (past.kind, past.settled) == ("provision", None)
            assert [step.number for step in found] == list(range(5))
            await run_clock(service)
            async with service.database.reading() as reading:
                [past] = await runs.page(reading, service.context, (PARTNER, mine.id), 100, 10)
            assert past.settled is not None

    asyncio.run(go())


def test_what_was_parked_is_tried_again(demo_url: str):
    """Retried, the parked step and what was skipped for it go on, the run lives again and comes to its end."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            flaky = await ordered(service, "flaky", "location", times=5)
            mine = await provision(service, "webex_calling", "webex_meetings")
            await run_clock(service)
            now = await customer(service, mine.id)
            assert (now.status, now.errors[0].code) == ("provisioned_with_errors", 90001)
            assert now.packages["webex_calling"].errors[0].code == 90002
            await cancelled(service, flaky)
            assert (await retry(service, mine)).customer.status == "provisioning"
            now = await customer(service, mine.id)
            assert (now.status, now.live, now.errors) == ("provisioning", "provision", [])
            assert now.packages["webex_calling"].status == "provisioning"
            assert await rows(service, "SELECT settled FROM runs WHERE customer_id = $1", mine.id) == [(None,)]
            assert (await refusal(service, mine)).kind == Kind.CONFLICT
            await work(service)
            assert (await customer(service, mine.id)).status == "provisioned"
            [(settled,)] = await rows(service, "SELECT settled FROM runs WHERE customer_id = $1", mine.id)
            assert settled is not None
            sql = "SELECT detail FROM journal WHERE org_id = $1 AND action = 'runs.retry'"
            [(detail,)] = await rows(service, sql, PARTNER)
            assert '"steps":[1]' in detail
            assert '"after":"provisioning"' in detail

    asyncio.run(go())


def test_what_is_still_flaky_is_parked_again(demo_url: str):
    """Each retry has as many attempts as a new step."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await ordered(service, "flaky", "webex_meetings", times=5)
            mine = await provision(service, "webex_meetings")
            for _ in range(2):
                await run_clock(service)
                assert (await customer(service, mine.id)).status == "error"
                assert (await steps(service, mine))["webex_meetings"].says.startswith("was given up at 20")
                await retry(service, mine)

    asyncio.run(go())


def test_who_may_not_provision_may_not_retry(demo_url: str):
    """Neither a partner that is suspended retries, nor is a customer retried that is denied."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await ordered(service, "flaky", "webex_meetings", times=5)
            await ordered(service, "review")
            mine = await provision(service, "webex_meetings")
            await run_clock(service)
            async with service.database.writing() as writing:
                await partners.switch(writing, PARTNER, "suspended")
            assert (await refusal(service, mine)).kind == Kind.FORBIDDEN
            async with service.database.writing() as writing:
                await partners.switch(writing, PARTNER, "active")
                await writing.run("UPDATE customers SET review = 'denied' WHERE customer_id = $1", mine.id)
            denied = await refusal(service, mine)
            assert denied.kind == Kind.CONFLICT
            assert "it can only be removed" in str(denied)

    asyncio.run(go())


def test_what_is_not_parked_is_not_retried(demo_url: str):
    """A run that is done, is not there, or was followed by another one is refused, each in its own way."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await ordered(service, "fail", "webex_meetings")
            mine = await provision(service, "webex_meetings", "webex_calling")
            await work(service)
            failed = await refusal(service, mine)
            assert failed.kind == Kind.CONFLICT
            assert "tried again by an update" in str(failed)
            assert [(await refusal(service, mine, number)).kind for number in (0, 2)] == [Kind.NOT_FOUND] * 2
            await update(service, mine.id, "webex_meetings", "webex_calling")
            followed = await refusal(service, mine)
            assert followed.kind == Kind.CONFLICT
            assert "run 2 followed it" in str(followed)
            await work(service)
            async with service.database.reading() as reading:
                found = await runs.page(reading, service.context, (PARTNER, mine.id), 100, 10)
                assert [each.number for each in found] == [2, 1]
                found = await runs.page(reading, service.context, (PARTNER, mine.id), 2, 10)
                assert [each.number for each in found] == [1]
            await delete(service, mine.id)
            await work(service)
            assert (await refusal(service, mine)).kind == Kind.NOT_FOUND

    asyncio.run(go())

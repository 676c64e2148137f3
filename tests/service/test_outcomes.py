"""Ordered outcomes: every kind, for packages and for steps of the whole customer, each for exactly one run."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from allot.core.failure import Failure, Kind
from allot.core.outcome import MAINTENANCE, WHOLE
from allot.service.service import Service
from provider import (
    PARTNER,
    cancelled,
    customer,
    delete,
    ordered,
    provision,
    rows,
    run_clock,
    steps,
    told,
    update,
    work,
)
from servers import open_service

Story = Callable[[Service], Awaitable[None]]


def play(url: str, story: Story, **settings: object) -> None:
    async def go() -> None:
        async with open_service(url, **settings) as service:
            await story(service)

    asyncio.run(go())


def test_a_held_package_waits_until_its_hold_is_deleted(demo_url: str):
    """The others are provisioned meanwhile; the journal marks the attempt; deleting the hold lets the package go on."""

    async def story(service: Service) -> None:
        hold = await ordered(service, "hold", "webex_calling")
        mine = await provision(service, "webex_calling", "webex_meetings")
        await work(service)
        now = await customer(service, mine.id)
        assert (now.status, {name: held.status for name, held in now.packages.items()}) == (
            "provisioning",
            {"webex_calling": "provisioning", "webex_meetings": "provisioned"},
        )
        step = (await steps(service, mine))["webex_calling"]
        assert (step.state, step.held_by, step.says) == (
            "held",
            (hold.id,),
            "is held until the outcome that holds it is deleted",
        )
        [marked] = [each for each in await told(service, mine) if "ordered" in each]
        assert (marked["ordered"], marked["state"], marked["package"]) == (hold.id, "held", "webex_calling")
        await cancelled(service, hold)
        assert (await steps(service, mine))["webex_calling"].state == "ready"
        await work(service)
        assert (await customer(service, mine.id)).status == "provisioned"
        assert "ordered" not in (await told(service, mine))[-1]

    play(demo_url, story)


def test_a_step_goes_on_when_nobody_holds_it_any_more(demo_url: str):
    """Of two holds on a package the first that is deleted changes nothing."""

    async def story(service: Service) -> None:
        first, second = await ordered(service, "hold"), await ordered(service, "hold", "webex_meetings")
        mine = await provision(service, "webex_meetings", "webex_calling")
        await work(service)
        assert (await steps(service, mine))["webex_meetings"].held_by == (first.id, second.id)
        await cancelled(service, first)
        await work(service)
        assert {name: each.state for name, each in (await steps(service, mine)).items()} == {
            **dict.fromkeys(("organization", "location", "site", "webex_calling"), "done"),
            "webex_meetings": "held",
        }
        await cancelled(service, second)
        await work(service)
        assert (await customer(service, mine.id)).status == "provisioned"

    play(demo_url, story)


def test_a_warning_shows_and_changes_no_status(demo_url: str):
    """The package is provisioned with Cisco's warning; the next run of the customer has none."""

    async def story(service: Service) -> None:
        warn = await ordered(service, "warn", "webex_calling")
        mine = await provision(service, "webex_calling", "webex_meetings")
        await work(service)
        now = await customer(service, mine.id)
        assert now.status == now.packages["webex_calling"].status == "provisioned"
        assert now.packages["webex_calling"].warnings == [MAINTENANCE]
        assert now.packages["webex_meetings"].warnings == []
        assert [each["package"] for each in await told(service, mine) if each.get("ordered") == warn.id] == [
            "webex_calling"
        ]
        await update(service, mine.id, "webex_calling", "webex_meetings")
        await work(service)
        assert (await customer(service, mine.id)).packages["webex_calling"].warnings == []

    play(demo_url, story)


def test_a_warning_of_a_step_that_fails_by_itself_is_not_marked(demo_url: str):
    """What was ordered did not happen, so that the journal does not say so."""

    async def story(service: Service) -> None:
        await ordered(service, "warn", "webex_calling")
        mine = await provision(service, "webex_calling")
        await work_until_added(service, mine.id)
        async with service.database.writing() as writing:
            await writing.run("UPDATE runs SET plan = $2 WHERE customer_id = $1", mine.id, '{"licenses":{}}')
        await work(service)
        last = (await told(service, mine))[-1]
        assert ("fault" in last, "ordered" in last) == (True, False)

    play(demo_url, story)


async def work_until_added(service: Service, customer_id: str) -> None:
    """Hold nothing; carry out what goes before the packages, by letting them be due much later."""
    sql = "UPDATE steps SET takes = 1000 WHERE customer_id = $1 AND name = 'add'"
    async with service.database.writing() as writing:
        await writing.run(sql, customer_id)
    await work(service)
    async with service.database.writing() as writing:
        sql = "UPDATE steps SET due = $2 WHERE customer_id = $1 AND name = 'add'"
        await writing.run(sql, customer_id, service.context.stamp())


def test_a_failure_shows_and_an_update_tries_again(demo_url: str):
    """The package is in error with the ordered code, the customer provisioned with errors; a PUT makes it good."""

    async def story(service: Service) -> None:
        fail = await ordered(service, "fail", "webex_calling", code=4711, description="No calling today")
        mine = await provision(service, "webex_calling", "webex_meetings")
        await work(service)
        now = await customer(service, mine.id)
        assert (now.status, now.packages["webex_calling"].status) == ("provisioned_with_errors", "error")
        assert now.packages["webex_calling"].errors == [(4711, "No calling today")]
        [marked] = [each for each in await told(service, mine) if "ordered" in each]
        assert (marked["ordered"], marked["state"]) == (fail.id, "failed")
        await update(service, mine.id, "webex_calling", "webex_meetings")
        assert (await customer(service, mine.id)).packages["webex_calling"].status == "provisioning"
        await work(service)
        now = await customer(service, mine.id)
        assert (now.status, now.packages["webex_calling"].errors) == ("provisioned", [])

    play(demo_url, story)


def test_a_flaky_package_succeeds_after_so_many_failures(demo_url: str):
    """Each failure is tried again later and marked; the attempt that succeeds is not."""

    async def story(service: Service) -> None:
        flaky = await ordered(service, "flaky", "webex_meetings", times=2)
        mine = await provision(service, "webex_meetings")
        await run_clock(service)
        now = await customer(service, mine.id)
        assert (now.status, now.packages["webex_meetings"].errors) == ("provisioned", [])
        tried = [each for each in await told(service, mine) if each.get("package")]
        assert [(each["attempt"], each["state"], each.get("ordered")) for each in tried] == [
            (1, "ready", flaky.id),
            (2, "ready", flaky.id),
            (3, "done", None),
        ]

    play(demo_url, story)


def test_what_is_flaky_too_often_is_parked(demo_url: str):
    """After five attempts the package is in error, until the outcome is deleted and the run retried or updated."""

    async def story(service: Service) -> None:
        await ordered(service, "flaky", "webex_meetings", times=5)
        mine = await provision(service, "webex_meetings", "webex_calling")
        await run_clock(service)
        now = await customer(service, mine.id)
        assert (now.status, now.packages["webex_meetings"].status) == ("provisioned_with_errors", "error")
        assert now.packages["webex_meetings"].errors[0].code == 90001
        assert (await steps(service, mine))["webex_meetings"].state == "parked"

    play(demo_url, story)


def test_a_slow_package_takes_longer_once(demo_url: str):
    """It is provisioned so much later on the clock, and not before."""

    async def story(service: Service) -> None:
        slow = await ordered(service, "slow", "webex_meetings", seconds=3600)
        mine = await provision(service, "webex_meetings", "webex_calling")
        await run_clock(service, 3599)
        assert (await customer(service, mine.id)).packages["webex_meetings"].status == "provisioning"
        assert (await customer(service, mine.id)).packages["webex_calling"].status == "provisioned"
        await run_clock(service, 3600)
        assert (await customer(service, mine.id)).status == "provisioned"
        [marked] = [each for each in await told(service, mine) if "ordered" in each]
        assert (marked["ordered"], marked["state"]) == (slow.id, "ready")

    play(demo_url, story)


@pytest.mark.parametrize("target", WHOLE)
def test_steps_of_the_whole_customer_can_be_held(demo_url: str, target: str):
    """Holding one keeps everything that needs it waiting, and only that, until the hold is deleted."""

    async def story(service: Service) -> None:
        mine = await provision(service, "webex_calling", "webex_meetings")
        number = 1
        if target == "mapping":
            await work(service)
            await delete(service, mine.id)
            number = 2
        hold = await ordered(service, "hold", target, mine.id)
        assert hold.run == number
        await run_clock(service)
        found = await steps(service, mine, number)
        assert found[target].state == "held"
        waiting = {name for name, each in found.items() if each.state == "waiting"}
        needed = {"location": {"webex_calling"}, "site": {"webex_meetings"}, "mapping": set()}
        assert waiting == needed.get(target, {"location", "site", "webex_calling", "webex_meetings"})
        await cancelled(service, hold)
        await run_clock(service)
        if target == "mapping":
            assert await rows(service, "SELECT 1 FROM customers WHERE customer_id = $1", mine.id) == []
        else:
            assert (await customer(service, mine.id)).status == "provisioned"

    play(demo_url, story)


@pytest.mark.parametrize(
    ("target", "status", "errors"),
    [
        ("organization", "error", {"webex_calling", "webex_meetings"}),
        ("location", "provisioned_with_errors", {"webex_calling"}),
        ("site", "provisioned_with_errors", {"webex_meetings"}),
    ],
)
def test_steps_of_the_whole_customer_can_fail(demo_url: str, target: str, status: str, errors: set[str]):
    """What needs the step is in error, and the customer says why; the next order makes all of it good."""

    async def story(service: Service) -> None:
        fail = await ordered(service, "fail", target)
        mine = await provision(service, "webex_calling", "webex_meetings")
        await work(service)
        now = await customer(service, mine.id)
        assert (now.status, [error.code for error in now.errors]) == (status, [90003])
        assert {name for name, held in now.packages.items() if held.status == "error"} == errors
        assert all(now.packages[name].errors[0].code == 90002 for name in errors)
        assert [each["step"] for each in await told(service, mine) if each.get("ordered") == fail.id] == [target]
        await update(service, mine.id, "webex_calling", "webex_meetings")
        await work(service)
        now = await customer(service, mine.id)
        assert (now.status, now.errors) == ("provisioned", [])

    play(demo_url, story)


def test_a_removal_can_fail(demo_url: str):
    """A deletion whose mapping fails leaves the customer in error; the next deletion ends it."""

    async def story(service: Service) -> None:
        mine = await provision(service, "webex_meetings")
        await work(service)
        await ordered(service, "fail", "mapping", mine.id)
        await delete(service, mine.id)
        await work(service)
        assert (await customer(service, mine.id)).status == "error"
        await delete(service, mine.id)
        await work(service)
        assert await rows(service, "SELECT 1 FROM customers WHERE customer_id = $1", mine.id) == []
        assert await rows(service, "SELECT 1 FROM outcomes WHERE customer_id = $1", mine.id) == []

    play(demo_url, story)


def test_an_outcome_is_for_one_run(demo_url: str):
    """One for the next customer is bound to the first that is accepted, one for a customer to its next run."""

    async def story(service: Service) -> None:
        next_ = await ordered(service, "fail")
        first, second = await provision(service, "webex_meetings"), await provision(service, "webex_meetings")
        await work(service)
        assert [(await customer(service, each.id)).status for each in (first, second)] == ["error", "provisioned"]
        later = await ordered(service, "warn", "", second.id)
        assert later.run is None
        for _ in range(2):
            await update(service, second.id, "webex_meetings")
            await work(service)
        sql = "SELECT customer_id, run FROM outcomes WHERE outcome_id = $1"
        assert await rows(service, sql, next_.id) == [(first.id, 1)]
        assert await rows(service, sql, later.id) == [(second.id, 2)]

    play(demo_url, story)


def test_two_customers_at_once_share_no_outcome(demo_url: str):
    """Of customers that two processes accept at the same time exactly one gets what was ordered for the next."""

    async def story(service: Service) -> None:
        async with open_service(service.settings.database) as other:
            for _ in range(5):
                fail = await ordered(service, "fail")
                both = await asyncio.gather(
                    *(provision(each, "webex_meetings") for each in (service, other, service, other))
                )
                await work(service)
                statuses = [(await customer(service, each.id)).status for each in both]
                assert sorted(statuses) == ["error", *["provisioned"] * 3]
                [(bound,)] = await rows(service, "SELECT customer_id FROM outcomes WHERE outcome_id = $1", fail.id)
                assert statuses[[each.id for each in both].index(bound)] == "error"

    play(demo_url, story)


def test_what_cannot_happen_is_refused(demo_url: str):
    """An order that makes no sense, of a customer that is not there, or of a run that is past it, is refused."""

    async def refused(service: Service, *asked: str | None, **told_: object) -> Failure:
        with pytest.raises(Failure) as found:
            await ordered(service, *asked, **told_)
        return found.value

    async def story(service: Service) -> None:
        assert (await refused(service, "explode")).kind == Kind.INVALID
        assert (await refused(service, "hold", "", "nobody")).kind == Kind.NOT_FOUND
        hold = await ordered(service, "hold", "webex_meetings")
        mine = await provision(service, "webex_meetings", "webex_calling")
        await work(service)
        past = await refused(service, "hold", "webex_calling", mine.id)
        assert past.kind == Kind.CONFLICT
        assert "run 1 has no step left" in str(past)
        assert (await ordered(service, "warn", "webex_meetings", mine.id)).run == 1
        await cancelled(service, hold)
        with pytest.raises(Failure) as found:
            await cancelled(service, hold)
        assert found.value.kind == Kind.NOT_FOUND
        assert await rows(service, "SELECT COUNT(*) FROM outcomes WHERE outcome_id = $1", hold.id) == [(0,)]

    play(demo_url, story)


def test_orders_and_their_end_are_in_the_journal(demo_url: str):
    """Ordering and deleting each leave an entry about the customer, the latter with the steps that go on."""

    async def story(service: Service) -> None:
        mine = await provision(service, "webex_meetings")
        hold = await ordered(service, "hold", "", mine.id)
        await work(service)
        await cancelled(service, hold)
        sql = (
            "SELECT action, outcome, detail FROM journal WHERE org_id = $1 AND action LIKE 'outcomes.%' ORDER BY entry"
        )
        [(first, created, _), (last, gone, detail)] = await rows(service, sql, PARTNER)
        assert (first, created, last, gone) == ("outcomes.order", 201, "outcomes.cancel", 204)
        assert '"released":[2]' in detail

    play(demo_url, story)

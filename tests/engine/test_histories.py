"""Orders that follow each other, on both databases: what an earlier one has left is neither lost nor made twice."""

import asyncio
import json

import pytest

from allot.core.failure import Failure
from allot.engine.worker import Worker
from allot.service.service import Service
from provisioning import (
    PARTNER,
    FixedClock,
    add_holders,
    add_partner,
    delete,
    opened,
    order,
    order_outcome,
    provision,
    rows,
    update,
    work_off,
    wrongs,
)


async def carried_out(service: Service, *requests) -> str:
    """Orders carried out one after the other; the customer."""
    for request in requests:
        [customer_id] = await order(service, request)
        await work_off(Worker(service))
    return customer_id


async def licenses(service: Service) -> list[tuple]:
    """The licenses of packages: offer, id, units, policy, and how many people have them."""
    return await rows(
        service,
        "SELECT offer, license_id, total_units, policy, consumed_by_users FROM licenses"
        " WHERE offer LIKE 'SL%' ORDER BY offer, license_id",
    )


async def packages(service: Service) -> dict[str, tuple]:
    """Status, warnings and errors of each package."""
    found = await rows(service, "SELECT package, status, warnings, errors FROM packages ORDER BY place")
    return {name: (status, json.loads(warnings), json.loads(errors)) for name, status, warnings, errors in found}


async def status(service: Service) -> list[str]:
    return [told for (told,) in await rows(service, "SELECT status FROM customers")]


def told(url: str, story) -> None:
    """Run a story on a service with a partner; the database is sound afterwards."""

    async def run() -> None:
        async with opened(url, FixedClock()) as service:
            await add_partner(service)
            await story(service)
            # The holders of these tests are some whom no request would give what they have.
            assert [each for each in await wrongs(service) if "(external-user)" not in each] == []

    asyncio.run(run())


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_package_that_could_not_be_removed_is_taken_back(database_url: str, kind: str):
    """Listed again, it keeps its license and whoever has it, and takes on the limit; nothing is made twice."""

    async def story(service: Service) -> None:
        customer_id = await carried_out(service, provision("bob"))
        await add_holders(service, customer_id)
        before = await licenses(service)
        await order_outcome(service, customer_id, 2, "webex_suite", "fail")
        if kind == "update":
            await carried_out(service, update(customer_id, "webex_calling"))
            assert await status(service) == ["provisioned_with_errors"]
        else:
            await carried_out(service, delete(customer_id))
            assert await status(service) == ["error"]
        assert (await packages(service))["webex_suite"] == ("error", [], [[90003, "Ordered"]])
        await carried_out(service, update(customer_id, "webex_calling", "webex_suite", limits={"webex_suite": 7}))
        after = await licenses(service)
        [(_, id, _, _, holders)] = [each for each in before if each[0] == "SLWS"]
        assert [each for each in after if each[0] == "SLWS"] == [("SLWS", id, 7, "strict", holders)]
        assert holders == 1
        assert [offer for offer, *_ in after] == ["SLWCA", "SLWS"]
        assert await packages(service) == dict.fromkeys(["webex_calling", "webex_suite"], ("provisioned", [], []))
        assert await status(service) == ["provisioned"]

    told(database_url, story)


def test_what_came_to_nothing_comes_to_something(database_url: str):
    """After a first run that made not even the organization, an update makes all of it, once."""

    async def story(service: Service) -> None:
        await order_outcome(service, None, None, "organization", "fail")
        customer_id = await carried_out(service, provision("bob", "webex_suite"))
        assert await status(service) == ["error"]
        assert await rows(service, "SELECT display_name FROM organizations WHERE display_name = 'bob'") == []
        await order_outcome(service, customer_id, 2, "location", "fail")
        await carried_out(service, update(customer_id, "webex_suite"), update(customer_id, "webex_suite"))
        assert await status(service) == ["provisioned"]
        for table in ("locations", "sites"):
            assert len(await rows(service, f"SELECT 1 FROM {table}")) == 1
        assert [offer for offer, *_ in await licenses(service)] == ["SLWS"]

    told(database_url, story)


def test_the_same_list_again_changes_nothing(database_url: str):
    """An update that lists what there is leaves every license as it is, with its holders."""

    async def story(service: Service) -> None:
        customer_id = await carried_out(service, provision("bob"))
        await add_holders(service, customer_id)
        before = await licenses(service)
        await carried_out(service, update(customer_id, *(await packages(service))))
        assert await licenses(service) == before
        assert await status(service) == ["provisioned"]

    told(database_url, story)


def test_warnings_of_an_adjustment_are_kept(database_url: str):
    """A warning or an error of a package that stays is kept, also while the run goes on; the next order clears it."""

    async def story(service: Service) -> None:
        customer_id = await carried_out(service, provision("bob"))
        names = list(await packages(service))
        for target, kind in ((names[0], "warn"), (names[1], "fail"), (names[2], "hold")):
            await order_outcome(service, customer_id, 2, target, kind)
        await carried_out(service, update(customer_id, *names))
        assert await status(service) == ["updating"]
        assert list((await packages(service)).values())[:3] == [
            ("provisioned", [[90003, "Ordered"]], []),
            ("provisioned", [], [[90003, "Ordered"]]),
            ("provisioned", [], []),
        ]
        with pytest.raises(Failure, match="the customer is updating"):
            await order(service, update(customer_id, *names))

    told(database_url, story)


def test_the_moves_of_a_life_are_told_in_order(database_url: str):
    """The journal of the partner tells every status that a customer had, from nothing to nothing."""

    async def story(service: Service) -> None:
        customer_id = await carried_out(service, provision("bob", "webex_meetings"))
        await order_outcome(service, customer_id, 2, "webex_meetings", "fail")
        for request in (update(customer_id, "cx_voice_ports"), update(customer_id, "webex_meetings")):
            await carried_out(service, request)
        await carried_out(service, delete(customer_id))
        found = await rows(service, "SELECT detail FROM journal WHERE org_id = $1 ORDER BY entry", PARTNER)
        events = [event for (detail,) in found for event in json.loads(detail).get("events", [])]
        whole = [(event["before"], event["after"]) for event in events if "package" not in event]
        assert whole == [
            ("", "provisioning"),
            ("provisioning", "provisioned"),
            ("provisioned", "updating"),
            ("updating", "provisioned_with_errors"),
            ("provisioned_with_errors", "updating"),
            ("updating", "provisioned"),
            ("provisioned", "deleting"),
            ("deleting", ""),
        ]
        meetings = [(each["before"], each["after"]) for each in events if each.get("package") == "webex_meetings"]
        assert meetings == [
            ("", "provisioning"),
            ("provisioning", "provisioned"),
            ("provisioned", "deleting"),
            ("deleting", "error"),
            ("error", "provisioning"),
            ("provisioning", "provisioned"),
            ("provisioned", "deleting"),
            ("deleting", ""),
        ]
        assert await licenses(service) == []

    told(database_url, story)

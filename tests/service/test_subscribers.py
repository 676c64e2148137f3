"""Subscribers in batches, on both databases: what they get, what they are refused, and what it leaves behind."""

import asyncio
from typing import Any

import pytest

from allot.core.call import Call
from allot.core.customer import DELETE
from allot.core.failure import Failure, Kind
from allot.core.holding import Properties
from allot.core.role import FULL
from allot.core.subscriber import CHANGED, Filter
from allot.engine.worker import Worker
from allot.service import customers, people, subscribers
from allot.service.checks import Finding, check
from allot.service.people import Draft, Removal
from allot.service.service import Service
from allot.service.subscribers import delete, precheck, provision, update
from allot.store.database import ConflictError
from organizations import add_person, insert
from provisioning import (
    CALLER,
    FOUR,
    PARTNER,
    add_partner,
    dump,
    opened,
    order,
    order_outcome,
    rows,
    until,
    work_off,
    write,
)
from provisioning import delete as removal_of
from provisioning import provision as order_of
from provisioning import update as change_of
from subscribing import (
    FREE,
    batch,
    changed,
    counted,
    offers,
    reached,
    refused,
    run,
    shop,
    subscribe,
    told,
    uses,
    wanted,
)

TAKEN = ("conflict", 10022)
ROUND_THE_CORNER = "22222222-2222-4333-8444-555555555555"


def test_a_subscriber_comes_to_the_organization_with_the_package(database_url: str) -> None:
    """A new subscriber is a new person with the package's license and the default ones, counted, billed and told of."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [subscriber] = await subscribe(
            service, wanted(customer_id, "ann.lee@a.example", "webex_calling", reach=Properties(None, None, "51212"))
        )
        assert (subscriber.status, subscriber.external_customer_id) == ("provisioned", "shop")
        sql = "SELECT display_name, extension, home_org_id FROM people WHERE org_id = $1 AND person_id = $2"
        assert await rows(service, sql, org_id, subscriber.person_id) == [("ann lee", "51212", org_id)]
        assert await offers(service, org_id, "ann.lee@a.example") == {"SLWCA"}
        held = "SELECT COUNT(*) FROM holdings WHERE org_id = $1"
        assert await rows(service, held, org_id) == [(len(FREE) + 1,)]
        assert await counted(service, customer_id) == {"webex_calling": 1}
        assert await uses(service) == [("ann.lee@a.example", "webex_calling", True)]
        [entry] = await told(service, "subscribers.provision")
        assert entry["events"] == [{"subscriber": subscriber.id, "before": "", "after": "provisioned"}]
        assert (entry["customer"], entry["externalId"]) == (customer_id, "shop")
        [created] = await told(service, "people.create", org_id)
        assert created["person"]["firstName"] == "ann"
        async with service.database.reading() as reading:
            found = await subscribers.find(reading, PARTNER, subscriber.id)
        assert (found.email, found.packages, found.person_id) == (
            "ann.lee@a.example",
            ["webex_calling"],
            subscriber.person_id,
        )

    run(database_url, act)


def test_who_is_there_becomes_the_subscriber(database_url: str) -> None:
    """A person of the organization gets the package's license; who is called already stays so, whatever is asked."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        place = {"location_id": await location_of(service, customer_id)}
        async with service.database.writing() as writing:
            person_id = await add_person(writing, org_id, "called@a.example", extension="4501", **place)
            other = await add_person(writing, org_id, "silent@a.example")
        ignored = Properties("nowhere", "+12405550000", "51212")
        [called, silent] = await subscribe(
            service,
            wanted(customer_id, "called@a.example", "webex_calling", reach=ignored),
            wanted(customer_id, "silent@a.example"),
        )
        assert (called.person_id, silent.person_id) == (person_id, other)
        assert await reached(service, org_id, "called@a.example") == (None, "4501")
        assert await offers(service, org_id, "called@a.example") == {"SLWCA"}
        assert [entry["before"]["licenses"] for entry in await told(service, "licenses.assign", org_id)] == [[], []]

    run(database_url, act)


async def location_of(service: Service, customer_id: str) -> str:
    """The customer's calling location."""
    [(org_id,)] = await rows(service, "SELECT customer_org_id FROM customers WHERE customer_id = $1", customer_id)
    [(location_id,)] = await rows(service, "SELECT location_id FROM locations WHERE org_id = $1", org_id)
    return str(location_id)


def test_an_email_is_one_subscriber_s_in_a_batch(database_url: str) -> None:
    """Of requests with one email in a batch, the first is served; it is taken for the same customer and for others."""

    async def act(service: Service) -> None:
        one, _ = await shop(service, "one", *FOUR)
        other, _ = await shop(service, "other", *FOUR)
        requests = [wanted(one, "a@a.example"), wanted(one, "a@a.example"), wanted(other, "a@a.example")]
        assert refused(await batch(service, provision, requests)) == [("", None), TAKEN, TAKEN]
        assert refused(await batch(service, provision, requests[1:])) == [TAKEN, TAKEN]
        assert await counted(service, one) == {"webex_meetings": 1}

    run(database_url, act)


def test_the_email_of_another_organization_s_person_is_taken(database_url: str) -> None:
    """The email of a person of another organization is refused with 10022, here or known as external."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        async with service.database.writing() as writing:
            await add_person(writing, PARTNER, "theirs@partner.example")
            await add_person(writing, org_id, "guest@elsewhere.example", home_org_id="elsewhere")
        requests = [wanted(customer_id, email) for email in ("theirs@partner.example", "guest@elsewhere.example")]
        assert refused(await batch(service, provision, requests)) == [TAKEN, TAKEN]
        assert await counted(service, customer_id) == {}

    run(database_url, act)


def test_what_the_rules_refuse_is_refused_as_a_whole(database_url: str) -> None:
    """A request that the rules refuse says the rule's sentence and changes nothing, not even the person."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        before = await dump(service)
        requests = [
            wanted(customer_id, "a@a.example", "webex_calling"),
            wanted(customer_id, "b@a.example", "webex_calling", reach=Properties(None, "+12405551212", None)),
            wanted(customer_id, "c@a.example", "webex_calling", reach=Properties("nowhere", None, "51212")),
        ]
        outcomes = await batch(service, provision, requests)
        assert refused(outcomes) == [("invalid", None)] * 3
        assert "Each Webex Calling license should contain" in str(outcomes[0])
        assert "+12405551212" in str(outcomes[1])
        assert str(outcomes[2]) == "Unable to find location."
        assert await dump(service) == before

    run(database_url, act)


def test_a_number_brings_its_own_location(database_url: str) -> None:
    """A number of another location than the customer's first needs no location; an extension is of the first."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        home = await location_of(service, customer_id)
        async with service.database.writing() as writing:
            await insert(writing, "locations", org_id=org_id, location_id="x", name="Annex", details="{}", calling=1)
            await insert(
                writing, "numbers", org_id=org_id, phone_number="+12405551212", location_id="x", state="ACTIVE"
            )
        reaches = (Properties(None, "+12405551212", None), Properties(None, None, "51212"))
        await subscribe(
            service,
            *(wanted(customer_id, f"p{n}@a.example", "webex_suite", reach=each) for n, each in enumerate(reaches)),
        )
        found = await rows(service, "SELECT location_id FROM people WHERE org_id = $1 ORDER BY email", org_id)
        assert found == [("x",), (home,)]

    run(database_url, act)


def test_customers_that_cannot_have_subscribers_now(database_url: str) -> None:
    """Unknown and others' customers are not found; while one is first provisioned or deleted there is a conflict."""

    async def act(service: Service) -> None:
        [fresh] = await order(service, order_of("fresh", "webex_meetings"))
        assert refused(await batch(service, provision, [wanted(fresh, "a@a.example")])) == [("conflict", None)]
        unknown = wanted("nothing", "a@a.example")
        others = wanted(fresh, "a@a.example")
        others.org_id = ROUND_THE_CORNER
        assert refused(await batch(service, provision, [unknown, others])) == [("not found", None)] * 2
        await work_off(Worker(service))
        [subscriber] = await subscribe(service, wanted(fresh, "a@a.example"))
        await order(service, change_of(fresh, "webex_meetings", "webex_calling"))
        # What is provisioned can be given while an update adds more.
        [other] = await subscribe(service, wanted(fresh, "b@a.example"))
        [early] = await batch(
            service, update, [changed(subscriber, "webex_calling", reach=Properties(None, None, "51"))]
        )
        assert str(early) == (
            "packages: webex_calling is provisioning for the customer; it can be given once it is provisioned"
        )
        await work_off(Worker(service))
        await order(service, removal_of(fresh))
        assert refused(await batch(service, provision, [wanted(fresh, "c@a.example")])) == [("conflict", None)]
        assert refused(await batch(service, update, [changed(other, "webex_meetings")])) == [("conflict", None)]
        # Removing is possible all the same, while the licenses are there and after they went.
        assert await batch(service, delete, [changed(subscriber)]) == [None]
        await work_off(Worker(service))
        assert refused(await batch(service, delete, [changed(other)])) == [("not found", None)]

    run(database_url, act)


def test_packages_that_the_customer_cannot_give(database_url: str) -> None:
    """A package that the customer has not, or that failed, is refused with its state."""

    async def act(service: Service) -> None:
        await order_outcome(service, None, None, "webex_voice", "fail")
        customer_id, _ = await shop(service, "shop", *FOUR, "webex_voice")
        reach = Properties(None, None, "51212")
        requests = [wanted(customer_id, "a@a.example", name, reach=reach) for name in ("cx_essentials", "webex_voice")]
        assert [str(each) for each in await batch(service, provision, requests)] == [
            "packages: cx_essentials is none of the customer's packages; add it to the customer first",
            "packages: webex_voice is error for the customer; it can be given once it is provisioned",
        ]

    run(database_url, act)


def test_a_limit_holds_in_a_batch(database_url: str) -> None:
    """Of more requests in a batch than the limit allows, the first are served; a limit of 0 allows none."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service, limits={"webex_meetings": 2, "webex_suite": 0})
        requests = [wanted(customer_id, f"p{n}@a.example") for n in range(4)]
        requests.append(wanted(customer_id, "s@a.example", "webex_suite", reach=Properties(None, None, "51")))
        outcomes = await batch(service, provision, requests)
        assert refused(outcomes) == [("", None)] * 2 + [("invalid", None)] * 3
        assert "no units left: 2 of 2 are used" in str(outcomes[2])
        assert await counted(service, customer_id) == {"webex_meetings": 2}
        # Who leaves makes room.
        await batch(service, delete, [changed(outcomes[0])])
        await subscribe(service, requests[3])

    run(database_url, act)


def test_a_limit_that_is_lowered_holds_at_once(database_url: str) -> None:
    """Between an order that lowers a limit and the step that takes the units, nobody gets more."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service, limits={"webex_meetings": 5})
        await subscribe(service, wanted(customer_id, "a@a.example"))
        await order(service, change_of(customer_id, *FOUR, "attendant_console", limits={"webex_meetings": 1}))
        [outcome] = await batch(service, provision, [wanted(customer_id, "b@a.example")])
        assert str(outcome).startswith("packages: 1 subscribers have webex_meetings already, which is the customer's")
        await work_off(Worker(service))
        [outcome] = await batch(service, provision, [wanted(customer_id, "b@a.example")])
        assert "no units left: 1 of 1 are used" in str(outcome)

    run(database_url, act)


REQUESTS, LIMIT = 120, 7


async def rush(services: list[Service], customer_id: str) -> list[Any]:
    """Many requests at once, through the write queues of these services."""
    requests = [wanted(customer_id, f"p{n}@a.example") for n in range(REQUESTS)]
    jobs = [services[n % len(services)].writes.submit(PARTNER, provision, each) for n, each in enumerate(requests)]
    return await asyncio.gather(*jobs, return_exceptions=True)


def test_a_limit_holds_under_concurrency(database_url: str) -> None:
    """Of many requests at once as many are served as the limit allows, and the counters agree."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service, limits={"webex_meetings": LIMIT})
        service.writes.start()
        outcomes = await rush([service], customer_id)
        await service.writes.close()
        assert sum(isinstance(each, Failure) for each in outcomes) == REQUESTS - LIMIT
        assert await counted(service, customer_id) == {"webex_meetings": LIMIT}

    run(database_url, act)


def test_a_limit_holds_among_processes(postgres_url: str) -> None:
    """Two services of one database keep one limit, and give one email to one customer."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service, limits={"webex_meetings": LIMIT})
        others = [await shop(service, f"shop{n}", "webex_meetings") for n in range(4)]
        second = Service(service.database, service.rulebook, service.clock, service.settings)
        services = [service, second]
        for each in services:
            each.writes.start()
        outcomes = await rush(services, customer_id)
        assert sum(isinstance(each, Failure) for each in outcomes) == REQUESTS - LIMIT
        same = [wanted(id, "same@a.example") for id, _ in others]
        jobs = [services[n % 2].writes.submit(PARTNER, provision, each) for n, each in enumerate(same)]
        found = await asyncio.gather(*jobs, return_exceptions=True)
        assert sorted(isinstance(each, Failure) for each in found) == [False, True, True, True]
        assert {each.kind for each in found if isinstance(each, Failure)} == {Kind.CONFLICT}
        for each in services:
            await each.writes.close()

    run(postgres_url, act)


def test_two_batches_of_the_same_emails_do_not_wait_for_each_other(postgres_url: str) -> None:
    """Of two transactions that want the same emails in other orders, one is served and one finds them taken."""

    async def act(service: Service) -> None:
        (one, _), (two, _), (three, _) = [await shop(service, name, "webex_meetings") for name in ("a", "b", "c")]

        async def are_waiting(count: int) -> bool:
            sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            return len(await rows(service, sql)) == count

        async with service.database.writing() as first:
            await provision(first, service.context, [wanted(one, "m@a.example")])
            emails = ("a@a.example", "m@a.example", "z@a.example")
            both = [asyncio.create_task(batch(service, provision, [wanted(two, each) for each in emails]))]
            await until(lambda: are_waiting(1))
            emails = ("z@a.example", "a@a.example")
            both += [asyncio.create_task(batch(service, provision, [wanted(three, each) for each in emails]))]
            await until(lambda: are_waiting(2))
            await first.run("ROLLBACK")
        served, refused_ = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(served, list)
        assert isinstance(refused_, ConflictError)

    run(postgres_url, act)


def test_packages_are_swapped_in_one_decision(database_url: str) -> None:
    """From one calling package to another number and extension stay; only what is new needs them; all is told."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        email = "a@a.example"
        [subscriber] = await subscribe(service, wanted(customer_id, email))
        [lost] = await batch(service, update, [changed(subscriber, "webex_calling")])
        assert "Webex Calling" in str(lost)
        assert await offers(service, org_id, email) == {"SLWM"}
        reach = Properties(None, None, "51212")
        [found] = await batch(service, update, [changed(subscriber, "webex_calling", reach=reach)])
        assert (found.packages, found.created) == (["webex_calling"], subscriber.created)
        assert found.last_status_change == subscriber.last_status_change
        # As the documentation has it, what is provided for a calling user is ignored.
        ignored = Properties("nowhere", None, "99999")
        await batch(service, update, [changed(subscriber, "webex_suite", "attendant_console", reach=ignored)])
        assert await offers(service, org_id, email) == {"SLWS", "SLATC"}
        assert await reached(service, org_id, email) == (None, "51212")
        await batch(service, update, [changed(subscriber, "webex_meetings")])
        assert await offers(service, org_id, email) == {"SLWM"}
        assert await reached(service, org_id, email) == (None, None)
        assert await counted(service, customer_id) == {"webex_meetings": 1}
        assert [name for _, name, on in await uses(service) if on] == ["webex_meetings"]
        told_of = await told(service, "subscribers.update")
        assert [(each["before"], each["packages"]) for each in told_of] == [
            (["webex_meetings"], ["webex_calling"]),
            (["webex_calling"], ["webex_suite", "attendant_console"]),
            (["webex_suite", "attendant_console"], ["webex_meetings"]),
        ]
        assert not any("events" in each for each in told_of)

    run(database_url, act)


def test_an_update_to_the_same_package_mends(database_url: str) -> None:
    """The package that a subscriber has already changes nothing, but gives back a license that somebody took."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service, limits={"webex_meetings": 1})
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        before = await uses(service)
        await batch(service, update, [changed(subscriber, "webex_meetings")])
        assert (await uses(service), await counted(service, customer_id)) == (before, {"webex_meetings": 1})
        sql = "SELECT license FROM licenses WHERE org_id = $1 AND offer = 'SLWM'"
        [(number,)] = await rows(service, sql, org_id)
        await write(service, "DELETE FROM holdings WHERE org_id = $1 AND license = $2", org_id, number)
        sql = "UPDATE licenses SET consumed_by_users = 0 WHERE org_id = $1 AND license = $2"
        await write(service, sql, org_id, number)
        # So that the journal tells of what was done behind its back.
        await write(service, "DELETE FROM journal WHERE org_id = $1", org_id)
        await write(service, "UPDATE organizations SET entries = 0 WHERE org_id = $1", org_id)
        await batch(service, update, [changed(subscriber, "webex_meetings")])
        assert await offers(service, org_id, "a@a.example") == {"SLWM"}

    run(database_url, act)


def test_updates_of_one_subscriber_in_a_batch_follow_each_other(database_url: str) -> None:
    """Each is decided on what the earlier ones left; the answers tell them apart, and the bill knows the last."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        reach = Properties(None, None, "51212")
        names = ("webex_suite", "webex_calling", "webex_meetings", "webex_suite", "webex_meetings")
        outcomes = await batch(service, update, [changed(subscriber, name, reach=reach) for name in names])
        assert [each.packages for each in outcomes] == [[name] for name in names]
        assert await offers(service, org_id, "a@a.example") == {"SLWM"}
        assert await uses(service) == [("a@a.example", "webex_meetings", True)]
        assert await counted(service, customer_id) == {"webex_meetings": 1}
        nobody = changed(subscriber, "webex_meetings")
        nobody.subscriber_id = "nobody"
        assert refused(await batch(service, update, [nobody])) == [("not found", None)]

    run(database_url, act)


def test_a_subscriber_who_is_removed_stays_a_person(database_url: str) -> None:
    """Removing takes the package's licenses and ends the bill; the person and their other licenses stay."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        reach = Properties(None, None, "51212")
        names = ("webex_suite", "attendant_console")
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example", *names, reach=reach))
        outcomes = await batch(service, delete, [changed(subscriber), changed(subscriber)])
        assert refused(outcomes) == [("", None), ("not found", None)]
        assert await offers(service, org_id, "a@a.example") == set()
        assert await reached(service, org_id, "a@a.example") == (None, None)
        assert await counted(service, customer_id) == {}
        assert not any(on for _, _, on in await uses(service))
        [entry] = await told(service, "subscribers.delete")
        assert entry["events"] == [{"subscriber": subscriber.id, "before": "provisioned", "after": ""}]
        # The email is free again: the person becomes a new subscriber.
        [again] = await subscribe(service, wanted(customer_id, "a@a.example"))
        assert (again.person_id, again.id != subscriber.id) == (subscriber.person_id, True)

    run(database_url, act)


def admin(org_id: str) -> Call:
    """A full administrator's call."""
    call = Call(CALLER, "track_admin")
    call.caller = type(CALLER)(org_id, "somebody", "", frozenset(), frozenset({FULL.id}))
    return call


def test_a_mapping_ends_with_its_person(database_url: str) -> None:
    """A person who is deleted is no subscriber any more: not counted, not billed, and the partner is told."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [gone, stays] = await subscribe(service, wanted(customer_id, "a@a.example"), wanted(customer_id, "b@a.example"))
        removals = [Removal(admin(org_id), org_id, gone.person_id or ""), Removal(admin(org_id), org_id, "nobody")]
        assert refused(await batch(service, people.delete, removals)) == [("", None), ("not found", None)]
        assert await counted(service, customer_id) == {"webex_meetings": 1}
        assert await uses(service) == [
            ("a@a.example", "webex_meetings", False),
            ("b@a.example", "webex_meetings", True),
        ]
        [entry] = await told(service, "subscribers.delete")
        assert entry["events"] == [{"subscriber": gone.id, "before": "provisioned", "after": ""}]
        assert refused(await batch(service, delete, [changed(gone), changed(stays)])) == [
            ("not found", None),
            ("", None),
        ]
        await subscribe(service, wanted(customer_id, "a@a.example"))

    run(database_url, act)


def test_a_subscriber_has_the_email_of_the_person(database_url: str) -> None:
    """The email of a person who is a subscriber changes with the person, and the old one is free."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        draft = Draft(admin(org_id), org_id, subscriber.person_id or "", "Ann", "new@a.example")
        await batch(service, people.update, [draft])
        async with service.database.reading() as reading:
            assert (await subscribers.find(reading, PARTNER, subscriber.id)).email == "new@a.example"
        assert refused(await batch(service, provision, [wanted(customer_id, "new@a.example")])) == [TAKEN]
        await subscribe(service, wanted(customer_id, "a@a.example"))

    run(database_url, act)


def test_a_package_that_comes_back_counts_who_kept_it(database_url: str) -> None:
    """A deletion that fails half-way leaves subscribers of a package that is gone; ordered again, it counts them."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        await order_outcome(service, customer_id, 2, "webex_suite", "fail")
        await order(service, removal_of(customer_id))
        await work_off(Worker(service))
        assert await offers(service, org_id, "a@a.example") == set()
        await order(service, change_of(customer_id, "webex_meetings", "webex_suite"))
        await work_off(Worker(service))
        assert await counted(service, customer_id) == {"webex_meetings": 1}
        [found] = await batch(service, update, [changed(subscriber, "webex_meetings")])
        assert await offers(service, org_id, found.email) == {"SLWM"}
        assert await batch(service, delete, [changed(subscriber)]) == [None]

    run(database_url, act)


def test_a_customer_s_deletion_ends_its_subscribers(database_url: str) -> None:
    """When a customer is deleted its subscribers are gone, the bill ends, and the people stay without the licenses."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        await order(service, removal_of(customer_id))
        await work_off(Worker(service))
        assert refused(await batch(service, delete, [changed(subscriber)])) == [("not found", None)]
        assert await uses(service) == [("a@a.example", "webex_meetings", False)]
        assert await offers(service, org_id, "a@a.example") == set()

    run(database_url, act)


PRECHECKS = {
    "fits": ("webex_meetings", None, "new@a.example"),
    "reachable": ("webex_suite", Properties(None, None, "51212"), "new@a.example"),
    "unreachable": ("webex_suite", None, "new@a.example"),
    "full": ("webex_calling", Properties(None, None, "51212"), "new@a.example"),
    "extension taken": ("webex_suite", Properties(None, None, "4501"), "new@a.example"),
    "no package of the customer": ("webex_voice", Properties(None, None, "51212"), "new@a.example"),
    "a subscriber already": ("webex_meetings", None, "there@a.example"),
    "another organization's": ("webex_meetings", None, "theirs@partner.example"),
    "free account": ("webex_meetings", None, "free@a.example"),
}


@pytest.mark.parametrize("case", PRECHECKS)
def test_a_precheck_is_the_decision_of_the_request(database_url: str, case: str) -> None:
    """A precheck refuses just what the request is refused, in the same words, and writes nothing."""

    async def act(service: Service) -> None:
        package, reach, email = PRECHECKS[case]
        customer_id, _ = await shop(service, limits={"webex_calling": 0})
        there = wanted(customer_id, "there@a.example", "webex_suite", reach=Properties(None, None, "4501"))
        await subscribe(service, there)
        async with service.database.writing() as writing:
            await add_person(writing, PARTNER, "theirs@partner.example")
            await insert(writing, "free_accounts", email="free@a.example")
        before = await dump(service)
        said = ""
        async with service.database.reading() as reading:
            try:
                await precheck(reading, service.context, wanted(customer_id, email, package, reach=reach))
            except Failure as failure:
                said = f"{failure.kind} {failure.code} {failure}"
        assert await dump(service) == before
        [outcome] = await batch(service, provision, [wanted(customer_id, email, package, reach=reach)])
        answered = f"{outcome.kind} {outcome.code} {outcome}" if isinstance(outcome, Failure) else ""
        assert said == answered
        assert (said == "") == (case in ("fits", "reachable", "free account"))

    run(database_url, act)


@pytest.mark.parametrize("field", ["created", CHANGED])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_go_through_all_once(database_url: str, field: str, descending: bool) -> None:
    """Pages by cursor and pages by offset show everybody once, in one order."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        for n in range(3):
            await subscribe(service, *(wanted(customer_id, f"p{n}{each}@a.example") for each in range(3)))
        filter_ = Filter(order=field, descending=descending)
        async with service.database.reading() as reading:
            whole = (await subscribers.page(reading, PARTNER, filter_, 0, 100)).subscribers
            by_offset = [(await subscribers.page(reading, PARTNER, filter_, n, 1)).subscribers[0] for n in range(9)]
            by_cursor, after = [], 0
            while after is not None:
                page = await subscribers.page(reading, PARTNER, filter_, after, 2)
                by_cursor += page.subscribers
                after = page.end
        keys = [(each.created, each.id) for each in whole]
        assert keys == sorted(keys, reverse=descending)
        assert len(whole) == 9
        assert [each.id for each in whole] == [each.id for each in by_offset] == [each.id for each in by_cursor]

    run(database_url, act)


WRONG = {
    "UPDATE packages SET subscribers = 5 WHERE package = 'webex_meetings'": "1 subscribers have webex_meetings",
    "UPDATE people SET email = 'other@a.example' WHERE email = 'a@a.example'": "is nobody of this email",
    "UPDATE subscribers SET person_id = 'x' WHERE email = 'a@a.example'": "is nobody of this email",
    "UPDATE usage SET until_day = '2026-01-01'": "the packages in use are not those",
    "UPDATE usage SET package = 'webex_suite'": "the packages in use are not those",
}


@pytest.mark.parametrize("sql", WRONG)
def test_what_does_not_agree_is_found(database_url: str, sql: str) -> None:
    """`allot check` finds counters, people and bills that do not agree with subscribers, and says whose."""

    async def act() -> list[Finding]:
        async with opened(database_url) as service:
            await add_partner(service)
            customer_id, _ = await shop(service)
            await subscribe(service, wanted(customer_id, "a@a.example"))
            assert [finding async for finding in check(service.database, service.rulebook)] == []
            await write(service, sql)
            return [finding async for finding in check(service.database, service.rulebook)]

    found = [finding for finding in asyncio.run(act()) if WRONG[sql] in finding.text]
    assert [finding.org_id for finding in found] == [PARTNER]


def test_the_orders_of_customers_know_their_subscribers(database_url: str) -> None:
    """A package that subscribers have cannot be taken from the customer, nor limited to fewer."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        await subscribe(service, *(wanted(customer_id, f"p{n}@a.example") for n in range(2)))
        less = change_of(customer_id, "webex_calling", "webex_suite")
        fewer = change_of(customer_id, *FOUR, "attendant_console", limits={"webex_meetings": 1})
        async with service.database.writing() as writing:
            outcomes = await customers.update(writing, service.context, [less, fewer])
        assert [str(each).partition(";")[0] for each in outcomes] == [
            "packages: 2 subscribers have webex_meetings",
            "provisioningParameters.packages.limits.webex_meetings: 2 subscribers have it",
        ]
        assert less.order.kind != DELETE

    run(database_url, act)

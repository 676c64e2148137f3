"""Consents on both databases: who has a free account is asked, and comes only after having agreed."""

from typing import Any

from allot.core.holding import Properties
from allot.engine.worker import Worker
from allot.service import consents, subscribers
from allot.service.consents import accept, ask, decline
from allot.service.mappings import Wanted
from allot.service.service import Service
from allot.service.subscribers import delete, provision, update
from organizations import add_person, insert
from provisioning import FOUR, PARTNER, dump, order, rows, work_off
from provisioning import delete as removal_of
from provisioning import update as change_of
from subscribing import batch, changed, counted, offers, reached, refused, run, shop, subscribe, told, uses, wanted

EMAIL = "ann.lee@free.example"
REACH = Properties(None, None, "51212")


async def pending(service: Service, customer_id: str, email: str = EMAIL, *packages: str) -> Any:
    """A subscriber whose owner has a free account."""
    await free(service, email)
    [subscriber] = await subscribe(service, wanted(customer_id, email, *(packages or ("webex_suite",)), reach=REACH))
    return subscriber


async def free(service: Service, *emails: str) -> None:
    async with service.database.writing() as writing:
        await consents.create(writing, service.context, list(emails))


async def mails(service: Service, email: str = EMAIL) -> int:
    [(count,)] = await rows(service, "SELECT mails FROM free_accounts WHERE email = $1", email)
    return int(count)


def test_the_owner_of_a_free_account_is_asked(database_url: str) -> None:
    """A subscriber with a free account is pending, without a person; one mail went out, and a unit is kept."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service, limits={"webex_suite": 1})
        subscriber = await pending(service, customer_id)
        assert (subscriber.status, subscriber.person_id) == ("pending_user_migration", None)
        assert await mails(service) == 1
        assert await counted(service, customer_id) == {"webex_suite": 1}
        assert (await rows(service, "SELECT email FROM people WHERE org_id = $1", org_id), await uses(service)) == (
            [],
            [],
        )
        [other] = await batch(service, provision, [wanted(customer_id, "b@a.example", "webex_suite", reach=REACH)])
        assert "1 subscribers have webex_suite already" in str(other)
        [entry] = await told(service, "subscribers.provision")
        assert entry["events"] == [{"subscriber": subscriber.id, "before": "", "after": "pending_user_migration"}]
        [again] = await batch(service, provision, [wanted(customer_id, EMAIL)])
        assert again.code == 10022
        [changing] = await batch(service, update, [changed(subscriber, "webex_meetings")])
        assert "has not agreed" in str(changing)

    run(database_url, act)


def test_who_agrees_comes_with_what_was_ordered(database_url: str) -> None:
    """Accepting makes the person with name, license and extension of the order; the account is free no longer."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service, limits={"webex_suite": 1})
        subscriber = await pending(service, customer_id)
        outcomes = await batch(service, accept, [changed(subscriber), changed(subscriber)])
        assert refused(outcomes) == [("", None), ("conflict", None)]
        found = outcomes[0]
        assert (found.status, found.errors, found.created) == ("provisioned", [], subscriber.created)
        names = await rows(service, "SELECT person_id, display_name FROM people WHERE org_id = $1", org_id)
        assert names == [(found.person_id, "ann lee")]
        assert await offers(service, org_id, EMAIL) == {"SLWS"}
        assert await reached(service, org_id, EMAIL) == (None, "51212")
        assert await counted(service, customer_id) == {"webex_suite": 1}
        assert await uses(service) == [(EMAIL, "webex_suite", True)]
        assert await rows(service, "SELECT email FROM free_accounts") == []
        events = [each["events"] for each in await told(service, "subscribers.consent")]
        assert events == [[{"subscriber": found.id, "before": "pending_user_migration", "after": "provisioned"}]]
        assert refused(await batch(service, delete, [changed(subscriber)])) == [("", None)]

    run(database_url, act)


def test_who_declines_stays_pending_until_asked_again(database_url: str) -> None:
    """Declining leaves an error that tells why; another mail takes it away, and the owner may agree then."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        subscriber = await pending(service, customer_id)
        [declined] = await batch(service, decline, [changed(subscriber)])
        assert (declined.status, [code for code, _ in declined.errors]) == ("pending_user_migration", [90020])
        assert await batch(service, ask, [changed(subscriber), changed(subscriber)]) == [None, None]
        assert await mails(service) == 2 + 1
        async with service.database.reading() as reading:
            assert (await subscribers.find(reading, PARTNER, subscriber.id)).errors == []
            assert (await consents.find(reading, PARTNER, subscriber.id)).mails == 3
        [found] = await batch(service, accept, [changed(subscriber)])
        assert found.status == "provisioned"
        answers = [each["answer"] for each in await told(service, "subscribers.consent")]
        assert answers == ["decline", "ask", "ask", "accept"]

    run(database_url, act)


def test_only_pending_subscribers_are_asked(database_url: str) -> None:
    """Nobody is asked for a subscriber that is provisioned, of somebody else, or not there."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        [subscriber] = await subscribe(service, wanted(customer_id, "a@a.example"))
        theirs = Wanted(changed(subscriber).call, "somebody", subscriber.id)
        for operation in (ask, accept, decline):
            outcomes = await batch(service, operation, [changed(subscriber), theirs])
            assert refused(outcomes) == [("conflict", None), ("not found", None)]

    run(database_url, act)


def test_an_agreement_is_judged_when_it_comes(database_url: str) -> None:
    """What was taken meanwhile is refused, nothing changes, and it can be tried again."""

    async def act(service: Service) -> None:
        customer_id, org_id = await shop(service)
        subscriber = await pending(service, customer_id)
        [taker] = await subscribe(service, wanted(customer_id, "taker@a.example", "webex_calling", reach=REACH))
        before = await dump(service)
        [outcome] = await batch(service, accept, [changed(subscriber)])
        assert "51212" in str(outcome)
        assert await dump(service) == before
        await batch(service, delete, [changed(taker)])
        [found] = await batch(service, accept, [changed(subscriber)])
        assert found.status == "provisioned"
        # The email became somebody's: of another organization nobody comes, of the customer's own they are the person.
        lost = await pending(service, customer_id, "lost@free.example", "webex_meetings")
        won = await pending(service, customer_id, "won@free.example", "webex_meetings")
        async with service.database.writing() as writing:
            await add_person(writing, PARTNER, "lost@free.example")
            person_id = await add_person(writing, org_id, "won@free.example")
        outcomes = await batch(service, accept, [changed(lost), changed(won)])
        assert refused(outcomes) == [("conflict", 10022), ("", None)]
        assert outcomes[1].person_id == person_id

    run(database_url, act)


def test_an_agreement_needs_the_customer(database_url: str) -> None:
    """A package that pending subscribers have stays; while the customer is deleted nobody comes any more."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service, "shop", *FOUR)
        subscriber = await pending(service, customer_id)
        async with service.database.writing() as writing:
            less = change_of(customer_id, "webex_meetings")
            [kept] = await subscribers.customers.update(writing, service.context, [less])
        assert str(kept).startswith("packages: 1 subscribers have webex_suite")
        await order(service, removal_of(customer_id))
        assert refused(await batch(service, accept, [changed(subscriber)])) == [("conflict", None)]
        await work_off(Worker(service))
        assert refused(await batch(service, accept, [changed(subscriber)])) == [("not found", None)]

    run(database_url, act)


def test_a_pending_subscriber_can_be_removed(database_url: str) -> None:
    """Removing one who was asked frees the unit and the email; the free account stays, without its mails."""

    async def act(service: Service) -> None:
        customer_id, _ = await shop(service)
        subscriber = await pending(service, customer_id)
        assert await batch(service, delete, [changed(subscriber)]) == [None]
        assert (await counted(service, customer_id), await uses(service), await mails(service)) == ({}, [], 0)
        assert await rows(service, "SELECT asked FROM free_accounts WHERE email = $1", EMAIL) == [(None,)]
        again = await pending(service, customer_id)
        assert (again.status, await mails(service)) == ("pending_user_migration", 1)

    run(database_url, act)


def test_free_accounts_are_made_once(database_url: str) -> None:
    """Making an account that is there changes nothing of it."""

    async def act(service: Service) -> None:
        async with service.database.writing() as writing:
            await insert(writing, "free_accounts", email=EMAIL, mails=3)
            made = await consents.create(writing, service.context, [EMAIL, "b@free.example", "b@free.example"])
        assert [(each.email, each.mails) for each in made] == [(EMAIL, 3), ("b@free.example", 0), ("b@free.example", 0)]

    run(database_url, act)

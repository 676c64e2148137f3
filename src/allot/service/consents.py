"""Consents: the owners of free accounts agree to the move to a customer's organization, or do not."""

from collections.abc import Sequence

from allot.core.customer import Customer
from allot.core.failure import Failure
from allot.core.subscriber import DECLINED, PENDING, PROVISIONED, Subscriber, unavailable
from allot.service import mappings
from allot.service.context import Context
from allot.service.mappings import Mappings, Wanted
from allot.service.subscribers import NOT_KNOWN
from allot.store import consents as store
from allot.store import subscribers
from allot.store.consents import FreeAccount
from allot.store.database import Reading, Writing

NOT_PENDING = "subscriberId: the subscriber is {status}; only one that is {pending} has somebody to ask"


async def find(reading: Reading, org_id: str, subscriber_id: str) -> FreeAccount:
    """The account whose owner is asked. Raises Failure when the subscriber is not there, or not pending."""
    found = await subscribers.load(reading, [(org_id, subscriber_id)])
    subscriber = _pending(found.get((org_id, subscriber_id)))
    if isinstance(subscriber, Failure):
        raise subscriber
    accounts = await store.free(reading, [subscriber.email])
    return accounts.get(subscriber.email) or FreeAccount(subscriber.email, None, 0)


async def create(writing: Writing, context: Context, emails: Sequence[str]) -> list[FreeAccount]:
    """Make free accounts of emails (in lower case); those that are there stay as they are."""
    await store.add(writing, emails)
    there = await store.free(writing, emails)
    return [there[email] for email in emails]


async def ask(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Failure | None]:
    """Send the mail that asks for consent again; who had declined may think again."""
    found = await mappings.load(writing, context, requests)
    outcomes: list[Failure | None] = []
    for wanted in requests:
        subscriber = _pending(found.subscribers.get((wanted.org_id, wanted.subscriber_id)))
        outcomes.append(subscriber if isinstance(subscriber, Failure) else None)
        if not isinstance(subscriber, Failure):
            found.asked.append(subscriber.email)
            _answered(found, wanted, subscriber, "ask")
    await found.save(writing)
    return outcomes


async def accept(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Subscriber | Failure]:
    """Let the owners of free accounts agree: they come to the customer's organization, with their packages."""
    found = await mappings.load(writing, context, requests)
    outcomes = [_accept(found, wanted) for wanted in requests]
    await found.save(writing)
    return outcomes


async def decline(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Subscriber | Failure]:
    """Let the owners of free accounts disagree: the subscribers stay pending, and tell why."""
    found = await mappings.load(writing, context, requests)
    outcomes: list[Subscriber | Failure] = []
    for wanted in requests:
        subscriber = _pending(found.subscribers.get((wanted.org_id, wanted.subscriber_id)))
        if not isinstance(subscriber, Failure):
            _answered(found, wanted, subscriber, "decline")
            subscriber.errors = [DECLINED]
        outcomes.append(subscriber if isinstance(subscriber, Failure) else subscriber.copy())
    await found.save(writing)
    return outcomes


def _pending(subscriber: Subscriber | None) -> Subscriber | Failure:
    if subscriber is None:
        return Failure.not_found(NOT_KNOWN)
    if not subscriber.pending:
        return Failure.conflict(NOT_PENDING.format(status=subscriber.status, pending=PENDING))
    return subscriber


def _answered(found: Mappings, wanted: Wanted, subscriber: Subscriber, answer: str) -> None:
    subscriber.errors = []
    found.updated[subscriber.org_id, subscriber.id] = subscriber
    found.enter(wanted.call, subscriber, "consent", (PENDING, subscriber.status), answer=answer)


def _accept(found: Mappings, wanted: Wanted) -> Subscriber | Failure:
    subscriber = _pending(found.subscribers.get((wanted.org_id, wanted.subscriber_id)))
    if isinstance(subscriber, Failure):
        return subscriber
    customer = found.customer(subscriber.org_id, subscriber.customer_id)
    if isinstance(customer, Failure):
        return customer
    lacking = unavailable(customer, subscriber.packages)
    if lacking:
        return Failure.invalid(*lacking)
    failure = _move(found, customer, _wish(wanted, subscriber), subscriber)
    if failure is not None:
        return failure
    subscriber.status, subscriber.details = PROVISIONED, {}
    subscriber.last_status_change = found.batch.now
    found.moved.append(subscriber.email)
    found.use(subscriber, (), subscriber.packages)
    _answered(found, wanted, subscriber, "accept")
    return subscriber.copy()


def _move(found: Mappings, customer: Customer, wish: Wanted, subscriber: Subscriber) -> Failure | None:
    """Give the person what the subscriber was to have; whoever is there already under the email is the person."""
    there = found.person(customer, subscriber.email)
    if isinstance(there, Failure):
        return there
    person, profile = (there, None) if there else found.newcomer(customer, wish)
    # Counted since it was ordered: of the customer's limits, only its licenses are looked at again.
    decision = found.decide(customer, person, subscriber.packages, wish, new=profile is not None)
    if isinstance(decision, Failure):
        return decision
    if profile is None:
        found.give(wish.call, person, decision)
    else:
        found.come(wish.call, person, profile, decision)
    subscriber.person_id = person.id
    return None


def _wish(wanted: Wanted, subscriber: Subscriber) -> Wanted:
    """What was ordered when the owner was asked first."""
    told = subscriber.details
    return Wanted(
        wanted.call,
        subscriber.org_id,
        email=subscriber.email,
        packages=tuple(subscriber.packages),
        first_name=told.get("firstName", ""),
        last_name=told.get("lastName", ""),
        properties=mappings.stored_properties(subscriber),
    )

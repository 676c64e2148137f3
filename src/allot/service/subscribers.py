"""Subscribers: giving packages to the people of wholesale customers."""

from collections.abc import Sequence

from allot.core import subscriber as law
from allot.core.call import Call
from allot.core.customer import PROVISION, Customer
from allot.core.decision import Decision
from allot.core.failure import Failure
from allot.core.holding import Item, LicenseItem
from allot.core.order import Order
from allot.core.person import Person
from allot.core.subscriber import PENDING, PROVISIONED, Filter, Subscriber
from allot.service import customers, departures, holdings, mappings
from allot.service.context import Context
from allot.service.identifiers import new_id
from allot.service.known import EMAIL_SENTENCE, EMAIL_TAKEN
from allot.service.mappings import Mappings, Wanted
from allot.store import subscribers as store
from allot.store.database import Reading, Writing

NOT_KNOWN = "subscriberId: nothing has this id"
NOT_YET = "subscriberId: the owner of the account has not agreed to its move; this can be changed afterwards"


async def provision(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Subscriber | Failure]:
    """Give packages to people, each against the state that the earlier ones left; all of a request or nothing.

    Whoever is not in the customer's organization comes to it. The owner of a free account is asked first, and the
    subscriber is pending until they agree.
    """
    found = await mappings.load(writing, context, requests)
    outcomes = [_provision(found, wanted) for wanted in requests]
    await found.save(writing)
    return outcomes


async def update(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Subscriber | Failure]:
    """Give subscribers other packages than they have, in one decision each."""
    found = await mappings.load(writing, context, requests)
    outcomes = [_update(found, wanted) for wanted in requests]
    await found.save(writing)
    return outcomes


async def delete(writing: Writing, context: Context, requests: Sequence[Wanted]) -> list[Failure | None]:
    """Remove subscribers: the mapping, and the licenses that came with it. The people stay."""
    found = await mappings.load(writing, context, requests)
    gone: dict[store.Key, Subscriber] = {}
    outcomes: list[Failure | None] = []
    for wanted in requests:
        key = (wanted.org_id, wanted.subscriber_id)
        subscriber = found.subscribers.pop(key, None)
        outcomes.append(Failure.not_found(NOT_KNOWN) if subscriber is None else None)
        if subscriber is not None:
            gone[key] = subscriber
            _take(found, wanted.call, subscriber)
            found.enter(wanted.call, subscriber, "delete", (subscriber.status, ""))
    await departures.forget(writing, list(gone.values()), found.batch.now)
    await found.save(writing)
    return outcomes


async def find(reading: Reading, org_id: str, subscriber_id: str) -> Subscriber:
    """A subscriber of a partner. Raises Failure when there is none."""
    found = await store.load(reading, [(org_id, subscriber_id)])
    if not found:
        raise Failure.not_found(NOT_KNOWN)
    return found[org_id, subscriber_id]


async def page(reading: Reading, org_id: str, wanted: Filter, after: tuple[str, str] | int, size: int) -> store.Page:
    """A partner's wanted subscribers in the order that the filter names, and where the next page begins."""
    return await store.page(reading, org_id, wanted, after, size)


async def precheck(reading: Reading, context: Context, wanted: Wanted) -> None:
    """Judge a new subscriber as `provision` would, and write nothing. Raises the Failure that it would get.

    Without packages it is judged by customer and email alone.
    """
    found = await mappings.view(reading, context, [wanted])
    outcome = _provision(found, wanted) if wanted.packages else _refusal(found, wanted)
    if isinstance(outcome, Failure):
        raise outcome


async def precheck_new(reading: Reading, context: Context, wanted: Wanted, template: tuple[str, str]) -> None:
    """Judge a subscriber of a customer that is not provisioned yet; `template` is provisioning id and primary email.

    Raises the Failure that the one or the other would get.
    """
    provisioning_id, primary_email = template
    order = Order(PROVISION)
    customer = customers.Request(
        wanted.call, wanted.org_id, order, provisioning_id=provisioning_id, primary_email=primary_email
    )
    await customers.precheck(reading, context, customer)
    found = await mappings.view(reading, context, [wanted])
    if wanted.email in found.taken or found.homes.get(wanted.email):
        raise Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
    unreachable = law.unreachable(context.rulebook.packages, wanted.packages, wanted.properties)
    if unreachable:
        raise Failure.invalid(*unreachable)


def _refusal(found: Mappings, wanted: Wanted) -> Failure | tuple[Customer, Person | None]:
    """Why nobody of this email can be a subscriber of the customer; else the customer, and who has the email."""
    customer = found.customer(wanted.org_id, wanted.customer_id)
    if isinstance(customer, Failure):
        return customer
    unavailable = law.unavailable(customer, wanted.packages)
    if unavailable:
        return Failure.invalid(*unavailable)
    person = found.person(customer, wanted.email)
    if isinstance(person, Failure):
        return person
    if wanted.email in found.taken:
        return Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
    return customer, person


def _provision(found: Mappings, wanted: Wanted) -> Subscriber | Failure:
    judged = _refusal(found, wanted)
    if isinstance(judged, Failure):
        return judged
    customer, there = judged
    person, profile = (there, None) if there else found.newcomer(customer, wanted)
    decision = found.decide(customer, person, (), wanted, new=profile is not None)
    if isinstance(decision, Failure):
        return decision
    subscriber = _new(found, customer, wanted)
    if profile is None:
        found.give(wanted.call, person, decision)
    elif wanted.email in found.free:
        subscriber.status = PENDING
        subscriber.details = _details(wanted)
        found.asked.append(wanted.email)
    else:
        found.come(wanted.call, person, profile, decision)
    if not subscriber.pending:
        subscriber.person_id = person.id
        found.use(subscriber, (), subscriber.packages)
    found.taken.add(subscriber.email)
    found.count(customer, (), subscriber.packages)
    found.inserted.append(subscriber)
    found.enter(wanted.call, subscriber, "provision", ("", subscriber.status))
    return subscriber


def _new(found: Mappings, customer: Customer, wanted: Wanted) -> Subscriber:
    now = found.batch.now
    return Subscriber(
        *(customer.org_id, new_id(), customer.id, wanted.email, list(wanted.packages), now, now, PROVISIONED),
        external_customer_id=customer.external_id,
    )


def _details(wanted: Wanted) -> dict[str, str]:
    properties = wanted.properties
    told = {
        "firstName": wanted.first_name,
        "lastName": wanted.last_name,
        "locationId": properties and properties.location_id,
        "phoneNumber": properties and properties.phone_number,
        "extension": properties and properties.extension,
    }
    return {name: text for name, text in told.items() if text}


def _update(found: Mappings, wanted: Wanted) -> Subscriber | Failure:
    subscriber = found.subscribers.get((wanted.org_id, wanted.subscriber_id))
    if subscriber is None:
        return Failure.not_found(NOT_KNOWN)
    if subscriber.pending:
        return Failure.conflict(NOT_YET)
    customer = found.customer(subscriber.org_id, subscriber.customer_id)
    if isinstance(customer, Failure):
        return customer
    before = subscriber.packages
    unavailable = law.unavailable(customer, [name for name in wanted.packages if name not in before])
    if unavailable:
        return Failure.invalid(*unavailable)
    person = found.batch.by_id[customer.customer_org_id, subscriber.person_id or ""]  # a mapping ends with its person
    decision = found.decide(customer, person, before, wanted, new=False)
    if isinstance(decision, Failure):
        return decision
    found.give(wanted.call, person, decision)
    found.count(customer, before, wanted.packages)
    found.use(subscriber, before, wanted.packages)
    subscriber.packages = list(wanted.packages)
    found.updated[subscriber.org_id, subscriber.id] = subscriber
    found.enter(wanted.call, subscriber, "update", (subscriber.status, subscriber.status), before=before)
    return subscriber.copy()  # as they are now: the next requests of the batch change them


def _take(found: Mappings, call: Call, subscriber: Subscriber) -> None:
    """Take from a person the licenses of the packages that they have as this subscriber.

    Like those of a package that is taken from the customer, whatever else needs them.
    """
    customer = found.customers[subscriber.org_id, subscriber.customer_id]
    organization = found.batch.organizations.get(customer.customer_org_id)
    person = found.batch.by_id.get((customer.customer_org_id, subscriber.person_id or ""))
    if organization is None or person is None:
        return
    items: list[Item] = law.items(organization, customer, person.holding, subscriber.packages, (), None)
    taken = sum(item.license.bit for item in items if isinstance(item, LicenseItem))
    after = holdings.without(found.batch.rulebook, organization, person.holding, taken)
    found.give(call, person, Decision(items, [None] * len(items), person.holding, after))

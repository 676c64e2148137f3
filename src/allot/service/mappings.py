"""Mappings: what requests about wholesale subscribers are judged against, and all that they change.

One path for real requests and for prechecks: a precheck is judged on a view that nobody saves.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core import subscriber as law
from allot.core.call import Call
from allot.core.customer import Customer
from allot.core.decision import Decision, decide
from allot.core.failure import Failure
from allot.core.fault import faults
from allot.core.holding import Holding, Item, Properties
from allot.core.judgement import Situation
from allot.core.person import Person, Profile
from allot.core.subscriber import Subscriber
from allot.core.wish import Wish, first_items
from allot.service import holdings, people
from allot.service.context import Context
from allot.service.departures import entry
from allot.service.holdings import Batch, Needs
from allot.service.identifiers import new_id
from allot.service.known import EMAIL_SENTENCE, EMAIL_TAKEN
from allot.store import consents, customers, organizations, usage
from allot.store import people as person_rows
from allot.store import subscribers as store
from allot.store.consents import FreeAccount
from allot.store.customers import Key
from allot.store.database import Reading, Writing
from allot.store.usage import Use

NO_CUSTOMER = "customerId: nothing has this id"


@dataclass(slots=True, eq=False)
class Wanted:
    """What a request says of one subscriber."""

    call: Call
    #: the partner or sub-partner that it is for
    org_id: str
    #: of a subscriber that is there already
    subscriber_id: str = ""
    #: of a new one
    customer_id: str = ""
    #: in lower case
    email: str = ""
    packages: tuple[str, ...] = ()
    first_name: str = ""
    last_name: str = ""
    properties: Properties | None = None


@dataclass(slots=True, eq=False)
class Mappings:
    """The state that requests are decided against, one after the other, and what they have changed so far."""

    context: Context
    batch: Batch
    customers: dict[Key, Customer]
    subscribers: dict[store.Key, Subscriber]
    #: email -> the organizations whose own people have it
    homes: dict[str, set[str]]
    #: emails of subscribers
    taken: set[str]
    free: dict[str, FreeAccount]
    created: list[tuple[Person, Profile]] = field(default_factory=list)
    inserted: list[Subscriber] = field(default_factory=list)
    updated: dict[store.Key, Subscriber] = field(default_factory=dict)
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    #: (subscriber, package) -> whether it was in use before, and whether it is now
    uses: dict[tuple[str, str], tuple[Subscriber, bool, bool]] = field(default_factory=dict)
    #: emails of free accounts whose owners are asked, and of those who agreed
    asked: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)

    def customer(self, org_id: str, customer_id: str) -> Customer | Failure:
        """A customer whose subscribers can be provisioned and changed now."""
        customer = self.customers.get((org_id, customer_id))
        if customer is None:
            return Failure.not_found(NO_CUSTOMER)
        not_now = law.unready(customer)
        if not_now is None and customer.customer_org_id not in self.batch.organizations:
            not_now = "customerId: the customer has no organization yet; update the customer to try again"
        return Failure.conflict(not_now) if not_now else customer

    def person(self, customer: Customer, email: str) -> Person | Failure | None:
        """The person of the customer's organization with an email, None when it is nobody's."""
        found = self.batch.by_email.get((customer.customer_org_id, email))
        others = self.homes.get(email, set()) - {customer.customer_org_id}
        if others or (found is not None and found.external):
            return Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
        return found

    def newcomer(self, customer: Customer, wanted: Wanted) -> tuple[Person, Profile]:
        """A new person of the customer's organization; not part of the batch before `come`."""
        person = Person(customer.customer_org_id, new_id(), customer.customer_org_id, wanted.email, Holding())
        name = " ".join(part for part in (wanted.first_name, wanted.last_name) if part)
        details = {"firstName": wanted.first_name, "lastName": wanted.last_name, "nickName": wanted.first_name}
        # Nobody who was just created has signed in yet.
        details = {member: text for member, text in details.items() if text} | {"status": "pending"}
        now = self.batch.now
        return person, Profile(name or wanted.email.partition("@")[0], now, now, details | {"invitePending": True})

    def decide(
        self, customer: Customer, person: Person, before: Sequence[str], wanted: Wanted, *, new: bool
    ) -> Decision | Failure:
        """What the person holds with the wanted packages instead of those `before`; all of it or nothing.

        A new person gets what every new person gets, as far as it can be given.
        """
        rulebook = self.batch.rulebook
        organization = self.batch.organizations[customer.customer_org_id]
        asked = law.items(organization, customer, person.holding, before, wanted.packages, wanted.properties)
        first: list[Item] = first_items(rulebook, organization, Wish()) if new else []
        decision = decide(rulebook, Situation(organization, person.id, person.external, person.holding), first + asked)
        if any(item in asked for item, _ in decision.refused):
            return Failure.invalid(*(fault.description for fault in faults(rulebook, decision)))
        full = law.exhausted(customer, [name for name in wanted.packages if name not in before])
        return Failure.invalid(*full) if full else decision

    def come(self, call: Call, person: Person, profile: Profile, decision: Decision) -> None:
        """Let a new person come to the customer's organization with what was decided for them."""
        self.batch.by_id[person.org_id, person.id] = self.batch.by_email[person.org_id, person.email] = person
        self.homes.setdefault(person.email, set()).add(person.org_id)
        self.created.append((person, profile))
        self.batch.hold(person, decision.after)
        told = self.batch.detail(person.org_id, decision)
        self.batch.enter(call, "people.create", person, 200, told | {"person": people.told_of(person, profile)})

    def give(self, call: Call, person: Person, decision: Decision) -> None:
        """Make what was decided for somebody what they hold."""
        self.batch.hold(person, decision.after)
        told = self.batch.detail(person.org_id, decision)
        self.batch.enter(call, "licenses.assign", person, 200, told)

    def count(self, customer: Customer, before: Iterable[str], after: Iterable[str]) -> None:
        """Count a subscriber with the packages `after` instead of `before`."""
        for names, by in ((before, -1), (after, 1)):
            for name in names:
                self.counts[customer.org_id, customer.id, name] += by
                if name in customer.packages:
                    customer.packages[name].subscribers += by

    def use(self, subscriber: Subscriber, before: Iterable[str], after: Iterable[str]) -> None:
        """Bill a subscriber for the packages `after` instead of `before`, from today on."""
        for names, now in ((set(before) - set(after), False), (set(after) - set(before), True)):
            for name in names:
                _, began, _ = self.uses.get((subscriber.id, name), (subscriber, not now, now))
                self.uses[subscriber.id, name] = (subscriber, began, now)

    def enter(self, call: Call, subscriber: Subscriber, verb: str, moved: tuple[str, str], **more: Any) -> None:
        """Add the entry in the partner's journal, with `more` in its detail."""
        told = entry(call, subscriber, self.batch.now, verb, moved)
        told.detail |= more
        self.batch.entries.append(told)

    async def save(self, writing: Writing) -> None:
        """Write all that was changed, the journals last."""
        await person_rows.create(writing, self.created)
        # In one order: who waits for another to commit an email must not keep one that the other waits for.
        await store.insert(writing, sorted(self.inserted, key=lambda each: each.email))
        await store.update(writing, list(self.updated.values()))
        await store.count(writing, [(*key, count) for key, count in self.counts.items() if count])
        day = self.batch.now[:10]
        turned = [(s, name, now) for (_, name), (s, began, now) in self.uses.items() if began != now]
        await usage.close(writing, [(s.org_id, s.customer_id, s.id, name, day) for s, name, now in turned if not now])
        opened = [(s, name) for s, name, now in turned if now]
        await usage.open(
            writing,
            [Use(s.org_id, s.customer_id, s.id, name, day, s.external_customer_id, s.email) for s, name in opened],
        )
        await consents.ask(writing, self.asked, self.batch.now)
        await consents.forget(writing, self.moved)
        await holdings.save(writing, self.batch)


async def load(writing: Writing, context: Context, requests: Sequence[Wanted]) -> Mappings:
    """Lock what the requests are about, organizations first, and load all that is needed, one statement a table."""
    keys = await _customer_keys(writing, requests)
    there = set(await organizations.lock_customers(writing, keys))
    locked = await customers.load(writing, context.rulebook.packages, keys, lock=True)
    return await _fill(writing, context, requests, locked, there)


async def view(reading: Reading, context: Context, requests: Sequence[Wanted]) -> Mappings:
    """Load all that is needed without making anybody wait; never to be saved."""
    seen = await customers.load(reading, context.rulebook.packages, await _customer_keys(reading, requests))
    there = await organizations.heads_of(reading, {each.customer_org_id for each in seen.values()})
    return await _fill(reading, context, requests, seen, set(there))


async def _customer_keys(reading: Reading, requests: Sequence[Wanted]) -> list[Key]:
    """The customers that the requests are about: a subscriber never goes from one to another."""
    found = await store.load(reading, _subscriber_keys(requests))
    keys = {(each.org_id, each.customer_id) for each in requests if each.customer_id}
    return sorted(keys | {(each.org_id, each.customer_id) for each in found.values()})


async def _fill(
    reading: Reading, context: Context, requests: Sequence[Wanted], locked: dict[Key, Customer], there: set[str]
) -> Mappings:
    subscribers = await store.load(reading, _subscriber_keys(requests))
    batch = await holdings.view(reading, context, _needs(requests, locked, subscribers, there), there)
    await holdings.load_reached(reading, batch)
    emails = {each.email for each in requests if each.email} | {s.email for s in subscribers.values() if s.pending}
    homes = await person_rows.homes(reading, emails) if emails else {}
    taken = await store.taken(reading, emails)
    return Mappings(context, batch, locked, subscribers, homes, taken, await consents.free(reading, emails))


def _subscriber_keys(requests: Sequence[Wanted]) -> set[store.Key]:
    return {(each.org_id, each.subscriber_id) for each in requests if each.subscriber_id}


def _needs(
    requests: Sequence[Wanted],
    locked: dict[Key, Customer],
    subscribers: dict[store.Key, Subscriber],
    there: set[str],
) -> Needs:
    needs = Needs(set(there))
    for wanted in requests:
        subscriber = subscribers.get((wanted.org_id, wanted.subscriber_id))
        customer = locked.get((wanted.org_id, subscriber.customer_id if subscriber else wanted.customer_id))
        if customer is None or customer.customer_org_id not in there:
            continue
        org_id = customer.customer_org_id
        properties = wanted.properties
        if subscriber is None:
            needs.emails.add((org_id, wanted.email))
        elif subscriber.person_id is not None:
            needs.ids.add((org_id, subscriber.person_id))
        else:
            needs.emails.add((org_id, subscriber.email))
            properties = stored_properties(subscriber)
        needs.add_properties(org_id, law.reach(None, properties, customer.details.get("locationId")))
    return needs


def stored_properties(subscriber: Subscriber) -> Properties | None:
    """How a pending subscriber will be called."""
    told = subscriber.details
    found = Properties(told.get("locationId"), told.get("phoneNumber"), told.get("extension"))
    return found if found != Properties() else None

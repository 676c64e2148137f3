"""Customers: ordering what shall become of them. The engine carries it out; orders only lay it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core.call import Call
from allot.core.customer import DELETE, PENDING, UPDATE, Customer, Filter
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.core.order import Order, conflicts, faults
from allot.core.outcome import REVIEW, Outcome
from allot.core.provisioning import layout
from allot.core.run import Move, Run, start
from allot.service import changes, plans
from allot.service.changes import Done
from allot.service.clock import later
from allot.service.context import Context
from allot.service.identifiers import new_id
from allot.service.known import Known, Place, examine
from allot.store import customers as store
from allot.store import journal, organizations, outcomes, runs, subscribers
from allot.store.customers import Key
from allot.store.database import Reading, Writing

NOT_KNOWN = "customerId: nothing has this id"
#: what wakes the workers of other processes
WORK = "allot_work"


@dataclass(slots=True, eq=False)
class Request:
    """One order as a request says it; None is what it does not say."""

    call: Call
    #: the partner or sub-partner that it is for
    org_id: str
    order: Order
    #: empty for a new customer
    customer_id: str = ""
    provisioning_id: str = ""
    external_id: str | None = None
    #: an organization that is there already
    attach_to: str | None = None
    name: str = ""
    #: in lower case
    primary_email: str = ""
    address: dict[str, str] | None = None
    #: what else is kept: language, calling, meetings, limits, subPartnerAdminEmail
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Accepted:
    """What the orders of one transaction change."""

    context: Context
    known: Known
    now: str
    runs: list[Run] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    bound: list[tuple[str, str, str, int]] = field(default_factory=list)

    def accept(self, request: Request, customer: Customer, ordered: Sequence[Outcome]) -> None:
        """Lay out and begin the run of an order."""
        laid = layout(self.context.rulebook.packages, request.order, customer, self.context.pace)
        plan = plans.chosen(self.context.rulebook, customer, laid, self.known.locations)
        actor, tracking_id = request.call.caller.person_id, request.call.tracking_id
        run = Run(customer, customer.run, request.order.kind, plan, laid.steps, tracking_id, actor)
        reviews = [outcome.id for outcome in ordered if outcome.kind == REVIEW]
        if reviews:
            customer.review = PENDING
        moves = start(run, laid.packages)
        self.runs.append(run)
        self.bound += [(outcome.org_id, outcome.id, customer.id, run.number) for outcome in ordered]
        detail = {
            "externalId": customer.external_id,
            "packages": list(request.order.packages),
            "run": run.number,
            "events": told(moves),
        }
        if reviews:
            detail["ordered"] = reviews[0]
        done = Done(None, customer.id, 202, detail)
        action = f"customers.{request.order.kind}"
        self.entries.append(changes.entry(request.call, customer.org_id, action, self.now, done))

    async def save(self, writing: Writing) -> None:
        """Write the runs, and what the journal tells of them."""
        if not self.runs:
            return
        takes = {step.takes for run in self.runs for step in run.steps}
        at = self.context.now()
        due = {each: later(at, milliseconds=each) for each in takes}
        await runs.insert(writing, self.runs, self.now, due)
        await outcomes.bind(writing, self.bound)
        await journal.write(writing, self.entries)
        await writing.announce(WORK)


def told(moves: Sequence[Move]) -> list[dict[str, Any]]:
    """What the journal tells of statuses that changed; the events of webhooks are made of it."""
    return [
        {"package": move.package, "before": move.before, "after": move.after}
        if move.package
        else {"before": move.before, "after": move.after}
        for move in moves
    ]


async def provision(writing: Writing, context: Context, requests: Sequence[Request]) -> list[Customer | Failure]:
    """Accept orders of new customers, each against those that came before."""
    attached = {request.attach_to for request in requests if request.attach_to}
    if attached:  # what they are to be mapped to stays as it is until they are
        await organizations.lock(writing, attached)
    known = await examine(writing, requests, _places(requests, {}))
    next_ = await outcomes.of_next(writing, {request.org_id for request in requests})
    accepted = _Accepted(context, known, context.stamp())
    answers: list[Customer | Failure] = []
    for request in requests:
        refused = refusal(context, known, request)
        if refused is not None:
            answers.append(refused)
            continue
        customer = _new(request, accepted.now)
        known.take(customer)
        accepted.accept(request, customer, next_.pop(request.org_id, []))
        answers.append(customer)
    # Whoever writes the same external ids at the same time writes them in the same order: one waits for the other.
    await store.insert(writing, sorted((run.customer for run in accepted.runs), key=lambda each: each.external_id))
    await accepted.save(writing)
    return answers


async def update(writing: Writing, context: Context, requests: Sequence[Request]) -> list[Customer | Failure]:
    """Accept orders that change customers."""
    return await _change(writing, context, requests)


async def delete(writing: Writing, context: Context, requests: Sequence[Request]) -> list[Customer | Failure]:
    """Accept orders that remove customers: the mapping, and the licenses that came with it."""
    return await _change(writing, context, requests)


async def _change(writing: Writing, context: Context, requests: Sequence[Request]) -> list[Customer | Failure]:
    keys = {(request.org_id, request.customer_id) for request in requests}
    customers = await store.load(writing, context.rulebook.packages, keys, lock=True)
    known = await examine(writing, requests, _places(requests, customers))
    unbound = await outcomes.unbound(writing, customers)
    accepted = _Accepted(context, known, context.stamp())
    answers: list[Customer | Failure] = []
    before = {key: set(customer.packages) for key, customer in customers.items()}
    for request in requests:
        key = (request.org_id, request.customer_id)
        customer = customers.get(key)
        refused = _unchangeable(context, known, request, customer)
        if refused is not None or customer is None:
            answers.append(refused or Failure.not_found(NOT_KNOWN))
            continue
        external_id = customer.external_id
        _apply(request, customer)
        known.take(customer, external_id)
        accepted.accept(request, customer, unbound.get(key, []))
        answers.append(customer)
    changed = [run.customer for run in accepted.runs]
    await store.update(writing, changed)
    held = [(c, each, each.package.name in before[c.org_id, c.id]) for c in changed for each in c.packages.values()]
    await store.update_packages(writing, [(customer, each) for customer, each, old in held if old])
    added = [(customer, each) for customer, each, old in held if not old]
    await store.insert_packages(writing, added)
    # A deletion that failed may have taken a package from the customer while subscribers kept theirs.
    await subscribers.recount(writing, [(customer.org_id, customer.id, each.package.name) for customer, each in added])
    await accepted.save(writing)
    return answers


def _places(requests: Sequence[Request], customers: Mapping[Key, Customer]) -> set[Place]:
    """The organizations that are there with the calling locations that orders want there."""
    found: set[Place] = set()
    for request in requests:
        customer = customers.get((request.org_id, request.customer_id))
        org_id = customer.customer_org_id if customer else request.attach_to
        location = request.order.location or (customer.details.get("location") if customer else None)
        if org_id and location and request.order.kind != DELETE:
            found.add((org_id, location["name"]))
    return found


def refusal(context: Context, known: Known, request: Request) -> Failure | None:
    """Why a new customer cannot be provisioned; None when it can. The precheck asks the same."""
    found = known.faults(request) + faults(context.rulebook.packages, request.order, None)
    return Failure.invalid(*found) if found else known.refusal(request)


def _unchangeable(context: Context, known: Known, request: Request, customer: Customer | None) -> Failure | None:
    if customer is None:
        return Failure.not_found(NOT_KNOWN)
    if request.order.kind != DELETE:
        found = faults(context.rulebook.packages, request.order, customer)
        refused = Failure.invalid(*found) if found else known.refusal(request)
        if refused is not None:
            return refused
    against = conflicts(request.order, customer)
    return Failure.conflict(*against) if against else None


def _new(request: Request, now: str) -> Customer:
    org_id = request.attach_to or new_id()
    details = request.details | {"provisioningId": request.provisioning_id, "attached": request.attach_to is not None}
    return Customer(
        request.org_id,
        new_id(),
        request.external_id or "",
        org_id,
        request.name,
        request.primary_email,
        request.address or {},
        {name: value for name, value in details.items() if value is not None},
        now,
    )


def _apply(request: Request, customer: Customer) -> None:
    """Make the customer what an accepted order says of it; its packages follow with the run's steps."""
    customer.run += 1
    if request.order.kind != UPDATE:
        return
    customer.external_id = request.external_id or customer.external_id
    customer.address = request.address or customer.address
    customer.details |= {name: value for name, value in request.details.items() if value is not None}
    for name, held in customer.packages.items():
        held.limit = request.order.limits.get(name, held.limit)


async def find(reading: Reading, context: Context, key: Key) -> Customer:
    """A customer of a partner. Raises Failure when there is none."""
    found = await store.load(reading, context.rulebook.packages, [key])
    if key not in found:
        raise Failure.not_found(NOT_KNOWN)
    return found[key]


async def page(
    reading: Reading, context: Context, org_id: str, wanted: Filter, after: tuple[str, str] | int, size: int
) -> store.Page:
    """A partner's wanted customers, oldest first unless the filter says otherwise."""
    return await store.page(reading, context.rulebook.packages, org_id, wanted, after, size)


async def counts(reading: Reading, org_id: str) -> dict[str, int]:
    """How many customers a partner has in each status that any has."""
    return await store.counts(reading, org_id)


async def precheck(reading: Reading, context: Context, request: Request) -> None:
    """Judge an order as `provision` would, and write nothing. Raises the Failure that it would get.

    Without packages only what it names is judged.
    """
    known = await examine(reading, [request])
    if request.order.packages:
        refused = refusal(context, known, request)
    else:
        found = known.faults(request)
        refused = Failure.invalid(*found) if found else known.refusal(request)
    if refused is not None:
        raise refused

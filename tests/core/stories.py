"""Stories for the core tests: what may become of a wholesale customer, order by order and event by event.

A story plays the worker with a dice: it claims steps, lets them succeed, fail, wait or come late, releases what is
held or parked, decides reviews, and sends the next order. What it does to a world of its own says whether a step
had what it needs.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from allot.core import run as runs
from allot.core.customer import DELETE, DENIED, PENDING, PROVISION, UPDATE, Customer
from allot.core.order import Order, conflicts, faults
from allot.core.package import Held, Notice
from allot.core.provisioning import Layout, layout
from allot.core.run import Delayed, Done, Event, Failed, Move, Paused, Released, Run, Step, advance, review, start
from core.cases import webex

PACKAGES = webex().packages
#: small enough that orders meet each other's packages; with every kind: calling, meetings, both, neither, dependent
NAMES = ("webex_calling", "webex_meetings", "webex_suite", "cx_standard_agent", "attendant_console")
LOCATION = {"name": "Head Office"}
OOPS, NO, MIND = Notice(90000, "oops"), Notice(90010, "no"), Notice(2560, "mind")
# A story comes to its end: from here on nothing fails, waits or comes late.
EVENTS_MAX = 60


def pace(customer_id: str, name: str, number: int) -> int:
    """A pace that tells its arguments."""
    return 1000 * number + len(name)


def make_customer(**members: object) -> Customer:
    """A customer that was never ordered anything."""
    texts = ("partner", "customer", "external", "organization", "Bob", "bob@example.com")
    return Customer(*texts, **{"address": {}, "details": {}, "created": "t"} | members)


def lay_out(order: Order, customer: Customer) -> Layout:
    """The steps of an order by the shipped packages."""
    return layout(PACKAGES, order, customer, pace)


def make_run(kind: str, *names: str, customer: Customer | None = None) -> Run:
    """A run that has begun, of an order of these packages."""
    customer = customer or make_customer()
    customer.run += customer.status != ""
    laid = lay_out(Order(kind, names), customer)
    run = Run(customer, customer.run, kind, {}, laid.steps)
    start(run, laid.packages)
    return run


def claim(run: Run, number: int) -> Step:
    """Claim a step that is ready, or that another worker has left, as the store does."""
    step = run.steps[number]
    assert step.state in (runs.READY, runs.RUNNING)
    step.state = runs.RUNNING
    step.attempts += 1
    return step


def step_of(run: Run, name: str, package: str = "") -> Step:
    """The step of this name, and of this package."""
    (found,) = (step for step in run.steps if (step.name, step.package) == (name, package))
    return found


def succeed(run: Run, name: str, package: str = "", **told: object) -> list[Move]:
    """Claim a step and let it succeed; one that adds names a license."""
    step = claim(run, step_of(run, name, package).number)
    told = ({"license_ids": (f"id-{package}",)} if name == runs.ADD else {}) | told
    return advance(run, Done(step.number, step.attempts, **told))


def fail(run: Run, name: str, package: str = "", notice: Notice = NO, *, final: bool = True) -> list[Move]:
    """Claim a step and let the attempt fail."""
    step = claim(run, step_of(run, name, package).number)
    return advance(run, Failed(step.number, step.attempts, notice, final))


def finish(run: Run) -> None:
    """Let all that is left succeed."""
    while ready := [step for step in run.steps if step.state == runs.READY]:
        succeed(run, ready[0].name, ready[0].package)


def snapshot(run: Run) -> tuple:
    """All that events may change."""
    customer = run.customer
    return (
        (customer.status, customer.live, list(customer.errors)),
        [
            (name, held.status, list(held.warnings), list(held.errors), list(held.license_ids))
            for name, held in customer.packages.items()
        ],
        [(step.state, step.attempts, step.fault) for step in run.steps],
    )


@dataclass
class World:
    """What the steps have made on Webex."""

    made: set[str] = field(default_factory=set)
    licenses: set[str] = field(default_factory=set)
    gone: bool = False

    def carry_out(self, run: Run, step: Step) -> tuple[str, ...]:
        """Carry out a step; the licenses that it names. Fails when it lacks what it needs."""
        package = PACKAGES.get(step.package)
        if step.name != runs.MAPPING and (step.name != runs.REMOVE or run.customer.packages[step.package].license_ids):
            assert step.name == runs.ORGANIZATION or runs.ORGANIZATION in self.made
        if step.name == runs.MAPPING:
            assert not self.licenses, "the mapping ends when nothing of it is left"
            self.gone = True
        elif package is None:
            self.made.add(step.name)
        elif step.name == runs.REMOVE:
            self.licenses.discard(package.name)
        else:
            assert not package.calling or runs.LOCATION in self.made
            assert not package.meetings or runs.SITE in self.made
            self.licenses.add(package.name)
            return (f"id-{package.name}",)
        return ()


@dataclass
class Chapter:
    """One run of a story: what it began with, and what was told to it."""

    order: Order
    before: Customer
    laid: Layout
    began: list[Move]
    #: a claim (step number), a review's state, or an event, in their order
    told: list[int | str | Event] = field(default_factory=list)

    def replay(self, change: Callable[[Event], Event] = lambda event: event) -> Run:
        """The run that the same beginning and the same events make."""
        customer, laid = deepcopy(self.before), deepcopy(self.laid)
        run = Run(customer, customer.run, self.order.kind, {}, laid.steps)
        assert start(run, laid.packages) == self.began
        for each in self.told:
            if isinstance(each, int):
                claim(run, each)
            elif isinstance(each, str):
                review(run, each)
            else:
                advance(run, change(each))
        return run


class Story:
    """One customer's life; `watch` is called after each beginning and each event with the moves that it told."""

    def __init__(self, random: Random, watch: Callable[["Story", list[Move]], None] = lambda *_: None) -> None:
        self.random = random
        self.watch = watch
        self.world = World()
        self.customer = make_customer(run=0, details={"location": LOCATION})
        self.chapters: list[Chapter] = []
        self.run: Run | None = None
        self.events = 0
        #: claims that others took over: (step, attempt)
        self.lost: list[tuple[int, int]] = []
        self.smooth = False

    def tell(self, orders: int) -> "Story":
        """Play some orders, each to its end, but for what stays parked."""
        for place in range(orders):
            if not self.world.gone:
                changes = self.customer.review != DENIED and self.random.random() < 0.8
                self.begin(self.order(PROVISION if place == 0 else UPDATE if changes else DELETE))
                self.play()
        return self

    def order(self, kind: str) -> Order:
        """An order that may be given."""
        while True:
            names = [name for name in NAMES if self.random.random() < 0.5]
            self.random.shuffle(names)
            order = Order(kind, () if kind == DELETE else tuple(names), dict.fromkeys(names[:1], 3))
            if kind == DELETE or not faults(PACKAGES, order, self.customer):
                return order

    def begin(self, order: Order) -> None:
        """Accept an order and begin its run."""
        assert conflicts(order, self.customer) == []
        self.customer.run += 1
        if self.customer.review != DENIED and self.random.random() < 0.2:
            self.customer.review = PENDING
        laid = lay_out(order, self.customer)
        self.chapters.append(Chapter(order, deepcopy(self.customer), deepcopy(laid), []))
        self.run = Run(self.customer, self.customer.run, order.kind, {}, laid.steps)
        self.events, self.lost = 0, []
        self.chapters[-1].began = start(self.run, laid.packages)
        self.watch(self, self.chapters[-1].began)

    def play(self) -> None:
        """Carry the run on until it is settled, and now and then on from where it was parked."""
        assert self.run is not None
        while True:
            open_ = [step for step in self.run.steps if step.state in (runs.READY, runs.RUNNING, runs.HELD)]
            parked = [step for step in self.run.steps if step.state == runs.PARKED]
            if self.customer.review == PENDING and self.random.random() < 0.03:
                self.decide(self.random.choice([DENIED, ""]))
            elif open_:
                self.turn(self.random.choice(open_))
            elif parked and self.random.random() < 0.4:
                self.told(Released(self.random.choice(parked).number))
            else:
                return

    def turn(self, step: Step) -> None:
        """One thing that happens to a step."""
        assert self.run is not None
        if step.state == runs.HELD:
            self.told(Released(step.number))
        elif step.state == runs.READY or (self.random.random() < 0.1 and step.attempts < 9):
            if step.state == runs.RUNNING:
                self.lost.append((step.number, step.attempts))
            self.chapters[-1].told.append(step.number)
            claim(self.run, step.number)
        else:
            self.told(self.event(step))

    def decide(self, state: str) -> None:
        """The review comes to its end."""
        assert self.run is not None
        self.chapters[-1].told.append(state)
        self.watch(self, review(self.run, state))

    def event(self, step: Step) -> Event:
        """What becomes of a claim; nothing but success when the story has lasted long enough."""
        assert self.run is not None
        dice = 1.0 if self.smooth or self.events > EVENTS_MAX else self.random.random()
        claimed = (step.number, step.attempts)
        if dice < 0.08:
            return Failed(*claimed, NO, final=True)
        if dice < 0.30:
            return Failed(*claimed, OOPS._replace(description=f"oops {self.events}"))
        if dice < 0.36:
            return Paused(*claimed)
        if dice < 0.42:
            return Delayed(*claimed)
        warnings = (MIND,) if dice < 0.55 else ()
        return Done(*claimed, warnings, self.world.carry_out(self.run, step))

    def told(self, event: Event) -> None:
        """Tell the run an event."""
        assert self.run is not None
        self.events += 1
        self.chapters[-1].told.append(event)
        self.watch(self, advance(self.run, event))


def held(name: str, status: str, **members: object) -> Held:
    """A package of a customer in some state."""
    return Held(PACKAGES[name], status, **members)

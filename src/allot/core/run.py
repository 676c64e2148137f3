"""A run: the complete steps of one order, and the one function that changes their state.

A run is laid out when its order is accepted and never changes: its steps are named, numbered and wait
for each other as written down then. What becomes of them is told to `advance`, event by event. Which of the
other steps may go on, and the statuses and errors of the packages and the customer, follow from the states
of the steps that were carried out and from nothing else: they are derived anew with each event.
"""

from dataclasses import dataclass
from typing import Any

from allot.core import package
from allot.core.customer import DELETE, DENIAL, DENIED, Customer
from allot.core.package import EDGES, Held, Notice

WAITING = "waiting"
READY = "ready"
RUNNING = "running"
HELD = "held"
DONE = "done"
FAILED = "failed"
SKIPPED = "skipped"
PARKED = "parked"
STATES = (WAITING, READY, RUNNING, HELD, DONE, FAILED, SKIPPED, PARKED)
SETTLED = frozenset({DONE, FAILED, SKIPPED, PARKED})
#: settled, and not done
WRONG = frozenset({FAILED, SKIPPED, PARKED})

#: names of steps
ORGANIZATION, LOCATION, SITE, ADD, ADJUST, REMOVE, MAPPING = STEPS = (
    "organization",
    "location",
    "site",
    "add",
    "adjust",
    "remove",
    "mapping",
)

#: what a package's step makes of its status: while it is under way, and when it is done; "" is gone
SHOWN = {
    ADD: (package.PROVISIONING, package.PROVISIONED),
    ADJUST: (package.PROVISIONED, package.PROVISIONED),
    REMOVE: (package.DELETING, ""),
}

# Attempts at a step that fails for reasons of ours, not the order's, before it is parked.
ATTEMPTS_MAX = 5

GAVE_UP = Notice(90001, "Stopped after {attempts} attempts: {description}. Send the request again to retry")
SKIPPED_FOR = Notice(90002, "Not carried out, because what it needs could not be: {name}")


class RunError(Exception):
    """An event that cannot happen to a run in its state: a bug, or a late result that must not count."""


@dataclass(slots=True, eq=False)
class Step:
    """One step: what is done, for which package, after which other steps."""

    number: int
    name: str
    #: empty for steps of the whole customer
    package: str = ""
    #: numbers of the steps that must be done before; all are lower than its own
    after: tuple[int, ...] = ()
    #: how long it takes, in milliseconds of the service's clock
    takes: int = 0
    state: str = WAITING
    #: how often it was claimed since it was released; with the worker, this number is a claim's fencing token
    attempts: int = 0
    #: why the last attempt failed
    fault: Notice | None = None
    #: changed since it was loaded
    changed: bool = False


@dataclass(slots=True, eq=False)
class Run:
    """One order of one customer as it is carried out."""

    customer: Customer
    number: int
    kind: str
    #: what was chosen when the order was accepted: ids, addresses, limits
    plan: dict[str, Any]
    steps: list[Step]
    #: who asked for it, and under which tracking id
    tracking_id: str = ""
    actor_id: str | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to do."""
        return all(step.state in SETTLED for step in self.steps)

    @property
    def removed(self) -> bool:
        """Whether the customer is gone: a deletion came to its end."""
        return self.kind == DELETE and all(step.state == DONE for step in self.steps)


@dataclass(frozen=True, slots=True)
class Done:
    """A step was carried out; a package's step may bring warnings, and names its licenses."""

    step: int
    attempt: int
    warnings: tuple[Notice, ...] = ()
    license_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed; `final` when another one would fail alike."""

    step: int
    attempt: int
    notice: Notice
    final: bool = False


@dataclass(frozen=True, slots=True)
class Paused:
    """A step is kept from going on until it is released."""

    step: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Delayed:
    """A step takes longer than it should: it goes on later."""

    step: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Released:
    """A held step may go on, or a parked one is tried again, with as many attempts as a new one."""

    step: int


Event = Done | Failed | Paused | Delayed | Released


@dataclass(frozen=True, slots=True)
class Move:
    """One status that changed: of the customer (`package` empty) or of one of its packages; "" is not there."""

    package: str
    before: str
    after: str


def start(run: Run, packages: list[Held]) -> list[Move]:
    """Begin a run: its packages as the order wants them, steps that wait for nobody ready."""
    customer = run.customer
    customer.packages |= {held.package.name: held for held in packages}
    for step in run.steps:
        held = customer.packages.get(step.package)
        if held is not None:
            held.warnings = []
    return _follow(run)


def advance(run: Run, event: Event) -> list[Move]:
    """Let a run take in what became of one of its steps; the statuses that changed.

    Raises RunError when the step is not where the event finds it: a result that comes after its claim was
    lost, or twice, or for a run that another one followed, changes nothing.
    """
    step = _concerned(run, event)
    step.changed = True
    match event:
        case Done():
            step.state, step.fault = DONE, None
            held = run.customer.packages.get(step.package)
            if held is not None:
                held.warnings, held.license_ids = list(event.warnings), list(event.license_ids)
                held.changed = True
        case Failed():
            step.state, step.fault = _failed(event)
        case Paused():
            step.state = HELD
        case Delayed():
            step.state = READY
        case _:  # Released
            step.state, step.fault, step.attempts = READY, None, 0
    return _follow(run)


def review(run: Run, state: str) -> list[Move]:
    """Let the review of a run's customer be pending, denied or approved (""); the statuses that changed."""
    run.customer.review, run.customer.changed = state, True
    return _follow(run)


def _concerned(run: Run, event: Event) -> Step:
    """The step that an event is about. Raises RunError when it cannot happen to it."""
    if run.number != run.customer.run:
        raise RunError(f"run {run.number} is over: run {run.customer.run} followed it")
    if not 0 <= event.step < len(run.steps):
        raise RunError(f"run {run.number} has no step {event.step}")
    step = run.steps[event.step]
    if isinstance(event, Released):
        if step.state not in (HELD, PARKED):
            raise RunError(f"step {step.number} is {step.state}; only held and parked steps can be released")
    elif step.state != RUNNING or step.attempts != event.attempt:
        raise RunError(f"step {step.number} is {step.state} at attempt {step.attempts}, not running at {event.attempt}")
    return step


def _failed(event: Failed) -> tuple[str, Notice]:
    """What a step is after a failed attempt, and why."""
    if event.final:
        return FAILED, event.notice
    if event.attempt < ATTEMPTS_MAX:
        return READY, event.notice
    attempts = min(event.attempt, ATTEMPTS_MAX)  # a last claim may have come to nothing but this
    told = GAVE_UP.description.format(attempts=attempts, description=event.notice.description)
    return PARKED, Notice(GAVE_UP.code, told)


def _follow(run: Run) -> list[Move]:
    """Let everything follow from the steps that were carried out: the other steps, the packages, the customer."""
    customer = run.customer
    for step in run.steps:  # each waits for earlier ones only
        if step.state in (WAITING, SKIPPED):
            _wait(run, step)
    moves = []
    for step in run.steps:
        held = customer.packages.get(step.package)
        if held is not None:
            moves += _show(customer, held, step)
    live = "" if run.settled else run.kind
    errors = [DENIAL] if customer.review == DENIED else []
    errors += [step.fault for step in run.steps if not step.package and step.state in (FAILED, PARKED) and step.fault]
    if (live, errors) != (customer.live, customer.errors):
        customer.live, customer.errors, customer.changed = live, errors, True
    before, customer.status = customer.status, "" if run.removed else customer.derive()
    if before != customer.status:
        customer.changed = True
        moves.append(Move("", before, customer.status))
    return moves


def _wait(run: Run, step: Step) -> None:
    """Let a step that nobody carried out yet follow from those that it waits for: skipped, ready, or waiting."""
    state, fault = READY, None
    for number in step.after:
        other = run.steps[number]
        if other.state in WRONG:
            name = other.package or other.name
            state, fault = SKIPPED, Notice(SKIPPED_FOR.code, SKIPPED_FOR.description.format(name=name))
            break
        if other.state != DONE:
            state = WAITING
    if (state, fault) != (step.state, step.fault):
        step.state, step.fault, step.changed = state, fault, True


def _show(customer: Customer, held: Held, step: Step) -> list[Move]:
    """Let a package show how its step stands; the move that this is. Raises RunError when it has no such move."""
    wrong = step.state in WRONG
    errors = [step.fault] if wrong and step.fault else []
    if errors != held.errors:
        held.errors, held.changed = errors, True
    under_way, done = SHOWN[step.name]
    before, after = held.status, done if step.state == DONE else under_way
    if wrong and step.name != ADJUST:  # what is provisioned stays so when it cannot be adjusted
        after = package.ERROR
    if before == after:
        return []
    if (before, after) not in EDGES:
        raise RunError(f"package {held.package.name} cannot go from {before or 'nothing'} to {after or 'nothing'}")
    held.status, held.changed = after, True
    if not after:
        del customer.packages[held.package.name]
    return [Move(held.package.name, before, after)]

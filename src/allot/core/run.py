"""A run: the complete steps of one order, and the one function that changes their state.

A run is laid out when its order is accepted and never changes: its steps are named, numbered and wait
for each other as written down then. What becomes of them is told to `advance`, event by event; the
packages' and the customer's statuses follow from the steps and from nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from allot.core import package
from allot.core.customer import DELETE, Customer
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

# Attempts at a step that fails for reasons of ours, not the order's, before it is parked.
ATTEMPTS_MAX = 5

GAVE_UP = Notice(90001, "Provisioning stopped after {attempts} attempts: {description}. Send the update again to retry")
SKIPPED_FOR = Notice(90002, "Not provisioned, because what it needs could not be: {name}")


class RunError(Exception):
    """An event that cannot happen to a run in its state: a bug, or a late result that must not count."""


@dataclass(slots=True, eq=False)
class Step:
    """One step: what is done, for which package, after which other steps."""

    number: int
    name: str
    #: empty for steps of the whole customer
    package: str = ""
    #: numbers of the steps that must be done before
    after: tuple[int, ...] = ()
    #: how long it takes, in milliseconds of the service's clock
    takes: int = 0
    state: str = WAITING
    #: how often it was claimed; the number of the claim is its fencing token
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
    """A held step may go on, or a parked one is tried again."""

    step: int


Event = Done | Failed | Paused | Delayed | Released


@dataclass(frozen=True, slots=True)
class Move:
    """One status that changed: of the customer (`package` empty) or of one of its packages; "" is not there."""

    package: str
    before: str
    after: str


@dataclass(slots=True, eq=False)
class _Moves:
    """Collects the statuses that an event changes."""

    customer: Customer
    found: list[Move] = field(default_factory=list)

    def package(self, held: Held, after: str) -> None:
        """Move a package's status along an edge. Raises RunError when there is none."""
        if held.status == after:
            return
        if (held.status, after) not in EDGES:
            raise RunError(f"package {held.package.name} cannot go from {held.status} to {after or 'gone'}")
        self.found.append(Move(held.package.name, held.status, after))
        held.status = after
        if not after:
            del self.customer.packages[held.package.name]

    def whole(self) -> None:
        """Derive the customer's status anew."""
        before, self.customer.status = self.customer.status, self.customer.derive()
        if before != self.customer.status:
            self.found.append(Move("", before, self.customer.status))


def start(run: Run, packages: list[Held]) -> list[Move]:
    """Begin a run: its packages as the order wants them, steps that wait for nobody ready."""
    customer = run.customer
    moves = _Moves(customer)
    customer.live, customer.errors = run.kind, []
    for held in packages:
        if held.package.name not in customer.packages:
            customer.packages[held.package.name] = held
            moves.found.append(Move(held.package.name, "", held.status))
    for step in run.steps:
        held_or_none = customer.packages.get(step.package)
        if held_or_none is not None:
            held_or_none.warnings, held_or_none.errors = [], []
            if step.name == ADD:
                moves.package(held_or_none, package.PROVISIONING)
            elif step.name == REMOVE:
                moves.package(held_or_none, package.DELETING)
        if not step.after:
            step.state = READY
    moves.whole()
    return moves.found


def advance(run: Run, event: Event) -> list[Move]:
    """Let a run take in what became of one of its steps; the statuses that changed.

    Raises RunError when the step is not where the event finds it: a result that comes after its claim was
    lost, or twice, changes nothing.
    """
    step = run.steps[event.step]
    moves = _Moves(run.customer)
    if isinstance(event, Released):
        _release(run, step, moves)
        return moves.found
    if step.state != RUNNING or step.attempts != event.attempt:
        raise RunError(f"step {step.number} is {step.state} at attempt {step.attempts}, not running at {event.attempt}")
    step.changed = True
    if isinstance(event, Paused):
        step.state = HELD
    elif isinstance(event, Delayed):
        step.state = READY
    elif isinstance(event, Done):
        step.state, step.fault = DONE, None
        _succeed(run.customer, step, event, moves)
    elif not event.final and event.attempt < ATTEMPTS_MAX:
        step.state, step.fault = READY, event.notice
    else:
        step.state = FAILED if event.final else PARKED
        step.fault = event.notice if event.final else _gave_up(event)
        _fail(run, step, step.fault, moves)
    _ready(run, moves)
    return moves.found


def _gave_up(event: Failed) -> Notice:
    told = GAVE_UP.description.format(attempts=event.attempt, description=event.notice.description)
    return Notice(GAVE_UP.code, told)


def _release(run: Run, step: Step, moves: _Moves) -> None:
    if step.state == PARKED:
        # What was skipped because of it is tried too.
        for other in _followers(run, step):
            other.state, other.fault, other.changed = WAITING, None, True
            _retry(run.customer, other, moves)
        run.customer.errors = []
        run.customer.live = run.kind
        _retry(run.customer, step, moves)
        step.attempts = 0
    elif step.state != HELD:
        raise RunError(f"step {step.number} is {step.state}; only held and parked steps can be released")
    step.state, step.fault, step.changed = READY, None, True
    moves.whole()


def _retry(customer: Customer, step: Step, moves: _Moves) -> None:
    held = customer.packages.get(step.package)
    if held is not None and held.status == package.ERROR:
        held.errors = []
        moves.package(held, package.DELETING if step.name == REMOVE else package.PROVISIONING)


def _followers(run: Run, step: Step) -> Iterator[Step]:
    """The skipped steps that wait for a step, directly or by others."""
    numbers = {step.number}
    for other in run.steps:
        if other.state == SKIPPED and numbers.intersection(other.after):
            numbers.add(other.number)
            yield other


def _succeed(customer: Customer, step: Step, event: Done, moves: _Moves) -> None:
    held = customer.packages.get(step.package)
    if held is None:
        return
    if step.name == REMOVE:
        moves.package(held, "")
        return
    held.warnings, held.errors = list(event.warnings), []
    held.license_ids = list(event.license_ids)
    if step.name == ADD:
        moves.package(held, package.PROVISIONED)


def _fail(run: Run, step: Step, notice: Notice, moves: _Moves) -> None:
    """Put a step's failure where it shows: on its package, else on the customer; skip what needs it."""
    held = run.customer.packages.get(step.package)
    if held is None:
        run.customer.errors.append(notice)
    else:
        held.errors.append(notice)
        if step.name != ADJUST:
            moves.package(held, package.ERROR)
    needed = {step.number}
    for other in run.steps:
        if other.state in (WAITING, READY) and needed.intersection(other.after):
            needed.add(other.number)
            other.state, other.changed = SKIPPED, True
            other.fault = Notice(SKIPPED_FOR.code, SKIPPED_FOR.description.format(name=step.package or step.name))
            waiting = run.customer.packages.get(other.package)
            if waiting is not None:
                waiting.errors.append(other.fault)
                moves.package(waiting, package.ERROR)


def _ready(run: Run, moves: _Moves) -> None:
    """Make ready what waits for nobody any more, and settle the run with its last step."""
    done = {step.number for step in run.steps if step.state == DONE}
    for step in run.steps:
        if step.state == WAITING and done.issuperset(step.after):
            step.state, step.changed = READY, True
    if run.removed:
        moves.found.append(Move("", run.customer.status, ""))
        return
    if run.settled:
        run.customer.live = ""
    moves.whole()

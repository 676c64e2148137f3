"""Runs: how far they are, what became of each of their steps, and trying again what was parked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allot.core.call import Call
from allot.core.customer import DELETE, DENIED
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.core.outcome import HOLD, Outcome
from allot.core.package import Notice
from allot.core.partner import Partner
from allot.core.run import (
    DONE,
    FAILED,
    HELD,
    PARKED,
    READY,
    RUNNING,
    SKIPPED,
    WAITING,
    Released,
    Run,
    advance,
)
from allot.service import changes, customers
from allot.service.changes import Done
from allot.service.context import Context
from allot.service.customers import NOT_KNOWN, WORK, told
from allot.service.partners import SUSPENDED
from allot.store import customers as customers_store
from allot.store import journal, outcomes
from allot.store import runs as store
from allot.store.customers import Key
from allot.store.database import Reading, Writing
from allot.store.runs import Past, Progress

NO_RUN = "run: the customer has no run of this number"


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is told of, in words as well."""

    number: int
    name: str
    package: str
    state: str
    says: str
    after: tuple[int, ...]
    attempts: int
    #: milliseconds
    takes: int
    due: str | None
    started: str | None
    ended: str | None
    fault: Notice | None
    #: the ordered outcomes that hold it
    held_by: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Retry:
    """What is parked in a run shall be tried again."""

    call: Call
    partner: Partner
    customer_id: str
    run: int

    @property
    def key(self) -> Key:
        """The customer that it is about."""
        return self.partner.org_id, self.customer_id


async def page(reading: Reading, context: Context, key: Key, before: int, size: int) -> list[Past]:
    """The runs of a customer before one, newest first. Raises Failure when there is no such customer."""
    await customers.find(reading, context, key)
    return await store.history(reading, key, before, size)


async def find(reading: Reading, context: Context, key: Key, number: int) -> tuple[Past, list[Step]]:
    """A run of a customer with its steps. Raises Failure when there is no such customer or run."""
    found = await page(reading, context, key, number + 1, 1)
    if not found or found[0].number != number:
        raise Failure.not_found(NO_RUN)
    steps = await store.progress(reading, key, number)
    ordered = (await outcomes.of_runs(reading, [(*key, number)])).get(key, [])
    holds = [each for each in ordered if each.kind == HOLD]
    names = {step.number: step.package or step.name for step in steps}
    return found[0], [_told(step, names, holds) for step in steps]


def _told(step: Progress, names: dict[int, str], holds: Sequence[Outcome]) -> Step:
    by = tuple(each.id for each in holds if each.targets(step.name, step.package)) if step.state == HELD else ()
    return Step(
        *(step.number, step.name, step.package, step.state, _says(step, names), step.after, step.attempts, step.takes),
        *(step.due, step.started, step.ended, step.fault, by),
    )


def _says(step: Progress, names: dict[int, str]) -> str:
    """How a step stands, in words."""
    fault = step.fault.description if step.fault else ""
    if step.state == READY and fault:
        return f"failed at attempt {step.attempts} and is tried again at {step.due}: {fault}"
    words = {
        WAITING: f"waits for {', '.join(names[number] for number in step.after)}",
        READY: f"is due at {step.due}",
        RUNNING: f"is carried out just now, at attempt {step.attempts}",
        HELD: "is held until the outcome that holds it is deleted",
        DONE: f"was done at {step.ended}",
        FAILED: f"failed at {step.ended}: {fault}",
        SKIPPED: f"was not carried out: {fault}",
        PARKED: f"was given up at {step.ended}, until the run is retried: {fault}",
    }
    return words[step.state]


async def retry(writing: Writing, context: Context, asked: Sequence[Retry]) -> list[Run | Failure]:
    """Let steps that were parked be tried again, with what was skipped for them; a Failure where nothing is parked."""
    found = await load(writing, context, {each.key for each in asked})
    now = context.stamp()
    answers: list[Run | Failure] = []
    entries: list[Entry] = []
    for each in asked:
        run = found.get(each.key)
        refused = _unretriable(each, run)
        if refused is not None or run is None:
            answers.append(refused or Failure.not_found(NOT_KNOWN))
            continue
        parked = [step.number for step in run.steps if step.state == PARKED]
        moves = [move for number in parked for move in advance(run, Released(number))]
        detail = {"run": run.number, "steps": parked, "events": told(moves)}
        done = Done(run, each.customer_id, 202, detail)
        entries.append(changes.entry(each.call, each.partner.org_id, "runs.retry", now, done))
        answers.append(run)
    await save(writing, found.values(), now)
    await journal.write(writing, entries)
    await writing.announce(WORK)
    return answers


def _unretriable(asked: Retry, run: Run | None) -> Failure | None:
    if run is None:
        return Failure.not_found(NOT_KNOWN)
    if not 1 <= asked.run <= run.number:
        return Failure.not_found(NO_RUN)
    if asked.run != run.number:
        return Failure.conflict(
            f"run: run {run.number} followed it, and is what counts now; retry that, or send an update"
        )
    if run.kind != DELETE and asked.partner.suspended:
        return Failure.forbidden(SUSPENDED)
    if run.kind != DELETE and run.customer.review == DENIED:
        return Failure.conflict("customerId: the compliance review denied the customer; it can only be removed")
    if all(step.state != PARKED for step in run.steps):
        return Failure.conflict("run: none of its steps is parked; what failed for good is tried again by an update")
    return None


async def load(writing: Writing, context: Context, keys: Iterable[Key]) -> dict[Key, Run]:
    """The last runs of these customers that there are, their customers locked."""
    locked = await customers_store.load(writing, context.rulebook.packages, keys, lock=True)
    return await store.load(writing, locked, {(*key, customer.run) for key, customer in locked.items()})


async def save(writing: Writing, runs: Iterable[Run], now: str) -> None:
    """Write what was changed of runs that nobody works at just now; what is ready is due at once."""
    changed = list(runs)
    there = [run.customer for run in changed]
    await customers_store.progress(writing, [customer for customer in there if customer.changed])
    held = [(customer, each) for customer in there for each in customer.packages.values() if each.changed]
    await customers_store.update_packages(writing, held)
    steps = [(run, step, now if step.state == READY else None) for run in changed for step in run.steps if step.changed]
    await store.record(writing, steps, now)
    await store.settle(writing, [run for run in changed if run.customer.live], None)

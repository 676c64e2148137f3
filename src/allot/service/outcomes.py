"""Outcomes: ordering what shall become of a run's steps, and taking that back."""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.core import run as core
from allot.core.call import Call
from allot.core.customer import DELETE, PENDING
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.core.outcome import HOLD, REVIEW, Draft, Outcome
from allot.core.run import HELD, SETTLED, Released, Run, advance
from allot.service import changes, runs
from allot.service.changes import Done
from allot.service.context import Context
from allot.service.customers import NOT_KNOWN, WORK, told
from allot.service.identifiers import new_id
from allot.store import journal
from allot.store import outcomes as store
from allot.store.customers import Key
from allot.store.database import Reading, Writing

NO_OUTCOME = "outcomeId: no outcome has this id"


@dataclass(slots=True, eq=False)
class Ordering:
    """What shall happen to one run of a customer, or of the next customer that is provisioned."""

    call: Call
    #: the partner or sub-partner
    org_id: str
    customer_id: str | None
    draft: Draft


@dataclass(slots=True, eq=False)
class Cancelling:
    """An outcome that shall not happen any more."""

    call: Call
    org_id: str
    id: str


async def order(writing: Writing, context: Context, asked: Sequence[Ordering]) -> list[Outcome | Failure]:
    """Order outcomes, each for the run of its customer that lives, else for the next one."""
    found = await runs.load(writing, context, {(each.org_id, each.customer_id) for each in asked if each.customer_id})
    now = context.stamp()
    answers: list[Outcome | Failure] = []
    entries: list[Entry] = []
    for each in asked:
        run = found.get((each.org_id, each.customer_id or ""))
        faults = each.draft.faults(context.rulebook.packages)
        if faults or (each.customer_id and run is None):
            answers.append(Failure.invalid(*faults) if faults else Failure.not_found(NOT_KNOWN))
            continue
        live = run if run is not None and run.customer.live else None
        outcome = _outcome(each, live, now)
        refused = _unorderable(outcome, live)
        if refused is not None:
            answers.append(refused)
            continue
        await store.insert(writing, outcome)
        moves = core.review(live, PENDING) if live is not None and outcome.kind == REVIEW else []
        detail = {"id": outcome.id, "kind": outcome.kind, "target": outcome.target, "events": told(moves)}
        done = Done(outcome, each.customer_id or "", 201, detail)
        entries.append(changes.entry(each.call, each.org_id, "outcomes.order", now, done))
        answers.append(outcome)
    await runs.save(writing, found.values(), now)
    await journal.write(writing, entries)
    return answers


def _outcome(asked: Ordering, live: Run | None, now: str) -> Outcome:
    draft = asked.draft
    return Outcome(
        asked.org_id,
        new_id(),
        asked.customer_id,
        live.number if live is not None else None,
        draft.target,
        draft.kind,
        draft.notice,
        draft.times or 1,
        draft.milliseconds,
        now,
    )


def _unorderable(outcome: Outcome, live: Run | None) -> Failure | None:
    """Why an outcome cannot be ordered for a run that lives."""
    if live is None:
        return None
    if outcome.kind == REVIEW:
        if live.customer.review == PENDING or live.kind == DELETE:
            return Failure.conflict("customerId: the customer is being reviewed or removed already")
        return None
    if any(step.state not in SETTLED and outcome.concerns(step) for step in live.steps):
        return None
    return Failure.conflict(
        f"target: run {live.number} has no step left that this would be for; order it when that run has come to its end"
    )


async def cancel(writing: Writing, context: Context, asked: Sequence[Cancelling]) -> list[Outcome | Failure]:
    """Take outcomes back; what one of them holds goes on, unless another one holds it too."""
    peeked = [await store.find(writing, each.org_id, each.id) for each in asked]
    found = await runs.load(writing, context, {(o.org_id, o.customer_id) for o in peeked if o and o.customer_id})
    now = context.stamp()
    answers: list[Outcome | Failure] = []
    entries: list[Entry] = []
    for each in asked:
        # Again: until now it could be bound to a customer, or be gone.
        outcome = await store.lock(writing, each.org_id, each.id)
        if outcome is None:
            answers.append(Failure.not_found(NO_OUTCOME))
            continue
        if outcome.customer_id and (outcome.org_id, outcome.customer_id) not in found:
            found |= await runs.load(writing, context, [(outcome.org_id, outcome.customer_id)])
        await store.delete(writing, each.org_id, each.id)
        released = await _release(writing, found, outcome) if outcome.kind == HOLD else []
        detail = {"id": outcome.id, "kind": outcome.kind, "target": outcome.target, "released": released}
        done = Done(outcome, outcome.customer_id or "", 204, detail)
        entries.append(changes.entry(each.call, each.org_id, "outcomes.cancel", now, done))
        answers.append(outcome)
    await runs.save(writing, found.values(), now)
    await journal.write(writing, entries)
    await writing.announce(WORK)
    return answers


async def _release(writing: Writing, found: dict[Key, Run], outcome: Outcome) -> list[int]:
    """Let the steps go on that a hold holds, and no other one; their numbers."""
    key = (outcome.org_id, outcome.customer_id or "")
    run = found.get(key)
    if run is None or run.number != outcome.run:
        return []
    left = (await store.of_runs(writing, [(*key, run.number)])).get(key, [])
    held = [step for step in run.steps if step.state == HELD and outcome.concerns(step)]
    free = [step.number for step in held if not any(o.kind == HOLD and o.concerns(step) for o in left)]
    for number in free:
        advance(run, Released(number))
    return free


async def page(reading: Reading, org_id: str, after: str, size: int) -> list[Outcome]:
    """What is ordered for a partner's customers, in the order of its ids, after one."""
    return await store.of_partner(reading, org_id, after, size)

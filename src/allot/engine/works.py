"""Works: the steps of one transaction, loaded together, carried out one by one, and saved together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from allot.core.customer import Customer
from allot.core.journal import Entry
from allot.core.outcome import FAIL, FLAKY, HOLD, SLOW, WARN, Outcome, event, ordered
from allot.core.package import Notice
from allot.core.pause import pause
from allot.core.run import DONE, FAILED, LOCATION, PARKED, READY, Event, Failed, Move, Run, Step, advance
from allot.engine import removals
from allot.engine.steps import STEPS, Work, changes_licenses
from allot.service.clock import later
from allot.service.context import Context
from allot.service.customers import told
from allot.store import customers, imports, licenses, organizations, outcomes, partners, runs, usage
from allot.store.customers import Key
from allot.store.database import Writing
from allot.store.runs import Claim

# Between attempts: doubled each time, and spread so that what failed together does not come back together.
BACKOFF_SECONDS = 0.5
BACKOFF_SECONDS_MAX = 60.0
#: the status in the journal of what became of a step; of others, that wait or are held, 202
OUTCOMES = {DONE: 200, READY: 503, FAILED: 500, PARKED: 500}
UNEXPECTED = 90000
#: why a step fails that was not carried out: a fault of allot that its log tells more of, or the end of its workers
FAULT = "allot failed in a way that its log has the details of"
LEFT = "each worker that carried it out ended before it could say what became of it"


@dataclass(slots=True, eq=False)
class _Result:
    """What became of one step."""

    run: Run
    step: Step
    outcome: Outcome | None
    moves: list[Move]
    attempt: int = 0


@dataclass(slots=True, eq=False)
class Carried:
    """What was carried out: the journal's entries, and how many claims came too late, others' by then."""

    entries: list[Entry] = field(default_factory=list)
    late: int = 0


async def carry_out(writing: Writing, context: Context, claims: Sequence[Claim], failure: str = "") -> Carried:
    """Carry out claimed steps, each with its event and its statuses; with `failure` each failed for this reason.

    The entries are still to be written, as the last of the transaction: that locks the partners, for whom all work.
    """
    if not claims:
        return Carried()
    held, work, found = await _load(writing, context, claims)
    results = [_step(work, claim, found.get(claim.key, []), failure) for claim in held]
    await _save(writing, context, work, results)
    return Carried([_entry(work.now, result) for result in results], len(claims) - len(held))


async def _load(
    writing: Writing, context: Context, claims: Sequence[Claim]
) -> tuple[list[Claim], Work, dict[Key, list[Outcome]]]:
    """Lock what the claims are about, organizations first; then load it, one statement a table."""
    keys = sorted({claim.key for claim in claims})
    made = await organizations.lock_customers(writing, keys)
    locked = await customers.load(writing, context.rulebook.packages, keys, lock=True)
    held = await runs.hold(writing, claims)
    wanted = {(claim.org_id, claim.customer_id, claim.run) for claim in held}
    found = await runs.load(writing, locked, wanted)
    steps = [(found[claim.key], found[claim.key].steps[claim.step]) for claim in held]
    changed = {run.customer.customer_org_id for run, step in steps if changes_licenses(run, step)} & made.keys()
    placed = {run.customer.customer_org_id for run, step in steps if step.name == LOCATION} & made.keys()
    work = Work(
        context.rulebook,
        context.stamp(),
        found,
        await partners.load(writing, {org_id for org_id, _ in keys}),
        await organizations.load(writing, context.rulebook.offers, sorted(changed), sites=False),
        await organizations.location_names(writing, placed) if placed else {},
        made,
    )
    return held, work, await outcomes.of_runs(writing, wanted)


def _step(work: Work, claim: Claim, found: list[Outcome], failure: str) -> _Result:
    run = work.runs[claim.key]
    step = run.steps[claim.step]
    outcome = None if failure else ordered(found, step)
    event_ = _event(work, run, step, outcome, failure)
    if outcome is not None and outcome.kind == WARN and isinstance(event_, Failed):
        outcome = None  # it failed all by itself
    return _Result(run, step, outcome, advance(run, event_), claim.attempt)


def _event(work: Work, run: Run, step: Step, outcome: Outcome | None, failure: str) -> Event:
    if failure:
        return Failed(step.number, step.attempts, Notice(UNEXPECTED, failure))
    if outcome is None:
        return STEPS[step.name](work, run, step)
    if outcome.kind in (HOLD, SLOW, FAIL, FLAKY):
        return event(outcome, step, Failed(step.number, step.attempts, outcome.notice))
    return event(outcome, step, STEPS[step.name](work, run, step))


async def _save(writing: Writing, context: Context, work: Work, results: Sequence[_Result]) -> None:
    """Write everything that the steps changed."""
    await imports.insert(writing, work.rows, work.now, work.now)
    await licenses.set_units(writing, work.units)
    await removals.take_down(writing, context, work.gone, work.runs.values())
    touched = list({id(result.run): result.run for result in results}.values())
    gone = {_key(customer) for customer in work.ended}
    await _save_customers(writing, results, gone)
    tried = {id(result.step): result for result in results}
    steps = [(r, step, _due(context, step, tried.get(id(step)))) for r in touched for step in r.steps if step.changed]
    await runs.record(writing, steps, work.now)
    await runs.settle(writing, [run for run in touched if run.settled], work.now)
    for customer in work.ended:
        await usage.close_customer(writing, customer.org_id, customer.id, work.now[:10])
    await outcomes.forget(writing, sorted(gone))
    await customers.delete(writing, sorted(gone))


async def _save_customers(writing: Writing, results: Sequence[_Result], gone: set[Key]) -> None:
    kept = [result for result in results if _key(result.run.customer) not in gone]
    there = list({_key(result.run.customer): result.run.customer for result in kept}.values())
    await customers.progress(writing, [customer for customer in there if customer.changed])
    held = [(customer, each) for customer in there for each in customer.packages.values() if each.changed]
    await customers.update_packages(writing, held)
    left = [(*_key(r.run.customer), move.package) for r in kept for move in r.moves if move.package and not move.after]
    await customers.delete_packages(writing, left)


def _key(customer: Customer) -> Key:
    return customer.org_id, customer.id


def _due(context: Context, step: Step, tried: _Result | None) -> str | None:
    """When a step that is ready may be carried out; `tried` when it was tried just now."""
    if step.state != READY:
        return None
    if tried is None:
        return later(context.now(), milliseconds=step.takes)
    if tried.outcome is not None and tried.outcome.kind == SLOW:
        return later(context.now(), milliseconds=tried.outcome.milliseconds)
    name = f"{tried.run.customer.id}/{step.number}"
    return later(context.now(), seconds=pause(name, tried.attempt, BACKOFF_SECONDS, BACKOFF_SECONDS_MAX))


def _entry(now: str, result: _Result) -> Entry:
    """The journal's entry about one attempt at a step."""
    run, step = result.run, result.step
    detail = {
        "run": run.number,
        "step": step.name,
        "attempt": result.attempt,
        "state": step.state,
    }
    if step.package:
        detail["package"] = step.package
    if step.fault is not None:
        detail["fault"] = step.fault
    if result.outcome is not None:
        detail["ordered"] = result.outcome.id
    customer = run.customer
    if result.moves:
        detail |= {"externalId": customer.external_id, "events": told(result.moves)}
    status = OUTCOMES.get(step.state, 202)
    return Entry(customer.org_id, now, run.tracking_id, "runs.step", None, customer.id, status, detail)

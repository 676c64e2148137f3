"""Removals: taking a package's licenses from everybody who has them, before the licenses go."""

from collections.abc import Iterable, Sequence
from typing import Any

from allot.core.journal import Entry
from allot.core.outcome import REVIEW, WARN, ordered
from allot.core.run import REMOVE, Run
from allot.service import holdings
from allot.service.context import Context
from allot.service.holdings import Needs
from allot.store import customers, licenses, organizations, outcomes, runs
from allot.store.database import Database, Writing
from allot.store.runs import Claim

# People whom one transaction takes licenses from: others of the organization wait meanwhile.
PIECE = 1_000

#: a license of an organization, by its number
Place = tuple[str, int]


async def lighten(database: Database, context: Context, claims: Sequence[Claim]) -> None:
    """Before licenses go that very many people have: take them from most, some at a time, each a transaction.

    What is left is little enough for the step itself. A removal that fails in between goes on where it was.
    """
    claims = [claim for claim in claims if claim.name == REMOVE]
    if not claims:
        return
    keys = {claim.key for claim in claims}
    async with database.reading() as reading:
        there = await customers.load(reading, context.rulebook.packages, keys)
        ids = [
            (c.customer_org_id, id) for c in there.values() for held in c.packages.values() for id in held.license_ids
        ]
        many = await licenses.consumed(reading, ids) > PIECE
    while many:
        async with database.writing() as writing:
            many = await _take_some(writing, context, claims)


async def _take_some(writing: Writing, context: Context, claims: Sequence[Claim]) -> bool:
    """Take what removals are about from some people; whether more than one transaction's worth was left."""
    keys = sorted({claim.key for claim in claims})
    await organizations.lock_customers(writing, keys)
    locked = await customers.load(writing, context.rulebook.packages, keys, lock=True)
    held = await runs.hold(writing, claims)
    wanted = {(claim.org_id, claim.customer_id, claim.run) for claim in held}
    found = await runs.load(writing, locked, wanted)
    told = await outcomes.of_runs(writing, wanted)
    ids: list[tuple[str, str]] = []
    for claim in held:
        run = found[claim.key]
        step = run.steps[claim.step]
        outcome = ordered(told.get(claim.key, []), step)
        # What was ordered to fail, or to wait, takes nothing from anybody.
        if outcome is None or outcome.kind in (WARN, REVIEW):
            ids += [(run.customer.customer_org_id, id) for id in run.customer.packages[step.package].license_ids]
    holders = await licenses.holder_ids(writing, await licenses.places(writing, ids), PIECE + 1)
    if len(holders) <= PIECE:
        return False
    await _take(writing, context, holders[:PIECE], found.values())
    return True


async def take_down(writing: Writing, context: Context, gone: Sequence[Place], runs_: Iterable[Run]) -> None:
    """Take licenses from all who have them, and delete them."""
    if not gone:
        return
    await _take(writing, context, await licenses.holder_ids(writing, gone), runs_)
    await licenses.delete(writing, gone)


async def _take(
    writing: Writing, context: Context, holders: Sequence[tuple[str, int, str]], runs_: Iterable[Run]
) -> None:
    """Take from each (organization, number of a license, person) that license; their organizations are locked."""
    if not holders:
        return
    taken: dict[tuple[str, str], int] = {}
    for org_id, number, person_id in holders:
        taken[org_id, person_id] = taken.get((org_id, person_id), 0) | 1 << number
    needs = Needs({org_id for org_id, _ in taken}, set(taken))
    batch = await holdings.view(writing, context, needs, needs.org_ids)
    by_organization = {run.customer.customer_org_id: run for run in runs_}
    for key, licenses_ in taken.items():
        person, organization = batch.by_id[key], batch.organizations[key[0]]
        before = person.holding
        batch.hold(person, holdings.without(context.rulebook, organization, before, licenses_))
        if person.holding != before:
            told = {"before": holdings.held(organization, before), "after": holdings.held(organization, person.holding)}
            batch.entries.append(_entry(batch.now, by_organization[key[0]], person.id, told))
    await holdings.save(writing, batch)
    # Invitations that have run out are held by nobody, and still there.
    await licenses.forget(writing, holders)


def _entry(now: str, run: Run, person_id: str, told: dict[str, Any]) -> Entry:
    """The journal's entry, in the person's organization, about what was taken from them."""
    org_id, detail = run.customer.customer_org_id, {"run": run.number, "customer": run.customer.id} | told
    return Entry(org_id, now, run.tracking_id, "licenses.withdraw", None, person_id, 200, detail)

"""Removals: taking a package's licenses from everybody who has them, and ending a customer's subscribers.

Where there are very many of them, most go before the licenses and the customer do, some at a time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from allot.core.journal import Entry
from allot.core.outcome import REVIEW, WARN, ordered
from allot.core.run import MAPPING, REMOVE, Run, Step
from allot.service import departures, holdings
from allot.service.context import Context
from allot.service.holdings import Needs
from allot.store import customers, licenses, organizations, outcomes, runs, subscribers
from allot.store.database import Database, Writing
from allot.store.runs import Claim, Lease

# People whom one transaction takes licenses from, and subscribers that it ends: others wait meanwhile.
PIECE = 1_000

#: a license of an organization, by its number
Place = tuple[str, int]


async def lighten(database: Database, context: Context, claims: Sequence[Claim], lease: Lease) -> None:
    """Before licenses go that very many people have: take them from most, some at a time, each a transaction.

    Likewise with the subscribers of a customer that goes. What is left is little enough for the step itself. A removal
    that fails in between goes on where it was. With each piece its claim is renewed for another lease.
    """
    removals = [claim for claim in claims if claim.name == REMOVE]
    if removals and await _have_many(database, context, removals):
        while await _take_some(database, context, removals, lease):
            pass
    endings = [claim for claim in claims if claim.name == MAPPING]
    if endings and await _are_many(database, endings):
        while await _end_some(database, context, endings, lease):
            pass


async def _have_many(database: Database, context: Context, claims: Sequence[Claim]) -> bool:
    """Whether more people have, or are invited to, licenses of these customers than one transaction takes from."""
    async with database.reading() as reading:
        there = await customers.load(reading, context.rulebook.packages, {claim.key for claim in claims})
        ids = [
            (c.customer_org_id, id) for c in there.values() for held in c.packages.values() for id in held.license_ids
        ]
        places = await licenses.places(reading, ids)
        return len(await licenses.holder_ids(reading, places, PIECE + 1)) > PIECE


async def _are_many(database: Database, claims: Sequence[Claim]) -> bool:
    """Whether these customers have more subscribers than one transaction ends."""
    async with database.reading() as reading:
        return len(await subscribers.some(reading, {claim.key for claim in claims}, PIECE + 1)) > PIECE


async def _take_some(database: Database, context: Context, claims: Sequence[Claim], lease: Lease) -> bool:
    """Take what removals are about from some people; whether more than one transaction's worth was left."""
    async with database.writing() as writing:
        steps = await _undisturbed(writing, context, claims, lease)
        ids = [
            (run.customer.customer_org_id, id)
            for run, step in steps
            for id in run.customer.packages[step.package].license_ids
        ]
        holders = await licenses.holder_ids(writing, await licenses.places(writing, ids), PIECE + 1)
        if len(holders) <= PIECE:
            return False
        await _take(writing, context, holders[:PIECE], [run for run, _ in steps])
        return True


async def _end_some(database: Database, context: Context, claims: Sequence[Claim], lease: Lease) -> bool:
    """End the mappings of some subscribers; whether more than one transaction's worth was left."""
    async with database.writing() as writing:
        steps = await _undisturbed(writing, context, claims, lease)
        keys = {(run.customer.org_id, run.customer.id) for run, _ in steps}
        found = await subscribers.some(writing, keys, PIECE + 1)
        if len(found) <= PIECE:
            return False
        await departures.forget(writing, found[:PIECE], context.stamp())
        return True


async def _undisturbed(
    writing: Writing, context: Context, claims: Sequence[Claim], lease: Lease
) -> list[tuple[Run, Step]]:
    """The steps of those claims that are still held, locked, but for those that something else is ordered for."""
    keys = sorted({claim.key for claim in claims})
    await organizations.lock_customers(writing, keys)
    locked = await customers.load(writing, context.rulebook.packages, keys, lock=True)
    held = await runs.hold(writing, claims)
    # The heart passes by what is locked, and these are locked for nearly all of the time that the pieces take together.
    await runs.renew(writing, held, lease)
    wanted = {(claim.org_id, claim.customer_id, claim.run) for claim in held}
    found = await runs.load(writing, locked, wanted)
    told = await outcomes.of_runs(writing, wanted)
    steps = [(claim, found[claim.key], found[claim.key].steps[claim.step]) for claim in held]
    # What was ordered to fail, or to wait, takes nothing from anybody.
    orders = [(run, step, ordered(told.get(claim.key, []), step)) for claim, run, step in steps]
    return [(run, step) for run, step, outcome in orders if outcome is None or outcome.kind in (WARN, REVIEW)]


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

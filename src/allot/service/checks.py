"""Checks: whether what is stored is consistent, and what people hold is legal."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from allot.core.customer import Customer
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.package import Held
from allot.core.rule import DOUBLE, Rule
from allot.core.rulebook import Rulebook
from allot.store import checks as store
from allot.store import organizations
from allot.store.database import Database, Reading, Row


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. A `warning` is legal to store and none of allot's doing."""

    org_id: str
    text: str
    warning: bool = False


async def check(database: Database, rulebook: Rulebook) -> AsyncIterator[Finding]:
    """Everything that is wrong: recounts what is counted, and holds every holding against the rules."""
    async with database.reading() as reading:
        async for finding in _consistency(reading):
            yield finding
        async for finding in _subscribers(reading):
            yield finding
        async for finding in _runs(reading):
            yield finding
        async for finding in _customers(reading, rulebook):
            yield finding
        unknown = [finding async for finding in _offers(reading, rulebook)]
        for finding in unknown:
            yield finding
        if unknown:
            return  # what people hold cannot be read by this rulebook
        for org_id in await organizations.names(reading):
            async for finding in _holdings(reading, rulebook, org_id):
                yield finding


async def _consistency(reading: Reading) -> AsyncIterator[Finding]:
    for org_id, table, parent, count in await store.lost(reading):
        yield Finding(org_id, f"{table}: {count} of its rows refer to {parent} that are not there")
    for org_id, license_id, counted, kept in await store.counters(reading):
        yield Finding(org_id, f"license {license_id}: {counted} people hold it, its counter says {kept}")
    for org_id, says, there, last in await store.journals(reading):
        yield Finding(org_id, f"journal: {there} entries, the last is {last}, the organization says {says}")
    for org_id, email, site in await store.overlaps(reading):
        yield Finding(org_id, f"{email}: host and attendee of {site} at once")
    for org_id, email, what in await store.pending(reading):
        yield Finding(org_id, f"{email}: {what} is pending, though the person is of the organization itself")
    for org_id, email, number, belongs, location in await store.numbers(reading):
        yield Finding(org_id, f"{email}: number {number} belongs to location {belongs}, the person is at {location}")
    for org_id, email, extension, location, park in await store.extensions(reading):
        yield Finding(org_id, f"{email}: extension {extension} at location {location} is also call park {park}")


async def _subscribers(reading: Reading) -> AsyncIterator[Finding]:
    for org_id, customer_id, name, counted, kept in await store.packages(reading):
        yield Finding(org_id, f"customer {customer_id}: {counted} subscribers have {name}, its counter says {kept}")
    for org_id, email in await store.mappings(reading):
        yield Finding(org_id, f"subscriber {email}: is nobody of this email in the customer's organization")
    for org_id, email in await store.billed(reading):
        yield Finding(org_id, f"subscriber {email}: the packages in use are not those that the subscriber has")


async def _runs(reading: Reading) -> AsyncIterator[Finding]:
    for org_id, customer_id, says, there in await store.lives(reading):
        told = f"says that {says or 'none'} of its runs is under way, and {there or 'none'} is"
        yield Finding(org_id, f"customer {customer_id}: {told}")
    for org_id, customer_id, says, there in await store.last_runs(reading):
        yield Finding(org_id, f"customer {customer_id}: says that its last run is {says}, and it is {there}")
    for org_id, customer_id, run, settled, left in await store.settlements(reading):
        told = f"run {run} is {'settled' if settled else 'not settled'}, and has {left} steps left to do"
        yield Finding(org_id, f"customer {customer_id}: {told}")
    for org_id, customer_id, run, step in await store.leases(reading):
        yield Finding(org_id, f"customer {customer_id}: step {step} of run {run} is claimed, by nobody")


async def _customers(reading: Reading, rulebook: Rulebook) -> AsyncIterator[Finding]:
    """Statuses that do not follow from what there is, and packages whose licenses are not there."""
    unknown = [each for each in await store.packages_used(reading) if each[2] not in rulebook.packages]
    for org_id, customer_id, name in unknown:
        yield Finding(org_id, f"customer {customer_id}: its package {name} is not in the rulebook {rulebook.name}")
    if unknown:
        return
    for org_id in await store.providers(reading):
        async for rows in store.customers(reading, org_id):
            for told in _customer(rulebook, rows):
                yield Finding(org_id, f"customer {rows[0][0]}: {told}")


def _customer(rulebook: Rulebook, rows: list[Row]) -> Iterator[str]:
    """What is wrong with a customer, whose rows have a package each, or one has none."""
    customer_id, status, live, review, errors, *_ = rows[0]
    customer = Customer("", customer_id, "", "", "", "", {}, {}, "", live=live, review=review)
    customer.errors = json.loads(errors)
    for *_, name, shown, faults, license_ids, there in rows:
        if name is not None:
            customer.packages[name] = Held(rulebook.packages[name], shown, errors=json.loads(faults))
            lacking = len(json.loads(license_ids)) - there
            if lacking:
                yield f"{lacking} licenses of its package {name} are not there"
    if customer.derive() != status:
        yield f"is {status}; by its packages and its run it is {customer.derive()}"


async def _offers(reading: Reading, rulebook: Rulebook) -> AsyncIterator[Finding]:
    for org_id, offer, license_id in await store.offers(reading):
        if offer not in rulebook.offers:
            yield Finding(org_id, f"license {license_id}: its offer {offer} is not in the rulebook {rulebook.name}")


async def _holdings(reading: Reading, rulebook: Rulebook, org_id: str) -> AsyncIterator[Finding]:
    """Warnings for what the rules would not give; people who hold the same are one warning."""
    organization = (await organizations.load(reading, rulebook.offers, [org_id], sites=False))[org_id]
    for license in organization.licenses.values():
        if license.policy == "strict" and not license.offer.free and license.consumed_units > license.total_units:
            used = f"{license.consumed_units} of {license.total_units} units are used"
            yield Finding(org_id, f"license {license.id}: {used}, though its policy is strict", warning=True)
    alike: dict[tuple[int, bool, bool], list[str]] = {}
    async for email, home, location, licenses in store.holders(reading, org_id):
        key = (licenses, home != org_id, location is not None)
        people = alike.setdefault(key, [])
        # Only the first is named; the rest is counted.
        people.append(email if not people else "")
    for (licenses, external, located), people in alike.items():
        for problem in _problems(rulebook, organization, licenses, external, located):
            who = people[0] if len(people) == 1 else f"{people[0]} and {len(people) - 1} more"
            yield Finding(org_id, f"{who}: {problem}", warning=True)


def _problems(
    rulebook: Rulebook, organization: Organization, licenses: int, external: bool, located: bool
) -> list[str]:
    """What the rules say of a state, and whether a calling user has a place to call from."""
    held = organization.held(licenses)
    offers = organization.offers(licenses) & ~DOUBLE
    holds = f"holds {', '.join(license.name for license in held) or 'nothing'}"
    problems = [
        f"{holds}; {rule.remedy} ({rule.id})" for rule in rulebook.rules if _is_broken(rule, held, offers, external)
    ]
    if located and not offers & rulebook.calling:
        problems.append(f"{holds}, and is at a calling location without a calling license")
    if offers & rulebook.calling and not located:
        problems.append(f"{holds}, and is at no calling location")
    return problems


def _is_broken(rule: Rule, held: list[License], offers: int, external: bool) -> bool:
    """Whether a rule is broken by what is held, whichever way it came to be held."""
    if rule.kind == "one-of":
        return any(sum(1 for license in held if license.offer.bit & each) > 1 for each in rule.sets)
    if rule.kind == "external":
        return external and any(not license.offer.meetings for license in held)
    return rule.kind in ("conflict", "requires") and rule.may_be_broken(0, 0, offers)

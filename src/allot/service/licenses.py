"""Licenses: assigning them to people. One path for one request and for many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core.call import Call
from allot.core.decision import Decision, decide
from allot.core.failure import Failure
from allot.core.holding import Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.journal import Entry
from allot.core.judgement import Situation
from allot.core.organization import Number, Organization
from allot.core.person import Person
from allot.core.rulebook import Rulebook
from allot.service.clock import later, stamp
from allot.service.context import Context
from allot.store import holdings, journal, organizations
from allot.store.database import Writing

# Invitations of people of another organization run out after this; documented by HELP:v71ztb.
PENDING_DAYS = 15


@dataclass(frozen=True, slots=True)
class Asked:
    """One license that is asked for: its id, as the request wrote it, and what to do."""

    id: str
    text: str
    add: bool
    properties: Properties | None = None


@dataclass(slots=True, eq=False)
class Assignment:
    """What is asked for one person: licenses and attendee sites to add or remove, each once."""

    call: Call
    org_id: str
    person_id: str | None
    #: in lower case
    email: str | None
    licenses: list[Asked] = field(default_factory=list)
    #: (site url, add)
    sites: list[tuple[str, bool]] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Assigned:
    """What became of an assignment: the decision, and the person as it left them."""

    organization: Organization
    person: Person
    decision: Decision

    @property
    def status(self) -> int:
        """200 when every item was accepted, 206 when some were, 400 when none was."""
        if not any(self.decision.faults):
            return 200
        return 206 if None in self.decision.faults else 400


@dataclass(slots=True, eq=False)
class _Batch:
    """Everything that the assignments of one transaction are decided against."""

    organizations: dict[str, Organization]
    by_id: dict[holdings.Key, Person]
    by_email: dict[holdings.Key, Person]
    #: what each touched person held before the batch
    before: dict[holdings.Key, Holding] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


async def assign(writing: Writing, context: Context, assignments: Sequence[Assignment]) -> list[Assigned | Failure]:
    """Decide and save assignments in their order, each against the state that the earlier ones left.

    A refusal is an outcome like another: it is journaled, and fails no other assignment.
    """
    now, rulebook = context.now(), context.rulebook
    batch = await _load(writing, rulebook, assignments, stamp(now))
    outcomes = [_carry_out(rulebook, batch, assignment, stamp(now)) for assignment in assignments]
    changes = holdings.Changes()
    pending_until = later(now, days=PENDING_DAYS)
    for key, before in batch.before.items():
        person = batch.by_id[key]
        changes.gather(person, before, stamp(now), pending_until if person.external else None)
    await holdings.save(writing, changes)
    await journal.write(writing, batch.entries)
    return outcomes


async def preview(writing: Writing, context: Context, assignments: Sequence[Assignment]) -> list[Assigned | Failure]:
    """Decide as `assign` would, one after the other, and write nothing."""
    now, rulebook = context.stamp(), context.rulebook
    batch = await _load(writing, rulebook, assignments, now)
    return [_carry_out(rulebook, batch, assignment, now) for assignment in assignments]


async def _load(writing: Writing, rulebook: Rulebook, assignments: Sequence[Assignment], now: str) -> _Batch:
    """All that the assignments need, one statement a table."""
    org_ids = {assignment.org_id for assignment in assignments}
    existing = sorted(await organizations.lock(writing, org_ids))
    asked = [assignment for assignment in assignments if assignment.org_id in existing]
    sites = any(assignment.sites for assignment in asked)
    loaded = await organizations.load(writing, rulebook.offers, existing, sites=sites)
    locations: set[tuple[str, str]] = set()
    numbers: set[tuple[str, str]] = set()
    extensions: set[tuple[str, str]] = set()
    for assignment in asked:
        for offered in (asked_for.properties for asked_for in assignment.licenses):
            if offered is not None:
                locations.add((assignment.org_id, offered.location_id or ""))
                numbers.add((assignment.org_id, offered.phone_number or ""))
                extensions.add((assignment.org_id, offered.extension or ""))
    await organizations.load_calling(writing, loaded, locations, numbers, extensions)
    ids = {(assignment.org_id, assignment.person_id) for assignment in asked if assignment.person_id}
    emails = {(assignment.org_id, assignment.email) for assignment in asked if assignment.email}
    return _Batch(loaded, *await holdings.load(writing, ids, emails, now))


def _carry_out(rulebook: Rulebook, batch: _Batch, assignment: Assignment, now: str) -> Assigned | Failure:
    """Decide one assignment and make the batch's state what it becomes."""
    person = _person(batch, assignment)
    if isinstance(person, Failure):
        return person
    organization = batch.organizations[assignment.org_id]
    situation = Situation(organization, person.id, person.external, person.holding)
    decision = decide(rulebook, situation, _items(organization, assignment))
    if decision.after != decision.before:
        batch.before.setdefault((person.org_id, person.id), person.holding)
        _apply(organization, person, decision)
    assigned = Assigned(organization, person, decision)
    call = assignment.call
    batch.entries.append(
        Entry(
            assignment.org_id,
            now,
            call.tracking_id,
            "licenses.assign",
            call.caller.person_id,
            person.id,
            assigned.status,
            _detail(organization, call, decision),
        )
    )
    return assigned


def _person(batch: _Batch, assignment: Assignment) -> Person | Failure:
    by_id = batch.by_id.get((assignment.org_id, assignment.person_id or ""))
    by_email = batch.by_email.get((assignment.org_id, assignment.email or ""))
    if (assignment.person_id and by_id is None) or (assignment.email and by_email is None):
        return Failure.not_found("The person is not known to this organization. Check personId, email and orgId")
    if by_id is not None and by_email is not None and by_id is not by_email:
        return Failure.invalid(
            "email and personId are of different people. Send one of them, or both of the same person"
        )
    person = by_id or by_email
    assert person is not None  # the request names one of them
    return person


def _items(organization: Organization, assignment: Assignment) -> list[Item]:
    items: list[Item] = []
    for asked in assignment.licenses:
        license = organization.licenses.get(asked.id)
        items.append(
            UnknownItem(asked.text, asked.add) if license is None else LicenseItem(license, asked.add, asked.properties)
        )
    items += [SiteItem(url, add) for url, add in assignment.sites]
    return items


def _apply(organization: Organization, person: Person, decision: Decision) -> None:
    """Make the person and the organization's counters, numbers and extensions what was decided."""
    before, after = decision.before, decision.after
    given, taken = after.licenses & ~before.licenses, before.licenses & ~after.licenses
    if person.external:
        person.pending_licenses |= given
        person.pending_sites |= after.attendee - before.attendee
    else:
        for license in organization.held(given):
            license.consumed_by_users += 1
    for license in organization.held(taken & ~person.pending_licenses):
        license.consumed_by_users -= 1
    if before.calling != after.calling:
        _move(organization, person, decision)
    person.holding = after


def _move(organization: Organization, person: Person, decision: Decision) -> None:
    before, after = decision.before.calling, decision.after.calling
    if before is not None:
        number = organization.numbers.get(before.phone_number or "")
        if number is not None:
            number.owner_id = None
        organization.extensions.pop((before.location_id, before.extension or ""), None)
    if after is not None:
        if after.phone_number:
            organization.numbers.setdefault(after.phone_number, Number(after.location_id, None)).owner_id = person.id
        if after.extension:
            organization.extensions[after.location_id, after.extension] = person.id


def _detail(organization: Organization, call: Call, decision: Decision) -> dict[str, Any]:
    """What the journal keeps of a decision."""
    detail: dict[str, Any] = {
        "items": [_shown(item) for item in decision.items],
        "before": _held(organization, decision.before),
        "after": _held(organization, decision.after),
    }
    if any(decision.faults):
        detail["refused"] = {str(n): rule.id for n, rule in enumerate(decision.faults) if rule is not None}
    if call.address or call.agent:
        detail["from"] = {"address": call.address, "agent": call.agent}
    return detail


def _shown(item: Item) -> dict[str, Any]:
    operation = "add" if item.add else "remove"
    if isinstance(item, LicenseItem):
        shown: dict[str, Any] = {"license": item.license.id, "operation": operation}
        if item.properties is not None:
            shown["properties"] = item.properties
        return shown
    return {
        "siteUrl" if isinstance(item, SiteItem) else "license": item.url if isinstance(item, SiteItem) else item.id,
        "operation": operation,
    }


def _held(organization: Organization, holding: Holding) -> dict[str, Any]:
    held: dict[str, Any] = {"licenses": [license.id for license in organization.held(holding.licenses)]}
    if holding.attendee:
        held["attendee"] = sorted(holding.attendee)
    if holding.calling is not None:
        held["calling"] = holding.calling
    return held

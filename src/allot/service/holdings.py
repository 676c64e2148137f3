"""Holdings: what a batch of requests is decided against, and how it is saved. One path for all that changes them."""

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import Raw, json

from allot.core.call import Call
from allot.core.decision import Decision, decide
from allot.core.holding import Holding, Item, LicenseItem, Properties, SiteItem
from allot.core.journal import Entry
from allot.core.judgement import Situation
from allot.core.organization import Number, Organization
from allot.core.person import Person
from allot.core.rulebook import Rulebook
from allot.service.clock import later, stamp
from allot.service.context import Context
from allot.store import holdings as store
from allot.store import journal, organizations
from allot.store.database import Reading, Writing

# Invitations of people of another organization run out after this; documented by HELP:v71ztb.
PENDING_DAYS = 15


@dataclass(slots=True)
class Needs:
    """What to load for a batch: each a set of (organization id, value)."""

    org_ids: set[str] = field(default_factory=set)
    ids: set[store.Key] = field(default_factory=set)
    #: in lower case
    emails: set[store.Key] = field(default_factory=set)
    sites: bool = False
    locations: set[tuple[str, str]] = field(default_factory=set)
    numbers: set[tuple[str, str]] = field(default_factory=set)
    extensions: set[tuple[str, str]] = field(default_factory=set)

    def add_properties(self, org_id: str, properties: Properties | None) -> None:
        """Whatever calling properties of a request name."""
        if properties is not None:
            for values, value in (
                (self.locations, properties.location_id),
                (self.numbers, properties.phone_number),
                (self.extensions, properties.extension),
            ):
                if value:
                    values.add((org_id, value))

    def only(self, org_ids: Set[str]) -> None:
        """Leave out what is not of these organizations."""
        for keys in (self.ids, self.emails, self.locations, self.numbers, self.extensions):
            keys.difference_update([key for key in keys if key[0] not in org_ids])


@dataclass(slots=True, eq=False)
class Batch:
    """Everything that the requests of one transaction are decided against, and what they have changed so far."""

    rulebook: Rulebook
    at: datetime
    #: `at` as it is stored
    now: str
    #: those that exist, locked where the batch is saved
    organizations: dict[str, Organization]
    by_id: dict[store.Key, Person]
    by_email: dict[store.Key, Person]
    #: what each touched person held before the batch, and which of the licenses were pending
    before: dict[store.Key, tuple[Holding, int]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    #: the numbers of the last entries before those, where they are known
    last: dict[str, int] = field(default_factory=dict)
    #: decisions by all that they depend on, and what is told of them: people are alike, and asked for alike
    _alike: dict[tuple[Any, ...], Decision] = field(default_factory=dict)
    _told: dict[Decision, dict[str, Any]] = field(default_factory=dict)

    def decide(self, person: Person, items: list[Item]) -> Decision:
        """Decide items of one person and make the batch's state what it becomes."""
        likeness = _likeness(person, items)
        decision = self._alike.get(likeness) if likeness else None
        if decision is None:
            situation = Situation(self.organizations[person.org_id], person.id, person.external, person.holding)
            decision = decide(self.rulebook, situation, items)
            if likeness:
                self._alike[likeness] = decision
        self.hold(person, decision.after)
        return decision

    def detail(self, org_id: str, decision: Decision) -> dict[str, Any]:
        """What the journal keeps of a decision: encoded already, to be added to and not to be read."""
        told = self._told.get(decision)
        if told is None:
            plain = _detail(self.organizations[org_id], decision)
            told = self._told[decision] = {name: Raw(json.encode(value)) for name, value in plain.items()}
        return told.copy()

    def hold(self, person: Person, after: Holding) -> None:
        """Make this what the person holds; counters, numbers and extensions of the organization follow."""
        if after != person.holding:
            self.before.setdefault((person.org_id, person.id), (person.holding, person.pending_licenses))
            _apply(self.organizations[person.org_id], person, after)

    def enter(self, call: Call, action: str, person: Person, outcome: int, detail: dict[str, Any]) -> None:
        """Add the journal's entry about a request."""
        if call.address or call.agent:
            detail["from"] = {"address": call.address, "agent": call.agent}
        if person.pending_licenses or person.pending_sites:
            detail["pending"] = waiting(self.organizations[person.org_id], person)
        actor = call.caller.person_id
        self.entries.append(Entry(person.org_id, self.now, call.tracking_id, action, actor, person.id, outcome, detail))


async def load(writing: Writing, context: Context, needs: Needs) -> Batch:
    """Lock the organizations and load all that is needed, one statement a table."""
    organizations.expect(writing, sorted(needs.org_ids), sites=needs.sites)
    store.expect(writing, needs.ids)
    last = await organizations.lock(writing, needs.org_ids)
    batch = await view(writing, context, needs, last.keys())
    batch.last = last
    return batch


async def view(reading: Reading, context: Context, needs: Needs, existing: Set[str]) -> Batch:
    """Load all that is needed of these organizations, which exist, without making anybody wait."""
    at = context.now()
    now = stamp(at)
    loaded = await organizations.load(reading, context.rulebook.offers, sorted(existing), sites=needs.sites)
    if not existing >= needs.org_ids:
        needs.only(existing)
    await organizations.load_calling(reading, loaded, needs.locations, needs.numbers, needs.extensions)
    people = await store.load(reading, needs.ids, needs.emails, now)
    return Batch(context.rulebook, at, now, loaded, *people)


async def load_reached(reading: Reading, batch: Batch) -> None:
    """Add where the batch's people are reached now: a new calling license takes it over."""
    reached = [(org_id, calling) for (org_id, _), person in batch.by_id.items() if (calling := person.holding.calling)]
    await organizations.load_calling(
        reading,
        batch.organizations,
        {(org_id, calling.location_id) for org_id, calling in reached},
        {(org_id, calling.phone_number) for org_id, calling in reached if calling.phone_number},
        {(org_id, calling.extension) for org_id, calling in reached if calling.extension},
    )


async def since(reading: Reading, org_id: str, person_id: str) -> dict[int, str]:
    """When a person was given what they hold, by the number of the license; '' where that is not known."""
    return await store.given(reading, org_id, person_id)


async def save(writing: Writing, batch: Batch) -> None:
    """Write what the batch has changed, and its journal."""
    changes = store.Changes()
    pending_until = later(batch.at, days=PENDING_DAYS)
    for key, (before, pending) in batch.before.items():
        person = batch.by_id[key]
        changes.gather(person, before, pending, (batch.now, pending_until if person.external else None))
    await store.save(writing, changes)
    await journal.write(writing, batch.entries, batch.last)


def _likeness(person: Person, items: list[Item]) -> tuple[Any, ...] | None:
    """All that a decision about licenses without properties depends on; None where it depends on more."""
    asked: list[int] = []
    full = 0
    for item in items:
        if type(item) is not LicenseItem or item.properties is not None:
            return None
        license = item.license
        asked.append(license.number if item.add else ~license.number)
        if item.add and not license.has_free_unit():
            full |= license.bit
    return (person.org_id, person.home_org_id, person.holding, full, *asked)


def _apply(organization: Organization, person: Person, after: Holding) -> None:
    before = person.holding
    given, taken = after.licenses & ~before.licenses, before.licenses & ~after.licenses
    for license in organization.held(taken & ~person.pending_licenses):
        license.consumed_by_users -= 1
    if person.external:
        _invite(person, after)
    else:
        for license in organization.held(given):
            license.consumed_by_users += 1
    if before.calling != after.calling:
        _move(organization, person, after)
    person.holding = after


def _invite(person: Person, after: Holding) -> None:
    """Make pending whatever an external person is given."""
    before = person.holding
    given, sites = after.licenses & ~before.licenses, after.attendee - before.attendee
    person.pending_licenses = person.pending_licenses & after.licenses | given
    person.pending_sites = person.pending_sites & after.attendee | sites
    person.renewed_licenses |= given
    person.renewed_sites |= sites


def _move(organization: Organization, person: Person, holding: Holding) -> None:
    before, after = person.holding.calling, holding.calling
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


def _detail(organization: Organization, decision: Decision) -> dict[str, Any]:
    # Licenses are their numbers: ids would be most of the journal.
    told: dict[str, Any] = {
        "items": [shown(item) for item in decision.items],
        "before": held(organization, decision.before),
        "after": held(organization, decision.after),
    }
    if any(decision.faults):
        told["refused"] = {str(n): rule.id for n, rule in enumerate(decision.faults) if rule is not None}
    return told


def shown(item: Item) -> dict[str, Any]:
    """What the journal keeps of an item."""
    operation = "add" if item.add else "remove"
    if isinstance(item, LicenseItem):
        if item.properties is None:
            return {"license": item.license.number, "operation": operation}
        return {"license": item.license.number, "operation": operation, "properties": item.properties}
    if isinstance(item, SiteItem):
        return {"siteUrl": item.url, "operation": operation}
    return {"unknown": item.id, "operation": operation}


def held(organization: Organization, holding: Holding) -> dict[str, Any]:
    """What the journal keeps of a holding."""
    told: dict[str, Any] = {"licenses": [license.number for license in organization.held(holding.licenses)]}
    if holding.attendee:
        told["attendee"] = sorted(holding.attendee)
    if holding.calling is not None:
        told["calling"] = holding.calling
    return told


def waiting(organization: Organization, person: Person) -> dict[str, Any]:
    """What the journal keeps of what is held and waits for the person's answer."""
    numbers = [license.number for license in organization.held(person.pending_licenses)]
    told = {"licenses": numbers, "attendee": sorted(person.pending_sites)}
    return {name: value for name, value in told.items() if value}


def without(rulebook: Rulebook, organization: Organization, holding: Holding, taken: int) -> Holding:
    """A holding without some licenses; whoever has no calling license left has no number and extension either."""
    licenses_ = holding.licenses & ~taken
    calling = holding.calling if organization.offers(licenses_) & rulebook.calling else None
    return Holding(licenses_, holding.attendee, calling)

"""Licenses: assigning them to people. One path for one request and for many."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from allot.core import explanation as explanations
from allot.core.call import Call
from allot.core.decision import Decision
from allot.core.explanation import Explanation
from allot.core.failure import Failure
from allot.core.fault import Fault, faults
from allot.core.holding import Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.judgement import Situation
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.person import Person, fingerprint
from allot.core.rulebook import Rulebook
from allot.core.site import Site
from allot.service import holdings
from allot.service.context import Context
from allot.service.holdings import Batch, Needs
from allot.store import licenses as store
from allot.store import organizations
from allot.store.database import Reading, Writing

MOVED = "personId: somebody else has changed what the person holds meanwhile; look at it again, and decide anew"


@dataclass(slots=True)
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
    #: the fingerprint of the person as whoever asks has seen them; refused when it is another one by now
    expected: str | None = None


@dataclass(slots=True, eq=False)
class Assigned:
    """What became of an assignment: the decision, its faults, and the person as it left them."""

    organization: Organization
    person: Person
    decision: Decision
    faults: list[Fault]

    @property
    def status(self) -> int:
        """200 when every item was accepted, 206 when some were, 400 when none was."""
        if not self.faults:
            return 200
        return 206 if None in self.decision.faults else 400


@dataclass(slots=True, eq=False)
class Explained:
    """What would become of an assignment, and why."""

    assigned: Assigned
    explanation: Explanation
    #: the fingerprint of the person that it was decided for
    expected: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Someone who holds a license."""

    #: when it was given to them; empty when that is not known
    given: str
    person_id: str
    external: bool
    display_name: str
    email: str


async def of_organization(reading: Reading, rulebook: Rulebook, org_id: str) -> tuple[list[License], dict[str, Site]]:
    """The licenses of an organization in its order, with their counters; and its sites by url."""
    found = (await organizations.load(reading, rulebook.offers, [org_id], sites=True))[org_id]
    return list(found.licenses.values()), found.sites


async def holders(reading: Reading, org_id: str, license: License, after: tuple[str, ...], limit: int) -> list[Holder]:
    """One page of those who hold a license, in the order of giving, after (given, person id)."""
    rows = await store.holders(reading, org_id, license.number, after, limit)
    return [Holder(given, id, home != org_id, name, email) for given, id, home, name, email in rows]


async def assign(writing: Writing, context: Context, assignments: Sequence[Assignment]) -> list[Assigned | Failure]:
    """Decide and save assignments in their order, each against the state that the earlier ones left.

    A refusal is an outcome like another: it is journaled, and fails no other assignment.
    """
    batch = await holdings.load(writing, context, _needs(assignments))
    outcomes = [_carry_out(batch, assignment) for assignment in assignments]
    await holdings.save(writing, batch)
    return outcomes


async def view(reading: Reading, context: Context, assignments: Sequence[Assignment]) -> Batch:
    """What `explain` decides these assignments against, of organizations that exist. Waits for no writer."""
    needs = _needs(assignments)
    return await holdings.view(reading, context, needs, needs.org_ids)


def explain(batch: Batch, assignment: Assignment) -> Explained | Failure:
    """Decide as `assign` would, with all reasons; the next assignment of the batch finds it applied."""
    person = _person(batch, assignment)
    if isinstance(person, Failure):
        return person
    organization = batch.organizations[assignment.org_id]
    situation = Situation(organization, person.id, person.external, person.holding)
    explanation = explanations.explain(batch.rulebook, situation, _items(organization, assignment))
    expected = fingerprint(person)
    batch.hold(person, explanation.decision.after)
    return Explained(_assigned(batch, person, explanation.decision), explanation, expected)


def _needs(assignments: Sequence[Assignment]) -> Needs:
    needs = Needs()
    for assignment in assignments:
        org_id = assignment.org_id
        needs.org_ids.add(org_id)
        needs.sites = needs.sites or bool(assignment.sites)
        if assignment.person_id:
            needs.ids.add((org_id, assignment.person_id))
        if assignment.email:
            needs.emails.add((org_id, assignment.email))
        for asked in assignment.licenses:
            if asked.properties is not None:
                needs.add_properties(org_id, asked.properties)
    return needs


def _carry_out(batch: Batch, assignment: Assignment) -> Assigned | Failure:
    """Decide one assignment and make the batch's state what it becomes."""
    person = _person(batch, assignment)
    if isinstance(person, Failure):
        return person
    if assignment.expected is not None and assignment.expected != fingerprint(person):
        return Failure.conflict(MOVED)
    organization = batch.organizations[assignment.org_id]
    decision = batch.decide(person, _items(organization, assignment))
    assigned = _assigned(batch, person, decision)
    told = batch.detail(person.org_id, decision)
    batch.enter(assignment.call, "licenses.assign", person, assigned.status, told)
    return assigned


def _assigned(batch: Batch, person: Person, decision: Decision) -> Assigned:
    """As it is now: the next requests of the batch change person and units."""
    found = faults(batch.rulebook, decision) if any(decision.faults) else []
    return Assigned(batch.organizations[person.org_id], person.copy(), decision, found)


def _person(batch: Batch, assignment: Assignment) -> Person | Failure:
    org_id, person_id, email = assignment.org_id, assignment.person_id, assignment.email
    by_id = batch.by_id.get((org_id, person_id)) if person_id else None
    by_email = batch.by_email.get((org_id, email)) if email else None
    if (person_id and by_id is None) or (email and by_email is None):
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

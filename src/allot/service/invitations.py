"""Invitations: what people of another organization were offered, and accept or decline within fifteen days."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core.call import Call
from allot.core.failure import Failure
from allot.core.fault import describe, show
from allot.core.holding import Item, LicenseItem, SiteItem, UnknownItem
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.person import Person
from allot.core.rule import Rule
from allot.service import holdings
from allot.service.context import Context
from allot.service.holdings import Batch, Needs
from allot.store import holdings as people
from allot.store import invitations as store
from allot.store import organizations
from allot.store.database import Reading, Writing

NO_PERSON = "personId: nobody has this id in this organization"
# The code of errors that Cisco publishes none for.
CODE = 400


@dataclass(frozen=True, slots=True)
class Invitation:
    """A license or a site that waits for an answer."""

    license: License | None
    site_url: str | None
    expires: str


@dataclass(slots=True, eq=False)
class Answer:
    """What a person answers to invitations: `licenses` as (id, as it was written), and sites; None for all."""

    call: Call
    org_id: str
    person_id: str
    licenses: list[tuple[str, str]] | None = None
    sites: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one invitation cannot be answered so."""

    code: int
    message: str
    description: str
    rule_id: str | None = None


@dataclass(slots=True, eq=False)
class Answered:
    """What became of an answer, and the person as it left them."""

    organization: Organization
    person: Person
    #: what is as it was asked, and of that what was not so before
    done: list[Item] = field(default_factory=list)
    changed: list[LicenseItem | SiteItem] = field(default_factory=list)
    refused: list[tuple[Item, Refusal]] = field(default_factory=list)
    #: sites where they were attendee, or invited so, and are host by this answer
    hosts: set[str] = field(default_factory=set)

    @property
    def status(self) -> int:
        """200 when every invitation was answered, 206 when some were, 400 when none was."""
        if not self.refused:
            return 200
        return 206 if self.done else 400


#: what an answer does with one item
Act = Callable[[Batch, Answered, Item], Refusal | None]


async def of_person(reading: Reading, context: Context, org_id: str, person_id: str) -> list[Invitation]:
    """The invitations of a person that have not run out. Raises Failure when there is no such person."""
    now = context.stamp()
    by_id, _ = await people.load(reading, [(org_id, person_id)], [], now)
    if not by_id:
        raise Failure.not_found(NO_PERSON)
    organization = (await organizations.load(reading, context.rulebook.offers, [org_id], sites=False))[org_id]
    licenses, sites = await store.pending(reading, org_id, person_id, now)
    found = [Invitation(organization.held(1 << number)[0], None, until) for number, until in licenses]
    return found + [Invitation(None, url, until) for url, until in sites]


async def accept(writing: Writing, context: Context, answers: Sequence[Answer]) -> list[Answered | Failure]:
    """Make invitations holdings, which count from then on. What has no unit left stays pending."""
    batch = await holdings.load(writing, context, _needs(answers))
    outcomes = [_answer(batch, answer, _accept, "invitations.accept") for answer in answers]
    licenses: list[tuple[str, str, int]] = []
    sites: list[tuple[str, str, str]] = []
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            continue
        key = (outcome.person.org_id, outcome.person.id)
        for item in outcome.changed:
            if isinstance(item, SiteItem):
                sites.append((*key, item.url))
            else:
                licenses.append((*key, item.license.number))
    await store.accept(writing, licenses, sites)
    await holdings.save(writing, batch)
    return outcomes


async def decline(writing: Writing, context: Context, answers: Sequence[Answer]) -> list[Answered | Failure]:
    """Take invitations back."""
    batch = await holdings.load(writing, context, _needs(answers))
    outcomes = [_answer(batch, answer, _decline, "invitations.decline") for answer in answers]
    await holdings.save(writing, batch)
    return outcomes


def _needs(answers: Sequence[Answer]) -> Needs:
    return Needs(
        {answer.org_id for answer in answers}, {(answer.org_id, answer.person_id) for answer in answers}, sites=True
    )


def _answer(batch: Batch, answer: Answer, act: Act, action: str) -> Answered | Failure:
    person = batch.by_id.get((answer.org_id, answer.person_id))
    if person is None:
        return Failure.not_found(NO_PERSON)
    organization = batch.organizations[answer.org_id]
    answered = Answered(organization, person)
    told: dict[str, Any] = {"before": holdings.held(organization, person.holding)}
    for item in _items(organization, person, answer):
        refusal = act(batch, answered, item)
        if refusal is None:
            answered.done.append(item)
        else:
            answered.refused.append((item, refusal))
    told["after"] = holdings.held(organization, person.holding)
    told["items"] = [holdings.shown(item) for item in answered.changed]
    if answered.refused:
        told["refused"] = {show(item): refusal.rule_id for item, refusal in answered.refused}
    batch.enter(answer.call, action, person, answered.status, told)
    answered.person = person.copy()  # as they are now: the next answers of the batch change them
    return answered


def _items(organization: Organization, person: Person, answer: Answer) -> list[Item]:
    """What is answered; where the request names nothing, everything that is pending."""
    if answer.licenses is None and answer.sites is None:
        pending = organization.held(person.pending_licenses & person.holding.licenses)
        sites = sorted(person.pending_sites & person.holding.attendee)
        return [*(LicenseItem(license, True) for license in pending), *(SiteItem(url, True) for url in sites)]
    items: list[Item] = []
    for id, text in dict(answer.licenses or []).items():
        license = organization.licenses.get(id)
        items.append(UnknownItem(text, True) if license is None else LicenseItem(license, True))
    return items + [SiteItem(url, True) for url in dict.fromkeys(answer.sites or [])]


def _accept(batch: Batch, answered: Answered, item: Item) -> Refusal | None:
    person = answered.person
    if isinstance(item, LicenseItem) and item.license.bit & person.holding.licenses:
        if not item.license.bit & person.pending_licenses:
            return None
        limit = _rule(batch, "capacity")
        if limit is not None and not item.license.has_free_unit():
            return _refusal(batch, limit, item)
        item.license.consumed_by_users += 1
        person.pending_licenses &= ~item.license.bit
        answered.changed.append(item)
        site = item.license.site_url
        if site in person.holding.attendee:
            answered.hosts.add(site)
            batch.hold(person, person.holding._replace(attendee=person.holding.attendee - {site}))
        return None
    if isinstance(item, SiteItem) and item.url in answered.hosts:
        return None
    if isinstance(item, SiteItem) and item.url in person.holding.attendee:
        if item.url in person.pending_sites:
            person.pending_sites -= {item.url}
            answered.changed.append(item)
        return None
    return _absent(batch, item)


def _decline(batch: Batch, answered: Answered, item: Item) -> Refusal | None:
    person, holding = answered.person, answered.person.holding
    if isinstance(item, LicenseItem) and item.license.bit & person.pending_licenses & holding.licenses:
        batch.hold(person, holding._replace(licenses=holding.licenses & ~item.license.bit))
        answered.changed.append(item)
        return None
    if isinstance(item, SiteItem) and item.url in person.pending_sites & holding.attendee:
        batch.hold(person, holding._replace(attendee=holding.attendee - {item.url}))
        answered.changed.append(item)
        return None
    return _absent(batch, item)


def _absent(batch: Batch, item: Item) -> Refusal:
    unknown = _rule(batch, "unknown")
    if unknown is not None and isinstance(item, UnknownItem):
        return _refusal(batch, unknown, item)
    gone = f"{show(item)} is no invitation of this person: it was never made, was answered already or has run out"
    return Refusal(CODE, "Invitation not found", gone)


def _rule(batch: Batch, kind: str) -> Rule | None:
    """The rulebook's rule of a kind; another rulebook may do without it."""
    return next((rule for rule in batch.rulebook.rules if rule.kind == kind), None)


def _refusal(batch: Batch, rule: Rule, item: Item) -> Refusal:
    return Refusal(rule.code, rule.message, describe(batch.rulebook, rule, [item]), rule.id)

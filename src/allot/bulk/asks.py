"""An ask: what a person's wants come to, given what they hold, decided by the scalar engine."""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.bulk.changes import Change, Reason, Refusal, Request, State
from allot.bulk.desires import Want
from allot.bulk.snapshots import Calling, Person
from allot.core import holding as law
from allot.core.explanation import Explanation, explain
from allot.core.fault import describe
from allot.core.holding import Holding, Item, LicenseItem, SiteItem, bits
from allot.core.judgement import Situation
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook


@dataclass(slots=True)
class Ask:
    """One person with what is newly added to and removed from what they hold, as bits of licenses."""

    person: Person
    want: Want
    before: int
    add: int
    remove: int

    @property
    def empty(self) -> bool:
        """Whether the person has all that is desired."""
        calling, wanted = self.person.calling or Calling(), self.want.properties
        moved = wanted is not None and (
            wanted.phone_number not in (None, calling.phone_number) or wanted.extension not in (None, calling.extension)
        )
        attendee = set(self.person.attendee or ())
        sites = not attendee.issuperset(self.want.attend) or attendee & set(self.want.leave)
        return not (self.add or self.remove or moved or sites)


def ask(person: Person, want: Want) -> Ask:
    """Compare what a person holds, which must be known, with what is desired."""
    assert isinstance(person.licenses, list)
    before = sum(1 << place for place in person.licenses)
    return Ask(person, want, before, want.have & ~before, want.lack & before)


def answer(rulebook: Rulebook, organization: Organization, asked: Ask) -> Change | Refusal:
    """What is to be done for a person, or why nothing is."""
    items = _items(organization, asked)
    calling = asked.person.calling or None
    held = law.Calling(calling.location_id or "", calling.phone_number, calling.extension) if calling else None
    before = Holding(asked.before, frozenset(asked.person.attendee or ()), held)
    found = explain(rulebook, Situation(organization, asked.person.id, asked.person.external, before), items)
    if not found.decision.refused:
        return _change(asked, before, found.decision.after, [_request(items)])
    if found.way and found.reached and not any(step.properties_needed for steps in found.way for step in steps):
        change = _change(asked, before, found.reached, [_request([each.item for each in steps]) for steps in found.way])
        change.irreversible = any(step.irreversible for steps in found.way for step in steps)
        return change
    return Refusal(asked.person.email, _reasons(rulebook, found), asked.person.id, asked.want.line, _request(items))


def _items(organization: Organization, asked: Ask) -> list[Item]:
    licenses = list(organization.licenses.values())
    items: list[Item] = [LicenseItem(licenses[place], False) for place in bits(asked.remove)]
    for place in bits(asked.want.have):
        license = licenses[place]
        properties = asked.want.properties if license.offer.calling else None
        if asked.add >> place & 1 or properties is not None:
            items.append(LicenseItem(license, True, properties))
    items += [SiteItem(url, True) for url in asked.want.attend]
    return items + [SiteItem(url, False) for url in asked.want.leave]


def _request(items: Sequence[Item]) -> Request:
    request = Request()
    for item in items:
        if isinstance(item, LicenseItem):
            (request.add if item.add else request.remove).append(item.license.number)
            if item.properties:
                told = item.properties
                request.calling = Calling(told.location_id, told.phone_number, told.extension)
        elif isinstance(item, SiteItem):
            (request.attend if item.add else request.leave).append(item.url)
    return request


def _change(asked: Ask, before: Holding, after: Holding, requests: list[Request]) -> Change:
    change = Change(0, asked.person.id, asked.person.email, state(before), requests, state(after), asked.want.line)
    change.irreversible = before.calling is not None and after.calling is None
    change.external = asked.person.external
    return change


def state(holding: Holding) -> State:
    """A holding as a record of a plan."""
    told = holding.calling
    calling = Calling(told.location_id, told.phone_number, told.extension) if told else None
    return State(list(bits(holding.licenses)), sorted(holding.attendee), calling)


def _reasons(rulebook: Rulebook, found: Explanation) -> list[Reason]:
    reasons: list[Reason] = []
    for item, rules in zip(found.decision.items, found.violations, strict=True):
        reasons += [Reason(rule.id, describe(rulebook, rule, [item]), rule.provenance.kind) for rule in rules]
    return reasons

"""Verdicts: what would become of a request, by which rules, what the person would hold, and what to send instead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from allot.api.licenses import PatchUserLicenses, read_assignment
from allot.api.ways import to_send
from allot.console.asks import Form
from allot.console.journals import label, reached
from allot.console.sdks import wxc_sdk
from allot.console.visits import Visit
from allot.core import ids
from allot.core.failure import Failure
from allot.core.fault import describe, show
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem
from allot.core.organization import Organization
from allot.core.rule import Rule
from allot.core.way import SOMEWHERE, Step
from allot.service import licenses
from allot.service.context import Context
from allot.service.licenses import Assignment, Explained
from allot.wire.requests import curl

PATH = "/v1/licenses/users"


class Sent(NamedTuple):
    """A request as it is sent: its JSON, and the same as commands."""

    text: str
    curl: str
    code: str


class Against(NamedTuple):
    """A rule that stands against an item, and the sentence that says so."""

    rule: Rule
    says: str
    #: whether it was told of an item before
    again: bool


class Judged(NamedTuple):
    """One item with what becomes of it."""

    add: bool
    name: str
    #: where they shall be reached, for calling licenses
    more: str
    #: every rule that stands against it; none when it is accepted
    against: list[Against]
    #: whether they have it, or have it not, already
    idle: bool = False
    #: of a way: whether it was asked for, and what is lost with it or needed for it
    asked: bool = True
    irreversible: bool = False
    #: the license's id as the API has it, where it is left open where they are reached
    open: str = ""


class Stage(NamedTuple):
    """One request of a way."""

    sent: Sent
    items: list[Judged]

    @property
    def irreversible(self) -> bool:
        """Whether something is lost with it."""
        return any(item.irreversible for item in self.items)


class Difference(NamedTuple):
    """One thing that they hold before or after: + is new, - is gone, = stays."""

    sign: str
    name: str


class Verdict(NamedTuple):
    """What would become of a request."""

    status: int
    sent: Sent
    items: list[Judged]
    after: list[Difference]
    #: whether number, extension and settings would be lost with it
    irreversible: bool
    #: what to send instead; None when there is no way, for the reason
    way: list[Stage] | None
    reason: str
    #: what they would hold at the end of the way
    reached: list[Difference]
    #: the fingerprint of the person that it was decided for
    expected: str


async def decide(visit: Visit, form: Form) -> Verdict:
    """What would become of what a form asks for. Raises Failure naming every fault of form."""
    person_id = form.seen.person.id
    body = to_send(person_id, visit.org_id, form.ask.items(form.organization))
    assignment = read_assignment(visit, body)
    assignment.org_id = visit.org_id
    explained = await _explain(visit, assignment)
    decision, explanation = explained.assigned.decision, explained.explanation
    before, after, reached = decision.before, decision.after, explanation.reached
    words = _Words(visit, form.organization, {place.id: place.name for place in form.locations})
    words.sited = any(words.has_sites(each) for each in (before, after, reached) if each is not None)
    way = None
    if explanation.way is not None:
        way = [
            words.stage(to_send(person_id, visit.org_id, (each.item for each in steps)), steps)
            for steps in explanation.way
        ]
    return Verdict(
        explained.assigned.status,
        words.sent(body),
        [words.judged(item, before, rules) for item, rules in zip(decision.items, explanation.violations, strict=True)],
        words.difference(before, after),
        before.calling is not None and after.calling is None,
        way,
        plain(explanation.reason or "", decision.items),
        words.difference(before, reached) if reached is not None else [],
        explained.expected,
    )


async def _explain(visit: Visit, assignment: Assignment) -> Explained:
    service = visit.service
    async with service.database.reading() as reading:
        batch = await licenses.view(reading, Context(service.rulebook, service.clock), [assignment])
    explained = licenses.explain(batch, assignment)
    if isinstance(explained, Failure):
        raise explained
    return explained


@dataclass(slots=True)
class _Words:
    """Says items and holdings in words, and requests as they are sent."""

    visit: Visit
    organization: Organization
    #: names of locations by id
    places: dict[str, str]
    #: whether an answer may tell of sites
    sited: bool = False
    #: ids of the rules that were told of
    told: set[str] = field(default_factory=set)

    def has_sites(self, holding: Holding) -> bool:
        """Whether somebody who holds this is host or attendee somewhere."""
        return bool(holding.attendee) or any(each.site_url for each in self.organization.held(holding.licenses))

    def sent(self, body: PatchUserLicenses) -> Sent:
        """A request as it is sent."""
        text = msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
        origin = self.visit.origin
        code = wxc_sdk(origin, body, text, sites=self.sited or bool(body.site_urls))
        return Sent(text, curl("PATCH", f"{origin}{PATH}", text), code)

    def judged(self, item: Item, before: Holding, rules: Sequence[Rule]) -> Judged:
        """An item of the request, with all that stands against it."""
        against = [Against(rule, self._says(rule, item), rule.id in self.told) for rule in rules]
        self.told.update(rule.id for rule in rules)
        return Judged(item.add, self._name(item), self._more(item), against, _idle(item, before))

    def stage(self, body: PatchUserLicenses, steps: Sequence[Step]) -> Stage:
        """One request of a way."""
        return Stage(self.sent(body), [self._planned(step) for step in steps])

    def difference(self, before: Holding, after: Holding) -> list[Difference]:
        """All that is held before or after, licenses first."""
        found = [
            Difference(_sign(bool(each.bit & before.licenses), bool(each.bit & after.licenses)), label(each))
            for each in self.organization.held(before.licenses | after.licenses)
        ]
        found += [
            Difference(_sign(url in before.attendee, url in after.attendee), f"attendee of {url}")
            for url in sorted(before.attendee | after.attendee)
        ]
        was, now = self._reached(before.calling), self._reached(after.calling)
        if was and was == now:
            return [*found, Difference("=", f"reached at {now}")]
        return found + [Difference(sign, f"reached at {text}") for sign, text in (("-", was), ("+", now)) if text]

    def _planned(self, step: Step) -> Judged:
        item = step.item
        left_open = ""
        if step.properties_needed and isinstance(item, LicenseItem):
            left_open = ids.encode("LICENSE", item.license.id)
        named = self._name(item), self._more(item)
        return Judged(item.add, *named, [], False, step.asked, step.irreversible, left_open)

    def _says(self, rule: Rule, item: Item) -> str:
        """What the API answers, for people."""
        return plain(describe(self.visit.service.rulebook, rule, [item]), [item])

    def _name(self, item: Item) -> str:
        if isinstance(item, LicenseItem):
            return label(item.license)
        return f"attendee of {item.url}" if isinstance(item, SiteItem) else f"unknown license {item.id}"

    def _more(self, item: Item) -> str:
        return self._reached(item.properties) if isinstance(item, LicenseItem) else ""

    def _reached(self, at: Properties | Calling | None) -> str:
        if at is None:
            return ""
        if at.location_id == SOMEWHERE.location_id:
            return "a place that you have yet to name"
        place = self.places.get(at.location_id or "", at.location_id or "")
        return reached(place, at.phone_number, at.extension)


def plain(says: str, items: Iterable[Item]) -> str:
    """A sentence about items without the long ids of their licenses."""
    for item in items:
        if isinstance(item, LicenseItem):
            says = says.replace(show(item), item.license.name)
    return says


def _idle(item: Item, before: Holding) -> bool:
    """Whether an item leaves everything as it is."""
    if isinstance(item, LicenseItem):
        return bool(item.license.bit & before.licenses) == item.add and item.properties is None
    return isinstance(item, SiteItem) and (item.url in before.attendee) == item.add


def _sign(was: bool, now: bool) -> str:
    return "=" if was and now else "+" if now else "-"

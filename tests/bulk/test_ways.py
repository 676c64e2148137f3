"""Answers that people of one shape share are those that each of them would get."""

import random
from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from allot.bulk.actual import snapshots
from allot.bulk.actual.snapshots import Person
from allot.bulk.decided.masks import PLACES_MAX
from allot.bulk.desired.desires import Want
from allot.bulk.planned.asks import Asks, Refused, Shape, Spoken, Taken
from allot.bulk.planned.changes import Change, Refusal, Request, State
from allot.bulk.planned.comparisons import Comparison
from allot.bulk.planned.records import Records
from allot.bulk.planned.ways import Answers
from allot.core.explanation import Explanation, explain
from allot.core.fault import describe
from allot.core.holding import Item, LicenseItem, Properties, SiteItem, bits
from allot.core.judgement import Situation
from allot.core.license import OVERAGE, STRICT, License
from allot.core.organization import Organization
from allot.core.site import MANAGED, Site
from core import oracle
from core.cases import Generator, Posed, pose, webex
from corpus_format import LicenseAsk, LicenseSpec, SiteAsk
from counts import PLANNED


class Case:
    """A generated case as a planner meets it: one person, and one want with properties for all calling licenses."""

    def __init__(self, generator: Generator, others: int = 0) -> None:
        """`others` are licenses that nobody speaks of, in front of those of the case."""
        spec, asks = generator.case()
        more = {f"other-{place}": LicenseSpec("HM") for place in range(others)}
        licenses = {key: replace(each, policy=OVERAGE) for key, each in (more | spec.licenses).items()}
        spec = replace(spec, licenses=licenses)
        posed: Posed = pose(webex(), spec, [])
        self.situation: Situation = posed.situation
        self.organization: Organization = posed.situation.organization
        licenses = self.organization.licenses
        told = [ask for ask in asks if isinstance(ask, LicenseAsk) and ask.key in licenses]
        given = next((ask.properties for ask in told if ask.properties and ask.add), None)
        sites = [ask for ask in asks if isinstance(ask, SiteAsk)]
        self.want = Want(
            None,
            sum(licenses[ask.key].bit for ask in told if ask.add),
            sum(licenses[ask.key].bit for ask in told if not ask.add),
            Properties(given.location, given.number, given.extension) if given else None,
            tuple(ask.key for ask in sites if ask.add),
            tuple(ask.key for ask in sites if not ask.add),
        )
        before = self.situation.before
        own = before.calling
        calling = snapshots.Calling(own.location_id, own.phone_number, own.extension) if own else None
        self.person = Person(
            self.situation.person_id,
            "somebody@example.com",
            licenses=list(bits(before.licenses)),
            attendee=sorted(before.attendee),
            calling=calling,
            external=self.situation.external,
        )
        self.taken = Taken()
        self.taken.numbers = {
            number: (each.location_id, each.owner_id) for number, each in self.organization.numbers.items()
        }
        self.taken.extensions = dict(self.organization.extensions)

    def shape(self, asks: Asks) -> Shape | Refused | None:
        person = self.person
        before = self.situation.before.licenses
        asked = asks.of(person, before, self.want)
        return asks.shape(asked, self.taken) if isinstance(asked, Spoken) else asked

    def items(self, shape: Shape) -> list[Item]:
        """What the shape asks for, with the person's own texts."""
        licenses = list(self.organization.licenses.values())
        before = self.situation.before.licenses
        items: list[Item] = [LicenseItem(licenses[place], False) for place in bits(shape.lack)]
        for place in bits(shape.have):
            moves = licenses[place].offer.calling and 1 << place & (shape.touch | ~before)
            items.append(
                LicenseItem(licenses[place], True, self.want.properties if moves and shape.properties else None)
            )
        return items + [SiteItem(url, True) for url in shape.attend] + [SiteItem(url, False) for url in shape.leave]

    def of(self, people: list[Person]) -> list[Want]:
        return [self.want for _ in people]


def told(case: Case, answers: Answers, number: int) -> Change | Refusal:
    """The record of the case, by the answer of its shape."""
    found = Comparison(taken=case.taken)
    found.places.append(0)
    found.lines.append(-1)
    numbers = np.array([number], np.int32)
    records = Records(found, answers.told, numbers, np.zeros(1, np.int32), 0)
    [([line], [refused])] = records.tell(_One(case.person), case)
    return msgspec.json.decode(line, type=Refusal if refused else Change)


class _One:
    """A snapshot of one person."""

    def __init__(self, person: Person) -> None:
        self._person = person

    def people(self):
        return iter([[self._person]])


def requests(case: Case, found: Explanation, shape: Shape) -> list[Request]:
    """What is to be sent, as the explanation of the person alone says."""
    if found.decision.refused:
        return [_request([step.item for step in steps]) for steps in found.way or ()]
    before = case.situation.before
    moves: list[Item] = []
    for item in found.decision.items:
        if isinstance(item, LicenseItem):
            touched = item.add and item.license.bit & shape.touch
            moves += [item] if touched or item.add != bool(item.license.bit & before.licenses) else []
        elif isinstance(item, SiteItem):
            moves += [item] if item.add != (item.url in before.attendee) else []
    return [_request(moves)]


def _request(items: list[Item]) -> Request:
    request = Request()
    for item in items:
        if isinstance(item, LicenseItem):
            (request.add if item.add else request.remove).append(item.license.number)
            if item.properties:
                own = item.properties
                request.calling = snapshots.Calling(own.location_id, own.phone_number, own.extension)
        elif isinstance(item, SiteItem):
            (request.attend if item.add else request.leave).append(item.url)
    return request


def held(state: State) -> tuple[int, frozenset[str], snapshots.Calling | None]:
    return sum(1 << place for place in state.licenses), frozenset(state.attendee), state.calling


def check(case: Case, record: Change | Refusal, shape: Shape) -> str:
    """Hold a record against the explanation of the person alone; what came of it."""
    items = case.items(shape)
    found = explain(webex(), case.situation, items)
    needed = any(step.properties_needed for steps in found.way or () for step in steps)
    reached = found.decision.after if not found.decision.refused else found.reached if found.way else None
    if isinstance(record, Change):
        assert reached is not None
        assert not needed
        assert record.requests == requests(case, found, shape)
        own = reached.calling
        calling = snapshots.Calling(own.location_id, own.phone_number, own.extension) if own else None
        assert held(record.after) == (reached.licenses, reached.attendee, calling)
        lost = case.situation.before.calling is not None and reached.calling is None
        assert record.irreversible == (lost or any(step.irreversible for steps in found.way or () for step in steps))
        steps = [step for steps in found.way or () for step in steps if isinstance(step.item, LicenseItem)]
        assert record.unasked == sorted({step.item.license.number for step in steps if not step.asked})
        return "changed"
    rules = [reason.rule for reason in record.reasons]
    assert not any("\x00" in reason.what for reason in record.reasons)
    if rules == ["location-stays"]:
        assert reached is not None
        assert reached.calling is not None
        assert case.want.properties is not None
        assert reached.calling.location_id != case.want.properties.location_id
        return "elsewhere"
    if needed:
        assert "calling-properties" in rules
        return "needs properties"
    assert reached is None
    broken = {rule: [] for each in found.violations for rule in each}
    for item, each in zip(items, found.violations, strict=True):
        for rule in each:
            broken[rule].append(item)
    ordered = sorted(broken, key=lambda rule: rule.order)
    assert rules == [rule.id for rule in ordered]
    for rule, reason in zip(ordered, record.reasons, strict=True):
        assert reason.what.startswith(describe(webex(), rule, broken[rule]).rstrip("."))
    return "refused"


@PLANNED.both("cases")
@pytest.mark.parametrize("others", [0, PLACES_MAX], ids=["some", "more than 64"])
def test_a_shape_is_answered_as_each_of_its_people_would_be(counted, cases, others):
    """Changes, predictions and reasons by shape are those of the scalar explanation, for people of all kinds, with and
    without sites, however many licenses their organization has."""
    generator = Generator(random.Random(20261122), oracle.webex())
    outcomes: Counter[str] = Counter()
    with_sites = 0
    for _ in range(cases):
        case = Case(generator, others)
        asks = Asks(webex(), case.organization)
        shape = case.shape(asks)
        if not isinstance(shape, Shape):
            outcomes["none" if shape is None else shape.rule] += 1
            continue
        answers = Answers(webex(), case.organization, [None] * len(case.organization.licenses), 0)
        [number] = answers.number([shape])
        record = told(case, answers, number)
        outcomes[check(case, record, shape)] += 1
        with_sites += isinstance(record, Change) and bool(shape.attend or shape.leave)
    assert min(outcomes[each] for each in ("changed", "refused", "needs properties", "elsewhere")) > 10
    assert with_sites > 10
    counted(f"{cases} people: {dict(outcomes)}, {with_sites} of the changed with sites")


def organization_of(*licenses: tuple[str, str | None]) -> Organization:
    """An organization with such offers and sites, and a unit of each license."""
    offers = webex().offers
    made = [
        License(place, f"{place}", offers[code], code, 1, STRICT, site_url=site)
        for place, (code, site) in enumerate(licenses)
    ]
    sites = {site: Site(site, MANAGED, True) for _, site in licenses if site}
    return Organization("organization", {license.id: license for license in made}, sites=sites)


def test_an_organization_of_more_than_64_licenses_is_planned():
    """The 70th license is given to who has what it needs, along with that to who has not, and not without a unit."""
    organization = organization_of(("FMS", None), *[("MS", None)] * 69)
    last = 1 << 69
    answers = Answers(webex(), organization, [1] * 70, 0)
    having, lacking = answers.number([Shape(1, last, 0), Shape(0, last, 0)])
    assert answers.told[having].requests == [Request(add=[69])]
    assert (answers.told[having].gained, answers.told[having].uses) == (last, last)
    assert {place for request in answers.told[lacking].requests for place in request.add} == {0, 69}
    assert answers.told[lacking].gained == last | 1
    assert answers.told[lacking].unasked == [0]
    assert answers.told[lacking].lost == 0
    refused = answers.told[answers.without(having, 69)]
    assert [reason.rule for reason in refused.reasons] == ["no-units-left"]
    assert refused.requests == []


def test_sites_are_planned_with_the_licenses_that_host_them():
    """Nobody is host and attendee: a host loses the license, unless it is desired; a new host is attendee no longer."""
    url = "acme.webex.com"
    answers = Answers(webex(), organization_of(("EE", url)), [1], 0)
    attendee = frozenset((url,))
    shapes = [
        Shape(1, 0, 1, attend=(url,)),
        Shape(1, 0, 0, attend=(url,)),
        Shape(1, 1, 0, attend=(url,)),
        Shape(0, 1, 0, attendee=attendee),
        Shape(0, 0, 0, attendee=attendee, leave=(url,)),
    ]
    asked, unasked, desired, host, left = (answers.told[number] for number in answers.number(shapes))
    assert asked.requests == unasked.requests == [Request(remove=[0], attend=[url])]
    assert (asked.lost, asked.attendee, asked.unasked) == (1, [url], [])
    assert (unasked.lost, unasked.attendee, unasked.unasked) == (1, [url], [0])
    assert [reason.rule for reason in desired.reasons] == ["invalid-site"]
    assert (host.requests, host.gained, host.attendee) == ([Request(add=[0])], 1, [])
    assert (left.requests, left.attendee) == ([Request(leave=[url])], [])

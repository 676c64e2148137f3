"""Cases for the core tests: a generator of situations and requests, and the way into the engine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any

import corpus_format as form
from allot.core.decision import Decision, decide
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.judgement import Situation
from allot.core.license import License
from allot.core.organization import Number, Organization
from allot.core.rulebook import Rulebook, load
from allot.core.site import MANAGED, Site
from core import oracle
from core.oracle import Book, Outcome
from corpus_format import (
    Ask,
    CallingSpec,
    LicenseAsk,
    LicenseSpec,
    NumberSpec,
    PersonSpec,
    PropertiesSpec,
    SiteAsk,
    SituationSpec,
)

# ------------------------------------------------------------------------------ into the engine


@cache
def webex() -> Rulebook:
    """The shipped rulebook, loaded once."""
    return load(oracle.WEBEX.read_text(encoding="utf-8"), "webex.toml")


@dataclass
class Posed:
    """A case as the engine takes it; `items` are in the order of the asks."""

    rulebook: Rulebook
    situation: Situation
    asks: list[Ask]
    items: list[Item]

    def decide(self) -> Decision:
        return decide(self.rulebook, self.situation, self.items)


def pose(rulebook: Rulebook, spec: SituationSpec, asks: Iterable[Ask]) -> Posed:
    """Build what `decide` takes."""
    asks = list(asks)
    licenses = {
        key: License(
            number,
            key,
            rulebook.offers[each.offer],
            each.name or rulebook.offers[each.offer].name,
            each.total,
            each.policy,
            consumed_by_users=each.used,
            site_url=each.site,
        )
        for number, (key, each) in enumerate(spec.licenses.items())
    }
    organization = Organization(
        "organization",
        licenses,
        sites={url: Site(url, MANAGED, attendees) for url, attendees in spec.sites.items()},
        locations=set(spec.locations),
        numbers={number: Number(each.location, each.owner) for number, each in spec.numbers.items()},
        extensions=dict(spec.extensions),
    )
    bits = sum(licenses[key].bit for key in spec.person.licenses)
    before = Holding(bits, spec.person.sites, _calling(spec.person.calling))
    situation = Situation(organization, form.PERSON, spec.person.external, before)
    return Posed(rulebook, situation, asks, [_item(licenses, ask) for ask in asks])


def outcome(posed: Posed, decision: Decision) -> Outcome:
    """A decision in the terms of the case."""
    refused = {ask: rule.id for ask, rule in zip(posed.asks, decision.faults, strict=True) if rule is not None}
    calling = decision.after.calling
    return Outcome(
        refused,
        frozenset(license.id for license in posed.situation.organization.held(decision.after.licenses)),
        decision.after.attendee,
        CallingSpec(calling.location_id, calling.phone_number, calling.extension) if calling else None,
    )


def through_core(rulebook: Rulebook, spec: SituationSpec, asks: Iterable[Ask]) -> Outcome:
    """What the engine says of a case."""
    posed = pose(rulebook, spec, asks)
    return outcome(posed, posed.decide())


def applied(spec: SituationSpec, after: Outcome) -> SituationSpec:
    """The situation when an outcome has been saved: holding, units, numbers and extensions."""
    person = spec.person
    licenses = {
        key: replace(each, used=each.used + (key in after.licenses) - (key in person.licenses))
        for key, each in spec.licenses.items()
    }
    numbers, extensions = dict(spec.numbers), dict(spec.extensions)
    if person.calling and person.calling.number in numbers:
        numbers[person.calling.number] = NumberSpec(numbers[person.calling.number].location)
    if person.calling:
        extensions.pop((person.calling.location, person.calling.extension or ""), None)
    if after.calling and after.calling.number:
        numbers[after.calling.number] = NumberSpec(after.calling.location, form.PERSON)
    if after.calling and after.calling.extension:
        extensions[after.calling.location, after.calling.extension] = form.PERSON
    return replace(
        spec,
        licenses=spec.licenses if person.external else licenses,
        numbers=numbers,
        extensions=extensions,
        person=PersonSpec(after.licenses, after.sites, after.calling, person.external),
    )


def _calling(spec: CallingSpec | None) -> Calling | None:
    return Calling(spec.location, spec.number, spec.extension) if spec else None


def _item(licenses: dict[str, License], ask: Ask) -> Item:
    if type(ask) is SiteAsk:
        return SiteItem(ask.key, ask.add)
    assert type(ask) is LicenseAsk
    if ask.key not in licenses:
        return UnknownItem(ask.key, ask.add)
    given = ask.properties
    return LicenseItem(
        licenses[ask.key], ask.add, Properties(given.location, given.number, given.extension) if given else None
    )


# ------------------------------------------------------------------------------ the generator

CALLING = ("BCSTD", "BCBAS", "BCCXE", "BCHDO", "BCATC", "SLWCA")
OTHERS = (
    *("FMS", "MS", "FTM", "CF", "FSS", "MSGR", "UCPREM", "FTC"),
    *("EE", "MC", "EE", "MC", "CJPPRM", "CJPSTD"),
)
#: of wholesale packages; most organizations have none, and the others have hardly anything else
WHOLESALE = ("SLWCA", "SLWS", "SLWV", "SLCXE", "SLWM", "SLATC", "SLATC")
SITES = ("alpha.webex.com", "beta.webex.com", "gamma.webex.com")
LOCATIONS = ("hq", "lab")
NUMBERS = tuple(f"+1408555010{last}" for last in range(5))
EXTENSIONS = ("100", "101", "102")


class Generator:
    """Makes cases out of a `random.Random`: small organizations in which much collides."""

    def __init__(self, random: Random, book: Book) -> None:
        self.random = random
        self.book = book
        known = set(book.offers)
        self.calling = [code for code in CALLING if code in known]
        self.others = [code for code in OTHERS if code in known]
        self.wholesale = [code for code in WHOLESALE if code in known]

    def case(self, legal: bool = True) -> tuple[SituationSpec, list[Ask]]:
        """One situation and one request; `legal` says whether the holding before must be."""
        spec = self.situation(legal)
        return spec, self.asks(spec)

    def situation(self, legal: bool = True) -> SituationSpec:
        sites = {url: self.chance(0.75) for url in SITES[:2]}
        numbers = {
            number: NumberSpec(self.pick(LOCATIONS), self.pick((None, None, form.PERSON, form.SOMEONE)))
            for number in NUMBERS[:4]
        }
        extensions = {
            (location, extension): form.SOMEONE
            for location in LOCATIONS
            for extension in EXTENSIONS
            if self.chance(0.25)
        }
        spec = SituationSpec(self.licenses(), PersonSpec(), sites, LOCATIONS, numbers, extensions)
        external = self.chance(0.12)
        person = PersonSpec(external=external)
        person = replace(person, licenses=self.held(spec, external, legal))
        person = replace(person, calling=self.calling_of(spec, person, legal))
        hosted = {spec.licenses[key].site for key in person.licenses}
        attendee = frozenset(url for url in SITES if url not in hosted and self.chance(0.3))
        own = {
            key: replace(each, used=each.used or int(key in person.licenses and not external))
            for key, each in spec.licenses.items()
        }
        return replace(spec, licenses=own, person=replace(person, sites=attendee))

    def licenses(self) -> dict[str, LicenseSpec]:
        share = self.pick((0.2, 0.5, 0.9))
        others = self.wholesale if self.wholesale and self.chance(0.2) else self.others
        codes = [self.pick(self.calling if self.chance(share) else others) for _ in range(self.random.randint(3, 10))]
        return {
            f"{code}-{codes[:place].count(code)}": self.license(code)
            for place, code in enumerate(codes)
            if codes[:place].count(code) < 2
        }

    def license(self, code: str) -> LicenseSpec:
        total = self.pick((0, 1, 2, 5))
        used = total if self.chance(0.4) else self.random.randint(0, total)
        policy = "overage" if self.chance(0.15) else "strict"
        site = self.pick((*SITES[:2], *SITES[:2], None)) if code in ("EE", "MC") else None
        return LicenseSpec(code, used + (policy == "overage"), total, policy, site)

    def held(self, spec: SituationSpec, external: bool, legal: bool) -> frozenset[str]:
        """Some licenses: what the free ones forbid or the others need is sorted out one by one."""
        chosen = [key for key in spec.licenses if self.chance(0.5)]
        self.random.shuffle(chosen)
        if not legal:
            return frozenset(chosen)
        blank = replace(spec, person=PersonSpec(external=external))
        held: frozenset[str] = frozenset()
        for key in chosen * 2:  # twice, so that what needs another finds it whatever the order
            more = held | {key}
            calling = CallingSpec(LOCATIONS[0], None, "999") if self.has_calling(spec, more) else None
            if not oracle.wrongs(self.book, blank, Outcome({}, more, frozenset(), calling)):
                held = more
        return held

    def has_calling(self, spec: SituationSpec, keys: Iterable[str]) -> bool:
        return any(self.book.is_calling(spec.licenses[key].offer) for key in keys)

    def calling_of(self, spec: SituationSpec, person: PersonSpec, legal: bool) -> CallingSpec | None:
        if self.has_calling(spec, person.licenses) != (not legal and self.chance(0.3)):
            location = self.pick(LOCATIONS)
            own = [key for key, each in spec.numbers.items() if each == NumberSpec(location, form.PERSON)]
            number = self.pick((*own, None))
            free = [each for each in EXTENSIONS if (location, each) not in spec.extensions] or ["199"]
            extension = self.pick((*free, None)) if number else self.pick(free)
            if extension:
                spec.extensions[location, extension] = form.PERSON
            return CallingSpec(location, number, extension)
        return None

    def asks(self, spec: SituationSpec) -> list[Ask]:
        """One to eight items; what is held is rather removed, what is not rather added."""
        keys = [*spec.licenses] + ["unknown-0"] * self.chance(0.15) + ["unknown-1"] * self.chance(0.03)
        wanted = min(self.random.randint(1, self.pick((2, 4, 8))), len(keys))
        asks: list[Ask] = [self.license_ask(spec, key) for key in self.random.sample(keys, wanted)]
        for url in SITES:
            if len(asks) < 8 and self.chance(0.2 if url in spec.sites else 0.05):
                asks.append(SiteAsk(url, self.chance(0.4 if url in spec.person.sites else 0.8)))
        self.random.shuffle(asks)
        return asks

    def license_ask(self, spec: SituationSpec, key: str) -> LicenseAsk:
        add = self.chance(0.35 if key in spec.person.licenses else 0.85)
        calling = key in spec.licenses and self.book.is_calling(spec.licenses[key].offer)
        return LicenseAsk(key, add, self.properties() if self.chance(0.8 if calling else 0.05) else None)

    def properties(self) -> PropertiesSpec:
        return PropertiesSpec(
            self.pick(LOCATIONS * 4 + (None, "moon")),
            self.pick((*NUMBERS, *(None,) * 8)),
            self.pick((*EXTENSIONS, None)),
        )

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)

"""Cases that arrays can express, and what arrays, compiled kernels and core say of them."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

import numpy as np

import corpus_format as form
from allot.bulk.decided.decisions import KERNEL_PAYS, Engine, marks
from allot.bulk.decided.masks import PLACES_MAX
from allot.bulk.decided.rounds import NONE
from allot.core.decision import decide
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, bits
from allot.core.judgement import Situation
from allot.core.license import STRICT, License
from allot.core.offer import Offer, Provenance
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook
from core.cases import LOCATIONS, Generator, pose
from core.oracle import Book
from corpus_format import Ask, LicenseAsk, SituationSpec

UNKNOWN = Offer("XX", "Unknown", "", 0, False, False, False, False, Provenance("assumed", "nobody knows it"))
#: for how many people an engine is made, so that it decides with this
BACKENDS = {"numpy": 0, "numba": KERNEL_PAYS}


class Case(NamedTuple):
    """One person and what is asked for them: licenses as bits, none of them both added and removed."""

    before: Holding
    add: int = 0
    remove: int = 0
    #: of every calling license that is added
    properties: Properties | None = None
    external: bool = False


class Verdict(NamedTuple):
    """What was decided for one person; `rule` is the place of the first rule that refuses anything, or NONE."""

    refused: int
    after: int
    rule: int


# ------------------------------------------------------------------ what is said of cases


def situation(organization: Organization, case: Case) -> Situation:
    return Situation(organization, form.PERSON, case.external, case.before)


def arrays(organization: Organization, cases: Sequence[Case]) -> list[np.ndarray]:
    """What `Engine.decide` takes first: before, add, remove and marks."""
    before, add, remove = np.array([[each.before.licenses, each.add, each.remove] for each in cases], np.uint64).T
    marked = [marks(situation(organization, each), each.properties) for each in cases]
    return [before, add, remove, np.array(marked, np.uint8)]


def decided(
    rulebook: Rulebook,
    organization: Organization,
    cases: Sequence[Case],
    full: Sequence[int] | int | None = None,
) -> list[Verdict]:
    """What engines say of cases, whatever they decide with; `full` as in `Engine.decide`."""
    told = full if full is None else np.array(full, np.uint64)
    found = [
        Engine(rulebook, organization, people).decide(*arrays(organization, cases), told)
        for people in BACKENDS.values()
    ]
    by_arrays, compiled = ([Verdict(*each) for each in zip(*map(np.ndarray.tolist, one), strict=True)] for one in found)
    assert by_arrays == compiled, [pair for pair in zip(cases, by_arrays, compiled, strict=True) if pair[1] != pair[2]]
    return by_arrays


def core(rulebook: Rulebook, organization: Organization, case: Case) -> Verdict:
    """What `core.decision` says of a case."""
    licenses = list(organization.licenses.values())
    items: list[Item] = [LicenseItem(licenses[place], True, case.properties) for place in bits(case.add)]
    items += [LicenseItem(licenses[place], False) for place in bits(case.remove)]
    decision = decide(rulebook, situation(organization, case), items)
    refused = sum(item.license.bit for item, _ in decision.refused if isinstance(item, LicenseItem))
    return Verdict(refused, decision.after.licenses, min((rule.order for _, rule in decision.refused), default=NONE))


def with_units(organization: Organization, full: int) -> Organization:
    """The organization in which these licenses have no unit, and the others have one."""
    licenses = {
        license.id: replace(license, consumed_by_users=0, total_units=int(not license.bit & full))
        for license in organization.licenses.values()
    }
    return replace(organization, licenses=licenses)


# ------------------------------------------------------------------ one organization, many people


class Crowd:
    """People of one made-up organization, each with a request, and what core says of them."""

    def __init__(self, random: Random, rulebook: Rulebook, book: Book, size: int) -> None:
        self.random = random
        self.rulebook = rulebook
        self.generator = Generator(random, book)
        spec = self.generator.situation(legal=True)
        posed = pose(rulebook, spec, [])
        self.organization = posed.situation.organization
        self.legal = [posed.situation.before.licenses, 0, 0]
        if random.random() < 0.3:  # a license that the rulebook does not know
            number = len(self.organization.licenses)
            more = License(number, "more", UNKNOWN, "More", 0, STRICT)
            self.organization = replace(self.organization, licenses={**self.organization.licenses, "more": more})
        self.licenses = list(self.organization.licenses.values())
        everything = (1 << len(self.licenses)) - 1
        self.units = [random.getrandbits(64) & everything for _ in range(3)]
        self.fulls = [random.choice(self.units) for _ in range(size)]
        self.cases = [self.case(everything) for _ in range(size)]

    def case(self, everything: int) -> Case:
        random = self.random
        before = random.choice(self.legal) if random.random() < 0.6 else random.getrandbits(64) & everything
        asked = random.getrandbits(64) & everything
        if random.random() < 0.7:
            asked &= random.getrandbits(64)
        add = (asked & ~before) if random.random() < 0.7 else asked & random.getrandbits(64)
        properties = self.properties() if random.random() < 0.8 else None
        held = Holding(before, calling=self.calling())
        found = Case(held, add, asked & ~add, properties, random.random() < 0.1)
        if len(self.legal) < 20:
            self.legal.append(core(self.rulebook, self.organization, found).after)
        return found

    def properties(self) -> Properties:
        made = self.generator.properties()
        return Properties(made.location, made.number, made.extension)

    def calling(self) -> Calling | None:
        return Calling(self.random.choice(LOCATIONS), None, "999") if self.random.random() < 0.5 else None

    def arrays(self) -> list[np.ndarray]:
        """What `Engine.decide` takes."""
        return [*arrays(self.organization, self.cases), np.array(self.fulls, np.uint64)]

    def compare(self) -> int:
        """Decide as arrays, both ways, and one by one; how many were refused something."""
        found = decided(self.rulebook, self.organization, self.cases, self.fulls)
        organizations = {full: with_units(self.organization, full) for full in self.units}
        for case, full, said in zip(self.cases, self.fulls, found, strict=True):
            expected = core(self.rulebook, organizations[full], case)
            assert said == expected, f"{said} is not {expected}\n{case}\n{self.licenses}\nfull {full:b}"
        return sum(verdict.refused != 0 for verdict in found)


# ------------------------------------------------------------------ cases of the generator and the corpus


def expressible(book: Book, spec: SituationSpec, asks: Sequence[Ask]) -> list[LicenseAsk]:
    """The asks that arrays can express: those for licenses of the organization, all calling licenses that are added
    with the properties of the first that brings any."""
    known = [ask for ask in asks if type(ask) is LicenseAsk and ask.key in spec.licenses]
    calling = [ask for ask in known if ask.add and book.is_calling(spec.licenses[ask.key].offer)]
    told = next((ask.properties for ask in calling if ask.properties), None)
    return [replace(ask, properties=told) if ask in calling else ask for ask in known]


def is_expressible(book: Book, spec: SituationSpec, asks: Sequence[Ask]) -> bool:
    """Whether arrays can express the asks as they are."""
    return len(spec.licenses) <= PLACES_MAX and expressible(book, spec, asks) == list(asks)


def as_case(book: Book, spec: SituationSpec, asks: Sequence[LicenseAsk], before: Holding) -> Case:
    """A case of the generator or the corpus that arrays can express."""
    places = {key: place for place, key in enumerate(spec.licenses)}
    calling = [ask for ask in asks if ask.add and book.is_calling(spec.licenses[ask.key].offer)]
    told = calling[0].properties if calling else None
    return Case(
        before,
        sum(1 << places[ask.key] for ask in asks if ask.add),
        sum(1 << places[ask.key] for ask in asks if not ask.add),
        Properties(told.location, told.number, told.extension) if told else None,
        spec.person.external,
    )

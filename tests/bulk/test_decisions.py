"""The decision for many people at once says what `core.decision.decide` says of each."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus_format as form
from allot.bulk import decisions, kernels
from allot.bulk.decisions import KERNEL_PAYS, Case, Engine, Verdict, marks
from allot.bulk.masks import masks
from allot.bulk.rounds import NONE, People
from allot.bulk.screens import ArrayScreener
from allot.core.decision import decide
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem, bits
from allot.core.judgement import Situation
from allot.core.license import STRICT, License
from allot.core.offer import Offer, Provenance
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook, load
from core import oracle
from core.cases import LOCATIONS, SITES, Generator, pose, webex
from core.oracle import Book
from core.test_oracle import invented
from corpus_format import LicenseAsk, SiteAsk, SituationSpec

BOOK = oracle.webex()
UNKNOWN = Offer("XX", "Unknown", "", 0, False, False, False, False, Provenance("assumed", "nobody knows it"))
BACKENDS = {"numpy": 0, "numba": KERNEL_PAYS}

backends = pytest.mark.parametrize("people", BACKENDS.values(), ids=BACKENDS)


# ------------------------------------------------------------------ one organization, many people, as arrays


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
        found = Case(
            form.PERSON, random.random() < 0.1, Holding(before, calling=self.calling()), add, asked & ~add, properties
        )
        accepted = core(self.rulebook, self.organization, found).after
        if len(self.legal) < 20:
            self.legal.append(accepted)
        return found

    def properties(self) -> Properties:
        made = self.generator.properties()
        return Properties(made.location, made.number, made.extension)

    def calling(self) -> Calling | None:
        return Calling(self.random.choice(LOCATIONS), None, "999") if self.random.random() < 0.5 else None

    def arrays(self) -> list[np.ndarray]:
        """What `Engine.decide` takes."""
        marked = [marks(situation(self.organization, case), case.properties) for case in self.cases]
        licenses = ([each.before.licenses, each.add, each.remove] for each in self.cases)
        before, add, remove = np.array(list(licenses), np.uint64).T
        return [before, add, remove, np.array(marked, np.uint8), np.array(self.fulls, np.uint64)]

    def compare(self) -> int:
        """Decide as arrays, both ways, and one by one; how many were refused something."""
        arrays = self.arrays()
        found = [Engine(self.rulebook, self.organization, people).decide(*arrays) for people in BACKENDS.values()]
        organizations = {full: with_units(self.organization, full) for full in self.units}
        for place, (case, full) in enumerate(zip(self.cases, self.fulls, strict=True)):
            refused, after, rule = core(self.rulebook, organizations[full], case)
            expected = (refused, after, NONE if rule is None else rule.order)
            for verdicts in found:
                said = tuple(int(array[place]) for array in verdicts)
                assert said == expected, f"{case}\n{self.licenses}\nfull {full:b}"
        return int(np.count_nonzero(found[0].refused))


def situation(organization: Organization, case: Case) -> Situation:
    return Situation(organization, case.person_id, case.external, case.before)


def with_units(organization: Organization, full: int) -> Organization:
    """The organization in which these licenses have no unit, and the others have one."""
    licenses = {
        license.id: replace(license, consumed_by_users=0, total_units=int(not license.bit & full))
        for license in organization.licenses.values()
    }
    return replace(organization, licenses=licenses)


def core(rulebook: Rulebook, organization: Organization, case: Case) -> Verdict:
    """What `core.decision` says of a case."""
    licenses = list(organization.licenses.values())
    items: list[Item] = [LicenseItem(licenses[place], True, case.properties) for place in bits(case.add)]
    items += [LicenseItem(licenses[place], False) for place in bits(case.remove)]
    items += [SiteItem(url, True) for url in case.attend] + [SiteItem(url, False) for url in case.leave]
    items += [UnknownItem(id, True) for id in case.unknown]
    decision = decide(rulebook, situation(organization, case), items)
    refused = sum(item.license.bit for item, _ in decision.refused if isinstance(item, LicenseItem))
    rules = sorted((rule for _, rule in decision.refused), key=lambda rule: rule.order)
    return Verdict(refused, decision.after.licenses, rules[0] if rules else None)


def compare(random: Random, crowds: int, size: int) -> tuple[int, int]:
    """Compare crowds, one in three under an invented rulebook; how many people, and how many were refused something."""
    refused = 0
    for place in range(crowds):
        text = invented(random) if place % 3 == 2 else ""
        rulebook, book = (load(text), Book(text)) if text else (webex(), BOOK)
        crowd = Crowd(random, rulebook, book, size)
        refused += crowd.compare()
    return crowds * size, refused


def test_arrays_and_core_agree(counted):
    """Refused items, the first rule and the holding after are equal in thousands of generated cases, both ways."""
    cases, refused = compare(Random(1), 60, 80)
    assert refused > cases / 4
    counted(f"{cases:,} cases decided as arrays, twice, and by core; {refused:,} refused something")


@pytest.mark.long
def test_arrays_and_core_agree_for_long(counted):
    """They are equal in 200,000 further cases, which no other run has seen before."""
    seed = Random().randrange(2**32)
    cases, refused = compare(Random(seed), 600, 350)
    counted(f"{cases:,} cases decided as arrays, twice, and by core; {refused:,} refused something (seed {seed})")


# ------------------------------------------------------------------ people as they come


def as_case(spec: SituationSpec, asks: list[LicenseAsk | SiteAsk], before: Holding) -> Case:
    """A case of the generator or the corpus, whose added calling licenses bring the same properties."""
    places = {key: place for place, key in enumerate(spec.licenses)}
    licenses = [ask for ask in asks if type(ask) is LicenseAsk]
    told = next((ask.properties for ask in added_calling(spec, asks)), None)
    sites = [ask for ask in asks if type(ask) is SiteAsk]
    return Case(
        form.PERSON,
        spec.person.external,
        before,
        sum(1 << places[ask.key] for ask in licenses if ask.add and ask.key in places),
        sum(1 << places[ask.key] for ask in licenses if not ask.add and ask.key in places),
        Properties(told.location, told.number, told.extension) if told else None,
        tuple(ask.key for ask in sites if ask.add),
        tuple(ask.key for ask in sites if not ask.add),
        tuple(ask.key for ask in licenses if ask.key not in places),
    )


def added_calling(spec: SituationSpec, asks: list[LicenseAsk | SiteAsk]) -> list[LicenseAsk]:
    """The calling licenses to add."""
    licenses = [ask for ask in asks if type(ask) is LicenseAsk and ask.add and ask.key in spec.licenses]
    return [ask for ask in licenses if BOOK.is_calling(spec.licenses[ask.key].offer)]


def shared(spec: SituationSpec, asks: list[LicenseAsk | SiteAsk]) -> list[LicenseAsk | SiteAsk]:
    """The same asks, in which every added calling license brings the properties of the first that brings any."""
    calling = added_calling(spec, asks)
    told = next((ask.properties for ask in calling if ask.properties), None)
    return [replace(ask, properties=told) if ask in calling else ask for ask in asks]


def agrees(spec: SituationSpec, asks: list[LicenseAsk | SiteAsk], expected: oracle.Outcome) -> None:
    """One case, whatever is in it, answered by an engine."""
    posed = pose(webex(), spec, asks)
    engine = Engine(webex(), posed.situation.organization)
    case = as_case(spec, asks, posed.situation.before)
    # Others who are nearly alike are answered before, and must not be taken for this one.
    others = [
        case._replace(unknown=() if case.unknown else ("unknown",)),
        case._replace(before=case.before._replace(attendee=frozenset() if case.before.attendee else frozenset(SITES))),
        case._replace(attend=case.leave, leave=case.attend),
    ]
    verdict = engine.answer([*others, case])[-1]
    refused = {ask.key for ask in expected.refused if type(ask) is LicenseAsk}
    keys = list(spec.licenses)
    assert {keys[place] for place in bits(verdict.refused)} == refused & spec.licenses.keys()
    assert {keys[place] for place in bits(verdict.after)} == expected.licenses
    first = min(map(BOOK.places.__getitem__, expected.refused.values()), default=None)
    assert (verdict.rule.order if verdict.rule else None) == first


def test_answers_are_those_of_the_oracle(counted):
    """Cases with sites and unknown licenses among them are answered as the oracle answers them."""
    generator = Generator(Random(3), BOOK)
    for place in range(1_000):
        spec, asks = generator.case(legal=place % 8 != 0)
        asks = shared(spec, asks)
        agrees(spec, asks, oracle.decide(BOOK, spec, asks))
    counted("1,000 cases answered as by the oracle")


def one_way(case: form.Case) -> bool:
    """Whether all added calling licenses of a case bring the same properties."""
    return shared(case.situation, list(case.asks)) == list(case.asks)


EXPRESSIBLE = [case for case in form.read_all() if one_way(case)]


@pytest.mark.parametrize("case", EXPRESSIBLE, ids=[case.name for case in EXPRESSIBLE])
def test_answers_are_those_of_the_corpus(case):
    """Each file of the corpus whose licenses bring one set of properties is answered as it expects."""
    refused = {ask: rule for ask in case.asks for key, rule in case.expect.refused.items() if key == ask.key}
    expected = oracle.Outcome(refused, frozenset(case.expect.licenses), frozenset(), None)
    agrees(case.situation, list(case.asks), expected)


# ------------------------------------------------------------------ laws


law = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
crowds = st.randoms(use_true_random=False).map(lambda random: Crowd(random, webex(), BOOK, 20))


@law
@given(crowds)
def test_what_is_accepted_is_accepted_again(crowd):
    """Asked again without what was refused, nothing is refused and everybody ends the same."""
    before, add, remove, marked, full = crowd.arrays()
    engine = Engine(webex(), crowd.organization)
    first = engine.decide(before, add, remove, marked, full)
    again = engine.decide(before, add & ~first.refused, remove & ~first.refused, marked, full)
    assert not again.refused.any()
    assert (again.rule == NONE).all()
    assert np.array_equal(again.after, first.after)


@law
@given(crowds)
def test_only_what_is_asked_is_refused_or_changed(crowd):
    """Refused items are of those asked; each has a rule; nobody gains or loses more than that."""
    before, add, remove, marked, full = crowd.arrays()
    found = Engine(webex(), crowd.organization).decide(before, add, remove, marked, full)
    assert not (found.refused & ~(add | remove)).any()
    assert np.array_equal(found.refused != 0, found.rule != NONE)
    assert not (found.after & ~(before | add)).any()
    assert not (before & ~remove & ~found.after).any()


@law
@given(crowds, st.integers(1, 19))
def test_people_do_not_matter_to_each_other(crowd, place):
    """Decided in two parts, everybody is decided as they are all at once."""
    everybody = crowd.arrays()
    engine = Engine(webex(), crowd.organization)
    whole = engine.decide(*everybody)
    parts = [engine.decide(*(array[part] for array in everybody)) for part in (slice(place), slice(place, None))]
    for one, first, second in zip(whole, *parts, strict=True):
        assert np.array_equal(one, np.concatenate([first, second]))


# ------------------------------------------------------------------ the engine


@pytest.fixture
def everything() -> Organization:
    """An organization with 39 licenses, one of each offer."""
    return with_units(organization_of(list(webex().offers)), 0)


def organization_of(codes: list[str]) -> Organization:
    offers = webex().offers
    return Organization(
        "org",
        {f"{place}": License(place, f"{place}", offers[code], code, 1, STRICT) for place, code in enumerate(codes)},
        locations={"hq"},
    )


def bit(organization: Organization, code: str) -> int:
    return sum(license.bit for license in organization.licenses.values() if license.offer.code == code)


CHAIN = """
[[rules]]
id = "unmanaged"
kind = "unmanaged"
offers = ["BCCXE"]
code = 400
message = "m"
description = "d"
remedy = "r"
provenance = "ours"
source = "s"

[[rules]]
id = "apart"
kind = "conflict"
offers = ["BCSTD", "BCCXE"]
with = ["BCBAS"]
code = 400
message = "m"
description = "d"
remedy = "r"
provenance = "ours"
source = "s"
"""


def test_one_half_of_a_swap_draws_another_after_it(everything):
    """A removal that is refused takes its replacement along, and that the other removal that it replaces."""
    text = oracle.WEBEX.read_text(encoding="utf-8")
    rulebook = load(text[: text.index("[[rules]]")] + CHAIN)
    one, other, replacement = (bit(everything, code) for code in ("BCCXE", "BCSTD", "BCBAS"))
    case = Case("a", False, Holding(one | other, calling=Calling("hq")), replacement, one | other)
    expected = Verdict(one | other | replacement, one | other, rulebook.rule("unmanaged"))
    assert core(rulebook, everything, case) == expected
    assert Engine(rulebook, everything).answer([case]) == [expected]


@backends
def test_more_people_than_fit_in_a_chunk(everything, people):
    """Chunks are put together in the order of the people, and nobody at a border is lost."""
    count = 3 * decisions.CHUNK + 7
    messaging, advanced = bit(everything, "FMS"), bit(everything, "MS")
    before = np.where(np.arange(count) % 3, np.uint64(messaging), np.uint64(0))
    add = np.full(count, advanced, np.uint64)
    found = Engine(webex(), everything, people).decide(before, add, np.zeros_like(add))
    assert np.array_equal(found.refused, np.where(np.arange(count) % 3, 0, advanced))
    assert np.array_equal(found.after, np.where(np.arange(count) % 3, messaging | advanced, 0))
    assert set(found.rule.tolist()) == {NONE, webex().rule("paid-messaging-needs-free").order}


@backends
def test_arrays_need_not_lie_in_one_piece(everything, people):
    """Every other element of an array is as good as an array of its own."""
    messaging, advanced = bit(everything, "FMS"), bit(everything, "MS")
    before = np.array([messaging, 0] * 50, np.uint64)
    add = np.full(100, advanced, np.uint64)
    found = Engine(webex(), everything, people).decide(before[::2], add[::2], np.zeros(50, np.uint64))
    assert not found.refused.any()


def test_units_are_the_organizations_unless_told(everything):
    """Without `full` the organization's own counters say which licenses have no unit left."""
    empty = with_units(everything, bit(everything, "MS"))
    asked = [np.array([each], np.uint64) for each in (bit(everything, "FMS"), bit(everything, "MS"), 0)]
    engine = Engine(webex(), empty)
    assert engine.full == bit(everything, "MS")
    assert engine.decide(*asked).rule.tolist() == [webex().rule("no-units-left").order]
    assert engine.decide(*asked, full=0).rule.tolist() == [NONE]


def test_what_free_and_overage_licenses_lack_is_no_matter(everything):
    """A license without a limit is given even when it is told to have no unit."""
    asked = [np.array([each], np.uint64) for each in (0, bit(everything, "FMS"), 0)]
    assert Engine(webex(), everything).decide(*asked, full=bit(everything, "FMS")).rule.tolist() == [NONE]


def test_an_unknown_license_has_units_like_any_other(everything):
    """A license of an offer that the rulebook does not know is refused where it has no unit, and only there."""
    odd = License(39, "odd", UNKNOWN, "Odd", 1, STRICT)
    organization = replace(everything, licenses={**everything.licenses, "odd": odd})
    case = Case("a", False, Holding(), odd.bit)
    engine = Engine(webex(), organization)
    assert engine.answer([case], full=0) == [Verdict(0, odd.bit, None)]
    assert engine.answer([case], full=odd.bit) == [Verdict(odd.bit, 0, webex().rule("no-units-left"))]


def test_nobody_to_decide_for(everything):
    """No people, no verdicts."""
    nobody = np.empty(0, np.uint64)
    engine = Engine(webex(), everything)
    assert [len(array) for array in engine.decide(nobody, nobody, nobody)] == [0, 0, 0]
    assert engine.answer([]) == []


def test_a_license_cannot_be_both_added_and_removed(everything):
    """Such a request is none, and the sentence says what to do."""
    one = np.array([1], np.uint64)
    with pytest.raises(ValueError, match="leave one of them out"):
        Engine(webex(), everything).decide(one, one, one)


@backends
def test_arrays_of_different_lengths_do_not_belong_together(everything, people):
    """One value does for everybody, but no array of another length."""
    before = np.zeros(3, np.uint64)
    engine = Engine(webex(), everything, people)
    assert engine.decide(before, bit(everything, "FMS"), 0).after.tolist() == [bit(everything, "FMS")] * 3
    for short in ({"add": before[:2]}, {"remove": before[:2]}, {"marks": np.zeros(2, np.uint8)}, {"full": before[:2]}):
        with pytest.raises(ValueError, match="shape"):
            engine.decide(before, **({"add": before, "remove": before} | short))


def test_more_than_64_licenses_are_answered_one_by_one():
    """Arrays refuse an organization of 70 licenses; answers do not, and remember people who are alike."""
    organization = organization_of([*webex().offers, *["MS"] * 32])
    assert len(organization.licenses) == 70
    engine = Engine(webex(), organization)
    last, messaging = 1 << 69, bit(organization, "FMS")
    one = np.array([1], np.uint64)
    with pytest.raises(ValueError, match="more than 64 licenses"):
        engine.decide(one, one, one)
    lacking, having = Case("a", False, Holding(), last), Case("b", False, Holding(messaging), last)
    alike = Case("c", False, Holding(messaging, calling=Calling("hq")), last)
    needs = webex().rule("paid-messaging-needs-free")
    has = Verdict(0, messaging | last, None)
    assert engine.answer([lacking, having, alike]) == [Verdict(last, 0, needs), has, has]
    assert engine.answer([having], full=last) == [(last, messaging, webex().rule("no-units-left"))]


def test_answers_are_not_remembered_without_end(monkeypatch):
    """What is remembered of people whom arrays cannot express is bounded, and forgetting changes no answer."""
    monkeypatch.setattr(decisions, "_REMEMBERED_MAX", 2)
    organization = organization_of(["FMS", *["MS"] * 69])
    cases = [Case("a", False, Holding(1), 1 << place) for place in range(1, 70)]
    assert [each.refused for each in Engine(webex(), organization).answer(cases)] == [0] * 69


def test_without_numba_arrays_do(monkeypatch, everything):
    """Where numba is not installed very many people are decided by numpy."""
    monkeypatch.setattr(decisions, "find_spec", lambda name: None)
    engine = Engine(webex(), everything, KERNEL_PAYS)
    assert isinstance(engine._screener, ArrayScreener)
    monkeypatch.undo()
    assert Engine(webex(), everything, KERNEL_PAYS)._screener is kernels.screen
    assert isinstance(Engine(webex(), everything)._screener, ArrayScreener)


def test_the_kernel_is_the_same_before_it_is_compiled():
    """The function that numba compiles says, as plain Python, what the arrays say."""
    random = Random(5)
    organization = organization_of(list(webex().offers))
    default = sum(bit(organization, code) for code in ("FMS", "FTM", "FTC"))
    drawn = [[1 << random.randrange(39) for _ in range(4)] for _ in range(2_000)]
    before, add, remove, full = np.ascontiguousarray(np.array(drawn, np.uint64).T)
    before |= np.uint64(default)
    marked = np.array([random.choice((0, 0, 0, random.getrandbits(6))) for _ in drawn], np.uint8)
    people = People(before, add, remove, marked, full)
    screen = masks(webex(), organization).screen
    found = [(np.empty_like(before), np.empty(len(drawn), np.bool_)) for _ in range(3)]
    with np.errstate(over="ignore"):
        for run, told in zip((kernels.plain, kernels.screen, ArrayScreener(len(drawn))), found, strict=True):
            run(screen, people, *told)
    assert 0.2 < found[0][1].mean() < 0.8
    for after, suspect in found[1:]:
        assert np.array_equal(after, found[0][0])
        assert np.array_equal(suspect, found[0][1])


def test_a_kernel_is_made_where_none_can_be_kept(monkeypatch):
    """Without a folder to keep it in, the kernel is compiled all the same."""

    def njit(*, cache: bool = False):
        if cache:
            raise RuntimeError("cannot cache function 'plain': no locator available")
        return lambda function: function

    monkeypatch.setattr(kernels.numba, "njit", njit)
    assert kernels._compiled() is kernels.plain

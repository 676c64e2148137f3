"""The decision for many people at once says what `core.decision.decide` says of each."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus_format as form
from allot.bulk.decided import decisions, kernels
from allot.bulk.decided.decisions import KERNEL_PAYS, Engine
from allot.bulk.decided.masks import masks
from allot.bulk.decided.rounds import NONE, People
from allot.bulk.decided.screens import ArrayScreener
from allot.core.holding import Calling, Holding, bits
from allot.core.license import STRICT, License
from allot.core.organization import Organization
from allot.core.rulebook import load
from bulk.deciding import (
    BACKENDS,
    UNKNOWN,
    Case,
    Crowd,
    Verdict,
    as_case,
    core,
    decided,
    expressible,
    is_expressible,
    with_units,
)
from core import oracle
from core.cases import Generator, pose, webex
from core.oracle import Book
from core.test_oracle import invented
from corpus_format import LicenseAsk, SituationSpec
from counts import ARRAYS, fresh

BOOK = oracle.webex()

backends = pytest.mark.parametrize("people", BACKENDS.values(), ids=BACKENDS)


# ------------------------------------------------------------------ arrays, core, the oracle and the corpus


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
    cases, refused = compare(Random(1), 30, 80)
    assert refused > cases / 4
    counted(f"{cases:,} cases decided as arrays, twice, and by core; {refused:,} refused something")


@pytest.mark.long
def test_arrays_and_core_agree_for_long(counted):
    """They are equal in 200,000 further cases, which no other run has seen before."""
    cases, refused = compare(fresh(), 600, 350)
    counted(f"{cases:,} cases decided as arrays, twice, and by core; {refused:,} refused something")


def agrees(spec: SituationSpec, asks: Sequence[LicenseAsk], expected: oracle.Outcome) -> None:
    """One case, decided as arrays, with the units that the organization has."""
    posed = pose(webex(), spec, asks)
    case = as_case(BOOK, spec, asks, posed.situation.before)
    [verdict] = decided(webex(), posed.situation.organization, [case])
    keys = list(spec.licenses)
    assert {keys[place] for place in bits(verdict.refused)} == {ask.key for ask in expected.refused}
    assert {keys[place] for place in bits(verdict.after)} == expected.licenses
    assert verdict.rule == min(map(BOOK.places.__getitem__, expected.refused.values()), default=NONE)


@ARRAYS.both("cases")
def test_arrays_and_the_oracle_agree(counted, cases):
    """Generated cases, without what arrays cannot express, are decided as the oracle decides them."""
    generator = Generator(Random(3), BOOK)
    for place in range(cases):
        spec, asks = generator.case(legal=place % 8 != 0)
        plain = expressible(BOOK, spec, asks)
        agrees(spec, plain, oracle.decide(BOOK, spec, plain))
    counted(f"{cases:,} cases decided as by the oracle")


EXPRESSIBLE = [case for case in form.read_all() if is_expressible(BOOK, case.situation, case.asks)]


@pytest.mark.parametrize("case", EXPRESSIBLE, ids=[case.name for case in EXPRESSIBLE])
def test_arrays_and_the_corpus_agree(case):
    """Each file of the corpus that arrays can express is decided as it expects."""
    refused = {ask: case.expect.refused[ask.key] for ask in case.asks if ask.key in case.expect.refused}
    expected = oracle.Outcome(refused, frozenset(case.expect.licenses), frozenset(), None)
    agrees(case.situation, case.asks, expected)


# ------------------------------------------------------------------ laws


law = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
crowds = st.integers(0, 2**64 - 1).map(Random).map(lambda random: Crowd(random, webex(), BOOK, 20))


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
    case = Case(Holding(one | other, calling=Calling("hq")), replacement, one | other)
    expected = Verdict(one | other | replacement, one | other, rulebook.rule("unmanaged").order)
    assert core(rulebook, everything, case) == expected
    assert decided(rulebook, everything, [case]) == [expected]


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
    case = Case(Holding(), odd.bit)
    assert decided(webex(), organization, [case], full=0) == [Verdict(0, odd.bit, NONE)]
    refused = Verdict(odd.bit, 0, webex().rule("no-units-left").order)
    assert decided(webex(), organization, [case], full=odd.bit) == [refused]


@backends
def test_nobody_to_decide_for(everything, people):
    """No people, no verdicts."""
    nobody = np.empty(0, np.uint64)
    engine = Engine(webex(), everything, people)
    assert [len(array) for array in engine.decide(nobody, nobody, nobody)] == [0, 0, 0]


@backends
def test_a_license_cannot_be_both_added_and_removed(everything, people):
    """Such a request is none, and the sentence says what to do."""
    one = np.array([1], np.uint64)
    with pytest.raises(ValueError, match="leave one of them out"):
        Engine(webex(), everything, people).decide(one, one, one)


@backends
def test_arrays_of_different_lengths_do_not_belong_together(everything, people):
    """One value does for everybody, but no array of another length."""
    before = np.zeros(3, np.uint64)
    engine = Engine(webex(), everything, people)
    assert engine.decide(before, bit(everything, "FMS"), 0).after.tolist() == [bit(everything, "FMS")] * 3
    for short in ({"add": before[:2]}, {"remove": before[:2]}, {"marks": np.zeros(2, np.uint8)}, {"full": before[:2]}):
        with pytest.raises(ValueError, match="shape"):
            engine.decide(before, **({"add": before, "remove": before} | short))


def test_the_last_of_64_licenses_is_like_any_other():
    """The highest bit is given, taken and refused as core does it."""
    organization = organization_of(["FMS", *["MS"] * 63])
    last = 1 << 63
    cases = [Case(Holding(), last), Case(Holding(1), last), Case(Holding(1 | last), remove=last)]
    found = decided(webex(), organization, cases)
    assert found == [core(webex(), organization, case) for case in cases]
    assert found[0] == (last, 0, webex().rule("paid-messaging-needs-free").order)
    assert found[1:] == [(0, 1 | last, NONE), (0, 1, NONE)]


def test_more_than_64_licenses_do_not_fit():
    """Nothing is decided for an organization of 65 licenses, and the sentence says who can."""
    engine = Engine(webex(), organization_of(["FMS", *["MS"] * 64]))
    one = np.array([1], np.uint64)
    with pytest.raises(ValueError, match=r"more than 64 licenses.*core\.decision\.decide"):
        engine.decide(one, 0, one)


def test_more_than_255_rules_do_not_fit(everything):
    """The place of a rule is a byte, and 255 stands for none: 255 rules are the most."""
    text = oracle.WEBEX.read_text(encoding="utf-8")
    rule = CHAIN[CHAIN.rindex("[[rules]]") :]
    others = [rule.replace('"apart"', f'"{place}"').replace("BCBAS", "BCHDO") for place in range(254)]
    most = "".join([text[: text.index("[[rules]]")], *others, rule])
    case = Case(Holding(bit(everything, "BCSTD"), calling=Calling("hq")), bit(everything, "BCBAS"))
    assert decided(load(most), everything, [case]) == [core(load(most), everything, case)]
    assert core(load(most), everything, case).rule == 254
    with pytest.raises(ValueError, match="more than 255 rules"):
        decided(load(most + rule.replace('"apart"', '"more"')), everything, [case])


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

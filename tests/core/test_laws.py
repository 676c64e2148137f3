"""The seven laws of a decision, each a property of every situation and every request."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allot.core.decision import _keep_swaps_whole, judge
from allot.core.judgement import assume
from core import oracle
from core.cases import Generator, Posed, applied, outcome, pose, through_core, webex
from core.oracle import World
from corpus_format import LicenseAsk
from counts import DECISIONS, fresh

BOOK = oracle.webex()

#: cases whose holding before is legal, and cases that may begin with anything
legal_cases = st.integers(0, 2**64 - 1).map(Random).map(lambda random: Generator(random, BOOK).case())
any_cases = st.integers(0, 2**64 - 1).map(Random).map(lambda random: Generator(random, BOOK).case(legal=False))

law = settings(
    max_examples=DECISIONS.quick,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@law
@given(any_cases)
def test_law_1_every_item_has_one_outcome(case):
    """Every item is accepted or refused, exactly once, and a refusal has exactly one rule."""
    posed = pose(webex(), *case)
    decision = posed.decide()
    refused = [item for item, _ in decision.refused]
    assert len(decision.faults) == len(posed.items)
    assert [item for item in posed.items if item in decision.accepted or item in refused] == posed.items
    assert not {id(item) for item in decision.accepted} & {id(item) for item in refused}
    assert set(decision.along) <= set(refused)


@law
@given(legal_cases)
def test_law_2_what_was_legal_stays_legal(case):
    """The holding after is legal under every rule of state when the holding before was."""
    situation, asks = case
    before = oracle.Outcome({}, situation.person.licenses, situation.person.sites, situation.person.calling)
    assert oracle.wrongs(BOOK, situation, replace(before, sites=frozenset())) == []
    assert oracle.wrongs(BOOK, situation, through_core(webex(), situation, asks)) == []


@law
@given(any_cases)
def test_law_3_accepted_items_are_accepted_again(case):
    """Deciding only the accepted items accepts them all, and applying them twice changes nothing more."""
    situation, asks = case
    first = through_core(webex(), situation, asks)
    accepted = [ask for ask in asks if ask not in first.refused]
    if accepted:
        assert through_core(webex(), situation, accepted) == replace(first, refused={})
        again = through_core(webex(), applied(situation, first), accepted)
        assert replace(again, refused={}) == replace(first, refused={})


@law
@given(any_cases, st.integers(0, 2**64 - 1).map(Random))
def test_law_4_order_does_not_matter(case, random):
    """The order of the items changes neither which are refused, nor by which rule, nor the holding after."""
    situation, asks = case
    shuffled = random.sample(asks, len(asks))
    assert through_core(webex(), situation, shuffled) == through_core(webex(), situation, asks)


@law
@given(any_cases)
def test_law_5_refusals_are_sound(case):
    """In its round an item takes part in breaking the rule that refuses it, or the other half of its swap does."""
    posed = pose(webex(), *case)
    decision = posed.decide()
    names = dict(zip(posed.items, posed.asks, strict=True))
    for standing, judged, refused in rounds(posed):
        world = World(BOOK, case[0], [names[item] for item in standing])
        for item, rule in judged.items():
            assert item in standing
            assert takes_part(world, names[item], rule.id), f"{names[item]} in {rule.id}"
        for item in refused.keys() - judged.keys():
            assert item in decision.along
            assert any(
                posed.rulebook.rules.index(rule) == refused[item].order and exclude(case[0], names[item], names[other])
                for other, rule in zip(posed.items, decision.faults, strict=True)
                if rule is not None and other is not item
            )


@law
@given(any_cases)
def test_law_6_swaps_are_whole(case):
    """A removal happens only with one of its replacements, and a replacement only with all that it replaces."""
    situation, asks = case
    refused = through_core(webex(), situation, asks).refused
    for removal, replacements in oracle.swaps(BOOK, situation, asks).items():
        accepted = [ask for ask in replacements if ask not in refused]
        assert bool(accepted) == (removal not in refused)


@law
@given(any_cases)
def test_law_7_nothing_accepted_leaves_no_trace(case):
    """When nothing is accepted, the holding after is the holding before, whatever that was."""
    situation, asks = case
    refused = through_core(webex(), situation, asks).refused
    posed = pose(webex(), situation, refused)
    decision = posed.decide()
    if refused and not decision.accepted:
        assert decision.after == decision.before == posed.situation.before


@pytest.mark.long
def test_the_laws_hold_for_long():
    """The seven laws hold in many further cases each, which no other run has seen before."""
    random = fresh()
    generator = Generator(random, BOOK)
    for place in range(DECISIONS.long):
        legal = generator.case()
        test_law_2_what_was_legal_stays_legal.hypothesis.inner_test(legal)
        case = legal if place % 2 else generator.case(legal=False)
        test_law_1_every_item_has_one_outcome.hypothesis.inner_test(case)
        test_law_3_accepted_items_are_accepted_again.hypothesis.inner_test(case)
        test_law_4_order_does_not_matter.hypothesis.inner_test(case, random)
        test_law_5_refusals_are_sound.hypothesis.inner_test(case)
        test_law_6_swaps_are_whole.hypothesis.inner_test(case)
        test_law_7_nothing_accepted_leaves_no_trace.hypothesis.inner_test(case)
    print(f"the seven laws held in {place + 1:,} cases each")


def test_the_cases_are_worth_deciding():
    """The generator makes requests of all three statuses, refusals by every rule, and swaps of every outcome."""
    generator = Generator(Random(7), BOOK)
    rules, statuses, swapped = set(), set(), set()
    for _ in range(700):
        situation, asks = generator.case()
        refused = through_core(webex(), situation, asks).refused
        rules |= set(refused.values())
        statuses.add(200 if not refused else 400 if len(refused) == len(asks) else 206)
        swapped |= {removal in refused for removal in oracle.swaps(BOOK, situation, asks)}
    assert rules == {rule.id for rule in webex().rules}
    assert (statuses, swapped) == ({200, 206, 400}, {True, False})


def rounds(posed: Posed):
    """The rounds of a decision: what stood, what the rules refused, and what fell in all."""
    items, faults, standing = posed.items, [None] * len(posed.items), posed.items
    while standing:
        state = assume(posed.situation, standing)
        judged = judge(posed.rulebook, state)
        refused = dict(judged)
        if refused:
            _keep_swaps_whole(posed.rulebook, state, items, faults, refused)
        yield standing, judged, refused
        faults = [refused.get(item, fault) for item, fault in zip(items, faults, strict=True)]
        remaining = [item for item, fault in zip(items, faults, strict=True) if fault is None]
        if remaining == standing:
            break
        standing = remaining
    final = posed.decide()
    assert faults == final.faults
    assert outcome(posed, final).refused.keys() == {
        ask for ask, fault in zip(posed.asks, faults, strict=True) if fault is not None
    }


def takes_part(world: World, ask, rule_id: str) -> bool:
    """Whether the world breaks the rule and this item is one of the reasons, said once more in plain words."""
    rule = next(rule for rule in BOOK.rules if rule["id"] == rule_id)
    kind = rule["kind"]
    offers = [world.spec(key).offer for key in world.after]
    match kind:
        case "conflict":
            both = set(rule["offers"]) & set(offers) and set(rule["with"]) & set(offers)
            return bool(both) and ask.key in world.after and world.offer(ask) in rule["offers"] + rule["with"]
        case "one-of":
            return any(world.offer(ask) in each and sum(offer in each for offer in offers) > 1 for each in rule["sets"])
        case "requires":
            broken = set(rule["offers"]) & set(offers) and not set(rule["any_of"]) & set(offers)
            return bool(broken) and world.offer(ask) in (rule["offers"] if ask.add else rule["any_of"])
        case "transition":
            gone = set(rule["from"]) & world.offers_before and not set(rule["from"]) & set(offers)
            come = set(rule["to"]) & set(offers) - world.offers_before
            return bool(gone and come) and world.offer(ask) in (rule["to"] if ask.add else rule["from"])
        case "external" | "capacity" | "properties" | "location" | "number" | "extension":
            return type(ask) is LicenseAsk and ask.add and ask.key in world.after
        case "implicit":
            return not ask.add and ask.key in world.before and world.offer(ask) in rule["offers"]
    return ask in oracle.NAMED[kind](rule, world)


def exclude(situation, one, other) -> bool:
    """Whether these two items are the halves of a swap."""
    return oracle.excludes(BOOK, situation, one, other)

"""Explanations: every rule that is broken, and the shortest legal way, checked against all possible ways."""

from dataclasses import replace
from itertools import product
from random import Random
from time import process_time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allot.core import way
from allot.core.decision import decide
from allot.core.explanation import explain
from allot.core.holding import Holding, LicenseItem, Properties, SiteItem
from allot.core.judgement import Situation
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.rulebook import load
from core import oracle
from core.cases import Generator, applied, pose, through_core, webex
from corpus_format import CallingSpec, LicenseAsk, LicenseSpec, NumberSpec, PersonSpec, PropertiesSpec, SiteAsk
from corpus_format import SituationSpec as Spec
from counts import EXPLANATIONS, WORLDS, fresh

BOOK = oracle.webex()
HQ = CallingSpec("hq", "+14085550100", "100")
PLACE = PropertiesSpec("hq", None, "199")


def draw(random):
    """A case, of which some begin with a holding that breaks the rules."""
    return Generator(random, BOOK).case(legal=random.random() < 0.8)


cases = st.integers(0, 2**64 - 1).map(Random).map(draw)
law = settings(
    max_examples=EXPLANATIONS.quick,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def explained(spec, asks):
    posed = pose(webex(), spec, asks)
    return explain(posed.rulebook, posed.situation, posed.items)


def shown(explanation):
    """A way in a few letters: `-` and `+`, `!` where it is irreversible, `?` where properties are needed."""
    if explanation.way is None:
        return None

    def letters(step):
        name = step.item.license.id if type(step.item) is LicenseItem else step.item.url
        return f"{'+' if step.item.add else '-'}{name}{'!' * step.irreversible}{'?' * step.properties_needed}"

    return [" ".join(map(letters, steps)) for steps in explanation.way]


def world(held, *others, sites=(), calling=None, external=False, used=0, **spec):
    """An organization with a license of each offer; the person holds the first ones."""
    keys = [*held, *others]
    licenses = {key: LicenseSpec(key.rstrip("0123456789"), used + (key in held), 10) for key in keys}
    person = PersonSpec(frozenset(held), frozenset(sites), calling, external)
    numbers = {HQ.number: NumberSpec("hq", "person-1" if calling else None)}
    given_ = {"sites": {"alpha.webex.com": True}, "locations": ("hq",), "numbers": numbers, "extensions": {}} | spec
    return Spec(licenses, person, **given_)


# ------------------------------------------------------------------------------ laws


@law
@given(cases)
def test_every_way_is_accepted_whole_and_ends_with_what_was_asked(case):
    """Each request of a way is accepted whole after the ones before it, and at the end what was asked is true."""
    spec, asks = case
    posed = pose(webex(), *case)
    found = explain(posed.rulebook, posed.situation, posed.items)
    assert (found.way == ()) == (not any(found.decision.faults))
    assert (found.reason is None) == (found.way is not None)
    if not found.way:
        return
    for steps in found.way:
        sent = [sendable(spec, step) for step in steps]
        after = through_core(webex(), spec, sent)
        assert after.refused == {}
        reached = any(BOOK.is_calling(spec.licenses[key].offer) for key in spec.person.licenses)
        gone = reached and spec.person.calling is not None and after.calling is None
        assert any(step.irreversible for step in steps) == gone
        spec = applied(spec, after)
    for ask in asks:
        held = spec.person.sites if type(ask) is SiteAsk else spec.person.licenses
        assert (ask.key in held) == ask.add, ask


@law
@given(cases)
def test_every_violation_is_one(case):
    """A refused item has violations, its fault among them, in the order of the rules; an accepted one has none."""
    posed = pose(webex(), *case)
    found = explain(posed.rulebook, posed.situation, posed.items)
    for fault, rules in zip(found.decision.faults, found.violations, strict=True):
        assert (fault is None) == (rules == ())
        assert fault is None or fault in rules
        assert list(rules) == sorted(set(rules), key=lambda rule: rule.order)


def sendable(spec, step):
    """A step as the user would send it, with properties where they are needed."""
    if type(step.item) is SiteItem:
        return SiteAsk(step.item.url, step.item.add)
    given_ = step.item.properties or Properties()
    properties = PropertiesSpec(given_.location_id, given_.phone_number, given_.extension)
    if step.properties_needed:
        extension = properties.extension or "7777"
        free = [place for place in ("hq", "lab") if (place, extension) not in spec.extensions]
        properties = PropertiesSpec(free[0], None, extension) if free else PropertiesSpec("hq", None, "7777")
    return LicenseAsk(step.item.license.id, step.item.add, properties if step.item.license.offer.calling else None)


@pytest.mark.long
def test_the_laws_of_explanations_hold_for_long():
    """Both laws hold in many further cases, which no other run has seen before."""
    random = fresh()
    for _ in range(EXPLANATIONS.long):
        case = draw(random)
        test_every_way_is_accepted_whole_and_ends_with_what_was_asked.hypothesis.inner_test(case)
        test_every_violation_is_one.hypothesis.inner_test(case)


# ------------------------------------------------------------------------------ all possible ways


def small_rulebook(random):
    """Four offers without calling, and a handful of rules between them."""
    codes = "ABCD"
    text, free = "", set()
    for number in range(random.randint(1, 4)):
        one, other, third = random.sample(codes, 3)
        kind, lists = random.choice([
            ("conflict", f'offers = ["{one}"]\nwith = ["{other}"]'),
            ("one-of", f'sets = [["{one}", "{other}"]]'),
            ("requires", f'offers = ["{one}"]\nany_of = ["{other}"]'),
            ("requires", f'offers = ["{one}"]\nany_of = ["{other}", "{third}"]'),
            ("transition", f'from = ["{one}"]\nto = ["{other}"]'),
            ("implicit", f'offers = ["{one}"]'),
            ("capacity", ""),
        ])  # fmt: skip
        if kind == "implicit":
            free.add(one)
        text += f'[[rules]]\nid = "r{number}"\nkind = "{kind}"\n{lists}\ncode = {number}\nmessage = "m"\n'
        text += 'description = "d"\nremedy = "r"\nprovenance = "ours"\nsource = "x"\n'
    head = 'name = "small"\ntitle = "small"\nversion = "1"\n'
    for code in codes:
        head += f'[[offers]]\ncode = "{code}"\nname = "{code}"\nfamily = "device"\nprovenance = "ours"\nsource = "x"\n'
        head += "free = true\n" if code in free else ""
    return load(head + text)


def small_case(random):
    """A rulebook, a person with some licenses, and a request."""
    rulebook = small_rulebook(random)
    offers = list(rulebook.offers.values()) + random.choices(list(rulebook.offers.values()), k=random.randint(0, 1))
    licenses = []
    for number, offer in enumerate(random.sample(offers, len(offers))):
        total = random.randint(1, 3)
        used = random.choice((1, total))
        licenses.append(License(number, f"{offer.code}{number}", offer, offer.name, total, "strict", used))
    organization = Organization("o", {license.id: license for license in licenses})
    before = 0
    for license in random.sample(licenses, len(licenses)):
        offers_after = organization.offers(before | license.bit)
        legal = not any(rule.may_be_broken(offers_after, 0, offers_after) for rule in rulebook.rules)
        if (legal or random.random() < 0.05) and random.random() < 0.6:
            before |= license.bit
    situation = Situation(organization, "p", False, Holding(before))
    wanted = random.sample(licenses, random.randint(1, 3))
    asked = [LicenseItem(license, random.random() < (0.3 if license.bit & before else 0.9)) for license in wanted]
    return rulebook, situation, asked


def all_ways(rulebook, situation, items):
    """The cost of the cheapest way, found by trying every sequence of holdings; None when there is none."""
    before, organization = situation.before.licenses, situation.organization
    licenses = list(organization.licenses.values())
    required = 0
    for rule in rulebook.rules:
        required |= rule.right if rule.kind == "requires" else 0
    asked = {item.license: item.add for item in items}
    movable = [each for each in licenses if each in asked or each.bit & before or each.offer.bit & required]
    asked_bits = sum(license.bit for license in asked)
    holdings = [sum(each.bit for each, has in zip(movable, mask, strict=True) if has)
                for mask in product((0, 1), repeat=len(movable))]  # fmt: skip

    def ask(license, start, end):
        freed = bool(license.bit & before & ~start)
        return LicenseItem(
            replace(license, consumed_by_users=license.consumed_by_users - freed), bool(license.bit & end)
        )

    def accepted(start, end):
        changed = [ask(license, start, end) for license in movable if license.bit & (start ^ end)]
        return not any(decide(rulebook, Situation(organization, "p", False, Holding(start)), changed).faults)

    def reached(end):
        return all(bool(license.bit & end) == add for license, add in asked.items())

    frontier = {before: 0}
    for requests in range(1, way.REQUESTS_MAX + 1):
        found: dict[int, int] = {}
        for start, steps in frontier.items():
            for end in holdings:
                if end != start and accepted(start, end):
                    found[end] = min(found.get(end, 99), steps + (start ^ end).bit_count())
        ends = [((end ^ before) & ~asked_bits, steps) for end, steps in found.items() if reached(end)]
        if ends:
            return min((requests, unasked.bit_count(), steps) for unasked, steps in ends)
        frontier = found
    return None


def compare_all_ways(random, count):
    costs = []
    for _ in range(count):
        rulebook, situation, items = small_case(random)
        found = explain(rulebook, situation, items)
        if found.way == ():
            continue
        expected = all_ways(rulebook, situation, items)
        if found.way is None:
            assert expected is None, (situation, items, expected)
        else:
            end = situation.before.licenses
            for steps in found.way:
                for step in steps:
                    end ^= step.item.license.bit
            asked = sum(item.license.bit for item in items)
            unasked = ((end ^ situation.before.licenses) & ~asked).bit_count()
            assert (len(found.way), unasked, sum(map(len, found.way))) == expected
        costs.append(expected)
    return costs


def test_no_way_is_shorter():
    """In small worlds no sequence of requests does with less, and there is none where we say so."""
    costs = compare_all_ways(Random(11), WORLDS.quick)
    lengths = [cost and cost[0] for cost in costs]
    assert {None, 1, 2} <= set(lengths)
    assert len(costs) > WORLDS.quick / 4


@pytest.mark.long
def test_no_way_is_shorter_for_long():
    """The same in many further worlds, which no other run has seen before."""
    print(f"{len(compare_all_ways(fresh(), WORLDS.long)):,} ways compared")


# ------------------------------------------------------------------------------ what an administrator sees


def add(key, properties=None):
    return LicenseAsk(key, True, properties)


def drop(key):
    return LicenseAsk(key, False)


TWO = {HQ.number: NumberSpec("hq", "person-1"), "+14085550101": NumberSpec("lab", None)}


def hosting(*held, sites=()):
    """Someone who is host on alpha by the first of these licenses."""
    spec = world(held, sites=sites)
    first = replace(spec.licenses[held[0]], site="alpha.webex.com")
    return replace(spec, licenses=spec.licenses | {held[0]: first})


@pytest.mark.parametrize(
    ("spec", "asks", "expected"),
    [
        pytest.param(world(["BCSTD"], "BCBAS", calling=HQ), [drop("BCSTD"), add("BCBAS", PLACE)],
                     ["-BCSTD!", "+BCBAS"], id="downgrade in two requests, the first loses the number"),
        pytest.param(world(["BCSTD"], "BCBAS", calling=HQ), [add("BCBAS")],
                     ["-BCSTD!", "+BCBAS"], id="the number of today is offered again"),
        pytest.param(world(["BCSTD", "BCATC"], "BCBAS", calling=HQ), [add("BCBAS")],
                     ["-BCSTD! -BCATC", "+BCBAS"], id="what depends on the license goes with it"),
        pytest.param(world(["BCBAS"], "BCSTD", calling=HQ), [add("BCSTD")],
                     ["-BCBAS +BCSTD"], id="an upgrade is a swap and keeps the number"),
        pytest.param(world([], "BCSTD", "BCATC"), [add("BCATC")],
                     ["+BCSTD? +BCATC"], id="a prerequisite that needs properties"),
        pytest.param(world([], "BCSTD", "BCCXE", "BCATC"), [add("BCCXE", PLACE), add("BCATC")],
                     ["+BCSTD +BCCXE +BCATC"], id="a prerequisite shares the properties that are there"),
        pytest.param(world([], "BCSTD"), [add("BCSTD")], ["+BCSTD?"], id="only properties are missing"),
        pytest.param(world(["BCSTD"], "BCCXE", calling=HQ), [add("BCCXE", PropertiesSpec(None, None, "150"))],
                     ["+BCCXE"], id="an extension is at the location of today"),
        pytest.param(world(["FMS", "MS", "FTM", "CF"]), [drop("FMS")],
                     ["-FMS -MS -FTM -CF"], id="all that needs a license goes with it"),
        pytest.param(world(["CJPPRM"], "CJPSTD", "CF", "FTM", "FMS"), [add("CJPSTD"), add("CF")],
                     ["-CJPPRM +CJPSTD +CF +FTM +FMS"],
                     id="what no rule connects is solved apart and sent together"),
        pytest.param(hosting("EE"), [SiteAsk("alpha.webex.com", True)],
                     ["-EE +alpha.webex.com"], id="a host becomes an attendee"),
        pytest.param(world(["BCSTD"], calling=HQ, locations=("hq", "lab"), numbers=TWO),
                     [add("BCSTD", PropertiesSpec("lab", "+14085550101", None))],
                     ["-BCSTD!", "+BCSTD"], id="a move to the number of another location"),
        pytest.param(world(["BCSTD"], "MS", "FMS", calling=HQ),
                     [add("BCSTD", PropertiesSpec(None, None, "150")), add("MS")],
                     ["+BCSTD +MS +FMS"], id="new properties, and a prerequisite elsewhere"),
        pytest.param(world(["BCSTD"], calling=HQ), [add("BCSTD", PropertiesSpec(None, None, "150")), add("XX")],
                     None, id="nothing of it when one item is hopeless"),
    ],
)  # fmt: skip
def test_ways(spec, asks, expected):
    """The known cases of a request that is refused have the way that an administrator would take."""
    assert shown(explained(spec, asks)) == expected


@pytest.mark.parametrize(
    ("spec", "asks", "reason"),
    [
        (world([]), [add("XX")], "XX: Use a license id that GET /licenses lists"),
        (world(["MSGR"]), [drop("MSGR")], "Leave the Messenger license out"),
        (world(["FSS"]), [drop("FSS")], "Leave Free screen share out"),
        (
            world([], "MS", "FMS", external=True),
            [add("MS")],
            "people of other organizations may have meetings licenses",
        ),
        (world([], "EE", used=10), [add("EE")], "Remove the license from someone who does not need it"),
        (world([], "BCSTD"), [add("BCSTD", PropertiesSpec(None, "+14085550199", None))], "Choose a number"),
        (world([], "BCSTD", extensions={("hq", "199"): "x"}), [add("BCSTD", PLACE)], "Choose an extension"),
        (world([], "BCSTD"), [add("BCSTD", PropertiesSpec("moon", None, "199"))], "Use a location id"),
        (world([]), [SiteAsk("other.webex.com", True)], "Name a site of this organization"),
        (replace(world([]), sites={"alpha.webex.com": False}), [SiteAsk("alpha.webex.com", True)], "Name a site"),
        (world([], "CJPPRM", "CJPSTD"), [add("CJPPRM"), add("CJPSTD")], "No series of requests leads there."),
        (world([], "MS"), [add("MS")], "The organization has no license of FMS with a free unit."),
        (world(["FMS"], "MS", "FTM"), [drop("FMS"), add("MS")], "No series of requests leads there."),
        (hosting("EE", sites=("alpha.webex.com",)), [SiteAsk("alpha.webex.com", True)], "Name a site"),
    ],
)
def test_reasons_for_no_way(spec, asks, reason):
    """Where no request for this person leads to what was asked, the sentence says what would have to change."""
    found = explained(spec, asks)
    assert found.way is None
    assert reason in found.reason


def test_all_violations_are_told():
    """Each half of a refused swap has every rule that it breaks, and an accepted item has none."""
    spec = world(["BCSTD", "BCATC"], "BCBAS", "EE", calling=HQ)
    found = explained(spec, [drop("BCSTD"), add("BCBAS"), add("EE")])
    removed, added, other = ([rule.id for rule in rules] for rules in found.violations)
    assert other == []
    assert removed == ["professional-to-standard", "attendant-needs-professional"]
    assert added == ["calling-properties", "professional-to-standard", "standard-and-attendant"]


def test_falling_along_is_a_violation():
    """An item that breaks no rule in the state as asked, and falls only with another, has the rule of its refusal."""
    spec = world(["CJPPRM"], "CJPSTD", used=10)
    found = explained(spec, [drop("CJPPRM"), add("CJPSTD")])
    assert [[rule.id for rule in rules] for rules in found.violations] == [["no-units-left"]] * 2


@pytest.mark.parametrize("trials", [1, 3, 6, 9])
def test_a_search_that_is_too_long_says_so(monkeypatch, trials):
    """A search is given up after a bounded number of tries, and the reason tells that from an impossible request."""
    monkeypatch.setattr(way, "TRIALS_MAX", trials)
    found = explained(world(["BCSTD"], "BCBAS", calling=HQ), [add("BCBAS")])
    assert found.way is None
    assert found.reason.startswith("Too many licenses")


def test_the_longest_request_is_explained_in_time():
    """A request of 500 licenses, half of them refused, costs less than a tenth of a second and is no way too long."""
    spec = world(["BCSTD"], *(f"EE{n}" for n in range(490)), *(f"BCBAS{n}" for n in range(5)), calling=HQ)
    started = process_time()  # which goes on while this process does, and not while the machine pauses it
    found = explained(spec, [add(key) for key in spec.licenses if key.startswith("EE")] + [add("BCBAS1")])
    assert process_time() - started < 1
    assert [len(steps) for steps in found.way] == [491, 1]

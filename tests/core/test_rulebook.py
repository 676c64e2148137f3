"""The rulebook: what is shipped, and what a faulty one is told."""

import json
import re
from pathlib import Path

import pytest

from allot.core.rule import KINDS
from allot.core.rulebook import RulebookError, load
from core.cases import through_core, webex
from corpus_format import LicenseAsk, LicenseSpec, PropertiesSpec, SituationSpec

#: the rules with a documented error; 400 is documented for the location only
DOCUMENTED = {rule.id: rule for rule in webex().rules if rule.code != 400 or rule.id == "location-not-found"}

#: line 1 is `name`; offers A and B begin at lines 4 and 10, the rule at line 16
SMALL = """name = "small"
title = "A small rulebook"
version = "1"
[[offers]]
code = "A"
name = "First"
family = "calling"
provenance = "ours"
source = "here"
[[offers]]
code = "B"
name = "Second"
family = "meetings"
provenance = "ours"
source = "here"
[[rules]]
id = "apart"
kind = "conflict"
offers = ["A"]
with = ["B"]
code = 400
message = "No"
description = "{licenses}"
remedy = "Choose one."
provenance = "ours"
source = "here"
"""


def official(name: str) -> dict:
    """One of the official API texts, from the folder `shared` beside the checkout."""
    path = Path(__file__).parents[3] / "shared" / "official" / name
    return json.loads(path.read_text(encoding="utf-8"))


def faults_of(text: str) -> list[str]:
    """The faults that loading this text names."""
    with pytest.raises(RulebookError) as caught:
        load(text, "small.toml")
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def test_the_shipped_rulebook_loads():
    """The shipped rulebook has the twenty rules of the contract, three for wholesale licenses, and every kind."""
    rulebook = webex()
    assert rulebook.name == "webex"
    assert [rule.order for rule in rulebook.rules] == list(range(23))
    assert {rule.kind for rule in rulebook.rules} == set(KINDS)
    standing, wholesale = ["BCSTD", "BCBAS", "BCCXE", "BCHDO"], ["SLWCA", "SLWS", "SLWV", "SLCXE", "SLWCS"]
    assert rulebook.codes(rulebook.calling) == standing + wholesale


def test_a_rule_is_found_by_its_id():
    """A rule is found by its id, and an id that is none is an error."""
    assert webex().rule("one-of-set").code == 400413
    with pytest.raises(KeyError):
        webex().rule("no-such-rule")


def test_the_documented_errors_are_all_there():
    """One documented rule has each of the sixteen documented errors; who has one and is assumed takes it as it is."""
    documented = [rule.code for rule in DOCUMENTED.values() if rule.provenance.kind == "documented"]
    assert len(documented) == len(set(documented)) == 16
    assert [rule.id for rule in DOCUMENTED.values() if rule.provenance.kind != "documented"] == [
        "one-wholesale-package"
    ]


def test_sentences_of_ours_have_the_code_400():
    """A rule with a sentence that Cisco does not document has the generic code and message, and says so."""
    ours = [rule for rule in webex().rules if rule.id not in DOCUMENTED]
    assert {(rule.code, rule.message) for rule in ours} == {(400, "License assignment failed")}
    assert {rule.provenance.kind for rule in ours} == {"assumed", "ours"}


@pytest.mark.parametrize("rule", DOCUMENTED.values(), ids=DOCUMENTED.keys())
def test_documented_errors_are_ciscos_to_the_letter(rule):
    """Message and description of a documented error are Cisco's, but for the list that one-of ends with."""
    responses = official("official_subset.json")["admin"]["paths"]["/licenses/users"]["patch"]["responses"]
    examples = [each["value"] for each in responses["400"]["content"]["application/json"]["examples"].values()]
    by_code = {each["errors"][0]["errorCode"]: each for each in examples}
    assert len(by_code) == 16
    assert by_code[rule.code]["message"] == rule.message
    assert by_code[rule.code]["errors"][0]["description"] == rule.description.removesuffix(" {offers}")


def test_a_small_rulebook_loads():
    """A rulebook needs no more than what the example of these tests has."""
    rulebook = load(SMALL)
    first, second = rulebook.offers.values()
    assert (first.code, second.code) == ("A", "B")
    assert rulebook.exclusive(first) == second.bit
    assert rulebook.rules[0].provenance.kind == "ours"


def test_the_packages_are_the_documented_ones():
    """Customers and subscribers may have the packages that Cisco lists, and these need the ones that it names."""
    document = official("official_subset.json")["wholesale"]
    schemas, packages = document["components"]["schemas"], webex().packages
    assert list(packages) == schemas["WholesalePackagesCustomer"]["enum"]
    of_subscribers = {name for name, package in packages.items() if package.subscribers}
    assert of_subscribers == set(schemas["WholesalePackagesSubscriber"]["enum"])
    single = schemas["Subscriber"]["properties"]["package"]["enum"]
    assert [name for name, package in packages.items() if package.single] == single
    note = document["paths"]["/wholesale/customers"]["post"]["description"]
    needs = re.findall(r"`(\w+)` is dependent on: (.+)", note)
    assert {name: package.any_of for name, package in packages.items() if package.any_of} == {
        name: tuple(re.findall(r"`(\w+)`", others)) for name, others in needs
    }


def test_what_packages_grant_goes_together():
    """Whoever is given one base package, with an add-on that it allows, is refused none of the licenses."""
    packages = webex().packages.values()
    addons = [package for package in packages if package.subscribers and not package.base]
    for base in [package for package in packages if package.base]:
        for chosen in ([base], *([base, addon] for addon in addons if base.name in addon.any_of)):
            offers = [offer for package in chosen for offer in package.grants]
            spec = SituationSpec({offer: LicenseSpec(offer) for offer in offers}, locations=("hq",))
            asks = [LicenseAsk(offer, True, PropertiesSpec("hq", None, "100")) for offer in offers]
            assert through_core(webex(), spec, asks).refused == {}, [package.name for package in chosen]


FAULTS = {
    "not TOML": ('code = "A"', "code = ", "small.toml: not a TOML document: Invalid value (at line 5, column 8)"),
    "a text is missing": ('name = "First"\n', "", "line 4, name: is missing"),
    "a text is empty": ('name = "First"', 'name = ""', "line 6, name: must be a text that is not empty"),
    "a text is a number": ('name = "First"', "name = 1", "line 6, name: must be a text that is not empty"),
    "the title is missing": ('title = "A small rulebook"\n', "", "line 1, title: is missing"),
    "the version is a number": ('version = "1"', "version = 1", "line 3, version: must be a text that is not empty"),
    "an unknown family": ('"meetings"', '"meeting"', "line 13, family: is `meeting`, must be one of calling, "),
    "an unknown provenance": (
        'remedy = "Choose one."\nprovenance = "ours"',
        'remedy = "Choose one."\nprovenance = "hearsay"',
        "line 25, provenance: is `hearsay`, must be one of documented, observed, assumed, ours",
    ),
    "no source": (
        'provenance = "ours"\nsource = "here"\n[[rules]]',
        'provenance = "ours"\n[[rules]]',
        "line 10, source",
    ),
    "a flag that is a text": (
        'family = "calling"',
        'family = "calling"\nfree = "yes"',
        "line 8, free: must be true or",
    ),
    "an offer defined twice": ('code = "B"', 'code = "A"', "line 11, code: offer `A` is defined twice"),
    "an unknown member of an offer": ('name = "First"', 'nmae = "First"', "line 6, nmae: is not known here; known are"),
    "an unknown member of a rule": ('remedy = "', 'remdy = "', "line 24, remdy: is not known here; known are"),
    "an unknown member of the whole": (
        'version = "1"',
        'version = "1"\nreversion = 2',
        "line 4, reversion: is not known",
    ),
    "an unknown table": ("[[rules]]", "[[rule]]", "line 16, rule: is not known here; known are"),
    "an unknown kind": ('"conflict"', '"conflicts"', "line 18, kind: is `conflicts`, must be one of unknown, site, "),
    "a code that is a text": ("code = 400", 'code = "400"', "line 21, code: must be an integer"),
    "a code that is a truth": ("code = 400", "code = true", "line 21, code: must be an integer"),
    "an offer that is not defined": (
        'with = ["B"]',
        'with = ["B", "C"]',
        "line 20, with: names offer `C`, which is not",
    ),
    "offers that are one text": ('offers = ["A"]', 'offers = "A"', "line 19, offers: must be a list of offer codes"),
    "offers that are empty": ('offers = ["A"]', "offers = []", "line 19, offers: must be a list of offer codes"),
    "offers that are numbers": ('offers = ["A"]', "offers = [1]", "line 19, offers: must be a list of offer codes"),
    "offers that are missing": ('offers = ["A"]\n', "", "line 16, offers: must be a list of offer codes"),
    "sets that are no lists": (
        'kind = "conflict"\noffers = ["A"]\nwith = ["B"]',
        'kind = "one-of"\nsets = ["A"]',
        "line 19, sets: must be a list of offer codes",
    ),
    "sets that are missing": (
        'kind = "conflict"\noffers = ["A"]\nwith = ["B"]',
        'kind = "one-of"',
        "line 16, sets: must be a list of lists",
    ),
    "sets that name an unknown offer": (
        'kind = "conflict"\noffers = ["A"]\nwith = ["B"]',
        'kind = "one-of"\nsets = [["A", "C"]]',
        "line 19, sets: names offer `C`",
    ),
    "an implicit offer that is not free": (
        'kind = "conflict"\noffers = ["A"]\nwith = ["B"]',
        'kind = "implicit"\noffers = ["A"]',
        "line 19, offers: names offer `A`, which is not free; say `free = true` of that offer",
    ),
    "a list that belongs to another kind": ('with = ["B"]', 'with = ["B"]\nany_of = ["B"]', "line 21, any_of: is not"),
}


@pytest.mark.parametrize(("found", "replacement", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_line_and_field(found, replacement, fault):
    """Every kind of fault is told with the line and the field where it is."""
    assert SMALL.count(found) >= 1
    (told, *_) = faults_of(SMALL.replace(found, replacement, 1))
    assert fault in told


#: after SMALL its tables begin at lines 27 and 35
SOLD = """[[packages]]
name = "basic"
title = "Basic"
grants = ["A"]
subscribers = true
base = true
provenance = "ours"
source = "here"
[[packages]]
name = "extra"
title = "Extra"
grants = ["B", "A"]
any_of = ["basic"]
provenance = "ours"
source = "here"
"""
OF_PACKAGES = {
    "no tables": (SOLD, "packages = 3\n", "line 1, packages: must be [[packages]] tables, at least one"),
    "a name that is missing": ('name = "basic"\n', "", "line 27, name: is missing"),
    "a name that is a list": ('name = "basic"', 'name = ["basic"]', "line 28, name: must be a text that is not empty"),
    "a title that is missing": ('title = "Extra"\n', "", "line 35, title: is missing"),
    "a package defined twice": ('"extra"', '"basic"', "line 36, name: package `basic` is defined twice"),
    "no grants": ('grants = ["A"]\n', "", "line 27, grants: must be a list of offer codes that is not empty"),
    "empty grants": ('grants = ["A"]', "grants = []", "line 30, grants: must be a list of offer codes"),
    "grants that are a text": ('grants = ["A"]', 'grants = "A"', "line 30, grants: must be a list of offer codes"),
    "grants that are a number": ('grants = ["A"]', "grants = 5", "line 30, grants: must be a list of offer codes"),
    "grants that are lists": ('grants = ["A"]', 'grants = [["A"]]', "line 30, grants: must be a list of offer codes"),
    "grants of numbers": ('grants = ["A"]', 'grants = ["A", 1]', "line 30, grants: must be a list of offer codes"),
    "an offer that is not defined": ('["B", "A"]', '["B", "C"]', "line 38, grants: names offer `C`, which is not def"),
    "any_of that is a text": ('any_of = ["basic"]', 'any_of = "basic"', "line 39, any_of: must be a list of packages"),
    "any_of that is a number": ('any_of = ["basic"]', "any_of = 5", "line 39, any_of: must be a list of packages"),
    "any_of that is empty": ('any_of = ["basic"]', "any_of = []", "line 39, any_of: must be a list of packages"),
    "any_of of lists": ('any_of = ["basic"]', 'any_of = [["basic"]]', "line 39, any_of: must be a list of packages"),
    "any_of of tables": ('any_of = ["basic"]', "any_of = [{a = 1}]", "line 39, any_of: must be a list of packages"),
    "a package that is not defined": ('any_of = ["basic"]', 'any_of = ["b"]', "line 39, any_of: names package `b`, wh"),
    "a flag that is a text": ("base = true", 'base = "yes"', "line 32, base: must be true or false"),
    "a flag that is a number": ("subscribers = true", "subscribers = 1", "line 31, subscribers: must be true or false"),
    "an unknown member": ("base = true", "bass = true", "line 32, bass: is not known here; known are any_of, base, "),
    "an unknown provenance": ('provenance = "ours"', 'provenance = "x"', "line 33, provenance: is `x`, must be one of"),
    "no source": ('source = "here"\n', "", "line 27, source: is missing"),
}  # fmt: skip


def test_packages_are_read():
    """A rulebook may have packages, each with the offers that it grants and the packages that it needs one of."""
    assert load(SMALL).packages == {}
    basic, extra = load(SMALL + SOLD).packages.values()
    assert (basic.name, basic.title, basic.grants, basic.any_of) == ("basic", "Basic", ("A",), ())
    assert (basic.subscribers, basic.base, basic.single, basic.calling, basic.meetings) == (True, True, *[False] * 3)
    assert (extra.grants, extra.any_of, extra.subscribers) == (("B", "A"), ("basic",), False)
    assert extra.provenance.kind == "ours"


@pytest.mark.parametrize(("found", "replacement", "fault"), OF_PACKAGES.values(), ids=OF_PACKAGES.keys())
def test_a_fault_of_a_package_is_named_with_its_line_and_field(found, replacement, fault):
    """Whatever stands in a package's table in place of what belongs there, its line and its field are told."""
    assert SOLD.count(found) >= 1
    sold = SOLD.replace(found, replacement, 1)
    (told, *_) = faults_of(sold + SMALL if found == SOLD else SMALL + sold)
    assert told.startswith(f"small.toml, {fault}")


def test_all_faults_are_told_at_once():
    """A rulebook with several faults is told all of them, and none that only follows from another."""
    text = SMALL.replace('code = "A"\n', "").replace('code = "B"\n', "").replace("code = 400", "code = 4.5")
    assert [re.sub(r":.*", "", fault) for fault in faults_of(text)] == [
        "small.toml, line 4, code",
        "small.toml, line 9, code",
        "small.toml, line 17, offers",
        "small.toml, line 18, with",
        "small.toml, line 19, code",
    ]


def test_rules_are_not_defined_twice():
    """Two rules of one id are a fault, two rules without an id are just two missing ids."""
    rule = SMALL[SMALL.index("[[rules]]") :]
    assert faults_of(SMALL + rule) == ["small.toml, line 28, id: rule `apart` is defined twice"]
    without = SMALL.replace('id = "apart"\n', "") + rule.replace('id = "apart"\n', "")
    assert faults_of(without) == ["small.toml, line 16, id: is missing", "small.toml, line 26, id: is missing"]


@pytest.mark.parametrize(("tables", "line"), [("", 1), ("rules = []\n", 1), ("rules = 3\n", 1), ("rules = [3]\n", 1)])
def test_offers_and_rules_are_needed(tables, line):
    """A rulebook without rules, or with something else in their place, is told so."""
    text = tables + SMALL[: SMALL.index("[[rules]]")]
    assert faults_of(text) == [f"small.toml, line {line}, rules: must be [[rules]] tables, at least one"]


def test_tables_may_be_written_inline():
    """Offers that are no [[offers]] tables have faults without a line of their own: the first stands for all."""
    text = SMALL[SMALL.index("[[rules]]") :]
    head = 'name = "small"\ntitle = "t"\nversion = "1"\noffers = [{code = "A"}, {code = "B"}]\n'
    assert "small.toml, line 1, family: is missing" in faults_of(head + text)


def test_headers_may_have_spaces_and_comments():
    """The line of a fault is right when table headers carry spaces and comments."""
    text = SMALL.replace("[[offers]]", "[[ offers ]]  # one more").replace('name = "Second"', "name = 2")
    assert faults_of(text) == ["small.toml, line 12, name: must be a text that is not empty"]


def test_there_are_at_most_64_offers():
    """The 65th offer is a fault, because the bits above belong to the conditions of rules."""
    offer = '[[offers]]\ncode = "{}"\nname = "n"\nfamily = "device"\nprovenance = "ours"\nsource = "s"\n'
    more = "".join(offer.format(f"X{number}") for number in range(62))
    assert len(load(SMALL + more).offers) == 64
    told = faults_of(SMALL + more + offer.format("Y"))
    assert told == [
        f"small.toml, line {SMALL.count(chr(10)) + 62 * 6 + 2}, code: is one of 65, at most 64 are possible"
    ]


def test_answers_are_remembered_within_bounds(monkeypatch):
    """The rules that a combination calls for are remembered, and forgotten when too many are."""
    monkeypatch.setattr("allot.core.rulebook.REMEMBERED_MAX", 2)
    rulebook = load(SMALL)
    for attention in range(5):
        assert rulebook.called_for(attention, 0, 3) == rulebook.rules
        assert rulebook.called_for(attention, 0, 1) == ()
    assert len(rulebook._called_for) <= 2

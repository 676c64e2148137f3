"""The corpus, run through core: what each file expects is what the engine and the oracle say."""

import json

import pytest

import corpus_format
from core import oracle
from core.cases import through_core, webex
from core.oracle import Outcome
from corpus_format import Case

CASES = corpus_format.read_all()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_core_answers_as_the_corpus_expects(case):
    """The refused items, their rules, the status and the holding after are those of the file."""
    found = through_core(webex(), case.situation, case.asks)
    assert summary(case, found) == expected(case)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_oracle_expects_the_same(case):
    """The oracle says the same, so that the file is right by the contract and not only by the engine."""
    assert summary(case, oracle.decide(oracle.webex(), case.situation, case.asks)) == expected(case)


def test_every_rule_has_a_file():
    """There is at least one file for each rule, in which it refuses something."""
    assert {rule for case in CASES for rule in case.expect.refused.values()} == {rule.id for rule in webex().rules}


def test_holdings_before_are_legal():
    """No file begins with a holding that the rules forbid."""
    for case in CASES:
        person = case.situation.person
        before = Outcome({}, person.licenses, person.sites, person.calling)
        assert oracle.wrongs(oracle.webex(), case.situation, before) == [], case.name


def summary(case: Case, found: Outcome) -> dict:
    """An outcome as a client sees it."""
    accepted = len(case.asks) - len(found.refused)
    hosted = {spec.site for key, spec in case.situation.licenses.items() if key in found.licenses and spec.site}
    return {
        "status": 200 if not found.refused else 206 if accepted else 400,
        "refused": {ask.key: rule for ask, rule in found.refused.items()},
        "licenses": [key for key in case.situation.licenses if key in found.licenses],
        "sites": dict.fromkeys(found.sites, "attendee") | dict.fromkeys(hosted, "host"),
        "calling": found.calling,
    }


def expected(case: Case) -> dict:
    """What the file expects, in the same shape."""
    expect = case.expect
    return {
        "status": expect.status,
        "refused": expect.refused,
        "licenses": expect.licenses,
        "sites": expect.sites,
        "calling": expect.calling,
    }


GOOD = {
    "description": "d",
    "situation": {"licenses": {"a": {"offer": "MS"}}, "person": {"licenses": ["a"]}},
    "request": {"licenses": [{"id": "a"}]},
    "expect": {"status": 200, "licenses": ["a"]},
}

MISTAKES = {
    "an unknown member": ({"remark": 1}, "unknown members: remark"),
    "an unknown member below": ({"expect": {"status": 200, "licenses": [], "site": {}}}, "unknown members: site"),
    "an unknown license held": ({"situation": {"person": {"licenses": ["b"]}}}, "does not have"),
    "too few units": (
        {"situation": {"licenses": {"a": {"offer": "MS", "used": 0}}, "person": {"licenses": ["a"]}}},
        "at least one unit",
    ),
    "no items": ({"request": {}}, "a request needs items"),
    "an item twice": ({"request": {"licenses": [{"id": "a"}, {"id": "a"}]}}, "names each of them once"),
    "an unknown operation": ({"request": {"licenses": [{"id": "a", "operation": "ad"}]}}, "operation is ad"),
    "a host": ({"request": {"siteUrls": [{"siteUrl": "s", "accountType": "host"}]}}, "always attendee"),
    "another status": ({"expect": {"status": 201, "licenses": ["a"]}}, "status is 201"),
    "an unknown license after": ({"expect": {"status": 200, "licenses": ["b"]}}, "the organization's, in its order"),
    "a missing member": ({"expect": {"licenses": ["a"]}}, "status"),
}


@pytest.mark.parametrize(("change", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_in_a_file_is_told(tmp_path, change, message):
    """A file that is not of the format is refused with its name and what is wrong."""
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(GOOD))
    assert corpus_format.read(path).expect.status == 200
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(ValueError, match=r"^wrong\.json: ") as caught:
        corpus_format.read(path)
    assert message in str(caught.value)

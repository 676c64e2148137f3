"""Faults: refusals as the errors that a person reads."""

import base64

import pytest

from allot.core.fault import Fault, describe, faults, show
from allot.core.holding import SiteItem, UnknownItem
from core.cases import pose, webex
from corpus_format import CallingSpec, LicenseAsk, LicenseSpec, PersonSpec, PropertiesSpec, SiteAsk, SituationSpec

LICENSES = {
    "a": LicenseSpec("BCSTD", used=10, total=10),
    "b": LicenseSpec("BCBAS"),
    "c": LicenseSpec("MS", name="Messaging {siteUrl}"),
    "d": LicenseSpec("CJPPRM"),
    "e": LicenseSpec("CJPSTD", used=2, total=2),
    "f": LicenseSpec("EE", site="alpha.webex.com"),
    "g": LicenseSpec("BCATC"),
    "h": LicenseSpec("FSS"),
}


def wire(key: str) -> str:
    """The id of a license on the wire."""
    return base64.urlsafe_b64encode(f"ciscospark://us/LICENSE/{key}".encode()).decode().rstrip("=")


def told(*asks, held=(), calling=None) -> list[Fault]:
    """The faults of a request."""
    spec = SituationSpec(
        LICENSES,
        PersonSpec(frozenset(held), calling=calling),
        sites={"alpha.webex.com": False},
        locations=("hq",),
        extensions={("hq", "100"): "someone", ("hq", "101"): "someone"},
    )
    posed = pose(webex(), spec, asks)
    return faults(webex(), posed.decide())


def add(key: str, number=None, extension=None) -> LicenseAsk:
    """Add a license, with properties when some are given."""
    return LicenseAsk(key, True, PropertiesSpec("hq", number, extension) if number or extension else None)


def test_licenses_are_named_with_their_ids():
    """A sentence names a license with its name and its wire id."""
    (fault,) = told(LicenseAsk("h", False), held=["h"])
    assert (fault.code, fault.message, fault.rule.id) == (
        700006,
        "License removal not allowed",
        "screen-share-implicit",
    )
    assert fault.description == (
        f"Screen Share Free screen share ({wire('h')}) is implicitly assigned and cannot be removed"
    )


def test_unknown_licenses_are_named_as_they_came():
    """Licenses that are not recognized are named by their bare ids, joined by commas."""
    (fault,) = told(add("x1"), LicenseAsk("x2", False))
    assert (fault.code, fault.description) == (400000, "License not recognized x1, x2")


def test_sites_are_named_by_their_urls():
    """Invalid sites are named by their urls, joined by commas."""
    (fault,) = told(SiteAsk("alpha.webex.com"), SiteAsk("beta.webex.com"))
    assert fault.description == "Request contains invalid attendee siteUrls: alpha.webex.com, beta.webex.com"


def test_exclusive_sets_are_listed():
    """The sentence about an exclusive set ends with the offer codes of the set that is meant."""
    (fault,) = told(add("d"), add("e"))
    assert fault.description.endswith("only one of licenses with the offer code from the list: CJPPRM, CJPSTD")


def test_units_are_counted():
    """The sentence about units says how many are used, of how many."""
    (fault,) = told(add("e"))
    assert (fault.code, fault.message) == (400, "License assignment failed")
    assert fault.description == (
        f"Contact center Standard Agent ({wire('e')}) has no units left: 2 of 2 are used. "
        "Remove it from someone, or raise its units"
    )


def test_sentences_about_one_license_are_said_of_each():
    """Two licenses without units are two sentences, each with its own numbers."""
    (fault,) = told(add("a", None, "102"), add("e"))
    assert f"Professional ({wire('a')}) has no units left: 10 of 10 are used. " in fault.description
    assert f"Agent ({wire('e')}) has no units left: 2 of 2 are used. " in fault.description


def test_numbers_and_extensions_are_named():
    """A refused number or extension is named with the license that it was meant for."""
    number, extension = told(add("b", "+14085550109"), add("a", None, "100"))
    assert number.description.startswith(f"Phone number +14085550109 for Webex Calling - Basic ({wire('b')}) is not")
    assert extension.description.startswith(f"Extension 100 for Webex Calling - Professional ({wire('a')}) is already")


def test_only_what_breaks_the_rule_is_named():
    """The other half of a swap is refused along, but the sentence does not claim of it what is not true."""
    (fault,) = told(LicenseAsk("b", False), add("a", None, "102"), held=["b"], calling=CallingSpec("hq", None, "103"))
    assert fault.rule.id == "no-units-left"
    assert fault.description.count("has no units left") == 1
    assert wire("b") not in fault.description
    (fault,) = told(LicenseAsk("f", False), SiteAsk("alpha.webex.com"), held=["f"])
    assert fault.description == "Request contains invalid attendee siteUrls: alpha.webex.com"


def test_faults_come_in_the_order_of_the_items():
    """There is one fault per rule, the first refused item's first."""
    assert [fault.rule.id for fault in told(add("g"), add("x"), add("c"), add("y"))] == [
        "attendant-needs-professional",
        "license-not-recognized",
        "paid-messaging-needs-free",
    ]


def test_what_is_filled_in_is_not_filled_again():
    """Braces in a name or in an id are shown as they are."""
    (fault,) = told(add("c"))
    assert f"Messaging {{siteUrl}} ({wire('c')})" in fault.description
    (fault,) = told(add("{licenses}{offers}"))
    assert fault.description == "License not recognized {licenses}{offers}"


@pytest.mark.parametrize("rule", webex().rules, ids=lambda rule: rule.id)
def test_no_sentence_is_left_with_a_gap(rule):
    """Every placeholder of every rule is known: nothing in braces is left when a sentence is filled."""
    posed = pose(webex(), SituationSpec(LICENSES), [add("a", "+14085550109", "100")])
    assert "{" not in describe(webex(), rule, posed.items)


def test_items_are_shown_by_what_they_are():
    """A site is shown by its url and an unknown license by its id."""
    assert [show(SiteItem("s", True)), show(UnknownItem("u", True))] == ["s", "u"]

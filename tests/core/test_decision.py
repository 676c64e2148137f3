"""Decisions, by example: the cases that a reader would ask about."""

from dataclasses import replace

import pytest

from allot.core.offer import Offer, Provenance
from allot.core.rulebook import load
from core import oracle
from core.cases import outcome, pose, through_core, webex
from corpus_format import (
    PERSON,
    SOMEONE,
    CallingSpec,
    LicenseAsk,
    LicenseSpec,
    NumberSpec,
    PersonSpec,
    PropertiesSpec,
    SiteAsk,
    SituationSpec,
)

ALPHA = "alpha.webex.com"
NUMBER = "+14085550101"
AT_HQ = CallingSpec("hq", NUMBER, "100")

LICENSES = {
    "free": LicenseSpec("FMS"),
    "messaging": LicenseSpec("MS"),
    "pro": LicenseSpec("BCSTD"),
    "std": LicenseSpec("BCBAS"),
    "cx": LicenseSpec("BCCXE"),
    "desk": LicenseSpec("BCHDO"),
    "legacy": LicenseSpec("SLWCA"),
    "console": LicenseSpec("BCATC"),
    "host": LicenseSpec("EE", site=ALPHA),
    "full": LicenseSpec("MC", used=1, total=1, site=ALPHA),
}


def situation(*held, sites=(), calling=None, external=False) -> SituationSpec:
    """An organization with one license of each kind, and a person who holds some of them."""
    return SituationSpec(
        LICENSES,
        PersonSpec(frozenset(held), frozenset(sites), calling, external),
        sites={ALPHA: True},
        locations=("hq", "lab"),
        numbers={NUMBER: NumberSpec("hq", PERSON), "+14085550102": NumberSpec("lab")},
        extensions={("lab", "200"): SOMEONE, ("hq", "300"): SOMEONE},
    )


def add(key: str, location=None, number=None, extension=None) -> LicenseAsk:
    """Add a license, with properties when some are given."""
    given = PropertiesSpec(location, number, extension)
    return LicenseAsk(key, True, None if given == PropertiesSpec() else given)


def remove(key: str) -> LicenseAsk:
    """Remove a license."""
    return LicenseAsk(key, False)


def decide(spec: SituationSpec, *asks) -> oracle.Outcome:
    """What the shipped rulebook says."""
    return through_core(webex(), spec, asks)


def test_a_decision_lists_what_it_accepts_and_what_it_refuses():
    """Accepted and refused items keep the order of the request, and `before` is the holding of the situation."""
    posed = pose(webex(), situation("free"), [add("messaging"), add("console"), add("nowhere"), add("host")])
    decision = posed.decide()
    assert decision.accepted == [posed.items[0], posed.items[3]]
    assert [(item, rule.id) for item, rule in decision.refused] == [
        (posed.items[1], "attendant-needs-professional"),
        (posed.items[2], "license-not-recognized"),
    ]
    assert decision.before is posed.situation.before
    assert decision.along == ()


def test_an_addition_and_the_removal_of_its_prerequisite_contradict():
    """Adding Advanced Messaging while removing Basic Messaging loses both items."""
    found = decide(situation("free"), add("messaging"), remove("free"))
    assert found.refused == dict.fromkeys([add("messaging"), remove("free")], "paid-messaging-needs-free")


def test_swap_upgrade():
    """Standard becomes Professional in one request; location and number stay, the extension is the new one."""
    found = decide(situation("std", calling=AT_HQ), remove("std"), add("pro", "hq", None, "101"))
    assert found == oracle.Outcome({}, frozenset({"pro"}), frozenset(), CallingSpec("hq", NUMBER, "101"))


def test_swap_that_fails_takes_nothing():
    """A swap whose new half is refused keeps the old half, which is marked as refused along with it."""
    posed = pose(webex(), situation("std", calling=AT_HQ), [remove("std"), add("pro")])
    decision = posed.decide()
    assert [fault.id for fault in decision.faults] == ["calling-properties", "calling-properties"]
    assert decision.along == (posed.items[0],)
    assert decision.after is posed.situation.before


def test_swap_kept_by_a_third_license():
    """Professional stays because Attendant Console needs it, so Hot desk does not come in its place."""
    before = situation("pro", "console", calling=AT_HQ)
    found = decide(before, remove("pro"), add("desk", "hq", None, "101"))
    assert set(found.refused.values()) == {"attendant-needs-professional"}
    assert found.licenses == {"pro", "console"}


def test_swap_of_two_for_one_falls_as_a_whole():
    """When one of two replaced licenses must stay, the replacement falls, and with it the removal of the other."""
    before = situation("pro", "console", "desk", calling=AT_HQ)  # more than the rules allow, as a store may have it
    found = decide(before, remove("pro"), remove("desk"), add("legacy", "hq", None, "101"))
    assert set(found.refused) == {remove("pro"), remove("desk"), add("legacy", "hq", None, "101")}
    assert found.licenses == {"pro", "console", "desk"}


def test_removal_with_one_replacement_left_happens():
    """Of two replacements one may be refused: the removal happens with the other."""
    found = decide(situation("host"), remove("host"), SiteAsk(ALPHA), add("free"))
    assert not found.refused
    found = decide(situation("std", calling=AT_HQ), remove("std"), add("pro", "hq", None, "101"), add("cx"))
    assert found.refused == {add("cx"): "calling-properties"}
    assert found.licenses == {"pro"}


def test_host_to_attendee():
    """A host becomes attendee when the license goes and the attendee account comes in one request."""
    found = decide(situation("host"), remove("host"), SiteAsk(ALPHA))
    assert (found.refused, found.licenses, found.sites) == ({}, frozenset(), {ALPHA})


def test_attendee_to_host():
    """An attendee becomes host by the license, whether or not the request removes the attendee account."""
    for asks in ([add("host")], [add("host"), SiteAsk(ALPHA, False)]):
        found = decide(situation(sites=[ALPHA]), *asks)
        assert (found.refused, found.licenses, found.sites) == ({}, {"host"}, frozenset())


def test_an_invited_host_stays_attendee():
    """A person of another organization keeps the attendee account; to be host is only offered to them."""
    found = decide(situation(sites=[ALPHA], external=True), add("host"))
    assert (found.refused, found.licenses, found.sites) == ({}, {"host"}, {ALPHA})
    found = decide(situation(sites=[ALPHA], external=True), add("host"), SiteAsk(ALPHA, False))
    assert (found.licenses, found.sites) == ({"host"}, frozenset())


def test_attendee_stays_when_host_is_refused():
    """An attendee who cannot become host, because no unit is left, stays attendee."""
    found = decide(situation(sites=[ALPHA]), add("full"), SiteAsk(ALPHA, False))
    assert set(found.refused.values()) == {"no-units-left"}
    assert found.sites == {ALPHA}


def test_two_sites_do_not_exclude_each_other():
    """An attendee account of one site is removed whatever happens to that of another."""
    found = decide(situation(sites=[ALPHA]), SiteAsk("beta.webex.com"), SiteAsk(ALPHA, False))
    assert found.refused == {SiteAsk("beta.webex.com"): "invalid-site"}
    assert found.sites == frozenset()


def test_held_calling_license_with_a_new_extension():
    """Adding a held calling license is no fault: it changes the extension and keeps the rest."""
    found = decide(situation("pro", calling=AT_HQ), add("pro", None, None, "101"))
    assert (found.refused, found.calling) == ({}, CallingSpec("hq", NUMBER, "101"))


def test_location_is_ignored_for_a_calling_user():
    """The location of someone who has one stays; the extension is judged there, not where the request says."""
    before = situation("pro", calling=AT_HQ)
    assert decide(before, add("pro", "lab", None, "200")).calling == CallingSpec("hq", NUMBER, "200")
    assert decide(before, add("pro", "lab", None, "300")).refused == {add("pro", "lab", None, "300"): "extension-taken"}


def test_removal_frees_calling():
    """Without a calling license there is no calling; with another one it stays."""
    assert decide(situation("pro", calling=AT_HQ), remove("pro")).calling is None
    assert decide(situation("pro", "cx", calling=AT_HQ), remove("pro")).calling == AT_HQ


@pytest.mark.parametrize("turned", [False, True])
def test_two_calling_licenses_with_different_properties(turned):
    """The first offer of the rulebook decides, whatever the order of the request."""
    asks = [add("cx", "lab", "+14085550102", "201"), add("pro", "hq", None, "101")]
    found = decide(situation(), *(asks[::-1] if turned else asks))
    assert (found.refused, found.calling) == ({}, CallingSpec("hq", None, "101"))


def test_properties_that_say_nothing_decide_nothing():
    """An empty `properties` of a held license does not hide those that a new license brings."""
    held = LicenseAsk("pro", True, PropertiesSpec())
    found = decide(situation("pro", calling=AT_HQ), held, add("cx", "hq", None, "101"))
    assert (found.refused, found.calling) == ({}, CallingSpec("hq", NUMBER, "101"))


def test_calling_license_without_known_calling():
    """Where nobody knows the location of a calling user, the license may be named again, but not an extension alone."""
    before = situation("pro")
    assert decide(before, add("pro")).refused == {}
    assert decide(before, add("pro", "hq")).calling is None
    assert decide(before, add("pro", None, None, "101")).refused == {
        add("pro", None, None, "101"): "calling-properties"
    }
    assert decide(before, add("pro", "hq", None, "101")).calling == CallingSpec("hq", None, "101")


def test_refused_requests_tidy_nothing_up():
    """A holding that breaks the rules stays as it is when all items are refused."""
    before = situation("host", sites=[ALPHA], calling=AT_HQ)
    posed = pose(webex(), before, [LicenseAsk("nowhere")])
    assert posed.decide().after is posed.situation.before
    assert outcome(posed, posed.decide()).sites == {ALPHA}


def test_people_of_other_organizations():
    """They get meetings licenses without using a unit, and no others."""
    found = decide(situation(external=True), add("full"), add("free"))
    assert found.refused == {add("free"): "external-user"}
    assert found.licenses == {"full"}


def test_transition_names_what_newly_comes():
    """A license of an offer that was held before takes no part in a change to another offer."""
    text = oracle.WEBEX.read_text(encoding="utf-8").replace('to = ["BCBAS"]', 'to = ["BCBAS", "UCPREM"]', 1)
    licenses = LICENSES | {"ucm": LicenseSpec("UCPREM"), "ucm-2": LicenseSpec("UCPREM")}
    spec = SituationSpec(licenses, PersonSpec(frozenset({"pro", "ucm"}), calling=AT_HQ), locations=("hq",))
    found = through_core(load(text), spec, [remove("pro"), add("std", "hq", None, "101"), add("ucm-2")])
    assert found.refused == dict.fromkeys([remove("pro"), add("std", "hq", None, "101")], "professional-to-standard")
    assert found.licenses == {"pro", "ucm", "ucm-2"}


def test_a_license_that_the_rulebook_does_not_know_has_units_all_the_same():
    """No rule between offers speaks of it, but it is refused when it has no unit left."""
    posed = pose(webex(), situation(), [add("full")])
    unknown = Offer("XX", "Unknown", "", 0, False, False, False, False, Provenance("assumed", "nobody knows it"))
    [item] = posed.items
    item.license = replace(item.license, offer=unknown)
    assert [rule.id for _, rule in posed.decide().refused] == ["no-units-left"]
    item.license.total_units += 1
    assert posed.decide().refused == []

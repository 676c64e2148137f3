"""Rehearsals: what happens on a twin is what the plan predicts, and where it is not, it is told why."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import License, Snapshot
from allot.bulk.applied.rehearsals import Rehearsal
from allot.bulk.applied.twins import twin
from allot.bulk.desired.desires import Want
from allot.bulk.planned.plans import Plan
from bulk.planning import BERLIN, LICENSES, MESSAGING, PRO, make_plan, person, want, write_snapshot
from bulk.rehearsing import pull_demo, rehearse, told, without
from databases import Maker
from servers import Server, rulebook

SAN_JOSE, LONDON = "63715", "3c1f7a60-2b0e-4d8b-9a56-7f2f1c0e8d11"
#: places of the demo's licenses
(PROFESSIONAL, STANDARD, SUITE, CONSOLE, SECOND, CX, DESK, *_) = range(30)
FREE, ADVANCED, MESSENGER, SPACES, SCREEN, PAID_SPACES, MEETING = 12, 13, 14, 15, 16, 17, 18
TRANSLATION, PREMIUM, AGENT = 21, 25, 26
ACME = "@example.com"


def asked() -> dict[str, Want]:
    """A change of each sort, and a refusal by each rule that can refuse one."""
    at = {"location_id": SAN_JOSE}
    changes = {
        "john.andersen": want(PROFESSIONAL, lack=[STANDARD]),
        "elif.yilmaz": want(STANDARD, lack=[PROFESSIONAL], extension="4202", location_id=LONDON),
        "farid.haidari": want(lack=[PROFESSIONAL]),
        "valentina.rossi": want(PROFESSIONAL, lack=[SECOND]),
        "ximena.torres": want(lack=[MEETING], attend=("mysite.webex.com",), leave=("myhostsite.webex.com",)),
        "george.papadakis": want(PAID_SPACES),
        "quentin.dubois": want(lack=[TRANSLATION]),
        "tariq.mahmood": want(TRANSLATION),
        "hiroshi.tanabe": want(STANDARD, phone_number="+61255501202"),
    }
    refusals = {
        "clara.mueller": want(TRANSLATION),
        "ivan.horvat": want(MESSENGER),
        "jyoti.sharma": want(PROFESSIONAL),
        "kenji.mori": want(PROFESSIONAL, extension="5001", location_id="nowhere"),
        "auditor": want(PROFESSIONAL, phone_number="+14085550100", **at),
        "bao.nguyen": want(PROFESSIONAL, phone_number="+14085559999", **at),
        "user": want(PROFESSIONAL, extension="4101", **at),
        "david.goldberg": want(PROFESSIONAL, STANDARD, extension="5003", **at),
        "anna.svensson": want(STANDARD, CONSOLE, extension="5004", **at),
        "pilar.moreno": want(STANDARD, CX, extension="5005", **at),
        "fatima.zahra": want(lack=[FREE]),
        "hannah.cohen": want(PAID_SPACES, lack=[SPACES]),
        "kylie": want(ADVANCED),
        "emeka.eze": want(lack=[SCREEN]),
        "oluwaseun.adeyemi": want(PREMIUM, AGENT),
        "zanele.khumalo": want(attend=("nowhere.webex.com",)),
    }
    named = {f"{name}{ACME}": wanted for name, wanted in (changes | refusals).items()}
    return named | {"lin.abara@globex.example": want(SUITE), "hank.scorpio@globex.example": want(ADVANCED)}


@pytest.fixture(scope="module")
def snapshot(demo: Server, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pull_demo(demo, tmp_path_factory.mktemp("demo"))


@pytest.fixture
def plan(snapshot: Snapshot, tmp_path: Path) -> Plan:
    return make_plan(snapshot, asked(), tmp_path / "acme.plan")


def reasons(plan: Plan) -> Iterator[str]:
    return (reason.rule for block in plan.refusals() for refusal in block for reason in refusal.reasons)


def test_what_happens_is_what_is_predicted(sqlite: Maker, snapshot: Snapshot, plan: Plan):
    """Every change comes out as planned, and the twin refuses everybody by a rule that the plan names."""
    found = rehearse(sqlite, plan, snapshot)
    assert found.differences == []
    assert (found.done, found.refused) == (found.changes, found.refusals) == (11, 15)
    assert found.unsent == 1
    assert found.as_predicted
    assert set(reasons(plan)) == {
        *("messenger-unmanaged", "calling-properties", "location-not-found", "number-unavailable", "extension-taken"),
        *("external-user", "professional-and-standard", "one-of-set", "standard-and-attendant", "standard-and-cx"),
        *("attendant-needs-professional", "paid-messaging-needs-free", "paid-meeting-needs-free", "invalid-site"),
        *("screen-share-implicit", "no-units-left", "no-such-person"),
    }


def test_other_rules_come_to_other_ends(sqlite: Maker, snapshot: Snapshot, plan: Plan):
    """A twin with another rulebook differs, and each difference has the rule and the server's own words."""
    clash = 'offers = ["CF"]\nwith = ["FMS"]'
    text = without("messenger-unmanaged", "extension-taken").replace('offers = ["BCBAS"]\nwith = ["BCCXE"]', clash)
    rehearsal = rehearse(sqlite, plan, snapshot, text)
    found = {each.email: each for each in rehearsal.differences}
    given = found[f"ivan.horvat{ACME}"]
    assert given.predicted == "refused by messenger-unmanaged"
    assert given.happened == "everything that they asked for was given"
    broken = found[f"user{ACME}"]
    assert (broken.predicted, broken.rules) == ("refused by extension-taken", [])
    assert "answers 409" in broken.happened
    refused = found[f"george.papadakis{ACME}"]
    assert refused.predicted == "changed"
    assert refused.rules == ["standard-and-cx"]
    assert "User cannot have both Webex Calling Standard and CX Essential" in refused.happened
    assert not rehearsal.as_predicted
    assert rehearsal.done == rehearsal.changes - 1


def test_licenses_that_no_rule_speaks_of_are_rehearsed_too(sqlite: Maker, tmp_path: Path):
    """They are given as long as there are units, and the twin refuses whom the plan refuses."""
    new = License("x:NEW_1", "Webex Mind Reading", 3, 2)
    people = [person(number, MESSAGING) for number in (1, 2)]
    read = write_snapshot(tmp_path / "acme.snapshot", people, licenses=[*LICENSES, new])
    wants = {each.email: want(len(LICENSES)) for each in people}
    found = rehearse(sqlite, make_plan(read, wants, tmp_path / "acme.plan"), read)
    assert (found.done, found.refused, found.differences) == (1, 1, [])


def test_units_that_a_plan_takes_beyond_its_own_are_there_on_the_twin(sqlite: Maker, tmp_path: Path):
    """A plan made with overage is rehearsed with it."""
    few = [License(each.id, each.name, 0, 0) for each in LICENSES]
    people = [person(number, MESSAGING) for number in (1, 2)]
    read = write_snapshot(tmp_path / "acme.snapshot", people, licenses=few)
    wants = {each.email: want(PRO, extension=f"700{n}", location_id=BERLIN) for n, each in enumerate(people)}
    found = rehearse(sqlite, make_plan(read, wants, tmp_path / "acme.plan", overage=True), read)
    assert (found.done, found.changes, found.differences) == (2, 2, [])


def test_a_twin_that_is_not_as_the_snapshot_shows(sqlite: Maker, snapshot: Snapshot, plan: Plan):
    """People who are not as the plan expects are not touched, and the difference says what they have."""
    made = twin(snapshot, plan, rulebook())
    document = told(made)
    [john] = [each for each in document["people"] if each["email"] == f"john.andersen{ACME}"]
    john["licenses"].append(str(ADVANCED))
    made.document = json.dumps(document).encode()
    [found] = rehearse(sqlite, plan, snapshot, made=made).differences
    assert found.email == f"john.andersen{ACME}"
    assert "has Advanced Messaging" in found.happened
    assert found.rules == []


def drawn(snapshot: Snapshot, dice: random.Random) -> dict[str, Want]:
    """Something for everybody: licenses that fit together or not, places that there are or not."""
    people = [each for block in snapshot.people() for each in block]
    wants: dict[str, Want] = {}
    for each in people:
        chosen = dice.sample(range(len(snapshot.licenses)), dice.choice((1, 1, 2, 3)))
        lack = [place for place in each.licenses or () if dice.random() < 0.2 and place not in chosen]
        reached: dict[str, str] = {}
        if dice.random() < 0.6:
            reached["location_id"] = dice.choice((SAN_JOSE, LONDON, "nowhere"))
            reached["extension"] = dice.choice(("4101", "4200", str(dice.randrange(6000, 6020))))
        if dice.random() < 0.3:
            reached["phone_number"] = dice.choice(("+14085550100", "+14085550107", "+442079460014", "+12025550100"))
        sites = dice.choice(((), (), ("mysite.webex.com",), ("nowhere.webex.com",)))
        wants[each.email] = want(*chosen, lack=lack, attend=sites, **reached)
    return wants


@pytest.mark.long
def test_whatever_is_desired_is_rehearsed_as_predicted(sqlite: Maker, snapshot: Snapshot, tmp_path: Path, counted):
    """Forty plans at random, for everybody of the demo: changes and refusals come out as each of them predicts."""
    changes = refused = 0
    for seed in range(40):
        folder = tmp_path / str(seed)
        folder.mkdir()
        plan = make_plan(snapshot, drawn(snapshot, random.Random(seed)), folder / "acme.plan")
        found = rehearse(sqlite, plan, snapshot)
        assert found.differences == [], seed
        changes, refused = changes + found.done, refused + found.refused
    counted(f"{changes} changes and {refused} refusals of 40 plans came out as predicted")


def test_who_is_not_accounted_for_did_not_come_out_as_predicted():
    """Everybody must have come out as planned: that nothing differs is not enough."""
    assert Rehearsal(2, 2, 0, 0, 0, []).as_predicted
    assert not Rehearsal(1, 2, 0, 0, 0, []).as_predicted

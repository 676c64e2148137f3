"""Plans: everybody is decided, units suffice, and what is predicted comes true."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET, structs

import allot
from allot.bulk import files
from allot.bulk.actual.organizations import organization
from allot.bulk.actual.snapshots import Calling, Head, License, Location, Number, Person, Snapshot
from allot.bulk.desired.desires import Want
from allot.bulk.files import Writer
from allot.bulk.planned import spools
from allot.bulk.planned.changes import Change, Guards, Refusal, Request, State
from allot.bulk.planned.guards import GuardFault
from allot.bulk.planned.makings import Options, make
from allot.bulk.planned.plans import Plan
from allot.bulk.planned.spools import STRETCH, Spool
from allot.bulk.planned.ways import Answers
from allot.bulk.shown.wordings import Names, shortages
from allot.core import holding as law
from allot.core.decision import decide
from allot.core.holding import Holding, Item, LicenseItem, Properties, SiteItem
from allot.core.judgement import Situation
from allot.core.organization import Number as Owned
from allot.core.organization import Organization
from bulk.planning import (
    ADVANCED,
    ADVANCED_SPACES,
    BASIC,
    BERLIN,
    CONSOLE,
    LICENSES,
    LOCATIONS,
    MESSAGING,
    NOW,
    ORG,
    OSLO,
    PRO,
    PRO_3,
    SITE,
    SPACES,
    SUITE,
    Wants,
    make_plan,
    person,
    small_plan,
    want,
    write_snapshot,
)
from servers import rulebook

FREE = (MESSAGING, SPACES)


def units(**free: int) -> list[License]:
    """The licenses of `LICENSES`, with these free units; `p4=2`: two of the license at place 4."""
    return [
        structs.replace(each, total_units=each.consumed_units + free[f"p{place}"]) if f"p{place}" in free else each
        for place, each in enumerate(LICENSES)
    ]


def changes(plan: Plan) -> list[Change]:
    return [change for block in plan.changes() for change in block]


def refusals(plan: Plan) -> dict[str, Refusal]:
    return {refusal.email: refusal for block in plan.refusals() for refusal in block}


# ------------------------------------------------------------------------------ a world to apply plans to


class World:
    """An organization in which changes are made one by one, by the scalar engine, with real units and numbers."""

    def __init__(self, snapshot: Snapshot) -> None:
        numbers = [number for block in snapshot.numbers() for number in block]
        self.organization: Organization = organization(rulebook(), snapshot, numbers, overage=False)
        self.licenses = list(self.organization.licenses.values())
        self.people = {each.id: each for block in snapshot.people() for each in block}
        for each in self.people.values():
            if each.calling:
                self.reach(each.id, each.calling)

    def reach(self, id: str, calling: Calling, *, gone: bool = False) -> None:
        place = calling.location_id or "", calling.extension or ""
        if gone:
            self.organization.extensions.pop(place, None)
        elif calling.extension:
            self.organization.extensions[place] = id
        if calling.phone_number:
            self.organization.numbers[calling.phone_number] = Owned(place[0], None if gone else id)

    def change(self, change: Change) -> None:
        """Send the requests of a change; each is accepted whole, and at the end all is as predicted."""
        held = holding(change.before)
        before = held
        for request in change.requests:
            told = request.calling
            properties = Properties(told.location_id, told.phone_number, told.extension) if told else None
            items: list[Item] = [LicenseItem(self.licenses[place], False) for place in request.remove]
            for place in request.add:
                license = self.licenses[place]
                items.append(LicenseItem(license, True, properties if license.offer.calling else None))
            items += [SiteItem(url, True) for url in request.attend] + [SiteItem(url, False) for url in request.leave]
            found = decide(rulebook(), Situation(self.organization, change.person_id, change.external, held), items)
            assert not found.refused, (change, [(show, rule.id) for show, rule in found.refused])
            self.count(held, found.after, external=change.external)
            self.move(change.person_id, held, found.after)
            held = found.after
        assert held == holding(change.after)
        assert held != before
        self.people[change.person_id] = structs.replace(
            self.people[change.person_id],
            licenses=change.after.licenses,
            attendee=change.after.attendee,
            calling=change.after.calling,
        )

    def count(self, before: Holding, after: Holding, *, external: bool) -> None:
        for license in self.licenses if not external else ():
            license.consumed_by_users += bool(after.licenses & license.bit) - bool(before.licenses & license.bit)

    def move(self, id: str, before: Holding, after: Holding) -> None:
        for calling, gone in ((before.calling, True), (after.calling, False)):
            if calling:
                self.reach(id, Calling(calling.location_id, calling.phone_number, calling.extension), gone=gone)

    def snapshot(self, path: Path) -> Snapshot:
        """A snapshot of what is there now."""
        counted = [
            structs.replace(each, consumed_units=license.consumed_units, consumed_by_users=license.consumed_by_users)
            for each, license in zip(LICENSES, self.licenses, strict=True)
        ]
        kept = [
            structs.replace(each, total_units=its.total_units) for each, its in zip(counted, self.licenses, strict=True)
        ]
        numbers = [Number(each, its.location_id, its.owner_id) for each, its in self.organization.numbers.items()]
        return write_snapshot(path, self.people.values(), licenses=kept, numbers=numbers)


def holding(state: State) -> Holding:
    told = state.calling
    calling = law.Calling(told.location_id or "", told.phone_number, told.extension) if told else None
    return Holding(sum(1 << place for place in state.licenses), frozenset(state.attendee), calling)


# ------------------------------------------------------------------------------ generated organizations


def crowd(chance: random.Random, people: int) -> list[Person]:
    """People with holdings that the rules allow, in which much collides."""
    found = []
    for number in range(people):
        held = [MESSAGING] if chance.random() < 0.9 else []
        held += [place for place in (ADVANCED, SPACES) if held and chance.random() < 0.4]
        held += [ADVANCED_SPACES] if SPACES in held and chance.random() < 0.5 else []
        held += [SUITE] if chance.random() < 0.3 else []
        calling = chance.choice((PRO, PRO, BASIC, BASIC, PRO_3, None))
        held += [calling] if calling is not None else []
        held += [CONSOLE] if calling in (PRO, PRO_3) and chance.random() < 0.5 else []
        attendee = [SITE] if SUITE not in held and chance.random() < 0.3 else []
        found.append(person(number, *held, attendee=attendee, external=False))
    return found


def wishes(chance: random.Random, people: list[Person]) -> dict[str, Want]:
    """One want for most of them, in another order than theirs."""
    found = {}
    for line, each in enumerate(chance.sample(people, len(people) * 9 // 10), 2):
        places = chance.sample(range(len(LICENSES)), chance.choice((1, 1, 2, 3)))
        have = [place for place in places if chance.random() < 0.7]
        told = {
            "extension": str(chance.randrange(1000, 1000 + 2 * len(people))),
            "location_id": chance.choice((BERLIN, OSLO)),
        }
        members = told if have and {PRO, BASIC, PRO_3} & {*have} and chance.random() < 0.7 else {}
        sites = {chance.choice(("attend", "leave")): (SITE,)} if chance.random() < 0.2 else {}
        lack = [place for place in places if place not in have]
        found[each.email] = want(*have, lack=lack, line=line, **members, **sites)
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_plan_applied_in_its_order_ends_as_predicted(seed: int, tmp_path: Path, counted):
    """Every request is accepted when it is sent, nobody is both changed and refused, and a plan made of what is there
    afterwards has nothing to do but what was refused."""
    chance = random.Random(seed)
    people = crowd(chance, 80)
    uses = Counter(place for each in people for place in each.licenses or ())
    licenses = [
        structs.replace(
            each,
            consumed_units=uses[place],
            consumed_by_users=uses[place],
            total_units=uses[place] + chance.choice((0, 0, 1, 3, 100)),
        )
        for place, each in enumerate(LICENSES)
    ]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people, licenses=licenses)
    wants = wishes(chance, people)
    plan = make_plan(snapshot, wants, tmp_path / "acme.plan")
    made, refused = changes(plan), refusals(plan)
    assert not {change.email for change in made} & refused.keys()
    told = plan.summary
    assert (told.asked, told.changes, told.refused) == (len(wants), len(made), len(refused))
    assert told.unchanged == len(wants) - len(made) - len(refused)
    assert [change.number for change in made] == list(range(1, len(made) + 1))
    assert [change.wave for change in made] == sorted(change.wave for change in made)
    world = World(snapshot)
    for change in made:
        world.change(change)
    _sufficient(plan, licenses, made)
    after = world.snapshot(tmp_path / "after.snapshot")
    again = make_plan(after, wants, tmp_path / "again.plan")
    assert {change.email for change in changes(again)} <= refused.keys()
    counted(f"{len(made)} changes in {max((change.wave for change in made), default=0) + 1} waves, {dict(told.rules)}")


def _sufficient(plan: Plan, licenses: list[License], made: list[Change]) -> None:
    """No wave needs a unit that is only freed in it, and the units of each license are those of the summary."""
    room = [each.total_units - each.consumed_units for each in licenses]
    counted = {"adds": Counter[int](), "removes": Counter[int]()}
    for wave in range(max((change.wave for change in made), default=0) + 1):
        freed = Counter[int]()
        for change in made:
            if change.wave != wave:
                continue
            before, after = set(change.before.licenses), set(change.after.licenses)
            for place in {place for request in change.requests for place in request.add} - before:
                room[place] -= 1
                assert room[place] >= 0 or place in FREE
            freed.update(before - after)
            counted["adds"].update(after - before)
            counted["removes"].update(before - after)
        room = [left + freed[place] for place, left in enumerate(room)]
    for each in plan.summary.capacities:
        assert (each.adds, each.removes) == (counted["adds"][each.license], counted["removes"][each.license])


# ------------------------------------------------------------------------------ capacity and waves


def many(folder: Path, count: int, *held: int, **free: int) -> Snapshot:
    return write_snapshot(folder / "many.snapshot", [person(n, *held) for n in range(count)], licenses=units(**free))


def test_the_last_ones_of_the_input_go_without(tmp_path: Path):
    """Where units are short, the last ones of the input are refused, and the summary says how many are missing."""
    snapshot = many(tmp_path, 20, MESSAGING, p4=8)
    wants = {f"person{number}@example.com": want(ADVANCED, line=100 - number) for number in range(20)}
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert {int(email[6:-12]) for email in refusals(plan)} == set(range(12))
    assert [change.line for change in changes(plan)] == sorted(change.line for change in changes(plan))
    assert list(shortages(Names(plan.head.licenses), plan.summary.capacities)) == [
        "Advanced Messaging in Sub-2: 12 short"
    ]
    assert plan.summary.rules == {"no-units-left": 12}
    [reason] = refusals(plan)["person3@example.com"].reasons
    assert "Advanced Messaging in Sub-2 has no unit left: its 8 free units go to others" in reason.what


def test_calling_is_given_only_where_it_is_set_up(tmp_path: Path):
    """At a location where Webex Calling is known not to be set up a plan refuses it, as PATCH does."""
    for calling, refused in ((False, ["location-not-found"]), (True, []), (UNSET, [])):
        locations = [Location(BERLIN, "Berlin", calling)]
        snapshot = write_snapshot(tmp_path / "acme.snapshot", [person(1)], locations=locations)
        wants = {"person1@example.com": want(PRO, location_id=BERLIN, extension="1234")}
        plan = make_plan(snapshot, wants, tmp_path / "acme.plan")
        assert [reason.rule for each in refusals(plan).values() for reason in each.reasons] == refused


def test_overage_gives_beyond_the_units(tmp_path: Path):
    """With `overage` nobody is refused for a unit."""
    snapshot = many(tmp_path, 20, MESSAGING, p4=8)
    wants = {f"person{number}@example.com": want(ADVANCED) for number in range(20)}
    plan = make_plan(snapshot, wants, tmp_path / "plan", overage=True)
    assert plan.summary.changes == 20
    assert plan.head.overage


def test_what_the_plan_frees_is_given_in_a_later_wave(tmp_path: Path):
    """Units that the plan takes from some are there for others, after them."""
    people = [person(0, MESSAGING), person(1, MESSAGING, ADVANCED), person(2, MESSAGING), person(3, MESSAGING)]
    snapshot = write_snapshot(tmp_path / "s", people, licenses=units(p4=1))
    wants = {f"person{number}@example.com": want(ADVANCED, line=number + 2) for number in (0, 2, 3)}
    wants["person1@example.com"] = want(lack=[ADVANCED], line=3)
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert [(change.email, change.wave) for change in changes(plan)] == [
        ("person0@example.com", 0),
        ("person1@example.com", 0),
        ("person2@example.com", 1),
    ]
    assert refusals(plan).keys() == {"person3@example.com"}


def test_who_waits_for_each_other_is_refused(tmp_path: Path):
    """Two who swap full licenses crosswise cannot be served one after the other: both are refused, and told why."""
    people = [person(0, MESSAGING, ADVANCED), person(1, MESSAGING, SUITE)]
    snapshot = write_snapshot(tmp_path / "s", people, licenses=units(p4=0, p7=0))
    wants = {
        "person0@example.com": want(SUITE, lack=[ADVANCED]),
        "person1@example.com": want(ADVANCED, lack=[SUITE]),
    }
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert not plan.summary.changes
    assert plan.summary.rules == {"no-units-left": 2}


def test_who_frees_units_that_others_wait_for_goes_first(tmp_path: Path):
    """The one free unit goes to the swap that frees what the next one needs, so that nobody is left waiting."""
    people = [
        person(0, MESSAGING, SPACES, ADVANCED_SPACES),
        person(1, MESSAGING, SUITE),
        person(2, MESSAGING, ADVANCED),
    ]
    snapshot = write_snapshot(tmp_path / "s", people, licenses=units(p4=1, p7=0))
    wants = {
        "person0@example.com": want(ADVANCED, lack=[ADVANCED_SPACES], line=2),
        "person1@example.com": want(ADVANCED, lack=[SUITE], line=3),
        "person2@example.com": want(SUITE, lack=[ADVANCED], line=4),
    }
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    waves = {change.email: change.wave for change in changes(plan)}
    assert waves == {"person1@example.com": 0, "person2@example.com": 1, "person0@example.com": 2}


def test_who_was_refused_for_one_license_leaves_the_units_of_the_others(tmp_path: Path):
    """Somebody is served after all when another one who would have taken the unit is refused for something else."""
    snapshot = many(tmp_path, 3, MESSAGING, SPACES, p4=1, p7=1)
    wants = {
        "person0@example.com": want(SUITE, line=2),
        "person1@example.com": want(ADVANCED, SUITE, line=3),
        "person2@example.com": want(ADVANCED, line=4),
    }
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert {change.email for change in changes(plan)} == {"person0@example.com", "person2@example.com"}


def test_units_are_counted_by_subscription(tmp_path: Path):
    """Units are counted by subscription: those of another one do not serve who asks for this one."""
    snapshot = many(tmp_path, 3, MESSAGING, p0=1, p8=1, p2=3)
    wants = {
        f"person{number}@example.com": want(CONSOLE, PRO, line=number, extension=str(number + 20), location_id=BERLIN)
        for number in range(3)
    }
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert plan.summary.changes == 1
    assert plan.summary.rules == {"no-units-left": 2}


def test_units_are_counted_without_a_rule_about_them(tmp_path: Path):
    """A rulebook that has no rule about units refuses nobody for them; a plan does not give more than there are."""
    snapshot = many(tmp_path, 3, MESSAGING, p0=1, p8=1, p2=3)
    wants = {
        f"person{number}@example.com": want(CONSOLE, PRO, line=number, extension=str(number + 20), location_id=BERLIN)
        for number in range(3)
    }
    boundless = replace(rulebook(), rules=tuple(rule for rule in rulebook().rules if rule.kind != "capacity"))
    plan = make(snapshot, Wants(wants), boundless, Options(), tmp_path / "plan", NOW)
    assert (plan.summary.changes, plan.summary.rules) == (1, {"no-units-left": 2})


# ------------------------------------------------------------------------------ who is refused before anything


def test_what_is_not_known_is_not_taken_for_none(tmp_path: Path):
    """People whose licenses, calling or attendee sites are unknown are refused where that matters, and only there."""
    people = [
        person(0, licenses=UNSET),
        person(1, BASIC, MESSAGING, calling=UNSET),
        person(2, BASIC, MESSAGING, calling=UNSET),
        person(3, MESSAGING, attendee=UNSET),
        person(4, MESSAGING, attendee=UNSET),
    ]
    wants = {
        "person0@example.com": want(ADVANCED),
        "person1@example.com": want(PRO, lack=[BASIC]),
        "person2@example.com": want(ADVANCED),
        "person3@example.com": want(attend=(SITE,)),
        "person4@example.com": want(ADVANCED),
        "gone@example.com": want(ADVANCED),
    }
    plan = make_plan(write_snapshot(tmp_path / "s", people), wants, tmp_path / "plan")
    assert {change.email for change in changes(plan)} == {"person2@example.com", "person4@example.com"}
    assert {email: each.reasons[0].rule for email, each in refusals(plan).items()} == {
        "person0@example.com": "unknown-licenses",
        "person1@example.com": "unknown-calling",
        "person3@example.com": "unknown-sites",
        "gone@example.com": "no-such-person",
    }
    assert all(len(each.reasons[0].what) > 40 for each in refusals(plan).values())


def test_numbers_that_nobody_has_read_are_unknown(tmp_path: Path):
    """Without an inventory in the snapshot nobody is given a number: it is not known whether there is one."""
    with Writer(tmp_path / "s", "snapshot", Head(ORG, "Acme", "http://127.0.0.1:8080/v1", NOW, NOW)) as writer:
        for name, records in (("licenses", LICENSES), ("locations", LOCATIONS), ("people", [person(0, MESSAGING)])):
            writer.section(name)
            writer.write(records)
        writer.close()
    wants = {"person0@example.com": want(PRO, phone_number="+4930901820", location_id=BERLIN)}
    plan = make_plan(Snapshot(tmp_path / "s"), wants, tmp_path / "plan")
    assert plan.summary.rules == {"unknown-numbers": 1}


def test_a_wish_that_contradicts_itself_is_refused(tmp_path: Path):
    """To have a license and to lack it cannot be; only the one person is refused."""
    snapshot = many(tmp_path, 2, MESSAGING)
    wants = {"person0@example.com": want(ADVANCED, lack=[ADVANCED]), "person1@example.com": want(ADVANCED)}
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert (plan.summary.changes, plan.summary.rules) == (1, {"contradiction": 1})


def test_numbers_and_extensions_of_others_are_not_given(tmp_path: Path):
    """A number or an extension that somebody in the snapshot has, or that somebody before asks for, is refused."""
    numbers = [
        Number("+4930901820", BERLIN),
        Number("+4930901821", BERLIN, "f5b36187-c8dd-4727-8b2f-000000000009"),
        Number("+4722334455", OSLO),
    ]
    people = [person(number, MESSAGING) for number in range(8)] + [person(9, PRO, MESSAGING)]
    asked = [
        {"number": "+4930901820", "location_id": BERLIN},
        {"number": "+4930901821", "location_id": BERLIN},
        {"number": "+4930999999", "location_id": BERLIN},
        {"number": "+4722334455", "location_id": BERLIN},
        {"extension": "1009", "location_id": BERLIN},
        {"extension": "1009", "location_id": OSLO},
        {"extension": "77", "location_id": "nowhere"},
        {"extension": "1009", "location_id": OSLO},
    ]
    wants = {
        f"person{line}@example.com": want(
            PRO, line=line, **{"phone_number" if name == "number" else name: text for name, text in each.items()}
        )
        for line, each in enumerate(asked)
    }
    snapshot = write_snapshot(tmp_path / "s", people, numbers=numbers)
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert [change.email for change in changes(plan)] == ["person0@example.com", "person5@example.com"]
    assert changes(plan)[0].after.calling == Calling(BERLIN, "+4930901820")
    assert {email: each.reasons[0].rule for email, each in refusals(plan).items()} == {
        "person1@example.com": "number-unavailable",
        "person2@example.com": "number-unavailable",
        "person3@example.com": "location-not-found",
        "person4@example.com": "extension-taken",
        "person6@example.com": "location-not-found",
        "person7@example.com": "asked-twice",
    }
    assert "+4930901821" in refusals(plan)["person1@example.com"].reasons[0].what
    assert "1009" in refusals(plan)["person4@example.com"].reasons[0].what


def test_nobody_is_moved_to_another_location(tmp_path: Path):
    """Who has calling stays where they are; a wish to be elsewhere is refused, and so is one without any calling."""
    snapshot = write_snapshot(tmp_path / "s", [person(0, PRO, MESSAGING), person(1, MESSAGING), person(2, PRO)])
    wants = {
        "person0@example.com": want(PRO, location_id=OSLO),
        "person1@example.com": want(ADVANCED, extension="20", location_id=OSLO),
        "person2@example.com": want(PRO, extension="4711"),
    }
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    rules = {email: each.reasons[0].rule for email, each in refusals(plan).items()}
    assert rules == {"person0@example.com": "location-stays", "person1@example.com": "no-calling-license"}
    [change] = changes(plan)
    assert change.after.calling == Calling(BERLIN, None, "4711")


# ------------------------------------------------------------------------------ guards


def test_protected_people_and_licenses_are_left_alone(tmp_path: Path):
    """Who is protected is refused, and nobody gets or loses a protected license; force overrides both, and says so."""
    snapshot = many(tmp_path, 3, MESSAGING)
    wants = {
        "person0@example.com": want(ADVANCED),
        "person1@example.com": want(SPACES),
        "person2@example.com": want(ADVANCED_SPACES),
    }
    guards = Guards(protected_people=["PERSON0@*"], protected_licenses=[SPACES])
    plan = make_plan(snapshot, wants, tmp_path / "plan", guards)
    assert {email: each.reasons[0].rule for email, each in refusals(plan).items()} == {
        "person0@example.com": "protected-person",
        "person1@example.com": "protected-license",
        "person2@example.com": "protected-license",
    }
    forced = make_plan(snapshot, wants, tmp_path / "forced.plan", guards, force=True)
    assert forced.summary.changes == 3
    assert forced.head.forced
    assert [(broken.guard, broken.what) for broken in forced.summary.guards] == [
        ("protected_people", "it changes 1 person, against --protect"),
        ("protected_licenses", "it changes who has Basic Space Meetings (+2 -0), against --protect-license"),
    ]
    idle = Guards(protected_people=["person2@*"], protected_licenses=[PRO])
    unforced = {"person0@example.com": wants["person0@example.com"]}
    assert not make_plan(snapshot, unforced, tmp_path / "idle.plan", idle, force=True).summary.guards


def test_broken_guards_are_named_and_hold_the_plan_back(tmp_path: Path):
    """Too many changes and removals are told in numbers; a plan made with force is not held back."""
    people = [person(number, MESSAGING, *([ADVANCED] if number < 10 else [])) for number in range(20)]
    snapshot = write_snapshot(tmp_path / "s", people)
    wants = {f"person{number}@example.com": want(lack=[ADVANCED]) for number in range(6)}
    plan = make_plan(snapshot, wants, tmp_path / "plan", Guards(max_changes=5, max_removals=50))
    assert [broken.guard for broken in plan.summary.guards] == ["max_changes", "max_removals"]
    assert "6 of the 10 people who have them (60.0 %)" in plan.summary.guards[1].what
    assert plan.held_back
    assert not make_plan(snapshot, wants, tmp_path / "p", Guards(max_changes=6, max_removals=60)).summary.guards
    forced = make_plan(snapshot, wants, tmp_path / "f", Guards(max_changes=5), force=True)
    assert forced.summary.guards
    assert not forced.held_back


@pytest.mark.parametrize("guards", [Guards(max_changes=-1), Guards(max_removals=101)])
def test_guards_that_cannot_be_are_refused(guards: Guards, tmp_path: Path):
    """A guard below nothing or above everything is no guard."""
    with pytest.raises(GuardFault, match="must be"):
        make_plan(many(tmp_path, 1, MESSAGING), {}, tmp_path / "plan", guards)


# ------------------------------------------------------------------------------ one for many


def test_alike_people_are_searched_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """However many people ask for the same, it is explained once; each gets a plan with their own extension."""
    searched = []
    real = Answers._explain

    def explain(*told: Any) -> None:
        searched.append(told)
        real(*told)

    monkeypatch.setattr(Answers, "_explain", explain)
    snapshot = many(tmp_path, 300, BASIC, MESSAGING, p0=400)
    wants = {f"person{number}@example.com": want(PRO, lack=[BASIC]) for number in range(300)}
    plan = make_plan(snapshot, wants, tmp_path / "plan")
    assert len(searched) == 1
    assert [change.after.calling for change in changes(plan)] == [
        Calling(BERLIN, None, str(1000 + number)) for number in range(300)
    ]


@pytest.mark.parametrize("block", [10, 100, 1000])
def test_records_are_read_whole_whatever_their_size(block: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A section is read to its end and no further, also where its records are longer than what is read at a time."""
    people = [person(number, *range(number)) for number in range(30)]
    snapshot = write_snapshot(tmp_path / "s", people)
    monkeypatch.setattr(files, "BLOCK", block)
    assert [each for some in snapshot.people() for each in some] == people
    assert len(snapshot.licenses) == len(LICENSES)


@pytest.mark.parametrize("most", [3, 100])
def test_a_spool_gives_back_in_order_whatever_its_size(most: int, monkeypatch: pytest.MonkeyPatch):
    """Records come out by their places, also when they fill many stretches and their files."""
    monkeypatch.setattr(spools, "STRETCH", 100)
    monkeypatch.setattr(spools, "_FILES_MAX", most)
    monkeypatch.setattr(spools, "_GATHERED", 500)
    places = np.random.default_rng(1).permutation(1234).astype(np.int32)
    with Spool(places) as spool:
        for some in np.split(places, [0, 1, 500, 900]):
            spool.put([b"%d\n" % place for place in some.tolist()])
        lines = b"".join(data for data, _ in spool.lines()).splitlines()
    assert lines == [b"%d" % place for place in range(1234)]
    assert STRETCH > 100


def test_texts_of_people_are_told_as_they_are(tmp_path: Path):
    """Quotes, percent signs, NULs and letters of any script come through whole, also inside of sentences."""
    odd = 'o"b%dr\\ien\u0000\u05e9@example.com'
    own = Calling('%s"\\', None, '1%"')
    people = [
        person(0, BASIC, MESSAGING, id='%b"', email=odd, calling=own),
        person(1, BASIC, MESSAGING, email="b", calling=Calling(BERLIN, None, '9"%d')),
        person(2, MESSAGING, email="c"),
    ]
    wants = {
        odd: want(ADVANCED, line=2),
        "b": want(extension='9"%d', lack=[BASIC]),
        "c": want(PRO, extension='9"%d', location_id=BERLIN),
    }
    plan = make_plan(write_snapshot(tmp_path / "s", people), wants, tmp_path / "plan")
    [told] = changes(plan)
    assert (told.person_id, told.email, told.line) == ('%b"', odd, 2)
    assert told.before == State([BASIC, MESSAGING], [], own)
    assert told.after == State([BASIC, MESSAGING, ADVANCED], [], own)
    assert refusals(plan)["c"].request == Request([PRO], [], Calling(BERLIN, None, '9"%d'))
    assert '9"%d' in refusals(plan)["c"].reasons[0].what


def test_more_than_64_licenses_are_planned_as_well(tmp_path: Path):
    """An organization of more licenses than arrays can express gets its plan from the scalar engine."""
    more = [structs.replace(LICENSES[ADVANCED], id=f"{LICENSES[ADVANCED].id}-{number}") for number in range(70)]
    snapshot = write_snapshot(tmp_path / "s", [person(0, MESSAGING)], licenses=[*LICENSES, *more])
    plan = make_plan(snapshot, {"person0@example.com": want(75)}, tmp_path / "plan")
    assert changes(plan)[0].after.licenses == [MESSAGING, 75]


# ------------------------------------------------------------------------------ as a library


def test_programs_decide_and_plan_as_the_command_does(tmp_path: Path):
    """`allot.decide` tells everybody's change or refusal without a file, `allot.plan` writes them: the same ones."""
    small_plan(tmp_path)
    snapshot, table = tmp_path / "acme.snapshot", tmp_path / "wants.csv"
    table.write_text("email,add\nperson4@example.com,Advanced Messaging\nnobody@example.com,Advanced Messaging\n")
    decided = allot.decide(snapshot, table)
    plan = allot.plan(str(snapshot), str(table), tmp_path / "library.plan", Options(overage=True))
    assert [type(each) for each in decided] == [Change, Refusal]
    assert list(decided) == [*changes(plan), *refusals(plan).values()]
    assert decided.summary.changes == plan.summary.changes == 1
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        allot.__getattr__("plann")

"""Rollbacks: what a plan changed comes back, as far as it can, and what cannot is told."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import Calling, License, Number, Person, Snapshot
from allot.bulk.applied.journals import ALREADY, DONE, FAILED, GONE, PARTLY, REFUSED, STALE, Entry
from allot.bulk.applied.rollbacks import Rollback, RollbackFault, make
from allot.bulk.desired.desires import Want
from allot.bulk.planned.changes import Change
from allot.bulk.planned.plans import Plan
from allot.cli.demo import ACME
from bulk.applying import (
    ADVANCED,
    DOWNGRADE,
    PROFESSIONAL,
    SITE,
    SUITE,
    UPGRADE,
    Company,
    carry_out,
    document,
    email,
    found,
    holdings,
    plan_each,
    take_snapshot,
)
from bulk.planning import ADVANCED as PAID
from bulk.planning import (
    ADVANCED_SPACES,
    BASIC,
    BERLIN,
    LATER,
    LICENSES,
    MESSAGING,
    NOW,
    PRO,
    make_plan,
    person,
    want,
    write_snapshot,
)
from bulk.planning import SUITE as SUITE_HOST
from bulk.rehearsing import pull_demo
from bulk.test_rehearsals import asked, drawn
from databases import Maker
from servers import ADMIN, Server, load_demo, rulebook


@pytest.fixture(scope="module")
def server(sqlite: Maker) -> Iterator[Server]:
    """One server; each test has a company of its own."""
    with sqlite.lent() as url, Server(url) as running:
        yield running


@pytest.fixture(scope="module")
def snapshot(demo: Server, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return pull_demo(demo, tmp_path_factory.mktemp("demo"))


def undo(plan: Plan, entries: dict[int, Entry], folder: Path, snapshot: Snapshot | None = None) -> Rollback:
    """The rollback, in a folder of its own."""
    (folder / "back").mkdir(exist_ok=True)
    return make(plan, entries, snapshot, rulebook(), folder / "back" / "acme.plan", NOW)


def everything(snapshot: Snapshot) -> dict[str, tuple[object, ...]]:
    """Email -> all that somebody has."""
    people = (each for block in snapshot.people() for each in block)
    return {each.email: (each.licenses, each.attendee, each.calling) for each in people}


def changes(plan: Plan) -> list[Change]:
    return [change for block in plan.changes() for change in block]


def refusals(plan: Plan) -> dict[str, list[str]]:
    return {each.email: [why.rule for why in each.reasons] for block in plan.refusals() for each in block}


def test_everything_comes_back(server: Server, tmp_path: Path):
    """Licenses, sites and extensions are as before when plan and rollback were applied, by two steps or one."""
    company = found(server, document(4))
    before = holdings(company, tmp_path)
    wanted = {
        0: UPGRADE,
        1: want(ADVANCED, attend=(SITE,)),
        2: want(SUITE),
        3: want(PROFESSIONAL, lack=[0], extension="7003"),
    }
    plan = plan_each(company, tmp_path, wanted)
    applied = carry_out(plan, company)
    assert applied.outcomes == {DONE: 4}
    assert holdings(company, tmp_path) != before
    back = undo(plan, applied.entries, tmp_path)
    assert (back.plan.summary.changes, back.plan.summary.refused, back.left) == (4, 0, [])
    assert [len(change.requests) for change in changes(back.plan)] == [2, 1, 1, 2]
    assert carry_out(back.plan, company).outcomes == {DONE: 4}
    assert holdings(company, tmp_path) == before


def test_the_demo_comes_back(sqlite: Maker, tmp_path: Path):
    """Of a plan with a change of each sort everybody is restored but who was changed since, or keeps a number."""
    with sqlite.lent(load_demo) as url, Server(url) as demo:
        company = Company(demo.address, ADMIN, ACME)
        snapshot = take_snapshot(company, tmp_path / "acme.snapshot")
        plan = make_plan(snapshot, asked(), tmp_path / "acme.plan")
        applied = carry_out(plan, company)
        assert applied.tally.done == plan.summary.changes
        meddled = {"email": "quentin.dubois@example.com", "licenses": [{"id": _wire(demo, "MC-legacy")}]}
        client = demo.client()
        assert client.patch("/v1/licenses/users", json=meddled).status_code == 200
        client.close_all()
        now = take_snapshot(company, tmp_path / "now.snapshot")
        back = undo(plan, applied.entries, tmp_path, now)
        told = [each.what.removesuffix("; decide about them by hand") for each in back.left]
        legacy = "Meeting - Webex Meeting Center on legacy.webex.com in Sub-acme-legacy"
        assert told == [
            f"quentin.dubois@example.com: changed since the plan was applied: has {legacy}",
            "hiroshi.tanabe@example.com: does not come back whole: has phone number +61255501202, not none",
        ]
        done = carry_out(back.plan, company)
        assert done.tally.done == back.plan.summary.changes
        then, after = everything(snapshot), everything(take_snapshot(company, tmp_path / "after.snapshot"))
    different = {each for each in then if then[each] != after[each]}
    assert different == {"quentin.dubois@example.com", "hiroshi.tanabe@example.com"}


def _wire(demo: Server, key: str) -> str:
    names = {"MC-legacy": "legacy.webex.com"}
    client = demo.client()
    found = client.get("/v1/licenses").json()["items"]
    client.close_all()
    return next(each["id"] for each in found if each.get("siteUrl") == names[key])


def one(folder: Path, *licenses: int, wanted: object = None, **members: object) -> tuple[Plan, Person]:
    """A plan for one person."""
    somebody = person(1, *licenses, **members)
    snapshot = write_snapshot(folder / "acme.snapshot", [somebody])
    return make_plan(snapshot, {somebody.email: wanted}, folder / "acme.plan"), somebody  # type: ignore[dict-item]


def entry(outcome: str) -> dict[int, Entry]:
    return {1: Entry(1, outcome)}


def test_what_is_lost_for_good_is_told(tmp_path: Path):
    """Whoever lost calling on the way is named: settings do not come back with the license."""
    plan, _ = one(tmp_path, PRO, MESSAGING, wanted=want(lack=[PRO]))
    back = undo(plan, entry(DONE), tmp_path)
    assert back.losses == ["person1@example.com: the settings of calling and the voicemail are lost for good"]
    [change] = changes(back.plan)
    assert change.requests[0].add == [PRO]
    assert change.requests[0].calling == Calling(BERLIN, None, "1001")


def test_numbers_that_somebody_else_has_meanwhile_do_not_come_back(tmp_path: Path):
    """By a snapshot of now the rollback refuses them, and names the rule."""
    number = "+4930111111"
    plan, somebody = one(tmp_path, PRO, wanted=want(lack=[PRO]), calling=Calling(BERLIN, number, "1001"))
    people = [
        person(1, calling=None),
        person(2, PRO, calling=Calling(BERLIN, number, "1002")),
    ]
    owned = [Number(number, BERLIN, people[1].id)]
    now = write_snapshot(tmp_path / "now.snapshot", people, numbers=owned)
    back = undo(plan, entry(DONE), tmp_path, now)
    assert refusals(back.plan) == {somebody.email: ["number-unavailable"]}
    assert changes(undo(plan, entry(DONE), tmp_path).plan)[0].after.calling == Calling(BERLIN, number, "1001")


@pytest.mark.parametrize("outcome", [PARTLY, FAILED, REFUSED])
def test_half_of_a_change_is_undone_when_it_is_known(tmp_path: Path, outcome: str):
    """Without a snapshot of now they are left, with what to do; with one what was done is undone."""
    wanted = want(BASIC, lack=[PRO], extension="1001", location_id=BERLIN)
    plan, _ = one(tmp_path, PRO, MESSAGING, wanted=wanted)
    back = undo(plan, entry(outcome), tmp_path)
    assert back.plan.summary.changes == 0
    assert [each.what for each in back.left] == [
        "person1@example.com: it is not known how far they came; pull a snapshot, and name it with --snapshot"
    ]
    now = write_snapshot(tmp_path / "now.snapshot", [person(1, MESSAGING, calling=None)])
    [change] = changes(undo(plan, entry(outcome), tmp_path, now).plan)
    assert change.after.licenses == [PRO, MESSAGING]


@pytest.mark.parametrize("outcome", [STALE, GONE, REFUSED])
def test_who_was_half_way_when_an_apply_left_them_is_named(tmp_path: Path, outcome: str):
    """Of whom the journal says that something was done is told what becomes of them, and what they lost for good."""
    wanted = want(BASIC, lack=[PRO], extension="1001", location_id=BERLIN)
    plan, somebody = one(tmp_path, PRO, MESSAGING, wanted=wanted)
    entries = {1: Entry(1, outcome, ours=True)}
    assert "pull a snapshot, and name it with --snapshot" in undo(plan, entries, tmp_path).left[0].what
    meddled = write_snapshot(tmp_path / "now.snapshot", [person(1, MESSAGING, ADVANCED_SPACES, calling=None)])
    back = undo(plan, entries, tmp_path, meddled)
    assert back.left[0].what.startswith(f"{somebody.email}: changed since the plan was applied: ")
    lost = ["person1@example.com: the settings of calling and the voicemail are lost for good"]
    assert back.losses == lost
    half = write_snapshot(tmp_path / "now.snapshot", [person(1, MESSAGING, calling=None)])
    back = undo(plan, entries, tmp_path, half)
    assert (back.plan.summary.changes, back.left, back.losses) == (1, [], lost)
    as_before = write_snapshot(tmp_path / "now.snapshot", [somebody], begun=LATER)
    assert undo(plan, entries, tmp_path, as_before).losses == []


@pytest.mark.parametrize(
    ("had", "wanted"),
    [
        ((PRO, MESSAGING), want(BASIC, lack=[PRO], extension="1001", location_id=BERLIN)),  # by two requests
        ((BASIC, MESSAGING), want(PRO, lack=[BASIC])),  # by one
    ],
)
def test_who_was_seen_at_the_end_and_is_on_the_way_was_changed_since(
    tmp_path: Path, had: tuple[int, ...], wanted: Want
):
    """Somebody took calling from them after the plan was applied: they are named, and nothing is given back."""
    plan, somebody = one(tmp_path, *had, wanted=wanted)
    now = write_snapshot(tmp_path / "now.snapshot", [person(1, MESSAGING, calling=None)])
    back = undo(plan, entry(DONE), tmp_path, now)
    assert (back.plan.summary.changes, len(back.left)) == (0, 1)
    assert back.left[0].what.startswith(f"{somebody.email}: changed since the plan was applied: has no Webex Calling")
    waits = {1: Entry(1, DONE, "waits for the person to accept")}
    assert undo(plan, waits, tmp_path, now).plan.summary.changes == 1


def test_what_was_not_done_is_not_undone(tmp_path: Path):
    """Nobody is touched for whom nothing was sent, or whose one request was refused; who was as planned is."""
    plan, _ = one(tmp_path, MESSAGING, wanted=want(PAID))
    for entries in ({}, entry(STALE), entry(REFUSED)):
        back = undo(plan, entries, tmp_path)
        assert (back.plan.summary.asked, back.left) == (0, [])
    already = undo(plan, entry(ALREADY), tmp_path)
    assert (already.plan.summary.changes, already.applied.already) == (1, 1)
    undone = write_snapshot(tmp_path / "now.snapshot", [person(1, MESSAGING)], begun=LATER)
    assert undo(plan, entry(DONE), tmp_path, undone).plan.summary.unchanged == 1


def test_who_is_as_planned_without_a_line_in_the_journal_is_undone(tmp_path: Path):
    """An apply that was killed has changed them: by a snapshot of now they are found, and without one it is said."""
    people = [person(number, MESSAGING) for number in range(1, 5)]
    snapshot = write_snapshot(tmp_path / "acme.snapshot", people)
    plan = make_plan(snapshot, {each.email: want(lack=[MESSAGING]) for each in people}, tmp_path / "acme.plan")
    meddled = person(4, MESSAGING, ADVANCED_SPACES)
    now = write_snapshot(tmp_path / "now.snapshot", [person(1), person(2), person(3, MESSAGING), meddled])
    back = undo(plan, entry(DONE), tmp_path, now)
    assert [change.email for change in changes(back.plan)] == ["person1@example.com", "person2@example.com"]
    assert ([change.number for change in back.found], back.unknown, back.left) == ([2], 0, [])
    blind = undo(plan, entry(DONE), tmp_path)
    assert (blind.plan.summary.changes, blind.found, blind.unknown) == (1, [], 3)


def test_licenses_are_found_again_when_their_list_has_changed(tmp_path: Path):
    """They are told by their ids; one that is there no longer cannot come back, what else somebody had does."""
    plan, somebody = one(tmp_path, MESSAGING, ADVANCED_SPACES, wanted=want(lack=[ADVANCED_SPACES, MESSAGING]))
    fewer = [License("x:NEW_1", "New", 5, 0), *(each for each in LICENSES if each is not LICENSES[ADVANCED_SPACES])]
    now = write_snapshot(tmp_path / "now.snapshot", [person(1)], licenses=fewer)
    back = undo(plan, entry(DONE), tmp_path, now)
    assert [change.after.licenses for change in changes(back.plan)] == [[MESSAGING + 1]]
    what = "does not come back whole: has no Advanced Space Meetings"
    assert [each.what for each in back.left] == [f"{somebody.email}: {what}"]


def test_people_who_left_are_told(tmp_path: Path):
    """Whoever is not in the snapshot of now is refused as anybody whom a plan does not find."""
    plan, somebody = one(tmp_path, MESSAGING, wanted=want(ADVANCED_SPACES))
    now = write_snapshot(tmp_path / "now.snapshot", [person(2, MESSAGING)])
    assert refusals(undo(plan, entry(DONE), tmp_path, now).plan) == {somebody.email: ["no-such-person"]}


def test_people_whose_licenses_are_not_known_now_are_refused(tmp_path: Path):
    """A snapshot that does not tell what they hold decides nothing."""
    plan, somebody = one(tmp_path, MESSAGING, wanted=want(ADVANCED_SPACES))
    now = write_snapshot(tmp_path / "now.snapshot", [Person(somebody.id, somebody.email)])
    assert refusals(undo(plan, entry(DONE), tmp_path, now).plan) == {somebody.email: ["unknown-licenses"]}


def test_invitations_are_told(tmp_path: Path):
    """People of another organization are invited anew; an invitation that is open cannot be seen, nor withdrawn."""
    given, _ = one(tmp_path, MESSAGING, wanted=want(SUITE_HOST), external=True)
    told = undo(given, entry(DONE), tmp_path).losses
    what = "an invitation to Webex Meetings Suite that is still open stays until they answer or it runs out"
    assert told == [f"person1@example.com: {what}"]
    taken, _ = one(tmp_path, SUITE_HOST, wanted=want(lack=[SUITE_HOST]), external=True)
    told = undo(taken, entry(DONE), tmp_path).losses
    assert told == ["person1@example.com: is invited anew to Webex Meetings Suite, and has it when they accept"]


def test_a_snapshot_of_another_organization_is_refused(tmp_path: Path):
    """The sentence names both organizations."""
    plan, _ = one(tmp_path, MESSAGING, wanted=want(ADVANCED_SPACES))
    other = write_snapshot(tmp_path / "other.snapshot", [person(1)], org_id="another")
    with pytest.raises(RollbackFault, match=r"other\.snapshot is a snapshot of Acme"):
        undo(plan, entry(DONE), tmp_path, other)


@pytest.mark.parametrize(("name", "begun"), [("acme.snapshot", NOW), ("other.snapshot", "2026-11-22T08:59:59.999Z")])
def test_a_snapshot_that_is_older_than_the_apply_is_refused(tmp_path: Path, name: str, begun: str):
    """By what the plan was made of, or by one from before, everything would seem to be undone."""
    plan, _ = one(tmp_path, MESSAGING, wanted=want(ADVANCED_SPACES))
    old = Snapshot(tmp_path / name) if begun == NOW else write_snapshot(tmp_path / name, [person(1)], begun=begun)
    with pytest.raises(RollbackFault, match=rf"{name} is older than the apply: .*{begun} on; pull again"):
        undo(plan, entry(DONE), tmp_path, old)


def test_a_rollback_can_be_rolled_back(server: Server, tmp_path: Path):
    """It is a plan as any other: undone, everybody is as the first plan left them."""
    company = found(server, document(2, calling=PROFESSIONAL))
    plan = plan_each(company, tmp_path, {0: DOWNGRADE, 1: want(ADVANCED)})
    applied = carry_out(plan, company)
    there = holdings(company, tmp_path)
    back = undo(plan, applied.entries, tmp_path)
    undone = carry_out(back.plan, company)
    assert holdings(company, tmp_path)[email(0)] == ([PROFESSIONAL, 2], "1000")
    (tmp_path / "back" / "again").mkdir()
    again = undo(back.plan, undone.entries, tmp_path / "back" / "again")
    carry_out(again.plan, company)
    assert holdings(company, tmp_path) == there


@pytest.mark.long
def test_whatever_was_done_is_undone_or_told(sqlite: Maker, snapshot: Snapshot, tmp_path: Path, counted):
    """Twenty plans at random, each applied to a demo of its own and rolled back: who differs in the end was named."""
    undone = named = 0
    then = everything(snapshot)
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        plan = make_plan(snapshot, drawn(snapshot, random.Random(seed)), folder / "acme.plan")
        with sqlite.lent(load_demo) as url, Server(url) as demo:
            company = Company(demo.address, ADMIN, ACME)
            applied = carry_out(plan, company)
            now = take_snapshot(company, folder / "now.snapshot") if seed % 2 else None
            back = undo(plan, applied.entries, folder, now)
            done = carry_out(back.plan, company)
            after = everything(take_snapshot(company, folder / "after.snapshot"))
        different = {each for each in then if then[each] != after[each]}
        told = {each.what.partition(":")[0] for each in back.left} | set(refusals(back.plan))
        assert (done.tally.done, different) == (back.plan.summary.changes, different & told), seed
        undone, named = undone + done.tally.done, named + len(told)
    counted(f"{undone} people of 20 plans were restored, {named} were named who were not, or not whole")

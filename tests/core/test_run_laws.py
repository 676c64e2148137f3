"""The laws of runs, each a property of every story: what may become of a customer, whatever happens to its steps.

The tables here are written from the contract, not from the engine.
"""

from copy import deepcopy
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allot.core.customer import DENIAL, STATUSES, Customer
from allot.core.order import Order
from allot.core.run import Delayed, Done, Failed, Move, Paused, Released, Run, RunError, advance
from core.stories import NO, PACKAGES, Story, lay_out, pace, snapshot
from counts import STORIES, fresh

#: a package's moves; "" is not there
PACKAGE_EDGES = {
    ("", "provisioning"),
    ("provisioning", "provisioned"),
    ("provisioning", "error"),
    ("provisioned", "deleting"),
    ("deleting", ""),
    ("deleting", "error"),
    ("error", "provisioning"),
    ("error", "deleting"),
}
#: what may become of a step between two events; a claim is between them too
STEP_EDGES = {
    "waiting": {"ready", "skipped"},
    "ready": {"running"},
    "running": {"done", "failed", "parked", "held", "ready"},
    "held": {"ready"},
    "parked": {"ready"},
    "skipped": {"waiting", "ready"},
    "done": set(),
    "failed": set(),
}
WRONG = {"failed", "parked", "skipped"}

law = settings(
    max_examples=STORIES.quick,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
dice = st.integers(0, 2**64 - 1).map(Random)


def customer_status(live: str, review: str, packages: list[tuple[str, bool]], errors: bool) -> str:
    """The status by the contract; a package is its status, and whether it has errors."""
    if live == "delete":
        return "deleting"
    if review == "pending":
        return "pending_rpl_review"
    if live:
        return {"provision": "provisioning", "update": "updating"}[live]
    if review == "denied" or {status for status, _ in packages} <= {"error"}:
        return "error"
    if errors or any(wrong or status == "error" for status, wrong in packages):
        return "provisioned_with_errors"
    return "provisioned"


def packages_of(customer: Customer) -> list[tuple[str, bool]]:
    return [(held.status, bool(held.errors)) for held in customer.packages.values()]


class Watcher:
    """Looks at a story after each event, and remembers what was before."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.statuses: dict[str, str] = {}
        self.states: list[str] = []

    def __call__(self, story: Story, moves: list[Move]) -> None:
        run = story.run
        assert run is not None
        if run is not self.run:
            self.run, self.states = run, ["waiting"] * len(run.steps)
            self.names = [(step.number, step.name, step.package, step.after) for step in run.steps]
        check_moves(run.customer, self.statuses, moves)
        assert self.names == [(step.number, step.name, step.package, step.after) for step in run.steps]
        for step, before in zip(run.steps, self.states, strict=True):
            # A step is seen after its claim only: between two looks it may have been claimed.
            steps = {before} | STEP_EDGES[before] | {each for by in STEP_EDGES[before] for each in STEP_EDGES[by]}
            assert step.state in steps, f"{step.name} went from {before} to {step.state}"
        self.states = [step.state for step in run.steps]
        check_steps(run)
        check_customer(run)


def check_moves(customer: Customer, statuses: dict[str, str], moves: list[Move]) -> None:
    """The moves are along the edges, and are all that changed; `statuses` becomes what is now."""
    for move in moves:
        assert statuses.get(move.package, "") == move.before != move.after
        assert not move.package or (move.before, move.after) in PACKAGE_EDGES
        statuses[move.package] = move.after
    now = {name: held.status for name, held in customer.packages.items()} | {"": customer.status}
    assert {name: status for name, status in statuses.items() if status} == {k: v for k, v in now.items() if v}


def check_steps(run: Run) -> None:
    """A step waits, may go on or is skipped by what it waits for; and something goes on until all is settled."""
    for step in run.steps:
        before = {run.steps[number].state for number in step.after}
        if before & WRONG:
            assert step.state == "skipped"
        elif before <= {"done"}:
            assert step.state not in {"waiting", "skipped"}
        else:
            assert step.state == "waiting"
        assert (step.fault is not None) >= (step.state in WRONG)
    states = {step.state for step in run.steps}
    assert run.settled == (states <= {"done", *WRONG})
    assert run.settled or states & {"ready", "running", "held"}, "nothing can go on"


def check_customer(run: Run) -> None:
    """Statuses and errors are those of the steps, and of nothing before them."""
    customer = run.customer
    for step in run.steps:
        held = customer.packages.get(step.package)
        if held is not None:
            assert held.errors == ([step.fault] if step.state in WRONG else [])
    own = [step.fault for step in run.steps if not step.package and step.state in {"failed", "parked"}]
    assert customer.errors == [DENIAL] * (customer.review == "denied") + own
    assert customer.live == ("" if run.settled else run.kind)
    if run.removed:
        assert customer.status == ""
    else:
        errors = bool(customer.errors)
        assert customer.status == customer_status(customer.live, customer.review, packages_of(customer), errors)


@law
@given(dice)
def test_law_1_every_event_keeps_the_order_of_things(random):
    """After each event every package has moved along an edge, no step is lost or stuck, and statuses follow."""
    story = Story(random, Watcher()).tell(3)
    assert story.run is not None
    assert story.run.settled


@law
@given(dice)
def test_law_2_replaying_the_events_gives_the_same(random):
    """The same beginning and the same events make the same state of everything, run by run."""
    story = Story(random, Watcher()).tell(2)
    last = story.chapters[-1]
    assert snapshot(last.replay()) == snapshot(story.run)


@law
@given(dice)
def test_law_3_what_comes_late_or_twice_changes_nothing(random):
    """A result of a claim that is not held any more, or not yet, is refused and leaves no trace, at any time."""

    def refuse(story: Story, moves: list[Move]) -> None:
        run = story.run
        before = snapshot(run)
        stale = [(step.number, attempt) for step in run.steps for attempt in range(step.attempts + 2)]
        held = {(step.number, step.attempts) for step in run.steps if step.state == "running"}
        for claim in [*story.lost, *random.sample(stale, min(3, len(stale)))]:
            if claim not in held:
                for event in (Done(*claim), Failed(*claim, NO), Failed(*claim, NO, final=True), Paused(*claim)):
                    with pytest.raises(RunError, match="not running at"):
                        advance(run, event)
        for step in run.steps:
            if step.state not in {"held", "parked"}:
                with pytest.raises(RunError, match="only held and parked steps"):
                    advance(run, Released(step.number))
        for number in (-1, len(run.steps)):
            with pytest.raises(RunError, match="has no step"):
                advance(run, Delayed(number, 1))
        assert snapshot(run) == before

    Story(random, refuse).tell(2)


@law
@given(dice)
def test_law_4_warnings_change_no_status(random):
    """The same events without their warnings make the same state of everything but the warnings."""
    story = Story(random).tell(2)
    bare = story.chapters[-1].replay(lambda each: replace(each, warnings=()) if isinstance(each, Done) else each)
    status, packages, steps = snapshot(story.run)
    assert snapshot(bare) == (status, [(name, state, [], *more) for name, state, _, *more in packages], steps)


@law
@given(dice)
def test_law_5_a_smooth_update_mends_everything(random):
    """Whatever has happened, an update in which nothing fails ends with what it lists, all of it provisioned."""
    story = Story(random).tell(2)
    if not story.world.gone and story.customer.review != "denied":
        story.smooth = True
        order = story.order("update")
        story.begin(order)
        story.decide("")
        story.play()
        assert set(story.customer.packages) == set(order.packages) == story.world.licenses
        assert {held.status for held in story.customer.packages.values()} == {"provisioned"}
        assert (story.customer.status, story.customer.errors) == ("provisioned", [])


@law
@given(dice)
def test_law_6_a_smooth_deletion_takes_down_everything(random):
    """Whatever has happened, a deletion in which nothing fails leaves no package, no license and no customer."""
    story = Story(random).tell(2)
    if not story.world.gone:
        story.smooth = True
        story.begin(Order("delete"))
        story.play()
        assert story.world.gone
        assert story.run is not None
        assert story.run.removed
        assert (story.customer.packages, story.customer.status, story.world.licenses) == ({}, "", set())


@law
@given(dice)
def test_law_7_a_layout_is_complete(random):
    """A layout has one step for each package, in an order without circles, each after what makes what it needs."""
    story = Story(random).tell(random.randint(0, 2))
    customer = story.customer
    if story.world.gone:
        return
    order = story.order("provision" if not customer.packages else random.choice(["update", "delete"]))
    before = deepcopy(customer)
    laid = lay_out(order, customer)
    assert snapshot(Run(customer, 1, "", {}, [])) == snapshot(Run(before, 1, "", {}, []))
    steps, held = laid.steps, {name: each.status for name, each in customer.packages.items()}
    assert [step.number for step in steps] == list(range(len(steps)))
    assert all(number < step.number for step in steps for number in step.after)
    assert [step.takes for step in steps] == [pace(customer.id, step.name, step.number) for step in steps]
    wanted = {name: "adjust" if held.get(name) == "provisioned" else "add" for name in order.packages}
    expected = dict.fromkeys(held, "remove") | wanted
    found = [(step.package, step.name) for step in steps if step.package]
    assert sorted(found) == sorted(expected.items())
    assert [each.package.name for each in laid.packages] == [name for name in order.packages if name not in held]
    assert [each.limit for each in laid.packages] == [order.limits.get(each.package.name) for each in laid.packages]
    for step in steps:
        assert {steps[number].name for number in step.after} == needed(steps, step)


def needed(steps, step) -> set[str]:
    """The names of the steps that a step must wait for."""
    there = {each.name for each in steps}
    package = PACKAGES.get(step.package)
    if step.name == "mapping":
        assert step is steps[-1]
        return there - {"mapping"}
    if step.name in {"location", "site"}:
        return there & {"organization"}
    if step.name != "add":
        return set()
    own = ({"location"} if package.calling else set()) | ({"site"} if package.meetings else set())
    assert own <= there
    return own | there & {"organization"}


@law
@given(dice)
def test_law_8_a_release_revives_what_was_skipped_for_it(random):
    """Releasing a parked step makes it ready, and brings back just those that nothing else keeps from going on."""

    def look(story: Story, moves: list[Move]) -> None:
        run = story.run
        told = story.chapters[-1].told
        if told and isinstance(told[-1], Released):
            released = run.steps[told[-1].step]
            assert (released.state, released.attempts, released.fault) == ("ready", 0, None)
            for step in run.steps:
                wrong = {run.steps[number].state for number in step.after} & WRONG
                assert (step.state == "skipped") == bool(wrong)

    Story(random, look).tell(2)


def test_the_stories_are_worth_telling():
    """The stories see every state of a step and of a customer, every kind of event and every edge of a package."""
    states, statuses, edges, events, ends = set(), set(), set(), set(), set()

    def look(story: Story, moves: list[Move]) -> None:
        states.update(step.state for step in story.run.steps)
        statuses.add(story.customer.status)
        edges.update((move.before, move.after) for move in moves if move.package)

    for seed in range(40):
        story = Story(Random(seed), look).tell(3)
        events.update(type(each) for chapter in story.chapters for each in chapter.told)
        ends.update((chapter.order.kind, story.world.gone) for chapter in story.chapters)
    assert states == set(STEP_EDGES)
    assert statuses == {"", *STATUSES}
    assert edges == PACKAGE_EDGES
    assert events == {int, str, Done, Failed, Paused, Delayed, Released}
    assert ends >= {("delete", True), ("delete", False), ("update", False)}


@pytest.mark.long
def test_the_laws_of_runs_hold_for_long():
    """The laws of runs hold in many further stories each, which no other run has seen before."""
    random = fresh()
    laws = [each for name, each in globals().items() if name.startswith("test_law_")]
    for each in laws:
        for _ in range(STORIES.long):
            each.hypothesis.inner_test(random)
    print(f"the {len(laws)} laws of runs held in {STORIES.long:,} stories each")

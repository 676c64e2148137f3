"""Ordered outcomes: which step they are for, and what becomes of it."""

import pytest

from allot.core.outcome import (
    FAIL,
    FLAKY,
    HOLD,
    KINDS,
    MAINTENANCE,
    ORDERED,
    REVIEW,
    SLOW,
    WARN,
    WARNED,
    WHOLE,
    Draft,
    Outcome,
    event,
    ordered,
)
from allot.core.run import STEPS, Delayed, Done, Failed, Paused, Step

OTHERWISE = Done(3, 1, (), ("id",))


def outcome(kind: str, target: str = "", *, times: int = 0, notice=ORDERED) -> Outcome:
    return Outcome("org", f"{kind}-{target}", None, None, target, kind, notice, times, 0, "t")


def step(name: str = "add", package: str = "webex_calling", attempts: int = 1) -> Step:
    return Step(3, name, package, attempts=attempts)


def test_without_a_target_every_package_is_meant():
    """An outcome without a target is for the steps of packages, and for no others."""
    meant = {name for name in STEPS if outcome(HOLD).concerns(step(name))}
    assert meant == {"add", "adjust", "remove"}


@pytest.mark.parametrize(
    ("target", "name", "package", "concerned"),
    [
        ("webex_calling", "add", "webex_calling", True),
        ("webex_calling", "remove", "webex_calling", True),
        ("webex_calling", "add", "webex_suite", False),
        ("location", "location", "", True),
        ("location", "add", "webex_calling", False),
        ("add", "add", "webex_suite", True),
    ],
)
def test_a_target_is_a_package_or_a_step(target, name, package, concerned):
    """A target is the name of a package, for whatever becomes of it, or of a step."""
    assert outcome(FAIL, target).concerns(step(name, package)) == concerned


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [(HOLD, [1, 2, 3, 4]), (WARN, [1, 2, 3, 4]), (FAIL, [1, 2, 3, 4]), (FLAKY, [1, 2]), (SLOW, [1]), (REVIEW, [])],
)
def test_an_outcome_is_over_some_time(kind, attempts):
    """Flaky is over after so many attempts, slow after the first; a review is of the customer and of no step."""
    ordered_ = outcome(kind, times=2)
    assert [n for n in range(1, 5) if ordered([ordered_], step(attempts=n)) is ordered_] == attempts


def test_the_first_that_has_something_to_say_is_taken():
    """Of several outcomes for a step the first that is not over decides, those for other steps being left out."""
    others, flaky, warn = outcome(FAIL, "webex_suite"), outcome(FLAKY, times=1), outcome(WARN)
    assert ordered([others, flaky, warn], step()) is flaky
    assert ordered([others, flaky, warn], step(attempts=2)) is warn
    assert ordered([others], step()) is None
    assert ordered([], step()) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (HOLD, Paused(3, 1)),
        (SLOW, Delayed(3, 1)),
        (FAIL, Failed(3, 1, ORDERED, final=True)),
        (FLAKY, Failed(3, 1, ORDERED)),
        (WARN, Done(3, 1, (ORDERED,), ("id",))),
    ],
)
def test_what_becomes_of_a_step(kind, expected):
    """Each kind has its event, under the claim of the step."""
    assert event(outcome(kind), step(), OTHERWISE) == expected
    assert set(KINDS) == {HOLD, SLOW, FAIL, FLAKY, WARN, REVIEW}


def test_a_warning_adds_to_what_happens():
    """A warning that is ordered comes after those that there are anyway; a step that fails has none."""
    warned = Done(3, 1, (ORDERED,), ("id",))
    assert event(outcome(WARN, notice=MAINTENANCE), step(), warned).warnings == (ORDERED, MAINTENANCE)
    failed = Failed(3, 1, ORDERED, final=True)
    assert event(outcome(WARN), step(), failed) is failed


@pytest.mark.parametrize(
    ("draft", "fault"),
    [
        (Draft("explode"), "kind: must be one of hold, warn, fail, flaky, slow, review"),
        (Draft(HOLD, "webex_nothing"), "target: must be a package, or one of organization, location, site, mapping"),
        (Draft(HOLD, "add"), "target: must be a package, or one of organization, location, site, mapping"),
        (Draft(WARN, "location"), "target: warnings are of packages, and location is a step of the whole customer"),
        (Draft(REVIEW, "webex_calling"), "target: a review is of the whole customer; leave it out"),
        (Draft(HOLD, code=1), "errorCode: is for warn and fail and flaky; leave it out"),
        (Draft(SLOW, seconds=1, description="x"), "description: is for warn and fail and flaky; leave it out"),
        (Draft(FAIL, times=2), "times: is for flaky; leave it out"),
        (Draft(FAIL, seconds=2), "seconds: is for slow; leave it out"),
        (Draft(FAIL, code=0), "errorCode: must be from 1 to 999999"),
        (Draft(WARN, code=1_000_000), "errorCode: must be from 1 to 999999"),
        (Draft(WARN, description=" "), "description: must have 1 to 500 characters"),
        (Draft(WARN, description="x" * 501), "description: must have 1 to 500 characters"),
        (Draft(FLAKY, times=0), "times: must be from 1 to 100"),
        (Draft(FLAKY, times=101), "times: must be from 1 to 100"),
        (Draft(SLOW), "seconds: is missing; say how much longer it shall take"),
        (Draft(SLOW, seconds=0), "seconds: must be above 0, 2592000 at most"),
        (Draft(SLOW, seconds=2_592_001), "seconds: must be above 0, 2592000 at most"),
    ],
)
def test_what_cannot_be_ordered(draft, fault):
    """An order that makes no sense has a sentence for what is wrong with it."""
    assert draft.faults({"webex_calling"}) == [fault]


def test_all_faults_of_an_order_are_told():
    """Whoever has several faults learns of all of them at once."""
    assert len(Draft(HOLD, "nothing", 0, "", 0, 0).faults({"webex_calling"})) == 9


@pytest.mark.parametrize("target", ["", "webex_calling", *WHOLE])
@pytest.mark.parametrize("kind", [HOLD, FAIL, FLAKY, SLOW])
def test_what_can_be_ordered(kind, target):
    """Holding, failing and slowness are for every package, for one, and for the steps of the whole customer."""
    assert Draft(kind, target, seconds=1 if kind == SLOW else None).faults({"webex_calling"}) == []


def test_the_words_of_an_order():
    """Warnings are Cisco's and failures ours, unless the order has a code or words of its own."""
    assert Draft(WARN).notice == MAINTENANCE
    assert Draft(WARN, code=2560, description="Later").notice == (2560, "Later")
    assert Draft(WARN, code=7).notice == (7, WARNED)
    assert Draft(FAIL).notice == Draft(FLAKY).notice == ORDERED
    assert Draft(FAIL, code=7, description="No").notice == (7, "No")


def test_how_much_longer_it_takes():
    """Seconds become milliseconds, one at least."""
    assert [Draft(SLOW, seconds=each).milliseconds for each in (None, 0.0001, 1.5)] == [0, 1, 1500]


def test_the_warning_is_cisco_s():
    """The one warning that Cisco publishes has its code."""
    assert MAINTENANCE.code == 2560

"""Runs: the cases that matter, one by one. tests/core/test_run_laws.py has what holds of all."""

import pytest

from allot.core.customer import DENIAL
from allot.core.order import Order
from allot.core.package import EDGES, Notice
from allot.core.run import (
    ATTEMPTS_MAX,
    Delayed,
    Done,
    Move,
    Paused,
    Released,
    Run,
    RunError,
    advance,
    review,
    start,
)
from core.stories import MIND, NO, OOPS, claim, fail, finish, held, lay_out, make_customer, make_run, succeed
from core.test_run_laws import PACKAGE_EDGES


def statuses(run: Run) -> dict[str, str]:
    return {name: each.status for name, each in run.customer.packages.items()}


def states(run: Run) -> dict[str, str]:
    return {f"{step.name} {step.package}".strip(): step.state for step in run.steps}


def park(run: Run, name: str, package: str = "") -> None:
    """Let every attempt at a step fail."""
    for _ in range(ATTEMPTS_MAX):
        fail(run, name, package, OOPS, final=False)


def provisioned(*names: str) -> Run:
    run = make_run("provision", *names)
    finish(run)
    return run


def test_the_edges_are_those_of_the_contract():
    """The moves that a package may make are written down once in core, as the contract has them."""
    assert EDGES == PACKAGE_EDGES


def test_a_smooth_run():
    """A run goes from step to step; the moves of packages and customer are told with the step that brings them."""
    customer = make_customer()
    laid = lay_out(Order("provision", ("webex_meetings",)), customer)
    run = Run(customer, 1, "provision", {}, laid.steps)
    assert start(run, laid.packages) == [
        Move("webex_meetings", "", "provisioning"),
        Move("", "", "provisioning"),
    ]
    assert states(run) == {"organization": "ready", "site": "waiting", "add webex_meetings": "waiting"}
    assert succeed(run, "organization") == []
    assert succeed(run, "site") == []
    assert succeed(run, "add", "webex_meetings", license_ids=("a", "b")) == [
        Move("webex_meetings", "provisioning", "provisioned"),
        Move("", "provisioning", "provisioned"),
    ]
    assert customer.packages["webex_meetings"].license_ids == ["a", "b"]
    assert (run.settled, run.removed, customer.live) == (True, False, "")


def test_only_what_changed_is_marked():
    """Steps, packages and customers say whether an event changed them, so that only those are written."""
    run = make_run("provision", "webex_meetings", "webex_calling")
    for each in (run.customer, *run.steps, *run.customer.packages.values()):
        each.changed = False
    succeed(run, "organization")
    assert [step.name for step in run.steps if step.changed] == ["organization", "location", "site"]
    assert not run.customer.changed
    fail(run, "site")
    assert [name for name, each in run.customer.packages.items() if each.changed] == ["webex_meetings"]
    assert run.customer.changed


def test_a_failure_shows_where_it_belongs():
    """A failure is of its package; that of a step of no package is of the customer, and skips what needs it."""
    run = make_run("provision", "webex_calling", "webex_meetings", "cx_voice_ports")
    succeed(run, "organization")
    fail(run, "location")
    assert statuses(run) == {
        "webex_calling": "error",
        "webex_meetings": "provisioning",
        "cx_voice_ports": "provisioning",
    }
    told = Notice(90002, "Not carried out, because what it needs could not be: location")
    assert run.customer.packages["webex_calling"].errors == [told]
    assert run.customer.errors == [NO]
    fail(run, "add", "cx_voice_ports")
    finish(run)
    assert run.customer.packages["cx_voice_ports"].errors == [NO]
    assert (run.customer.errors, run.customer.status) == ([NO], "provisioned_with_errors")


def test_without_an_organization_nothing_goes():
    """When the organization cannot be made, everything is skipped for it, by its name, and the customer is in error."""
    run = make_run("provision", "webex_suite")
    fail(run, "organization")
    assert set(states(run).values()) == {"failed", "skipped"}
    assert {step.fault.description.rpartition(": ")[2] for step in run.steps[1:]} == {"organization"}
    assert (run.customer.status, run.customer.errors) == ("error", [NO])


def test_an_attempt_that_fails_is_tried_again():
    """An attempt that fails shows nowhere but on its step; the one that succeeds leaves nothing of it."""
    run = make_run("provision", "webex_meetings")
    assert fail(run, "organization", notice=OOPS, final=False) == []
    assert (run.steps[0].state, run.steps[0].fault) == ("ready", OOPS)
    assert (run.customer.errors, run.customer.status) == ([], "provisioning")
    finish(run)
    assert (run.steps[0].fault, run.customer.status) == (None, "provisioned")


def test_a_step_is_parked_in_the_end():
    """After so many attempts a step is parked and says why; the run is settled, and another order may come."""
    run = make_run("provision", "webex_meetings")
    park(run, "organization")
    assert states(run) == {"organization": "parked", "site": "skipped", "add webex_meetings": "skipped"}
    assert run.customer.errors == [Notice(90001, "Stopped after 5 attempts: oops. Send the request again to retry")]
    assert (run.settled, run.customer.live, run.customer.status) == (True, "", "error")


def test_a_parked_step_is_released():
    """A release tries a parked step as often again, and takes up what was skipped for it."""
    run = make_run("provision", "webex_calling", "webex_meetings")
    succeed(run, "organization")
    park(run, "location")
    finish(run)
    assert run.customer.status == "provisioned_with_errors"
    assert advance(run, Released(1)) == [
        Move("webex_calling", "error", "provisioning"),
        Move("", "provisioned_with_errors", "provisioning"),
    ]
    assert (run.customer.errors, run.customer.packages["webex_calling"].errors) == ([], [])
    park(run, "location")
    advance(run, Released(1))
    finish(run)
    assert (run.customer.status, run.settled) == ("provisioned", True)


def test_a_release_leaves_what_fails_for_another_reason():
    """What waits for two steps that went wrong stays skipped, by the other's name, when one of them is released."""
    run = make_run("provision", "webex_suite", "webex_calling")
    succeed(run, "organization")
    park(run, "location")
    fail(run, "site")
    suite = run.customer.packages["webex_suite"]
    assert suite.errors[0].description.endswith("location")
    advance(run, Released(1))
    assert statuses(run) == {"webex_suite": "error", "webex_calling": "provisioning"}
    assert suite.errors[0].description.endswith("site")
    assert run.customer.errors == [NO]
    finish(run)
    assert run.settled
    assert run.customer.status == "provisioned_with_errors"


def test_a_step_is_held_and_released():
    """A held step keeps its run alive and its package as it is; released it goes on."""
    run = make_run("provision", "cx_voice_ports")
    succeed(run, "organization")
    step = claim(run, 1)
    assert advance(run, Paused(1, step.attempts)) == []
    assert (step.state, run.settled, statuses(run)) == ("held", False, {"cx_voice_ports": "provisioning"})
    assert advance(run, Released(1)) == []
    finish(run)
    assert run.customer.status == "provisioned"


def test_a_slow_step_goes_on_later():
    """A step that takes longer is claimed once more."""
    run = make_run("provision", "webex_meetings")
    step = claim(run, 0)
    assert advance(run, Delayed(0, step.attempts)) == []
    assert (step.state, step.attempts) == ("ready", 1)


def test_a_late_result_is_refused():
    """When a claim was lost to another worker, its result is refused, and the other's is taken."""
    run = make_run("provision", "webex_meetings")
    claim(run, 0)
    claim(run, 0)
    with pytest.raises(RunError, match="step 0 is running at attempt 2, not running at 1"):
        advance(run, Done(0, 1))
    advance(run, Done(0, 2))
    with pytest.raises(RunError, match="step 0 is done at attempt 2, not running at 2"):
        advance(run, Done(0, 2))


def test_nothing_happens_to_a_run_that_is_over():
    """When another order followed, a step that stayed parked is not released any more."""
    run = make_run("provision", "webex_meetings")
    park(run, "organization")
    later = make_run("update", "webex_meetings", customer=run.customer)
    with pytest.raises(RunError, match="run 1 is over: run 2 followed it"):
        advance(run, Released(0))
    finish(later)
    assert run.customer.status == "provisioned"


def test_warnings_and_errors_are_of_the_last_attempt():
    """A new order clears what the last one told of its packages, and tells its own."""
    run = make_run("provision", "webex_meetings", "cx_voice_ports")
    succeed(run, "organization")
    succeed(run, "site")
    succeed(run, "add", "webex_meetings", warnings=(MIND,))
    fail(run, "add", "cx_voice_ports")
    meetings, ports = run.customer.packages.values()
    assert (meetings.status, meetings.warnings, ports.errors) == ("provisioned", [MIND], [NO])
    again = make_run("update", "webex_meetings", "cx_voice_ports", customer=run.customer)
    assert (run.customer.status, meetings.warnings, ports.errors) == ("updating", [], [])
    finish(again)
    assert (run.customer.status, meetings.warnings, ports.errors) == ("provisioned", [], [])


def test_an_adjustment_that_fails():
    """What cannot be adjusted stays provisioned, with the error; the next update takes that away."""
    customer = provisioned("webex_meetings").customer
    run = make_run("update", "webex_meetings", customer=customer)
    assert fail(run, "adjust", "webex_meetings") == [Move("", "updating", "provisioned_with_errors")]
    assert (statuses(run), customer.packages["webex_meetings"].errors) == ({"webex_meetings": "provisioned"}, [NO])
    finish(make_run("update", "webex_meetings", customer=customer))
    assert (customer.status, customer.packages["webex_meetings"].errors) == ("provisioned", [])


@pytest.mark.parametrize("kind", ["update", "delete"])
def test_a_removal_that_fails_is_tried_by_the_next_order(kind):
    """A package that cannot be removed is in error and keeps its licenses; the next order removes it."""
    customer = provisioned("webex_meetings", "cx_voice_ports").customer
    run = make_run("update", "cx_voice_ports", customer=customer)
    fail(run, "remove", "webex_meetings")
    finish(run)
    assert statuses(run) == {"webex_meetings": "error", "cx_voice_ports": "provisioned"}
    assert customer.packages["webex_meetings"].license_ids == ["id-webex_meetings"]
    assert customer.status == "provisioned_with_errors"
    again = make_run(kind, *["cx_voice_ports"] * (kind == "update"), customer=customer)
    finish(again)
    assert set(statuses(again)) == ({"cx_voice_ports"} if kind == "update" else set())


def test_a_removal_that_fails_may_be_taken_back():
    """A package that could not be removed is provisioned again by an update that lists it."""
    customer = provisioned("webex_meetings").customer
    run = make_run("delete", customer=customer)
    fail(run, "remove", "webex_meetings")
    assert (customer.status, states(run)["mapping"]) == ("error", "skipped")
    again = make_run("update", "webex_meetings", customer=customer)
    assert (customer.status, statuses(again)) == ("updating", {"webex_meetings": "provisioning"})
    finish(again)
    assert customer.status == "provisioned"


def test_a_deletion():
    """A deletion takes the packages down and then the customer, of which the last move tells."""
    customer = provisioned("webex_meetings", "cx_voice_ports").customer
    run = make_run("delete", customer=customer)
    assert (customer.status, set(statuses(run).values())) == ("deleting", {"deleting"})
    assert succeed(run, "remove", "webex_meetings") == [Move("webex_meetings", "deleting", "")]
    assert succeed(run, "remove", "cx_voice_ports") == [Move("cx_voice_ports", "deleting", "")]
    assert not run.removed
    assert succeed(run, "mapping") == [Move("", "deleting", "")]
    assert run.removed


def test_a_mapping_that_cannot_end():
    """A customer whose mapping could not be ended has no packages and is in error; it may be deleted once more."""
    customer = provisioned("webex_meetings").customer
    run = make_run("delete", customer=customer)
    succeed(run, "remove", "webex_meetings")
    assert fail(run, "mapping") == [Move("", "deleting", "error")]
    assert (customer.errors, customer.packages) == ([NO], {})
    again = make_run("delete", customer=customer)
    succeed(again, "mapping")
    assert again.removed


def test_a_review_waits_for_nobody():
    """A review that is pending shows instead of the run, stays when the run is settled, and over the next one."""
    customer = make_customer(review="pending")
    run = make_run("provision", "webex_meetings", customer=customer)
    assert customer.status == "pending_rpl_review"
    finish(run)
    assert (customer.status, statuses(run)) == ("pending_rpl_review", {"webex_meetings": "provisioned"})
    finish(make_run("update", "webex_meetings", customer=customer))
    assert customer.status == "pending_rpl_review"
    make_run("delete", customer=customer)
    assert customer.status == "deleting"


def test_a_review_is_decided():
    """An approval shows what the run came to; a denial is an error of the customer until it is deleted."""
    customer = make_customer(review="pending")
    run = make_run("provision", "webex_meetings", customer=customer)
    assert review(run, "") == [Move("", "pending_rpl_review", "provisioning")]
    assert review(run, "pending") == [Move("", "provisioning", "pending_rpl_review")]
    finish(run)
    assert review(run, "denied") == [Move("", "pending_rpl_review", "error")]
    assert (customer.errors, statuses(run)) == ([DENIAL], {"webex_meetings": "provisioned"})
    finish(make_run("delete", customer=customer))
    assert customer.status == ""


def test_a_package_cannot_leave_its_edges():
    """A run that would move a package where it cannot go is a bug, and says so."""
    customer = make_customer(packages={"webex_meetings": held("webex_meetings", "deleting")})
    with pytest.raises(RunError, match="package webex_meetings cannot go from deleting to provisioning"):
        make_run("update", "webex_meetings", customer=customer)
    customer.packages["webex_meetings"].status = ""
    with pytest.raises(RunError, match="cannot go from nothing to deleting"):
        make_run("delete", customer=customer)

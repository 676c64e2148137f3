"""Layouts: the steps of the orders that matter, one by one. tests/core/test_run_laws.py has what holds of all."""

import pytest

from allot.core.order import Order
from allot.core.run import Step
from core.stories import fail, finish, held, lay_out, make_customer, make_run, succeed


def shown(steps: list[Step]) -> list[str]:
    """Steps as texts: name, package, and the numbers of those before."""
    return [" ".join([each.name, each.package, *map(str, each.after)]).replace("  ", " ").strip() for each in steps]


def order(kind: str, *names: str) -> Order:
    return Order(kind, names)


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["webex_suite"], ["organization", "location 0", "site 0", "add webex_suite 0 1 2"]),
        (["webex_meetings"], ["organization", "site 0", "add webex_meetings 0 1"]),
        (["webex_voice"], ["organization", "location 0", "add webex_voice 0 1"]),
        (["cx_voice_ports"], ["organization", "add cx_voice_ports 0"]),
        (
            ["attendant_console", "webex_meetings", "webex_calling"],
            [
                *("organization", "location 0", "site 0"),
                *("add attendant_console 0", "add webex_meetings 0 2", "add webex_calling 0 1"),
            ],
        ),
    ],
)
def test_a_new_customer(names, steps):
    """The organization comes first, then the places that packages need, then each package after just its own."""
    assert shown(lay_out(order("provision", *names), make_customer()).steps) == steps


def test_an_update_of_a_customer_that_is_there():
    """Who has licenses has an organization: what stays is adjusted, what is new added, what is not listed removed."""
    run = make_run("provision", "webex_calling", "webex_meetings")
    finish(run)
    laid = lay_out(order("update", "webex_meetings", "webex_voice"), run.customer)
    assert shown(laid.steps) == ["location", "add webex_voice 0", "adjust webex_meetings", "remove webex_calling"]
    assert [(each.package.name, each.status) for each in laid.packages] == [("webex_voice", "")]


def test_the_same_list_again():
    """The same list again adjusts each package, and touches nothing else."""
    run = make_run("provision", "webex_calling", "webex_meetings")
    finish(run)
    laid = lay_out(order("update", "webex_meetings", "webex_calling"), run.customer)
    assert shown(laid.steps) == ["adjust webex_meetings", "adjust webex_calling"]
    assert laid.packages == []


@pytest.mark.parametrize("failed", ["organization", "location"])
def test_a_retry_makes_what_may_be_missing(failed):
    """After a first run that came to nothing, organization and location are made once more before the packages."""
    run = make_run("provision", "webex_calling")
    if failed == "location":
        succeed(run, "organization")
    fail(run, failed)
    assert run.settled
    laid = lay_out(order("update", "webex_calling"), run.customer)
    assert shown(laid.steps) == ["organization", "location 0", "add webex_calling 0 1"]
    assert laid.packages == []


def test_a_retry_after_a_removal_that_failed():
    """A package whose removal failed still has its licenses: it is added again, in the organization that is there."""
    customer = make_customer()
    customer.packages["webex_meetings"] = held("webex_meetings", "error", license_ids=["id"])
    assert shown(lay_out(order("update", "webex_meetings"), customer).steps) == ["site", "add webex_meetings 0"]


@pytest.mark.parametrize("status", ["provisioned", "error"])
def test_a_deletion(status):
    """A deletion removes every package, whatever its status, and ends the mapping when all are gone."""
    customer = make_customer()
    for name in ("webex_calling", "webex_meetings"):
        customer.packages[name] = held(name, status)
    assert shown(lay_out(order("delete"), customer).steps) == [
        "remove webex_calling",
        "remove webex_meetings",
        "mapping 0 1",
    ]
    assert shown(lay_out(order("delete"), make_customer()).steps) == ["mapping"]


def test_limits_are_of_new_packages():
    """A new package has the limit that the order gives it, and none when it gives none."""
    laid = lay_out(Order("provision", ("webex_meetings", "cx_voice_ports"), {"webex_meetings": 7}), make_customer())
    assert [(each.package.name, each.limit) for each in laid.packages] == [
        ("webex_meetings", 7),
        ("cx_voice_ports", None),
    ]

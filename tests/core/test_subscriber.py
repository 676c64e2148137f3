"""The law of subscribers: which packages go together, when a customer can give them, and how somebody is called."""

from itertools import combinations

import pytest

from allot.core import customer as customers
from allot.core.customer import Customer
from allot.core.holding import Calling, Holding, Properties, UnknownItem
from allot.core.organization import Organization
from allot.core.package import Held
from allot.core.subscriber import exhausted, faults, items, reach, single, unavailable, unreachable, unready
from servers import rulebook

PACKAGES = rulebook().packages
BASE = [name for name, each in PACKAGES.items() if each.base]


def shop(**statuses: str) -> Customer:
    """A customer whose packages are in these states."""
    customer = Customer("partner", "id", "external", "org", "Shop", "owner@shop.example", {}, {}, "2026")
    customer.packages = {name: Held(PACKAGES[name], status) for name, status in statuses.items()}
    return customer


def test_there_are_the_packages_that_cisco_lists():
    """Nine packages are for subscribers, eight of them base packages, six of them values of the deprecated member."""
    theirs = [name for name, each in PACKAGES.items() if each.subscribers]
    assert theirs == [*BASE[:6], "attendant_console", *BASE[6:]]
    assert len(BASE) == 8
    assert [name for name in theirs if single(PACKAGES, [name]) == name] == BASE[:6]
    assert single(PACKAGES, ["webex_suite", "attendant_console"]) is None


@pytest.mark.parametrize("base", BASE)
def test_a_base_package_may_be_had_alone_or_with_the_console_that_needs_it(base: str):
    """Each base package goes alone; Attendant Console goes with the three that it depends on."""
    assert faults(PACKAGES, [base]) == []
    fits = base in ("webex_calling", "webex_suite", "cx_essentials")
    assert (faults(PACKAGES, ["attendant_console", base]) == []) is fits


def test_two_base_packages_cannot_be_had_together():
    """Of every pair of base packages the fault names both."""
    for one, other in combinations(BASE, 2):
        [fault] = faults(PACKAGES, [one, other])
        assert fault == f"packages: {one} and {other} cannot be had together; name one of them"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "packages: every subscriber has one of webex_calling, "),
        (["nonsense"], "packages[0]: `nonsense` is no package"),
        (["webex_calling", "common_area_calling"], "packages[1]: common_area_calling is for customers alone"),
        (["cisco_calling_plan"], "packages[0]: cisco_calling_plan is for customers alone"),
        (["attendant_console"], "packages: attendant_console needs one of webex_calling, webex_suite, cx_essentials"),
    ],
)
def test_what_nobody_can_have(names: list[str], said: str):
    """Nothing, an add-on alone, what is no package, and what only customers have."""
    assert faults(PACKAGES, names)[0].startswith(said)


def test_when_a_customer_can_give():
    """Not while it is first provisioned or deleted, nor when its review is open or was denied; in an update it can."""
    customer = shop(webex_calling="provisioned")
    assert unready(customer) is None
    for live, ready in ((customers.PROVISION, False), (customers.DELETE, False), (customers.UPDATE, True)):
        customer.live = live
        assert (unready(customer) is None) is ready
    customer.live = ""
    for review in (customers.PENDING, customers.DENIED):
        customer.review = review
        assert "compliance" in (unready(customer) or "")


def test_what_a_customer_can_give():
    """Packages that are provisioned, to fewer than their limit."""
    customer = shop(webex_calling="provisioned", webex_voice="error", webex_suite="deleting")
    assert unavailable(customer, ["webex_calling"]) == []
    assert [each.split()[1] for each in unavailable(customer, ["webex_voice", "webex_suite", "cx_essentials"])] == [
        *("webex_voice", "webex_suite", "cx_essentials")
    ]
    held = customer.packages["webex_calling"]
    held.subscribers = 3
    assert exhausted(customer, ["webex_calling"]) == []
    held.limit = 4
    assert exhausted(customer, ["webex_calling"]) == []
    held.limit = 3
    assert exhausted(customer, ["webex_calling"])[0].startswith("packages: 3 subscribers have webex_calling already")


def test_how_a_subscriber_is_called():
    """As before, else as asked; an extension alone is of the customer's location, a number of its own."""
    asked = Properties(None, None, "51212")
    assert reach(Calling("there", "+1", "2"), asked, "home") == Properties("there", "+1", "2")
    assert reach(None, asked, "home") == Properties("home", None, "51212")
    assert reach(None, asked, None) == asked
    assert reach(None, Properties("x", None, "51212"), "home") == Properties("x", None, "51212")
    assert reach(None, Properties(None, "+1", "51212"), "home") == Properties(None, "+1", "51212")
    assert reach(None, None, "home") is None
    # Who is at a location and reached nowhere has nothing that could stay.
    assert reach(Calling("there"), asked, "home") == Properties("home", None, "51212")


def test_who_needs_a_number_or_an_extension():
    """Calling packages do, unless the request names one; the package for meetings does not."""
    assert unreachable(PACKAGES, ["webex_meetings"], None) == []
    assert unreachable(PACKAGES, ["webex_suite"], Properties(None, None, "51")) == []
    for asked in (None, Properties("home")):
        assert "webex_suite" in unreachable(PACKAGES, ["webex_suite", "attendant_console"], asked)[0]


def test_a_license_that_the_organization_lost_is_asked_for_all_the_same():
    """A package's license that the organization has no more becomes an item that the decision refuses by name."""
    customer = shop(webex_voice="provisioned")
    customer.packages["webex_voice"].license_ids = ["org:SLWV_1"]
    [item] = items(Organization("org", {}), customer, Holding(), [], ["webex_voice"], None)
    assert isinstance(item, UnknownItem)
    assert (item.id, item.add) == ("org:SLWV_1", True)

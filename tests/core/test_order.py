"""Orders: which can be carried out, and what the others are told."""

import pytest

from allot.core.order import Order, conflicts, faults, kept, lacking, removed
from core.stories import LOCATION, PACKAGES, held, make_customer

CALLING = ("common_area_calling", "webex_calling", "webex_suite", "webex_voice", "cx_essentials")
#: package -> those of which it needs one, as Cisco's text has them
NEEDS = {
    "cisco_calling_plan": {*CALLING, "webex_calling_standard"},
    "attendant_console": {"webex_calling", "webex_suite", "cx_essentials"},
}


@pytest.mark.parametrize(("name", "needs"), NEEDS.items())
@pytest.mark.parametrize("other", PACKAGES)
def test_any_one_of_the_others_will_do(name, needs, other):
    """A package that needs others is satisfied by any one of them, and by nothing else."""
    order = Order("update", (name, other), location=LOCATION)
    found = [each for each in faults(PACKAGES, order, None) if each.startswith(f"packages: {name} ")]
    assert (found == []) == (other in needs)
    assert [(each.name, set(others)) for each, others in lacking(PACKAGES, (name,))] == [(name, needs)]


def test_a_missing_dependency_names_what_would_do():
    """The sentence says which package lacks what, and what to do."""
    (told,) = faults(PACKAGES, Order("provision", ("attendant_console", "webex_meetings")), None)
    assert told == (
        "packages: attendant_console needs one of webex_calling, webex_suite, cx_essentials;"
        " add one of them, or leave it out"
    )


def test_all_faults_are_told_at_once():
    """A missing dependency and a missing location are two faults of one answer."""
    order = Order("provision", ("attendant_console", "webex_voice"))
    assert [each.partition(":")[0] for each in faults(PACKAGES, order, None)] == [
        "packages",
        "provisioningParameters.calling.location",
    ]


def test_unknown_packages_are_told_each():
    """Each package that is none is named, and nothing is said of those that depend on it."""
    found = faults(PACKAGES, Order("provision", ("nonsense", "cisco_calling_plan", "more")), None)
    assert len(found) == 2
    assert all(f"`{name}` is no package" in told for name, told in zip(("nonsense", "more"), found, strict=True))


def test_an_order_names_a_package():
    """An order of nothing is refused: a customer is removed by DELETE."""
    assert "send DELETE" in faults(PACKAGES, Order("update"), None)[0]


@pytest.mark.parametrize("name", PACKAGES)
def test_calling_packages_need_a_location(name):
    """A calling package needs a location, of the order or of the customer; others need none."""
    names = (name, *[each for each in ("webex_calling",) if PACKAGES[name].any_of])
    calling = any(PACKAGES[each].calling for each in names)
    told = "provisioningParameters.calling.location"
    without, with_ = make_customer(), make_customer(details={"location": LOCATION})
    for customer in (None, without):
        assert [each.partition(":")[0] for each in faults(PACKAGES, Order("update", names), customer)] == [
            told
        ] * calling
    assert faults(PACKAGES, Order("update", names), with_) == []
    assert faults(PACKAGES, Order("provision", names, location=LOCATION), None) == []


@pytest.mark.parametrize("kind", ["update", "delete"])
@pytest.mark.parametrize(
    ("live", "status"), [("provision", "provisioning"), ("update", "updating"), ("delete", "deleting")]
)
def test_one_run_at_a_time(kind, live, status):
    """While a run lives, no other order is taken, and the sentence says what the customer is busy with."""
    customer = make_customer(live=live, status=status)
    (told,) = conflicts(Order(kind, ("webex_meetings",)), customer)
    assert told.startswith(f"customerId: the customer is {status};")
    customer.live = ""
    assert conflicts(Order(kind, ("webex_meetings",)), customer) == []


def test_a_denied_customer_can_only_be_removed():
    """A customer that the compliance review denied is given nothing more; one that waits for it may be changed."""
    customer = make_customer(review="denied", status="error")
    assert "can only be removed" in conflicts(Order("update", ("webex_meetings",)), customer)[0]
    assert conflicts(Order("delete"), customer) == []
    customer.review = "pending"
    assert conflicts(Order("update", ("webex_meetings",)), customer) == []


def test_what_subscribers_have_is_not_taken():
    """A package that subscribers have is not removed by an update, nor limited below them; a deletion may do it."""
    customer = make_customer()
    for name, count in (("webex_calling", 3), ("webex_meetings", 2), ("webex_suite", 0)):
        customer.packages[name] = held(name, "provisioned", subscribers=count)
    order = Order("update", ("webex_meetings",), {"webex_meetings": 1})
    assert conflicts(order, customer) == [
        "packages: 3 subscribers have webex_calling; give them another package or remove them first",
        "provisioningParameters.packages.limits.webex_meetings: 2 subscribers have it; set no less",
    ]
    assert conflicts(Order("update", ("webex_calling", "webex_meetings"), {"webex_meetings": 2}), customer) == []
    assert conflicts(Order("delete"), customer) == []


def test_what_stays_and_what_goes():
    """What is provisioned and listed stays; what is not listed goes, whatever its status."""
    customer = make_customer()
    for name, status in (("webex_calling", "provisioned"), ("webex_meetings", "error"), ("webex_suite", "provisioned")):
        customer.packages[name] = held(name, status)
    order = Order("update", ("webex_voice", "webex_meetings", "webex_calling"))
    assert kept(order, customer) == ["webex_calling"]
    assert removed(order, customer) == ["webex_suite"]
    assert removed(Order("delete"), customer) == ["webex_calling", "webex_meetings", "webex_suite"]

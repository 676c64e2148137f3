"""A customer's status: a function of its run, its review, its packages and its errors, by the contract's table."""

from itertools import product

import pytest

from allot.core.customer import STATUSES
from allot.core.package import Notice
from core.stories import held, make_customer

NO = Notice(1, "no")
NAMES = ("webex_calling", "webex_meetings")

#: (live, review, statuses of the packages, which have errors, errors of the customer) -> status; None stands for any
TABLE = [
    (("delete", None, None, None, None), "deleting"),
    (("provision", "pending", None, None, None), "pending_rpl_review"),
    (("update", "pending", None, None, None), "pending_rpl_review"),
    (("", "pending", None, None, None), "pending_rpl_review"),
    (("provision", None, None, None, None), "provisioning"),
    (("update", None, None, None, None), "updating"),
    (("", "denied", None, None, None), "error"),
    (("", "", (), None, None), "error"),
    (("", "", ("error",), None, None), "error"),
    (("", "", ("error", "error"), None, None), "error"),
    (("", "", ("provisioned",), (False,), False), "provisioned"),
    (("", "", ("provisioned", "provisioned"), (False, False), False), "provisioned"),
    (("", "", None, None, None), "provisioned_with_errors"),
]
SETTLED = [(), *product(("provisioned", "error")), *product(("provisioned", "error"), repeat=2)]
CASES = [
    (live, review, statuses, wrong, errors)
    for live, review, statuses in product(("", "provision", "update", "delete"), ("", "pending", "denied"), SETTLED)
    for wrong in product((False, True), repeat=len(statuses))
    for errors in (False, True)
]


def expected(case: tuple) -> str:
    """What the table says: the first row that fits."""
    return next(
        status
        for row, status in TABLE
        if all(told is None or told == each for told, each in zip(row, case, strict=True))
    )


def test_the_status_is_that_of_the_table():
    """Every combination of run, review, packages and errors has the status that the table gives it."""
    seen = set()
    for case in CASES:
        live, review, statuses, wrong, errors = case
        customer = make_customer(live=live, review=review, errors=[NO] * errors)
        for name, status, bad in zip(NAMES, statuses, wrong, strict=False):
            customer.packages[name] = held(name, status, errors=[NO] * bad, warnings=[NO])
        assert customer.derive() == expected(case), case
        seen.add(customer.derive())
    assert seen == set(STATUSES)


@pytest.mark.parametrize("status", STATUSES)
def test_the_organization_is_shown_when_it_is_there(status):
    """Answers name the organization of a customer that is provisioned, with errors or without."""
    customer = make_customer(status=status)
    assert customer.shows_organization == (status in {"provisioned", "provisioned_with_errors"})

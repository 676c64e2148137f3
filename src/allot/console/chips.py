"""Chips: a status in a word and a tone, and in a sentence for who listens or points at it."""

from typing import NamedTuple

from allot.core import customer as customers
from allot.core import package as packages
from allot.core import report as reports
from allot.core import run as runs
from allot.core import subscriber as subscribers
from allot.core.customer import Customer
from allot.core.package import Held
from allot.core.report import Report
from allot.core.subscriber import Subscriber

#: tones: what is as it shall be, what goes on, what wants a look, what went wrong, and what only waits
GOOD, BUSY, CARE, BAD, IDLE = "good", "busy", "care", "bad", ""


class Chip(NamedTuple):
    """A status: its tone, what it says, and what it says besides to who listens or points at it."""

    tone: str
    text: str
    more: str = ""


CUSTOMERS = {
    customers.PROVISIONED: Chip(GOOD, "provisioned"),
    customers.WITH_ERRORS: Chip(BAD, "provisioned with errors"),
    customers.PROVISIONING: Chip(BUSY, "provisioning"),
    customers.UPDATING: Chip(BUSY, "updating"),
    customers.DELETING: Chip(BUSY, "being removed"),
    customers.ERROR: Chip(BAD, "error"),
    customers.REVIEW: Chip(CARE, "compliance review pending"),
}
_PACKAGES = {
    packages.PROVISIONED: GOOD,
    packages.PROVISIONING: BUSY,
    packages.DELETING: BUSY,
    packages.ERROR: BAD,
}
_STEPS = {
    runs.WAITING: IDLE,
    runs.READY: BUSY,
    runs.RUNNING: BUSY,
    runs.HELD: CARE,
    runs.DONE: GOOD,
    runs.FAILED: BAD,
    runs.SKIPPED: CARE,
    runs.PARKED: BAD,
}
REPORTS = {
    reports.IN_PROGRESS: Chip(BUSY, "being made"),
    reports.COMPLETED: Chip(GOOD, "completed"),
    reports.FAILED: Chip(BAD, "failed"),
}
SUBSCRIBERS = {
    subscribers.PROVISIONED: Chip(GOOD, "provisioned"),
    subscribers.PENDING: Chip(CARE, "waits for the owner of the account to agree"),
}


def of_customer(customer: Customer) -> Chip:
    """How a customer stands."""
    return CUSTOMERS[customer.status]


def of_package(held: Held) -> Chip:
    """How the provisioning of a package stands: good, busy, with warnings, or with errors."""
    if held.errors:
        tone, more = BAD, f"{held.status} with errors"
    elif held.warnings and held.status == packages.PROVISIONED:
        tone, more = CARE, f"{held.status} with warnings"
    else:
        tone, more = _PACKAGES[held.status], held.status
    return Chip(tone, held.package.title, more)


def of_step(state: str) -> Chip:
    """How a step of a run stands."""
    return Chip(_STEPS[state], state)


def of_report(report: Report) -> Chip:
    """How a billing report stands."""
    return REPORTS[report.status]


def of_subscriber(subscriber: Subscriber) -> Chip:
    """How a subscriber stands."""
    chip = SUBSCRIBERS[subscriber.status]
    return chip._replace(tone=BAD) if subscriber.errors else chip

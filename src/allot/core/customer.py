"""A wholesale customer: the mapping between a provider's customer and a Webex organization."""

from dataclasses import dataclass, field
from typing import Any

from allot.core import package
from allot.core.package import Held, Notice

PROVISIONED = "provisioned"
WITH_ERRORS = "provisioned_with_errors"
PROVISIONING = "provisioning"
UPDATING = "updating"
DELETING = "deleting"
ERROR = "error"
REVIEW = "pending_rpl_review"
STATUSES = (PROVISIONED, WITH_ERRORS, PROVISIONING, UPDATING, DELETING, ERROR, REVIEW)

#: kinds of runs, and the status that a customer has while one lives
PROVISION, UPDATE, DELETE = "provision", "update", "delete"
LIVE = {PROVISION: PROVISIONING, UPDATE: UPDATING, DELETE: DELETING}

PENDING, DENIED = "pending", "denied"
#: an error of ours for as long as the customer is denied
DENIAL = Notice(90004, "The review against the denied party list did not approve this customer")


@dataclass(slots=True, eq=False)
class Customer:
    """One customer of one partner."""

    #: the partner or sub-partner that it is a customer of
    org_id: str
    id: str
    external_id: str
    #: the organization on Webex: known from the order on, there when its step is done
    customer_org_id: str
    name: str
    primary_email: str
    #: the billing address as the request had it
    address: dict[str, str]
    #: what else the orders said: provisioningId, language, calling, meetings, limits, subPartnerAdminEmail
    details: dict[str, Any]
    created: str
    #: number of its last run, from 1
    run: int = 1
    #: kind of the run that lives; empty when all is settled
    live: str = ""
    #: denied party list: "pending", "denied", or empty
    review: str = ""
    packages: dict[str, Held] = field(default_factory=dict)
    #: errors of the last run that are of no single package
    errors: list[Notice] = field(default_factory=list)
    #: as it was last derived; "" until its first run begins
    status: str = ""
    #: a run changed it since it was loaded
    changed: bool = False

    def derive(self) -> str:
        """The status that follows from the run, the review, the packages and the errors, and from nothing else."""
        if self.live == DELETE:
            return DELETING
        if self.review == PENDING:
            return REVIEW
        if self.live:
            return LIVE[self.live]
        # One that has lost its packages and is still there could not be removed.
        if self.review == DENIED or all(held.status == package.ERROR for held in self.packages.values()):
            return ERROR
        wrong = any(held.errors or held.status == package.ERROR for held in self.packages.values())
        return WITH_ERRORS if wrong or self.errors else PROVISIONED

    @property
    def shows_organization(self) -> bool:
        """Whether answers name its organization."""
        return self.status in (PROVISIONED, WITH_ERRORS)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which customers are wanted, and in what order; None wants all."""

    external_id: str | None = None
    customer_org_id: str | None = None
    statuses: tuple[str, ...] = ()
    #: the newest first, rather than the oldest
    newest: bool = False

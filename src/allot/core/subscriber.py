"""A wholesale subscriber: the mapping between a customer's user and a person of the customer's organization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from allot.core import customer as customers
from allot.core import package
from allot.core.customer import Customer
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, UnknownItem
from allot.core.order import lacking
from allot.core.organization import Organization
from allot.core.package import Notice, Package

PROVISIONED = "provisioned"
PENDING = "pending_user_migration"
STATUSES = (PROVISIONED, PENDING)

CREATED, CHANGED = "created", "lastStatusChange"
#: by what lists of subscribers may be ordered
ORDERS = (CREATED, CHANGED)
#: so much of a name that is none is said again
NAME_SHOWN = 100

#: the owner of a free account does not want to be moved
DECLINED = Notice(90020, "The owner of the email address declined to move the account to the customer's organization")


@dataclass(slots=True, eq=False)
class Subscriber:
    """One subscriber of one customer."""

    #: the partner or sub-partner of the customer
    org_id: str
    id: str
    customer_id: str
    #: in lower case; nobody else's, whoever their partner is
    email: str
    #: names, in the order of the request
    packages: list[str]
    created: str
    last_status_change: str
    status: str = PROVISIONED
    #: the person of the customer's organization, once there
    person_id: str | None = None
    #: what a pending one will be provisioned with: firstName, lastName, locationId, phoneNumber, extension
    details: dict[str, Any] = field(default_factory=dict)
    errors: list[Notice] = field(default_factory=list)
    #: the customer's external id
    external_customer_id: str = ""

    @property
    def pending(self) -> bool:
        """Whether the owner of the account has yet to agree."""
        return self.status == PENDING

    def copy(self) -> "Subscriber":
        """The subscriber as they are now, whatever becomes of them."""
        return replace(self, packages=list(self.packages), errors=list(self.errors))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which subscribers are wanted, and in what order; None wants all."""

    customer_id: str | None = None
    external_customer_id: str | None = None
    person_id: str | None = None
    email: str | None = None
    status: str | None = None
    #: only those that were created, or whose status changed, after this time
    created_after: str | None = None
    changed_after: str | None = None
    order: str = CREATED
    descending: bool = False


def faults(packages: Mapping[str, Package], names: Sequence[str]) -> list[str]:
    """Why nobody can have these packages together, one sentence each; none when somebody can."""
    unknown = [(n, name) for n, name in enumerate(names) if name not in packages]
    if unknown:
        known = ", ".join(name for name, package in packages.items() if package.subscribers)
        return [f"packages[{n}]: `{name[:NAME_SHOWN]}` is no package; there are {known}" for n, name in unknown]
    found = [
        f"packages[{n}]: {name} is for customers alone; no subscriber can have it"
        for n, name in enumerate(names)
        if not packages[name].subscribers
    ]
    if found:
        return found
    base = [name for name in names if packages[name].base]
    if len(base) > 1:
        found.append(f"packages: {' and '.join(base)} cannot be had together; name one of them")
    for each, others in lacking(packages, names):
        found.append(f"packages: {each.name} needs one of {', '.join(others)}; add one of them, or leave it out")
    if not base and not found:
        known = ", ".join(name for name, each in packages.items() if each.base)
        found.append(f"packages: every subscriber has one of {known}; name one of them")
    return found


def single(packages: Mapping[str, Package], names: Sequence[str]) -> str | None:
    """The package that the deprecated member `package` can tell of: the only one, where it is one of its values."""
    return names[0] if len(names) == 1 and packages[names[0]].single else None


def unready(customer: Customer) -> str | None:
    """Why no subscriber of this customer can be provisioned or changed now; None when they can."""
    if customer.live in (customers.PROVISION, customers.DELETE):
        return f"customerId: the customer is {customer.status}; try again when that has come to its end"
    if customer.review:
        return f"customerId: the customer's compliance check is {customer.review}; nobody can be provisioned"
    return None


def unavailable(customer: Customer, names: Sequence[str]) -> list[str]:
    """Which of these packages the customer cannot give now."""
    found = []
    for name in names:
        held = customer.packages.get(name)
        if held is None:
            found.append(f"packages: {name} is none of the customer's packages; add it to the customer first")
        elif held.status != package.PROVISIONED:
            found.append(f"packages: {name} is {held.status} for the customer; it can be given once it is provisioned")
    return found


def exhausted(customer: Customer, names: Sequence[str]) -> list[str]:
    """Which of these packages so many subscribers have already as the customer's limit allows."""
    limits = {name: held for name in names if (held := customer.packages[name]).limit is not None}
    return [
        f"packages: {held.subscribers} subscribers have {name} already, which is the customer's limit;"
        " raise it, or remove it from a subscriber"
        for name, held in limits.items()
        if held.limit is not None and held.subscribers >= held.limit
    ]


def unreachable(packages: Mapping[str, Package], names: Sequence[str], asked: Properties | None) -> list[str]:
    """Why a person without calling cannot have these packages: nothing says how to call them."""
    calling = ", ".join(name for name in names if packages[name].calling)
    if not calling or (asked is not None and asked.reachable):
        return []
    return [f"provisioningParameters: {calling} needs a primaryPhoneNumber, an extension or both; name one of them"]


def reach(calling: Calling | None, asked: Properties | None, location_id: str | None) -> Properties | None:
    """How a subscriber is called: as before, where they are called already, whatever is asked.

    Where nothing names a location, it is the customer's own, `location_id`; a phone number has its own.
    """
    if calling is not None and (calling.phone_number or calling.extension):
        return Properties(calling.location_id, calling.phone_number, calling.extension)
    if asked is not None and asked.location_id is None and asked.phone_number is None:
        return replace(asked, location_id=location_id)
    return asked


def items(
    organization: Organization,
    customer: Customer,
    holding: Holding,
    before: Sequence[str],
    after: Sequence[str],
    asked: Properties | None,
) -> list[Item]:
    """What turns somebody who has the packages `before` into one who has those of `after`, as licenses of a request."""
    properties = reach(holding.calling, asked, customer.details.get("locationId"))
    given = _licenses(customer, after)
    gone = [id for id in _licenses(customer, before) if id not in given]
    found: list[Item] = []
    for id in given:
        license = organization.licenses.get(id)
        if license is None:
            found.append(UnknownItem(id, True))
        else:
            found.append(LicenseItem(license, True, properties if license.offer.calling else None))
    held = [organization.licenses[id] for id in gone if id in organization.licenses]
    return found + [LicenseItem(license, False) for license in held if license.bit & holding.licenses]


def _licenses(customer: Customer, names: Sequence[str]) -> list[str]:
    return [id for name in names if name in customer.packages for id in customer.packages[name].license_ids]

"""An order: what a provider asks for a customer, and whether it can be carried out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core import package
from allot.core.customer import DELETE, DENIED, Customer
from allot.core.package import Package


@dataclass(slots=True, eq=False)
class Order:
    """What one request says of a customer, read and found to be of the right form."""

    #: provision, update or delete
    kind: str
    #: names, each once, in the order of the request
    packages: tuple[str, ...] = ()
    #: package -> at most so many
    limits: dict[str, int] = field(default_factory=dict)
    #: the calling location: name, address, timezone, language, emergencyLocationIdentifier
    location: dict[str, Any] | None = None


def lacking(packages: Mapping[str, Package], wanted: Sequence[str]) -> list[tuple[Package, tuple[str, ...]]]:
    """The wanted packages that need another one which is not wanted, each with those that would do."""
    return [
        (each, each.any_of)
        for each in (packages[name] for name in wanted)
        if each.any_of and not set(each.any_of) & set(wanted)
    ]


def faults(packages: Mapping[str, Package], order: Order, customer: Customer | None) -> list[str]:
    """Why an order cannot be carried out, one sentence each; none when it can."""
    unknown = [name for name in order.packages if name not in packages]
    if unknown:
        return [f"packages: `{name}` is no package; there are {', '.join(packages)}" for name in unknown]
    if not order.packages:
        return ["packages: name at least one; to remove the customer, send DELETE"]
    found: list[str] = []
    for each, others in lacking(packages, order.packages):
        found.append(f"packages: {each.name} needs one of {', '.join(others)}; add one of them, or leave it out")
    has_location = order.location is not None or (customer is not None and "location" in customer.details)
    calling = [name for name in order.packages if packages[name].calling]
    if calling and not has_location:
        names = ", ".join(calling)
        found.append(f"provisioningParameters.calling.location: is missing; {names} cannot be provisioned without it")
    return found


def conflicts(order: Order, customer: Customer) -> list[str]:
    """Why an order cannot be carried out for this customer now, one sentence each; none when it can."""
    if customer.live:
        return [f"customerId: the customer is {customer.status}; try again when that has come to its end"]
    if order.kind == DELETE:
        return []
    if customer.review == DENIED:
        return ["customerId: the compliance review denied the customer; it can only be removed"]
    found = []
    for name, held in customer.packages.items():
        limit = order.limits.get(name)
        if held.subscribers and name not in order.packages:
            found.append(
                f"packages: {held.subscribers} subscribers have {name}; give them another package or remove them first"
            )
        elif limit is not None and held.subscribers > limit:
            found.append(
                f"provisioningParameters.packages.limits.{name}: {held.subscribers} subscribers have it; set no less"
            )
    return found


def kept(order: Order, customer: Customer) -> list[str]:
    """The packages that are provisioned and stay so, in the order's order."""
    there = customer.packages
    return [name for name in order.packages if name in there and there[name].status == package.PROVISIONED]


def removed(order: Order, customer: Customer) -> list[str]:
    """The packages that the order takes from the customer."""
    return [name for name in customer.packages if name not in order.packages]

"""Provisioning: the complete steps of an order, laid out when it is accepted.

A step waits for what makes what it needs: the organization before its location and its site, these before
the packages that use them, and the end of the mapping for all removals. Packages do not wait for each other:
that one needs another is judged of the order as a whole, and each is provisioned, and fails, by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from allot.core import order as orders
from allot.core import run as runs
from allot.core.customer import DELETE, Customer
from allot.core.order import Order
from allot.core.package import Held, Package
from allot.core.run import Step

#: (customer id, step name, step number) -> how long the step takes, in milliseconds
Pace = Callable[[str, str, int], int]


@dataclass(frozen=True, slots=True)
class Layout:
    """The steps of a run, and the packages that the customer gets with it, in the order of the request."""

    steps: list[Step]
    packages: list[Held]


class _Plan:
    """Collects steps, numbered in their order: a step comes after all that it waits for."""

    def __init__(self, customer: Customer, pace: Pace) -> None:
        self._customer = customer
        self._pace = pace
        self.steps: list[Step] = []

    def add(self, name: str, package: str = "", after: tuple[int, ...] = ()) -> tuple[int]:
        """One more step; its number, for those that wait for it."""
        number = len(self.steps)
        self.steps.append(Step(number, name, package, after, self._pace(self._customer.id, name, number)))
        return (number,)


def layout(packages: Mapping[str, Package], order: Order, customer: Customer, pace: Pace) -> Layout:
    """The steps of an order that `core.order` finds no fault with."""
    plan = _Plan(customer, pace)
    if order.kind == DELETE:
        removals = [plan.add(runs.REMOVE, name) for name in orders.removed(order, customer)]
        plan.add(runs.MAPPING, after=tuple(number for (number,) in removals))
        return Layout(plan.steps, [])
    kept = orders.kept(order, customer)
    new = [packages[name] for name in order.packages if name not in kept]
    first = () if _made(customer) else plan.add(runs.ORGANIZATION)
    place = plan.add(runs.LOCATION, after=first) if any(each.calling for each in new) else ()
    site = plan.add(runs.SITE, after=first) if any(each.meetings for each in new) else ()
    for each in new:
        plan.add(runs.ADD, each.name, first + (place if each.calling else ()) + (site if each.meetings else ()))
    for name in kept:
        plan.add(runs.ADJUST, name)
    for name in orders.removed(order, customer):
        plan.add(runs.REMOVE, name)
    there = customer.packages
    return Layout(plan.steps, [Held(each, "", order.limits.get(each.name)) for each in new if each.name not in there])


def _made(customer: Customer) -> bool:
    """Whether the organization is surely there: a package has licenses in it.

    Where none has, its step comes once more, which does nothing to an organization that is there.
    """
    return any(held.license_ids for held in customer.packages.values())

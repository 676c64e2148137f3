"""Provisioning: the complete steps of an order, laid out when it is accepted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from allot.core import order as orders
from allot.core import run as runs
from allot.core.customer import DELETE, PROVISION, Customer
from allot.core.order import Order
from allot.core.package import PROVISIONING, Held, Package
from allot.core.run import Step

#: (customer id, step name, step number) -> how long the step takes, in milliseconds
Pace = Callable[[str, str, int], int]


@dataclass(frozen=True, slots=True)
class Layout:
    """The steps of a run, and the packages that are new with it."""

    steps: list[Step]
    packages: list[Held]


class _Plan:
    """Collects steps, numbered in their order."""

    def __init__(self, customer: Customer, pace: Pace) -> None:
        self._customer = customer
        self._pace = pace
        self.steps: list[Step] = []

    def add(self, name: str, package: str = "", after: tuple[int, ...] = ()) -> int:
        number = len(self.steps)
        self.steps.append(Step(number, name, package, after, self._pace(self._customer.id, name, number)))
        return number


def layout(packages: Mapping[str, Package], order: Order, customer: Customer, pace: Pace) -> Layout:
    """The steps of an order that `core.order` finds no fault with."""
    plan = _Plan(customer, pace)
    if order.kind == DELETE:
        numbers = [plan.add(runs.REMOVE, name) for name in orders.removed(order, customer)]
        plan.add(runs.MAPPING, after=tuple(numbers))
        return Layout(plan.steps, [])
    kept = orders.kept(order, customer)
    wanted = [packages[name] for name in order.packages]
    new = [each for each in wanted if each.name not in kept]
    first = (plan.add(runs.ORGANIZATION),) if order.kind == PROVISION or _unmade(customer) else ()
    place = _place(plan, runs.LOCATION, first, any(each.calling for each in new))
    site = _place(plan, runs.SITE, first, any(each.meetings for each in new))
    for each in new:
        needs = first + (place if each.calling else ()) + (site if each.meetings else ())
        plan.add(runs.ADD, each.name, needs)
    for name in kept:
        plan.add(runs.ADJUST, name, first)
    for name in orders.removed(order, customer) if order.kind != PROVISION else ():
        plan.add(runs.REMOVE, name)
    there = customer.packages if order.kind != PROVISION else {}
    return Layout(
        plan.steps,
        [Held(each, PROVISIONING, order.limits.get(each.name)) for each in new if each.name not in there],
    )


def _place(plan: _Plan, name: str, after: tuple[int, ...], needed: bool) -> tuple[int, ...]:
    return (plan.add(name, after=after),) if needed else ()


def _unmade(customer: Customer) -> bool:
    """Whether the customer's organization may be missing still: no package was ever provisioned."""
    return not any(held.license_ids for held in customer.packages.values())

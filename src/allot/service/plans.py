"""Plans: what a run will need is chosen when its order is accepted, so that nothing is chosen when it runs."""

import re
from collections.abc import Mapping
from typing import Any

from allot.core.customer import Customer
from allot.core.package import Package
from allot.core.provisioning import Layout
from allot.core.rulebook import Rulebook
from allot.core.run import ADD, LOCATION, SITE
from allot.service.identifiers import new_id
from allot.service.known import Place

_NO_NAME = re.compile(r"[^a-z0-9]+")
SITE_NAME_MAX = 30


def chosen(rulebook: Rulebook, customer: Customer, laid: Layout, locations: Mapping[Place, str]) -> dict[str, Any]:
    """Ids of what the steps will make; those of location and site are kept with the customer, for later runs.

    A location of that name that the organization has among `locations` is the customer's: it came with another mapping,
    or before.
    """
    names = {step.name for step in laid.steps}
    if LOCATION in names:
        there = locations.get((customer.customer_org_id, customer.details["location"]["name"]))
        customer.details["locationId"] = there or customer.details.get("locationId") or new_id()
    if SITE in names:
        customer.details.setdefault("siteUrl", _site_url(customer))
    added = [rulebook.packages[step.package] for step in laid.steps if step.name == ADD]
    return {"licenses": {package.name: _license_ids(customer, package) for package in added}}


def _license_ids(customer: Customer, package: Package) -> list[str]:
    """One for each offer; those that are there, when the package could not be removed and is wanted again."""
    held = customer.packages.get(package.name)
    return (held and held.license_ids) or [_license_id(customer, code) for code in package.grants]


def _license_id(customer: Customer, offer: str) -> str:
    """As Webex forms it: organization, offer, and something unique."""
    return f"{customer.customer_org_id}:{offer}_{new_id()}"


def _site_url(customer: Customer) -> str:
    """A site of the customer's name; a part of its id keeps it apart from others."""
    name = _NO_NAME.sub("-", customer.name.lower()).strip("-")[:SITE_NAME_MAX].strip("-") or "site"
    return f"{name}-{customer.id[-8:]}.webex.com"

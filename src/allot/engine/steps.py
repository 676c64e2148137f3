"""Steps: what each of a run's steps does to the customer's organization.

A step is judged against `Work`, which holds what all steps of one transaction were loaded against and
what they change; nothing here speaks to the database. What is there already is left as it is, so that
a step that is carried out twice does no more than one that is carried out once.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from allot.core import run as runs
from allot.core.customer import Customer
from allot.core.journal import Entry
from allot.core.license import OVERAGE, STRICT
from allot.core.organization import Organization
from allot.core.package import Notice
from allot.core.partner import Partner
from allot.core.rulebook import Rulebook
from allot.core.run import Done, Event, Failed, Run, Step
from allot.core.site import MANAGED
from allot.store.imports import Rows

NO_ORGANIZATION = Notice(90010, "The organization is not there any more")
NAME_TAKEN = Notice(
    90011, "The organization has a location {name} where Webex Calling is not set up; choose another name"
)


@dataclass(slots=True, eq=False)
class Work:
    """What the steps of one transaction are carried out against, and what they change."""

    rulebook: Rulebook
    now: str
    runs: dict[tuple[str, str], Run]
    partners: dict[str, Partner]
    #: the organizations whose licenses steps change, with these
    organizations: dict[str, Organization]
    #: of organizations that get a location: ids of those that they have by name
    locations: dict[str, dict[str, str]]
    #: the organizations that there are: how many licenses each ever had
    made: dict[str, int]
    #: new rows
    rows: Rows = field(default_factory=Rows)
    #: (organization, license number, units, policy)
    units: list[tuple[str, int, int, str]] = field(default_factory=list)
    #: (organization, license number) of licenses to take from all who have them, and to delete
    gone: list[tuple[str, int]] = field(default_factory=list)
    #: customers whose mapping ends
    ended: list[Customer] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def add_license(self, customer: Customer, id: str, offer: str, *, limit: int | None, site: str | None) -> None:
        """Make a license, at the next place of the organization's list."""
        org_id = customer.customer_org_id
        number = self.made.get(org_id, 0)
        self.made[org_id] = number + 1
        subscription = self.partners[customer.org_id].subscription_id
        name = self.rulebook.offers[offer].name
        self.rows.licenses.append((org_id, number, id, offer, name, *units(limit), 0, subscription, site))


def units(limit: int | None) -> tuple[int, str]:
    """Total units and policy of a package's license: packages are billed by use, and sold without end."""
    return (0, OVERAGE) if limit is None else (limit, STRICT)


def organization(work: Work, run: Run, step: Step) -> Event:
    """Make the customer's organization, with the free licenses that every organization has."""
    customer = run.customer
    org_id = customer.customer_org_id
    if org_id not in work.made:
        if customer.details.get("attached"):
            return _failed(step, NO_ORGANIZATION)
        work.rows.organizations.append((org_id, customer.name, customer.org_id))
        for offer in work.rulebook.offers.values():
            if offer.default:
                work.add_license(customer, f"{org_id}:{offer.code}_{org_id}", offer.code, limit=0, site=None)
    return _done(step)


def location(work: Work, run: Run, step: Step) -> Event:
    """Make the customer's calling location."""
    customer = run.customer
    org_id, id = customer.customer_org_id, customer.details["locationId"]
    told = customer.details["location"]
    there = work.locations.get(org_id, {})
    if id in there.values():
        return _done(step)
    if told["name"] in there:
        return _failed(step, Notice(NAME_TAKEN.code, NAME_TAKEN.description.format(name=told["name"])))
    work.rows.locations.append((org_id, id, told["name"], json.dumps(location_details(told)), 1, None))
    return _done(step)


def location_details(told: dict[str, Any]) -> dict[str, Any]:
    """A location's members as GET /locations shows them, of those that an order names."""
    address = told["address"]
    shown = {
        "address1": address["addressLine1"],
        "address2": address.get("addressLine2"),
        "city": address["city"],
        "state": address.get("stateOrProvince"),
        "postalCode": address.get("zipOrPostalCode"),
        "country": address["country"],
    }
    language = told["language"].lower()
    return {
        "address": {name: value for name, value in shown.items() if value},
        "timeZone": told["timezone"],
        "preferredLanguage": language,
        "announcementLanguage": language,
    }


def site(work: Work, run: Run, step: Step) -> Event:
    """Make the customer's meetings site."""
    customer = run.customer
    work.rows.sites.append((customer.customer_org_id, customer.details["siteUrl"], MANAGED, 1))
    return _done(step)


def changes_licenses(run: Run, step: Step) -> bool:
    """Whether a step is about licenses that are there; one that adds is where a removal has failed."""
    return step.name in (runs.ADJUST, runs.REMOVE) or (
        step.name == runs.ADD and bool(run.customer.packages[step.package].license_ids)
    )


def add(work: Work, run: Run, step: Step) -> Event:
    """Make the licenses of a package."""
    customer = run.customer
    held = customer.packages[step.package]
    if changes_licenses(run, step):
        return adjust(work, run, step)
    license_ids = run.plan["licenses"][step.package]
    url = customer.details.get("siteUrl") if held.package.meetings else None
    for id, offer in zip(license_ids, held.package.grants, strict=True):
        work.add_license(customer, id, offer, limit=held.limit, site=url)
    return _done(step, tuple(license_ids))


def adjust(work: Work, run: Run, step: Step) -> Event:
    """Give the licenses of a package the units of its limit."""
    held = run.customer.packages[step.package]
    organization = work.organizations[run.customer.customer_org_id]
    for id in held.license_ids:
        license = organization.licenses.get(id)
        if license is not None:
            work.units.append((organization.id, license.number, *units(held.limit)))
    return _done(step, tuple(held.license_ids))


def remove(work: Work, run: Run, step: Step) -> Event:
    """Take down the licenses of a package, whoever has them."""
    held = run.customer.packages[step.package]
    organization = work.organizations.get(run.customer.customer_org_id)
    if organization is not None:
        there = [organization.licenses[id] for id in held.license_ids if id in organization.licenses]
        work.gone += [(organization.id, license.number) for license in there]
    return _done(step)


def mapping(work: Work, run: Run, step: Step) -> Event:
    """Forget the customer: its organization, people and locations stay."""
    work.ended.append(run.customer)
    return _done(step)


STEPS: dict[str, Callable[[Work, Run, Step], Event]] = {
    runs.ORGANIZATION: organization,
    runs.LOCATION: location,
    runs.SITE: site,
    runs.ADD: add,
    runs.ADJUST: adjust,
    runs.REMOVE: remove,
    runs.MAPPING: mapping,
}


def _done(step: Step, license_ids: tuple[str, ...] = ()) -> Event:
    return Done(step.number, step.attempts, license_ids=license_ids)


def _failed(step: Step, notice: Notice) -> Event:
    return Failed(step.number, step.attempts, notice, final=True)

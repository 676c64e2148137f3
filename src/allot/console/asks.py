"""Asks: the form of a change, what is ticked in it, and what that asks for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from allot.console.visits import Visit
from allot.core import ids
from allot.core import scope as scopes
from allot.core.holding import Calling, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.license import OVERAGE, License
from allot.core.location import Location
from allot.core.number import ACTIVE, ListedNumber, NumberFilter
from allot.core.organization import Organization
from allot.core.rulebook import FAMILIES
from allot.core.site import Site
from allot.service import journals, licenses, locations, numbers, searches
from allot.service.locations import Wanted
from allot.service.searches import Seen
from allot.wire.operation import Rights
from allot.wire.values import site_url

NUMBERS = Rights((scopes.TELEPHONY_READ,), "read")
LOCATIONS_MAX = 500
#: numbers of a location that are looked at, to offer the free ones
NUMBERS_MAX = 200
#: longer than any number, and than any id of a location
TEXT_MAX = 1_000

#: how the fields of licenses and sites begin
LICENSE, SITE = "license.", "site."
VERBS = ("add", "remove")
#: fields of where somebody is reached
REACHED = ("location", "number", "extension")


class Ask(NamedTuple):
    """What a form asks for, as its fields have it."""

    #: fields as `license.<id>` and `site.<url>` -> add or remove
    ticks: dict[str, str]
    #: where they shall be reached: a location's id as the API has it, a number, an extension
    location: str
    number: str
    extension: str
    #: whether nobody has filled in the form yet
    fresh: bool

    @property
    def query(self) -> dict[str, str]:
        """The parameters that make this form again."""
        reached = zip(REACHED, (self.location, self.number, self.extension), strict=True)
        return {**self.ticks, **{name: value for name, value in reached if value}}

    def items(self, organization: Organization) -> list[Item]:
        """The items that are asked for, in the order of the fields."""
        return [self._item(organization, field, verb == "add") for field, verb in self.ticks.items()]

    def _item(self, organization: Organization, field: str, add: bool) -> Item:
        if field.startswith(SITE):
            return SiteItem(site_url(field.removeprefix(SITE)), add)
        text = field.removeprefix(LICENSE)
        license = organization.licenses.get(ids.decode("LICENSE", text) or text)
        if license is None:
            return UnknownItem(text, add)
        return LicenseItem(license, add, self._properties() if add and license.offer.calling else None)

    def _properties(self) -> Properties | None:
        location = ids.decode("LOCATION", self.location) or self.location
        if not (location or self.number or self.extension):
            return None
        return Properties(location or None, self.number or None, self.extension or None)


class Choice(NamedTuple):
    """A license or an attendee account to tick."""

    field: str
    verb: str
    name: str
    #: where a license belongs, such as its site
    more: str
    ticked: bool
    #: what is said of its units, and whether there is none left
    units: str = ""
    scarce: bool = False
    #: whether it needs to be said where they are reached
    calling: bool = False


class Form(NamedTuple):
    """The form as it is shown."""

    seen: Seen
    organization: Organization
    ask: Ask
    remove: list[Choice]
    #: by family, in the rulebook's order
    add: dict[str, list[Choice]]
    sites: list[Choice]
    #: what is ticked and no longer there to tick: it is as asked already, or the license is gone
    others: list[Choice]
    locations: list[Location]
    #: some numbers of the location that nobody has
    free: list[ListedNumber]
    #: the journal's last entry when the form was made
    last: int


def only_asked(fields: Mapping[str, str]) -> dict[str, str]:
    """Of these fields those that ask for something."""
    return {name: value for name, value in fields.items() if name.startswith((LICENSE, SITE)) or name in REACHED}


async def read(visit: Visit, person_id: str, fields: Mapping[str, str]) -> Form:
    """The form of a person with what these fields say. Raises Failure when there is no such person."""
    service, org_id = visit.service, visit.org_id
    async with service.database.reading() as reading:
        # First of all: what is changed after it is told as a change.
        last = await journals.last(reading, org_id)
        seen = await searches.get(reading, service.context, org_id, person_id)
        owned, sites = await licenses.of_organization(reading, service.rulebook, org_id)
        ask = _ask(fields, seen.person.holding.calling)
        places = await locations.page(reading, org_id, Wanted(calling=True), "", LOCATIONS_MAX)
        place = ids.decode("LOCATION", ask.location)
        free: list[ListedNumber] = []
        if place is not None and visit.may(NUMBERS):
            wanted = NumberFilter(location_id=place, state=ACTIVE, lone_extensions=False)
            found = await numbers.page(reading, org_id, wanted, "dn", 0, NUMBERS_MAX)
            free = [each for each in found if each.owner is None and not each.main]
    organization = Organization(org_id, {license.id: license for license in owned}, sites)
    remove, add = _licenses(ask, seen, owned)
    attend = list(_sites(ask, sites, seen.person.holding.attendee))
    shown = {
        (each.field, each.verb) for each in (*remove, *attend, *(each for found in add.values() for each in found))
    }
    others = [_other(organization, *tick) for tick in ask.ticks.items() if tick not in shown]
    return Form(seen, organization, ask, remove, add, attend, others, places, free, last)


def _licenses(ask: Ask, seen: Seen, owned: Sequence[License]) -> tuple[list[Choice], dict[str, list[Choice]]]:
    """The licenses to remove, and those to add by family."""
    held, pending = seen.person.holding.licenses, seen.person.pending_licenses
    add: dict[str, list[Choice]] = {}
    for each in sorted(owned, key=lambda one: FAMILIES.index(one.offer.family)):
        if not each.bit & held:
            add.setdefault(each.offer.family, []).append(_license(ask, each, "add", pending))
    return [_license(ask, each, "remove", pending) for each in owned if each.bit & held], add


def _other(organization: Organization, field: str, verb: str) -> Choice:
    if field.startswith(SITE):
        return Choice(field, verb, f"{verb} attendee of {field.removeprefix(SITE)}", "", True)
    text = field.removeprefix(LICENSE)
    license = organization.licenses.get(ids.decode("LICENSE", text) or text)
    name = license.name if license is not None else text
    return Choice(field, verb, f"{verb} {name}", "", True, calling=license is not None and license.offer.calling)


def _ask(fields: Mapping[str, str], calling: Calling | None) -> Ask:
    ticks = {
        name[:TEXT_MAX]: value for name, value in fields.items() if name.startswith((LICENSE, SITE)) and value in VERBS
    }
    told = [fields[name].strip()[:TEXT_MAX] if name in fields else "" for name in REACHED]
    fresh = not ticks and "location" not in fields
    if fresh and calling is not None:
        location = ids.encode("LOCATION", calling.location_id)
        return Ask(ticks, location, calling.phone_number or "", calling.extension or "", fresh)
    return Ask(ticks, told[0], told[1], told[2], fresh)


def _license(ask: Ask, license: License, verb: str, pending: int) -> Choice:
    field = LICENSE + ids.encode("LICENSE", license.id)
    more = ", ".join(each for each in (license.site_url, license.subscription_id) if each)
    ticked = ask.ticks.get(field) == verb
    if verb == "remove":
        return Choice(field, verb, license.name, more, ticked, "invited" if license.bit & pending else "")
    left, scarce = license.total_units - license.consumed_units, not license.has_free_unit()
    if license.offer.free:
        units = "no limit"
    elif left > 0:
        units = f"{left:,} free"
    else:
        units = "full, overage allowed" if license.policy == OVERAGE else "no free unit"
    return Choice(field, verb, license.name, more, ticked, units, scarce, license.offer.calling)


def _sites(ask: Ask, sites: Mapping[str, Site], attending: frozenset[str]) -> Iterator[Choice]:
    """Sites where they are attendee, or may become it."""
    for url, site in sites.items():
        field = SITE + url
        if url in attending:
            yield Choice(field, "remove", url, "", ask.ticks.get(field) == "remove")
        elif site.attendees:
            yield Choice(field, "add", url, "", ask.ticks.get(field) == "add")

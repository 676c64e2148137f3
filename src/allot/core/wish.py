"""A wish: all that a person shall hold, as PUT /people says it, turned into the items that lead there."""

from dataclasses import dataclass

from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.organization import Organization
from allot.core.person import Person
from allot.core.rulebook import Rulebook


@dataclass(slots=True, eq=False)
class Wish:
    """What a person shall hold. None is what nothing is said about, which stays as it is."""

    #: license id -> as the request wrote it
    licenses: dict[str, str] | None = None
    #: urls of the sites where the person shall be attendee
    attendee: list[str] | None = None
    #: whether attendee sites that are not among these are taken away
    only_attendee: bool = False
    #: for all calling licenses; what they leave out stays
    properties: Properties | None = None


def first_items(rulebook: Rulebook, organization: Organization, wish: Wish) -> list[Item]:
    """What a new person asks for: the wished licenses or the default ones, and always the implicit ones."""
    implicit = sum(rule.left for rule in rulebook.rules if rule.kind == "implicit")
    given = [
        license
        for license in organization.licenses.values()
        if license.offer.bit & implicit or (wish.licenses is None and license.offer.default)
    ]
    # Of two licenses of one offer (two subscriptions) a person gets one: the first that has a unit.
    given.sort(key=lambda one: (not one.has_free_unit(), one.number))
    first = {license.offer: license.id for license in reversed(given)}
    asked = wish.licenses or {}
    named = {organization.licenses[id].offer for id in asked if id in organization.licenses}
    asked = asked | {id: id for offer, id in first.items() if offer not in named}
    items = _additions(organization, asked, Holding(), wish.properties)
    return items + [SiteItem(url, True) for url in wish.attendee or ()]


def items_to_become(organization: Organization, person: Person, wish: Wish) -> list[Item]:
    """The difference between what the person holds and what is wished.

    What is still pending is not shown to clients, so that its absence means nothing.
    """
    before, reached = person.holding, _reached(person.holding.calling, wish.properties)
    held = organization.held(before.licenses)
    staying = [license for license in held if wish.licenses is None or license.id in wish.licenses]
    items = _additions(organization, wish.licenses or {}, before, reached)
    items += [
        LicenseItem(license, False)
        for license in held
        if license not in staying and not license.bit & person.pending_licenses
    ]
    if reached is not None and reached != _reached(before.calling, None):
        items += [LicenseItem(license, True, reached) for license in staying if license.offer.calling]
    if wish.attendee is not None:
        items += [SiteItem(url, True) for url in wish.attendee if url not in before.attendee]
        gone = before.attendee - person.pending_sites - set(wish.attendee)
        items += [SiteItem(url, False) for url in sorted(gone) if wish.only_attendee]
    return items


def _additions(
    organization: Organization, asked: dict[str, str], before: Holding, properties: Properties | None
) -> list[Item]:
    items: list[Item] = []
    for id, text in asked.items():
        license = organization.licenses.get(id)
        if license is None:
            items.append(UnknownItem(text, True))
        elif not license.bit & before.licenses:
            items.append(LicenseItem(license, True, properties if license.offer.calling else None))
    return items


def _reached(calling: Calling | None, asked: Properties | None) -> Properties | None:
    """The calling properties that the person shall have: what is asked, and for the rest what is."""
    if calling is None:
        return asked
    asked = asked or Properties()
    return Properties(
        calling.location_id, asked.phone_number or calling.phone_number, asked.extension or calling.extension
    )

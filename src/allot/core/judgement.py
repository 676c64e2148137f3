"""The judgement of one round: which items break which rule in a given state.

One function per kind of rule, from the state to the items that the rule names: only items that
take part in breaking it. The rules between offers are asked only when the offers break them
(`Rule.may_be_broken`), so these functions just say who takes part.
"""

from collections.abc import Callable
from dataclasses import dataclass

from allot.core.holding import Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.organization import Organization
from allot.core.rule import DOUBLE, EXTERNAL, FULL, PROPERTIES, SITE, UNKNOWN, Rule


@dataclass(slots=True, eq=False)
class Situation:
    """What a decision is made about: one person in one organization, before the request."""

    organization: Organization
    person_id: str
    #: a person of another organization: may hold meetings licenses only, and they stay pending
    external: bool
    before: Holding


@dataclass(slots=True, eq=False)
class State:
    """A person as all standing items would leave them, and what the rules need to know of before."""

    situation: Situation
    items: list[Item]
    #: licenses newly added, and licenses taken away, as bits
    added: int
    removed: int
    held: int
    offers_before: int
    offers_after: int
    #: the offers that the items name, and the conditions of `core.rule` that they meet
    attention: int


def assume(situation: Situation, items: list[Item]) -> State:
    """The state after all of `items`."""
    held = situation.before.licenses
    added = removed = 0
    attention = EXTERNAL if situation.external else 0
    for item in items:
        if type(item) is not LicenseItem:
            attention |= SITE if type(item) is SiteItem else UNKNOWN
            continue
        license = item.license
        offer = license.offer
        attention |= offer.bit
        if not item.add:
            removed |= held & license.bit
            continue
        if offer.calling:
            attention |= PROPERTIES
        if not held & license.bit:
            added |= license.bit
            if not license.has_free_unit():
                attention |= FULL
    after = (held | added) & ~removed
    offers = situation.organization.offers
    offers_after = offers(after)
    return State(
        situation,
        items,
        added,
        removed,
        after,
        offers(held) & ~DOUBLE,
        offers_after & ~DOUBLE,
        attention | offers_after & DOUBLE,
    )


def location_of(situation: Situation, properties: Properties) -> str | None:
    """The location that these properties put a person at, or None when they say none.

    Someone who already uses calling stays where they are: Webex moves people by a job of its own.
    """
    if situation.before.calling is not None:
        return situation.before.calling.location_id
    if properties.location_id is not None:
        return properties.location_id
    number = situation.organization.numbers.get(properties.phone_number or "")
    return number.location_id if number else None


def with_properties(state: State) -> list[tuple[LicenseItem, Properties]]:
    """The added calling licenses that bring properties of their own."""
    return [
        (item, item.properties)
        for item in state.items
        if type(item) is LicenseItem and item.add and item.license.offer.calling and item.properties is not None
    ]


def _added(state: State) -> list[LicenseItem]:
    return [item for item in state.items if type(item) is LicenseItem and item.add and item.license.bit & state.added]


def _newly_added(state: State, offers: int) -> list[Item]:
    return [item for item in _added(state) if item.license.offer.bit & offers]


def _taken_away(state: State, offers: int) -> list[Item]:
    return [
        item
        for item in state.items
        if type(item) is LicenseItem
        and not item.add
        and item.license.bit & state.removed
        and item.license.offer.bit & offers
    ]


def _unknown(rule: Rule, state: State) -> list[Item]:
    return [item for item in state.items if type(item) is UnknownItem]


def _site(rule: Rule, state: State) -> list[Item]:
    organization = state.situation.organization
    hosted = {license.site_url for license in organization.held(state.held)}
    if state.situation.external:  # to be host may only have been offered to them
        hosted -= state.situation.before.attendee
    named: list[Item] = []
    for item in state.items:
        if type(item) is SiteItem:
            site = organization.sites.get(item.url)
            if site is None or (item.add and (not site.attendees or item.url in hosted)):
                named.append(item)
    return named


def _unmanaged(rule: Rule, state: State) -> list[Item]:
    return [item for item in state.items if type(item) is LicenseItem and item.license.offer.bit & rule.left]


def _properties(rule: Rule, state: State) -> list[Item]:
    named: list[Item] = []
    for item in state.items:
        if type(item) is LicenseItem and item.add and item.license.offer.calling:
            offered = item.properties or Properties()
            if offered.phone_number or (offered.extension and offered.location_id):
                continue
            # What is held needs none, but an extension is of no use to someone who is at no location.
            nowhere = offered.extension and state.situation.before.calling is None
            if nowhere or not item.license.offer.bit & state.offers_before:
                named.append(item)
    return named


def _location(rule: Rule, state: State) -> list[Item]:
    organization, calling = state.situation.organization, state.situation.before.calling
    here = calling.location_id if calling else None
    named: list[Item] = []
    for item, offered in with_properties(state):
        location = location_of(state.situation, offered)
        number = organization.numbers.get(offered.phone_number or "")
        named_one = offered.location_id
        unknown = named_one not in (None, here) and named_one not in organization.locations
        if unknown or (number is not None and number.location_id != location):
            named.append(item)
    return named


def _number(rule: Rule, state: State) -> list[Item]:
    named: list[Item] = []
    for item, offered in with_properties(state):
        if offered.phone_number is not None:
            number = state.situation.organization.numbers.get(offered.phone_number)
            if number is None or number.owner_id not in (None, state.situation.person_id):
                named.append(item)
    return named


def _extension(rule: Rule, state: State) -> list[Item]:
    named: list[Item] = []
    for item, offered in with_properties(state):
        if offered.extension is not None:
            location = location_of(state.situation, offered) or ""
            user = state.situation.organization.extensions.get((location, offered.extension))
            if user not in (None, state.situation.person_id):
                named.append(item)
    return named


def _external(rule: Rule, state: State) -> list[Item]:
    return [item for item in _added(state) if not item.license.offer.meetings]


def _transition(rule: Rule, state: State) -> list[Item]:
    return _newly_added(state, rule.right & ~state.offers_before) + _taken_away(state, rule.left)


def _conflict(rule: Rule, state: State) -> list[Item]:
    return _newly_added(state, rule.left | rule.right)


def _one_of(rule: Rule, state: State) -> list[Item]:
    named: list[Item] = []
    held = state.situation.organization.held(state.held)
    for offers in rule.sets:
        if sum(1 for license in held if license.offer.bit & offers) > 1:
            named += _newly_added(state, offers)
    return named


def _requires(rule: Rule, state: State) -> list[Item]:
    return _newly_added(state, rule.left) + _taken_away(state, rule.right)


def _implicit(rule: Rule, state: State) -> list[Item]:
    return _taken_away(state, rule.left)


def _capacity(rule: Rule, state: State) -> list[Item]:
    if state.situation.external:
        return []  # pending consumes nothing; units are counted when the person accepts
    return [item for item in _added(state) if not item.license.has_free_unit()]


#: kind of rule -> the items that it names in a state
JUDGES: dict[str, Callable[[Rule, State], list[Item]]] = {
    "unknown": _unknown,
    "site": _site,
    "unmanaged": _unmanaged,
    "properties": _properties,
    "location": _location,
    "number": _number,
    "extension": _extension,
    "external": _external,
    "transition": _transition,
    "conflict": _conflict,
    "one-of": _one_of,
    "requires": _requires,
    "implicit": _implicit,
    "capacity": _capacity,
}

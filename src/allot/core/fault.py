"""Faults: the refusals of a decision as the errors that a person reads.

One fault per rule and request, in the order in which the rules first refuse an item.
"""

import re
from dataclasses import dataclass

from allot.core import ids
from allot.core.decision import Decision
from allot.core.holding import Item, LicenseItem, SiteItem
from allot.core.license import License
from allot.core.rule import Rule
from allot.core.rulebook import Rulebook

_PLACEHOLDER = re.compile(r"\{(licenses|siteUrl|phoneNumber|extension|offers|used|total)\}")
_OF_ONE = re.compile(r"\{(phoneNumber|extension|used|total)\}")


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of an answer: Webex's code, message and description, and the rule that they come from."""

    rule: Rule
    description: str

    @property
    def code(self) -> int:
        return self.rule.code

    @property
    def message(self) -> str:
        return self.rule.message


def faults(rulebook: Rulebook, decision: Decision) -> list[Fault]:
    """The faults of a decision, the first refused item's first.

    A sentence names only what breaks the rule by itself: of the other half of a swap it would not be true.
    """
    by_rule: dict[Rule, list[Item]] = {}
    for item, rule in decision.refused:
        named = by_rule.setdefault(rule, [])
        if item not in decision.along:
            named.append(item)
    return [Fault(rule, describe(rulebook, rule, items)) for rule, items in by_rule.items()]


def describe(rulebook: Rulebook, rule: Rule, items: list[Item]) -> str:
    """Fill the rule's description for the items that it refuses.

    `{licenses}` becomes ``Name (id)`` joined by commas, the bare id where the license is unknown.
    A sentence that speaks of one item's units or properties is said of each item in turn.
    """
    groups = [[item] for item in items] if _OF_ONE.search(rule.description) else [items]
    return ". ".join(_fill(rulebook, rule, group) for group in groups)


def _fill(rulebook: Rulebook, rule: Rule, items: list[Item]) -> str:
    licenses = [item.license for item in items if type(item) is LicenseItem]
    offered = [item.properties for item in items if type(item) is LicenseItem and item.properties is not None]
    names = ", ".join(show(item) for item in items)
    values = {
        "licenses": names,
        "siteUrl": names,
        "phoneNumber": ", ".join(each.phone_number for each in offered if each.phone_number),
        "extension": ", ".join(each.extension for each in offered if each.extension),
        "offers": ", ".join(_set_codes(rulebook, rule, licenses)),
        "used": ", ".join(str(license.consumed_units) for license in licenses),
        "total": ", ".join(str(license.total_units) for license in licenses),
    }
    # In one pass: what is filled in may itself contain braces, and is not looked at again.
    return _PLACEHOLDER.sub(lambda found: values[found[1]], rule.description)


def show(item: Item) -> str:
    """How an item is named in a sentence."""
    if isinstance(item, LicenseItem):
        return f"{item.license.name} ({ids.encode('LICENSE', item.license.id)})"
    return item.url if isinstance(item, SiteItem) else item.id


def _set_codes(rulebook: Rulebook, rule: Rule, licenses: list[License]) -> list[str]:
    named = 0
    for license in licenses:
        for offers in rule.sets:
            if license.offer.bit & offers:
                named |= offers
    return rulebook.codes(named)

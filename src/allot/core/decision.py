"""The decision: which items of a request may be applied to a person, and why the others may not.

A pure function over values, computed as a fixpoint: assume every standing item applied, judge
each of them against that state, drop all that are refused, and repeat until none is. It ends
because each round but the last drops at least one item. The laws that it keeps are written in
docs/reference/decision.md, and each is a property test.
"""

from dataclasses import dataclass, replace

from allot.core.holding import Calling, Holding, Item, LicenseItem, SiteItem
from allot.core.judgement import JUDGES, Situation, State, assume, location_of, with_properties
from allot.core.rule import PROPERTIES, SITE, Rule
from allot.core.rulebook import Rulebook


@dataclass(slots=True, eq=False)
class Decision:
    """The outcome. `faults` has one entry per item, in their order: None where it is accepted."""

    items: list[Item]
    faults: list[Rule | None]
    before: Holding
    after: Holding
    #: refused items that break no rule themselves: the other half of their swap does
    along: tuple[Item, ...] = ()

    @property
    def accepted(self) -> list[Item]:
        """The items that may be applied, no-ops included."""
        return [item for item, fault in zip(self.items, self.faults, strict=True) if fault is None]

    @property
    def refused(self) -> list[tuple[Item, Rule]]:
        """The items that may not, each with the rule that refuses it."""
        return [(item, fault) for item, fault in zip(self.items, self.faults, strict=True) if fault is not None]


def decide(rulebook: Rulebook, situation: Situation, items: list[Item]) -> Decision:
    """Decide all items of one request; each license and each site appears once.

    Never raises to say no, and changes nothing: `Decision.after` is what to save.
    """
    faults: list[Rule | None] = [None] * len(items)
    along: tuple[Item, ...] = ()
    standing = items
    while True:
        state = assume(situation, standing)
        refused = judge(rulebook, state)
        if not refused:
            return Decision(items, faults, situation.before, settle(rulebook, state), along)
        judged = len(refused)
        _keep_swaps_whole(rulebook, state, items, faults, refused)
        along += tuple(refused)[judged:]
        for place, item in enumerate(items):
            if item in refused:
                faults[place] = refused[item]
        standing = [item for item, fault in zip(items, faults, strict=True) if fault is None]
        if not standing:  # nothing is touched, not even what a settled holding would tidy up
            return Decision(items, faults, situation.before, situation.before, along)


def judge(rulebook: Rulebook, state: State) -> dict[Item, Rule]:
    """The items that this state refuses, each with the first rule that names it."""
    refused: dict[Item, Rule] = {}
    for rule in rulebook.called_for(state.attention, state.offers_before, state.offers_after):
        for item in JUDGES[rule.kind](rule, state):
            refused.setdefault(item, rule)
    return refused


def settle(rulebook: Rulebook, state: State) -> Holding:
    """What the person holds when the state's items are applied."""
    before = state.situation.before
    calling = before.calling
    if not state.offers_after & rulebook.calling:
        calling = None
    elif state.attention & PROPERTIES and (telling := [pair for pair in with_properties(state) if pair[1].reachable]):
        # Two calling licenses may bring different properties; the rulebook's first offer wins,
        # so that the order of the items does not matter.
        first = min(telling, key=lambda pair: (pair[0].license.offer.bit, pair[0].license.number))[1]
        location = location_of(state.situation, first)
        assert location is not None  # the rules let nobody through without one
        current = calling or Calling(location)
        calling = replace(
            current,
            phone_number=first.phone_number or current.phone_number,
            extension=first.extension or current.extension,
        )
    attendee = before.attendee
    for item in state.items if state.attention & SITE else ():
        if type(item) is SiteItem:
            attendee = attendee | {item.url} if item.add else attendee - {item.url}
    # Host wins over attendee, by HELP:n3ijtao; whoever is only invited to be host stays attendee until they accept.
    if attendee and not state.situation.external:
        attendee = attendee.difference(license.site_url for license in state.situation.organization.held(state.held))
    return Holding(state.held, attendee, calling)


def _keep_swaps_whole(
    rulebook: Rulebook, state: State, items: list[Item], faults: list[Rule | None], refused: dict[Item, Rule]
) -> None:
    """Refuse a removal whose replacements are all refused, and an addition whose removal is, until no more fall.

    Without this, the half of a swap that is legal by itself would leave the person with less.
    `items` and `faults` are those of the request: a replacement may have fallen in an earlier round.
    """
    replacements = [item for item in items if _gives(state, item)]
    swaps = {
        removal: swapped
        for removal in state.items
        if _takes(state, removal) and (swapped := [item for item in replacements if _exclude(rulebook, removal, item)])
    }
    verdicts = dict(zip(items, faults, strict=True)) | refused
    while True:
        along: dict[Item, Rule] = {}
        for removal, swapped in swaps.items():
            lost = [verdicts[item] for item in swapped]
            if verdicts[removal] is None and None not in lost:
                along[removal] = min((rule for rule in lost if rule), key=lambda rule: rule.order)
        verdicts |= along
        for item in replacements:
            kept = [verdicts[removal] for removal, swapped in swaps.items() if item in swapped]
            if verdicts[item] is None and any(kept):
                along[item] = min((rule for rule in kept if rule), key=lambda rule: rule.order)
        if not along:
            return
        verdicts |= along
        refused |= along


def _gives(state: State, item: Item) -> bool:
    if type(item) is LicenseItem:
        return item.add and not item.license.bit & state.situation.before.licenses
    return type(item) is SiteItem and item.add and item.url not in state.situation.before.attendee


def _takes(state: State, item: Item) -> bool:
    if type(item) is LicenseItem:
        return not item.add and bool(item.license.bit & state.situation.before.licenses)
    return type(item) is SiteItem and not item.add and item.url in state.situation.before.attendee


def _exclude(rulebook: Rulebook, one: Item, other: Item) -> bool:
    """Whether nobody may have both: two licenses of an exclusive set, or host and attendee of one site."""
    if type(one) is LicenseItem and type(other) is LicenseItem:
        return bool(rulebook.exclusive(one.license.offer) & other.license.offer.bit)
    if type(one) is SiteItem and type(other) is LicenseItem:
        return other.license.site_url == one.url
    return type(one) is LicenseItem and type(other) is SiteItem and one.license.site_url == other.url

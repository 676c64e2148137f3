"""The explanation of a decision: all that stands against each item, and the shortest legal way to what was asked."""

from dataclasses import dataclass

from allot.core.decision import Decision, decide
from allot.core.fault import show
from allot.core.holding import Holding, Item, LicenseItem, SiteItem
from allot.core.judgement import JUDGES, Situation, assume
from allot.core.rule import Rule
from allot.core.rulebook import Rulebook
from allot.core.way import Search, Way

# What no request for this person alone can mend.
_HOPELESS = ("unknown", "unmanaged", "external", "implicit", "number", "capacity")


@dataclass(slots=True, eq=False)
class Explanation:
    """What a decision comes from. `violations` has one entry per item, in their order: none where it is accepted."""

    decision: Decision
    violations: list[tuple[Rule, ...]]
    #: the requests to send instead, from the state before; empty when the request is accepted whole
    way: Way | None
    #: why there is no way
    reason: str | None = None
    #: what the person holds at the end of the way
    reached: Holding | None = None


def explain(rulebook: Rulebook, situation: Situation, items: list[Item]) -> Explanation:
    """Decide as `decide` does, and say why, and what would do."""
    decision = decide(rulebook, situation, items)
    found = violations(rulebook, situation, decision)
    if not any(found):
        return Explanation(decision, found, (), reached=decision.after)
    search = Search(rulebook, situation, items)
    hopeless = [
        (item, rule)
        for item, rules in zip(items, found, strict=True)
        for rule in rules
        if _hopeless(rule, item, situation, search.leading)
    ]
    if hopeless:
        return Explanation(decision, found, None, _sentences(hopeless))
    way = search.way()
    if way:
        return Explanation(decision, found, way, reached=search.reached)
    if search.exhausted:
        return Explanation(
            decision, found, None, "Too many licenses are involved to find a way. Ask for fewer at once."
        )
    return Explanation(decision, found, None, _no_way(rulebook, situation, decision, found))


def violations(rulebook: Rulebook, situation: Situation, decision: Decision) -> list[tuple[Rule, ...]]:
    """Every rule that each refused item breaks in the state that the request as a whole asks for.

    Where an item breaks none there, because it falls only with another item, it is the rule of its refusal.
    """
    state = assume(situation, decision.items)
    broken: dict[Item, list[Rule]] = {item: [] for item, _ in decision.refused}
    for rule in rulebook.called_for(state.attention, state.offers_before, state.offers_after):
        for item in dict.fromkeys(JUDGES[rule.kind](rule, state)):
            broken[item].append(rule)  # it is refused: this is the first round of the decision
    for item, fault in decision.refused:
        if fault not in broken[item]:
            broken[item] = sorted([*broken[item], fault], key=lambda rule: rule.order)
    return [tuple(broken.get(item, ())) for item in decision.items]


def _hopeless(rule: Rule, item: Item, situation: Situation, leading: LicenseItem | None) -> bool:
    """Whether this refusal stands whatever else is requested for this person."""
    organization = situation.organization
    if rule.kind in _HOPELESS:
        return True
    if type(item) is SiteItem:
        site = organization.sites.get(item.url)
        return site is None or (item.add and not site.attendees)
    if rule.kind in ("location", "extension") and type(item) is LicenseItem and item.properties is not None:
        location, calling = item.properties.location_id, situation.before.calling
        if location is not None and location not in organization.locations:
            return True
        return calling is None or item is not leading  # else they may leave their place for the one that is asked
    return False


def _sentences(refusals: list[tuple[Item, Rule]]) -> str:
    return " ".join(dict.fromkeys(f"{show(item)}: {rule.remedy}" for item, rule in refusals))


def _no_way(rulebook: Rulebook, situation: Situation, decision: Decision, found: list[tuple[Rule, ...]]) -> str:
    """Why a request that no single rule makes hopeless cannot be reached all the same."""
    broken = sorted({rule for rules in found for rule in rules}, key=lambda rule: rule.order)
    licenses = situation.organization.licenses.values()
    for rule in broken:
        if rule.kind != "requires" or any(each.offer.bit & rule.right and each.has_free_unit() for each in licenses):
            continue
        if not situation.organization.offers(decision.before.licenses) & rule.right:
            missing = " or ".join(rulebook.codes(rule.right))
            return f"The organization has no license of {missing} with a free unit. {rule.remedy}"
    refused = [(item, rule) for item, rules in zip(decision.items, found, strict=True) for rule in rules]
    return f"No series of requests leads there. {_sentences(refused)}"

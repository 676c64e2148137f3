"""A plan counted in one pass, with examples: whatever its size, no more than a few thousand records are kept."""

from collections import Counter
from dataclasses import dataclass, field

from allot.bulk.planned.changes import Change, Refusal
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.wordings import kind


@dataclass(slots=True)
class Tally:
    """What a page shows of a plan besides its summary."""

    #: wave -> kind of change -> how many
    waves: dict[int, Counter[str]] = field(default_factory=dict)
    #: the first changes, the first that cannot be undone, and the first refusals
    changes: list[Change] = field(default_factory=list)
    irreversible: list[Change] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def tally(plan: Plan, most: int) -> Tally:
    """Count a plan's changes; keep `most` of each list at most."""
    found = Tally()
    for block in plan.changes():
        for change in block:
            found.waves.setdefault(change.wave, Counter())[kind(change.before.licenses, change.after.licenses)] += 1
            if change.irreversible and len(found.irreversible) < most:
                found.irreversible.append(change)
        found.changes += block[: most - len(found.changes)]
    for refused in plan.refusals():
        found.refusals += refused[: most - len(found.refusals)]
        if len(found.refusals) == most:
            break
    return found


def examples(plan: Plan, each: int) -> dict[str, list[Refusal]]:
    """Some refusals of every rule, the most frequent rule first."""
    rules = sorted(plan.summary.rules.items(), key=lambda pair: (-pair[1], pair[0]))
    found: dict[str, list[Refusal]] = {rule: [] for rule, _ in rules}
    left = sum(min(each, count) for _, count in rules)
    for block in plan.refusals():
        for refusal in block:
            shown = found.setdefault(refusal.reasons[0].rule, [])
            if len(shown) < each:
                shown.append(refusal)
                left -= 1
        if left <= 0:
            break
    return found

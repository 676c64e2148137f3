"""Summaries: a plan in numbers."""

from collections.abc import Iterator, Sequence

import numpy as np

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.planned.capacities import Capacities, Numbers
from allot.bulk.planned.changes import Capacity, Summary
from allot.bulk.planned.comparisons import Comparison
from allot.bulk.planned.ways import Answer


def summarize(snapshot: Snapshot, found: Comparison, capacities: Capacities, numbers: Numbers, missing: int) -> Summary:
    """What `numbers`, the answers of those who ask, come to; `missing` people were asked for and are not there."""
    told = list(_counted(capacities.answers, numbers))
    made = [(answer, count) for answer, count in told if not answer.reasons]
    rules: dict[str, int] = {}
    for answer, count in told:
        for reason in answer.reasons[:1]:
            rules[reason.rule] = rules.get(reason.rule, 0) + count
    if missing:
        rules["no-such-person"] = missing
    return Summary(
        people=snapshot.file.count("people"),
        asked=found.asked + missing,
        changes=sum(count for _, count in made),
        unchanged=found.unchanged,
        refused=sum(rules.values()),
        requests=sum(count * len(answer.requests) for answer, count in made),
        irreversible=sum(count for answer, count in made if answer.irreversible),
        capacities=list(_capacities(snapshot, capacities, told)),
        rules=rules,
    )


def removals(found: Comparison, answers: Sequence[Answer], numbers: Numbers) -> tuple[int, int]:
    """How many people lose a license, and how many people of the snapshot have one that somebody loses.

    The second is known where the comparison was told to count what people hold.
    """
    losing, lost = 0, 0
    for answer, count in _counted(answers, numbers):
        if answer.lost:
            losing += count
            lost |= answer.lost
    return losing, sum(count for held, count in found.holdings.items() if held & lost)


def forced(found: Comparison, answers: Sequence[Answer], numbers: Numbers) -> int:
    """How many people are changed whom only force does not protect."""
    return sum(not answers[numbers[place]].reasons for place in found.forced)


def _counted(answers: Sequence[Answer], numbers: Numbers) -> Iterator[tuple[Answer, int]]:
    counts = np.bincount(numbers, minlength=len(answers)).tolist()
    return ((answer, count) for answer, count in zip(answers, counts, strict=True) if count)


def _capacities(snapshot: Snapshot, capacities: Capacities, told: Sequence[tuple[Answer, int]]) -> Iterator[Capacity]:
    """Each license that is given, taken, or short."""
    for place, (license, free) in enumerate(zip(snapshot.licenses, capacities.free, strict=True)):
        adds = sum(count for answer, count in told if answer.gained >> place & 1)
        removes = sum(count for answer, count in told if answer.lost >> place & 1)
        short = sum(count for answer, count in told if answer.reasons and answer.full >> place & 1)
        if adds or removes or short:
            total = None if free is None else license.total_units
            yield Capacity(place, free, adds, removes, total, short)

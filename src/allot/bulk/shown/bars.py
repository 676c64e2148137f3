"""Bars of a chart: what lengths stand for, as parts of a whole in per cent."""

from collections.abc import Iterable
from dataclasses import dataclass

from allot.bulk.planned.changes import Capacity
from allot.bulk.shown.wordings import after


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a bar: what it shows (a class of the stylesheet), where it begins and how long it is, in per cent."""

    kind: str
    begin: float
    length: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, with a mark where all units of a license are used."""

    segments: list[Segment]
    mark: float | None = None


def stacked(parts: Iterable[tuple[str, int]], whole: int) -> Bar:
    """Numbers, one after the other, as parts of a whole."""
    return Bar(_segments(parts, max(whole, 1)))


def units(total: int, used: int, then: int, short: int = 0) -> Bar:
    """The units of a license: used before and after, what is taken and given back, what is over and what is short.

    The whole is all units, or what is used or wanted when that is more.
    """
    whole = max(total, max(used, then) + short, 1)
    kept = min(used, then)
    within = max(0, min(kept, total))
    parts = [("used", within), ("over", max(0, kept - within))]
    parts += [("more", then - kept), ("less", used - kept), ("short", short)]
    return Bar(_segments(parts, whole), round(100 * total / whole, 3))


def capacity(each: Capacity) -> Bar | None:
    """The bar of a license of a plan; None where units have no limit."""
    left = after(each)
    if each.total is None or each.free is None or left is None:
        return None
    return units(each.total, each.total - each.free, each.total - left, each.short)


def _segments(parts: Iterable[tuple[str, int]], whole: int) -> list[Segment]:
    found: list[Segment] = []
    begin = 0
    for kind, number in parts:
        if number > 0:
            found.append(Segment(kind, round(100 * begin / whole, 3), round(100 * number / whole, 3)))
            begin += number
    return found

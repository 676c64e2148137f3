"""Bars: lengths that stand for what they say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allot.bulk.planned.changes import Capacity
from allot.bulk.shown.bars import Bar, capacity, stacked, units

NUMBERS = st.integers(0, 10_000_000)


def lengths(bar: Bar) -> dict[str, float]:
    return {each.kind: each.length for each in bar.segments}


@settings(deadline=None)
@given(total=NUMBERS, used=NUMBERS, then=NUMBERS, short=NUMBERS)
def test_the_pieces_of_a_bar_lie_side_by_side_and_fit(total: int, used: int, then: int, short: int):
    """Each piece begins where the one before it ends, none is empty or out of the bar, and all together are as told."""
    bar = units(total, used, then, short)
    at = 0.0
    for each in bar.segments:
        assert each.begin == pytest.approx(at, abs=0.002)
        at = each.begin + each.length
    told = max(used, then) + short
    assert at == pytest.approx(100 * told / max(total, told, 1), abs=0.01)
    assert bar.mark == pytest.approx(100 * total / max(total, told, 1), abs=0.01)


def test_what_is_added_given_back_over_and_short_is_shown():
    """A license that fills up, one that is freed, one that stays over its units, and one that does not suffice."""
    assert lengths(units(100, 40, 70)) == {"used": 40, "more": 30}
    assert lengths(units(100, 70, 40)) == {"used": 40, "less": 30}
    assert lengths(units(100, 125, 125)) == {"used": 80, "over": 20}
    assert units(100, 125, 125).mark == 80
    assert lengths(units(100, 90, 100, 25)) == {"used": 72, "more": 8, "short": 20}


def test_a_license_without_limit_has_no_bar():
    """Where nothing is counted there is nothing to compare."""
    assert capacity(Capacity(0, None, 5, 0)) is None
    assert capacity(Capacity(0, 10, 5, 0)) is None
    found = capacity(Capacity(0, 10, 5, 0, 20))
    assert found is not None
    assert lengths(found) == {"used": 50, "more": 25}


def test_parts_of_nothing_are_no_bar():
    """A whole of nothing has no pieces, and none is empty."""
    assert stacked([("a", 0), ("b", 0)], 0).segments == []
    assert lengths(stacked([("a", 1), ("b", 0), ("c", 3)], 4)) == {"a": 25, "c": 75}

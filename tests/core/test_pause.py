"""Pauses between attempts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from allot.core.pause import pause, spread


@settings(deadline=None)
@given(st.text(), st.integers(1, 40))
def test_a_pause_is_within_its_half_and_its_whole(name: str, attempt: int):
    """It is at least half of the doubled first one, never more than the longest, and the same each time."""
    whole = min(60.0, 0.5 * 2 ** (attempt - 1))
    assert whole / 2 <= pause(name, attempt, 0.5, 60.0) < whole
    assert pause(name, attempt, 0.5, 60.0) == pause(name, attempt, 0.5, 60.0)


def test_names_are_spread():
    """A thousand names lie in all tenths from 0 up to 1."""
    assert {int(spread(str(n)) * 10) for n in range(1000)} == set(range(10))

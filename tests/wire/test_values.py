"""Values that many requests share."""

from allot.wire.values import read_number


def test_numbers_are_read_carefully():
    """Only digits of a bounded length are a number."""
    texts = ("12", "0", "", "x", "9" * 16, "\u0663", "\u00b2", "-1")
    assert [read_number(text) for text in texts] == [12, 0, None, None, None, None, None, None]

"""What is said of a row that cannot be read."""

from allot.core.table import unreadable


def test_each_fault_of_a_row_has_its_sentence():
    """What Python's reader says is told in our words, and what it has never said before as it is."""
    assert unreadable("unexpected end of data") == unreadable("field larger than field limit (131072)")
    assert "never closed" in unreadable("unexpected end of data")
    assert "written twice" in unreadable("',' expected after '\"'")
    assert unreadable("odd") == "the row cannot be read (odd)"

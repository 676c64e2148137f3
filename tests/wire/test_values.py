"""Values that many requests share."""

from allot.wire.values import e164, read_number


def test_numbers_are_read_carefully():
    """Only digits of a bounded length are a number."""
    texts = ("12", "0", "", "x", "9" * 16, "\u0663", "\u00b2", "-1")
    assert [read_number(text) for text in texts] == [12, 0, None, None, None, None, None, None]


def test_numbers_without_a_country_code_stay_as_they_came():
    """A plus is added only where that makes a number; a national one is not taken for one of another country."""
    texts = ("+1 408 526 7209", "14085267209", "1 (408) 526-7209", "408 526 7209", "5145551234", "none")
    whole = "+14085267209"
    assert [e164(text) for text in texts] == [whole, whole, whole, "408 526 7209", "5145551234", "none"]

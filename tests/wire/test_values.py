"""Values that many requests share."""

from allot.wire.values import e164, read_number


def test_numbers_are_read_carefully():
    """Only digits of a bounded length are a number."""
    texts = ("12", "0", "", "x", "9" * 16, "\u0663", "\u00b2", "-1")
    assert [read_number(text) for text in texts] == [12, 0, None, None, None, None, None, None]


def test_numbers_without_a_country_code_stay_as_they_came():
    """A plus is added to what has a country code; ten digits are a national number, however they begin."""
    for text in ("+1 408 526 7209", "14085267209", "1 (408) 526-7209"):
        assert e164(text) == "+14085267209"
    assert [e164(text) for text in ("15551234567", "442079460011")] == ["+15551234567", "+442079460011"]
    for text in ("408 526 7209", "5145551234", "267 241 2345", "4752345678", "none"):
        assert e164(text) == text

"""Words: numbers with their nouns, times and names, as sentences for people have them."""


def plain(text: str) -> str:
    """A text that does nothing to a terminal: what cannot be printed is shown by its number."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def thousands(number: int | None) -> str:
    """A number as people read it; None is none that is known."""
    return "no limit" if number is None else f"{number:,}"


def moment(text: str) -> str:
    """An ISO-8601 UTC time as people read it, to the minute."""
    return f"{text[:10]} {text[11:16]} UTC" if len(text) >= 16 else text or "an unknown time"

"""A table: the text of a CSV file, and what is said of a row that cannot be read."""


def unreadable(error: str) -> str:
    """What Python's reader found wrong with a row of a table, in our words."""
    if "end of data" in error or "limit" in error:
        return "a double quote opens a field here that is never closed; close it, or write it twice where it is text"
    if "expected after" in error:
        return "something follows a quoted field; a double quote inside of a field is written twice"
    return f"the row cannot be read ({error})"

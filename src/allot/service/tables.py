"""Tables: the text of a CSV file as rows, each with the line where it begins, and what is wrong with it."""

import csv
import io
from collections.abc import Iterator

from allot.core.table import unreadable


def rows(text: str, faults: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows that say anything, each with the line where it begins."""
    reader = csv.reader(io.StringIO(text), strict=True)
    unending = False
    while not unending:
        begin = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.append(f"line {begin}: {unreadable(str(error))}")
            unending = "limit" in str(error)  # then it is not known where another row begins
            continue
        if any(map(str.strip, row)):
            yield begin, row

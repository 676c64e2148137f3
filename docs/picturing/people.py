"""What is desired of them: a move from Standard to Professional, and what comes along with such a move."""

import csv
from collections.abc import Iterable
from pathlib import Path

from picturing.snapshot import FIRST_CALLING, PROFESSIONALS, email

#: the first who has Standard; and how many of them move: 12 more than there are units for
STANDARD, MOVED = FIRST_CALLING + PROFESSIONALS, 312
_COLUMNS = ("email", "add", "remove", "location", "extension")
_Row = tuple[str, str, str, str, str]


def write_all(path: Path) -> None:
    """Write the whole table."""
    rows = [_moved(number) for number in range(STANDARD, STANDARD + MOVED)]
    rows += [_row(number, "Advanced Messaging") for number in range(40)]
    rows += [_row(number, "Standard", "", "Berlin", str(4_000 + number)) for number in range(40, 46)]
    rows += [_row(number, "Standard", "Professional") for number in range(300, 312)]
    rows += [_row(number, "", "Webex Meetings Suite") for number in range(900, 914)]
    _write(path, [*rows, _row(60, "Attendant Console"), ("old@example.com", "Professional", "Standard", "", "")])


def write_some(path: Path) -> None:
    """Write a table of a few of them, one of each kind."""
    rows = [_moved(STANDARD), _row(300, "Standard", "Professional"), _row(41, "Standard", "", "Berlin", "4041")]
    _write(
        path,
        [*rows, _row(305, "", "Professional"), _row(910, "", "Webex Meetings Suite"), _row(16, "Advanced Messaging")],
    )


def _moved(number: int) -> _Row:
    return _row(number, "Professional", "Standard")


def _row(number: int, add: str, remove: str = "", location: str = "", extension: str = "") -> _Row:
    return email(number), add, remove, location, extension


def _write(path: Path, rows: Iterable[_Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows(rows)

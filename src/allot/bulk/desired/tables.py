"""Tables: the text of a CSV file as rows, each with the line where it begins, and everything that is wrong with it."""

import csv
from collections.abc import Generator, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from allot.bulk.desired.desires import DesireFault, Fault, Reading
from allot.bulk.desired.texts import encoding_of, undecodable
from allot.core.table import unreadable

#: what the column of emails is called, in lower case: in a plain table, and in those of Control Hub
PLAIN = "email"
HUB = "user id/email (required)"
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Rows that are looked at together.
BLOCK = 500
# Characters; a line that is longer is no row, and would fill the memory.
_LINE_MAX = 1 << 20


class Table:
    """A CSV file whose first line names its columns.

    Its encoding and delimiter are those that are told, or those that its first bytes and the column of emails leave
    no doubt of. Raises DesireFault when the file has no such column, OSError when it is away.
    """

    def __init__(self, path: Path, reading: Reading) -> None:
        self.path = path
        self.faults: list[Fault] = []
        self.notices: list[Fault] = []
        #: the line that was read last
        self._at = 0
        if reading.delimiter is not None and (len(reading.delimiter) != 1 or reading.delimiter in '"\r\n'):
            what = f"{reading.delimiter!r} must be the one character that stands between two fields"
            raise DesireFault("--delimiter", [Fault(None, None, what)])
        self._encoding = encoding_of(path, reading.encoding)
        if self._encoding.startswith("utf-16") and not reading.encoding:
            self.notices.append(Fault(None, None, "it is read as UTF-16, as its first bytes show"))
        try:
            self._read_head(reading.delimiter)
        except UnicodeError:
            raise DesireFault(str(path), [undecodable(path, self._encoding)]) from None

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self._encoding, newline="")

    def _read_head(self, delimiter: str | None) -> None:
        with self._open() as file:
            before = 0
            text = file.readline(_LINE_MAX)
            while text and not text.strip("\ufeff \t\r\n,;"):
                text, before = file.readline(_LINE_MAX), before + 1
        if not text:
            raise self._fault(None, None, f"the file is empty; its first line must name columns, among them `{PLAIN}`")
        #: the line of the names
        self.line = before + 1
        if "\0" in text:
            raise self._fault(self.line, text.index("\0") + 1, _NUL)
        self._delimiter = delimiter or self._certain(text)
        try:
            #: the names of the columns, as they are written
            self.names = _split(text, self._delimiter)
        except csv.Error:
            raise self._fault(self.line, None, _LONG) from None
        while len(self.names) > 1 and not self.names[-1]:
            self.names.pop()
        keys = [name.lower() for name in self.names]
        self.hub = HUB in keys
        if PLAIN not in keys and not self.hub:
            raise self._fault(self.line, None, self._no_email())
        #: the place of the emails
        self.email = keys.index(HUB if self.hub else PLAIN)

    def _certain(self, text: str) -> str:
        fits = [each for each in DELIMITERS if _names_emails(text, each)]
        # A table of emails only has nothing between its columns.
        found = "," if "," in fits or not fits else fits[0]
        if found != ",":
            self.notices.append(Fault(self.line, None, f"fields are read as separated by {DELIMITERS[found]}"))
        return found

    def _no_email(self) -> str:
        shown = ", ".join(f"`{name[:40]}`" for name in self.names[:10])
        what = f"there is no column `{PLAIN}`, nor `User ID/Email (Required)`; the columns are {shown}"
        if len(self.names) == 1:
            what += ". If it is not commas that separate them, say so with --delimiter"
        return what

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that is whole, with the physical line where it begins; what is wrong goes to `faults`."""
        width = len(self.names)
        for line, row in self._records():
            # Spreadsheets end rows with cells of nothing, and files with rows of nothing.
            while len(row) > width and not row[-1].strip():
                row.pop()
            if len(row) == width:
                if row[self.email] or any(map(str.strip, row)):
                    yield line, row
            elif any(map(str.strip, row)):
                self.faults.append(Fault(line, None, self._width(len(row), width)))

    def blocks(self) -> Iterator[tuple[tuple[int, ...], list[tuple[str, ...]]]]:
        """The rows by columns, some thousands at a time: lines, then each column. One that is empty comes last."""
        rows = self.rows()
        while block := list(islice(rows, BLOCK)):
            lines, found = zip(*block, strict=True)
            yield lines, [*zip(*found, strict=True), ("",) * len(lines)]

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        with self._open() as file:
            lines = self._lines(file)
            for _ in islice(lines, self.line):  # there are fewer where one has no end
                pass
            reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
            # A record that cannot be read ends a stretch, and the next line begins another.
            while (yield from self._stretch(reader)):
                pass

    def _stretch(self, reader: Iterator[list[str]]) -> Generator[tuple[int, list[str]], None, bool]:
        """Rows as far as they can be read; whether there may be more."""
        begin = self._at + 1
        try:
            for row in reader:
                yield begin, row
                begin = self._at + 1
        except csv.Error as error:
            self.faults.append(Fault(begin, None, unreadable(str(error))))
            # Where a field has no end, it is not known where another row begins.
            return "limit" not in str(error)
        return False

    def _lines(self, file: IO[str]) -> Iterator[str]:
        self._at = 0
        try:
            for text in iter(partial(file.readline, _LINE_MAX), ""):
                self._at += 1
                if len(text) == _LINE_MAX:
                    self.faults.append(
                        Fault(self._at, None, f"the line has {_LINE_MAX:,} characters or more; {_NO_ROW}")
                    )
                    return
                if "\0" in text:
                    self.faults.append(Fault(self._at, text.index("\0") + 1, _NUL))
                yield text if "\0" not in text else "\n"
        except UnicodeError:
            self.faults.append(undecodable(self.path, self._encoding))

    def _width(self, found: int, width: int) -> str:
        what = f"has {found} fields, the first line has {width}"
        if found > width:
            return f"{what}; a field with `{self._delimiter}` in it must stand in double quotes"
        return f"{what}; every row has as many, also where they are empty"

    def _fault(self, line: int | None, column: int | None, what: str) -> DesireFault:
        return DesireFault(str(self.path), [Fault(line, column, what)])


_LONG = f"a name has more than {csv.field_size_limit():,} characters; the first line of a table must name its columns"
_NO_ROW = "it is no row of a table: take it out, or make the file again"
_NUL = "there is a NUL character; when the file is UTF-16, say --encoding utf-16, else make it again"


def _names_emails(text: str, delimiter: str) -> bool:
    try:
        return not {PLAIN, HUB}.isdisjoint(name.lower() for name in _split(text, delimiter))
    except csv.Error:  # one of these would be longer than any name
        return False


def _split(text: str, delimiter: str) -> list[str]:
    rows = list(csv.reader([text.lstrip("\ufeff")], delimiter=delimiter))
    return [name.strip() for name in rows[0]] if rows else []

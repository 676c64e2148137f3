"""Drafts: what was read of an organization so far, so that a pull that ends early goes on where it stopped.

One JSON value a line, appended as it is read: whose draft it is, then what was asked once, then pages, each with the
address of the page after it. A line that is whole counts; what a kill or a full disk left of one is cut off.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import msgspec
from msgspec import Struct

from allot.bulk.actual.snapshots import Extension, License, Location, Number, Person


class DraftFault(Exception):
    """A draft that cannot be used; the text says why and what to do."""


class Origin(Struct, tag_field="line", tag="origin", rename="camel"):
    """Whose draft it is; as in the head of the snapshot."""

    org_id: str
    org_name: str
    address: str
    begun: str


class Start(Struct, tag_field="line", tag="start", rename="camel"):
    """What was asked once. `calling_known`: whether it was told where Webex Calling is set up. `parks`: extensions of
    call parks; None: they are hidden from the token."""

    licenses: list[License]
    locations: list[Location]
    calling_known: bool
    parks: list[Extension] | None = None


class NumbersPage(Struct, tag_field="line", tag="numbers", omit_defaults=True):
    """A page of numbers; None: they are hidden from the token. `next`: the address of the page after it.
    `extensions`: those of what is no person."""

    records: list[Number] | None
    next: str | None = None
    extensions: list[Extension] = []


class PeoplePage(Struct, tag_field="line", tag="people", omit_defaults=True):
    """A page of people. `met`: licenses that nobody had before and the list lacks, in the order of their places."""

    records: list[Person]
    met: list[str] = []
    next: str | None = None


Line = Origin | Start | NumbersPage | PeoplePage
Page = TypeVar("Page", NumbersPage, PeoplePage)
# How a draft begins, whoever's it is.
_BEGINNING = b'{"line":"origin"'
# Bytes that are read at a time.
_BLOCK = 64 << 10


class Draft:
    """The draft at a path, for one pull at a time; a context manager. Raises DraftFault."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.origin: Origin | None = None
        self.start: Start | None = None
        self.last_numbers: NumbersPage | None = None
        self.last_people: PeoplePage | None = None
        #: licenses that are not in the start's list
        self.met: list[str] = []
        self.people = self.numbers = 0
        self._decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
        self._encoder = msgspec.json.Encoder()
        self._file = path.open("a+b", buffering=0)

    def __enter__(self) -> "Draft":
        with ExitStack() as failing:
            failing.callback(self._file.close)
            self._lock()
            self._check()
            failing.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.start is None:  # nothing was read
            self.delete()
        self._file.close()

    def recall(self) -> None:
        """Take in what is there, and cut off what is not whole."""
        whole = 0
        self._file.seek(0)
        with self.path.open("rb") as file:
            for text in file:
                line = self._line(text)
                if line is None:
                    break
                whole += len(text)
                self._count(line)
        self._file.truncate(whole)

    def clear(self) -> None:
        """Forget everything that is there."""
        self._file.truncate(0)

    def add(self, line: Line) -> None:
        """Append a line. Raises DraftFault when there is no room for it."""
        data = self._encoder.encode(line) + b"\n"
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise DraftFault(f"{self.path} cannot be written: {error.strerror}; make room for it") from error
        self._count(line)

    def pages(self, kind: type[Page]) -> Iterator[Page]:
        """The pages of one kind."""
        mark = self._encoder.encode({"line": "numbers" if kind is NumbersPage else "people"})[:-1]
        with self.path.open("rb") as file:
            for text in file:
                line = self._line(text) if text.startswith(mark) else None
                if isinstance(line, kind):
                    yield line

    def delete(self) -> None:
        """The pull is done."""
        self.path.unlink(missing_ok=True)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DraftFault(
                f"another pull writes {self.path} now; wait for it, or name another file with -o"
            ) from error

    def _check(self) -> None:
        """Keep somebody's file: browsers call by such a name what they have not whole."""
        self._file.seek(0)
        found = self._file.read(len(_BEGINNING))
        if _BEGINNING.startswith(found):
            return
        while found:
            if found.strip(b"\0\n"):  # of what was never written, a power cut leaves NUL characters
                raise DraftFault(f"{self.path} is there and is no draft of a pull; name another file with -o")
            found = self._file.read(_BLOCK)

    def _line(self, text: bytes) -> Line | None:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):
            return self._decoder.decode(text) if text.endswith(b"\n") else None
        return None

    def _count(self, line: Line) -> None:
        if isinstance(line, Origin):
            self.origin = line
        elif isinstance(line, Start):
            self.start = line
        elif isinstance(line, NumbersPage):
            self.last_numbers = line
            self.numbers += len(line.records or ())
        else:
            self.last_people = line
            self.people += len(line.records)
            self.met += line.met

"""Files of records: one JSON value a line, in named sections, with a digest that shows any edit.

    {"allot":"plan","version":1,...}         the head: what it is, and of what
    {"person":"f5b3...",...}                 records, a section after the other
    {"sections":[...]}                       where each section begins, and how many records it has
    {"digest":"sha256:4f0c..."}              of every byte before this line

Snapshots and plans are such files. They are written beside their name and moved there when whole, so that a file
of this name is never half of one; reading takes a few megabytes of memory, whatever the file's size.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")

VERSION = 1
# Bytes that are read, and records that are encoded, at a time: so few that their records stay in the processor's cache.
BLOCK = 64 << 10
BATCH = 1_000
# A line of the head that is longer than this is none.
_HEAD_MAX = 4 << 20
# The last line has one length: its digest is found from the end.
_DIGEST_LINE = len('{"digest":"sha256:"}\n') + 64
# The line before it is found in what is read at the end.
_INDEX_MAX = 64 << 10


class FileFault(Exception):
    """A file that is not what it should be; the text says which, what is wrong with it, and what to do."""


class Identity(NamedTuple):
    """What tells a file from the one that had its name before."""

    device: int
    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Identity":
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class Section(msgspec.Struct):
    """Where the records of one kind begin, in bytes, where they end, and how many they are."""

    name: str
    begin: int
    end: int
    records: int


class _Mark(msgspec.Struct):
    allot: str = ""
    version: int = 0


class _Index(msgspec.Struct):
    sections: list[Section]


class _Digest(msgspec.Struct):
    digest: str


class Writer:
    """Writes a file of records. Leave the context without `close` and there is no file."""

    def __init__(self, path: Path, kind: str, head: msgspec.Struct) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
        self._encoder = msgspec.json.Encoder()
        self._hash = hashlib.sha256()
        self._sections: list[Section] = []
        self._at = 0
        named = {"allot": kind, "version": VERSION} | msgspec.to_builtins(head)
        try:
            self._file: IO[bytes] = self._draft.open("wb")
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        self._head = self._encoder.encode(named) + b"\n"

    def __enter__(self) -> "Writer":
        try:
            self._put(self._head)
        except OSError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._file.close()  # which writes what is left, and fails when the disk is full
        finally:
            self._draft.unlink(missing_ok=True)

    def section(self, name: str) -> None:
        """Begin the records of another kind."""
        self._sections.append(Section(name, self._at, self._at, 0))

    def write(self, records: Iterable[msgspec.Struct]) -> None:
        """Add records to the section that was begun last."""
        batch: list[msgspec.Struct] = []
        for record in records:
            batch.append(record)
            if len(batch) == BATCH:
                self.lines(self._encoder.encode_lines(batch), BATCH)
                batch.clear()
        if batch:
            self.lines(self._encoder.encode_lines(batch), len(batch))

    def lines(self, data: bytes, records: int) -> None:
        """Add records that are lines of JSON already to the section that was begun last."""
        section = self._sections[-1]
        self._put(data)
        section.records += records
        section.end = self._at

    def close(self) -> str:
        """Finish the file under its own name, on the disk, not to be written again; its digest."""
        self._put(self._encoder.encode(_Index(self._sections)) + b"\n")
        digest = f"sha256:{self._hash.hexdigest()}"
        self._file.write(self._encoder.encode(_Digest(digest)) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        os.fchmod(self._file.fileno(), os.fstat(self._file.fileno()).st_mode & 0o444)
        self._file.close()
        self._draft.replace(self._path)
        return digest

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self._at += len(data)


class File:
    """A file of records that is whole and unedited. Raises FileFault when it is not, OSError when it is away.

    Whatever reads it later raises FileFault when another one has its name by then: what was verified is what is read.
    With `verified=False` the digest is what the file says, which takes no time: to list files, not to act on them.
    """

    def __init__(self, path: Path, kind: str, *, verified: bool = True) -> None:
        self.path = path
        with path.open("rb") as file:
            self.identity = Identity.of(os.fstat(file.fileno()))
            self.head = file.readline(_HEAD_MAX)
            mark = _read(self.head, _Mark)
            if mark is None or mark.allot != kind:
                raise FileFault(f"{path} is no {kind} of allot; name one that `allot` wrote")
            if mark.version != VERSION:
                raise FileFault(f"{path} is a {kind} of version {mark.version}, this allot reads version {VERSION}")
            size = self.identity.size
            file.seek(max(0, size - _DIGEST_LINE - _INDEX_MAX))
            lines = file.read().splitlines()
            index, said = _read(lines[-2], _Index) if len(lines) > 1 else None, _read(lines[-1], _Digest)
            if index is None or said is None:
                raise FileFault(f"{path} is cut off; make it again")
            self.digest = said.digest
            if verified and _digest(file, size - _DIGEST_LINE) != self.digest:
                raise FileFault(f"{path} was changed after it was made: its digest does not fit; make it again")
        self._sections = {section.name: section for section in index.sections}

    def has(self, name: str) -> bool:
        """Whether there is such a section, be it empty; what could not be read has none."""
        return name in self._sections

    def count(self, name: str) -> int:
        """How many records a section has."""
        return self._sections[name].records if name in self._sections else 0

    def open(self) -> IO[bytes]:
        """The file that was verified, to be read once more."""
        file = self.path.open("rb")
        if Identity.of(os.fstat(file.fileno())) != self.identity:
            file.close()
            raise FileFault(f"{self.path} was replaced while it was read; begin again")
        return file

    def blocks(self, name: str, record: type[T]) -> Iterator[list[T]]:
        """The records of a section, some thousands at a time."""
        decoder = msgspec.json.Decoder(record)
        for _, data in self.lines(name):
            yield decoder.decode_lines(data)

    def lines(self, name: str) -> Iterator[tuple[int, bytes]]:
        """The records of a section as they stand, some thousands of lines at a time, and where they begin."""
        section = self._sections.get(name)
        if section is None:
            return
        with self.open() as file:
            at = file.seek(section.begin)
            while at < section.end:
                data = file.read(min(BLOCK, section.end - at))
                if not data:
                    raise FileFault(f"{self.path} ends before its records do; make it again")
                if len(data) < section.end - at:
                    data += file.readline()
                yield at, data
                at += len(data)

    def records(self, name: str, record: type[T]) -> Iterator[T]:
        """The records of a section, one by one."""
        for block in self.blocks(name, record):
            yield from block


def _read(line: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _digest(file: IO[bytes], end: int) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while end > 0:
        data = file.read(min(BLOCK, end))
        if not data:
            break
        found.update(data)
        end -= len(data)
    return f"sha256:{found.hexdigest()}"

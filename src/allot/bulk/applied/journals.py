"""The journal of an apply: what became of each change, a line each, written as soon as it is known.

    {"allot":"journal","version":1,"plan":"sha256:4f0c...","address":"https://webexapis.com/v1"}
    {"number":17,"outcome":"sent","trackingId":"ALLOT_5b3f..."}
    {"number":17,"outcome":"done","trackingId":"ALLOT_5b3f..."}

The last line of a change counts. Where it does not say that something was done for the person before, it has
`"ours":true`, for that is never forgotten. A line is one write at the end of the file: a process that is killed loses
at most the line that it was writing. The disk is told a few times a second, so that a power cut loses the lines of a
moment.
Whoever has no line that says `done` or `already` is read again before anything is sent; lost with power is only that
somebody between two requests is ours, and they are left and listed then.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

VERSION = 1
BLOCK = 4 << 20

#: as planned, by reading it back; as planned before anything was sent
DONE, ALREADY = "done", "already"
#: about to be sent by several requests, so that who is found between them is ours
BEGUN = "begun"
#: sent and answered as planned, and not read back yet
SENT = "sent"
#: not as the plan expects, so that nothing more was sent; no such person
STALE, GONE = "stale", "gone"
#: refused by the API: wholly, in part
REFUSED, PARTLY = "refused", "partly"
#: answered as if done, and not there; no certain answer, however often
LOST, FAILED = "lost", "failed"
#: outcomes that are no success, worst first, and what they mean
TROUBLES = {
    LOST: "lost: answered as done, and not there when read back",
    PARTLY: "done in part only",
    FAILED: "without a certain answer, however often they were sent",
    REFUSED: "refused",
    STALE: "changed since the snapshot, and left as they are",
    GONE: "not there any more",
}


class JournalFault(Exception):
    """The journal cannot be used or written; the text says which, why, and what to do."""


class Entry(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """What became of one change, by its number in the plan."""

    number: int
    outcome: str
    #: a sentence, where the outcome does not say it all
    what: str = ""
    #: the API's code of what it refused
    code: str = ""
    #: of the request that led to the outcome
    tracking_id: str = ""
    #: something was done for the person before, whatever the outcome says
    ours: bool = False

    @property
    def settled(self) -> bool:
        """Whether the person is as planned, and was seen so."""
        return self.outcome in (DONE, ALREADY)

    @property
    def touched(self) -> bool:
        """Whether something was sent for the person, so that what is half done is ours."""
        return self.begun or self.outcome == REFUSED

    @property
    def begun(self) -> bool:
        """Whether something may have been done for the person, without an end that was seen."""
        return self.outcome in (BEGUN, SENT, PARTLY, LOST, FAILED) or self.ours


class Head(msgspec.Struct):
    """The first line of a journal: of which plan it is, and at what address that is applied."""

    plan: str
    address: str
    allot: str = "journal"
    version: int = VERSION


class Journal:
    """The journal of applying one plan at one address, made where there is none; nobody else has it meanwhile.

    `entries` has the last entry of each change. A context manager. Raises JournalFault when it is another plan's, is
    used by another process, or is no journal; OSError when it cannot be opened.
    """

    def __init__(self, path: Path, plan: str, address: str) -> None:
        self.path = path
        self.entries: dict[int, Entry] = {}
        self._encoder = msgspec.json.Encoder()
        self._unsynced = False
        #: what there was no room for; it goes before the next line, for a line that is torn must come to its end
        self._left = b""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            _lock(path, self._file, fcntl.LOCK_EX)
            self._read(Head(plan, address))
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def write(self, entry: Entry) -> None:
        """Add a line. Raises JournalFault when there is no room for it, or the disk fails."""
        _take(self.entries, entry)
        self._put(self._encoder.encode(entry) + b"\n")

    def sync(self) -> None:
        """Have what was written on the disk. Raises JournalFault when the disk fails."""
        if not self._unsynced:
            return
        self._unsynced = False
        try:
            os.fdatasync(self._file)
        except OSError as error:
            raise self._full(error.strerror) from error

    def _read(self, expected: Head) -> None:
        """Read what is there, cut off a line that was torn, begin where there is nothing."""
        size = os.fstat(self._file).st_size
        with open(self._file, "rb", buffering=BLOCK, closefd=False) as lines:
            head, kept = lines.readline(), 0
            if head.endswith(b"\n"):
                self._check(head, expected)
                self.entries, whole = _entries(self.path, lines)
                kept = len(head) + whole
        begun = self._encoder.encode(expected) + b"\n"
        if not kept and not begun.startswith(head):  # what is no torn line of ours is somebody's file
            raise _no_journal(self.path)
        if kept < size:
            os.ftruncate(self._file, kept)
        if not kept:
            self._put(begun)
            self.sync()

    def _check(self, line: bytes, expected: Head) -> None:
        head = _head(self.path, line, expected.plan)
        if head.address != expected.address:
            raise JournalFault(
                f"{self.path} is the journal of applying the plan at {head.address}, not at {expected.address};"
                " name another one with --journal"
            )

    def _put(self, line: bytes) -> None:
        self._left += line
        try:
            written = os.write(self._file, self._left)
        except OSError as error:
            raise self._full(error.strerror) from error
        self._left = self._left[written:]
        self._unsynced = True
        if self._left:
            raise self._full("no space left")

    def _full(self, why: str | None) -> JournalFault:
        return JournalFault(f"{self.path} cannot be written ({why}), so that nothing more was sent; make room for it")


def past(path: Path, plan: str) -> dict[int, Entry]:
    """What became of the changes of a plan that was applied, by their numbers.

    It is only read. Raises JournalFault as `Journal` does, and where there is no journal.
    """
    try:
        with path.open("rb", buffering=BLOCK) as lines:
            _lock(path, lines.fileno(), fcntl.LOCK_SH)
            _head(path, lines.readline(BLOCK), plan)
            return _entries(path, lines)[0]
    except FileNotFoundError as error:
        raise JournalFault(
            f"there is no journal {path}: the plan was not applied from here; name another one with --journal"
        ) from error


def _lock(path: Path, file: int, how: int) -> None:
    """Have a journal alone to write it, or with others to read it."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalFault(
            f"{path} is in use: this plan is being applied by another process; wait until that has ended"
        ) from error


def _head(path: Path, line: bytes, plan: str) -> Head:
    """The first line of the journal of a plan."""
    head = read_head(path, line)
    if head.plan != plan:
        raise JournalFault(f"{path} is the journal of another plan; name another one with --journal")
    return head


def _entries(path: Path, lines: Iterable[bytes]) -> tuple[dict[int, Entry], int]:
    """The last entry of each change, and how many bytes of whole lines there are: the last one may be torn."""
    entries: dict[int, Entry] = {}
    decoder, kept, place = msgspec.json.Decoder(Entry), 0, 1
    for line in lines:
        if not line.endswith(b"\n"):
            break
        place += 1
        try:
            entry = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            what = f"{path}, line {place}: is no line of a journal; name another journal with --journal"
            raise JournalFault(f"{what}, and everybody is read again") from error
        _take(entries, entry)
        kept += len(line)
    return entries, kept


def _take(entries: dict[int, Entry], entry: Entry) -> None:
    """Have an entry as the last one of its change."""
    earlier = entries.get(entry.number)
    if earlier is not None and earlier.begun and entry.outcome in (REFUSED, STALE, GONE):
        entry.ours = True
    entries[entry.number] = entry


def read_head(path: Path, line: bytes) -> Head:
    """The first line of the journal at a path. Raises JournalFault when it is none."""
    try:
        head = msgspec.json.decode(line, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _no_journal(path) from error
    if head.allot != "journal" or head.version != VERSION:
        raise JournalFault(f"{path} is no journal that this allot reads; name another one with --journal")
    return head


def _no_journal(path: Path) -> JournalFault:
    return JournalFault(f"{path} is no journal of allot; name another one with --journal")

"""Tails: a journal read while another process writes it, to see how far an apply is. Nothing is locked or written."""

import os
from collections import Counter
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from allot.bulk.applied.journals import ALREADY, BEGUN, DONE, SENT, TROUBLES, Entry, JournalFault, read_head


class Trouble(NamedTuple):
    """Changes that did not succeed for one reason."""

    #: one of TROUBLES, and the API's code of what it refused
    outcome: str
    code: str
    number: int
    #: one of them
    example: Entry


class Told(NamedTuple):
    """How far an apply is, by its journal."""

    #: changes whose people are as planned and were seen so
    done: int = 0
    #: changes of which something was sent, and it is not known yet what became of it
    open: int = 0
    #: changes that did not succeed, the worst kinds first
    troubles: tuple[Trouble, ...] = ()
    #: the address of the API; empty while nobody has begun
    address: str = ""
    #: when the journal was written last, in seconds since 1970
    modified: float = 0.0

    @property
    def failed(self) -> int:
        return sum(each.number for each in self.troubles)

    @property
    def decided(self) -> int:
        """Changes of which it is known what became of them."""
        return self.done + self.failed


# What is known of a change: its outcome, with the API's code where it did not succeed.
_Known = tuple[str, str]


class Tail:
    """What the journal of a plan says so far; `read` takes in what was written since. `changes`: those of the plan."""

    def __init__(self, path: Path, plan: str, changes: int) -> None:
        self.path = path
        self._plan = plan
        self._changes = changes
        self._begin()

    def _begin(self) -> None:
        self._modified, self._address = 0.0, ""
        #: how far it is read, and the line before that
        self._at, self._line = 0, b""
        self._counts: Counter[_Known] = Counter()
        #: by the number of a change
        self._last: dict[int, _Known] = {}
        #: the same for those that did not succeed, with what was said
        self._troubled: dict[int, Entry] = {}

    def told(self) -> Told:
        """What it comes to."""
        examples: dict[_Known, Entry] = {}
        kinds = [(known, number) for known, number in self._counts.items() if number and known[0] in TROUBLES]
        for entry in self._troubled.values():
            if len(examples) == len(kinds):
                break
            examples.setdefault(self._last[entry.number], entry)
        troubles = [Trouble(*known, number, examples[known]) for known, number in kinds]
        worst = list(TROUBLES)
        troubles.sort(key=lambda each: (worst.index(each.outcome), -each.number, each.code))
        counts = self._counts
        done, sent = counts[DONE, ""] + counts[ALREADY, ""], counts[SENT, ""] + counts[BEGUN, ""]
        return Told(done, sent, tuple(troubles), self._address, self._modified)

    def read(self) -> bool:
        """Take in what is new; whether there was anything.

        Raises JournalFault when it is not the journal of the plan, OSError when it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                return self._read(file)
        except FileNotFoundError:
            there = self._at > 0
            self._begin()
            return there

    def _read(self, file: IO[bytes]) -> bool:
        # What is there now may be another journal, which begins anew.
        if self._at:
            file.seek(self._at - len(self._line))
            if file.read(len(self._line)) != self._line:
                self._begin()
        file.seek(self._at)
        data = file.read()
        # A line that is being written is taken when it is whole.
        data = data[: data.rfind(b"\n") + 1]
        if not data:
            return False
        lines = data
        if not self._at:
            first, _, lines = data.partition(b"\n")
            self._check(first)
        self._take(lines)
        self._at += len(data)
        self._line = data[data.rfind(b"\n", 0, -1) + 1 :]
        self._modified = os.fstat(file.fileno()).st_mtime
        return True

    def _check(self, line: bytes) -> None:
        head = read_head(self.path, line)
        if head.plan != self._plan:
            raise JournalFault(f"{self.path} is the journal of another plan")
        self._address = head.address

    def _take(self, lines: bytes) -> None:
        try:
            entries = msgspec.json.Decoder(Entry).decode_lines(lines)
        except (ValueError, RecursionError) as error:
            raise JournalFault(f"{self.path} has a line that is none of a journal") from error
        for entry in entries:
            # What succeeded is of one kind, whatever is said of it.
            known = (entry.outcome, entry.code if entry.outcome in TROUBLES else "")
            if not 0 < entry.number <= self._changes:
                continue
            before = self._last.get(entry.number)
            if before is not None:
                self._counts[before] -= 1
            self._last[entry.number] = known
            self._counts[known] += 1
            self._troubled.pop(entry.number, None)
            if entry.outcome in TROUBLES:
                self._troubled[entry.number] = entry

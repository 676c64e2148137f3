"""Tails: a journal read while another process writes it, to see how far an apply is. Nothing is locked or written."""

import os
from collections import Counter
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from allot.bulk.applied.journals import ALREADY, BEGUN, DONE, SENT, TROUBLES, Entry, JournalFault, read_head


class Trouble(NamedTuple):
    """Changes that did not succeed and why: an outcome, with the API's code of what it refused."""

    outcome: str
    code: str = ""


class Tail:
    """What the journal of a plan says so far; `read` takes in what was written since. `changes`: those of the plan."""

    def __init__(self, path: Path, plan: str, changes: int) -> None:
        self.path = path
        self._plan = plan
        self._changes = changes
        self._begin()

    def _begin(self) -> None:
        #: when the last line was written, in seconds since 1970; 0 while nobody has begun
        self.modified = 0.0
        #: the address of the API that the plan is applied at
        self.address = ""
        self._counts: Counter[Trouble] = Counter()
        #: number of a change -> the last that is known of it
        self._last: dict[int, Trouble] = {}
        #: the same for changes that did not succeed, with what was said
        self._troubled: dict[int, Entry] = {}
        self._inode, self._at = 0, 0

    @property
    def done(self) -> int:
        """Changes whose people are as planned and were seen so."""
        return self._counts[Trouble(DONE)] + self._counts[Trouble(ALREADY)]

    @property
    def open(self) -> int:
        """Changes of which something was sent, and it is not known yet what became of it."""
        return self._counts[Trouble(SENT)] + self._counts[Trouble(BEGUN)]

    @property
    def decided(self) -> int:
        """Changes of which it is known what became of them."""
        return len(self._last) - self.open

    @property
    def troubles(self) -> list[tuple[Trouble, int]]:
        """How many changes did not succeed of each kind, the worst kinds first."""
        order = list(TROUBLES)
        found = [(each, number) for each, number in self._counts.items() if number and each.outcome in TROUBLES]
        return sorted(found, key=lambda pair: (order.index(pair[0].outcome), -pair[1], pair[0].code))

    def examples(self) -> dict[Trouble, Entry]:
        """One change of each kind of trouble."""
        wanted = len(self.troubles)
        found: dict[Trouble, Entry] = {}
        for number, entry in self._troubled.items():
            if len(found) == wanted:
                break
            found.setdefault(self._last[number], entry)
        return found

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
        found = os.fstat(file.fileno())
        if found.st_ino != self._inode or found.st_size < self._at:
            self._begin()
        file.seek(self._at)
        data = file.read(found.st_size - self._at)
        # A line that is being written is taken when it is whole.
        data = data[: data.rfind(b"\n") + 1]
        lines = data
        if not self._at and lines:
            first, _, lines = data.partition(b"\n")
            self._check(first)
        self._take(lines)
        self._inode, self._at, self.modified = found.st_ino, self._at + len(data), found.st_mtime
        return bool(data)

    def _check(self, line: bytes) -> None:
        head = read_head(self.path, line)
        if head.plan != self._plan:
            raise JournalFault(f"{self.path} is the journal of another plan")
        self.address = head.address

    def _take(self, lines: bytes) -> None:
        try:
            entries = msgspec.json.Decoder(Entry).decode_lines(lines)
        except ValueError as error:
            raise JournalFault(f"{self.path} has a line that is none of a journal") from error
        for entry in entries:
            # What succeeded is of one kind, whatever is said of it.
            known = Trouble(entry.outcome, entry.code if entry.outcome in TROUBLES else "")
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

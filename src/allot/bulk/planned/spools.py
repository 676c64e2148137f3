"""Spools: records that are made in one order and written in another, without all of them being in memory."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import IO, Self

import numpy as np
import numpy.typing as npt

# Records of a stretch of the order are sorted in memory, a few megabytes that stay near the processor, or more where
# there would be too many files; bytes that are gathered of one before they go to its file.
STRETCH = 25_000
_FILES_MAX = 200
_GATHERED = 128 << 10


class Spool:
    """Takes records in any order and gives them back by their places; a context manager.

    `places` are those of the records, from 0, in the order in which they are put in.
    """

    def __init__(self, places: npt.NDArray[np.int32]) -> None:
        self._places = places
        self._size = max(STRETCH, len(places) // _FILES_MAX)
        self._stretches = len(places) // self._size + 1
        self._files: list[IO[bytes]] = []
        self._gathered = [bytearray() for _ in range(self._stretches)]
        self._stretch = (places // self._size).astype(np.uint8)
        self._open = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        for _ in range(self._stretches if self._stretches > 1 else 0):
            self._files.append(self._open.enter_context(tempfile.TemporaryFile()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def put(self, records: Sequence[bytes]) -> None:
        """Take the next records, each a line of JSON."""
        stretches = self._stretch[self._count : self._count + len(records)].tolist()
        self._count += len(records)
        for record, stretch in zip(records, stretches, strict=True):
            self._gathered[stretch] += record
        for file, gathered in zip(self._files, self._gathered, strict=False):  # a single stretch has no file
            if len(gathered) > _GATHERED:
                file.write(gathered)
                gathered.clear()

    def lines(self) -> Iterator[tuple[bytes, int]]:
        """All records in the order of their places, as lines of JSON, some thousands at a time, and how many."""
        for stretch in range(self._stretches):
            places = self._places[self._stretch == stretch] - stretch * self._size
            if not len(places):
                continue
            lines = self._read(stretch).splitlines(keepends=True)
            order = np.empty(len(places), np.intp)
            order[places] = np.arange(len(places))
            yield b"".join(map(lines.__getitem__, order.tolist())), len(lines)

    def _read(self, stretch: int) -> bytes:
        data = bytes(self._gathered[stretch])
        self._gathered[stretch].clear()
        if not self._files:
            return data
        self._files[stretch].seek(0)
        return self._files[stretch].read() + data

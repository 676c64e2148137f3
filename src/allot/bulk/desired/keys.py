"""Keys: texts by which rows are found, in some 20 bytes a row whatever their length.

Of each text two hashes are kept, which Python makes with a secret key: 64 bits to search for, and 32 more. Among ten
million texts, two that differ are taken for the same once in 10^15 times.
"""

from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

# No hash is -1, so that what stands here is after all others and found by none.
_LAST = np.uint64(2**64 - 1)


class Keys:
    """Takes a text for each row, and finds rows by their texts once `sort` is called."""

    def __init__(self) -> None:
        self._hashes = array("Q"), array("I")
        self._first = np.empty(0, np.uint64)
        self._second = np.empty(0, np.uint32)
        self._rows = np.empty(0, np.int32)
        #: where hashes that begin with some bits are, one or two of them; to halve all again and again takes ten times
        #: as long
        self._begins = np.empty(0, np.int32)
        self._shift = np.uint64(0)

    def extend(self, texts: Sequence[str]) -> None:
        """The texts of the next rows."""
        first, second = _hashes(texts)
        self._hashes[0].frombytes(first.tobytes())
        self._hashes[1].frombytes(second.tobytes())

    def sort(self) -> None:
        """There are no more rows."""
        first, second = (np.asarray(hashes) for hashes in self._hashes)
        rows = np.argsort(first)
        self._first = np.append(first[rows], _LAST)
        self._second = np.append(second[rows], np.uint32(0))
        self._rows = np.append(rows.astype(np.int32), np.int32(-1))
        self._hashes = array("Q"), array("I")
        width = max(1, len(rows).bit_length() - 1)
        self._shift = np.uint64(64 - width)
        begins = np.arange(1 << width, dtype=np.uint64) << self._shift
        self._begins = np.searchsorted(self._first, begins).astype(np.int32)

    def find(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """The row of each text; -1: there is none."""
        first, second = _hashes(texts)
        at = self._begins[first >> self._shift]
        while (below := self._first[at] < first).any():
            at += below
        while (other := (self._first[at] == first) & (self._second[at] != second)).any():
            at += other
        return np.where(self._first[at] == first, self._rows[at], np.int32(-1))

    def repeated(self) -> Iterator[tuple[int, int]]:
        """Each row whose text an earlier row has, and the first such row; in the order of the rows."""
        same = np.flatnonzero(self._first[1:] == self._first[:-1])
        places = np.union1d(same, same + 1)
        seen: dict[tuple[int, int], int] = {}
        columns = (column[places].tolist() for column in (self._rows, self._first, self._second))
        for row, first, second in sorted(zip(*columns, strict=True)):
            before = seen.setdefault((first, second), row)
            if before != row:
                yield row, before


def _hashes(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    first = np.fromiter(map(hash, texts), np.int64, len(texts))
    second = np.fromiter(map(hash, map("\n".__add__, texts)), np.int64, len(texts))
    return first.astype(np.uint64), second.astype(np.uint32)

"""The screen: who of thousands of people may be refused something, found in a few operations on whole arrays.

Most people are refused nothing, and this is all that is done for them. It may suspect too many and never too few: the
rounds say exactly what is refused to whom. `kernels` has the same once more, compiled.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from allot.bulk.decided.masks import Bits, Screen
from allot.bulk.decided.rounds import EXTERNAL, PROPERTIES, People

Flags = npt.NDArray[np.bool_]
#: of some people, what they hold when everything is applied, and whether anything may be refused to them
Screener = Callable[[Screen, People, Bits, Flags], None]


class ArrayScreener:
    """Screens up to `size` people at a time; its own arrays stay in the processor's cache."""

    def __init__(self, size: int) -> None:
        self._bits = np.empty((4, size), np.uint64)
        self._flags = np.empty((2, size), np.bool_)

    def __call__(self, screen: Screen, people: People, after: Bits, suspect: Flags) -> None:
        """Fill `after` and `suspect`."""
        added, removed, work, _ = self._bits[:, : len(after)]
        one, other = self._flags[:, : len(after)]
        np.bitwise_and(people.add, np.invert(people.before, out=added), out=added)
        np.bitwise_and(people.remove, people.before, out=removed)
        np.bitwise_xor(np.bitwise_xor(people.before, added, out=after), removed, out=after)

        def suspect_both(bits: Bits, left: np.uint64, others: Bits, right: np.uint64, *, lacks: bool = False) -> None:
            """Suspect those with any of `left` in `bits` and any, or none, of `right` in `others`."""
            np.not_equal(np.bitwise_and(bits, left, out=work), 0, out=one)
            (np.equal if lacks else np.not_equal)(np.bitwise_and(others, right, out=work), 0, out=other)
            np.logical_or(suspect, np.logical_and(one, other, out=one), out=suspect)

        self._single(screen, people, suspect)
        for left, right in screen.apart:
            suspect_both(after, left, after, right)
        for left, right in screen.needs:
            suspect_both(after, left, after, right, lacks=True)
        for left, right in screen.moves:
            suspect_both(removed, left, added, right)
        for each in screen.sets:
            np.bitwise_and(after, each, out=work)
            np.not_equal(np.bitwise_and(work, np.subtract(work, 1, out=removed), out=work), 0, out=one)
            np.logical_or(suspect, one, out=suspect)

    def _single(self, screen: Screen, people: People, suspect: Flags) -> None:
        """Suspect those who ask for what may be refused whatever else they have, or for a license both ways."""
        added, removed, work, found = self._bits[:, : len(suspect)]
        one, other = self._flags[:, : len(suspect)]
        np.bitwise_and(people.add, people.remove, out=found)
        np.bitwise_and(np.bitwise_and(added, people.full, out=work), screen.limited, out=work)
        np.bitwise_or(found, work, out=found)
        for bits, mask in (
            (removed, screen.implicit),
            (people.add, screen.unmanaged),
            (people.remove, screen.unmanaged),
        ):
            np.bitwise_or(found, np.bitwise_and(bits, mask, out=work), out=found)
        np.not_equal(found, 0, out=suspect)
        if not people.marks.any():
            return
        for mark, bits, mask in ((PROPERTIES, people.add, screen.calling), (EXTERNAL, added, screen.foreign)):
            np.not_equal(np.bitwise_and(bits, mask, out=work), 0, out=one)
            np.not_equal(people.marks & mark, 0, out=other)
            np.logical_or(suspect, np.logical_and(one, other, out=one), out=suspect)

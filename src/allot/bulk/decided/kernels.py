"""The screen of `screens` compiled to machine code with numba.

It is compiled once for all rulebooks and kept on the disk where that is possible, since the rules are what it reads,
not what it is made of. Importing this module loads numba, which takes longer than to decide for millions of people.
"""

import numba
import numpy as np

from allot.bulk.decided.masks import Bits, Screen
from allot.bulk.decided.rounds import EXTERNAL, PROPERTIES, People
from allot.bulk.decided.screens import Flags, Screener

_ZERO = np.uint64(0)
_ONE = np.uint64(1)


def plain(screen: Screen, people: People, after: Bits, suspect: Flags) -> None:
    """Fill `after` and `suspect`; each loop is one that a compiler makes eight or so people wide."""
    before, add, remove, marks, full = people
    unmanaged, implicit, limited, foreign, calling, apart, needs, moves, sets = screen
    people_count = len(after)
    for i in range(people_count):
        added, removed = add[i] & ~before[i], remove[i] & before[i]
        after[i] = before[i] ^ added ^ removed
        twice = add[i] & remove[i]
        single = twice | ((add[i] | remove[i]) & unmanaged) | (removed & implicit) | (added & full[i] & limited)
        unreached = ((marks[i] & PROPERTIES) != 0) & ((add[i] & calling) != _ZERO)
        outside = ((marks[i] & EXTERNAL) != 0) & ((added & foreign) != _ZERO)
        suspect[i] = (single != _ZERO) | unreached | outside
    for row in range(len(apart)):
        for i in range(people_count):
            suspect[i] |= ((after[i] & apart[row, 0]) != _ZERO) & ((after[i] & apart[row, 1]) != _ZERO)
    for row in range(len(needs)):
        for i in range(people_count):
            suspect[i] |= ((after[i] & needs[row, 0]) != _ZERO) & ((after[i] & needs[row, 1]) == _ZERO)
    for row in range(len(moves)):
        for i in range(people_count):
            lost = (remove[i] & before[i] & moves[row, 0]) != _ZERO
            suspect[i] |= lost & ((add[i] & ~before[i] & moves[row, 1]) != _ZERO)
    for row in range(len(sets)):
        for i in range(people_count):
            held = after[i] & sets[row]
            suspect[i] |= (held & (held - _ONE)) != _ZERO


def _compiled() -> Screener:
    try:
        found: Screener = numba.njit(cache=True)(plain)
    except RuntimeError:  # there is no folder to keep it in
        found = numba.njit()(plain)
    return found


screen = _compiled()

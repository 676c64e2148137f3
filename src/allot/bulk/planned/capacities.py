"""Capacities: whether the units of every license are enough for all changes together, and in which waves they are.

What counts is the net change: units that a plan frees are there for those who get them in it, in a later wave. Where
there are too few, the last people in the order of the input go without.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from allot.bulk.planned.ways import Answer

#: numbers of answers, places of people, waves
Numbers = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
#: a row for each answer, a column for each license
Table = npt.NDArray[np.int64]

# More units than any organization has: no limit.
_ENOUGH = np.int64(2**40)


@dataclass(slots=True, eq=False)
class Capacities:
    """The answers, and the free units of each license by its place (None: no limit).

    `answers` grows while it is used: `without(number, place)` answers somebody anew for whom a license has no unit.
    """

    answers: Sequence[Answer]
    without: Callable[[int, int], int]
    free: Sequence[int | None]
    _tables: tuple[Table, Table] = field(init=False, default=(np.empty((0, 0), np.int64), np.empty((0, 0), np.int64)))

    def settle(self, asked: Numbers, order: Places) -> tuple[Numbers, Numbers]:
        """The answers for which the units suffice, and the wave of each; `asked` are the answers without limits.

        `order`: places in `asked`, those who are served first before the others.
        """
        found, stuck = asked.copy(), np.zeros(len(asked), np.bool_)
        while True:
            self._fit(found, order)
            self._give_back(asked, found, order[~stuck[order]])
            waves, waiting = self._waves(found, order)
            if not waiting:
                return found, waves
            for place, who in waiting:
                stuck[who] = True
                self._refuse(found, who, place)

    def totals(self, found: Numbers) -> tuple[Counts, Counts]:
        """How many people take a unit of each license, and how many leave one."""
        uses, gives = self._effects()
        counts = np.bincount(found, minlength=len(uses))
        return counts @ uses, counts @ gives

    def _effects(self) -> tuple[Table, Table]:
        """What each answer takes and leaves."""
        if self._tables[0].shape != (len(self.answers), len(self.free)):
            self._tables = (self._table(lambda answer: answer.uses), self._table(lambda answer: answer.gives))
        return self._tables

    def _table(self, licenses: Callable[[Answer], int]) -> Table:
        places = range(len(self.free))
        rows = [[licenses(answer) >> place & 1 for place in places] for answer in self.answers]
        return np.array(rows, np.int64).reshape(len(rows), len(places))

    def _limits(self) -> Counts:
        return np.array([_ENOUGH if units is None else units for units in self.free], np.int64)

    def _refuse(self, found: Numbers, who: Places, place: int) -> None:
        """Answer people anew for whom a license has no unit."""
        numbers = found[who]
        for number in np.unique(numbers).tolist():
            found[who[numbers == number]] = self.without(number, place)

    def _fit(self, found: Numbers, order: Places) -> None:
        """Refuse units to the last ones who would take them, until no license is short."""
        while True:
            takes, leaves = self.totals(found)
            short = takes - np.maximum(0, self._limits() + leaves)
            if not (short > 0).any():
                return
            place = int(np.argmax(short > 0))
            takers = order[self._effects()[0][found[order], place] == 1]
            self._refuse(found, takers[-short[place] :], place)

    def _give_back(self, asked: Numbers, found: Numbers, order: Places) -> None:
        """Serve those who were refused for a license that is no longer short, because others were refused too."""
        refused = order[found[order] != asked[order]]
        pairs = np.unique(np.stack([found[refused], asked[refused]], axis=1), axis=0).tolist()
        gained = bool(pairs)
        while gained:
            gained = False
            for now, then in pairs:
                takes, leaves = self.totals(found)
                uses, gives = self._effects()
                more = uses[then] - gives[then] - uses[now] + gives[now]
                room = np.maximum(0, self._limits() + leaves - takes)
                most = int(min((room[place] // more[place] for place in np.flatnonzero(more > 0)), default=_ENOUGH))
                who = refused[(found[refused] == now) & (asked[refused] == then)][:most]
                found[who] = then
                gained |= bool(len(who))

    def _waves(self, found: Numbers, order: Places) -> tuple[Numbers, list[tuple[int, Places]]]:
        """The wave of each, and who would wait forever: for which license, and their places."""
        waves = np.zeros(len(found), np.int32)
        uses, gives = self._effects()
        counts = np.bincount(found, minlength=len(uses))
        contended = np.greater(counts @ uses, self._limits())
        waits = (uses * contended).any(axis=1)
        queues = self._queues(found, order[waits[found[order]]], contended)
        room, freed, wave = self._limits(), (counts * ~waits) @ gives, 0
        while queues:
            moved = False
            for queue in sorted(queues, key=lambda queue: (not (queue.gives * contended).any(), queue.rank)):
                taken = min(len(queue.people), max(0, int(np.min(room[queue.uses > 0]))))
                waves[queue.people[:taken]] = wave
                queue.people, queue.ranks = queue.people[taken:], queue.ranks[taken:]
                room = room - taken * queue.uses
                freed = freed + taken * queue.gives
                moved |= bool(taken)
            queues = [queue for queue in queues if len(queue.people)]
            if not moved and not freed.any():
                return waves, [(queue.lacking(room), queue.people) for queue in queues]
            room, freed, wave = room + freed, np.zeros_like(freed), wave + 1
        return waves, []

    def _queues(self, found: Numbers, waiting: Places, contended: npt.NDArray[np.bool_]) -> list["_Queue"]:
        """Those who take contended units, apart by what they take and leave, first come first."""
        uses, gives = (table * contended for table in self._effects())
        kinds, kind = np.unique(np.hstack([uses, gives]), axis=0, return_inverse=True)
        kind = kind.reshape(-1)[found[waiting]]
        half = len(self.free)
        queues = []
        for number in np.unique(kind).tolist():
            ranks = np.flatnonzero(kind == number)
            queues.append(_Queue(waiting[ranks], ranks, kinds[number][:half], kinds[number][half:]))
        return queues


@dataclass(slots=True, eq=False)
class _Queue:
    """People who take and leave the same contended units, and wait for them; `ranks`: their places in the order."""

    people: Places
    ranks: Places
    uses: Counts
    gives: Counts

    @property
    def rank(self) -> int:
        return int(self.ranks[0])

    def lacking(self, room: Counts) -> int:
        """The license that they wait for."""
        return int(np.argmax((self.uses > 0) & (room <= 0)))

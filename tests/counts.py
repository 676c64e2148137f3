"""How many cases are drawn at random: a few in every run, many in `make long`.

The few find what is plainly wrong, and for all of core together they take about a second. The many find what is rare:
those of core's laws are drawn anew in every run, from a seed that is told.
"""

from random import Random
from typing import NamedTuple

import pytest


def fresh() -> Random:
    """Where cases come from that no other run has seen before. Should one fail, the seed is told."""
    seed = Random().randrange(2**32)
    print(f"\nseed {seed}")
    return Random(seed)


class Count(NamedTuple):
    """How many cases of one kind."""

    quick: int
    long: int

    def both(self, name: str) -> pytest.MarkDecorator:
        """Runs a test with the few in every run, and once more with the many in `make long`; both as this argument."""
        many = pytest.param(self.long, id="many", marks=pytest.mark.long)
        return pytest.mark.parametrize(name, [pytest.param(self.quick, id="few"), many])


#: for each law of a decision, of explanations, of runs and of bills
DECISIONS = Count(20, 20_000)
EXPLANATIONS = Count(25, 4_000)
STORIES = Count(12, 1_000)
BILLS = Count(25, 4_000)

#: decided by the engine and by the oracle: with the shipped rulebook, with invented rulebooks, as arrays
COMPARED = Count(250, 100_000)
RULEBOOKS, INVENTED = Count(8, 100), Count(25, 100)
ARRAYS = Count(200, 5_000)

#: people whose plan is held against what is explained of each alone
PLANNED = Count(600, 5_000)
#: orders that are prechecked and then given
ORDERS = Count(150, 1_000)
#: of odd values a door is shown each so many-th, the next door from the next one on
SHARE = Count(7, 1)
#: of the statements of a run each so many-th is the last one of a worker, on SQLite and on PostgreSQL
STRIDES = {"sqlite": Count(3, 1), "postgresql": Count(9, 1)}
#: runs with several crashes at random
RUNS = Count(6, 60)

#: stops of a server under load
STOPS = Count(1, 5)

#: worlds that are small enough to try every series of requests
WORLDS = Count(60, 10_000)

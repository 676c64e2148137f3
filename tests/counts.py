"""How many cases are drawn at random: a few in every run, many in `make long`.

The few find what is plainly wrong, and for all of core together they take about a second. The many find what is rare:
they are drawn anew in every run, from a seed that is told.
"""

from typing import NamedTuple


class Count(NamedTuple):
    """How many cases of one kind."""

    quick: int
    long: int


#: for each law of a decision, of explanations, of runs, of bills, and of decisions as arrays
DECISIONS = Count(20, 20_000)
EXPLANATIONS = Count(25, 4_000)
STORIES = Count(12, 1_000)
BILLS = Count(25, 10_000)
CROWDS = Count(10, 1_000)

#: decided by the engine and by the oracle: with the shipped rulebook, with invented rulebooks, as arrays
COMPARED = Count(250, 100_000)
RULEBOOKS, INVENTED = Count(8, 100), Count(25, 100)
ARRAYS = Count(200, 5_000)

#: worlds that are small enough to try every series of requests
WORLDS = Count(60, 10_000)

"""Paces: how long the steps of a run take, chosen when its order is accepted."""

from allot.core import run as runs
from allot.core.pause import spread

#: seconds, from and to, that steps take on Webex as integrators see them: the whole within minutes; assumed
REALISTIC = {
    runs.ORGANIZATION: (5, 20),
    runs.LOCATION: (2, 10),
    runs.SITE: (10, 60),
    runs.ADD: (5, 60),
    runs.ADJUST: (1, 5),
    runs.REMOVE: (5, 30),
    runs.MAPPING: (1, 5),
}


def instant(customer_id: str, name: str, number: int) -> int:
    """Every step at once."""
    return 0


def realistic(customer_id: str, name: str, number: int) -> int:
    """Milliseconds within the step's range, the same for the same customer and step."""
    low, high = REALISTIC[name]
    return int((low + (high - low) * spread(f"{customer_id}/{name}/{number}")) * 1000)


PACES = {"instant": instant, "realistic": realistic}

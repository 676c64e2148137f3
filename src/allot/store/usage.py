"""Usage: which subscriber had which package on which days.

A row is an interval of days in UTC: it counts for every day from `from_day` on that ended before `until_day`
began; a row that ends on the day on which it began counts for no day.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.store.database import Reading, Row, Writing

_OPEN = (
    "INSERT INTO usage (org_id, customer_id, subscriber_id, package, from_day, external_id, email)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ONCE"
)
# Taken and given again on one day: the row of that day goes on.
_REOPEN = """
UPDATE usage SET until_day = NULL
WHERE org_id = $1 AND customer_id = $2 AND subscriber_id = $3 AND package = $4 AND from_day = $5
"""
_CLOSE = """
UPDATE usage SET until_day = $5
WHERE org_id = $1 AND customer_id = $2 AND subscriber_id = $3 AND package = $4 AND until_day IS NULL
"""
_CLOSE_CUSTOMER = """
UPDATE usage SET until_day = $3 WHERE org_id = $1 AND customer_id = $2 AND until_day IS NULL
"""
# By the key alone: a condition on days would let a statement read on until enough of them fit.
_SLICE = """
SELECT customer_id, subscriber_id, package, from_day, until_day, external_id, email FROM usage
WHERE org_id = $1 AND (customer_id, subscriber_id, package, from_day) > ($2, $3, $4, $5)
ORDER BY customer_id, subscriber_id, package, from_day LIMIT $6
"""
#: (customer, subscriber, package, first day) of a row
Place = tuple[str, str, str, str]
BEGINNING: Place = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class Use:
    """A package that a subscriber has from a day on, with what the bill says of them."""

    org_id: str
    customer_id: str
    subscriber_id: str
    package: str
    from_day: str
    external_id: str
    email: str


async def open(writing: Writing, uses: Sequence[Use]) -> None:
    """Begin the use of packages."""
    await writing.many(_REOPEN, [(u.org_id, u.customer_id, u.subscriber_id, u.package, u.from_day) for u in uses])
    await writing.many(
        _OPEN,
        [(u.org_id, u.customer_id, u.subscriber_id, u.package, u.from_day, u.external_id, u.email) for u in uses],
    )


async def close(writing: Writing, ends: Sequence[tuple[str, str, str, str, str]]) -> None:
    """End the use of (partner, customer, subscriber, package) on a day, which does not count any more."""
    await writing.many(_CLOSE, ends)


async def close_customer(writing: Writing, org_id: str, customer_id: str, day: str) -> None:
    """End all use by a customer's subscribers on a day, which does not count any more."""
    await writing.run(_CLOSE_CUSTOMER, org_id, customer_id, day)


async def after(reading: Reading, org_id: str, place: Place, size: int) -> list[Row]:
    """A partner's next intervals (core.report.Interval) after a place, by their key; fewer than `size` at the end."""
    return await reading.rows(_SLICE, org_id, *place, size)

"""Usage: which subscriber had which package on which days."""

from allot.store.database import Writing

# A row that ends on the day on which it began counts for no day.
_CLOSE_CUSTOMER = """
UPDATE usage SET until_day = $3 WHERE org_id = $1 AND customer_id = $2 AND until_day IS NULL
"""


async def close_customer(writing: Writing, org_id: str, customer_id: str, day: str) -> None:
    """End all use by a customer's subscribers on a day, which does not count any more."""
    await writing.run(_CLOSE_CUSTOMER, org_id, customer_id, day)

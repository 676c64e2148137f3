"""Deliveries: rows. Whoever changes them has locked their webhook, so that no two do so at the same time.

Of the open ones of a customer only the first is due, the others wait for it. A claim makes it due again after the
lease: what nobody has settled by then is anybody's.
"""

from collections.abc import Collection, Sequence

from allot.core.delivery import Delivery, Standing
from allot.store.database import Reading, Writing
from allot.store.webhooks import Key

_INSERT = "INSERT INTO deliveries (org_id, webhook_id, entry, event, customer_id, body) VALUES ($1, $2, $3, $4, $5, $6)"
# With the whole key in front, so that no other webhook's rows are looked at.
_CLAIM = """
UPDATE deliveries SET due = CLOCK + $3, attempts = attempts + 1
WHERE org_id = $1 AND webhook_id = $2 AND (entry, event) IN (
    SELECT entry, event FROM deliveries
    WHERE org_id = $1 AND webhook_id = $2 AND due <= (SELECT CLOCK) ORDER BY due LIMIT $4
)
RETURNING entry, event, customer_id, attempts, body, CLOCK
"""
_KEY = "org_id = $1 AND webhook_id = $2 AND entry = $3 AND event = $4"
# The attempt is the fence: a result that comes too late finds another one.
_TAKEN = f"DELETE FROM deliveries WHERE {_KEY} AND attempts = $5"
_AGAIN = f"UPDATE deliveries SET due = CLOCK + $6, fault = $7 WHERE {_KEY} AND attempts = $5"
_DEAD = f"UPDATE deliveries SET due = NULL, fault = $6, dead = 1 WHERE {_KEY} AND attempts = $5"
_PARK = "UPDATE deliveries SET due = NULL WHERE org_id = $1 AND webhook_id = $2 AND due IS NOT NULL"
_FIRST = """
UPDATE deliveries SET due = CLOCK
WHERE org_id = $1 AND webhook_id = $2 AND due IS NULL AND (entry, event) = (
    SELECT entry, event FROM deliveries
    WHERE org_id = $1 AND webhook_id = $2 AND customer_id = $3 AND dead = 0 ORDER BY entry, event LIMIT 1
)
"""
_LANES = "SELECT DISTINCT customer_id FROM deliveries WHERE org_id = $1 AND webhook_id = $2 AND dead = 0"
_OPEN = """
SELECT COUNT(*) FROM (
    SELECT 1 FROM deliveries WHERE org_id = $1 AND webhook_id = $2 AND dead = 0 LIMIT $3
) AS found
"""
_PAGE = """
SELECT entry, event, customer_id, attempts, body, fault, dead FROM deliveries
WHERE org_id = $1 AND webhook_id = $2 AND (entry, event) > ($3, $4){dead} ORDER BY entry, event LIMIT $5
"""
_RESEND = """
UPDATE deliveries SET dead = 0, attempts = 0, due = CLOCK WHERE org_id = $1 AND webhook_id = $2 AND dead = 1
"""
_TESTS = "DELETE FROM deliveries WHERE org_id = $1 AND webhook_id = $2 AND customer_id = ''"


async def insert(writing: Writing, deliveries: Sequence[Delivery]) -> None:
    """Write new deliveries; the first ones of their customers are due at once."""
    await writing.many(_INSERT, [(*d.webhook, d.entry, d.event, d.customer_id, d.body) for d in deliveries])
    await let_first_go(writing, {d.lane for d in deliveries})


async def let_first_go(writing: Writing, lanes: Collection[tuple[str, str, str]]) -> None:
    """Make the first open one of each (partner, webhook, customer) due, if it is not yet."""
    await writing.many(_FIRST, sorted(lanes))


async def let_all_go(writing: Writing, webhook: Key) -> None:
    """Make the first ones of all customers due."""
    found = await writing.rows(_LANES, *webhook)
    await let_first_go(writing, [(*webhook, customer_id) for (customer_id,) in found])


async def park(writing: Writing, webhook: Key) -> None:
    """Let nothing be due."""
    await writing.run(_PARK, *webhook)


async def claim(writing: Writing, webhook: Key, lease: int, limit: int) -> list[tuple[Delivery, int]]:
    """Claim what is due for so many milliseconds, each with the time, in milliseconds since 1970."""
    found = await writing.rows(_CLAIM, *webhook, lease, limit)
    return [(Delivery(*webhook, *row[:5]), row[5]) for row in found]


async def count_open(reading: Reading, webhook: Key, limit: int) -> int:
    """How many are on their way, counted up to `limit`."""
    [(found,)] = await reading.rows(_OPEN, *webhook, limit)
    return int(found)


async def taken(writing: Writing, deliveries: Sequence[Delivery]) -> None:
    """Remove what was taken."""
    await writing.many(_TAKEN, [_claimed(d) for d in deliveries])


async def again(writing: Writing, failed: Sequence[tuple[Delivery, int, str]]) -> None:
    """Try these again, each after so many milliseconds, with the reason."""
    await writing.many(_AGAIN, [(*_claimed(d), milliseconds, fault) for d, milliseconds, fault in failed])


async def dead(writing: Writing, failed: Sequence[tuple[Delivery, str]]) -> None:
    """Give these up, each with the reason."""
    await writing.many(_DEAD, [(*_claimed(d), fault) for d, fault in failed])


async def page(
    reading: Reading, webhook: Key, after: tuple[int, int], is_dead: bool | None, limit: int
) -> list[Standing]:
    """Deliveries after (entry, event) in their order: all, the dead ones, or those on their way."""
    condition = "" if is_dead is None else f" AND dead = {int(is_dead)}"
    found = await reading.rows(_PAGE.format(dead=condition), *webhook, *after, limit)
    return [Standing(Delivery(*webhook, *row[:5]), row[5], bool(row[6])) for row in found]


async def resend(writing: Writing, webhook: Key, one: tuple[int, int] | None) -> int:
    """Try dead ones again from the beginning: one, or all; how many there were."""
    if one is None:
        return await writing.run(_RESEND, *webhook)
    return await writing.run(_RESEND + " AND entry = $3 AND event = $4", *webhook, *one)


async def forget_tests(writing: Writing, webhook: Key) -> None:
    """Remove what is left of tests: a new one waits for none of them."""
    await writing.run(_TESTS, *webhook)


def _claimed(delivery: Delivery) -> tuple[str, str, int, int, int]:
    return (*delivery.webhook, delivery.entry, delivery.event, delivery.attempts)

"""Webhooks: rows."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from allot.core.webhook import Webhook
from allot.store.database import Reading, Row, Writing, one, rows

#: (partner, webhook)
Key = tuple[str, str]

_COLUMNS = "w.org_id, w.webhook_id, w.url, w.secret, w.types, w.created, w.entry, w.disabled, w.delivered"
_INSERT = (
    "INSERT INTO webhooks (org_id, webhook_id, url, secret, types, created, entry) VALUES ($1, $2, $3, $4, $5, $6, $7)"
)
_OF_PARTNER = f"SELECT {_COLUMNS} FROM webhooks w WHERE w.org_id = $1 ORDER BY w.created, w.webhook_id"
_ONE = f"SELECT {_COLUMNS} FROM webhooks w WHERE w.org_id = $1 AND w.webhook_id = $2"
_LOCK = f"""
SELECT {_COLUMNS} FROM EACH($1) k JOIN webhooks w ON w.org_id = k.value->>0 AND w.webhook_id = k.value->>1
ORDER BY w.org_id, w.webhook_id FOR UPDATE OF w
"""
# Read without a lock: whoever finds one locks it and looks again.
_WAITING = """
SELECT w.org_id, w.webhook_id, w.entry < o.entries, EXISTS (
    SELECT 1 FROM deliveries d
    WHERE d.org_id = w.org_id AND d.webhook_id = w.webhook_id AND d.due <= (SELECT CLOCK)
)
FROM webhooks w JOIN organizations o ON o.org_id = w.org_id WHERE w.disabled IS NULL
"""
_DELETE = "DELETE FROM webhooks WHERE org_id = $1 AND webhook_id = $2"
_ADVANCE = "UPDATE webhooks SET entry = $3 WHERE org_id = $1 AND webhook_id = $2"
_DISABLE = "UPDATE webhooks SET disabled = $3 WHERE org_id = $1 AND webhook_id = $2"
_DELIVERED = "UPDATE webhooks SET delivered = $3 WHERE org_id = $1 AND webhook_id = $2"


class Waiting(NamedTuple):
    """Whether there are new entries in the journal for a webhook, and deliveries that are due."""

    key: Key
    news: bool
    due: bool


async def insert(writing: Writing, webhook: Webhook) -> None:
    """Write a new webhook."""
    w = webhook
    types = msgspec.json.encode(w.types).decode()
    await writing.run(_INSERT, w.org_id, w.id, w.url, w.secret, types, w.created, w.entry)


async def of_partner(reading: Reading, org_id: str) -> list[Webhook]:
    """A partner's webhooks, oldest first."""
    return [_webhook(row) for row in await reading.rows(_OF_PARTNER, org_id)]


async def find(reading: Reading, org_id: str, webhook_id: str) -> Webhook | None:
    """The webhook of an id, or None."""
    row = await one(reading, _ONE, org_id, webhook_id)
    return _webhook(row) if row else None


async def lock(writing: Writing, keys: Collection[Key]) -> list[Webhook]:
    """Lock these webhooks that there are, always in the same order; their deliveries are locked with them."""
    return [_webhook(row) for row in await writing.rows(_LOCK, rows(sorted(keys)))]


async def waiting(reading: Reading) -> list[Waiting]:
    """What there is to do for the webhooks that are not disabled."""
    return [Waiting((row[0], row[1]), bool(row[2]), bool(row[3])) for row in await reading.rows(_WAITING)]


async def delete(writing: Writing, org_id: str, webhook_id: str) -> bool:
    """Remove a webhook and its deliveries; whether there was one."""
    return await writing.run(_DELETE, org_id, webhook_id) > 0


async def advance(writing: Writing, webhook: Webhook, entry: int) -> None:
    """Note that the journal was turned into deliveries up to an entry."""
    await writing.run(_ADVANCE, *webhook.key, entry)


async def disable(writing: Writing, key: Key, why: str | None) -> None:
    """Send nothing more to a webhook; with None, send again."""
    await writing.run(_DISABLE, *key, why)


async def delivered(writing: Writing, keys: Sequence[Key], at: str) -> None:
    """Note when webhooks have taken a delivery."""
    await writing.many(_DELIVERED, [(*key, at) for key in keys])


def _webhook(row: Row) -> Webhook:
    org_id, id, url, secret, types, created, entry, disabled, delivered_at = row
    return Webhook(org_id, id, url, secret, tuple(msgspec.json.decode(types)), created, entry, disabled, delivered_at)

"""The journal's rows: written with the change that they tell of, numbered without a gap."""

from collections.abc import Sequence

import msgspec

from allot.core.journal import Entry
from allot.store.database import Writing, rows

_COUNT = "SELECT o.org_id, o.entries FROM EACH($1) k JOIN organizations o ON o.org_id = k.value->>0"
_SET = "UPDATE organizations SET entries = $2 WHERE org_id = $1"
_WRITE = """
INSERT INTO journal (org_id, entry, at, tracking_id, action, actor_id, target_id, outcome, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


async def write(writing: Writing, entries: Sequence[Entry]) -> None:
    """Number and write the entries; their organizations are locked by this transaction."""
    if not entries:
        return
    org_ids = sorted({entry.org_id for entry in entries})
    counts: dict[str, int] = dict(await writing.rows(_COUNT, rows([(org_id,) for org_id in org_ids])))
    for entry in entries:
        counts[entry.org_id] = entry.number = counts[entry.org_id] + 1
    encode = msgspec.json.encode
    await writing.many(
        _WRITE,
        [
            (
                e.org_id,
                e.number,
                e.at,
                e.tracking_id,
                e.action,
                e.actor_id,
                e.target_id,
                e.outcome,
                encode(e.detail).decode(),
            )
            for e in entries
        ],
    )
    await writing.many(_SET, [(org_id, counts[org_id]) for org_id in org_ids])

"""The clock: one row for all processes on a database, and what there is to do at which time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from allot.store.database import Reading, Writing, one, rows

_READ = "SELECT version, frozen, ahead_ms FROM clock WHERE id = 1"
_MAKE = "INSERT INTO clock (id) VALUES (1) ONCE"
_SET = "UPDATE clock SET version = $1, frozen = $2, ahead_ms = $3 WHERE id = 1"
# One statement, and so one moment: what goes from one hand to the other is seen in one of them.
_AHEAD = """
SELECT MIN(work.due), COALESCE(SUM(work.taken), 0) FROM (
    SELECT MIN(due) AS due, 0 AS taken FROM steps WHERE state = 'ready'
    UNION ALL SELECT NULL, COUNT(*) FROM steps WHERE state = 'running'
    UNION ALL SELECT MIN(due), 0 FROM reports WHERE status IN ('IN_PROGRESS', 'DELETED') AND lease_until IS NULL
    UNION ALL SELECT NULL, COUNT(*) FROM reports WHERE status IN ('IN_PROGRESS', 'DELETED') AND lease_until IS NOT NULL
) AS work
"""
_JOURNALS = """
SELECT p.org_id, o.entries FROM partners p JOIN organizations o ON o.org_id = p.org_id
WHERE p.org_id = $1 OR p.parent_id = $1
"""
_CARRIED = """
SELECT COUNT(*) FROM EACH($1) k
JOIN journal j ON j.org_id = k.value->>0 AND j.entry > CAST(k.value->>1 AS BIGINT)
WHERE j.action = 'runs.step'
"""
# Joined in this order: there are few runs that live, and very many steps.
_LEFT = """
SELECT s.org_id, s.customer_id, s.run, s.step, s.name, s.package, s.state, s.due
FROM partners p CROSS JOIN runs r CROSS JOIN steps s
WHERE (p.org_id = $1 OR p.parent_id = $1) AND r.org_id = p.org_id AND r.settled IS NULL
    AND s.org_id = r.org_id AND s.customer_id = r.customer_id AND s.run = r.run
    AND s.state IN ('ready', 'running', 'held', 'parked')
ORDER BY s.org_id, s.customer_id, s.step LIMIT $2
"""


class Kept(NamedTuple):
    """How the clock is set: the how manyth setting it is, where it stands still, and how far it is ahead."""

    version: int
    frozen: str | None
    ahead_ms: int


@dataclass(frozen=True, slots=True)
class Left:
    """A step that is not over, of a run that lives."""

    org_id: str
    customer_id: str
    run: int
    number: int
    name: str
    package: str
    state: str
    due: str | None


async def read(reading: Reading) -> Kept | None:
    """How the clock is set; None where nobody has ever set it."""
    row = await one(reading, _READ)
    return Kept(*row) if row else None


async def lock(writing: Writing) -> Kept:
    """How the clock is set, with nobody else setting it until this transaction ends."""
    await writing.run(_MAKE)
    [row] = await writing.rows(f"{_READ} FOR UPDATE")
    return Kept(*row)


async def write(writing: Writing, kept: Kept) -> None:
    """Set the clock, which this transaction has locked."""
    await writing.run(_SET, *kept)


async def ahead(reading: Reading) -> tuple[str | None, int]:
    """When the next step or report is due, None when none is; and how many are being worked at."""
    [(due, taken)] = await reading.rows(_AHEAD)
    return due, int(taken)


async def journals(reading: Reading, org_id: str) -> list[tuple[str, int]]:
    """How many entries the journals of a partner and of its sub-partners have."""
    return [(found, entries) for found, entries in await reading.rows(_JOURNALS, org_id)]


async def carried(reading: Reading, since: Sequence[tuple[str, int]]) -> int:
    """How many attempts at steps (partner, entry) journals tell of after these entries."""
    [(count,)] = await reading.rows(_CARRIED, rows(since))
    return int(count)


async def left(reading: Reading, org_id: str, limit: int) -> list[Left]:
    """What is not over of the runs of a partner's customers and of its sub-partners'."""
    return [Left(*row) for row in await reading.rows(_LEFT, org_id, limit)]

"""Ordered outcomes: rows."""

from collections.abc import Collection, Iterable, Sequence

from allot.core.outcome import Outcome
from allot.core.package import Notice
from allot.store.database import Reading, Row, Writing, rows, texts

_COLUMNS = (
    "o.org_id, o.outcome_id, o.customer_id, o.run, o.target, o.kind, o.code, o.description, o.times, o.milliseconds,"
    " o.created"
)
_OF_RUNS = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN outcomes o ON o.org_id = k.value->>0 AND o.customer_id = k.value->>1 AND o.run = CAST(k.value->>2 AS BIGINT)
ORDER BY o.created, o.outcome_id
"""
_NEXT = f"""
SELECT {_COLUMNS} FROM outcomes o
WHERE o.org_id IN LIST($1) AND o.customer_id IS NULL ORDER BY o.created, o.outcome_id FOR UPDATE OF o
"""
_UNBOUND = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN outcomes o ON o.org_id = k.value->>0 AND o.customer_id = k.value->>1 AND o.run IS NULL
ORDER BY o.created, o.outcome_id
"""
_OF_PARTNER = f"""
SELECT {_COLUMNS} FROM outcomes o WHERE o.org_id = $1 AND o.outcome_id > $2 ORDER BY o.outcome_id LIMIT $3
"""
_ONE = f"SELECT {_COLUMNS} FROM outcomes o WHERE o.org_id = $1 AND o.outcome_id = $2"
_LOCKED = f"{_ONE} FOR UPDATE OF o"
_INSERT = (
    "INSERT INTO outcomes (org_id, outcome_id, customer_id, run, target, kind, code, description, times, milliseconds,"
    " created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)
_BIND = "UPDATE outcomes SET customer_id = $3, run = $4 WHERE org_id = $1 AND outcome_id = $2"
_DELETE = "DELETE FROM outcomes WHERE org_id = $1 AND outcome_id = $2"
_FORGET = "DELETE FROM outcomes WHERE org_id = $1 AND customer_id = $2"


async def of_runs(reading: Reading, keys: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], list[Outcome]]:
    """What is ordered for these (partner, customer, run), by partner and customer."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for row in await reading.rows(_OF_RUNS, rows(list(keys))):
        found.setdefault((row[0], row[2]), []).append(_outcome(row))
    return found


async def unbound(reading: Reading, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Outcome]]:
    """What is ordered for the next run of these (partner, customer)."""
    found: dict[tuple[str, str], list[Outcome]] = {}
    for row in await reading.rows(_UNBOUND, rows(list(keys))):
        found.setdefault((row[0], row[2]), []).append(_outcome(row))
    return found


async def of_next(writing: Writing, org_ids: Collection[str]) -> dict[str, list[Outcome]]:
    """What is ordered for the next customer of these partners; nobody else takes it until this transaction ends."""
    found: dict[str, list[Outcome]] = {}
    for row in await writing.rows(_NEXT, texts(org_ids)):
        found.setdefault(row[0], []).append(_outcome(row))
    return found


async def of_partner(reading: Reading, org_id: str, after: str, limit: int) -> list[Outcome]:
    """What is ordered for a partner's customers, in the order of its ids, after one."""
    return [_outcome(row) for row in await reading.rows(_OF_PARTNER, org_id, after, limit)]


async def find(reading: Reading, org_id: str, outcome_id: str) -> Outcome | None:
    """The outcome of an id, or None."""
    found = await reading.rows(_ONE, org_id, outcome_id)
    return _outcome(found[0]) if found else None


async def lock(writing: Writing, org_id: str, outcome_id: str) -> Outcome | None:
    """The same, and nobody else changes it until this transaction ends."""
    found = await writing.rows(_LOCKED, org_id, outcome_id)
    return _outcome(found[0]) if found else None


async def insert(writing: Writing, outcome: Outcome) -> None:
    """Write a new outcome."""
    o = outcome
    told = (o.notice.code, o.notice.description, o.times, o.milliseconds, o.created)
    await writing.run(_INSERT, o.org_id, o.id, o.customer_id, o.run, o.target, o.kind, *told)


async def bind(writing: Writing, bound: Sequence[tuple[str, str, str, int]]) -> None:
    """Order (partner, outcome) for (customer, run)."""
    await writing.many(_BIND, bound)


async def delete(writing: Writing, org_id: str, outcome_id: str) -> None:
    """Forget an outcome."""
    await writing.run(_DELETE, org_id, outcome_id)


async def forget(writing: Writing, keys: Sequence[tuple[str, str]]) -> None:
    """Forget what was ordered for customers that are gone."""
    await writing.many(_FORGET, keys)


def _outcome(row: Row) -> Outcome:
    values = (*row[:6], Notice(row[6], row[7]), *row[8:])
    return Outcome(*values)

"""Runs and their steps: written with their order, claimed by workers, and recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from allot.core.customer import Customer
from allot.core.package import Notice
from allot.core.run import READY, RUNNING, SETTLED, Run, Step
from allot.store.customers import Key
from allot.store.database import Reading, Row, Writing, one, rows

_INSERT = (
    "INSERT INTO runs (org_id, customer_id, run, kind, plan, tracking_id, actor_id, created)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)
_INSERT_STEP = (
    "INSERT INTO steps (org_id, customer_id, run, step, name, package, follows, takes, state, due)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
)
# A customer's steps are one worker's at a time: two that share a customer wait for each other in every transaction.
_CLAIM = """
UPDATE steps SET state = 'running', attempts = attempts + 1, lease_until = CLOCK + $2, worker = $3, started = $1
WHERE (org_id, customer_id, run, step) IN (
    SELECT org_id, customer_id, run, step FROM steps WHERE state = 'ready' AND due <= $1
    AND (org_id, customer_id) NOT IN (SELECT org_id, customer_id FROM steps WHERE state = 'running')
    ORDER BY due, org_id, customer_id LIMIT $4 FOR UPDATE SKIP LOCKED
)
RETURNING org_id, customer_id, run, step, attempts, worker, name
"""
_LEFT = "SELECT MAX(attempts) FROM steps WHERE state = 'running' AND lease_until <= CLOCK"
_RECLAIM = """
UPDATE steps SET attempts = attempts + 1, lease_until = CLOCK + $2, worker = $3, started = $1
WHERE (org_id, customer_id, run, step) IN (
    SELECT org_id, customer_id, run, step FROM steps
    WHERE state = 'running' AND lease_until <= CLOCK AND attempts BETWEEN $5 AND $6
    ORDER BY lease_until LIMIT $4 FOR UPDATE SKIP LOCKED
)
RETURNING org_id, customer_id, run, step, attempts, worker, name
"""
# Claims of one worker, whose rows no other transaction changes just now; nobody is waited for.
_RENEW = """
UPDATE steps SET lease_until = CLOCK + $2
WHERE (org_id, customer_id, run, step) IN (
    SELECT s.org_id, s.customer_id, s.run, s.step FROM EACH($1) k
    JOIN steps s ON s.org_id = k.value->>0 AND s.customer_id = k.value->>1 AND s.run = CAST(k.value->>2 AS BIGINT)
        AND s.step = CAST(k.value->>3 AS INTEGER)
    WHERE s.state = 'running' AND s.attempts = CAST(k.value->>4 AS INTEGER) AND s.worker = k.value->>5
    FOR UPDATE OF s SKIP LOCKED
)
"""
_HOLD = """
SELECT s.org_id, s.customer_id, s.run, s.step, s.attempts, s.worker, s.name FROM EACH($1) k
JOIN steps s ON s.org_id = k.value->>0 AND s.customer_id = k.value->>1 AND s.run = CAST(k.value->>2 AS BIGINT)
    AND s.step = CAST(k.value->>3 AS INTEGER)
WHERE s.state = 'running' AND s.attempts = CAST(k.value->>4 AS INTEGER) AND s.worker = k.value->>5
ORDER BY s.org_id, s.customer_id, s.run, s.step FOR UPDATE OF s
"""
_RUNS = """
SELECT r.org_id, r.customer_id, r.kind, r.plan, r.tracking_id, r.actor_id FROM EACH($1) k
JOIN runs r ON r.org_id = k.value->>0 AND r.customer_id = k.value->>1 AND r.run = CAST(k.value->>2 AS BIGINT)
"""
_STEPS = """
SELECT s.org_id, s.customer_id, s.step, s.name, s.package, s.follows, s.takes, s.state, s.attempts, s.fault
FROM EACH($1) k
JOIN steps s ON s.org_id = k.value->>0 AND s.customer_id = k.value->>1 AND s.run = CAST(k.value->>2 AS BIGINT)
ORDER BY s.org_id, s.customer_id, s.step
"""
_RECORD = """
UPDATE steps SET state = $5, due = $6, ended = $7, fault = $8, attempts = $9, lease_until = NULL, worker = NULL
WHERE org_id = $1 AND customer_id = $2 AND run = $3 AND step = $4
"""
_SETTLE = "UPDATE runs SET settled = $4 WHERE org_id = $1 AND customer_id = $2 AND run = $3"
_HISTORY = """
SELECT run, kind, tracking_id, actor_id, created, settled FROM runs
WHERE org_id = $1 AND customer_id = $2 AND run < $3 ORDER BY run DESC LIMIT $4
"""
_PROGRESS = """
SELECT step, name, package, follows, state, attempts, takes, due, started, ended, fault FROM steps
WHERE org_id = $1 AND customer_id = $2 AND run = $3 ORDER BY step
"""
# A step that was left so often is suspected of ending its workers.
APART_FROM = 2


@dataclass(frozen=True, slots=True)
class Past:
    """A run as it is told of: what it was for, when it came and when it was settled."""

    number: int
    kind: str
    tracking_id: str
    actor_id: str | None
    created: str
    settled: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A step as it is told of."""

    number: int
    name: str
    package: str
    after: tuple[int, ...]
    state: str
    attempts: int
    takes: int
    due: str | None
    started: str | None
    ended: str | None
    fault: Notice | None


class Claim(NamedTuple):
    """A step that a worker may carry out until its lease runs out; `attempt` and `worker` are its fencing token."""

    org_id: str
    customer_id: str
    run: int
    step: int
    attempt: int
    worker: str
    #: what the step does
    name: str

    @property
    def key(self) -> Key:
        """The customer that it is for."""
        return self.org_id, self.customer_id


@dataclass(frozen=True, slots=True)
class Lease:
    """For how long steps are claimed, by whom, and how many at once."""

    worker: str
    milliseconds: int
    limit: int


async def insert(writing: Writing, runs: Sequence[Run], now: str, due: dict[int, str]) -> None:
    """Write new runs with all their steps; `due` is when a step that takes so many milliseconds is due."""
    await writing.many(
        _INSERT,
        [
            (*_key(run), run.kind, msgspec.json.encode(run.plan).decode(), run.tracking_id, run.actor_id, now)
            for run in runs
        ],
    )
    await writing.many(
        _INSERT_STEP,
        [
            (
                *(*_key(run), step.number, step.name, step.package, _follows(step.after)),
                *(step.takes, step.state, due[step.takes] if step.state == READY else None),
            )
            for run in runs
            for step in run.steps
        ],
    )


@lru_cache(maxsize=1000)
def _follows(after: tuple[int, ...]) -> str:
    """The steps before a step as they are stored; runs are alike."""
    return msgspec.json.encode(after).decode()


async def claim(writing: Writing, now: str, lease: Lease) -> list[Claim]:
    """Claim what others have claimed and left, and what is due; no two workers claim the same.

    What was left repeatedly is claimed alone: should it be what ends its workers, nothing else is left with it.
    """
    row = await one(writing, _LEFT)
    left = (row[0] if row else None) or 0
    told = (now, lease.milliseconds, lease.worker)
    found: list[Row] = []
    if left >= APART_FROM:
        found = await writing.rows(_RECLAIM, *told, 1, APART_FROM, left)
    if left and not found:
        found = await writing.rows(_RECLAIM, *told, lease.limit, 0, APART_FROM - 1)
    if not found or found[0][4] <= APART_FROM:
        found += await writing.rows(_CLAIM, *told, lease.limit - len(found))
    return [Claim(*row) for row in found]


async def hold(writing: Writing, claims: Sequence[Claim]) -> list[Claim]:
    """Those of these claims that are still held; nobody takes them over until this transaction ends."""
    return [Claim(*row) for row in await writing.rows(_HOLD, rows(claims))]


async def renew(writing: Writing, claims: Sequence[Claim], lease: Lease) -> None:
    """Keep claims that are still held for another lease, but for those that are being recorded."""
    await writing.run(_RENEW, rows(claims), lease.milliseconds)


async def load(
    reading: Reading, customers: dict[Key, Customer], keys: Iterable[tuple[str, str, int]]
) -> dict[Key, Run]:
    """The runs of these (partner, customer, number) whose customers are given, with all their steps.

    A run that another one followed is left out: nothing can happen to it any more.
    """
    wanted = rows([key for key in keys if key[:2] in customers and customers[key[:2]].run == key[2]])
    found: dict[Key, Run] = {}
    for org_id, customer_id, kind, plan, tracking_id, actor_id in await reading.rows(_RUNS, wanted):
        customer = customers[org_id, customer_id]
        found[org_id, customer_id] = Run(
            customer, customer.run, kind, msgspec.json.decode(plan), [], tracking_id, actor_id
        )
    for row in await reading.rows(_STEPS, wanted):
        found[row[0], row[1]].steps.append(_step(row))
    return found


def _step(row: Row) -> Step:
    _, _, number, name, package, follows, takes, state, attempts, fault = row
    return Step(number, name, package, _after(follows), takes, state, attempts, _fault(fault))


def _after(text: str) -> tuple[int, ...]:
    return tuple(msgspec.json.decode(text)) if text != "[]" else ()


def _fault(text: str | None) -> Notice | None:
    return Notice(*msgspec.json.decode(text)) if text else None


async def record(writing: Writing, steps: Sequence[tuple[Run, Step, str | None]], now: str) -> None:
    """Write steps as they are now, each with when it is due next."""
    await writing.many(
        _RECORD,
        [
            (
                *(*_key(run), step.number, step.state, due, now if step.state in SETTLED else None),
                *(msgspec.json.encode(step.fault).decode() if step.fault else None, step.attempts),
            )
            for run, step, due in steps
            if step.state != RUNNING
        ],
    )


async def settle(writing: Writing, runs: Sequence[Run], now: str | None) -> None:
    """Note that runs have come to their end; with None, that they live again."""
    await writing.many(_SETTLE, [(*_key(run), now) for run in runs])


async def history(reading: Reading, key: Key, before: int, limit: int) -> list[Past]:
    """The runs of a customer before one, newest first."""
    return [Past(*row) for row in await reading.rows(_HISTORY, *key, before, limit)]


async def progress(reading: Reading, key: Key, number: int) -> list[Progress]:
    """The steps of a run."""
    found = await reading.rows(_PROGRESS, *key, number)
    told = [(*row[:3], _after(row[3]), *row[4:10], _fault(row[10])) for row in found]
    return [Progress(*values) for values in told]


def _key(run: Run) -> tuple[str, str, int]:
    return run.customer.org_id, run.customer.id, run.number

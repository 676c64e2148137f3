"""Billing reports: rows, their text in pieces, and the claims of those who make them."""

from collections.abc import Iterable, Sequence

import msgspec

from allot.core.package import Notice
from allot.core.report import COMPLETED, DELETED, IN_PROGRESS, Filter, Report
from allot.store.database import Reading, Row, Writing, one, rows

#: (partner's organization id, report id)
Key = tuple[str, str]

_COLUMNS = """
r.org_id, r.report_id, r.billing_start, r.billing_end, r.report_type, r.category, r.subject_id, r.internal, r.created,
r.created_by, r.tracking_id, r.status, r.errors, r.attempts, r.pieces, r.size
"""
_INSERT = (
    "INSERT INTO reports (org_id, report_id, billing_start, billing_end, report_type, category, subject_id, internal,"
    " created, created_by, tracking_id, status, due)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
)
_FIND = f"SELECT {_COLUMNS} FROM reports r WHERE r.org_id = $1 AND r.report_id = $2 AND r.status <> 'DELETED'"
_LOCKED = """
SELECT r.org_id, r.report_id FROM EACH($1) k
JOIN reports r ON r.org_id = k.value->>0 AND r.report_id = k.value->>1
WHERE r.status <> 'DELETED' ORDER BY r.org_id, r.report_id FOR UPDATE OF r
"""
_BURY = """
UPDATE reports SET status = 'DELETED', lease_until = NULL, due = $3 WHERE org_id = $1 AND report_id = $2
"""
_WAITING = """
SELECT r.org_id, r.report_id FROM reports r
WHERE r.status IN ('IN_PROGRESS', 'DELETED') AND r.due <= $1 AND (r.lease_until IS NULL OR r.lease_until <= CLOCK)
ORDER BY r.due LIMIT 1
"""
_NEXT = f"{_WAITING.rstrip()} FOR UPDATE SKIP LOCKED"
_CLAIM = """
UPDATE reports SET attempts = attempts + 1, lease_until = CLOCK + $3 WHERE org_id = $1 AND report_id = $2
"""
_CLAIMED = f"SELECT {_COLUMNS} FROM reports r WHERE r.org_id = $1 AND r.report_id = $2"
_OURS = " WHERE org_id = $1 AND report_id = $2 AND attempts = $3 AND status = $4 AND lease_until IS NOT NULL"
_HOLD = f"UPDATE reports SET lease_until = CLOCK + $5{_OURS}"
_POSTPONE = f"UPDATE reports SET lease_until = NULL, due = $5{_OURS}"
_FINISH = f"UPDATE reports SET lease_until = NULL, status = $5, errors = $6, pieces = $7, size = $8{_OURS}"
_REMOVE = f"DELETE FROM reports{_OURS}"
_WRITE = "INSERT INTO report_pieces (org_id, report_id, piece, body) VALUES ($1, $2, $3, $4)"
_PIECE = "SELECT body FROM report_pieces WHERE org_id = $1 AND report_id = $2 AND piece = $3"
_CLEAR = """
DELETE FROM report_pieces WHERE org_id = $1 AND report_id = $2 AND piece IN (
    SELECT piece FROM report_pieces WHERE org_id = $1 AND report_id = $2 ORDER BY piece LIMIT $3
)
"""
#: what a list is sorted by -> its column
SORTS = {
    "id": "report_id",
    "billingStartDate": "billing_start",
    "billingEndDate": "billing_end",
    "status": "status",
}
#: sorts by when they were asked for, the last first
NEWEST = "newest"


async def insert(writing: Writing, reports: Sequence[Report]) -> None:
    """Write new reports, to be made at once."""
    await writing.many(
        _INSERT,
        [
            (
                *(r.org_id, r.id, r.start, r.end, r.type, r.category, r.subject_id, int(r.internal)),
                *(r.created, r.created_by, r.tracking_id, r.status, r.created),
            )
            for r in reports
        ],
    )


async def find(reading: Reading, org_id: str, report_id: str) -> Report | None:
    """A report that is not deleted, or None."""
    row = await one(reading, _FIND, org_id, report_id)
    return _report(row) if row else None


async def page(
    reading: Reading, org_id: str, wanted: Filter, sort: str, after: tuple[str, str] | None, size: int
) -> list[Report]:
    """A partner's wanted reports, sorted by one of `SORTS` or as `NEWEST`, and then by id; after (that value, id)."""
    column, beyond, turn = ("created", "<", " DESC") if sort == NEWEST else (SORTS[sort], ">", "")
    conditions, values = ["r.org_id = $1", "r.status <> 'DELETED'"], [org_id, size]
    for name, value in (
        ("billing_start", wanted.start),
        ("billing_end", wanted.end),
        ("report_type", wanted.type),
        ("status", wanted.status),
        ("subject_id", wanted.subject_id),
    ):
        if value is not None:
            values.append(value)
            conditions.append(f"r.{name} = ${len(values)}")
    if after is not None:
        values += after
        conditions.append(f"(r.{column}, r.report_id) {beyond} (${len(values) - 1}, ${len(values)})")
    sql = f"""
    SELECT {_COLUMNS} FROM reports r WHERE {" AND ".join(conditions)}
    ORDER BY r.{column}{turn}, r.report_id{turn} LIMIT $2
    """
    return [_report(row) for row in await reading.rows(sql, *values)]


async def lock(writing: Writing, keys: Iterable[Key]) -> set[Key]:
    """Which of these reports there are, locked in the order of their keys."""
    return {(org_id, report_id) for org_id, report_id in await writing.rows(_LOCKED, rows(list(keys)))}


async def bury(writing: Writing, keys: Iterable[Key], now: str) -> None:
    """Delete reports for everybody to see; what they hold is cleared when somebody claims them."""
    await writing.many(_BURY, [(*key, now) for key in keys])


async def is_due(reading: Reading, now: str) -> bool:
    """Whether a report waits for somebody to work at it."""
    return await one(reading, _WAITING, now) is not None


async def claim(writing: Writing, now: str, milliseconds: int) -> Report | None:
    """Claim the report that has waited longest, new or left by others: to make it, or to clear a deleted one."""
    key = await one(writing, _NEXT, now)
    if key is None:
        return None
    await writing.run(_CLAIM, *key, milliseconds)
    [row] = await writing.rows(_CLAIMED, *key)
    return _report(row)


async def hold(writing: Writing, report: Report, milliseconds: int) -> bool:
    """Keep a claim for another lease, and its row locked; False when it is not ours any more."""
    return await writing.run(_HOLD, *_ours(report), milliseconds) > 0


async def postpone(writing: Writing, report: Report, due: str) -> bool:
    """Give a claim back, to be made from this time on; False when it was not ours any more."""
    return await writing.run(_POSTPONE, *_ours(report), due) > 0


async def finish(writing: Writing, report: Report, status: str, errors: Sequence[Notice]) -> bool:
    """End a claim with this status; False when it was not ours any more."""
    told = msgspec.json.encode(errors).decode()
    whole = (report.pieces, report.size) if status == COMPLETED else (0, 0)
    return await writing.run(_FINISH, *_ours(report), status, told, *whole) > 0


async def remove(writing: Writing, report: Report) -> bool:
    """Remove a deleted report whose pieces are gone; False when it was not ours any more."""
    return await writing.run(_REMOVE, *_ours(report)) > 0


async def write(writing: Writing, report: Report, piece: int, body: str) -> None:
    """Write a piece of a report's text."""
    await writing.run(_WRITE, report.org_id, report.id, piece, body)


async def clear(writing: Writing, report: Report, limit: int) -> int:
    """Remove some pieces of a report's text; how many."""
    return await writing.run(_CLEAR, report.org_id, report.id, limit)


async def piece(reading: Reading, report: Report, number: int) -> str | None:
    """A piece of a report's text; None when it is not there."""
    row = await one(reading, _PIECE, report.org_id, report.id, number)
    return row[0] if row else None


def _ours(report: Report) -> tuple[str, str, int, str]:
    return report.org_id, report.id, report.attempts, DELETED if report.status == DELETED else IN_PROGRESS


def _report(row: Row) -> Report:
    report = Report(*row)
    report.internal = bool(report.internal)
    report.errors = [Notice(*each) for each in msgspec.json.decode(row[12])]
    return report

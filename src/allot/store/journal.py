"""The journal's rows: written with the change that they tell of, numbered without a gap."""

import zlib
from collections import Counter
from collections.abc import Sequence

import msgspec

from allot.core.journal import Change, Entry, Search
from allot.store.database import Reading, Row, Writing, one, rows, texts

_COUNT = "UPDATE organizations SET entries = entries + $2 WHERE org_id = $1"
_COUNTED = f"{_COUNT} RETURNING entries"
_WRITE = """
INSERT INTO journal (org_id, entry, at, tracking_id, action, actor_id, target_id, outcome, detail, tracking_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_ENTRY = "SELECT j.entry, j.at, j.tracking_id, j.action, j.actor_id, j.target_id, j.outcome, j.detail"
_FIND = f"""
{_ENTRY} FROM journal j
WHERE j.org_id = $1 AND j.entry >= $2 AND j.entry < $3{{conditions}} ORDER BY j.entry DESC LIMIT $4
"""
# Only columns of the index, so that it is what is read.
_TRACKED = """
SELECT j.entry FROM EACH($1) k
JOIN journal j ON j.org_id = k.value->>0 AND j.tracking_key = CAST(k.value->>1 AS BIGINT)
WHERE j.entry + 0 >= $2 AND j.entry + 0 < $3 ORDER BY j.entry + 0 DESC LIMIT $4
"""
_AMONG = " AND j.tracking_id = $5 AND j.entry IN (SELECT CAST(k.value->>0 AS BIGINT) FROM EACH($6) k)"
_AFTER = f"{_ENTRY} FROM journal j WHERE j.org_id = $1 AND j.entry > $2 ORDER BY j.entry LIMIT $3"
# Of what is told before and after, licenses are the only lists of numbers: most entries do not have the number at all.
_OF_LICENSE = """
SELECT j.entry, j.at, j.tracking_id, j.action, j.target_id, j.actor_id, j.detail FROM journal j
WHERE j.org_id = $1 AND j.entry >= $2 AND j.entry < $3 AND j.outcome < 400
    AND (INSTR(j.detail, $4) > 0 OR INSTR(j.detail, $5) > 0 OR INSTR(j.detail, $6) > 0 OR INSTR(j.detail, $7) > 0)
    AND (j.action LIKE 'licenses.%' OR j.action LIKE 'people.%' OR j.action LIKE 'invitations.%')
ORDER BY j.entry DESC
"""
# Entries in one block of the index by tracking id.
BLOCK_BITS = 10
#: what wakes those who wait for events, in all processes
NEWS = "allot_news"


class _Licenses(msgspec.Struct, frozen=True, gc=False):
    licenses: tuple[int, ...] = ()


class _Detail(msgspec.Struct, frozen=True, gc=False):
    """What is decoded of an entry where only the licenses before and after matter."""

    before: _Licenses = _Licenses()
    after: _Licenses = _Licenses()


_decode = msgspec.json.Decoder(_Detail).decode


async def write(writing: Writing, entries: Sequence[Entry], last: dict[str, int] | None = None) -> None:
    """Number and write the entries; their organizations are locked by this transaction, or partners.

    `last` are the numbers of the last entries that are known, and need not be asked for: those that locking told, as
    long as this transaction writes entries of these organizations with the same `last`, which follows.
    """
    await _number(writing, entries, {} if last is None else last)
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
                _tracking_key(e.number, e.tracking_id),
            )
            for e in entries
        ],
    )
    if any("events" in entry.detail for entry in entries):
        await writing.announce(NEWS)


async def _number(writing: Writing, entries: Sequence[Entry], last: dict[str, int]) -> None:
    # In the order in which organizations are locked: those that are not yet are partners.
    more = sorted(Counter(entry.org_id for entry in entries).items())
    await writing.many(_COUNT, [(org_id, count) for org_id, count in more if org_id in last])
    asked = [(org_id, count) for org_id, count in more if org_id not in last]
    counted = await writing.each(_COUNTED, asked)
    others = {org_id: number - count for (org_id, count), [(number,)] in zip(asked, counted, strict=True)}
    for entry in entries:
        numbers = last if entry.org_id in last else others
        numbers[entry.org_id] = entry.number = numbers[entry.org_id] + 1


async def count(reading: Reading, org_id: str) -> int:
    """How many entries there are, which is the number of the last one."""
    row = await one(reading, "SELECT entries FROM organizations WHERE org_id = $1", org_id)
    return row[0] if row else 0


async def at(reading: Reading, org_id: str, number: int) -> str:
    """When an entry was written."""
    [(found,)] = await reading.rows("SELECT at FROM journal WHERE org_id = $1 AND entry = $2", org_id, number)
    return str(found)


async def find(reading: Reading, org_id: str, search: Search, numbers: range, limit: int) -> list[Entry]:
    """The newest entries of these numbers that are looked for, newest first; whatever their tracking id."""
    sql, values = _conditions(search, 5)
    within = (org_id, numbers.start, numbers.stop, limit)
    return [_entry(org_id, row) for row in await reading.rows(_FIND.format(conditions=sql), *within, *values)]


async def of_license(reading: Reading, org_id: str, license: int, numbers: range) -> list[Change]:
    """Who got a license and who lost it, as the entries of these numbers tell, newest first."""
    forms = (f"[{license}]", f"[{license},", f",{license},", f",{license}]")
    changes: list[Change] = []
    for row in await reading.rows(_OF_LICENSE, org_id, numbers.start, numbers.stop, *forms):
        number, at, tracking_id, action, person_id, actor_id, detail = row
        held = _decode(detail)
        gained = license in held.after.licenses
        if gained != (license in held.before.licenses):
            changes.append(Change(number, at, tracking_id, action, person_id, actor_id, gained))
    return changes


async def after(reading: Reading, org_id: str, number: int, limit: int) -> list[Entry]:
    """The entries after a number, oldest first: whoever has seen one has seen all that are before it."""
    return [_entry(org_id, row) for row in await reading.rows(_AFTER, org_id, number, limit)]


async def tracked(reading: Reading, org_id: str, tracking_id: str, numbers: range, limit: int) -> list[int]:
    """The newest of these numbers whose entries may have a tracking id, newest first: others share its hash."""
    blocks = range(numbers.start >> BLOCK_BITS, (numbers.stop >> BLOCK_BITS) + 1)
    keys = rows([(org_id, _tracking_key(block << BLOCK_BITS, tracking_id)) for block in blocks])
    return [number for (number,) in await reading.rows(_TRACKED, keys, numbers.start, numbers.stop, limit)]


async def find_tracked(
    reading: Reading, org_id: str, search: Search, numbers: Sequence[int], limit: int
) -> list[Entry]:
    """Of the entries of these numbers those that are looked for, newest first."""
    if not numbers:
        return []
    sql, values = _conditions(search, 7)
    within = (org_id, min(numbers), max(numbers) + 1, limit, search.tracking_id, rows([(each,) for each in numbers]))
    found = await reading.rows(_FIND.format(conditions=_AMONG + sql), *within, *values)
    return [_entry(org_id, row) for row in found]


def _conditions(search: Search, first: int) -> tuple[str, list[str]]:
    """The SQL for all but the tracking id, with parameters from `$first` on."""
    wanted = {
        "j.target_id = $": search.target_id,
        "j.actor_id = $": search.actor_id,
        "j.action IN LIST($": texts(search.actions) if search.actions else None,
        "j.at >= $": search.since,
        "j.at < $": search.until,
    }
    given = {test: value for test, value in wanted.items() if value is not None}
    tests = (f" AND {test}{first + n}{')' if '(' in test else ''}" for n, test in enumerate(given))
    return "".join(tests), list(given.values())


def _entry(org_id: str, row: Row) -> Entry:
    number, at_, tracking_id, action, actor_id, target_id, outcome, detail = row
    return Entry(org_id, at_, tracking_id, action, actor_id, target_id, outcome, msgspec.json.decode(detail), number)


def _tracking_key(number: int, tracking_id: str) -> int:
    return number >> BLOCK_BITS << 32 | zlib.crc32(tracking_id.encode())

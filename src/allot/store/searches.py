"""Searches: people by a part of what they are known by, in pieces of their order by name.

All that a statement looks at is in the index by name. No piece takes longer than some milliseconds, however many people
there are and whatever is looked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.store.database import Reading, one, texts

#: a person's place in the order of names: name key and id
Place = tuple[str, str]

_STEP = """
SELECT p.name_key, p.person_id FROM people p
WHERE p.org_id = $1 AND (p.name_key, p.person_id) > ($2, $3) AND p.name_key < $4
ORDER BY p.name_key, p.person_id LIMIT 1 OFFSET $5
"""
_WITHIN = """
SELECT p.name_key, p.person_id FROM people p
WHERE p.org_id = $1 AND (p.name_key, p.person_id) > ($2, $3) AND (p.name_key, p.person_id) <= ($4, $5){conditions}
ORDER BY p.name_key, p.person_id LIMIT $6
"""
_AMONG = """
SELECT p.name_key, p.person_id FROM people p WHERE p.org_id = $1 AND p.person_id IN LIST($2){conditions}
"""
_HOLDERS = """
SELECT h.given, h.person_id FROM holdings h
WHERE h.org_id = $1 AND h.license = $2 AND (h.given, h.person_id) > ($3, $4) ORDER BY h.given, h.person_id LIMIT $5
"""

# Most names do not have the text at all, which one look tells.
_TEXT = """
(INSTR(p.name_key, ${text}) > 0 AND (INSTR(p.name_key, ${text}) = 1 OR INSTR(p.name_key, ' ' || ${text}) > 0
    OR INSTR(p.name_key, '-' || ${text}) > 0 OR INSTR(p.name_key, '''' || ${text}) > 0
    OR INSTR(p.name_key, '(' || ${text}) > 0)) OR INSTR(p.email, ${text}) > 0
"""
_NUMBER = "INSTR(p.phone_number, ${number}) > 0 OR INSTR(p.extension, ${number}) = 1"
_LICENSE = """
EXISTS (SELECT 1 FROM holdings h WHERE h.org_id = p.org_id AND h.person_id = p.person_id AND h.license = ${license}
    AND (h.pending_until IS NULL OR h.pending_until > ${now}))
"""
# Not by the index of locations, which lacks what else is looked for.
_LOCATION = "COALESCE(p.location_id, '') = ${location}"
_EXTERNAL = {None: "", True: "p.home_org_id <> p.org_id", False: "p.home_org_id = p.org_id"}


@dataclass(frozen=True, slots=True)
class Filter:
    """Whom to find in an organization; what is None or empty does not matter."""

    org_id: str
    #: in the form of name keys: a word of the name begins with it, or it is a part of the email
    text: str
    #: or it is a part of the phone number, or the extension begins with it
    number: str
    #: number of a license that they hold or are invited to
    license: int | None
    location_id: str | None
    external: bool | None
    #: invitations that have run out by now count no more
    now: str


async def step(reading: Reading, org_id: str, after: Place, end: str, count: int) -> Place:
    """The place so many people after a place; what is just before the key `end` when there are fewer."""
    row = await one(reading, _STEP, org_id, *after, end, count - 1)
    return (row[0], row[1]) if row else (end, "")


async def within(reading: Reading, wanted: Filter, after: Place, last: Place, limit: int) -> list[Place]:
    """The first people after a place, up to another one and with it, in the order of names."""
    conditions, values = _conditions(wanted, 7)
    sql = _WITHIN.format(conditions=conditions)
    return [(key, id) for key, id in await reading.rows(sql, wanted.org_id, *after, *last, limit, *values)]


async def among(reading: Reading, wanted: Filter, ids: Sequence[str]) -> list[Place]:
    """Those of the people of these ids that are looked for, in no order."""
    conditions, values = _conditions(wanted, 3)
    sql = _AMONG.format(conditions=conditions)
    return [(key, id) for key, id in await reading.rows(sql, wanted.org_id, texts(ids), *values)]


async def holders(
    reading: Reading, org_id: str, license: int, after: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """(given, person id) of the next who hold a license or were ever invited to it, in the order of giving."""
    return [(given, id) for given, id in await reading.rows(_HOLDERS, org_id, license, *after, limit)]


def _conditions(wanted: Filter, first: int) -> tuple[str, list[object]]:
    """The SQL for whom to find, with parameters from `$first` on."""
    by_text = " OR ".join(part for part, value in ((_TEXT, wanted.text), (_NUMBER, wanted.number)) if value)
    tests = [
        f"({by_text})" if by_text else "",
        _EXTERNAL[wanted.external],
        "" if wanted.location_id is None else _LOCATION,
        "" if wanted.license is None else _LICENSE,
    ]
    sql = "".join(f" AND {test}" for test in tests if test)
    values: list[object] = []
    for name, value in (
        ("text", wanted.text),
        ("number", wanted.number),
        ("location", wanted.location_id),
        ("license", wanted.license),
        ("now", wanted.now),
    ):
        if f"${{{name}}}" in sql:
            sql = sql.replace(f"${{{name}}}", f"${first + len(values)}")
            values.append(value)
    return sql, values

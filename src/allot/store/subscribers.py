"""Wholesale subscribers: rows, loaded and saved for a whole batch at a time."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from allot.core.package import Notice
from allot.core.subscriber import CREATED, Filter, Subscriber
from allot.store.database import Reading, Row, Writing, rows, texts

#: (partner's organization id, subscriber id)
Key = tuple[str, str]


class Page(NamedTuple):
    """A page of subscribers, and the (time, id) that the next one comes after; None on the last one."""

    subscribers: list[Subscriber]
    end: tuple[str, str] | None


_COLUMNS = """
s.org_id, s.subscriber_id, s.customer_id, s.email, s.packages, s.created, s.last_status_change, s.status, s.person_id,
s.details, s.errors, c.external_id
"""
_BY_KEY = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN subscribers s ON s.org_id = k.value->>0 AND s.subscriber_id = k.value->>1
JOIN customers c ON c.org_id = s.org_id AND c.customer_id = s.customer_id
"""
# Of people (organization, person): whoever their partner is.
_OF_PEOPLE = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN customers c ON c.customer_org_id = k.value->>0
JOIN subscribers s ON s.org_id = c.org_id AND s.customer_id = c.customer_id AND s.person_id = k.value->>1
"""
# Through the customers, so that no others of the partner are looked at.
_SOME = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN customers c ON c.org_id = k.value->>0 AND c.customer_id = k.value->>1
JOIN subscribers s ON s.org_id = c.org_id AND s.customer_id = c.customer_id LIMIT $2
"""
_EMAILS = "SELECT s.email FROM subscribers s WHERE s.email IN LIST($1)"
_EXTERNAL = "SELECT c.customer_id FROM customers c WHERE c.org_id = $1 AND c.external_id = $2"
_INSERT = (
    "INSERT INTO subscribers (org_id, subscriber_id, customer_id, email, packages, created, last_status_change, status,"
    " person_id, details, errors) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)
_UPDATE = """
UPDATE subscribers SET packages = $3, last_status_change = $4, status = $5, person_id = $6, details = $7, errors = $8
WHERE org_id = $1 AND subscriber_id = $2
"""
_DELETE = "DELETE FROM subscribers WHERE org_id = $1 AND subscriber_id = $2"
_RENAME = """
UPDATE subscribers SET email = $3 WHERE person_id = $2
AND (org_id, customer_id) IN (SELECT c.org_id, c.customer_id FROM customers c WHERE c.customer_org_id = $1)
"""
_COUNT = """
UPDATE packages SET subscribers = subscribers + $4 WHERE org_id = $1 AND customer_id = $2 AND package = $3
"""
# Only where a deletion was ordered, and did not come to its end: all that there are are read.
_RECOUNT = """
UPDATE packages SET subscribers = (SELECT COUNT(*) FROM subscribers s WHERE s.org_id = packages.org_id
    AND s.customer_id = packages.customer_id AND s.packages LIKE '%"' || packages.package || '"%')
WHERE org_id = $1 AND customer_id = $2 AND package = $3
    AND EXISTS (SELECT 1 FROM runs r WHERE r.org_id = $1 AND r.customer_id = $2 AND r.kind = 'delete')
"""


async def load(reading: Reading, keys: Iterable[Key]) -> dict[Key, Subscriber]:
    """The subscribers of these keys that there are."""
    given = list(keys)
    found = await reading.rows(_BY_KEY, rows(given)) if given else []
    return {(row[0], row[1]): _subscriber(row) for row in found}


async def of_people(reading: Reading, people: Collection[tuple[str, str]]) -> list[Subscriber]:
    """The subscribers that these (organization id, person id) are."""
    if not people:
        return []
    return [_subscriber(row) for row in await reading.rows(_OF_PEOPLE, rows(sorted(people)))]


async def some(reading: Reading, customers: Collection[tuple[str, str]], limit: int) -> list[Subscriber]:
    """So many of the subscribers of these (partner, customer), whichever; fewer where there are no more."""
    return [_subscriber(row) for row in await reading.rows(_SOME, rows(sorted(customers)), limit)]


async def taken(reading: Reading, emails: Collection[str]) -> set[str]:
    """Which of these emails some subscriber has, whoever their partner is."""
    return {email for (email,) in await reading.rows(_EMAILS, texts(emails))} if emails else set()


async def page(reading: Reading, org_id: str, wanted: Filter, after: tuple[str, str] | int, size: int) -> Page:
    """A partner's wanted subscribers in their order, after (time, id), or after so many of them."""
    customer_ids = await _customers(reading, org_id, wanted)
    if not customer_ids:
        return Page([], None)
    by = "s.created" if wanted.order == CREATED else "s.last_status_change"
    conditions, values = _conditions(org_id, size + 1, wanted, customer_ids[0])
    skip = ""
    if isinstance(after, int):
        values.append(after)
        skip = f" OFFSET ${len(values)}"
    else:
        values += after
        beyond = "<" if wanted.descending else ">"
        conditions.append(f"({by}, s.subscriber_id) {beyond} (${len(values) - 1}, ${len(values)})")
    way = "DESC" if wanted.descending else "ASC"
    # The keys are found in an index alone: skipped subscribers are not read.
    sql = f"""
    SELECT {by}, s.subscriber_id FROM subscribers s WHERE {" AND ".join(conditions)}
    ORDER BY {by} {way}, s.subscriber_id {way} LIMIT $2{skip}
    """
    keys = await reading.rows(sql, *values)
    shown = [(org_id, id) for _, id in keys[:size]]
    found = await load(reading, shown)
    # One that is gone since its key was read is left out; the next page begins where it would have begun.
    end = (str(keys[size - 1][0]), str(keys[size - 1][1])) if len(keys) > size else None
    return Page([found[key] for key in shown if key in found], end)


async def _customers(reading: Reading, org_id: str, wanted: Filter) -> list[str | None]:
    """The customer whose subscribers are wanted; [None] for all, nothing where there can be none."""
    if wanted.external_customer_id is None:
        return [wanted.customer_id]
    found = await reading.rows(_EXTERNAL, org_id, wanted.external_customer_id)
    return [id for (id,) in found if wanted.customer_id in (None, id)]


def _conditions(org_id: str, size: int, wanted: Filter, customer_id: str | None) -> tuple[list[str], list[Any]]:
    values: list[Any] = [org_id, size]
    conditions = ["s.org_id = $1"]
    for test, value in (
        ("s.customer_id =", customer_id),
        ("s.person_id =", wanted.person_id),
        ("s.email =", wanted.email),
        ("s.status =", wanted.status),
        ("s.created >", wanted.created_after),
        ("s.last_status_change >", wanted.changed_after),
    ):
        if value is not None:
            values.append(value)
            conditions.append(f"{test} ${len(values)}")
    return conditions, values


async def insert(writing: Writing, subscribers: Sequence[Subscriber]) -> None:
    """Write new subscribers."""
    await writing.many(
        _INSERT,
        [
            (
                *(s.org_id, s.id, s.customer_id, s.email, _json(s.packages), s.created, s.last_status_change, s.status),
                *(s.person_id, _json(s.details), _json(s.errors)),
            )
            for s in subscribers
        ],
    )


async def update(writing: Writing, subscribers: Sequence[Subscriber]) -> None:
    """Write what changes of subscribers."""
    await writing.many(
        _UPDATE,
        [
            (
                *(s.org_id, s.id, _json(s.packages), s.last_status_change, s.status, s.person_id),
                *(_json(s.details), _json(s.errors)),
            )
            for s in subscribers
        ],
    )


async def delete(writing: Writing, keys: Sequence[Key]) -> None:
    """Forget subscribers."""
    await writing.many(_DELETE, keys)


async def rename(writing: Writing, people: Sequence[tuple[str, str, str]]) -> None:
    """Give the subscribers that (organization id, person id) are another email."""
    await writing.many(_RENAME, people)


async def count(writing: Writing, more: Sequence[tuple[str, str, str, int]]) -> None:
    """Count so many more or fewer subscribers of a (partner, customer, package)."""
    await writing.many(_COUNT, more)


async def recount(writing: Writing, packages: Sequence[tuple[str, str, str]]) -> None:
    """Count the subscribers of a (partner, customer, package) anew, where a deletion may have left some without it."""
    await writing.many(_RECOUNT, packages)


def _subscriber(row: Row) -> Subscriber:
    decode = msgspec.json.decode
    org_id, id, customer_id, email, packages, created, changed, status, person_id, details, errors, external = row
    return Subscriber(
        *(org_id, id, customer_id, email, decode(packages), created, changed, status, person_id, decode(details)),
        [Notice(*each) for each in decode(errors)],
        external,
    )


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

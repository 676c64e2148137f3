"""Wholesale customers and their packages: rows, loaded and saved for a whole batch at a time."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from allot.core.customer import Customer, Filter
from allot.core.package import Held, Notice, Package
from allot.store.database import Reading, Row, Writing, rows, texts

#: (partner's organization id, customer id)
Key = tuple[str, str]

# Places of one run, more than there are packages: what a later run adds comes after all, whatever was removed before.
_PLACES = 1_000


class Page(NamedTuple):
    """A page of customers, and the (created, id) that the next one comes after; None on the last one."""

    customers: list[Customer]
    end: tuple[str, str] | None


_COLUMNS = """
c.org_id, c.customer_id, c.external_id, c.customer_org_id, c.name, c.primary_email, c.address, c.details,
c.created, c.run, c.live, c.review, c.errors, c.status
"""
_SELECT = f"SELECT {_COLUMNS} FROM customers c"
_BY_KEY = f"""
SELECT {_COLUMNS} FROM EACH($1) k
JOIN customers c ON c.org_id = k.value->>0 AND c.customer_id = k.value->>1
ORDER BY c.org_id, c.customer_id
"""
_LOCKED = f"{_BY_KEY.rstrip()} FOR UPDATE OF c"
_PACKAGES = """
SELECT p.org_id, p.customer_id, p.package, p.status, p.unit_limit, p.warnings, p.errors, p.license_ids,
       p.subscribers
FROM EACH($1) k JOIN packages p ON p.org_id = k.value->>0 AND p.customer_id = k.value->>1
ORDER BY p.org_id, p.customer_id, p.place, p.package
"""
_INSERT = (
    "INSERT INTO customers (org_id, customer_id, external_id, customer_org_id, name, primary_email, address, details,"
    " created, run, live, review, errors, status)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
)
_INSERT_PACKAGE = (
    "INSERT INTO packages (org_id, customer_id, package, place, status, unit_limit, warnings, errors, license_ids)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_UPDATE = """
UPDATE customers SET external_id = $3, address = $4, details = $5, run = $6, live = $7, review = $8, errors = $9,
    status = $10
WHERE org_id = $1 AND customer_id = $2
"""
_PROGRESS = """
UPDATE customers SET live = $3, review = $4, errors = $5, status = $6 WHERE org_id = $1 AND customer_id = $2
"""
_UPDATE_PACKAGE = """
UPDATE packages SET status = $4, unit_limit = $5, warnings = $6, errors = $7, license_ids = $8
WHERE org_id = $1 AND customer_id = $2 AND package = $3
"""
_DELETE = "DELETE FROM customers WHERE org_id = $1 AND customer_id = $2"
_DELETE_PACKAGE = "DELETE FROM packages WHERE org_id = $1 AND customer_id = $2 AND package = $3"
_EXTERNAL = """
SELECT c.org_id, c.external_id, c.customer_id FROM EACH($1) k
JOIN customers c ON c.org_id = k.value->>0 AND c.external_id = k.value->>1
"""
_COUNTS = "SELECT c.status, COUNT(*) FROM customers c WHERE c.org_id = $1 GROUP BY c.status"
_MAPPED = "SELECT c.customer_org_id FROM customers c WHERE c.customer_org_id IN LIST($1)"


async def load(
    reading: Reading, packages: dict[str, Package], keys: Iterable[Key], *, lock: bool = False
) -> dict[Key, Customer]:
    """The customers of these keys that there are, with their packages; locked in the order of their keys."""
    given = rows(list(keys))
    found = await reading.rows(_LOCKED if lock else _BY_KEY, given)
    customers = {(row[0], row[1]): _customer(row) for row in found}
    if customers:
        _hold(customers, packages, await reading.rows(_PACKAGES, given))
    return customers


async def page(
    reading: Reading,
    packages: dict[str, Package],
    org_id: str,
    wanted: Filter,
    after: tuple[str, str] | int,
    size: int,
) -> Page:
    """A partner's wanted customers as the filter orders them, after (created, id), or after so many of them."""
    sql, values = _keys(org_id, wanted, after, size + 1)
    keys = await reading.rows(sql, *values)
    shown = [(org_id, customer_id) for _, customer_id in keys[:size]]
    found = await load(reading, packages, shown)
    # One that is gone since its key was read is left out; the next page begins where it would have begun.
    end = (str(keys[size - 1][0]), str(keys[size - 1][1])) if len(keys) > size else None
    return Page([found[key] for key in shown if key in found], end)


def _keys(org_id: str, wanted: Filter, after: tuple[str, str] | int, limit: int) -> tuple[str, list[object]]:
    """The statement that finds a page in an index alone, with its parameters: customers left out are not read.

    Each status has its own part of an index, which is read in order, no further than the page may reach.
    """
    values: list[object] = [org_id, limit]

    def place(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = ["c.org_id = $1"]
    if wanted.external_id is not None:
        conditions.append(f"c.external_id = {place(wanted.external_id)}")
    if wanted.customer_org_id is not None:
        conditions.append(f"c.customer_org_id = {place(wanted.customer_org_id)}")
    offset = 0
    if isinstance(after, int):
        offset = after
    else:
        beyond = "<" if wanted.newest else ">"
        conditions.append(f"(c.created, c.customer_id) {beyond} ({place(after[0])}, {place(after[1])})")
    reach = place(limit + offset)
    statuses = dict.fromkeys(wanted.statuses)
    parts = [[*conditions, f"c.status = {place(status)}"] for status in statuses] or [conditions]
    order = "created DESC, customer_id DESC" if wanted.newest else "created, customer_id"
    selects = [
        f"SELECT * FROM (SELECT c.created, c.customer_id FROM customers c WHERE {' AND '.join(part)}"
        f" ORDER BY {order} LIMIT {reach}) part{n}"
        for n, part in enumerate(parts)
    ]
    return f"{' UNION ALL '.join(selects)} ORDER BY {order} LIMIT $2 OFFSET {place(offset)}", values


async def counts(reading: Reading, org_id: str) -> dict[str, int]:
    """How many customers a partner has in each status that any has."""
    return dict(await reading.rows(_COUNTS, org_id))


async def external_ids(reading: Reading, keys: Collection[Key]) -> dict[Key, str]:
    """Which of these (partner, external id) are taken, and by which customer."""
    found = await reading.rows(_EXTERNAL, rows(list(keys)))
    return {(org_id, external_id): customer_id for org_id, external_id, customer_id in found}


async def mapped(reading: Reading, org_ids: Collection[str]) -> set[str]:
    """Which of these organizations are some partner's customer."""
    return {org_id for (org_id,) in await reading.rows(_MAPPED, texts(org_ids))}


async def insert(writing: Writing, customers: Sequence[Customer]) -> None:
    """Write new customers with their packages."""
    await writing.many(
        _INSERT,
        [
            (
                *(c.org_id, c.id, c.external_id, c.customer_org_id, c.name, c.primary_email),
                *(_json(c.address), _json(c.details), c.created, c.run, c.live, c.review, _list(c.errors), c.status),
            )
            for c in customers
        ],
    )
    await insert_packages(writing, [(c, held) for c in customers for held in c.packages.values()])


async def insert_packages(writing: Writing, held: Sequence[tuple[Customer, Held]]) -> None:
    """Write packages that the customers' last runs add, in their lists' order."""
    await writing.many(
        _INSERT_PACKAGE,
        [
            (
                *(c.org_id, c.id, h.package.name, _place(c, h), h.status, h.limit),
                *(_list(h.warnings), _list(h.errors), _list(h.license_ids)),
            )
            for c, h in held
        ],
    )


async def update(writing: Writing, customers: Sequence[Customer]) -> None:
    """Write what an order changes of customers; not their packages."""
    await writing.many(
        _UPDATE,
        [
            (
                *(c.org_id, c.id, c.external_id, _json(c.address), _json(c.details), c.run, c.live, c.review),
                *(_list(c.errors), c.status),
            )
            for c in customers
        ],
    )


async def progress(writing: Writing, customers: Sequence[Customer]) -> None:
    """Write what steps change of customers; not their packages."""
    await writing.many(_PROGRESS, [(c.org_id, c.id, c.live, c.review, _list(c.errors), c.status) for c in customers])


async def update_packages(writing: Writing, held: Sequence[tuple[Customer, Held]]) -> None:
    """Write the packages of customers as they are now."""
    await writing.many(
        _UPDATE_PACKAGE,
        [
            (
                *(c.org_id, c.id, h.package.name, h.status, h.limit),
                *(_list(h.warnings), _list(h.errors), _list(h.license_ids)),
            )
            for c, h in held
        ],
    )


async def delete(writing: Writing, keys: Sequence[Key]) -> None:
    """Forget customers, with their packages, runs and subscribers."""
    await writing.many(_DELETE, keys)


async def delete_packages(writing: Writing, keys: Sequence[tuple[str, str, str]]) -> None:
    """Forget packages of customers."""
    await writing.many(_DELETE_PACKAGE, keys)


def _place(customer: Customer, held: Held) -> int:
    return customer.run * _PLACES + list(customer.packages).index(held.package.name)


def _customer(row: Row) -> Customer:
    decode = msgspec.json.decode
    values = (*row[:6], decode(row[6]), decode(row[7]), *row[8:12], {}, _notices(row[12]), row[13])
    return Customer(*values)


def _hold(customers: dict[Key, Customer], packages: dict[str, Package], found: list[Row]) -> None:
    for org_id, customer_id, name, status, limit, warnings, errors, license_ids, subscribers in found:
        customers[org_id, customer_id].packages[name] = Held(
            packages[name],
            *(status, limit, _notices(warnings), _notices(errors), _texts(license_ids), subscribers),
        )


def _texts(text: str) -> list[str]:
    found: list[str] = msgspec.json.decode(text) if text != "[]" else []
    return found


def _notices(text: str) -> list[Notice]:
    return [Notice(*each) for each in msgspec.json.decode(text)] if text != "[]" else []


def _list(values: Sequence[Any]) -> str:
    """A list as it is stored; most are empty."""
    return _json(values) if values else "[]"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

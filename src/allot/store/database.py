"""The database: one dialect of SQL, two drivers.

Every statement is written once, with `$1` for parameters. Some words stand for what the two
databases say differently: `IN LIST($n)` is to be one of the texts of a JSON array; `EACH($n)` is the rows
of a JSON array of arrays (`value->>0` is a row's first column, as text); `FOR UPDATE` (with `OF` and
`SKIP LOCKED`) is left out where one writer at a time is the rule anyway; `ONCE` is the answer to a row
that is there; `CLOCK` is the database's own time in milliseconds since 1970; and `INSTR(a, b)` is where
`b` is first found in `a`, counted from 1, or 0.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import unquote

import msgspec

Row = tuple[Any, ...]


class StoreError(Exception):
    """The database cannot serve now: locked for too long, disk full, connection lost. Nothing was changed."""


class UncertainError(StoreError):
    """The database went away while it committed: everything was changed, or nothing."""


class ConflictError(Exception):
    """A row breaks a rule of the schema (a key that exists, a reference that does not)."""


class Reading(Protocol):
    """What is committed: one statement sees one moment, the next one may see a later one."""

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        """All rows of one statement."""
        ...

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        """The rows of one statement for each set of parameters, in one round trip."""
        ...

    def expect(self, sql: str, sets: Sequence[Sequence[object]]) -> None:
        """A hint: after the next statement `each` is asked for this, so that one round trip may bring both."""
        ...


class Writing(Reading, Protocol):
    """A transaction: it commits, durably, when its block ends, and rolls back when the block raises."""

    async def run(self, sql: str, *parameters: object) -> int:
        """Run one statement; the number of rows that it changed."""
        ...

    async def many(self, sql: str, rows: Sequence[Sequence[object]], *, apart: bool = False) -> None:
        """Run one statement for each row of parameters; nothing when there are no rows.

        `apart` says that they belong to many pages of a table that refers to others. SQLite then inserts them one by
        one: of a statement for many it would copy each of the pages first, should a reference be broken.
        """
        ...

    async def announce(self, channel: str) -> None:
        """Wake those who listen on a channel, in all processes, once this is committed; where the database can."""
        ...

    async def survey(self) -> None:
        """After many new rows: let the database look at its tables, where its plans depend on that."""
        ...


class Database(Protocol):
    """An open database. `url` shows no password."""

    url: str
    #: how many transactions may write at the same time
    writers: int

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        """A view for reading; raises StoreError when there is none in time."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Writing]:
        """A transaction; raises StoreError when it cannot begin or commit."""
        ...

    def listening(self, channel: str, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """While its block runs, call `heard` whenever something is announced; where the database cannot, never."""
        ...

    async def close(self) -> None:
        """Release everything; the database is not used afterwards."""
        ...


def shown(url: str) -> str:
    """A database URL without its passwords, also where the URL is no good otherwise."""
    # Drivers and people do not agree where a password ends that has #, ? or @ in it: rather too much than too little.
    without = re.sub(r"(?s)(://[^/:]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&])([^=&]*)=[^&]*", _without_secret, without)


def _without_secret(member: re.Match[str]) -> str:
    """A member of a URL's query, without its value where that is one of libpq's secrets; names may be quoted."""
    secret = unquote(member[2]).strip().lower().endswith(("password", "secret", "_key"))
    return f"{member[1]}{member[2]}=***" if secret else member[0]


def rows(values: Sequence[Sequence[object]]) -> str:
    """The rows for `EACH`, as one parameter."""
    return msgspec.json.encode(values).decode()


def texts(values: Iterable[str]) -> str:
    """The texts for `LIST`, as one parameter."""
    return msgspec.json.encode(list(values)).decode()


def by_organization(keys: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(organization, value) pairs as parameters for `each`: one set for an organization, its values for `LIST`."""
    values: dict[str, list[str]] = {}
    for org_id, value in keys:
        values.setdefault(org_id, []).append(value)
    return [(org_id, texts(found)) for org_id, found in values.items()]


@lru_cache(maxsize=1000)
def spell(sql: str, postgres: bool) -> str:
    """A statement in the words of one database."""
    if postgres:
        # As an array the list is computed once and looked up by index; as a subquery it is joined, by reading all.
        sql = re.sub(r"IN LIST\((\$\d+)\)", r"= ANY(ARRAY(SELECT jsonb_array_elements_text(\1::jsonb)))", sql)
        sql = re.sub(r"EACH\((\$\d+)\)", r"jsonb_array_elements(\1::jsonb)", sql)
        sql = sql.replace("INSTR(", "STRPOS(")
        sql = sql.replace("CLOCK", "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
        return sql.replace(" ONCE", " ON CONFLICT DO NOTHING")
    # SQLite numbers `$n` in the order of appearance, but takes `?n` at its word.
    sql = re.sub(r"IN LIST\((\$\d+)\)", r"IN (SELECT value FROM json_each(\1))", sql)
    sql = re.sub(r"\$(\d+)", r"?\1", sql).replace("EACH(", "json_each(")
    sql = re.sub(r" FOR UPDATE( OF \w+)?( SKIP LOCKED)?", "", sql)
    sql = sql.replace("CLOCK", "CAST(unixepoch('subsec') * 1000 AS INTEGER)")
    return sql.replace(" ONCE", " ON CONFLICT DO NOTHING")


async def one(reading: Reading, sql: str, *parameters: object) -> Row | None:
    """The first row, or None."""
    found = await reading.rows(sql, *parameters)
    return found[0] if found else None


async def pages(reading: Reading, sql: str, *parameters: object, size: int = 1000) -> AsyncIterator[list[Row]]:
    """All rows in pages by the statement's last parameter: the first column of the last row, "" at first."""
    after: object = ""
    while found := await reading.rows(sql, *parameters, after):
        yield found
        if len(found) < size:
            return
        after = found[-1][0]

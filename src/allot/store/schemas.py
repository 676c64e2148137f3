"""Schemas: one text for both databases.

CLUSTERED keeps a table in the order of its key on SQLite; BYTEWISE compares texts as both databases
should, by their bytes, where PostgreSQL would go by the language of its machine.
"""

import re
from collections.abc import Mapping
from typing import Any


def create(connection: Any, schema: str) -> None:
    """Run a schema's statements in the words of the database that the connection is of."""
    words = (
        {"CLUSTERED": "STRICT, WITHOUT ROWID", "BIGINT": "INTEGER", "BYTEWISE": ""}
        if _is_sqlite(connection)
        else {"CLUSTERED": "", "BYTEWISE": 'COLLATE "C"'}
    )
    text = re.sub(r"--.*", "", schema)
    for word, spelling in words.items():
        text = text.replace(word, spelling)
    cursor = connection.cursor()
    for statement in text.split(";"):
        cursor.execute(statement)


def estimate(connection: Any, tables: Mapping[str, Mapping[str, tuple[int, ...]]]) -> None:
    """Tell SQLite, which does not look by itself, how many rows to expect; PostgreSQL looks.

    For each table and index: how many rows there are, then how many of them agree in the first column of the index, in
    the first two, and so on. A table's own key is named as the table is.
    """
    if not _is_sqlite(connection):
        return
    cursor = connection.cursor()
    cursor.execute("ANALYZE sqlite_master")  # makes the table of the estimates
    for table, indexes in tables.items():
        for index, counts in indexes.items():
            told = (table, index, " ".join(map(str, counts)))
            cursor.execute("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", told)


def _is_sqlite(connection: Any) -> bool:
    return type(connection).__module__.startswith("sqlite3")

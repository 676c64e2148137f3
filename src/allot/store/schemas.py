"""Schemas: one text for both databases.

CLUSTERED keeps a table in the order of its key on SQLite; BYTEWISE compares texts as both databases
should, by their bytes, where PostgreSQL would go by the language of its machine.
"""

import re
from typing import Any


def create(connection: Any, schema: str) -> None:
    """Run a schema's statements in the words of the database that the connection is of."""
    sqlite = type(connection).__module__.startswith("sqlite3")
    words = (
        {"CLUSTERED": "STRICT, WITHOUT ROWID", "BIGINT": "INTEGER", "BYTEWISE": ""}
        if sqlite
        else {"CLUSTERED": "", "BYTEWISE": 'COLLATE "C"'}
    )
    text = re.sub(r"--.*", "", schema)
    for word, spelling in words.items():
        text = text.replace(word, spelling)
    cursor = connection.cursor()
    for statement in text.split(";"):
        cursor.execute(statement)

"""Secrets: keys that the service makes for itself, once."""

from allot.store.database import Reading, Writing, one

_KEEP = "INSERT INTO secrets (name, value) VALUES ($1, $2) ONCE"
_FIND = "SELECT value FROM secrets WHERE name = $1"


async def keep(writing: Writing, name: str, value: str) -> None:
    """Keep a secret, unless there is one of this name: the first one stays."""
    await writing.run(_KEEP, name, value)


async def find(reading: Reading, name: str) -> str | None:
    """The secret of a name; None when none was made."""
    row = await one(reading, _FIND, name)
    return row[0] if row else None

"""Upgrades: which migrations there are, and which of them a database has had."""

from pathlib import Path

from allot.store.database import Database, one

MIGRATIONS = Path(__file__).parent / "migrations"

_SQLITE = "SELECT name FROM sqlite_master WHERE name = '_yoyo_migration'"
_POSTGRES = "SELECT tablename FROM pg_tables WHERE tablename = '_yoyo_migration' AND schemaname = current_schema()"


async def missing(database: Database) -> list[str]:
    """The migrations that the database has not had, oldest first."""
    known = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
    async with database.reading() as reading:
        if await one(reading, _SQLITE if database.writers == 1 else _POSTGRES) is None:
            return known
        had = {row[0] for row in await reading.rows("SELECT migration_id FROM _yoyo_migration")}
    return [name for name in known if name not in had]

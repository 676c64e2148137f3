"""Opening a database by its URL, and bringing its schema up to date."""

from pathlib import Path
from urllib.parse import urlsplit

import allot.store
from allot.store.database import Database, StoreError, one

MIGRATIONS = Path(allot.store.__file__).parent / "migrations"


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL (``sqlite:///allot.db``, or a plain path), None for another database."""
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    return None if "://" in url else Path(url)


async def open_database(url: str) -> Database:
    """Open a database whose schema is current. Raises StoreError with the remedy otherwise."""
    path = sqlite_path(url)
    database = await _connect(url, path)
    try:
        pending = await _pending(database)
    except BaseException:
        await database.close()
        raise
    if pending:
        await database.close()
        raise StoreError(f"the database {url} lacks migration {pending[0]}; run: allot migrate --database {url}")
    return database


async def _connect(url: str, path: Path | None) -> Database:
    # Each driver is loaded only where it is used: psycopg alone takes a third of the start.
    if path is not None:
        from allot.store.sqlite import Sqlite

        return Sqlite(path)
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise StoreError(f"{url} is no database URL; use sqlite:///FILE or postgresql://USER@HOST/NAME")
    from allot.store.postgres import Postgres

    database = Postgres(url)
    await database.open()
    return database


async def _pending(database: Database) -> list[str]:
    """The migrations that the database has not had, oldest first."""
    table = (
        "SELECT name FROM sqlite_master WHERE name = '_yoyo_migration'"
        if database.writers == 1
        else "SELECT tablename FROM pg_tables WHERE tablename = '_yoyo_migration' AND schemaname = current_schema()"
    )
    known = sorted(path.stem for path in MIGRATIONS.glob("[0-9]*.py"))
    async with database.reading() as reading:
        if await one(reading, table) is None:
            return known
        had = {row[0] for row in await reading.rows("SELECT migration_id FROM _yoyo_migration")}
    return [name for name in known if name not in had]


async def is_current(url: str) -> bool:
    """Whether the database exists and lacks no migration."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return False
    database = await _connect(url, path)
    try:
        return not await _pending(database)
    finally:
        await database.close()


def migrate(url: str) -> list[str]:
    """Apply what the database lacks, under a lock; the names of what was applied."""
    # Loaded here: it takes 0.1 s, and most starts have nothing to apply.
    import yoyo

    path = sqlite_path(url)
    if path is not None:
        address = f"sqlite:///{path.resolve()}"
    else:
        address = url.replace("postgresql://", "postgresql+psycopg://", 1).replace(
            "postgres://", "postgresql+psycopg://", 1
        )
    migrations = yoyo.read_migrations(str(MIGRATIONS))
    with yoyo.get_backend(address) as backend, backend.lock():
        missing = backend.to_apply(migrations)
        backend.apply_migrations(missing)
    return [migration.id for migration in missing]

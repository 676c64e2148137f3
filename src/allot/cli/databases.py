"""Opening a database by its URL, and bringing its schema up to date."""

from contextlib import closing
from pathlib import Path

from allot.store.database import Database, StoreError, shown
from allot.store.upgrades import MIGRATIONS, missing

# How long a migration waits for another one.
LOCK_SECONDS = 10


def sqlite_path(url: str) -> Path | None:
    """The file of an SQLite URL (``sqlite:///allot.db``, or a plain path), None for another database."""
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    return None if "://" in url else Path(url)


async def open_database(url: str) -> Database:
    """Open a database whose schema is current. Raises StoreError with the remedy otherwise."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        raise StoreError(f"there is no database {url}; make it with: allot migrate --database {url}")
    database = await _connect(url, path)
    try:
        pending = await missing(database)
    except BaseException:
        await database.close()
        raise
    if pending:
        await database.close()
        raise StoreError(
            f"the database {shown(url)} lacks migration {pending[0]}; run: allot migrate --database {shown(url)}"
        )
    return database


async def _connect(url: str, path: Path | None) -> Database:
    # Each driver is loaded only where it is used: psycopg alone takes a third of the start.
    if path is not None:
        from allot.store.sqlite import Sqlite

        try:
            return Sqlite(path)
        except StoreError as error:
            raise StoreError(f"the database {url} cannot be used: {error}") from error
    _require_postgres(url)
    from allot.store.postgres import Postgres

    database = Postgres(url)
    await database.open()
    return database


def _require_postgres(url: str) -> None:
    if url.partition("://")[0] not in ("postgresql", "postgres"):
        raise StoreError(f"{shown(url)} is no database URL; use sqlite:///FILE or postgresql://USER@HOST/NAME")


async def is_current(url: str) -> bool:
    """Whether the database exists and lacks no migration."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return False
    database = await _connect(url, path)
    try:
        return not await missing(database)
    finally:
        await database.close()


def migrate(url: str, *, unlock: bool = False) -> list[str]:
    """Apply what the database lacks, under a lock; the names of what was applied. Raises StoreError with the remedy.

    With `unlock`, a lock that a killed process left is broken first.
    """
    # Loaded here: it takes 0.1 s, and most starts have nothing to apply.
    import yoyo
    from yoyo.exceptions import LockTimeout

    address, driver_error = _for_yoyo(url)
    try:
        with yoyo.get_backend(address) as backend:
            if unlock:
                backend.break_lock()
            with backend.lock(timeout=LOCK_SECONDS):
                lacking = backend.to_apply(yoyo.read_migrations(str(MIGRATIONS)))
                backend.apply_migrations(lacking)
    except LockTimeout as error:
        raise StoreError(
            f"another process migrates {shown(url)}, or was killed while it did; if none does, run:"
            f" allot migrate --unlock --database {shown(url)}"
        ) from error
    except (driver_error, ValueError) as error:
        raise StoreError(f"the database {shown(url)} cannot be used: {' '.join(str(error).split())}") from error
    return [migration.id for migration in lacking]


def _for_yoyo(url: str) -> tuple[str, type[Exception]]:
    """The address as yoyo wants it, and the driver's error."""
    path = sqlite_path(url)
    if path is not None:
        import sqlite3

        if not path.exists() and path.parent.is_dir():
            # Who holds what is nobody else's business; the files beside it get the rights of this one.
            path.touch(mode=0o600)
        try:
            # What is no database is found out here: yoyo would take it for a lock, and wait.
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise StoreError(f"the database {url} cannot be used: {error}") from error
        return f"sqlite:///{path.resolve()}", sqlite3.Error
    _require_postgres(url)
    import psycopg

    return f"postgresql+psycopg://{url.partition('://')[2]}", psycopg.Error

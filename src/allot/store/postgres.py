"""PostgreSQL through psycopg: a pool of connections, each transaction on one of them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
import psycopg
import psycopg.sql
import psycopg_pool
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from allot.store.database import ConflictError, Reading, Row, StoreError, UncertainError, Writing, shown, spell
from allot.store.multiples import Multiples
from allot.store.pipelines import Connection, Statement

# Writers of one process: one organization always goes to the same writer, and where another process holds an
# organization, those of the other writer do not wait for it. More writers make smaller batches, which cost more.
WRITERS = 2
CONNECTIONS_MAX = 12
WAIT_SECONDS = 10.0
# Rows, or statements, that wait for the next trip; more go at once, so that they do not fill the memory.
HELD_MAX = 1_000
# After a connection that was lost, or of no use; meanwhile whoever listens looks by themselves.
LISTEN_AGAIN_SECONDS = 1.0

# Statements reach their rows by key, a batch at a time. Without statistics (a new or a fast growing
# table) the planner would rather read whole tables; the cost of a request must not grow with them.
_PLANS = "-c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off"
# Who is cut off says nothing, and would keep locks, or wait for an answer, for as long as the system does: hours. Both
# sides ask after some seconds whether the other one is there. Whose process has stopped is still there: it is given the
# time that the largest imports think between two statements.
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
_WATCH = " ".join(f"-c {name.replace('keepalives', 'tcp_keepalives')}={value}" for name, value in _KEEPALIVES.items())
_STALLED = "-c idle_in_transaction_session_timeout=120s"
_COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()"
)
_CONNECTION: dict[str, Any] = {"options": f"{_PLANS} {_WATCH} {_STALLED}", "connect_timeout": 5, **_KEEPALIVES}


class _Reading:
    """One connection as `Reading`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        #: statements whose answers nobody needs; they go with the next one
        self._held: list[Statement] = []
        #: what goes behind the next statement, and what came of it: valid until anything else goes
        self._expected: list[tuple[str, Sequence[Sequence[object]]]] = []
        self._known: dict[str, tuple[Sequence[Sequence[object]], list[PGresult]]] = {}

    async def _trip(self, sql: str, sets: Iterable[Sequence[object]]) -> list[PGresult]:
        statement = _spelled(sql)
        return await self._send([(statement, parameters) for parameters in sets])

    async def _send(self, statements: Sequence[Statement]) -> list[PGresult]:
        """Send what is held, these, and what is expected; the results of these."""
        held, expected = self._held, self._expected
        self._known.clear()
        more = [(_spelled(sql), parameters) for sql, sets in expected for parameters in sets]
        results = iter(await self._connection.trip([*held, *statements, *more]))
        # What could not be sent stays: a transaction that has not begun must not go on without its beginning.
        self._held, self._expected = [], []
        found = list(islice(results, len(held), len(held) + len(statements)))
        self._known = {sql: (sets, list(islice(results, len(sets)))) for sql, sets in expected}
        return found

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        [result] = await self._trip(sql, [parameters])
        return self._connection.rows(result)

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        known, results = self._known.pop(sql, (None, []))
        if known != sets:
            results = await self._trip(sql, sets) if sets else []
        return [self._connection.rows(result) for result in results]

    def expect(self, sql: str, sets: Sequence[Sequence[object]]) -> None:
        self._expected.append((sql, sets))


class _Writing(_Reading):
    """One connection as `Writing`: its transaction begins with the first statement that goes."""

    def __init__(self, connection: Connection, multiples: Multiples) -> None:
        super().__init__(connection)
        self._multiples = multiples
        self._held.append((b"BEGIN", ()))

    async def run(self, sql: str, *parameters: object) -> int:
        [result] = await self._trip(sql, [parameters])
        return result.command_tuples or 0

    async def many(self, sql: str, rows: Sequence[Sequence[object]], *, apart: bool = False) -> None:
        if not rows:
            return
        whole = self._multiples.of(spell(sql, True)) if len(rows) > 1 else None
        if whole is None:
            await self._hold([(_spelled(sql), row) for row in rows])
            return
        statement, parameters = whole
        assert all(len(row) == parameters for row in rows)  # what is missing in an array would be NULL
        await self._hold([(statement.encode(), (msgspec.json.encode(rows).decode(),))], len(rows))

    async def _hold(self, statements: list[Statement], size: int = 1) -> None:
        self._held += statements
        self._known.clear()
        if size > HELD_MAX or len(self._held) > HELD_MAX:
            await self._send([])

    async def announce(self, channel: str) -> None:
        await self._hold([(b"SELECT pg_notify($1, '')", (channel,))])

    async def survey(self) -> None:
        # Until it has looked, the planner takes any index that begins with the organization for as good as
        # the right one; by itself it looks a minute later.
        tables = "organizations, licenses, people, holdings, attendees, numbers, locations"
        await self.run(f"ANALYZE {tables}")

    async def commit(self) -> None:
        """Commit, with all that is still held. Raises UncertainError where that may have worked."""
        try:
            await self._send([(b"COMMIT", ())])
        except psycopg.OperationalError as error:
            # A transaction that has failed and is still open did not get as far as its end.
            if self._connection.info.transaction_status == TransactionStatus.INERROR:
                raise
            raise UncertainError(str(error)) from error


@lru_cache(maxsize=1000)
def _spelled(sql: str) -> bytes:
    return spell(sql, True).encode()


def _settings_of(url: str) -> dict[str, Any]:
    """How to connect: the URL's own options follow ours, so that they count, as they do for a migration."""
    told: Mapping[str, Any] = {}
    with suppress(psycopg.ProgrammingError):  # `open` tells of what is no URL
        told = conninfo_to_dict(url)
    own = told.get("options") or os.environ.get("PGOPTIONS", "")
    return {**_CONNECTION, **{name: told[name] for name in _CONNECTION if name in told}} | {
        "options": f"{_CONNECTION['options']} {own}"
    }


class Postgres:
    """A PostgreSQL database as a `Database`."""

    writers = WRITERS

    def __init__(self, url: str) -> None:
        self._address = url
        self.url = shown(url)
        self._settings = _settings_of(url)
        self._multiples = Multiples({})
        self._pool = psycopg_pool.AsyncConnectionPool(
            url,
            connection_class=Connection,
            min_size=1,
            max_size=CONNECTIONS_MAX,
            timeout=WAIT_SECONDS,
            open=False,
            # A transaction begins and ends with statements of its own.
            kwargs=self._settings | {"autocommit": True},
        )

    async def open(self) -> None:
        """Connect; raises StoreError when the server does not answer."""
        try:
            # The pool would try again until the time is over, and then not say what was wrong.
            await (await psycopg.AsyncConnection.connect(self._address)).close()
            await self._pool.open(wait=True, timeout=WAIT_SECONDS)
            async with self._pool.connection() as connection:
                columns = await (await connection.execute(_COLUMNS)).fetchall()
            self._multiples = Multiples({(table, column): kind for table, column, kind in columns})
        except psycopg.OperationalError as error:
            raise StoreError(f"{self.url} cannot be reached: {' '.join(str(error).split())}") from error
        except psycopg.ProgrammingError:  # which quotes a part of the URL, and that may be the password
            raise StoreError(f"{self.url} is no URL for PostgreSQL; use postgresql://USER@HOST/NAME") from None
        except psycopg_pool.PoolTimeout as error:
            raise StoreError(f"{self.url} does not answer within {WAIT_SECONDS:.0f} s") from error

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        async with self._connection() as connection:
            yield _Reading(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        async with self._connection() as connection:
            writing = _Writing(connection, self._multiples)
            yield writing
            await writing.commit()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.IntegrityError as error:
            raise ConflictError(str(error)) from error
        # Read-only is what a standby is that has taken over an address before its time.
        except (
            psycopg.OperationalError,
            psycopg.errors.ReadOnlySqlTransaction,
            psycopg.errors.IdleInTransactionSessionTimeout,
            psycopg_pool.PoolTimeout,
        ) as error:
            raise StoreError(str(error)) from error

    @asynccontextmanager
    async def listening(self, channel: str, heard: Callable[[], None]) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen(channel, heard))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self, channel: str, heard: Callable[[], None]) -> None:
        """Listen, and connect again when the connection is lost, or is one to a standby, which lets nobody listen."""
        while True:
            with suppress(psycopg.Error):
                await self._hear(channel, heard)
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    async def _hear(self, channel: str, heard: Callable[[], None]) -> None:
        """Listen on a connection of its own, for as long as there is one."""
        async with await psycopg.AsyncConnection.connect(
            self._address, autocommit=True, **self._settings
        ) as connection:
            await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            heard()  # something may have been announced before
            async for _ in connection.notifies():
                heard()

    async def close(self) -> None:
        await self._pool.close()

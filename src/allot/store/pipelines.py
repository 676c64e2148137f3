"""libpq's pipeline: statements that go to the server together, and whose answers come back together.

psycopg has one as well, which hands the statements over one by one, each at the price of a system call, and does not
flush what is larger than the socket's buffer. This one puts the same parts of psycopg together in another way.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

import psycopg
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult

from allot.store.database import Row

#: SQL with its parameters
Statement = tuple[bytes, Sequence[object]]

# Statements are few, but searches are put together in many ways.
PREPARED_MAX = 500

# SQL with the types of its parameters: what a statement is prepared for.
_Key = tuple[bytes, tuple[int, ...]]


class Connection(psycopg.AsyncConnection[Row]):
    """A connection that sends statements together, each prepared when it is first used."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._names: dict[_Key, bytes] = {}
        self._numbers = count()
        self._transformer = Transformer(self)

    async def trip(self, statements: Sequence[Statement]) -> list[PGresult]:
        """Send statements and wait for them; the result of each.

        Raises psycopg's error for the first one that failed; those after it were not carried out.
        """
        if len(self._names) > PREPARED_MAX:
            self._names.clear()
            await self.execute(b"DEALLOCATE ALL")
        async with self.lock:
            return await self.wait(self._exchange(statements))

    def rows(self, result: PGresult) -> list[Row]:
        """The rows of a result."""
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def _exchange(self, statements: Sequence[Statement]) -> PQGen[list[PGresult]]:
        calls = [self._call(sql, parameters) for sql, parameters in statements]
        results: list[PGresult] = []
        self.pgconn.enter_pipeline_mode()
        try:
            new = self._prepare([key for key, _, _ in calls])
            for key, values, formats in calls:
                self.pgconn.send_query_prepared(self._names.get(key) or new[key], values, formats)
            self.pgconn.pipeline_sync()
            yield from send(self.pgconn)
            while (found := (yield from fetch_many(self.pgconn))) and found[0].status != ExecStatus.PIPELINE_SYNC:
                results += found
        except psycopg.OperationalError:
            # The connection is lost; what the server said last tells more.
            if _failed(results) is None:
                raise
        finally:
            if self.pgconn.status == ConnStatus.OK:
                self.pgconn.exit_pipeline_mode()
        made = zip(new.items(), results, strict=False)
        self._names.update(named for named, result in made if result.status == ExecStatus.COMMAND_OK)
        if failed := _failed(results):
            raise error_from_result(failed, self.info.encoding)
        return results[len(new) :]

    def _call(self, sql: bytes, parameters: Sequence[object]) -> tuple[_Key, Sequence[Any], Any]:
        """What to send for a statement: its key, and its values with their formats."""
        if not parameters:
            return (sql, ()), (), None
        values = self._transformer.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        return (sql, self._transformer.types or ()), values, self._transformer.formats

    def _prepare(self, keys: Sequence[_Key]) -> dict[_Key, bytes]:
        """Send for preparation what is not prepared yet; the names."""
        new = {key: b"allot_%d" % next(self._numbers) for key in dict.fromkeys(keys) if key not in self._names}
        for (sql, types), name in new.items():
            self.pgconn.send_prepare(name, sql, types)
        return new


def _failed(results: Sequence[PGresult]) -> PGresult | None:
    return next((result for result in results if result.status == ExecStatus.FATAL_ERROR), None)

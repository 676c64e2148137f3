"""A database whose process dies at a chosen statement: what was not committed is gone, and nobody cleans up."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from allot.store.database import Database, Reading, Row, Writing


class Crash(BaseException):
    """The process has died. It is no Exception, so that nothing that is written to handle faults handles it."""


class CrashingDatabase:
    """Dies at the n-th statement, counting the beginning of a transaction, its commit, and what is told after it."""

    def __init__(self, database: Database, statements: int) -> None:
        self._database = database
        self.left = statements
        self.url, self.writers = database.url, database.writers

    def burn(self) -> None:
        """One statement more."""
        self.left -= 1
        if self.left == 0:
            raise Crash

    @property
    def crashed(self) -> bool:
        """Whether it came that far."""
        return self.left <= 0

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A view in which every statement counts."""
        async with self._database.reading() as reading:
            yield _Reading(reading, self.burn)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """A transaction in which every statement counts."""
        self.burn()
        async with self._database.writing() as writing:
            yield _Writing(writing, self.burn)
            self.burn()
        self.burn()  # it is committed, and nobody knows

    def listening(self, channel: str, heard: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        """As the database does."""
        return self._database.listening(channel, heard)

    async def close(self) -> None:
        """Nothing: the database behind it is the test's."""


class _Reading:
    def __init__(self, reading: Reading, burn: Callable[[], None]) -> None:
        self._reading = reading
        self._burn = burn

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        self._burn()
        return await self._reading.rows(sql, *parameters)

    async def each(self, sql: str, sets: Sequence[Sequence[object]]) -> list[list[Row]]:
        self._burn()
        return await self._reading.each(sql, sets)


class _Writing(_Reading):
    def __init__(self, writing: Writing, burn: Callable[[], None]) -> None:
        super().__init__(writing, burn)
        self._writing = writing

    async def run(self, sql: str, *parameters: object) -> int:
        self._burn()
        return await self._writing.run(sql, *parameters)

    async def many(self, sql: str, rows: Sequence[Sequence[object]], *, apart: bool = False) -> None:
        if rows:
            self._burn()
        await self._writing.many(sql, rows, apart=apart)

    async def announce(self, channel: str) -> None:
        self._burn()
        await self._writing.announce(channel)

    async def survey(self) -> None:
        await self._writing.survey()

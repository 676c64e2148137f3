"""The database layer on both databases."""

import asyncio

from servers import open_service


def test_many_large_rows_are_one_statement(database_url: str) -> None:
    """Megabytes of rows in one call arrive whole, and nobody waits for ever."""

    async def write() -> int:
        async with open_service(database_url) as service:
            async with service.database.writing() as writing:
                rows = [(f"org-{n:05d}", "x" * 200, "2026-01-01T00:00:00.000Z") for n in range(20_000)]
                await writing.many(
                    "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, $2, $3)", rows
                )
            async with service.database.reading() as reading:
                [(count,)] = await reading.rows("SELECT COUNT(*) FROM organizations")
                return int(count)

    assert asyncio.run(asyncio.wait_for(write(), 60)) == 20_000

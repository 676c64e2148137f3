"""The journal's rows on both databases."""

import asyncio

from allot.core.journal import Entry
from allot.store import journal, organizations
from servers import open_service

NOW = "2026-01-01T00:00:00.000Z"
ADD = "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, $1, $2)"


def test_entries_are_numbered_on_from_what_the_lock_told(database_url: str) -> None:
    """A transaction that writes twice by its lock, and of an organization that it did not lock, leaves no gap."""

    async def write() -> list[tuple[int, ...]]:
        async with open_service(database_url) as service:
            async with service.database.writing() as writing:
                await writing.many(ADD, [("a", NOW), ("b", NOW), ("c", NOW)])
            for _ in range(2):
                async with service.database.writing() as writing:
                    last = await organizations.lock(writing, ["b", "a", "absent"])
                    await journal.write(writing, [entry("a"), entry("b"), entry("a"), entry("c")], last)
                    await journal.write(writing, [entry("c"), entry("b")], last)
                    assert last == {org_id: await journal.count(writing, org_id) for org_id in ("a", "b")}
            async with service.database.reading() as reading:
                return await reading.rows("SELECT org_id, entry FROM journal ORDER BY org_id, entry")

    expected = [(org_id, number) for org_id in ("a", "b", "c") for number in range(1, 5)]
    assert asyncio.run(write()) == expected


def entry(org_id: str) -> Entry:
    """An entry without a number."""
    return Entry(org_id, NOW, "T", "licenses.assign", None, None, 200, {})

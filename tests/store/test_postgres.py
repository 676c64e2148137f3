"""PostgreSQL: what is said to the server about those who do not answer."""

import asyncio

import pytest

from allot.service.service import Service
from allot.store.database import StoreError
from provisioning import opened, rows


def test_who_stalls_within_a_transaction_is_ended(postgres_url: str):
    """A transaction in which nothing happens for too long is over: its locks are free, and nothing was changed."""

    async def check() -> None:
        async with opened(postgres_url) as service:
            assert await rows(service, "SHOW idle_in_transaction_session_timeout") == [("2min",)]
            with pytest.raises(StoreError, match="idle-in-transaction timeout"):
                await stall(service)
            assert await rows(service, "SELECT 1 FROM free_accounts") == []

    asyncio.run(check())


async def stall(service: Service) -> None:
    """Change something, and do nothing for longer than is allowed."""
    async with service.database.writing() as writing:
        await writing.run("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        await writing.run("INSERT INTO free_accounts (email) VALUES ('stalled@example.com')")
        await asyncio.sleep(0.2)
        await writing.rows("SELECT 1")

"""Many requests at the same time."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

SECONDS = 120


@dataclass(slots=True)
class Answer:
    """One answer: status and decoded body."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def send_all(addresses: list[str], token: str, bodies: Iterable[dict]) -> list[Answer]:
    """Send a PATCH for each body, all at the same time, to the addresses in turn; the answers in their order."""
    return asyncio.run(_send_all(addresses, token, list(bodies)))


async def _send_all(addresses: list[str], token: str, bodies: list[dict]) -> list[Answer]:
    async with open_session(token) as session:
        return await asyncio.gather(
            *(patch(session, addresses[n % len(addresses)], body) for n, body in enumerate(bodies))
        )


def open_session(token: str) -> aiohttp.ClientSession:
    """A session that opens as many connections as it has requests under way."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        headers={"Authorization": f"Bearer {token}"},
    )


async def patch(session: aiohttp.ClientSession, address: str, body: dict) -> Answer:
    """One PATCH /licenses/users."""
    async with session.patch(f"{address}/v1/licenses/users", json=body) as response:
        return Answer(response.status, await response.json(), dict(response.headers))

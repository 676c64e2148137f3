"""A wholesale partner, and the orders of customers that it sends."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from allot.cli import demo
from allot.cli.databases import migrate, open_database
from allot.cli.rulebooks import read_rulebook
from allot.core.scope import CUSTOMERS_READ, CUSTOMERS_WRITE
from allot.service import grants, imports
from allot.service.clock import SystemClock
from allot.service.context import Context
from allot.service.grants import Granting
from bench.load import Exchange
from bench.traffic import request

PATH = "/v1/wholesale/customers"
PACKAGES = ("webex_calling", "webex_meetings", "webex_suite", "webex_voice")
PROVISIONING_ID = "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2"

_ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}
_CALLING = {
    "location": {
        "name": "Head Office",
        "address": _ADDRESS,
        "timezone": "America/Los_Angeles",
        "language": "en_us",
    }
}


def build(url: str) -> str:
    """Make the demo's partner in an empty database, without its customers; a token of its administrator."""
    migrate(url)
    return asyncio.run(_build(url))


async def _build(url: str) -> str:
    database = await open_database(url)
    try:
        context = Context(read_rulebook(""), SystemClock())
        async with database.writing() as writing:
            await imports.save(writing, context, imports.read_document(demo.document(), context.rulebook))
            granting = Granting(
                demo.PARTNER,
                "partner@summit.example",
                "benchmark",
                frozenset((CUSTOMERS_READ, CUSTOMERS_WRITE)),
                datetime(2099, 1, 1, tzinfo=UTC),
            )
            return await grants.grant(writing, context, granting)
    finally:
        await database.close()


def orders(token: str, count: int, packages: Sequence[str] = PACKAGES) -> list[Exchange]:
    """Requests that provision so many customers, each another one."""
    batch = uuid.uuid4().hex[:12]
    return [Exchange(request("POST", PATH, token, _body(f"{batch}-{n}", packages)), b'"url"') for n in range(count)]


def _body(name: str, packages: Sequence[str]) -> bytes:
    return msgspec.json.encode(
        {
            "provisioningId": PROVISIONING_ID,
            "packages": packages,
            "externalId": name,
            "address": _ADDRESS,
            "customerInfo": {"name": f"Customer {name}", "primaryEmail": f"{name}@example.com", "language": "en"},
            "provisioningParameters": {"calling": _CALLING, "meetings": {"timezone": "America/Los_Angeles"}},
        }
    )

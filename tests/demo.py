"""The demo organizations, until the command line makes them itself."""

import asyncio
from importlib.resources import files

from allot.api.operations import OPERATIONS
from allot.cli.databases import open_database
from allot.core.rulebook import load
from allot.core.scope import SCOPES
from allot.service import imports
from allot.service.arrivals import made_id
from allot.service.clock import SystemClock
from allot.service.context import Context
from allot.service.service import Service
from allot.service.tokens import DemoToken, token_hash
from allot.wire.application import Application

ACME, GLOBEX, SUMMIT = (
    "96abc2aa-3dcc-11e5-a152-fe34819cdc9a",
    "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704",
    "0f4d2c1b-6a3e-4b58-8c77-d1e9b2a64f30",
)
TOKENS = {
    "allot-demo-admin": (ACME, "admin@example.com"),
    "allot-demo-readonly": (ACME, "auditor@example.com"),
    "allot-demo-user": (ACME, "user@example.com"),
    "allot-demo-partner": (SUMMIT, "partner@summit.example"),
    "allot-demo-other-org": (GLOBEX, "hank.scorpio@globex.example"),
}


def application(service: Service) -> Application:
    return Application(service, [("/v1", OPERATIONS), ("", OPERATIONS)])


def prepare(service: Service) -> None:
    service.tokens.demo = {
        token_hash(token): DemoToken(org_id, made_id(org_id, "people", email), frozenset(SCOPES))
        for token, (org_id, email) in TOKENS.items()
    }


def load_demo(url: str) -> None:
    asyncio.run(_load(url))


async def _load(url: str) -> None:
    folder = files("allot").joinpath("rulebooks")
    rulebook = load(folder.joinpath("webex.toml").read_text(encoding="utf-8"))
    found = imports.read_document(folder.joinpath("demo.json").read_text(encoding="utf-8"), rulebook)
    database = await open_database(url)
    async with database.writing() as writing:
        await imports.save(writing, Context(rulebook, SystemClock()), found)
    await database.close()

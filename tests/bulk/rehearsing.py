"""Rehearsals in tests: a twin on a server of the test's own, and the demo organization as a snapshot."""

import asyncio
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.applied.journals import Journal
from allot.bulk.applied.rehearsals import Rehearsal, Rehearse
from allot.bulk.applied.twins import ADMINISTRATOR, Twin, twin
from allot.bulk.planned.plans import Plan
from allot.cli.demo import ACME
from allot.client.connections import Target
from allot.client.writers import Writer
from allot.core.rulebook import Rulebook, load
from allot.core.scope import SCOPES
from allot.service import grants, imports
from allot.service.service import Service
from bulk.applying import Company, take_snapshot
from databases import Maker
from servers import ADMIN, Server, rulebook


def shipped() -> str:
    """The text of the rulebook that is shipped."""
    return files("allot").joinpath("rulebooks/webex.toml").read_text(encoding="utf-8")


def without(*rules: str) -> str:
    """The same without these rules."""
    head, *tables = shipped().split("[[rules]]\n")
    assert all(any(f'id = "{rule}"' in table for table in tables) for rule in rules)
    kept = [table for table in tables if not any(f'id = "{rule}"' in table for rule in rules)]
    return "[[rules]]\n".join([head, *kept])


def told(made: Twin) -> dict[str, Any]:
    """The document of a twin."""
    document: dict[str, Any] = json.loads(made.document)
    return document


def pull_demo(demo: Server, folder: Path) -> Snapshot:
    """The demo's organization as a snapshot."""
    return take_snapshot(Company(demo.address, ADMIN, ACME), folder / "acme.snapshot")


def rehearse(sqlite: Maker, plan: Plan, snapshot: Snapshot, text: str = "", made: Twin | None = None) -> Rehearsal:
    """Rehearse on a twin that goes by the rulebook of `text`, the one that is shipped when it is empty."""
    url = sqlite.make()
    made = made or twin(snapshot, plan, rulebook())
    path = plan.file.path.with_name("rulebook.toml")
    path.write_text((text or shipped()) + made.offers, encoding="utf-8")
    book = load(path.read_text(encoding="utf-8"))
    try:
        with Server(url, rulebook=str(path)) as server:
            token = server.call(lambda service: _import(service, made, book))
            return asyncio.run(_run(plan, Target(server.address, token)))
    finally:
        sqlite.drop(url)


async def _import(service: Service, made: Twin, book: Rulebook) -> str:
    [new] = imports.read_document(made.document.decode(), book)
    async with service.database.writing() as writing:
        await imports.save(writing, service.context, [new])
        granting = grants.Granting(new.org_id, ADMINISTRATOR, "test", frozenset(SCOPES))
        return await grants.grant(writing, service.context, granting)


async def _run(plan: Plan, target: Target) -> Rehearsal:
    with Journal(plan.file.path.with_name("rehearsal.journal"), plan.digest, target.address) as journal:
        async with Writer(target) as writer:
            return await Rehearse(plan, writer, rulebook(), journal).run()

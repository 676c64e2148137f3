"""`allot check`: recounts everything."""

import asyncio
from collections import Counter
from typing import Any

import click

from allot.bulk.words import plain
from allot.cli import settings
from allot.cli.databases import open_database
from allot.cli.rulebooks import read_rulebook
from allot.service.checks import check
from allot.service.settings import Settings


@click.command("check")
@settings.options("database", "rulebook")
def command(**flags: Any) -> None:
    """Recount what is counted and hold every holding against the rules; one line for each thing found.

    Leaves with 1 when something is wrong. A warning alone (a holding that the rules would not give, as imports may
    bring) is no failure.
    """
    read = settings.read(flags)
    found = asyncio.run(_check(read))
    if found["wrong"]:
        raise click.exceptions.Exit(1)


async def _check(read: Settings) -> Counter[str]:
    rulebook = read_rulebook(read.rulebook)
    database = await open_database(read.database)
    found: Counter[str] = Counter()
    try:
        async for finding in check(database, rulebook):
            kind = "warning" if finding.warning else "wrong"
            found[kind] += 1
            click.echo(plain(f"{kind}: organization {finding.org_id}: {finding.text}"))
    finally:
        await database.close()
    click.echo(f"{found['wrong']} wrong, {found['warning']} warnings")
    return found

"""`allot token`: access tokens for clients."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from allot.bulk.words import plain
from allot.cli import settings
from allot.cli.databases import open_database
from allot.cli.organizations import find
from allot.cli.rulebooks import read_rulebook
from allot.core.scope import ADMIN, SCOPES
from allot.service import clocks, grants
from allot.service.clock import Clock, SystemClock
from allot.service.context import Context
from allot.service.settings import Settings
from allot.store import tokens
from allot.store.database import Database, Reading

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.group("token")
def command() -> None:
    """Make, list and revoke access tokens."""


@command.command("create")
@click.option("--org", default="", metavar="ORG", help="Id or name of the organization; not needed when there is one.")
@click.option("--person", required=True, metavar="EMAIL", help="Whom the token speaks for.")
@click.option("--scopes", default="", metavar="LIST", help=f"Scopes, by commas; all but {ADMIN} when left out.")
@click.option("--name", default="made by hand", metavar="TEXT", help="What it is for, to find it again.")
@click.option("--expires", default="", metavar="WHEN", help="In 12h, 90d, 4w, or at 2027-01-31; never when left out.")
@settings.options("database")
def create(org: str, person: str, scopes: str, name: str, expires: str, **flags: Any) -> None:
    """Make an access token and print it. It is shown this once: only its hash is kept."""
    wanted = read_scopes(scopes)
    granting = grants.Granting(org, person.strip().lower(), name, wanted, _until(expires, SystemClock()))
    click.echo(asyncio.run(_create(settings.read(flags), granting, expires)))


@command.command("list")
@click.option("--org", default="", metavar="ORG", help="Id or name of one organization; all when left out.")
@settings.options("database")
def list_(org: str, **flags: Any) -> None:
    """List tokens: id, organization, person, name, when they were made and run out, scopes."""
    for grant in asyncio.run(_list(settings.read(flags), org)):
        times = f"made {grant.created}, {'runs out ' + grant.expires if grant.expires else 'never runs out'}"
        click.echo(plain(f"{grant.id}  {grant.org_id}  {grant.email}  {grant.name}  ({times})  {grant.scopes}"))


@command.command("revoke")
@click.argument("id")
@settings.options("database")
def revoke(id: str, **flags: Any) -> None:
    """Make the token ID work no longer; a running server believes it for two more seconds."""
    asyncio.run(_revoke(settings.read(flags), id))
    click.echo(f"revoked {id}")


def read_scopes(text: str) -> frozenset[str]:
    """The scopes of an option; all but the one for allot's own plane when it is empty."""
    wanted = frozenset(text.replace(",", " ").split()) or frozenset(SCOPES) - {ADMIN}
    unknown = sorted(wanted - set(SCOPES))
    if unknown:
        raise click.UsageError(f"--scopes has {', '.join(unknown)}, must be of {', '.join(SCOPES)}")
    return wanted


def _until(text: str, clock: Clock) -> datetime | None:
    """When a token runs out: after a span, or at a date; None for never."""
    if not text:
        return None
    now = clock.now()
    span = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", text)
    if span:
        return now + timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--expires is `{text}`, must be like 12h, 90d, 4w or 2027-01-31") from None
    at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    if at <= now:
        raise click.UsageError(f"--expires is `{text}`, which is over; name a time to come")
    return at


async def _create(read: Settings, granting: grants.Granting, expires: str) -> str:
    database = await open_database(read.database)
    try:
        async with database.writing() as writing:
            org_id = await find(writing, granting.org_id)
            context = await context_of(read, writing)
            granting = replace(granting, org_id=org_id, expires=_until(expires, context.clock))
            return await grants.grant(writing, context, granting)
    finally:
        await database.close()


async def _list(read: Settings, org: str) -> list[tokens.Grant]:
    database = await open_database(read.database)
    try:
        async with database.reading() as reading:
            return await tokens.grants(reading, await find(reading, org) if org else "")
    finally:
        await database.close()


async def _revoke(read: Settings, id: str) -> None:
    database: Database = await open_database(read.database)
    try:
        async with database.writing() as writing:
            org_ids = {grant.org_id for grant in await tokens.grants(writing, "") if grant.id == id}
            await grants.revoke(writing, await context_of(read, writing), next(iter(org_ids), ""), id)
    finally:
        await database.close()


async def context_of(read: Settings, reading: Reading) -> Context:
    """What operations outside a server are given: they go by the clock of the database, too."""
    return Context(read_rulebook(read.rulebook), await clocks.of(reading))

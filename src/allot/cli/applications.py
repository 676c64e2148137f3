"""`allot application`: programs that get their tokens with POST /access_token."""

import asyncio
from typing import Any

import click

from allot.cli import settings
from allot.cli.databases import open_database
from allot.cli.organizations import find
from allot.cli.tokens import context_of, read_scopes
from allot.service import grants
from allot.service.grants import Registration
from allot.service.settings import Settings


@click.group("application")
def command() -> None:
    """Register applications that get their tokens from the API."""


@command.command("create")
@click.option("--org", default="", metavar="ORG", help="Id or name of the organization; not needed when there is one.")
@click.option("--name", required=True, metavar="TEXT", help="What it is called.")
@click.option("--scopes", default="", metavar="LIST", help="Scopes, by commas; all but allot:admin when left out.")
@click.option("--redirect-uri", default="", metavar="URI", help="Of an integration: where its users come back to.")
@click.option("--person", default="", metavar="EMAIL", help="Of a service app: the person that it acts as.")
@settings.options("database")
def create(org: str, name: str, scopes: str, redirect_uri: str, person: str, **flags: Any) -> None:
    """Register an application and print its client id and secret. The secret is shown this once.

    An integration acts for whoever authorizes it, and has a redirect URI; a service app acts as one person.
    """
    if bool(redirect_uri) == bool(person):
        raise click.UsageError("give --redirect-uri for an integration, or --person for a service app")
    wanted = Registration(org, name, read_scopes(scopes), redirect_uri or None, person.strip().lower() or None)
    client_id, secret = asyncio.run(_create(settings.read(flags), wanted))
    click.echo(f"client_id      {client_id}")
    click.echo(f"client_secret  {secret}")


@command.command("authorize")
@click.argument("client_id")
@click.option("--org", default="", metavar="ORG", help="Id or name of the person's organization.")
@click.option("--person", required=True, metavar="EMAIL", help="Who lets the application act for them.")
@settings.options("database")
def authorize(client_id: str, org: str, person: str, **flags: Any) -> None:
    """Print an authorization code for an integration, good for one POST /access_token within ten minutes."""
    click.echo(asyncio.run(_authorize(settings.read(flags), client_id, org, person.strip().lower())))


async def _create(read: Settings, wanted: Registration) -> tuple[str, str]:
    database = await open_database(read.database)
    try:
        async with database.writing() as writing:
            context = await context_of(read, writing)
            org_id = await find(writing, wanted.org_id)
            email = wanted.person_id
            person_id = await grants.person_of(writing, context, org_id, email) if email else None
            registration = Registration(org_id, wanted.name, wanted.scopes, wanted.redirect_uri, person_id)
            return await grants.register(writing, context, registration)
    finally:
        await database.close()


async def _authorize(read: Settings, client_id: str, org: str, email: str) -> str:
    database = await open_database(read.database)
    try:
        async with database.writing() as writing:
            context = await context_of(read, writing)
            org_id = await find(writing, org)
            person_id = await grants.person_of(writing, context, org_id, email)
            return await grants.authorize(writing, context, client_id, org_id, person_id)
    finally:
        await database.close()

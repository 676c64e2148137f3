"""`allot migrate`: makes a database, or brings its schema up to date."""

from typing import Any

import click

from allot.cli import settings
from allot.cli.databases import migrate
from allot.store.database import shown


@click.command("migrate")
@click.option("--unlock", is_flag=True, help="Break the lock that a killed migration left.")
@settings.options("database")
def command(unlock: bool, **flags: Any) -> None:
    """Make the database, or bring its schema up to date. Does nothing when it is."""
    url = settings.read(flags).database
    applied = migrate(url, unlock=unlock)
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"{shown(url)} is up to date")

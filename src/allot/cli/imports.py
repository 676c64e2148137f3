"""`allot import`: organizations from a document, people from a table."""

import asyncio
from pathlib import Path
from typing import Any

import click

from allot.bulk.words import plain
from allot.cli import settings
from allot.cli.databases import is_current, migrate, open_database, sqlite_path
from allot.cli.organizations import find
from allot.cli.rulebooks import read_rulebook
from allot.service import clocks, imports
from allot.service.context import Context
from allot.service.settings import Settings

# Longer lists of faults are of one cause, and nobody reads them.
FAULTS_SHOWN = 100


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--org", default="", metavar="ORG", help="For a CSV file: id or name of the organization that they join.")
@settings.options("database", "rulebook")
def command(file: Path, org: str, **flags: Any) -> None:
    """Import organizations from FILE.json, or people into an organization from FILE.csv.

    A CSV file names its columns in its first line: email, displayName, licenses and roles (several by semicolons),
    location, phoneNumber, extension. An SQLite database is made where there is none. All faults are told at once,
    with their places, and then nothing is imported.
    """
    read = settings.read(flags)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        what = f"is no UTF-8 text (byte 0x{error.object[error.start]:02X} in line {number}); save it as UTF-8"
        raise click.ClickException(f"{file} {what}") from error
    if file.suffix.lower() not in (".json", ".csv"):
        raise click.UsageError(f"{file} must end with .json (organizations) or .csv (people)")
    try:
        said = asyncio.run(_import(read, text, org, table=file.suffix.lower() == ".csv"))
    except imports.ImportFault as fault:
        more = len(fault.faults) - FAULTS_SHOWN
        shown = [f"{file}: {each}" for each in fault.faults[:FAULTS_SHOWN]] + ([f"and {more} more"] if more > 0 else [])
        raise click.ClickException("nothing was imported:\n" + "\n".join(shown)) from fault
    for line in said:
        click.echo(plain(line))


async def _import(read: Settings, text: str, org: str, *, table: bool) -> list[str]:
    rulebook = read_rulebook(read.rulebook)
    found = [] if table else imports.read_document(text, rulebook)
    path = sqlite_path(read.database)
    if path is not None and not path.exists() and not table and not await is_current(read.database):
        migrate(read.database)
    database = await open_database(read.database)
    try:
        async with database.writing() as writing:
            context = Context(rulebook, await clocks.of(writing))
            if table:
                org_id = await find(writing, org)
                found = [await imports.save_people(writing, context, org_id, text)]
            else:
                await imports.save(writing, context, found)
    finally:
        await database.close()
    return [f"imported {new.people} people into organization {new.org_id}" for new in found]

"""`allot pull`: reads an organization into a snapshot."""

import asyncio
import re
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.pulls import Order, Pulled, draft_path, origin, pull
from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.files import FileFault
from allot.bulk.words import count, plain
from allot.cli import settings
from allot.cli.rulebooks import read_rulebook
from allot.client.connections import Target
from allot.client.readers import Reader
from allot.core import ids
from allot.core.rulebook import Rulebook
from allot.service.clock import SystemClock, stamp

# Seconds between two looks, and between two lines where there is no terminal.
LOOK, SAY = 0.2, 10.0


@click.command("pull")
@click.option("--url", envvar="ALLOT_URL", default="", metavar="URL", help="Address of the API; also ALLOT_URL.")
@click.option("--token", envvar="ALLOT_TOKEN", default="", metavar="TOKEN", help="Access token; also ALLOT_TOKEN.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The snapshot; else it is named after the organization.",
)
@click.option("--org", default="", metavar="ID", help="For partners: the organization to read, not the token's own.")
@click.option("--fresh", is_flag=True, help="Begin again, and forget what a pull that was stopped has read.")
@settings.options("rulebook")
def command(url: str, token: str, output: Path | None, org: str, fresh: bool, **flags: Any) -> None:
    """Read an organization into a snapshot: its licenses, locations, numbers, and people with what they have.

    Nothing is written to the API. A pull that was stopped goes on where it stopped when it is called again.
    """
    if not url or not token:
        missing = "--url (or ALLOT_URL)" if not url else "--token (or ALLOT_TOKEN)"
        raise click.UsageError(f"{missing} is required", click.get_current_context())
    org_id = ids.decode("ORGANIZATION", org) if org else None
    if org and org_id is None:
        raise click.UsageError(f"--org must be the id of an organization, not {org}", click.get_current_context())
    rulebook = read_rulebook(settings.read(flags).rulebook)
    asyncio.run(_pull(Target(url, token), org_id, output, rulebook, fresh))


async def _pull(target: Target, org_id: str | None, output: Path | None, rulebook: Rulebook, fresh: bool) -> None:
    pulled = Pulled()
    async with Reader(target) as reader:
        whose = await origin(reader, org_id, _now())
        path = output or Path(f"{_slug(whose.org_name)}.snapshot")
        _check_replaced(path)
        order = Order(path, whose, org_id, lambda each: offer(rulebook, each).calling, _now, fresh)
        try:
            await _show(pull(reader, order, pulled), reader, pulled)
        except BaseException:
            if pulled.people:
                click.echo(
                    f"{pulled.people:,} people are kept in {draft_path(path)}; the same command goes on there", err=True
                )
            raise
    for notice in pulled.notices:
        click.echo(f"Note: {plain(notice)}.", err=True)
    click.echo(
        f"{path}: {count(pulled.people, 'person', 'people')}, {count(pulled.licenses, 'license')},"
        f" {count(pulled.locations, 'location')} and {count(pulled.numbers, 'number')} of {plain(whose.org_name)}\n"
        f"{pulled.digest}"
    )


def _check_replaced(path: Path) -> None:
    """An older snapshot gives way; anything else that is there is kept."""
    try:
        if path.exists():
            Snapshot(path)
    except FileFault:
        raise click.ClickException(f"{path} is there and is no snapshot; name another file with -o") from None


async def _show(pulling: Awaitable[None], reader: Reader, pulled: Pulled) -> None:
    """Wait for a pull, and say meanwhile how far it is."""
    task = asyncio.ensure_future(pulling)
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        row = progress.add_task("")
        said = begun = time.monotonic()
        since = ""
        while not task.done():
            await asyncio.wait([task], timeout=LOOK)
            if pulled.since != since:
                since = pulled.since
                console.print(
                    f"Going on after {pulled.kept:,} people that were read from {plain(since)} on", highlight=False
                )
            text = _text(reader, pulled, time.monotonic() - begun)
            progress.update(row, description=text)
            if not console.is_terminal and time.monotonic() - said >= SAY:
                said = time.monotonic()
                console.print(text, highlight=False)
    await task


def _text(reader: Reader, pulled: Pulled, seconds: float) -> str:
    rate = (pulled.people - pulled.kept) / max(seconds, 0.1)
    waits = f", waiting {reader.gate.waits:.0f} s as the server asks" if reader.gate.waits >= 1 else ""
    return f"{pulled.people:,} people ({rate:,.0f}/s), {pulled.numbers:,} numbers{waits}"


def _now() -> str:
    return stamp(SystemClock().now())


def _slug(name: str) -> str:
    """A name of an organization as one of a file: `Acme, Inc.` is `acme-inc`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "organization"

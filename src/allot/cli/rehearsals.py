"""`allot rehearse`: a plan is carried out on a twin of its organization, and what happens is held against it."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.applied.journals import Journal
from allot.bulk.applied.rehearsals import Difference, Rehearsal, Rehearse
from allot.bulk.applied.twins import twin
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.terminals import console
from allot.bulk.words import count, plain
from allot.cli import settings
from allot.cli.rulebooks import rulebook_text
from allot.cli.twins import Served, served
from allot.client.connections import Target
from allot.client.writers import Writer
from allot.core.rulebook import Rulebook, load

#: differences and notices that are shown; --json has all
SHOWN = 20
# How often the bar is moved, in seconds.
LOOK = 0.1

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("rehearse")
@click.argument("plan", type=_FILE)
@click.option("--snapshot", type=_FILE, metavar="FILE", help="What the plan was made of; beside it when left out.")
@click.option("--json", "raw", is_flag=True, help="Print what it came to as JSON.")
@settings.options("rulebook")
def command(plan: Path, snapshot: Path | None, raw: bool, **flags: Any) -> None:
    """Carry a PLAN out on a twin of its organization, and hold what happens against what it predicts.

    The twin is a real server with the people that the plan concerns, in a process of its own; nothing of it is left
    behind. Whoever the plan refuses is sent what they asked for, too. Exits with 0 when everything is as predicted,
    with 1 when something is not, or when it cannot be rehearsed.
    """
    name = settings.read(flags).rulebook
    text = rulebook_text(name)
    read = Snapshot(snapshot or plan.with_suffix(".snapshot"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rehearsal = runner.run(_rehearse(Plan(plan), read, text, name))
    if raw:
        click.echo(msgspec.json.format(msgspec.json.encode(rehearsal)).decode())
    else:
        show(rehearsal)
    if not rehearsal.as_predicted:
        raise click.exceptions.Exit(1)


async def _rehearse(plan: Plan, snapshot: Snapshot, text: str, name: str) -> Rehearsal:
    rulebook = load(text, name or "webex.toml")
    screen = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        row = progress.add_task("making the twin", total=None)
        made = twin(snapshot, plan, rulebook)
        async with served(made, text) as server:
            progress.update(row, description=f"rehearsing with {made.people:,} people")
            rehearsal = await server.during(_run(plan, server, rulebook, partial(progress.update, row)))
    rehearsal.notices = made.notices
    return rehearsal


async def _run(plan: Plan, server: Served, rulebook: Rulebook, tell: Callable[..., None]) -> Rehearsal:
    """Rehearse on the twin that is served; `tell` is told how far it is."""
    with Journal(server.folder / "journal", plan.digest, server.address) as journal:
        async with Writer(Target(server.address, server.token)) as writer:
            return await _followed(Rehearse(plan, writer, rulebook, journal), tell)


async def _followed(rehearse: Rehearse, tell: Callable[..., None]) -> Rehearsal:
    running = asyncio.create_task(rehearse.run())
    try:
        while not running.done():
            await asyncio.wait([running], timeout=LOOK)
            done, total = rehearse.progress
            tell(completed=done, total=total)
        return await running
    finally:
        running.cancel()
        await asyncio.wait([running])


def show(rehearsal: Rehearsal) -> None:
    """Print what a rehearsal came to."""
    out = console()
    for notice in _first(rehearsal.notices):
        out.print(f"Note: {plain(notice)}.", soft_wrap=True)
    out.print(f"{rehearsal.done:,} of {rehearsal.changes:,} changes came out as planned.", soft_wrap=True)
    if rehearsal.refusals:
        held = f"{rehearsal.refused:,} of {rehearsal.refusals:,}"
        out.print(f"{held} refused people were refused as predicted.", soft_wrap=True)
    if rehearsal.unsent:
        out.print(
            f"{count(rehearsal.unsent, 'refused person', 'refused people')} could not be rehearsed:"
            " allot itself refuses.",
            soft_wrap=True,
        )
    if rehearsal.differences:
        out.print(
            f"{len(rehearsal.differences):,} came out otherwise than the plan predicts:",
            style="bold red",
            soft_wrap=True,
        )
    for line in _first([_line(each) for each in rehearsal.differences]):
        out.print(f"  {plain(line)}", soft_wrap=True)


def _line(difference: Difference) -> str:
    where = f" (line {difference.line})" if difference.line else ""
    rules = f" [{', '.join(difference.rules)}]" if difference.rules else ""
    return f"{difference.email}{where}: predicted {difference.predicted}; happened: {difference.happened}{rules}"


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"and {more:,} more; --json has all"] if more > 0 else [])

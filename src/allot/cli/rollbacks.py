"""`allot rollback`: makes the plan that undoes another one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.applied.journals import past
from allot.bulk.applied.rollbacks import Rollback, check_age, make
from allot.bulk.desired.desires import show
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.terminals import console
from allot.bulk.shown.wordings import Names
from allot.bulk.words import count, plain
from allot.cli import settings, shows
from allot.cli.plans import replaced
from allot.cli.rulebooks import read_rulebook
from allot.service.clock import SystemClock, stamp

#: people of each list that are named; --all names everybody
SHOWN = 20
#: exit codes: nothing to undo, and changes to be applied
NOTHING, CHANGES = 0, 2

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("rollback")
@click.argument("plan", type=_FILE)
@click.option("--snapshot", type=_FILE, metavar="FILE", help="The organization as it is now, read with `allot pull`.")
@click.option("--journal", type=_FILE, metavar="FILE", help="Of applying the plan; beside it when left out.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="The plan to write; beside the other when left out.")
@click.option("--all", "everybody", is_flag=True, help="Name everybody who is left, or loses something for good.")
@settings.options("rulebook")
def command(
    plan: Path, snapshot: Path | None, journal: Path | None, output: Path | None, everybody: bool, **flags: Any
) -> None:
    """Make the plan that gives back what people had before PLAN was applied to them, as far as there is a way.

    Its journal says who that is. With --snapshot it is decided against what the organization is now: units, numbers
    that somebody else has meanwhile, and people who were changed since, who are left alone. Nothing is sent: show,
    rehearse and apply the new plan as any other. Exits with 0 when there is nothing to undo, with 2 when there is.
    """
    found = Plan(plan)
    journal = journal or plan.with_name(f"{plan.name}.journal")
    entries = past(journal, found.digest)
    actual = Snapshot(snapshot) if snapshot else None
    if actual is not None:  # a journal has no times; the last line was written when its file was
        check_age(actual, stamp(datetime.fromtimestamp(journal.stat().st_mtime, UTC)))
    rulebook = read_rulebook(settings.read(flags).rulebook)
    path = output or plan.with_suffix(".rollback.plan")
    shows.check_apart([plan, snapshot], [path])
    replaced(path)
    now = stamp(SystemClock().now())
    rollback = make(found, entries, actual, rulebook, path, now)
    _show(rollback, None if everybody else SHOWN)
    raise click.exceptions.Exit(CHANGES if rollback.plan.summary.changes else NOTHING)


def _show(rollback: Rollback, most: int | None) -> None:
    out = console()
    for line in _made(rollback):
        out.print(line, soft_wrap=True)
    told = rollback.plan.summary
    out.print(
        f"{told.changes:,} can be undone, {told.unchanged:,} are undone already, {told.refused:,} cannot be.",
        soft_wrap=True,
    )
    _list(out, "Left as they are, or in part:", [show("", each).removeprefix(": ") for each in rollback.left], most)
    names = Names(rollback.plan.head.licenses)
    refusals = (refusal for block in rollback.plan.refusals() for refusal in block)
    refused = [f"{refusal.email}: {names.sentence(refusal.reasons[0].what)}" for refusal in refusals]
    _list(out, "Cannot be undone:", refused, most)
    _list(out, "Lost for good, whatever comes back:", rollback.losses, most)
    out.print(f"{rollback.plan.file.path}: {count(told.requests, 'request')}\n{rollback.plan.digest}", soft_wrap=True)


def _made(rollback: Rollback) -> Iterator[str]:
    """What was done, by the journal, and beyond it."""
    applied = rollback.applied
    done = len(applied.changes) + len(applied.halves)
    yield f"The journal tells of {count(done, 'change')} that {'was' if done == 1 else 'were'} made."
    if applied.already:
        yield f"{applied.already:,} of them were as planned when first looked at; they are undone, too."
    if rollback.found:
        yield f"In force without a line in it, and undone, too: {count(len(rollback.found), 'change')}."
    if rollback.unknown:
        yield (
            f"It has no line of {count(rollback.unknown, 'change')} of the plan. If the apply was killed, some may be"
            " made all the same: run it to its end first, or pull and name the snapshot with --snapshot."
        )


def _list(out: Console, title: str, lines: list[str], most: int | None) -> None:
    if lines:
        out.print(f"\n{title}", soft_wrap=True)
    for line in lines[:most]:
        out.print(f"  {plain(line)}", soft_wrap=True)
    if most is not None and len(lines) > most:
        out.print(f"  and {len(lines) - most:,} more; --all names everybody", soft_wrap=True)

"""`allot show`: a plan as text, as JSON, as CSV and as a page."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from allot.bulk.memories import without_collector
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import exports, outlines, pages
from allot.bulk.shown.terminals import console

#: people of whom --diff tells without --all
SHOWN = 50
# Bytes of a first line that are looked at: tables of Control Hub have hundreds of columns.
_LINE_MAX = 1 << 16

F = TypeVar("F", bound=Callable[..., Any])


def outputs(function: F) -> F:
    """The options that say how a plan is shown: diff, all, json, csv, html."""
    for option in (
        click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page."),
        click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a table."),
        click.option("--json", "raw", is_flag=True, help="Print the whole plan as JSON."),
        click.option("--all", "everybody", is_flag=True, help="With --diff, show everybody."),
        click.option("--diff", is_flag=True, help=f"Show what changes for each person, {SHOWN} at most."),
    ):
        function = option(function)
    return function


def show(plan: Plan, *, diff: bool, everybody: bool, raw: bool, csv: Path | None, html: Path | None) -> None:
    """Show a plan as the options of `outputs` say; the summary, when they say nothing else."""
    with without_collector():
        if csv is not None:
            exports.write_csv(plan, csv)
        if html is not None:
            pages.write_plan(plan, html)
        if raw:
            exports.write_json(plan, sys.stdout.buffer)
            return
        out = console()
        outlines.summary(plan, out)
        if diff and plan.summary.changes:
            out.print()
            outlines.diff(plan, out, None if everybody else SHOWN)


def check_apart(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Nothing is written over what it is made from, nor over something else that is written."""
    seen = {path.resolve() for path in read if path is not None}
    for path in written:
        if path is not None and path.resolve() in seen:
            raise click.ClickException(f"{path} is read, or written twice, by this command; name another file")
        seen |= {path.resolve()} if path is not None else set()


def check_replaced(path: Path | None, like: str) -> None:
    """An earlier output, whose first line ends like this, gives way to a new one; anything else there is kept."""
    if path is None or not path.is_file():
        return
    with path.open("rb") as file:
        first = file.readline(_LINE_MAX).decode(errors="replace")
    if first and not first.rstrip().endswith(like):
        raise click.ClickException(f"{path} is there and is nothing that this option wrote; name another file")


def check_outputs(csv: Path | None, html: Path | None) -> None:
    """The same for what the options of `outputs` write."""
    check_replaced(csv, ",".join(exports.COLUMNS))
    check_replaced(html, pages.BEGIN)


@click.command("show")
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@outputs
@click.option("--digest", is_flag=True, help="Print nothing but the digest, to approve it with.")
def command(plan: Path, digest: bool, **flags: Any) -> None:
    """Show what a plan does: how many people change, what that takes of each license, who is refused and why.

    --diff tells person by person what is added (+), removed (-) and changed (~). --json prints the PLAN as one
    document; --csv writes a row for each person, --html a page that needs nothing else. Nothing is changed.
    """
    if digest and any(flags.values()):
        raise click.UsageError("--digest prints nothing else; leave out the other options", click.get_current_context())
    check_apart([plan], [flags["csv"], flags["html"]])
    check_outputs(flags["csv"], flags["html"])
    shown = Plan(plan)
    if digest:
        click.echo(shown.digest)
    else:
        show(shown, **flags)

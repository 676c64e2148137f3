"""`allot report`: what licenses are used for, and whose units could come back."""

import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.shown import exports, pages
from allot.bulk.shown.terminals import console, tight
from allot.bulk.shown.usages import ACTIVITIES, Usage
from allot.bulk.words import count, moment, plain
from allot.cli import settings, shows
from allot.cli.rulebooks import read_rulebook

_SAID = ("active", "idle", "never active", "not known")
_MANY = "people who are idle or never were active hold"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report")
@click.argument("snapshot", type=_FILE)
@click.option(
    "--inactive",
    default=90,
    type=click.IntRange(0, 100_000),
    metavar="DAYS",
    show_default=True,
    help="Idle: not active for so long.",
)
@click.option("--license", "only", multiple=True, metavar="LICENSE", help="Reclaim units of this license; repeatable.")
@click.option("--reclaim", type=_FILE, metavar="FILE", help="Write whom to take what from, as CSV for `allot plan`.")
@click.option("--csv", type=_FILE, metavar="FILE", help="Write the units of each license as a table.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write a page that needs nothing else.")
@click.option("--json", "raw", is_flag=True, help="Print everything as JSON.")
@settings.options("rulebook")
def command(snapshot: Path, inactive: int, only: tuple[str, ...], raw: bool, **flags: Any) -> None:
    """Report what licenses are used for, by a SNAPSHOT: units used and free, and who has some without being active.

    Idle is who was not active for DAYS days before the snapshot was read. Whose last activity is not known is
    counted apart. --reclaim writes what `allot plan` reads, to take counted licenses from those who are idle or never
    were active. Nothing is changed.
    """
    shows.check_apart([snapshot], [flags["csv"], flags["html"], flags["reclaim"]])
    likes = {"csv": ",".join(exports.USAGE), "html": pages.BEGIN, "reclaim": ",".join(exports.IDLE)}
    for name, like in likes.items():
        shows.check_replaced(flags[name], like)
    read = Snapshot(snapshot)
    rulebook = read_rulebook(settings.read(flags).rulebook)
    names = Catalogue(read, rulebook)
    usage = Usage(read, rulebook, inactive, [names.license(each).bit_length() - 1 for each in only])
    if flags["csv"]:
        exports.write_usage(usage, flags["csv"])
    if flags["html"]:
        pages.write_usage(usage, flags["html"])
    if flags["reclaim"]:
        exports.write_idle(usage, names, flags["reclaim"])
    if raw:
        exports.write_usage_json(usage, sys.stdout.buffer)
    else:
        _show(usage, console())


def _show(usage: Usage, out: Console) -> None:
    head = usage.snapshot.head
    out.print(Text(f"Licenses of {plain(head.org_name)}", "bold"))
    tight(
        out, Text(f"by the snapshot of {plain(moment(head.begun))}; idle: not active for {usage.days:,} days before it")
    )
    out.print()
    tight(out, _licenses(usage))
    out.print()
    tight(out, _subscriptions(usage))
    out.print()
    for sentence in usage.over():
        tight(out, Text(plain(sentence), "yellow"))
    if usage.unread:
        unread = count(usage.unread, "person holds", "people hold")
        tight(out, Text(f"What {unread} is not known; pull with an administrator's token", "yellow"))
    people = ", ".join(f"{usage.people[state]:,} {said}" for state, said in zip(ACTIVITIES, _SAID, strict=True))
    tight(out, Text(f"People: {people}"))
    giving = count(usage.idle_people, "person who is idle or never was active holds", _MANY)
    tight(out, Text(f"{giving} {count(usage.idle_units, 'unit')} that would come back", "bold"))
    if usage.idle_calling:
        having = count(usage.idle_calling, "of them has", "of them have")
        what = f"{having} calling: without it they lose number, extension and settings"
        tight(out, Text(what, "red"))


def _licenses(usage: Usage) -> Table:
    table = _table("License", "Units", "Used", "Free", "Active", "Idle", "Never", "Unknown")
    for each in usage.uses:
        free = Text(_number(each.free), "red" if each.free is not None and each.free < 0 else "")
        table.add_row(
            plain(each.name),
            _number(each.total),
            _number(each.used),
            free,
            *(_number(each.holders[state]) for state in ACTIVITIES),
        )
    return table


def _subscriptions(usage: Usage) -> Table:
    table = _table("Subscription", "Units", "Used", "Over", "Would come back")
    for each in usage.totals():
        over = Text(_number(each.over), "red" if each.over else "")
        table.add_row(
            plain(each.subscription) or "none", _number(each.total), _number(each.used), over, _number(each.idle)
        )
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, overflow="fold")
    for title in others:
        table.add_column(title, justify="right", no_wrap=True)
    return table


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"

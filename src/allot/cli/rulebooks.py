"""`allot rulebook`: the offers, rules and packages that decide."""

import click

from allot.cli.serving import read_rulebook


@click.group("rulebook")
def command() -> None:
    """Check a rulebook."""


@command.command("check")
@click.argument("file", required=False, default="")
def check(file: str) -> None:
    """Read the rulebook FILE (the one shipped when none is named); one line for each fault, with its line and field."""
    rulebook = read_rulebook(file)
    counts = f"{len(rulebook.offers)} offers, {len(rulebook.rules)} rules, {len(rulebook.packages)} packages"
    click.echo(f"{file or 'webex.toml'} is a rulebook: {rulebook.title}, version {rulebook.version}, {counts}")

"""`allot rulebook`: the offers, rules and packages that decide."""

from functools import cache
from importlib.resources import files
from pathlib import Path

import click

from allot.bulk.words import plain
from allot.core.rulebook import Rulebook, load


def read_rulebook(name: str) -> Rulebook:
    """The rulebook of a file, or the one shipped when the name is empty. Raises RulebookError or OSError."""
    return load(rulebook_text(name), name) if name else _shipped()


@cache
def _shipped() -> Rulebook:
    # Read once: whoever decides with the library asks for it again and again, and so do the servers of tests.
    return load(rulebook_text(""), "webex.toml")


def rulebook_text(name: str) -> str:
    """The text of the rulebook of a file, or of the one shipped when the name is empty. Raises OSError."""
    if name:
        return Path(name).read_text(encoding="utf-8")
    return files("allot").joinpath("rulebooks/webex.toml").read_text(encoding="utf-8")


@click.group("rulebook")
def command() -> None:
    """Check a rulebook."""


@command.command("check")
@click.argument("file", required=False, default="")
def check(file: str) -> None:
    """Read the rulebook FILE (the one shipped when none is named); one line for each fault, with its line and field."""
    rulebook = read_rulebook(file)
    counts = f"{len(rulebook.offers)} offers, {len(rulebook.rules)} rules, {len(rulebook.packages)} packages"
    click.echo(plain(f"{file or 'webex.toml'} is a rulebook: {rulebook.title}, version {rulebook.version}, {counts}"))

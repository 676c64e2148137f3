"""`allot worker`: what happens in the background, in a process of its own."""

from importlib.metadata import version
from typing import Any

import click

from allot.cli import serving, settings
from allot.service.settings import Settings
from allot.store.database import shown


@click.command("worker")
@settings.options("database", "rulebook", "lease_seconds", "log_level")
def command(**flags: Any) -> None:
    """Provision packages, and do whatever else is due, without answering requests.

    Any number of workers share one PostgreSQL database, on any number of machines. What one of them leaves behind,
    another one takes over when its lease has run out. SIGTERM and SIGINT let it carry out what it has claimed.
    """
    read = settings.read(flags)
    serving.log_to_stderr(read.log_level)
    serving.work(read, ready=lambda name: click.echo(_banner(read, name)))


def _banner(read: Settings, name: str) -> str:
    lines = [
        f"allot {version('allot')} works in the background",
        f"  worker    {name}",
        f"  database  {shown(read.database)}",
        f"  lease     {read.lease_seconds:g} s",
        "",
        "Ctrl+C stops it.",
    ]
    return "\n".join(lines)

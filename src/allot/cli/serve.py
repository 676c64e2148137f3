"""`allot serve`: the service in one command."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from allot.cli import demo as demonstration
from allot.cli import serving, settings
from allot.service.settings import Settings
from allot.store.database import shown


@click.command("serve")
@click.option(
    "--demo", is_flag=True, help="Serve the demo organizations, on loopback, with tokens that everybody knows."
)
@settings.options()
def command(demo: bool, **flags: Any) -> None:
    """Serve the Webex API for licenses; with --demo, an organization to try it on.

    Every flag is also a variable and a key of the settings file; flags win, then variables, then the file.
    """
    given = settings.given(flags)
    serving.log_to_stderr(Settings(**given).log_level)
    if not demo or "database" in given:
        _serve(Settings(**given), demo, "")
        return
    with tempfile.TemporaryDirectory(prefix="allot-demo-") as folder:
        given["database"] = f"sqlite:///{Path(folder) / 'demo.db'}"
        _serve(Settings(**given), demo, "temporary, gone when it stops")


def _serve(read: Settings, demo: bool, kept: str) -> None:
    serving.run(read, demo=demo, ready=lambda address: click.echo(_banner(read, address, demo, kept)))


def _banner(read: Settings, address: str, demo: bool, kept: str) -> str:
    lines = [
        f"allot {version('allot')} listens on {address}",
        f"  console   {address}/console",
        f"  API       {address}/v1",
        f"  docs      {address}/allot/v1/docs",
        f"  database  {kept or shown(read.database)}",
    ]
    if not read.worker:
        lines.append("  worker    none here; packages wait until one runs: allot worker")
    bearer = "$TOKEN"
    if demo:
        bearer = demonstration.TOKENS[0].token
        lines.append(
            "  tokens    " + "\n            ".join(f"{each.token:22}{each.says}" for each in demonstration.TOKENS)
        )
    else:
        lines.append("  tokens    make one with: allot token create --help")
    lines += ["", "Try:", f"  curl -H 'Authorization: Bearer {bearer}' {address}/v1/licenses", "", "Ctrl+C stops it."]
    return "\n".join(lines)

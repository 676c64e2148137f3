"""Pages about what operators type: settings and commands."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import click

from allot.cli.main import COMMANDS, allot
from allot.cli.settings import FILE, PREFIX
from allot.service.settings import Settings
from generating.markdown import code, table


def settings() -> str:
    hints = get_type_hints(Settings, include_extras=True)
    rows = []
    for field in dataclasses.fields(Settings):
        kind, text = get_args(hints[field.name])
        flag = f"--{field.name.replace('_', '-')}"
        flag = f"{flag}, --no-{flag[2:]}" if kind is bool else flag
        default = str(field.default).lower() if kind is bool else str(field.default)
        rows.append([code(field.name), code(flag), code(PREFIX + field.name.upper()), code(default or "(empty)"), text])
    return f"""
# Settings

A setting is a flag of `allot serve`, a variable of the environment, or a key of a TOML file.
Flags win over variables, and variables win over the file.
The file is `{FILE}` in the current folder, or the one that `--config` or `ALLOT_CONFIG` names.
A key that is not known, and a value that cannot be, is told in one sentence, and nothing starts.

{table(["Setting", "Flag", "Variable", "Default", "What it is"], rows)}

A file has one line for each setting that is not left to its default:

```toml
database = "postgresql://allot@db.example.com/allot"
public_url = "https://licenses.example.com"
rate_limit = 10.0
```

Two more variables are no settings. `ALLOT_TOKEN` is the token of `allot explain --url`.
`ALLOT_TRACEBACK=1` shows where a fault of allot itself happened.
`ALLOT_TEST_PG_URL` is for the tests: they use that PostgreSQL server instead of starting one.
"""


def commands() -> str:
    parts = [
        """
# Commands

Every command leaves with 0 when it did what it was asked, and with 1 when it did not, or was called in a wrong way.
`plan` and `rollback` leave with 0 when there is nothing to do, and with 2 when there are changes.
An error is one sentence that says what to do."""
    ]
    for name in COMMANDS:
        parts += _command(_named(allot, name), f"allot {name}")
    return "\n\n".join(parts)


def _command(command: click.Command, path: str) -> Iterator[str]:
    yield f"## {path}"
    yield inspect.cleandoc(command.help or "")
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from _command(_named(command, name), f"{path} {name}")
        return
    context = click.Context(command, info_name=path)
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```"
    records = [record for each in command.params if (record := each.get_help_record(context)) is not None]
    rows = [[code(flags), re.sub(r"\s\s+\[(.+)\]$", r" (\1)", text)] for flags, text in records]
    if rows:
        yield table(["Option", "What it is"], rows)


def _named(group: click.Group, name: str) -> click.Command:
    found = group.get_command(click.Context(group), name)
    if found is None:
        raise LookupError(name)
    return found

"""The command `allot`: its commands by name, each loaded when it is called, and the last word on every error."""

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from allot.bulk.memories import without_collector

#: name -> where it is, and what `allot --help` says of it
COMMANDS = {
    "serve": ("allot.cli.serve", "Serve the Webex API for licenses; with --demo, an organization to try it on."),
    "worker": ("allot.cli.workers", "Provision packages, in a process of its own beside `allot serve --no-worker`."),
    "migrate": ("allot.cli.migrations", "Make the database, or bring its schema up to date."),
    "check": ("allot.cli.checks", "Recount what is counted and hold every holding against the rules."),
    "explain": ("allot.cli.decisions", "Explain what a request would get, and what to send instead."),
    "import": ("allot.cli.imports", "Import organizations from JSON, or people into one from CSV."),
    "pull": ("allot.cli.pulls", "Read an organization from a Webex-compatible API into a snapshot."),
    "plan": ("allot.cli.plans", "Compare a SNAPSHOT with what is desired, and write the plan."),
    "show": ("allot.cli.shows", "Show what a plan does, as text, JSON, CSV or a page."),
    "rehearse": ("allot.cli.rehearsals", "Carry a plan out on a twin of its organization, and compare."),
    "apply": ("allot.cli.applies", "Carry out a plan that was approved, and read everybody back."),
    "rollback": ("allot.cli.rollbacks", "Make the plan that gives back what people had before one was applied."),
    "report": ("allot.cli.reports", "Report what licenses are used for, and whose units could come back."),
    "token": ("allot.cli.tokens", "Make, list and revoke access tokens."),
    "application": ("allot.cli.applications", "Register applications that get their tokens from the API."),
    "rulebook": ("allot.cli.rulebooks", "Check a rulebook."),
}


# Where a file is full while it is written, the system does not say which.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Commands(click.Group):
    """Commands that are imported when they are called, so that `allot --help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        with without_collector():  # what is imported stays, and to look for garbage in it takes a tenth of a start
            command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="allot", message="allot %(version)s")
def allot() -> None:
    """Decides and carries out Webex license changes."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 1 failed or called in a wrong way; of a plan, 2: changes."""
    _open_streams()
    sys.exit(run(arguments))


def _open_streams() -> None:
    """Have all three standard streams: else another file gets the number of one that is closed, and is taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; every error becomes one sentence on stderr."""
    try:
        code = allot.main(arguments, prog_name="allot", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 1
    except (click.Abort, KeyboardInterrupt):
        return _say("stopped", 130)
    except BrokenPipeError:
        return 1  # whoever read the output has seen enough
    except Exception as error:
        if os.environ.get("ALLOT_TRACEBACK"):
            raise
        return _say(_sentence(error), 1)


def _sentence(error: Exception) -> str:
    """What to tell a user of an error: our own and the system's as they are, a bug as one."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "allot"
        return f"{error.format_message()} (see: {command} --help)"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if type(error).__module__.startswith("allot."):
        return str(error)
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}; name another file or folder"
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"the output cannot be written: {error.strerror}; make room, or write it elsewhere"
    fault = f"{type(error).__name__}: {error}"
    return f"a fault of allot itself: {fault}. Please report it; ALLOT_TRACEBACK=1 shows where"


def _say(text: str, code: int) -> int:
    # What a server or a file made of it must do nothing to the terminal.
    shown = "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in text)
    click.echo(f"allot: {shown}", err=True)
    return code

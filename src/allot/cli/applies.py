"""`allot apply`: carry out a plan that was approved, and tell what became of everybody."""

import asyncio
import hmac
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from allot.bulk.applied import results
from allot.bulk.applied.applies import Apply, Options, Tally, check
from allot.bulk.applied.journals import ALREADY, SENT, TROUBLES, Entry, Journal
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import outlines, terminals
from allot.bulk.words import count, plain
from allot.cli import settings, shows
from allot.cli.rulebooks import read_rulebook
from allot.client.connections import Target
from allot.client.gates import Gate
from allot.client.writers import Writer
from allot.core import ids
from allot.core.rulebook import Rulebook

#: hexadecimal digits of a digest that are enough to approve a plan: nobody finds another plan that begins with them
DIGITS_MIN = 12
_BY_HAND = "stopped by hand"
# Seconds between two looks, and between two lines where there is no terminal.
LOOK, SAY = 0.2, 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is applied, where, and how."""

    plan: Plan
    target: Target
    rulebook: Rulebook
    options: Options
    journal: Path


@click.command("apply")
@click.argument("plan", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--url", envvar="ALLOT_URL", default="", metavar="URL", help="Address of the API; also ALLOT_URL.")
@click.option("--token", envvar="ALLOT_TOKEN", default="", metavar="TOKEN", help="Access token; also ALLOT_TOKEN.")
@click.option("--org", default="", metavar="ORG", help="Id of the plan's organization, when the token is a partner's.")
@click.option("--approve", default="", metavar="DIGEST", help=f"Digest of the plan, {DIGITS_MIN} digits at least.")
@click.option("--canary", type=click.IntRange(0), default=0, metavar="N", help="Do N first; stop when one fails.")
@click.option("--workers", type=click.IntRange(1, 256), default=64, show_default=True, help="Requests at once.")
@click.option("--stop-on-error", is_flag=True, help="Stop at the first failure; the rest is done otherwise.")
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a table.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="[PLAN.journal]")
@settings.options("rulebook")
def command(plan: Path, url: str, token: str, approve: str, journal: Path | None, **flags: Any) -> None:
    """Carry out a PLAN that was approved, and nothing else.

    Everybody is read before, so that whoever is not as the plan expects is left alone, and after, so that nothing is
    taken on trust. Interrupted, run the same command again: it goes on where it stopped. --results writes the input's
    table with what became of each row. Leaves with 0 when everybody is as planned, else with 1.
    """
    if not url or not token:
        missing = "--url (or ALLOT_URL)" if not url else "--token (or ALLOT_TOKEN)"
        raise click.UsageError(f"{missing} is required", click.get_current_context())
    found = Plan(plan)
    _guard(found)
    journal = journal or plan.with_name(f"{plan.name}.journal")
    if flags["results"] is not None:
        shows.check_apart([plan, journal, _source(found)], [flags["results"]])
        shows.check_replaced(flags["results"], ",".join(results.COLUMNS))
        results.check(flags["results"])
    if not found.summary.changes:
        click.echo("nothing to do: the plan has no changes")
        _write(found, {}, flags["results"])
        _say_where(flags["results"])
        return
    _approve(found, approve)
    org_id = ids.decode("ORGANIZATION", flags["org"]) if flags["org"] else None
    if flags["org"] and org_id is None:
        what = f"--org must be the id of an organization, not {flags['org']}"
        raise click.UsageError(what, click.get_current_context())
    options = Options(org_id, flags["workers"], flags["canary"], flags["stop_on_error"])
    rulebook = read_rulebook(settings.read(flags).rulebook)
    job = Job(found, Target(url, token, options.workers), rulebook, options, journal)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally, entries = runner.run(_apply(job))
    try:  # written first: whoever reads the output may go before its end
        _write(found, entries, flags["results"])
    finally:
        code = _tell(job, tally)
    _say_where(flags["results"])
    if code:
        raise click.exceptions.Exit(code)


def _guard(plan: Plan) -> None:
    broken = plan.summary.guards
    if broken and not plan.head.forced:
        told = "; ".join(plain(each.what) for each in broken)
        raise click.ClickException(f"the plan breaks a guard ({told}); plan again with --force to override it")


def _approve(plan: Plan, said: str) -> None:
    """Refuse a plan that was not approved; on a terminal ask."""
    digest = plan.digest.removeprefix("sha256:")
    if said:
        given = said.strip().lower().removeprefix("sha256:")
        if len(given) < DIGITS_MIN or not hmac.compare_digest(given.encode(), digest[: len(given)].encode()):
            raise click.ClickException(
                f"--approve {said} is not the digest of this plan, which is {plan.digest}; look at it with"
                f" `allot show`, then approve it with at least {DIGITS_MIN} digits of that"
            )
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.ClickException(
            f"the plan is not approved; look at it with `allot show`, then say --approve {digest[:DIGITS_MIN]}"
        )
    outlines.summary(plan, terminals.console())
    answer = click.prompt("\nApply this plan? Only `yes` is taken", default="no", show_default=False)
    if answer.strip() != "yes":
        raise click.ClickException("nothing was sent")


async def _apply(job: Job) -> tuple[Tally, dict[int, Entry]]:
    async with Writer(job.target) as writer:
        await check(job.plan, writer, job.options.org_id)
        with Journal(job.journal, job.plan.digest, writer.address) as journal:
            return await _carry_out(job, writer, journal), journal.entries


async def _carry_out(job: Job, writer: Writer, journal: Journal) -> Tally:
    apply = Apply(job.plan, writer, job.rulebook, journal, job.options)
    tally = apply.tally
    if journal.entries:
        click.echo(f"going on: {tally.settled:,} of {count(tally.total, 'change')} were done before", err=True)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, _interrupt, apply)
    try:
        async with _shown(tally, writer.gate):
            await apply.run()
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    return tally


def _interrupt(apply: Apply) -> None:
    """Finish what is under way; the second time leave at once, since the journal has what is known."""
    if apply.tally.stopped is not None:
        raise KeyboardInterrupt
    click.echo("\nfinishing what is under way (again to leave at once)", err=True)
    apply.stop(_BY_HAND)


def _write(plan: Plan, entries: dict[int, Entry], path: Path | None) -> None:
    if path is not None:
        results.write(plan, entries, path, _source(plan))


def _say_where(path: Path | None) -> None:
    if path is not None:
        click.echo(f"what became of everybody is in {path}")


def _source(plan: Plan) -> Path:
    """Where the input is, which the plan knows by the name it had: there, else beside the plan."""
    named = Path(plan.head.source)
    return named if named.exists() else plan.file.path.with_name(named.name)


@asynccontextmanager
async def _shown(tally: Tally, gate: Gate) -> AsyncIterator[None]:
    """With a bar on a terminal, else with a line now and then, that say how far it is."""
    console = Console(stderr=True, highlight=False)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        row = progress.add_task("", total=tally.total, completed=tally.decided)
        watching = asyncio.create_task(_watch(tally, gate, progress, row))
        try:
            yield
        finally:
            watching.cancel()
            progress.update(row, completed=tally.decided)


async def _watch(tally: Tally, gate: Gate, progress: Progress, row: TaskID) -> None:
    begun = said = time.monotonic()
    first = tally.decided
    while True:
        await asyncio.sleep(LOOK)
        now = time.monotonic()
        rate = (tally.decided - first) / (now - begun)
        text = f"{rate:,.0f}/s"
        if rate:
            text += f", {timedelta(seconds=round((tally.total - tally.decided) / rate))} left"
        if gate.waits >= 1:
            text += f", waiting {gate.waits:.0f} s as the server asks"
        progress.update(row, completed=tally.decided, description=text)
        if progress.disable and now - said >= SAY:
            said = now
            click.echo(f"{tally.decided:,} of {count(tally.total, 'change')}, {text}", err=True)


def _tell(job: Job, tally: Tally) -> int:
    """Say what became of the changes; the exit code."""
    already = tally.outcomes[ALREADY]
    before = f"; {already:,} of them were so before anything was sent" if already else ""
    earlier = f"; {tally.settled:,} of them by an earlier run, and not looked at again" if tally.settled else ""
    click.echo(f"{tally.done:,} of {count(tally.total, 'change')} are done and read back{before}{earlier}")
    if tally.settled == tally.total:
        click.echo(
            f"nothing was left to send; {job.journal} tells of it. Pull and plan again to see who was changed since"
        )
    for outcome, meaning in TROUBLES.items():
        if not tally.outcomes[outcome]:
            continue
        click.echo(f"{tally.outcomes[outcome]:,} {meaning}")
        for (name, code), (email, what) in tally.examples.items():
            if name == outcome:
                click.echo(plain(f"  {email}: {what}" + (f" ({code})" if code else "")))
    if tally.outcomes[SENT]:
        click.echo(f"{tally.outcomes[SENT]:,} sent, and not read back yet")
    if tally.open:
        click.echo(f"{tally.open:,} begun or sent before, and not read back yet")
    left = tally.total - tally.decided - tally.open
    if left:
        click.echo(f"{left:,} neither sent nor read back in this run")
    if tally.stopped is not None:
        click.echo(f"allot: {plain(tally.stopped)}. The same command goes on where this one stopped", err=True)
    if tally.stopped == _BY_HAND:
        return 130
    return 0 if tally.done == tally.total else 1

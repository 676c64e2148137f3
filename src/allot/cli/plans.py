"""`allot plan`: what to do so that an organization becomes as desired, decided for everybody and written to a file."""

from pathlib import Path
from typing import Any

import click

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.desired.desires import ADD, ADD_AND_REMOVE, FAULTS_SHOWN, Desired, Reading, show
from allot.bulk.desired.flags import Flags
from allot.bulk.files import FileFault
from allot.bulk.planned.changes import Guards
from allot.bulk.planned.guards import idle
from allot.bulk.planned.makings import Options
from allot.bulk.planned.plans import Plan
from allot.bulk.words import plain
from allot.cli import library, settings, shows
from allot.cli.rulebooks import read_rulebook
from allot.core.holding import bits
from allot.core.rulebook import Rulebook

#: exit codes
NOTHING, FAULT, CHANGES = 0, 1, 2
#: digits of a digest that are shown where it is to be typed
DIGITS = 12
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("plan")
@click.argument("snapshot", type=_FILE)
@click.argument("desired", required=False, type=_FILE)
@click.option("--who", multiple=True, metavar="EMAIL", help="Email, or a pattern as *@example.com; repeatable.")
@click.option("--add", multiple=True, metavar="LICENSE", help="License that they shall have; repeatable.")
@click.option("--remove", multiple=True, metavar="LICENSE", help="License that they shall not have; repeatable.")
@click.option("--exact", multiple=True, metavar="LICENSE", help="License to have, and no other; repeatable.")
@click.option("--location", metavar="LOCATION", help="Where calling is added: name or id.")
@click.option("--extension", metavar="DIGITS", help="Extension of what is added.")
@click.option("--number", metavar="NUMBER", help="Phone number of what is added.")
@click.option("--mode", type=click.Choice([ADD, ADD_AND_REMOVE]), default=ADD, help="Of Control Hub's CSV.")
@click.option("--encoding", metavar="NAME", help="Of a table, when it does not show by itself.")
@click.option("--delimiter", metavar="CHARACTER", help="Between the fields of a table.")
@click.option("--alias", "aliases", multiple=True, metavar="NAME=LICENSE", help="Name of your own; repeatable.")
@click.option("--overage", is_flag=True, help="Give licenses beyond their units too.")
@click.option("--max-changes", type=int, metavar="N", help="Guard: change no more people than these.")
@click.option("--max-removals", type=float, metavar="PERCENT", help="Guard: of those who have them, who lose licenses.")
@click.option("--protect", multiple=True, metavar="EMAIL", help="Guard: leave alone; a pattern may be; repeatable.")
@click.option("--protect-license", multiple=True, metavar="LICENSE", help="Guard: neither give nor take; repeatable.")
@click.option("--force", is_flag=True, help="Override the guards; the plan says so.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="The plan  [SNAPSHOT with .plan].")
@shows.outputs
@settings.options("rulebook")
def command(snapshot: Path, desired: Path | None, output: Path | None, **flags: Any) -> None:
    """Compare a SNAPSHOT with what is DESIRED, decide for everybody, and write a plan. Nothing is sent.

    DESIRED is a CSV file (Control Hub's, or a plain one: email, add, remove, location, extension, number) or bundles
    in YAML; without it, options say what is desired. Leaves with 0 when there is nothing to do, with 2 when there are
    changes, with 1 when something is wrong: a guard is broken, nothing of it can be done, or anything else.
    """
    path = output or snapshot.with_suffix(".plan")
    shows.check_apart([snapshot, desired], [path, flags["csv"], flags["html"]])
    shows.check_outputs(flags["csv"], flags["html"])
    replacing = replaced(path)
    rulebook = read_rulebook(settings.read({name: flags[name] for name in ("rulebook", "config")}).rulebook)
    found = Snapshot(snapshot)
    wanted = _wanted(found, desired, rulebook, flags)
    for notice in wanted.notices[:FAULTS_SHOWN]:
        click.echo(show(wanted.source, notice), err=True)
    if len(wanted.notices) > FAULTS_SHOWN:
        click.echo(f"and {len(wanted.notices) - FAULTS_SHOWN:,} more of these", err=True)
    guards = _guards(found, rulebook, flags)
    for text in idle(guards, found):
        click.echo(plain(f"--protect {text} protects nobody: no email of the snapshot is like it"), err=True)
    options = Options(guards, flags["overage"], flags["force"])
    plan = library.plan(found, wanted, path, options, rulebook=rulebook)
    shows.show(plan, **{name: flags[name] for name in ("diff", "everybody", "raw", "csv", "html")})
    older = ", in the place of an older plan" if replacing else ""
    click.echo(f"\n{path} is written{older}, with the digest {plan.digest}", err=flags["raw"])
    click.echo(_next(plan, snapshot), err=flags["raw"])
    raise click.exceptions.Exit(_code(plan))


def replaced(path: Path) -> bool:
    """Whether a plan stands where this one is to be written; anything else there, and an applied plan, are kept."""
    journal = path.with_name(f"{path.name}.journal")
    if journal.exists():
        raise click.ClickException(f"{path} was applied: {journal} belongs to it; name another file with -o")
    if not path.exists():
        return False
    try:
        Plan(path, verified=False)
    except FileFault:
        raise click.ClickException(f"{path} is there and is no plan; name another file with -o") from None
    return True


def _wanted(found: Snapshot, desired: Path | None, rulebook: Rulebook, flags: dict[str, Any]) -> Desired:
    """What is desired, from the file or from the options: one of them."""
    said = Flags(**{name: flags[name] for name in Flags.__dataclass_fields__})
    if (desired is None) == (said == Flags()):
        what = "name a file with what is desired, or say it with --who and --add, --remove or --exact; not both"
        raise click.UsageError(what, click.get_current_context())
    reading = Reading(flags["encoding"], flags["delimiter"], flags["mode"], _aliases(flags["aliases"]))
    return library.read(found, said if desired is None else desired, reading, rulebook)


def _aliases(texts: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, _, license = map(str.strip, text.partition("="))
        if not (name and license):
            raise click.UsageError(f"--alias {text} must be NAME=LICENSE", click.get_current_context())
        if found.setdefault(name, license) != license:
            what = f"--alias {name} is there twice, for {found[name]} and for {license}; keep one of them"
            raise click.UsageError(what, click.get_current_context())
    return found


def _guards(found: Snapshot, rulebook: Rulebook, flags: dict[str, Any]) -> Guards:
    catalogue = Catalogue(found, rulebook)
    protected = {place for text in flags["protect_license"] for place in bits(catalogue.any(text))}
    return Guards(flags["max_changes"], flags["max_removals"], list(flags["protect"]), sorted(protected))


def _next(plan: Plan, snapshot: Path) -> str:
    """What to type now."""
    path = plan.file.path
    if plan.held_back:
        return "It breaks a guard and cannot be applied; plan again with --force if that is meant"
    if not plan.summary.changes:
        return "There is nothing to do" if not plan.summary.refused else "Nothing of it can be done; see why above"
    approved = plan.digest.removeprefix("sha256:")[:DIGITS]
    return (
        f"Look at it:   allot show {path} --diff\n"
        f"Rehearse it:  allot rehearse {path} --snapshot {snapshot}\n"
        f"Apply it:     allot apply {path} --approve {approved}"
    )


def _code(plan: Plan) -> int:
    """How the command leaves: by whether there are changes that may be applied."""
    if plan.held_back or (plan.summary.refused and not plan.summary.changes):
        return FAULT
    return CHANGES if plan.summary.changes else NOTHING

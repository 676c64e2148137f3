"""A plan on a terminal: the summary, and person by person what changes."""

from collections.abc import Iterator
from itertools import chain, islice

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from allot.bulk.planned.changes import Capacity, Change
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.tallies import examples
from allot.bulk.shown.terminals import tight
from allot.bulk.shown.wordings import LOST, Names, Part, after, alike, calling, people, shortages, steps
from allot.bulk.words import count, moment, plain

#: people of each rule that the summary names
EXAMPLES = 3
# Lines of a diff that are printed at once.
LINES = 100
_STYLES = {"+": "green", "-": "red", "~": "yellow"}


def summary(plan: Plan, out: Console) -> None:
    """Print what a plan comes to: numbers, units of each license, guards that it breaks, who is refused and why."""
    names = Names(plan.head.licenses)
    _numbers(plan, out)
    if plan.summary.capacities:
        out.print()
        tight(out, _capacities(names, plan.summary.capacities))
    for sentence in shortages(names, plan.summary.capacities):
        tight(out, Text(plain(sentence), "bold red"))
    for each in plan.summary.capacities:
        left = after(each)
        if left is not None and left < 0:
            tight(out, Text(f"{plain(names.full(each.license))}: {-left:,} over its units", "yellow"))
    for broken in plan.summary.guards:
        held = "A guard was overridden" if plan.head.forced else "A guard holds it back"
        tight(out, Text(f"{held}: {plain(broken.what)}", "bold red"))
    if plan.summary.refused:
        _refused(plan, names, out)


def _numbers(plan: Plan, out: Console) -> None:
    head, told = plan.head, plan.summary
    out.print(Text(f"Plan for {plain(head.org_name)}", "bold"))
    tight(out, Text(f"{plain(head.source)} against the snapshot of {plain(moment(head.read))},"))
    tight(out, Text(f"decided by rulebook {plain(head.rulebook)}"))
    out.print()
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    table.add_row(f"{told.asked:,}", f"asked for, of {count(told.people, 'person', 'people')}")
    requests = f"to change, by {count(told.requests, 'request')}" if told.changes else "to change"
    table.add_row(f"{told.changes:,}", requests, style="green" if told.changes else "")
    if told.irreversible:
        table.add_row(f"{told.irreversible:,}", f"cannot be undone: {LOST}", style="bold red")
    table.add_row(f"{told.unchanged:,}", "unchanged: they have all that is desired")
    table.add_row(f"{told.refused:,}", "refused", style="red" if told.refused else "")
    tight(out, Padding(table, (0, 2)))
    out.print()
    out.print(f"Digest {plan.digest}", soft_wrap=True)


def _capacities(names: Names, capacities: list[Capacity]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("License", overflow="fold")
    for title in ("Units", "Used", "Plan", "Left", "Short"):
        table.add_column(title, justify="right", no_wrap=True)
    for each in capacities:
        left = after(each)
        used = each.total - each.free if each.total is not None and each.free is not None else None
        moved = [f"{sign}{number:,}" for sign, number in (("+", each.adds), ("-", each.removes)) if number]
        table.add_row(
            plain(names.full(each.license)),
            _units(each.total),
            _units(used),
            " ".join(moved) or "0",
            Text(_units(left), "red" if left is not None and left < 0 else ""),
            Text(f"{each.short:,}" if each.short else "", "bold red"),
        )
    return table


def _units(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _refused(plan: Plan, names: Names, out: Console) -> None:
    out.print()
    out.print(Text("Refused", "bold"))
    for rule, shown in examples(plan, EXAMPLES).items():
        number = plan.summary.rules.get(rule, len(shown))
        out.print(Text.assemble((f"  {number:>6,}  ", "red"), (plain(rule), "bold")))
        for sentence, refusals in alike(names, shown).items():
            tight(out, Padding(Text(plain(f"{people(refusals)}: {sentence}"), overflow="fold"), (0, 0, 0, 10)))
        if number > len(shown):
            out.print(f"          and {number - len(shown):,} more")


def diff(plan: Plan, out: Console, most: int | None) -> None:
    """Print what changes for each person, `most` at most; None: everybody."""
    names = Names(plan.head.licenses)
    lines: list[Text] = []
    for change in islice(_each(plan), most):
        lines += _change(plan, names, change)
        if len(lines) >= LINES:
            out.print(Text("\n").join(lines), soft_wrap=True)
            lines.clear()
    if lines:
        out.print(Text("\n").join(lines), soft_wrap=True)
    left = plan.summary.changes - most if most is not None else 0
    if left > 0:
        out.print(f"and {left:,} more; --all shows everybody")


def _each(plan: Plan) -> Iterator[Change]:
    return chain.from_iterable(plan.changes())


def _change(plan: Plan, names: Names, change: Change) -> Iterator[Text]:
    several = len(change.requests) > 1
    said = [f"line {change.line}"] if change.line is not None else []
    said += [f"{len(change.requests)} requests, one after the other"] if several else []
    yield Text.assemble((plain(change.email), "bold"), (f"  {', '.join(said)}" if said else "", "dim"))
    for number, parts in enumerate(steps(names, change), 1):
        for place, part in enumerate(parts):
            mark = (f"{number}. " if place == 0 else "   ") if several else ""
            yield _part(mark, part)
    moved = calling(plan.head, change)
    if moved:
        yield _part("   " if several else "", Part("~", f"calling: {moved}"))
    if change.irreversible:
        yield Text(f"  ! cannot be undone: {LOST}", "bold red")


def _part(mark: str, part: Part) -> Text:
    said = Text(f"  {mark}")
    said.append(f"{part.sign} {plain(part.what)}", _STYLES[part.sign])
    return said.append(f"  ({part.note})", "yellow") if part.note else said

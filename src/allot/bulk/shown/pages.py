"""Pages: a plan, or what licenses are used for, as one HTML file that needs nothing else.

They run nothing but their own filter. Everything that comes from an organization is escaped; the policy in the page
allows its own style and script by their digests, and nothing from anywhere.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from allot.bulk.planned.changes import Capacity, Refusal, Summary
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.bars import Bar, capacity, stacked
from allot.bulk.shown.tallies import examples, tally
from allot.bulk.shown.usages import ACTIVITIES, Usage
from allot.bulk.shown.wordings import KINDS, LOST, Names, after, alike, calling, reached, shortages, steps
from allot.bulk.words import count, moment, thousands

#: what the templates call the folder that they are in
PAGES = "shown"
#: the first line of a page
BEGIN = "<!doctype html>"
#: people of each list that a page shows: more is no page any more, and the table of `allot show --csv` has all
ROWS = 2_000
#: people that are named for each rule
EXAMPLES = 5


class Units(NamedTuple):
    """One license of a plan, as its row of the chart says it."""

    #: its place in the plan's list
    place: int
    name: str
    bar: Bar | None
    said: str
    total: int | None
    used: int | None
    adds: int
    removes: int
    left: int | None
    short: int


class Wave(NamedTuple):
    """The changes of one wave by kind. `number` is from 1."""

    number: int
    bar: Bar
    said: str


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan as a page, in UTF-8."""
    found = tally(plan, ROWS)
    values = {"changes": found.changes, "refusals": found.refusals, "irreversible": found.irreversible}
    write("plan.html", told(plan, found.waves, examples(plan, EXAMPLES)) | values, path)


def told(plan: Plan, waves: Mapping[int, Counter[str]], shown: Mapping[str, list[Refusal]]) -> dict[str, Any]:
    """What the parts of `plan-parts.html` say of a plan, by their names.

    `waves`: for each wave how many changes there are of a kind; `shown`: some refusals of every rule.
    """
    names = Names(plan.head.licenses)
    summary = plan.summary
    outcomes = [("applied", summary.changes), ("unchanged", summary.unchanged), ("refused", summary.refused)]
    most = max((each.total() for each in waves.values()), default=0)
    return {
        "head": plan.head,
        "digest": plan.digest,
        "summary": summary,
        "shortages": shortages(names, summary.capacities),
        "outcome": stacked(outcomes, summary.asked),
        "capacities": [_units(names, each) for each in summary.capacities],
        "waves": [_wave(wave + 1, kinds, most) for wave, kinds in sorted(waves.items())],
        "kinds": [(kind, f"{kind}: {what}") for kind, what in KINDS.items()],
        "rules": _rules(names, summary, shown),
        "lost": LOST,
        "steps": partial(steps, names),
        "sentence": names.sentence,
        "calling": partial(calling, plan.head),
        "reached": partial(reached, plan.head),
    }


def write_usage(usage: Usage, path: Path) -> None:
    """Write what a snapshot's licenses are used for as a page, in UTF-8."""
    values = {
        "head": usage.snapshot.head,
        "digest": usage.snapshot.digest,
        "usage": usage,
        "activities": ACTIVITIES,
        "idle": list(islice(usage.idle(), ROWS)),
    }
    write("usage.html", values, path)


def write(template: str, values: dict[str, Any], path: Path) -> None:
    """Write a page of the folder `pages`, piece by piece."""
    made = Environment(
        loader=PrefixLoader({PAGES: PackageLoader("allot.bulk.shown", "pages")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"thousands": thousands, "moment": moment}
    given = values | {"style": _digest(made, "style.css"), "script": _digest(made, "filter.js")}
    with path.open("w", encoding="utf-8") as file:
        file.writelines(made.get_template(f"{PAGES}/{template}").generate(given))


def _digest(made: Environment, name: str) -> str:
    """What a page's policy calls the style or script that stands in it."""
    digest = hashlib.sha256(made.get_template(f"{PAGES}/{name}").render().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _units(names: Names, each: Capacity) -> Units:
    left = after(each)
    used = None if each.total is None or each.free is None else each.total - each.free
    moved = " ".join(f"{sign}{number:,}" for sign, number in (("+", each.adds), ("\u2212", each.removes)) if number)
    said = moved
    if each.total is not None and used is not None and left is not None:
        over = f", {-left:,} over" if left < 0 else ""
        said = f"{used:,} of {each.total:,} used, {moved or 'no change'}: {each.total - left:,} after{over}."
    numbers = (each.total, used, each.adds, each.removes, left, each.short)
    return Units(each.license, names.full(each.license), capacity(each), said, *numbers)


def _wave(number: int, kinds: Counter[str], most: int) -> Wave:
    said = ", ".join(f"{kinds[kind]:,} {kind}" for kind in KINDS if kinds[kind])
    return Wave(number, stacked([(kind, kinds[kind]) for kind in KINDS], most), said)


def _rules(names: Names, summary: Summary, shown: Mapping[str, list[Refusal]]) -> list[dict[str, Any]]:
    found = []
    for rule, refusals in shown.items():
        number = summary.rules.get(rule, len(refusals))
        found.append(
            {
                "rule": rule,
                "said": count(number, "person", "people"),
                "provenance": refusals[0].reasons[0].provenance if refusals else "",
                "bar": stacked([("refused", number)], summary.refused),
                "sentences": alike(names, refusals),
                "left": number - len(refusals),
            }
        )
    return found

"""The fidelity pages."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from allot.cli.rulebooks import read_rulebook
from allot.core.offer import Provenance
from generating.markdown import code, table

LISTS = Path(__file__).parent.parent / "fidelity"
#: the lists of a page, in the order in which they are shown
LICENSES = ("licenses",)
WHOLESALE = tuple(f"wholesale/{of}" for of in ("operations", "customers", "subscribers", "reports", "behaviours"))
KINDS = ("documented", "observed", "assumed", "ours")
EVERY = "Every operation"


class Sourced(Protocol):
    """What has a provenance."""

    @property
    def provenance(self) -> Provenance:
        """Where it is from."""
        ...


def licenses() -> str:
    book = read_rulebook("")
    columns = {
        "Offers": [(offer.code, offer) for offer in book.offers.values()],
        "Rules": [(rule.id, rule) for rule in book.rules],
    }
    return _page(LICENSES, "Fidelity", "the three license operations", "wholesale](fidelity-wholesale.md", columns)


def wholesale() -> str:
    columns = {"Packages": [(package.name, package) for package in read_rulebook("").packages.values()]}
    of = "the eighteen operations of Webex for Wholesale"
    return _page(WHOLESALE, "Fidelity of wholesale", of, "the license operations](fidelity.md", columns)


def _page(names: Sequence[str], title: str, of: str, other: str, columns: dict[str, list[tuple[str, Sourced]]]) -> str:
    lists = [tomllib.loads((LISTS / f"{name}.toml").read_text(encoding="utf-8")) for name in names]
    statements: list[dict[str, Any]] = [each for listed in lists for each in listed.get("statements", ())]
    behaviours: list[dict[str, Any]] = [each for listed in lists for each in listed.get("behaviours", ())]
    counts = {word: sum(each["holds"] == word for each in statements) for word in ("yes", "partly", "no")}
    return f"""
# {title}

Is allot what Cisco documents? This page says so of {of}, statement by statement; another page is about [{other}).
It has every sentence, field, value, parameter, header, status, example and limit of the official text; what stands in
several places is listed once, at the first of them.
Of {len(statements)} statements {counts["yes"]} hold, {counts["partly"]} hold in part, and {counts["no"]} do not.
A test compares the list with Cisco's own text, so that nothing is left out, and looks for every test that is named.
The second part lists what no official text says: behaviours that were observed, that are assumed, or that are ours.

The statements are Cisco's: the public repository webex/webex-openapi-specs, commit 1be8332 of
2026-05-04, under Creative Commons Attribution 4.0. Names of tests are shown without
`tests/` and `test_`.

## What Cisco documents

{_statements(statements)}

## What is not documented there

{_behaviours(behaviours)}

## {" and ".join(columns).capitalize()}

The [rulebook](rulebook.md) has the source of each.

{_provenances(columns)}
"""


def _statements(statements: list[dict[str, Any]]) -> str:
    sections: dict[str, list[list[str]]] = {}
    for each in statements:
        title, where = _where(each["keys"])
        holds = f"**{each['holds']}**" if each["holds"] != "yes" else "yes"
        note = f"{holds}. {each['note']}" if each.get("note") else holds
        sections.setdefault(title, []).append([where, _quoted(each["text"]), note, _tests(each.get("tests", []))])
    head = ["Where", "Statement", "Holds", "Shown by"]
    return "\n\n".join(f"### {title}\n\n{table(head, rows)}" for title, rows in sections.items())


def _where(keys: Sequence[str]) -> tuple[str, str]:
    """What a statement is first about, and where it stands there and elsewhere."""
    (title, first), *others = (_place(key) for key in keys)
    here = [first, *(place for of, place in others if of == title)]
    there: dict[str, list[str]] = {}
    for of, place in others:
        if of != title:
            there.setdefault(of, []).append(place)
    also = [of if places == here else f"{of}: {_joined(places)}" for of, places in there.items()]
    return title, _joined(here) + (f" (also {'; '.join(also)})" if also else "")


def _joined(places: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(places))


def _place(key: str) -> tuple[str, str]:
    """What a key is about, and where there; a star stands for every operation that has it."""
    of, mark, place = re.split(r"(: |\.)" if key[0] != "*" and "/" not in key else "(: )", key, maxsplit=1)
    if of == "*":
        return EVERY, place
    return of, place if mark == "." or "/" in of else f"{of}: {place}"


def _quoted(text: str) -> str:
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("<", "&lt;")


def _tests(tests: list[str]) -> str:
    return ", ".join(
        code(test.removeprefix("tests/").replace(".py::test_", ": ").replace("test_", "", 1)) for test in tests
    )


def _behaviours(behaviours: list[dict[str, Any]]) -> str:
    rows = [
        [each["area"], each["text"], f"{each['provenance']}: {each['source']}", _tests(each["tests"])]
        for each in behaviours
    ]
    return table(["About", "Behaviour", "Provenance", "Shown by"], rows)


def _provenances(columns: dict[str, list[tuple[str, Sourced]]]) -> str:
    rows = [[kind, *(_of_kind(found, kind) for found in columns.values())] for kind in KINDS]
    return table(["Provenance", *columns], rows)


def _of_kind(found: list[tuple[str, Sourced]], kind: str) -> str:
    return ", ".join(code(name) for name, each in found if each.provenance.kind == kind) or "-"

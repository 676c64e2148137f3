"""The fidelity page."""

import re
import tomllib
from pathlib import Path
from typing import Any

from allot.cli.serving import read_rulebook
from generating.markdown import code, table

LIST = Path(__file__).parent.parent / "fidelity.toml"


def page() -> str:
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    statements: list[dict[str, Any]] = listed["statements"]
    counts = {word: sum(each["holds"] == word for each in statements) for word in ("yes", "partly", "no")}
    return f"""
# Fidelity

Is allot what Cisco documents? This page says so, statement by statement.
It has every sentence, field, value, parameter, header, status, example and limit of the official text of the three
license operations; what stands in several places is listed once.
Of {len(statements)} statements {counts["yes"]} hold, {counts["partly"]} hold in part, and {counts["no"]} do not.
A test compares the list with Cisco's own text, so that nothing is left out, and looks for every test that is named.
The second part lists what no official text says: behaviours that were observed, that are assumed, or that are ours.

The statements are Cisco's: the public repository webex/webex-openapi-specs, commit 1be8332 of
2026-05-04, under Creative Commons Attribution 4.0. Names of tests are shown without
`tests/` and `test_`.

## What Cisco documents

{_statements(statements)}

## What is not documented there

{_behaviours(listed["behaviours"])}

## Offers and rules

The [rulebook](rulebook.md) has the source of each.

{_provenances()}
"""


def _statements(statements: list[dict[str, Any]]) -> str:
    sections: dict[str, list[list[str]]] = {}
    for each in statements:
        split = [_place(key) for key in each["keys"]]
        title = ", ".join(dict.fromkeys(of for of, _ in split))
        where = "; ".join(dict.fromkeys(place for _, place in split))
        holds = f"**{each['holds']}**" if each["holds"] != "yes" else "yes"
        note = f"{holds}. {each['note']}" if each.get("note") else holds
        sections.setdefault(title, []).append([where, _quoted(each["text"]), note, _tests(each.get("tests", []))])
    head = ["Where", "Statement", "Holds", "Shown by"]
    return "\n\n".join(f"### {title}\n\n{table(head, rows)}" for title, rows in sections.items())


def _place(key: str) -> tuple[str, str]:
    """What a key is about, and where there."""
    if key.startswith(("GET", "PATCH")):
        of, _, place = key.partition(": ")
        return of, place
    of, mark, place = re.split(r"([.:])", key, maxsplit=1)
    return of, place.strip() if mark == "." else f"{of}: {place.strip()}"


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


def _provenances() -> str:
    book = read_rulebook("")
    rows = []
    for kind in ("documented", "observed", "assumed", "ours"):
        offers = [code(offer.code) for offer in book.offers.values() if offer.provenance.kind == kind]
        rules = [code(rule.id) for rule in book.rules if rule.provenance.kind == kind]
        rows.append([kind, ", ".join(offers) or "-", ", ".join(rules) or "-"])
    return table(["Provenance", "Offers", "Rules"], rows)

"""Explanations as a person reads them."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text

from allot.bulk.words import plain

_STATUS = {
    200: ("all of it would be applied", "green"),
    206: ("a part of it would be applied", "yellow"),
    400: ("nothing of it would be applied", "red"),
}


def show(answer: dict[str, Any], names: dict[str, str]) -> None:
    """Print every decision of an answer; `names` are those of licenses by id."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for number, decision in enumerate(answer["decisions"]):
        if number:
            console.print()
        _decision(console, decision, names)


def _decision(console: Console, decision: dict[str, Any], names: dict[str, str]) -> None:
    after = decision.get("after")
    said, color = _STATUS.get(decision["status"], ("it would be refused as a whole", "red"))
    who = f"{after['email']}: " if after else ""
    _print(console, f"{who}{decision['status']}, {said}", f"bold {color}")
    if not decision["items"]:
        for error in decision.get("error", {}).get("errors", []):
            _print(console, f"  {error['description']}")
    for item in decision["items"]:
        _item(console, item)
    if after:
        _after(console, after, names)
    _way(console, decision)


def _print(console: Console, line: str, style: str = "") -> None:
    """Print a line; what a server or a database says in it does nothing to the terminal."""
    console.print(Text(plain(line), style))


def _item(console: Console, item: dict[str, Any]) -> None:
    mark, color = ("accepted", "green") if item["accepted"] else ("refused ", "red")
    console.print(Text.assemble(("  " + mark, color), plain(f"  {item['operation']} {_name(item)}")))
    for violation in item["violations"]:
        origin = f"{violation['rule']} ({violation['provenance']}: {violation['source']})"
        _print(console, f"            {violation['errorCode']} {origin}", "dim")
        _print(console, f"            {violation['description']}")
        _print(console, f"            What to do: {violation['remedy']}")


def _after(console: Console, after: dict[str, Any], names: dict[str, str]) -> None:
    held = [names.get(id, id) for id in after["licenses"]]
    held += [f"{names.get(id, id)} (pending)" for id in after.get("pendingLicenses", [])]
    held += [f"{site['accountType']} of {site['siteUrl']}" for site in after["siteUrls"]]
    held += [f"{site['accountType']} of {site['siteUrl']} (pending)" for site in after.get("pendingSiteUrls", [])]
    _print(console, f"  Holds afterwards: {', '.join(held) or 'nothing'}")


def _way(console: Console, decision: dict[str, Any]) -> None:
    if decision.get("noWay"):
        _print(console, f"  No way leads there: {decision['noWay']}")
    way = decision.get("way") or []
    if way:
        many = "one request" if len(way) == 1 else f"{len(way)} requests, one after the other"
        _print(console, f"  To get all of it, send {many}:", "bold")
    for number, request in enumerate(way, 1):
        _print(console, f"  {number}. PATCH /licenses/users {json.dumps(request['request'], ensure_ascii=False)}")
        for step in request["steps"]:
            notes = [
                note
                for note, told in (
                    ("not asked for, but needed", not step["asked"]),
                    ("cannot be undone: number, extension and settings are lost", step["irreversible"]),
                    ("add a phoneNumber, or an extension with a locationId", step["propertiesNeeded"]),
                )
                if told
            ]
            _print(
                console, f"       {step['operation']} {_name(step)}{'  (' + '; '.join(notes) + ')' if notes else ''}"
            )


def _name(item: dict[str, Any]) -> str:
    if "siteUrl" in item:
        return f"attendee of {item['siteUrl']}"
    return item.get("name") or str(item["license"])

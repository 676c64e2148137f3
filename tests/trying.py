"""Trying changes on the pages of the console: addresses of what is ticked, and forms as they are there to be sent."""

import re
from html import unescape
from urllib.parse import quote

import requests

from servers import Client
from visiting import Visitor

#: the location of the documented example, and what is asked there
SAN_JOSE = "Y2lzY29zcGFyazovL3VzL0xPQ0FUSU9OLzYzNzE1"
PROFESSIONAL, STANDARD = "Webex Calling - Professional", "Webex Calling - Basic"
CONSOLE = "Webex Calling - Attendant Console"

_FORM = re.compile(r'<form method="post" action="/console(/people/[^"]*)">(.*?)</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_BUTTON = re.compile(r"<button[^>]*>([^<]*)</button>")


def license_id(admin: Client, name: str) -> str:
    """The id of the first license of this name."""
    return str(next(each["id"] for each in admin.get("/v1/licenses").json()["items"] if each["name"] == name))


def person_id(admin: Client, email: str) -> str:
    """The id of somebody."""
    return str(admin.get("/v1/people", params={"email": email}).json()["items"][0]["id"])


def make(admin: Client, email: str, licenses: list[str] | None = None, name: str = "New Person", **more: object) -> str:
    """Make a person who holds these licenses by name; their id."""
    ids = [license_id(admin, each) for each in licenses or ()]
    body = {"emails": [email], "displayName": name, "licenses": ids, **more}
    answer = admin.post("/v1/people", params={"callingData": "true"}, json=body)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["licenses"]) >= len(ids), answer.text
    return str(answer.json()["id"])


def ticks(admin: Client, *signed: str, **reached: str) -> dict[str, str]:
    """The fields of ticked licenses as `+Name` and `-Name`, of sites as `+url`, and where somebody is reached."""
    fields: dict[str, str] = {}
    for each in signed:
        verb, name = ("add" if each[0] == "+" else "remove"), each[1:]
        fields[f"site.{name}" if name.endswith(".com") else f"license.{license_id(admin, name)}"] = verb
    return fields | reached


def try_(visitor: Visitor, person: str, fields: dict[str, str]) -> str:
    """The page of a person with these fields filled in."""
    query = "&".join(f"{quote(name)}={quote(value)}" for name, value in fields.items())
    return visitor.see(f"/people/{person}/change?{query}")


def forms(html: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The forms of a page that send a change, by their button: where they go, and what they send."""
    found = {}
    for path, inside in _FORM.findall(html):
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(inside)}
        found[unescape(_BUTTON.search(inside)[1])] = unescape(path), hidden  # type: ignore[index]
    return found


def send(visitor: Visitor, html: str, button: str = "Apply", **more: str) -> requests.Response:
    """Press a button of a page, with some fields filled in besides; the answer, not led elsewhere."""
    path, fields = forms(html)[button]
    return visitor.submit(path, **fields | more)


def result(visitor: Visitor, answer: requests.Response) -> str:
    """The page that the answer to a sent change leads to."""
    assert answer.status_code == 303, answer.text
    return visitor.see(answer.headers["Location"].removeprefix("/console"))

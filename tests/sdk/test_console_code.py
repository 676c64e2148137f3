"""The code that the console shows for wxc_sdk and for curl really runs, and does what the page says."""

import os
import re
import runpy
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from processes import need
from servers import ADMIN, Client, Server
from trying import CONSOLE, PROFESSIONAL, SAN_JOSE, STANDARD, make, person_id, ticks, try_
from visiting import Visitor

JOHN = "john.andersen@example.com"


def shown(html: str, kind: str) -> str:
    """A text to copy, of the request that is ticked."""
    return unescape(re.search(rf'<pre id="asked-{kind}"[^>]*>(.*?)</pre>', html, re.DOTALL)[1])  # type: ignore[index]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    """Runs a program with the administrator's token in TOKEN; what it prints."""
    session = pytest.importorskip("wxc_sdk.rest").RestSession
    monkeypatch.setenv("TOKEN", ADMIN)
    monkeypatch.setattr(session, "BASE", session.BASE)  # put back at the end

    def run(code: str) -> str:
        program = tmp_path / "change.py"
        program.write_text(code)
        runpy.run_path(str(program))
        return capsys.readouterr().out

    return run


@pytest.fixture
def visitor(demo: Server):
    with Visitor(demo.address) as made:
        yield made


def names(admin: Client, person: str) -> set[str]:
    """The names of the licenses that somebody holds."""
    by_id = {each["id"]: each["name"] for each in admin.get("/v1/licenses").json()["items"]}
    return {by_id[each] for each in admin.get(f"/v1/people/{person}").json()["licenses"]}


def test_code_with_properties_runs(visitor: Visitor, admin: Client, run):
    """Licenses with and without properties are assigned by the SDK's own operation."""
    person = make(admin, "sdk@example.com")
    page = try_(visitor, person, ticks(admin, f"+{PROFESSIONAL}", f"+{CONSOLE}", location=SAN_JOSE, extension="7501"))
    code = shown(page, "sdk")
    assert "api.licenses.assign_licenses_to_users(" in code
    run(code)
    assert {PROFESSIONAL, CONSOLE} <= names(admin, person)
    assert admin.get(f"/v1/people/{person}?callingData=true").json()["extension"] == "7501"


def test_code_without_properties_runs(visitor: Visitor, admin: Client, run):
    """Where no license has properties the code imports nothing that it does not use."""
    person = make(admin, "plain@example.com")
    code = shown(try_(visitor, person, ticks(admin, "+Basic Messaging")), "sdk")
    assert "LicenseProperties" not in code
    run(code)
    assert "Basic Messaging" in names(admin, person)


def test_the_documented_example_runs_as_code(visitor: Visitor, admin: Client, run):
    """The example has sites, which the SDK cannot read in an answer: its code runs all the same."""
    john = person_id(admin, JOHN)
    fields = ticks(admin, f"+{PROFESSIONAL}", f"+{CONSOLE}", f"-{STANDARD}", "+mysite.webex.com")
    page = try_(visitor, john, fields | {"location": SAN_JOSE, "number": "+14085267209", "extension": "133"})
    assert "myhostsite.webex.com" in run(shown(page, "sdk"))
    assert names(admin, john) == {PROFESSIONAL, CONSOLE, "Webex Meetings Suite"}


def test_the_curl_runs(visitor: Visitor, admin: Client):
    """The command for a shell sends the very same request."""
    need("curl")
    person = make(admin, "curl@example.com")
    page = try_(visitor, person, ticks(admin, "+Basic Messaging"))
    command = shown(page, "curl").replace("curl ", "curl -s --noproxy '*' ", 1)
    ran = subprocess.run(["sh", "-c", command], capture_output=True, env=os.environ | {"TOKEN": ADMIN}, check=True)
    assert b'"licenses"' in ran.stdout
    assert "Basic Messaging" in names(admin, person)

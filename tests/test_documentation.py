"""The documentation is true: its blocks run, its links lead somewhere, and it leaves nothing out.

A `sh` or `python` block of the pages in RUN is executed in a folder of its own, against a server that the page itself
starts; the `json` or `text` block right after it is its output. Shown JSON may leave members out; `…` stands for
anything. Blocks of other pages are held against the commands that there are.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import pytest

from allot.api.operations import OPERATIONS as WEBEX
from allot.cli.main import COMMANDS, allot
from allot.console.application import PAGES as CONSOLE
from allot.plane.operations import OPERATIONS as OWN
from allot.service.settings import Settings
from allot.wire.errors import STATUSES
from processes import need
from servers import Process, rulebook

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "bench" / "README.md", ROOT / "tests/corpus/README.md"])
#: pages whose blocks are executed; those of RUN_LONG start Python so often that `make test` leaves them out
RUN = ["README.md", "docs/tutorial.md", "docs/wholesale.md"]
RUN_LONG = [
    "docs/move.md",
    "docs/how-to/testing.md",
    "docs/how-to/events.md",
    "docs/how-to/import.md",
    "docs/how-to/library.md",
    "docs/how-to/requests.md",
    "docs/how-to/rulebook.md",
    "docs/how-to/watching.md",
    "docs/how-to/desired.md",
    "docs/how-to/plan.md",
    "docs/how-to/rehearse.md",
    "docs/how-to/tokens.md",
    "docs/how-to/sdk.md",
]
#: variables that a block may leave to the next ones
KEPT = "TOKEN CUSTOMER NUMBER OUTCOME DIGEST ALLOT_URL ALLOT_TOKEN"
SHOWN = "http://127.0.0.1:8080"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = 30


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


pages = pytest.mark.parametrize("path", PAGES, ids=name)


@dataclass
class Block:
    """One block of code, and what it prints when that is shown."""

    language: str
    text: str
    shown: "Block | None" = None


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found: list[Block] = []
    for each in BLOCK.finditer(text):
        block = Block(each[1], each[2])
        if block.language in ("json", "text") and found and found[-1].language in ("sh", "python"):
            found[-1].shown = block
        else:
            found.append(block)
    return found


# ------------------------------------------------------------------------------------- running blocks


@dataclass
class Page:
    """A page that is followed: its folder, and its server once it has started one."""

    folder: Path
    address: str = SHOWN
    server: Process | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def follow(self, block: Block) -> None:
        command = block.text.strip()
        if block.language == "python":
            if "wxc_sdk" in block.text:
                pytest.importorskip("wxc_sdk")
            self.compare(block, self.run([sys.executable, "-W", "error", "-c", self.here(block.text)]))
        elif command.startswith("make ") and command != "make serve":
            planned = self.run(["make", "-n", *shlex.split(command)[1:]], ROOT)
            assert "pytest" in planned or "mkdocs" in planned
        elif command == "make serve" or re.match(r"(\.venv/bin/)?allot serve", command):
            self.serve("allot serve --demo" if command == "make serve" else command)
        else:
            if "curl" in command:
                need("curl")
            # What one block sets, the next one uses.
            script = (
                f"! [ -f kept ] || . ./kept\n{self.here(block.text)}\ndeclare -p {KEPT} > kept 2>/dev/null || true\n"
            )
            self.compare(block, self.run(["bash", "-euc", script]))

    def serve(self, command: str) -> None:
        assert self.server is None
        flags = shlex.split(command)[2:]
        url = f"sqlite:///{self.folder / 'allot.db'}"
        if "--database" in flags:
            place = flags.index("--database")
            url = f"sqlite:///{self.folder / flags[place + 1].removeprefix('sqlite:///')}"
            del flags[place : place + 2]
        self.server = Process(url, self.folder / "log", *flags)
        self.server.start(cwd=self.folder)
        self.address = self.server.address

    def here(self, text: str) -> str:
        return text.replace(SHOWN, self.address)

    def run(self, command: list[str], folder: Path | None = None) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = os.environ | {"PATH": path, "COLUMNS": "200", "NO_PROXY": "*"}
        done = subprocess.run(
            command,
            cwd=folder or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def compare(self, block: Block, printed: str) -> None:
        if block.shown is None:
            return
        if block.shown.language == "json":
            fits(json.loads(self.here(block.shown.text)), json.loads(printed), "answer")
            return
        lines = [re.escape(line).replace("…", ".*") for line in self.here(block.shown.text).strip().splitlines()]
        pattern = "\n".join("(?:.*\n)*?.*" if line == ".*" else line for line in lines)
        assert re.fullmatch(pattern, printed.strip()), f"{printed}\nis not\n{block.shown.text}"


def fits(shown: Any, found: Any, where: str) -> None:
    """Whatever is shown is there; objects may have more members."""
    if shown == "…":
        return
    if isinstance(shown, dict):
        assert isinstance(found, dict), where
        for member, value in shown.items():
            assert member in found, f"{where}.{member}"
            fits(value, found[member], f"{where}.{member}")
    elif isinstance(shown, list):
        assert len(shown) == len(found), where
        for place, value in enumerate(shown):
            fits(value, found[place], f"{where}[{place}]")
    else:
        assert shown == found, where


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "src").symlink_to(ROOT / "src")
    followed = Page(tmp_path)
    yield followed
    if followed.server is not None:
        followed.server.terminate()


@pytest.mark.parametrize("path", [*RUN, *(pytest.param(path, marks=pytest.mark.long) for path in RUN_LONG)])
def test_following_a_page_leads_where_it_says(page: Page, path: str):
    """Every block of the page runs, and prints what is shown."""
    for block in blocks(ROOT / path):
        if block.language in ("sh", "python"):
            page.follow(block)


# ------------------------------------------------------------------------------------------- commands


def commands(path: Path) -> Iterator[list[str]]:
    """Every call of allot in the shell blocks of a page."""
    for block in blocks(path):
        if block.language == "sh":
            text = re.sub(r"<<'?(\w+)'?\n.*?^\1$", "", block.text, flags=re.DOTALL | re.MULTILINE)
            text = text.replace("\\\n", " ").replace('"$(', "$(")
            for call in re.findall(r"(?:^|[\s(|])(?:\.venv/bin/)?(allot [^|)\n&;#>]*)", text):
                yield shlex.split(call)


@pages
def test_documented_commands_exist(path: Path):
    """Every call of allot that a page shows names a command and options that there are."""
    for call in commands(path):
        command: click.Command = allot
        arguments = call[1:]
        while isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
            found = command.get_command(click.Context(command), arguments.pop(0))
            assert found is not None, call
            command = found
        flags = {flag for each in command.params for flag in each.opts + each.secondary_opts}
        used = {each.partition("=")[0] for each in arguments if each.startswith("--")}
        assert used <= flags | {"--help", "--version"}, call


def test_make_targets_exist():
    """Every `make` that a page speaks of is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    for path in PAGES:
        used = set(re.findall(r"`make (\w+)`|^make (\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        assert {a or b for a, b in used} <= targets, name(path)


# ---------------------------------------------------------------------------------- nothing is left out


def reference(page_: str) -> str:
    return (DOCS / "reference" / page_).read_text(encoding="utf-8")


def test_generated_pages_are_up_to_date():
    """docs/generate.py --check finds nothing to do."""
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_setting_is_documented_and_no_other():
    """The page of settings has a row for each setting."""
    rows = re.findall(r"^\| `(\w+)` \|", reference("settings.md"), re.MULTILINE)
    assert rows == list(Settings.__slots__)


def test_settings_that_pages_speak_of_exist():
    """Every ALLOT_ variable, and every key of a settings file, is one that there is."""
    others = {"CONFIG", "TOKEN", "URL", "TRACEBACK", "TEST_PG_URL"}
    known = {each.upper() for each in Settings.__slots__} | others
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"\bALLOT_([A-Z_]+)\b", text)) <= known, name(path)
        for block in blocks(path):
            if block.language == "toml" and "[[" not in block.text:
                assert set(tomllib.loads(block.text)) <= set(Settings.__slots__), name(path)


def test_every_command_is_documented_and_no_other():
    """The page of commands has a heading for each command."""
    headings = set(re.findall(r"^## allot (\w+)$", reference("cli.md"), re.MULTILINE))
    assert headings == set(COMMANDS)


@pytest.mark.parametrize(("page_", "known"), [("operations.md", WEBEX), ("plane.md", OWN)], ids=["webex", "own"])
def test_every_route_is_documented_and_no_other(page_: str, known: Any):
    """The page of operations has a heading for each route."""
    headings = re.findall(r"^## ([A-Z]+ /\S+)$", reference(page_), re.MULTILINE)
    assert sorted(headings) == sorted(f"{each.method} {each.path}" for each in known)


def test_routes_that_pages_speak_of_exist():
    """Every address of ours in a page is a route."""
    routes = {f"/v1{each.path}" for each in WEBEX} | {f"/allot/v1{each.path}" for each in OWN}
    routes |= {f"/console{each.path}" for each in CONSOLE if each.method == "GET"}
    patterns = [re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route)) for route in routes] + ["/v1", "/allot/v1"]
    for path in PAGES:
        for address in re.findall(rf"{re.escape(SHOWN)}(/[\w/{{}}.$-]*)", path.read_text(encoding="utf-8")):
            assert any(re.fullmatch(each, address.rstrip("/")) for each in patterns), f"{name(path)}: {address}"


def test_every_error_is_documented_and_no_other():
    """The page of errors has every status and every rule with its code."""
    text = reference("errors.md")
    assert {
        int(status) for status in re.findall(r"^\| `(\d{3})` \|", text.partition("## Refusals")[0], re.MULTILINE)
    } == {*STATUSES.values()}
    rows = re.findall(r"^\| `(\d+)` \| `([\w-]+)` \|", text, re.MULTILINE)
    assert [(int(code), rule) for code, rule in rows] == [(rule.code, rule.id) for rule in rulebook().rules]


def test_every_code_of_ours_is_documented_and_no_other():
    """The page of errors has every code from 90000 on that the source has."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    listed = re.findall(r"^\| `(90\d{3})` \| ours", reference("errors.md"), re.MULTILINE)
    assert sorted(listed) == sorted(set(re.findall(r"\b(90\d{3})\b", source)))


def test_the_laws_of_a_decision_are_documented_with_their_tests():
    """The page of the decision names the test of each of the seven laws."""
    tests = set(re.findall(r"test_law_\d_\w+", (ROOT / "tests/core/test_laws.py").read_text(encoding="utf-8")))
    assert len(tests) == 7
    assert set(re.findall(r"test_law_\d_\w+", reference("decision.md"))) == tests


# ------------------------------------------------------------------------------------------- the pages


@pages
def test_links_lead_somewhere(path: Path):
    """Every relative link is of a file that is there, and its anchor is a heading of it."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file) if file else path
        assert found.exists(), f"{name(path)}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}, target


def test_every_page_is_in_the_menu():
    """mkdocs.yml lists every page of the site, and no other."""
    listed = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}


def test_the_site_loads_nothing_from_elsewhere(tmp_path: Path):
    """The site is built without a warning, and its pages need nothing from the network."""
    command = [str(Path(sys.executable).parent / "mkdocs"), "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    for path in tmp_path.rglob("*.html"):
        loaded = re.findall(r"<(?:link|script|img|iframe)[^>]+(?:href|src)=\"?(https?:)?//", path.read_text("utf-8"))
        assert not loaded, path
    for path in tmp_path.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import )[\"']?(?:https?:)?//", path.read_text("utf-8")), path


def test_changes_that_are_not_released_have_their_section():
    """The changelog begins with what is not released yet."""
    sections = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections[0] == "[Unreleased]"


@pages
def test_named_tests_exist(path: Path):
    """A test that a page names by file and name is there."""
    for file, test in re.findall(r"(tests/[\w/]+\.py)(?:::(test_\w+))?", path.read_text(encoding="utf-8")):
        assert (ROOT / file).exists(), file
        assert not test or f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test

"""Makes the pictures of the documentation, in docs/pictures/: run it after a change to a page or to an outline.

It needs a Chromium (`apt-get install chromium`); the variable CHROMIUM names another one. The organizations are made
up, and the same each time. Another folder may be given.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

from picturing import console, people, snapshot
from playwright.sync_api import Browser, ViewportSize, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired import readers
from allot.bulk.planned import makings
from allot.bulk.planned.changes import Guards
from allot.bulk.planned.makings import Options
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import outlines, pages
from allot.bulk.shown.usages import Usage
from allot.cli.rulebooks import read_rulebook
from allot.core.rulebook import Rulebook

PICTURES = Path(__file__).parent / "pictures"
MADE = "2026-11-22T06:02:00.000Z"
# Nothing is asked of other machines.
FLAGS = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")
BLACK, RED, GREEN, YELLOW, BLUE = (45, 56, 67), (255, 139, 143), (98, 210, 148), (242, 192, 99), (125, 187, 255)
MAGENTA, CYAN, WHITE = (196, 164, 255), (118, 214, 222), (200, 209, 217)
THEME = TerminalTheme((14, 19, 24), (231, 237, 243), [BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE])
# Of the terminal; lines and padding in pixels, as its style has them.
COLUMNS, LINE, PADDING = 80, 22, 26
TERMINAL = """<!doctype html><meta charset="utf-8">
<style>
body {{ margin: 0; background: {background}; color: {foreground}; }}
pre {{ margin: 0; padding: 26px; font: 15px/22px "DejaVu Sans Mono", monospace; }}
{stylesheet}
</style>
<pre>{code}</pre>
"""


class Picture(NamedTuple):
    """A picture, the page that it is of, and how the page is looked at, in CSS pixels."""

    name: str
    page: Path
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    #: pixels of the picture to one of the page
    sharpness: int = 1


def main(folder: Path = PICTURES) -> int:
    """Make every picture in a folder."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("there is no chromium; install it, or name one by CHROMIUM")
        return 1
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS), chromium_sandbox=False)
        for picture in _pictures(Path(name)):
            _take(browser, picture, folder)
            print(f"wrote {picture.name}")
        for made in console.take(browser, folder, Path(name)):
            print(f"wrote {made}")
        browser.close()
    return 0


def _pictures(folder: Path) -> Iterator[Picture]:
    rulebook = read_rulebook("")
    read = snapshot.write(folder / "acme.snapshot")
    people.write_all(folder / "move.csv")
    people.write_some(folder / "some.csv")
    plan = _plan(read, folder / "move.csv", rulebook)
    some = _plan(read, folder / "some.csv", rulebook)
    pages.write_plan(plan, folder / "plan.html")
    pages.write_usage(Usage(read, rulebook, 90), folder / "usage.html")
    yield Picture("plan-light.png", folder / "plan.html", 1280, 1640)
    yield Picture("plan-dark.png", folder / "plan.html", 1280, 1640, "dark")
    yield Picture("plan-narrow.png", folder / "plan.html", 360, 760, sharpness=2)
    yield Picture("usage.png", folder / "usage.html", 1280, 1300)
    summary = (folder / "summary.html", "allot show acme.plan", lambda out: outlines.summary(plan, out))
    yield _terminal("terminal-summary.png", *summary)
    diff = (folder / "diff.html", "allot show acme.plan --diff", lambda out: outlines.diff(some, out, None))
    yield _terminal("terminal-diff.png", *diff)


def _plan(read: Snapshot, path: Path, rulebook: Rulebook) -> Plan:
    wanted = readers.read(path, read, rulebook)
    wanted.source = "move.csv"
    options = Options(Guards(max_changes=300), force=True)
    return makings.make(read, wanted, rulebook, options, path.with_suffix(".plan"), MADE)


def _terminal(name: str, page: Path, command: str, show: Callable[[Console], None]) -> Picture:
    """Write what a terminal shows as a page."""
    out = Console(record=True, width=COLUMNS, file=StringIO(), markup=False, highlight=False, color_system="truecolor")
    out.print(f"$ {command}", style="dim")
    show(out)
    lines = len(out.export_text(clear=False).splitlines())
    page.write_text(out.export_html(theme=THEME, code_format=TERMINAL), encoding="utf-8")
    width, height = round(COLUMNS * 9.04) + 2 * PADDING, lines * LINE + 2 * PADDING
    return Picture(name, page, width, height, sharpness=2)


def _take(browser: Browser, picture: Picture, folder: Path) -> None:
    size = ViewportSize(width=picture.width, height=picture.height)
    with browser.new_context(
        viewport=size, color_scheme=picture.scheme, device_scale_factor=picture.sharpness
    ) as context:
        page = context.new_page()
        page.goto(picture.page.as_uri())
        page.screenshot(path=folder / picture.name)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))

"""Pictures of the console: a demo server is started, and its pages are walked through as a newcomer would."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.sync_api import Browser, Page, ViewportSize

PROGRAM = Path(sys.executable).parent / "allot"


class Picture(NamedTuple):
    """A picture: who looks at what, what they do there, and how wide and high their window is, in CSS pixels."""

    name: str
    token: str
    path: str
    act: Callable[[Page], None]
    width: int = 1280
    height: int = 900
    scheme: Literal["light", "dark"] = "light"


def look(_: Page) -> None:
    """Do nothing but look."""


PICTURES = (
    Picture("console-licenses.png", "allot-demo-admin", "/licenses", look),
    Picture("console-licenses-dark.png", "allot-demo-admin", "/licenses", look, scheme="dark"),
)


def take(browser: Browser, folder: Path, scratch: Path) -> Iterator[str]:
    """Take every picture of the console; tells the name of each."""
    with _served(scratch) as address:
        for picture in PICTURES:
            size = ViewportSize(width=picture.width, height=picture.height)
            with browser.new_context(base_url=address, viewport=size, color_scheme=picture.scheme) as context:
                page = context.new_page()
                page.goto("/console/sign-in")
                page.get_by_label("Access token").fill(picture.token)
                page.get_by_role("button", name="Sign in").click()
                page.get_by_role("button", name="Sign out").wait_for()
                page.goto(f"/console{picture.path}")
                picture.act(page)
                page.screenshot(path=folder / picture.name)
            yield picture.name


@contextmanager
def _served(scratch: Path) -> Iterator[str]:
    """The address of a demo server, which ends with the block."""
    command = [PROGRAM, "serve", "--demo", "--port", "0", "--database", f"sqlite:///{scratch / 'demo.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found, "allot serve does not say where it listens"
        try:
            yield found[0]
        finally:
            server.terminate()

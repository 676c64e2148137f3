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


ADMIN, PARTNER = "allot-demo-admin", "allot-demo-partner"


def look(_: Page) -> None:
    """Do nothing but look."""


def try_the_example(page: Page) -> None:
    """Tick what the documented example asks for."""
    page.get_by_role("link", name="Look at John").click()
    page.get_by_role("link", name="Try a change").click()
    remove, add = page.get_by_role("group", name="Remove"), page.get_by_role("group", name="Add: calling")
    remove.get_by_role("checkbox", name="Webex Calling - Basic").first.check()
    add.get_by_role("checkbox", name="Webex Calling - Professional").first.check()
    add.get_by_role("checkbox", name="Webex Calling - Attendant Console").first.check()
    verdict = page.get_by_role("region", name="What would happen")
    verdict.get_by_text("All of it would be accepted").wait_for()


def refuse(page: Page) -> None:
    """Tick a console for somebody with Standard."""
    page.get_by_role("link", name="Look at John").click()
    page.get_by_role("link", name="Try a change").click()
    page.get_by_role("group", name="Add: calling").get_by_role(
        "checkbox", name="Webex Calling - Attendant Console"
    ).first.check()
    page.get_by_role("region", name="What would happen").get_by_text("The shortest legal way").wait_for()


def send(page: Page) -> None:
    """Ask the API for something from elsewhere, while the page is open."""
    headers = {"Authorization": f"Bearer {ADMIN}"}
    page.request.get("/v1/licenses", headers=headers)
    body = {
        "email": "grace.okello@example.com",
        "licenses": [{"id": CONSOLE_LICENSE, "operation": "add"}],
        "dryRun": True,
    }
    page.request.patch("/v1/licenses/users", headers=headers, data=body)
    page.get_by_role("link", name="/v1/licenses/users").first.wait_for()


def explain(page: Page) -> None:
    """Look at why that was refused."""
    send(page)
    page.get_by_role("link", name="/v1/licenses/users").first.click()
    page.get_by_role("heading", level=1).wait_for()


def open_customer(page: Page) -> None:
    """Look at a customer that is being provisioned."""
    page.get_by_role("link", name="Cobalt Cycles").click()
    page.get_by_role("heading", level=1, name="Cobalt Cycles").wait_for()


def open_plan(page: Page) -> None:
    """Look at the larger plan of the folder."""
    page.get_by_role("link", name="move.plan").click()
    page.get_by_role("heading", name="Units").first.wait_for()


CONSOLE_LICENSE = (
    "Y2lzY29zcGFyazovL3VzL0xJQ0VOU0UvOTZhYmMyYWEtM2RjYy0xMWU1LTIzNDItMGY0NTU2YWRlZXJm"  # the attendant console
)
PICTURES = (
    Picture("console-start.png", ADMIN, "", look, height=720),
    Picture("console-licenses.png", ADMIN, "/licenses", look),
    Picture("console-people.png", ADMIN, "/people?q=j", look, height=760),
    Picture("console-change.png", ADMIN, "", try_the_example),
    Picture("console-refused.png", ADMIN, "", refuse, scheme="dark"),
    Picture("console-narrow.png", ADMIN, "", refuse, width=360, height=760),
    Picture("console-requests.png", ADMIN, "/requests", send, height=620),
    Picture("console-why.png", ADMIN, "/requests", explain, height=1000),
    Picture("console-customers.png", PARTNER, "/wholesale/customers", look, height=760),
    Picture("console-customer.png", PARTNER, "/wholesale/customers", open_customer),
    Picture("console-plan.png", ADMIN, "/plans", open_plan, height=1200),
    Picture("console-rulebook.png", ADMIN, "/rulebook/picture", look, height=1100),
)


def take(browser: Browser, folder: Path, scratch: Path) -> Iterator[str]:
    """Take every picture of the console; tells the name of each. The scratch folder has plans."""
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
    command += ["--plans", str(scratch)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found, "allot serve does not say where it listens"
        try:
            yield found[0]
        finally:
            server.terminate()

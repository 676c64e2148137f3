"""A real browser: Debian's Chromium, driven by Playwright. The variable CHROMIUM names another one.

- `chromium`: the browser, one for the whole run.
- `desk`: opens pages of a server, signed in or not, in windows that share nothing; a page that makes the browser
  complain (an error on its console, a policy that was broken) fails its test.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from browsers import FLAGS, executable
from servers import ADMIN, Server

SECONDS = 15
# Playwright's own limit is shorter, and a machine may be slow.
expect.set_options(timeout=1000 * SECONDS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS), chromium_sandbox=False)
        yield browser
        browser.close()


class Desk:
    """Windows of one browser on one server."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self.address = address
        self._open: list[BrowserContext] = []
        #: what the browser complained about
        self.complaints: list[str] = []

    def window(self, token: str | None = ADMIN, **options: Any) -> Page:
        """A new window, signed in with a token; options are Playwright's for a context."""
        context = self._browser.new_context(base_url=self.address, timezone_id="Europe/Berlin", **options)
        context.set_default_timeout(SECONDS * 1000)
        self._open.append(context)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if token is not None:
            page.goto("/console/sign-in")
            page.get_by_label("Access token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("button", name="Sign out").wait_for()
        return page

    def close(self) -> None:
        """Close all windows."""
        for context in self._open:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        # A page that says what is wrong is a page of its own, and tested as such.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.complaints.append(message.text)


@pytest.fixture
def desk_of(chromium: Browser) -> Iterator[Callable[[str], Desk]]:
    """Makes a desk for the server at an address."""
    desks: list[Desk] = []

    def make(address: str) -> Desk:
        desks.append(Desk(chromium, address))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()
    assert [complaint for desk in desks for complaint in desk.complaints] == []


@pytest.fixture
def desk(demo: Server, desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of(demo.address)


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[str]]:
    """Tells what axe finds on a page that somebody could not use."""
    checker = Axe()

    def find(page: Page) -> list[str]:
        found = checker.run(page)
        return [f"{page.url}\n{found.generate_report()}"] if found.violations_count else []

    return find


@pytest.fixture(scope="session")
def axe(violations: Callable[[Page], list[str]]) -> Callable[[Page], None]:
    """Asserts that axe finds nothing on a page."""

    def check(page: Page) -> None:
        assert violations(page) == []

    return check


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker("browser")

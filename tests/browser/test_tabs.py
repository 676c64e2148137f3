"""Live pages in tabs that nobody looks at."""

import re
import time

from playwright.sync_api import Page, expect

from servers import SECONDS, Client, Server

PATH = "/console/requests"
LIVE = re.compile("/requests/live")


def turn(page: Page, *, hidden: bool) -> None:
    """Have a page believe that its tab was left, or come back to: a browser without a screen shows all of them."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def await_streams(demo: Server, number: int) -> None:
    end = time.monotonic() + SECONDS
    while demo.service.streams.open != number:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_tab_that_nobody_looks_at_needs_no_connection(desk, demo: Server, admin: Client):
    """More live pages than a browser has connections may be open; one that is come back to has what it missed, once."""
    first = desk.window()
    for n in range(7):
        tab = first if not n else first.context.new_page()
        with tab.expect_response(LIVE):
            tab.goto(PATH)
        turn(tab, hidden=True)
    await_streams(demo, 0)
    for n in range(2):
        admin.get("/v1/licenses", headers={"TrackingID": f"MISSED_{n}"})
        with first.expect_response(LIVE):
            turn(first, hidden=False)
        expect(first.get_by_text(f"MISSED_{n}", exact=True)).to_have_count(1)
        turn(first, hidden=True)
    expect(first.get_by_text("MISSED_0", exact=True)).to_have_count(1)
    turn(first, hidden=False)
    admin.get("/v1/licenses", headers={"TrackingID": "LATER"})
    expect(first.get_by_text("LATER", exact=True)).to_have_count(1)
    await_streams(demo, 1)

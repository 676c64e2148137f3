"""The pages of requests, in a browser: rows that come by themselves, and why a request got its status."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from allot.console import requests as pages
from allot.wire import events as streams
from servers import ADMIN, Client, Process, Server, hold_port

PATH = "/console/requests"
LIVE = re.compile("/requests/live")
PATCH = "/v1/licenses/users"
EMAIL = "user@example.com"
# Hello, written from right to left.
HELLO = "\u0645\u0631\u062d\u0628\u0627"


def opened(desk, query: str = "", **options) -> Page:
    """The page of requests, with its live part connected."""
    page = desk.window(**options)
    with page.expect_response(LIVE):
        page.goto(PATH + query)
    return page


def excused(desk) -> list[str]:
    """What a browser complained about, but for connections that were lost, as they were; nothing is left of that."""
    told = [each for each in desk.complaints if "net::ERR_" not in each and each != "[object Event]"]
    desk.complaints.clear()
    return told


def rows(page: Page):
    return page.locator("tbody tr")


def sent(client: Client, tracking_id: str, path: str = "/v1/licenses") -> None:
    client.get(path, headers={"TrackingID": tracking_id})


def refused(client: Client, tracking_id: str) -> None:
    body = {"email": EMAIL, "licenses": [{"id": "none", "properites": {}}]}
    assert client.patch(PATCH, json=body, headers={"TrackingID": tracking_id}).status_code == 400


def names(page: Page, begin: str) -> list[str]:
    """The tracking ids of the rows, newest first."""
    return [each for each in page.locator("tbody td:last-child").all_inner_texts() if each.startswith(begin)]


def test_requests_appear_while_somebody_looks(desk, axe, demo: Server, admin: Client, monkeypatch):
    """Calls of any client come up at the top by themselves, with times of the viewer's zone."""
    sdk = pytest.importorskip("wxc_sdk")
    page = opened(desk, "?trackingId=")
    axe(page)
    expect(page.get_by_role("heading", name="Answered")).to_have_class("live")
    sent(admin, "SEEN_1")
    expect(rows(page).first).to_contain_text("SEEN_1")
    refused(admin, "SEEN_2")
    expect(rows(page).first).to_contain_text("SEEN_2")
    expect(rows(page).first).to_contain_text("400")
    expect(rows(page).first.get_by_role("link", name="license-not-recognized")).to_be_visible()
    expect(rows(page).first.locator("time")).to_have_attribute("title", re.compile("UTC · shown in Europe/Berlin"))
    monkeypatch.setattr(sdk.rest.RestSession, "BASE", f"{demo.address}/v1")
    with sdk.WebexSimpleApi(tokens=ADMIN) as api:
        assert api.people.me().emails == ["admin@example.com"]
    expect(rows(page).first).to_contain_text("/v1/people/me")
    assert names(page, "SEEN_") == ["SEEN_2", "SEEN_1"]
    axe(page)


def test_the_first_request_takes_the_place_of_the_word(desk, admin: Client):
    """A page without requests says so until there is one."""
    page = opened(desk, "?trackingId=FIRST_")
    expect(page.get_by_text("No request fits yet")).to_be_visible()
    sent(admin, "FIRST_1")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_text("No request fits yet")).to_be_hidden()


def test_new_rows_steal_neither_focus_nor_place(desk, admin: Client):
    """Whoever reads further down goes on reading there."""
    for n in range(40):
        sent(admin, f"STAY_{n:02}")
    page = opened(desk, viewport={"width": 1280, "height": 500})
    link = page.locator("tbody tr", has_text="STAY_05").get_by_role("link")
    link.focus()
    page.mouse.wheel(0, 1)  # so that the page is one that somebody scrolled
    link.scroll_into_view_if_needed()
    before = link.bounding_box()
    for n in range(3):
        sent(admin, f"STAYED_{n}")
    expect(page.locator("tbody tr", has_text="STAYED_2")).to_be_attached()
    expect(link).to_be_focused()
    assert page.evaluate("scrollY") > 0
    assert link.bounding_box() == pytest.approx(before, abs=2)


def test_it_is_paused_and_goes_on(desk, axe, admin: Client):
    """While it is paused nothing changes; then what came meanwhile is there, and the switch keeps the focus."""
    page = opened(desk, "?trackingId=PAUSE_")
    sent(admin, "PAUSE_1")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Pause").press("Enter")
    expect(page.get_by_role("link", name="Go on")).to_be_focused()
    expect(page).to_have_url(re.compile("paused=1"))
    axe(page)
    sent(admin, "PAUSE_2")
    page.get_by_label("Method").select_option("GET")
    expect(page).to_have_url(re.compile("method=GET.*paused=1"))
    expect(rows(page)).to_have_count(2)
    sent(admin, "PAUSE_3")
    expect(page.get_by_role("heading", name="Answered")).not_to_have_class("live")
    expect(rows(page)).to_have_count(2)
    with page.expect_response(LIVE):
        page.get_by_role("link", name="Go on").press("Enter")
    expect(page.get_by_role("link", name="Pause")).to_be_focused()
    expect(rows(page)).to_have_count(3)
    sent(admin, "PAUSE_4")
    expect(rows(page).first).to_contain_text("PAUSE_4")


def test_filters_work_at_once_and_stay_live(desk, axe, admin: Client):
    """Typing and choosing narrow down without a button, and so what comes afterwards."""
    sent(admin, "FILTER_1")
    refused(admin, "FILTER_2")
    page = opened(desk)
    page.get_by_label("Tracking id").press_sequentially("FILTER_", delay=10)
    expect(rows(page)).to_have_count(2)
    with page.expect_response(re.compile("/requests/live.*status=4xx")):
        page.get_by_label("Status").select_option("4xx")
    expect(rows(page)).to_have_count(1)
    sent(admin, "FILTER_3")
    refused(admin, "FILTER_4")
    expect(rows(page)).to_have_count(2)
    assert names(page, "FILTER_") == ["FILTER_4", "FILTER_2"]
    expect(page).to_have_url(re.compile("status=4xx.*trackingId=FILTER_"))
    axe(page)
    page.get_by_label("Rule").select_option("no-units-left")
    expect(page.get_by_text("No request fits yet")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(re.compile(f"{PATH}$"))


def test_a_live_page_keeps_its_newest_rows(desk, admin: Client, monkeypatch):
    """However many come, a page does not grow without an end."""
    monkeypatch.setattr(pages, "LIVE_ROWS", 5)
    page = opened(desk, "?trackingId=KEEP_")
    for n in range(8):
        sent(admin, f"KEEP_{n}")
    expect(rows(page).first).to_contain_text("KEEP_7")
    assert names(page, "KEEP_") == ["KEEP_7", "KEEP_6", "KEEP_5", "KEEP_4", "KEEP_3"]


def test_a_new_connection_brings_no_row_twice(desk, admin: Client, monkeypatch):
    """A live page whose connection fails for a while begins anew where the page began, and shows each row once."""
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.5)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    page = opened(desk, "?trackingId=TWICE_")
    sent(admin, "TWICE_1")
    expect(rows(page)).to_have_count(1)
    failed: list[str] = []

    def fail(route: Route) -> None:
        failed.append(route.request.url)
        route.fulfill(status=429)

    # The browser gives up after an answer that is no stream; htmx connects anew, with the address of the page.
    with page.expect_response(lambda answer: LIVE.search(answer.url) and answer.status == 200 and failed):
        page.route(LIVE, fail, times=1)
    sent(admin, "TWICE_2")
    expect(rows(page)).to_have_count(2)
    assert names(page, "TWICE_") == ["TWICE_2", "TWICE_1"]
    assert excused(desk) == []


def test_a_restart_is_told_and_outlived(desk_of, demo_sqlite_url: str, tmp_path: Path):
    """While the server is away a live page says so; back again, it goes on after a word about what is forgotten."""
    with (
        hold_port() as held,
        Process(demo_sqlite_url, tmp_path / "server.log", "--demo", "--port", str(held.getsockname()[1])) as process,
    ):
        desk = desk_of(process.address)
        page = opened(desk, "?trackingId=AWAY_")
        sent(process.client(), "AWAY_1")
        expect(rows(page)).to_have_count(1)
        process.kill()
        expect(page.locator("body.away")).to_be_attached()
        process.start()
        sent(process.client(), "AWAY_2")
        expect(rows(page)).to_have_count(3)
        first, gap, last = rows(page).all_inner_texts()
        assert "AWAY_2" in first
        assert gap == "The server was started anew: it does not remember what is below."
        assert "AWAY_1" in last
        expect(page.locator("body.away")).to_have_count(0)
        rows(page).last.get_by_role("link").click()
        expect(page.get_by_role("main")).to_contain_text("does not remember such a request")
        assert excused(desk) == []


def test_a_request_is_explained(desk, axe, admin: Client):
    """A row leads to why, to the rule in the rulebook, to the person, to the journal, and the command is copied."""
    refused(admin, "EXPLAIN_1")
    page = opened(desk, "?trackingId=EXPLAIN_1", permissions=["clipboard-read", "clipboard-write"])
    rows(page).get_by_role("link", name=PATCH).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("PATCH /v1/licenses/users 400")
    expect(page.get_by_role("region", name="Never read")).to_contain_text("licenses[0].properites")
    expect(page.get_by_role("region", name="In the journal")).to_contain_text("EXPLAIN_1")
    axe(page)
    page.get_by_role("region", name="Send it again").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -X PATCH http://")
    why = page.get_by_role("region", name="Why 400")
    why.get_by_role("link", name="license-not-recognized").click()
    expect(page).to_have_url(re.compile("/console/rulebook#rule-license-not-recognized$"))
    expect(page.locator("#rule-license-not-recognized")).to_be_in_viewport()
    page.go_back()
    page.get_by_role("region", name="What is known of it").get_by_role("link", name=EMAIL).click()
    expect(page).to_have_url(re.compile("/console/people/"))
    page.go_back()
    page.get_by_role("link", name="EXPLAIN_1").click()
    expect(rows(page)).to_have_count(1)


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}])
def test_odd_texts_are_only_text(desk, axe, admin: Client, options):
    """Markup, text from right to left and long names are shown as they are, live and on a page of their own."""
    page = opened(desk, **options)
    odd = f"<img src=x onerror=alert(1)>{HELLO}{'long' * 75}"
    for n, path in enumerate((f"/v1/people/{quote(odd)}", f"/v1/{HELLO}/<b>b</b>")):
        sent(admin, f"ODD_{n}", path)
        expect(rows(page).first).to_contain_text(f"ODD_{n}")
    expect(rows(page).first.get_by_role("link")).to_have_text(f"/v1/{HELLO}/<b>b</b>")
    assert page.locator("tbody img, tbody b").count() == 0
    axe(page)
    rows(page).nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(odd)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)


def test_it_works_without_scripts(desk, admin: Client):
    """Filters, the switch and a link to reload are there; only rows do not come by themselves."""
    sent(admin, "PLAIN_1")
    page = desk.window(java_script_enabled=False)
    page.goto(PATH)
    page.get_by_label("Tracking id").fill("PLAIN_")
    page.get_by_role("button", name="Search").click()
    expect(rows(page)).to_have_count(1)
    sent(admin, "PLAIN_2")
    page.get_by_role("link", name="Reload").click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("link", name="Pause").click()
    expect(page.get_by_text("paused")).to_be_visible()
    page.get_by_role("link", name="Go on").click()
    rows(page).first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("GET /v1/licenses 200")


def test_an_ended_session_leads_to_the_sign_in(desk, admin: Client):
    """Whoever filters after the session ended signs in, and comes back."""
    page = opened(desk)
    page.context.clear_cookies()
    page.get_by_label("Status").select_option("4xx")
    page.wait_for_url(re.compile("/console/sign-in"))
    page.get_by_label("Access token").fill(ADMIN)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/console/requests.*status=4xx"))


def test_a_live_page_whose_session_ended_leads_to_the_sign_in(desk, monkeypatch):
    """It asks who somebody is when it connects again, and then the page is not live any more."""
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.5)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.1)
    page = opened(desk, "?path=licenses")
    page.context.clear_cookies()
    page.wait_for_url(re.compile("/console/sign-in.*path%3Dlicenses"))
    assert excused(desk) == []


def test_a_person_who_is_gone(desk, admin: Client):
    """A request about somebody who was deleted meanwhile is shown, and its link says that they are gone."""
    made = admin.post("/v1/people", json={"emails": ["gone@example.com"], "displayName": "Gone"})
    assert admin.delete(f"/v1/people/{made.json()['id']}").ok
    page = desk.window()
    page.goto(f"{PATH}?person=gone%40example.com&method=POST")
    rows(page).get_by_role("link", name="/v1/people").click()
    page.get_by_role("link", name="gone@example.com").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This person was deleted")

"""The list of people, in a browser."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from servers import Process, Server, hold_port

FONTANA = "Chiara Fontana"


def opened(desk, path: str = "/console/people", **options) -> Page:
    page = desk.window(**options)
    page.goto(path)
    return page


def test_results_come_while_somebody_types(desk, axe):
    """Typing changes the results, the count and the address; the focus stays where it is, and nothing is reloaded."""
    page = opened(desk)
    axe(page)
    page.evaluate("document.body.dataset.kept = 'yes'")
    search = page.get_by_role("searchbox")
    search.press_sequentially("chiara f", delay=10)
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page.get_by_role("status")).to_have_text("1 person shown")
    expect(search).to_be_focused()
    expect(search).to_have_value("chiara f")
    expect(page).to_have_url(re.compile(r"/console/people\?q=chiara\+f$"))
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    page.reload()
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    axe(page)


def test_back_leads_to_the_same_results(desk):
    """Whoever looks at a person and goes back finds what they searched."""
    page = opened(desk)
    page.get_by_role("searchbox").fill("chiara")
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    page.get_by_role("link", name=FONTANA).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(FONTANA)
    page.go_back()
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page.get_by_role("searchbox")).to_have_value("chiara")


def test_filters_work_at_once(desk, axe):
    """Choosing a license, a location or a home narrows the list down without a button; clearing shows everybody."""
    page = opened(desk)
    page.get_by_label("Location").select_option("Sydney")
    expect(page).to_have_url(re.compile("location=Sydney$"))
    page.get_by_label("License").select_option(label="Webex Calling - Attendant Console")
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    page.get_by_label("Home").select_option("true")
    expect(page.get_by_text("Nobody fits")).to_contain_text(
        "· has Webex Calling - Attendant Console · at Sydney · external"
    )
    expect(page.get_by_role("status")).to_have_text("Nobody found")
    axe(page)
    page.get_by_role("link", name="Clear").click()
    expect(page).to_have_url(re.compile("/console/people$"))
    expect(page.get_by_role("rowheader", name=FONTANA)).to_be_visible()


def test_the_next_page_keeps_what_is_searched(desk, demo: Server, monkeypatch):
    """The next page is of the same search, and typing anew begins at the first page again."""
    monkeypatch.setattr("allot.console.people.PEOPLE", 5)
    page = opened(desk, "/console/people?external=false")
    first = page.get_by_role("rowheader").all_text_contents()
    expect(page.get_by_role("status")).to_have_text("5 people shown, more follow")
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_role("rowheader").first).not_to_have_text(first[0])
    assert page.get_by_role("rowheader").all_text_contents()[0] > first[-1]
    expect(page.get_by_label("Home")).to_have_value("false")
    page.get_by_role("searchbox").fill("fontana")
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page).to_have_url(re.compile(r"people\?q=fontana&external=false$"))


def test_the_slash_leads_to_the_search(desk):
    """The key / puts the focus into the search."""
    page = opened(desk)
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_a_search_works_without_scripts(desk):
    """Without JavaScript the form is sent by its button, and its address says what is shown."""
    desk.window()
    page = opened(desk, java_script_enabled=False)
    page.get_by_role("searchbox").fill("fontana")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page).to_have_url(re.compile(r"people\?q=fontana"))


def test_names_do_nothing(desk, demo: Server, axe):
    """A name with markup is a text, a name from right to left disturbs nothing around it, a long email fits."""
    admin = demo.client()
    long = f"{'x' * 60}@{'y' * 60}.{'z' * 60}.{'w' * 60}.example"
    for name, email in (
        ("<img src=x onerror=alert(1)>", "markup@example.com"),
        ("\u202e\u0645\u0631\u062d\u0628\u0627", "rtl@example.com"),
        ("Long Email", long),
    ):
        assert admin.post("/v1/people", json={"emails": [email], "displayName": name}).status_code == 200
    admin.close_all()
    page = opened(desk, viewport={"width": 360, "height": 800})
    page.get_by_role("searchbox").fill("markup@")
    expect(page.get_by_role("rowheader")).to_have_text(["<img src=x onerror=alert(1)>"])
    axe(page)
    for text, email in (("rtl@", "rtl@example.com"), ("long email", long)):
        page.get_by_role("searchbox").fill(text)
        expect(page.get_by_role("cell", name=email)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    axe(page)


def test_a_session_that_ended_leads_to_the_sign_in(desk, demo: Server):
    """Typing after the session has ended leads to the sign-in, and from there back to the search."""
    page = opened(desk)
    page.context.clear_cookies()
    page.get_by_role("searchbox").fill("fontana")
    expect(page).to_have_url(re.compile("/console/sign-in"))
    page.get_by_label("Access token").fill("allot-demo-admin")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page.get_by_role("searchbox")).to_have_value("fontana")


def test_what_went_wrong_is_seen_while_typing(desk, demo: Server):
    """What cannot be searched any more is said on the page, in place of an empty one."""
    page = opened(desk)
    page.get_by_label("Location").evaluate("each => each.append(new Option('Gone', 'Gone'))")
    page.get_by_label("Location").select_option("Gone")
    expect(page.get_by_role("alert")).to_contain_text("no location of this name any more")
    expect(page.locator("main")).to_have_count(1)


def test_a_restart_does_not_disturb_a_search(demo_sqlite_url: str, tmp_path: Path, desk_of):
    """A server that was started again answers the next letter as before."""
    with (
        hold_port() as held,
        Process(demo_sqlite_url, tmp_path / "server.log", "--demo", "--port", str(held.getsockname()[1])) as process,
    ):
        page = desk_of(process.address).window()
        page.goto("/console/people")
        assert page.get_by_role("rowheader").count() > 1
        process.terminate()
        process.start()
        page.get_by_role("searchbox").fill("fontana")
        expect(page.get_by_role("rowheader")).to_have_text([FONTANA])


def test_a_managed_customer_is_searched(desk, axe):
    """An administrator of the partner searches in a customer's organization, and stays there."""
    page = desk.window("allot-demo-partner")
    page.goto("/console/people?orgId=96abc2aa-3dcc-11e5-a152-fe34819cdc9a")
    expect(page.get_by_role("banner")).to_contain_text("Acme, Inc.")
    page.get_by_role("searchbox").fill("fontana")
    expect(page.get_by_role("rowheader")).to_have_text([FONTANA])
    expect(page).to_have_url(re.compile("orgId="))
    axe(page)

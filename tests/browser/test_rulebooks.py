"""The pages of the rulebook, in a browser: found, and drawn."""

import re

import pytest
from playwright.sync_api import Page, expect

LIST, PICTURE = "/console/rulebook", "/console/rulebook/picture"


def opened(desk, path: str = LIST, **options) -> Page:
    page = desk.window(**options)
    page.goto(path)
    return page


def node(page: Page, code: str):
    """The box of an offer in the picture."""
    return page.locator(f"a.node[href$='offer={code}#chosen']")


def test_the_rulebook_is_reached_and_read(desk, axe):
    """The navigation leads to it; rules, offers and packages are there with where they are known from."""
    page = desk.window()
    page.get_by_role("link", name="Rulebook").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rulebook")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Rules", "Offers", "Wholesale packages"])
    axe(page)


def test_it_is_found_while_somebody_types(desk, axe):
    """Typing and choosing narrow down without a button; the focus stays, and the address can be passed on."""
    page = opened(desk)
    search = page.get_by_role("searchbox")
    search.press_sequentially("attendant", delay=10)
    expect(page.get_by_role("status")).to_have_text("3 rules, 2 offers, 1 package.")
    expect(search).to_be_focused()
    page.get_by_label("Known from").select_option("documented")
    expect(page.get_by_role("status")).to_have_text("2 rules, 0 offers, 1 package.")
    expect(page).to_have_url(re.compile("q=attendant&provenance=documented$"))
    axe(page)
    page.reload()
    expect(page.get_by_role("status")).to_have_text("2 rules, 0 offers, 1 package.")
    search.fill("<b>nothing</b>")
    expect(page.get_by_text("Nothing in the rulebook fits")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Show all of it").click()
    expect(page.locator("#rule-no-units-left")).to_be_attached()


@pytest.mark.parametrize("anchor", ["rule-standard-and-cx", "offer-SLWCA", "package-webex_suite"])
def test_other_pages_lead_to_its_entries(desk, anchor: str):
    """An address with an anchor shows the entry."""
    page = opened(desk, f"{LIST}#{anchor}")
    expect(page.locator(f"#{anchor}")).to_be_in_viewport()


@pytest.mark.parametrize("pixels", [360, 2560])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_can_be_used_by_everybody(desk, axe, pixels: int, scheme: str):
    """It is as wide as it needs, scrolls by itself where the window is narrow, and nothing is wrong with it."""
    page = opened(desk, PICTURE, viewport={"width": pixels, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    drawing = page.locator("svg.drawing").bounding_box()
    assert drawing["width"] >= 600
    room = page.get_by_role("region", name="What needs and excludes what, picture")
    assert room.evaluate("(each) => each.scrollWidth > each.clientWidth") == (pixels == 360)
    axe(page)
    node(page, "CF").click()
    expect(page).to_have_url(re.compile(r"offer=CF#chosen$"))
    axe(page)


def test_an_offer_is_chosen_in_the_picture(desk):
    """Its relations stand out, in the picture as in words; by keyboard as well; and all come back."""
    page = opened(desk, PICTURE)
    node(page, "BCATC").focus()
    page.keyboard.press("Enter")
    chosen = page.get_by_role("region", name="Webex Calling - Attendant Console BCATC")
    expect(chosen).to_contain_text("attendant-needs-professional")
    expect(chosen).to_contain_text("standard-and-attendant")
    lines = page.locator("svg.drawing .line:not(.dim)")
    expect(lines).to_have_count(2)
    assert {each.text_content().partition(":")[0] for each in lines.all()} == {
        "BCATC needs BCSTD",
        "BCBAS excludes BCATC",
    }
    bright = page.locator("a.node:not(.dim)")
    assert {text.partition("Webex")[0] for text in bright.all_text_contents()} == {"BCSTD", "BCBAS", "BCATC"}
    page.get_by_role("link", name="standard-and-attendant").click()
    expect(page.locator("#rule-standard-and-attendant")).to_be_in_viewport()
    page.go_back()
    page.get_by_role("link", name="Show all relations").click()
    expect(page.locator("svg.drawing .dim")).to_have_count(0)
    page.get_by_role("region", name="In words").get_by_role("link", name="SLWM").first.click()
    expect(page.get_by_role("link", name="In the list of offers")).to_be_visible()
    page.get_by_role("link", name="In the list of offers").click()
    expect(page.locator("#offer-SLWM")).to_be_in_viewport()


def test_it_works_without_scripts(desk):
    """Finding and choosing are forms and links."""
    page = desk.window(java_script_enabled=False)
    page.goto(LIST)
    page.get_by_role("searchbox").fill("700003")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".entries > li")).to_have_count(1)
    page.goto(PICTURE)
    node(page, "MS").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Advanced Messaging MS")


def test_an_offer_that_there_is_not(desk, axe):
    """The page says so."""
    page = opened(desk, f"{PICTURE}?offer=%3Cb%3E")
    expect(page.get_by_role("main")).to_contain_text("the rulebook has none with the code <b>")
    axe(page)

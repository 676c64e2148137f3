"""The pages of licenses, in a browser."""

import re

import pytest
from playwright.sync_api import expect

from servers import Server


def change(demo: Server, name: str, email: str, operation: str) -> None:
    admin = demo.client()
    license = next(each for each in admin.get("/v1/licenses").json()["items"] if each["name"] == name)
    item = {"id": license["id"], "operation": operation}
    assert admin.patch("/v1/licenses/users", json={"email": email, "licenses": [item]}).status_code == 200
    admin.close_all()


def test_licenses_lead_to_their_holders(desk, axe):
    """Whoever signs in sees the licenses with their units, and each leads to those who have it."""
    page = desk.window()
    page.get_by_label("Pages").get_by_role("link", name="Licenses").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Licenses")
    expect(page.get_by_role("img", name="Webex Calling - Professional 10 of 40")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Webex Calling - Professional").first.click()
    expect(page.get_by_role("heading", name="Who has it")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Search among them").click()
    expect(page.get_by_label("License")).to_have_value(re.compile("."))
    expect(page.get_by_role("rowheader", name="Chiara Fontana")).to_be_visible()


def test_scarce_licenses_are_seen_at_once(desk, axe):
    """Overage is said above all others, and one link leaves only what is scarce."""
    page = desk.window()
    page.goto("/console/licenses")
    expect(page.get_by_role("status")).to_contain_text("Salesforce Desktop Connector: 1 more used than there are")
    page.get_by_label("Which licenses").get_by_role("link", name="Scarce").click()
    expect(page.get_by_role("heading", name="Real-Time Translations")).to_be_visible()
    expect(page.get_by_role("heading", name="Webex Calling - Professional")).to_have_count(0)
    expect(page.get_by_role("link", name="Scarce")).to_have_attribute("aria-current", "true")
    axe(page)
    page.get_by_label("Which licenses").get_by_role("link", name="All").click()
    expect(page).to_have_url(re.compile("/console/licenses$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 2560])
def test_licenses_are_readable_everywhere(desk, axe, width: int, scheme: str):
    """From a phone to a wall, in light and dark, nothing is wider than the page and nothing is hard to see."""
    page = desk.window(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto("/console/licenses")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Advanced Messaging").first.click()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_id_can_be_copied(desk):
    """A button copies the id as the API has it."""
    page = desk.window(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/console/licenses")
    page.get_by_role("link", name="Advanced Messaging").first.click()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.url.endswith(page.evaluate("navigator.clipboard.readText()"))


def test_history_is_told_in_the_zone_of_the_viewer(desk, demo: Server, axe, monkeypatch: pytest.MonkeyPatch):
    """Who was given a license and who lost it is a timeline, with times as the viewer's clock has them."""
    monkeypatch.setattr("allot.console.licenses.CHANGES", 2)
    for operation in ("add", "remove", "add"):
        change(demo, "Advanced Space Meetings", "emeka.eze@example.com", operation)
    page = desk.window()
    page.goto("/console/licenses")
    page.get_by_role("link", name="Advanced Space Meetings").click()
    history = page.get_by_role("region", name="Who was given it, and who lost it")
    expect(history.get_by_role("heading", level=3)).to_have_text(["Emeka Eze given", "Emeka Eze taken away"])
    expect(history.get_by_role("listitem").first).to_contain_text("by Priya Raman")
    expect(history.locator("time").first).to_have_attribute("title", re.compile("UTC · shown in Europe/Berlin"))
    axe(page)
    history.get_by_role("link", name="Older").click()
    expect(history.get_by_role("heading", level=3)).to_have_text(["Emeka Eze given"])
    history.get_by_role("heading", level=3).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Emeka Eze")


def test_pages_work_without_scripts(desk):
    """Without JavaScript all of it is there, with times in UTC."""
    page = desk.window(java_script_enabled=False)
    page.goto("/console/licenses")
    page.get_by_role("link", name="Advanced Messaging").first.click()
    expect(page.get_by_role("rowheader", name="Chiara Fontana")).to_have_count(0)
    expect(page.get_by_role("rowheader", name="Amara Nwosu")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_a_license_that_is_gone(desk, axe):
    """An address of a license that is not there is answered by a page that says so, and leads on."""
    page = desk.window()
    page.goto("/console/licenses/gone")
    expect(page.get_by_role("alert")).to_contain_text("This organization has no such license")
    axe(page)

"""The pages of licenses, in a browser."""

from playwright.sync_api import expect


def test_licenses_lead_to_their_holders(desk, axe):
    """Whoever signs in sees the licenses with their units, and each leads to those who have it."""
    page = desk.window()
    page.get_by_role("link", name="Licenses").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Licenses")
    axe(page)
    page.get_by_role("link", name="Webex Calling - Professional").first.click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Who has it")
    axe(page)

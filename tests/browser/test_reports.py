"""Billing reports, in a browser."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from billing import fill, make
from servers import Server
from wholesale import TOKEN


def test_a_report_is_ordered_downloaded_and_deleted(desk, demo: Server, axe):
    """The form makes one, the page says when it is made, the link saves its file, and then it is deleted."""
    demo.call(fill)
    page = desk.window(TOKEN)
    page.get_by_role("link", name="Wholesale", exact=True).first.click()
    page.get_by_role("link", name="Billing reports").click()
    axe(page)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    page.get_by_label("First day").fill(yesterday)
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_role("alert")).to_contain_text("Last day: must be a day")
    expect(page.get_by_label("First day")).to_have_value(yesterday)
    axe(page)
    page.get_by_label("Last day").fill(yesterday)
    page.get_by_label("Detail").select_option("by subscriber")
    page.get_by_role("button", name="Make the report").click()
    reports = page.get_by_role("region", name="Billing reports")
    expect(reports).to_contain_text("being made")
    axe(page)
    demo.call(make)
    link = reports.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    axe(page)
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == f"reconciliation-user-{yesterday}-{yesterday}.csv"
    assert download.value.path().read_text().startswith("customerId,externalCustomerId,subscriberId,email,")
    reports.get_by_role("button", name="Delete").click()
    expect(reports).to_contain_text("There are no billing reports yet.")
    axe(page)

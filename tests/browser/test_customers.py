"""The pages of customers, runs and subscribers, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import provider
from allot.cli.demo import FOOTHILL
from allot.core import ids
from allot.wire import events as streams
from servers import Client, Process, Server, hold_port
from wholesale import PATH, TOKEN, body, new_id, provisioned, work

LIST = "/console/wholesale/customers"


@pytest.fixture
def api(demo: Server):
    """The partner's administrator, at the API."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


def row(page: Page, name: str) -> Locator:
    """What a list shows of one customer."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


def mark(page: Page) -> None:
    """Leave a mark that is gone once the page is loaded again."""
    page.evaluate("window.stayed = true")


def stayed(page: Page) -> bool:
    return bool(page.evaluate("window.stayed === true"))


def forgive(desk) -> None:
    """Close the windows, and forget that the browser, and htmx after it, lost a connection, which is so."""
    desk.close()
    assert [each for each in desk.complaints if "net::ERR_" not in each and each != "[object Event]"] == []
    desk.complaints.clear()


def called(name: str) -> dict[str, str]:
    return {"name": name, "primaryEmail": f"owner@{name.lower()}.example"}


def test_a_chip_changes_by_itself(desk, demo: Server, api: Client, axe):
    """A customer that is provisioned while one looks at the list shows up, busy and then good, without a reload."""
    page = desk.window(TOKEN)
    page.goto(LIST)
    axe(page)
    mark(page)
    new_id(api.post(PATH, json=body(customerInfo=called("Quince"))))
    there = row(page, "Quince")
    expect(there.locator(".chip.busy")).to_have_count(3)
    expect(there).to_contain_text("provisioning")
    axe(page)
    demo.call(work)
    expect(there.locator(".chip.good")).to_have_count(3)
    expect(there).to_contain_text("provisioned")
    assert stayed(page)


def test_a_customer_goes_on_before_ones_eyes(desk, demo: Server, api: Client, axe):
    """Its packages and the steps of its run change while one looks, and times are those of the viewer."""
    id = new_id(api.post(PATH, json=body(customerInfo=called("Medlar"))))
    page = desk.window(TOKEN)
    page.goto(LIST)
    page.get_by_role("link", name="Medlar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Medlar")
    packages = page.get_by_role("region", name="Packages")
    expect(packages.locator(".chip.busy")).to_have_count(3)
    axe(page)
    mark(page)
    demo.call(work)
    expect(packages.locator(".chip.good")).to_have_count(3)
    steps = page.get_by_role("region", name="Last run")
    expect(steps.locator(".chip.good")).to_have_count(5)
    expect(steps.locator("time[data-local]").last).to_be_visible()
    assert stayed(page)
    axe(page)
    assert api.delete(f"{PATH}/{id}").status_code == 202
    demo.call(work)
    expect(page.get_by_text("This customer has been removed.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("It may have been removed meanwhile")).to_be_visible()
    axe(page)


def test_what_was_given_up_is_retried(desk, demo: Server, api: Client, axe):
    """A run with a parked step offers to try it again, and goes on."""
    outcome = api.post("/allot/v1/outcomes", json={"kind": "flaky", "target": "webex_calling", "times": 5}).json()["id"]
    new_id(api.post(PATH, json=body(customerInfo=called("Loquat"))))
    with provider.working(demo):
        assert api.post("/allot/v1/clock/run", json={"limit": 60}).json()["stopped"] == "idle"
    assert api.delete(f"/allot/v1/outcomes/{outcome}").status_code == 204
    page = desk.window(TOKEN)
    page.goto(LIST)
    page.get_by_role("link", name="Loquat").click()
    steps = page.get_by_role("region", name="Last run")
    expect(steps).to_contain_text("was given up at")
    axe(page)
    steps.get_by_role("button", name="Retry what was given up").click()
    page.wait_for_url("**/runs/1")
    expect(page.locator("#live .chip.busy")).to_have_count(1)
    axe(page)
    demo.call(work)
    expect(page.locator("#live .chip.good")).to_have_count(5)
    expect(page.get_by_role("button", name="Retry what was given up")).to_have_count(0)


def test_customers_are_looked_for_and_acted_for(desk, axe):
    """By status, and on behalf of a sub-partner, which every page says until it is ended."""
    page = desk.window(TOKEN)
    page.get_by_role("link", name="Wholesale", exact=True).first.click()
    axe(page)
    page.get_by_role("link", name="Act on behalf of Foothill Voice").click()
    expect(page.get_by_role("link", name="Tidewater Surf")).to_be_visible()
    page.get_by_label("Status").select_option("error")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No customer fits")).to_be_visible()
    assert ids.encode("ORGANIZATION", FOOTHILL) in page.url
    axe(page)
    page.get_by_role("link", name="Act for yourself again").click()
    page.get_by_role("link", name="Customers", exact=True).click()
    page.get_by_label("External id").fill("harbor-clinic")
    page.keyboard.press("Enter")
    expect(page.locator(".customers > li")).to_have_count(1)


def test_a_customer_leads_to_its_subscribers(desk, axe):
    """From a customer to those who have its packages, to one of them, and to what that person has."""
    page = desk.window(TOKEN)
    page.goto(LIST)
    page.get_by_role("link", name="Bob's Bakery").click()
    page.get_by_role("link", name="Who has its packages").click()
    expect(page.get_by_role("row")).to_have_count(4)
    axe(page)
    page.get_by_role("link", name="rosa@bobs-bakery.example").click()
    expect(page.get_by_role("region", name="The subscriber")).to_contain_text("Webex Calling")
    axe(page)
    page.get_by_role("link", name="What the person has").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Rosa Baker")


def test_who_is_no_partner_is_told_so(desk, axe):
    """In a sentence, as on any page that one may not see."""
    page = desk.window()
    page.goto(LIST)
    expect(page.get_by_text("is no wholesale partner")).to_be_visible()
    axe(page)


def test_names_stay_within_their_place(desk, demo: Server, api: Client, axe):
    """Markup and right-to-left text in a name do nothing, and a long email breaks rather than the page."""
    name = "<script>document.title='x'</script> \u0645\u0631\u062d\u0628\u0627"
    email = f"{'o' * 60}@{'.'.join(['d' * 60] * 2)}.example"
    provisioned(demo, api, customerInfo={"name": name, "primaryEmail": email})
    page = desk.window(TOKEN, viewport={"width": 360, "height": 800})
    page.goto(LIST)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_text(email)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)


def test_a_page_outlives_a_restart(desk_of, demo_sqlite_url: str, tmp_path: Path):
    """While the server is away a live page says so; back again, it comes to what is so by then, without a reload."""
    with (
        hold_port() as held,
        Process(demo_sqlite_url, tmp_path / "server.log", "--demo", "--port", str(held.getsockname()[1])) as process,
    ):
        desk = desk_of(process.address)
        page = desk.window(TOKEN)
        page.goto(LIST)
        there = row(page, "Cobalt Cycles")
        expect(there.locator(".chip.busy")).to_have_count(2)
        mark(page)
        process.kill()
        expect(page.locator("body.away")).to_be_attached()
        process.start()
        api = process.client(TOKEN)
        [hold] = [each for each in api.get("/allot/v1/outcomes").json()["items"] if each["kind"] == "hold"]
        assert api.delete(f"/allot/v1/outcomes/{hold['id']}").status_code == 204
        expect(there.locator(".chip.good")).to_have_count(3)
        expect(page.locator("body.away")).to_have_count(0)
        assert stayed(page)
        forgive(desk)


def test_a_page_of_a_session_that_ended_leads_to_the_sign_in(desk, monkeypatch: pytest.MonkeyPatch):
    """A live page goes there by itself; whoever signs in again is where they were."""
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.5)
    page = desk.window(TOKEN)
    page.goto(LIST)
    page.get_by_role("link", name="Bob's Bakery").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob's Bakery")
    page.context.clear_cookies()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Access token").fill(TOKEN)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bob's Bakery")
    forgive(desk)

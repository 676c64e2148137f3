"""A person, trying a change and applying it, in a browser."""

import re

from playwright.sync_api import Page, expect

from servers import ADMIN, Client, Server
from trying import CONSOLE, PROFESSIONAL, SAN_JOSE, STANDARD, make, person_id

#: of the two subscriptions that have it
FIRST_PROFESSIONAL = re.compile(f"^{PROFESSIONAL} Sub-acme-calling ")
GRACE, IVAN = "grace.okello@example.com", "ivan.horvat@example.com"


def verdict(page: Page):
    return page.get_by_role("region", name="What would happen")


def test_a_newcomer_follows_the_documented_example(desk, axe):
    """From the sample's button to the journal, by what the pages say alone: the documented example is carried out."""
    page = desk.window(None)
    page.goto("/console")
    axe(page)
    page.get_by_role("button", name="full administrator of Acme").click()
    page.get_by_role("link", name="Look at John").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("John Andersen")
    expect(page.get_by_role("region", name="Licenses", exact=True)).to_contain_text(STANDARD)
    axe(page)
    page.get_by_role("link", name="Try a change").click()
    expect(verdict(page)).to_contain_text("Nothing is ticked yet")
    axe(page)
    tick_the_documented_example(page)
    expect(verdict(page)).to_contain_text("reached at San Jose, +14085267209, extension 133")
    expect(verdict(page).get_by_text("accepted", exact=True)).to_have_count(4)
    expect(verdict(page)).to_contain_text('"accountType": "attendee"')
    axe(page)
    verdict(page).get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done 200")
    axe(page)
    tracking_id = page.locator("code").first.text_content()
    page.get_by_role("link", name="See its entry in the journal").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Licenses changed 200")
    expect(page.get_by_text(tracking_id)).to_be_visible()
    axe(page)
    page.get_by_role("link", name="John Andersen").click()
    expect(page.get_by_role("listitem").filter(has_text=tracking_id)).to_contain_text("by Priya Raman")
    expect(page.get_by_role("region", name="Licenses", exact=True)).to_contain_text(CONSOLE)
    axe(page)


def tick_the_documented_example(page: Page) -> None:
    """Tick it license by license; the verdict follows."""
    remove, add = page.get_by_role("group", name="Remove"), page.get_by_role("group", name="Add: calling")
    number = page.get_by_label("Phone number")
    expect(number).to_be_hidden()
    add.get_by_role("checkbox", name=FIRST_PROFESSIONAL).check()
    expect(number).to_be_visible()
    expect(verdict(page)).to_contain_text("All of it would be refused")
    remove.get_by_role("checkbox", name=STANDARD).check()
    expect(verdict(page)).to_contain_text("All of it would be accepted")
    add.get_by_role("checkbox", name=CONSOLE).check()
    number.fill("+14085267209")
    page.get_by_label("Extension").fill("133")
    page.get_by_role("group", name="Attendee of sites").get_by_label("mysite.webex.com").check()


def test_the_verdict_follows_the_ticks(desk, admin: Client, axe):
    """Ticking changes verdict and address at once, without a reload; a refusal shows its rule and the way."""
    page = desk.window()
    page.goto(f"/console/people/{person_id(admin, IVAN)}/change")
    page.evaluate("document.body.dataset.kept = 'yes'")
    console = page.get_by_role("checkbox", name=re.compile(f"^{CONSOLE}"))
    console.check()
    expect(verdict(page)).to_contain_text("What to do: Add Professional in the same request")
    expect(verdict(page).get_by_role("link", name="attendant-needs-professional")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/change\?license\.[^=&]+=add$"))
    axe(page)
    verdict(page).get_by_text("The request as JSON").click()
    axe(page)
    console.uncheck()
    expect(verdict(page)).to_contain_text("Nothing is ticked yet")
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    expect(console).to_be_visible()


def test_free_numbers_follow_the_location(desk, admin: Client):
    """Numbers of the chosen location that nobody has are offered."""
    page = desk.window()
    page.goto(f"/console/people/{person_id(admin, IVAN)}/change")
    page.get_by_role("checkbox", name=FIRST_PROFESSIONAL).check()
    location = page.get_by_role("group", name="Add: calling").get_by_label("Location")
    location.select_option("London")
    expect(page.locator("datalist option[value='+442079460014']")).to_be_attached()
    location.select_option("Sydney")
    expect(page.locator("datalist option[value='+442079460014']")).not_to_be_attached()
    expect(page.locator("datalist option[value='+61255501202']")).to_be_attached()


def test_a_way_is_gone_step_by_step(desk, admin: Client, axe):
    """A step that loses something is sent once it is confirmed; then the next one is offered."""
    person = make(admin, "steps@example.com", [PROFESSIONAL], locationId=SAN_JOSE, extension="7601")
    page = desk.window()
    page.goto(f"/console/people/{person}/change")
    page.get_by_role("group", name="Remove").get_by_role("checkbox", name=re.compile(f"^{PROFESSIONAL}")).check()
    page.get_by_role("group", name="Add: calling").get_by_role("checkbox", name=re.compile(f"^{STANDARD}")).check()
    first = page.get_by_role("button", name="Apply step 1 of 2")
    first.click()
    sure = page.get_by_label("Number, extension and settings may be lost for good")
    expect(sure).to_be_focused()  # the browser asks for the tick, and sends nothing
    axe(page)
    sure.check()
    first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done 200")
    axe(page)
    page.get_by_role("link", name="Go on with step 2").click()
    page.get_by_role("button", name="Apply step 2 of 2").click()
    expect(page.get_by_role("listitem")).to_contain_text([STANDARD])
    expect(page.get_by_role("link", name="Go on")).to_have_count(0)


def test_the_second_of_two_is_told_what_changed(desk, admin: Client, axe):
    """Two try a change of one person; the second to apply is told what the first did, and can apply it then."""
    person = make(admin, "two@example.com", ["Basic Messaging"])
    first, second = desk.window(), desk.window()
    for page, name in ((first, "Basic Space Meetings"), (second, "Advanced Messaging")):
        page.goto(f"/console/people/{person}/change")
        page.get_by_role("checkbox", name=re.compile(f"^{name}")).check()
        expect(verdict(page)).to_contain_text("All of it would be accepted")
    for page in (first, second):
        verdict(page).get_by_role("button", name="Apply").click()
    expect(first.get_by_role("heading", level=1)).to_have_text("Done 200")
    told = second.get_by_role("alert")
    expect(told).to_contain_text("somebody else has changed what the person holds meanwhile")
    expect(told).to_contain_text("Priya Raman")
    expect(told).to_contain_text("Basic Space Meetings")
    axe(second)
    verdict(second).get_by_role("button", name="Apply").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Done 200")


def test_without_scripts_all_of_it_works(desk, admin: Client):
    """Without JavaScript a button asks for the verdict, and the change is applied all the same."""
    person = make(admin, "still@example.com", ["Basic Messaging"])
    page = desk.window(ADMIN, java_script_enabled=False)
    page.goto(f"/console/people/{person}/change")
    page.get_by_role("checkbox", name=re.compile("^Advanced Messaging")).check()
    page.get_by_role("button", name="See what would happen").click()
    verdict(page).get_by_role("button", name="Apply").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Done 200")


def test_a_person_deleted_meanwhile_is_told_so(desk, admin: Client, axe):
    """When a person is deleted while the form is open, the next tick shows that, and leads to the list."""
    person = make(admin, "leaving@example.com", name="Leaving Soon")
    page = desk.window()
    page.goto(f"/console/people/{person}/change")
    assert admin.delete(f"/v1/people/{person}").status_code == 204
    page.get_by_role("checkbox", name=re.compile("^Basic Messaging")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This person was deleted")
    expect(page.get_by_role("alert")).to_contain_text("Leaving Soon")
    axe(page)
    page.get_by_role("link", name="Go to the list of people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("People")


def test_a_session_that_ends_leads_to_the_sign_in(desk, admin: Client):
    """When the session ends while the form is open, the next tick leads to the sign-in, and back with the ticks."""
    page = desk.window()
    page.goto(f"/console/people/{person_id(admin, IVAN)}/change")
    page.context.clear_cookies()
    page.get_by_role("checkbox", name=re.compile("^Basic Messaging")).click()
    page.get_by_label("Access token").fill(ADMIN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("checkbox", name=re.compile("^Basic Messaging"))).to_be_checked()


def test_names_of_all_kinds_are_shown(desk, admin: Client, axe):
    """Markup is text, right-to-left names turn nothing around them, long ones break: nothing is wider than a phone."""
    names = ("<b onclick=alert(1)>Bold</b>", "\u0645\u0631\u062d\u0628\u0627 \u202eabc", "x" * 200)
    for n, name in enumerate(names):
        person = make(admin, f"{'long' * 15}{n}@{'sub.' * 45}example.com", name=name)
        page = desk.window(viewport={"width": 360, "height": 740})
        for path in (f"/console/people/{person}", f"/console/people/{person}/change", "/console/journal"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
            assert page.locator("b").count() == 0
        axe(page)


def test_a_verdict_fits_a_phone(desk, admin: Client, axe):
    """Refusals, the reason why there is no way, and the request fit a narrow window."""
    page = desk.window(viewport={"width": 360, "height": 740})
    page.goto(f"/console/people/{person_id(admin, 'hank.scorpio@globex.example')}/change")
    for name in (FIRST_PROFESSIONAL, re.compile("^Real-Time Translations")):
        page.get_by_role("checkbox", name=name).check()
    expect(verdict(page)).to_contain_text("by the same rule, external-user")
    expect(verdict(page)).to_contain_text("No legal way")
    verdict(page).get_by_text("The request that you ticked").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    axe(page)


def test_who_may_only_read_has_no_button_to_apply(desk, admin: Client, axe):
    """A read-only administrator tries changes, and cannot apply them."""
    page = desk.window("allot-demo-readonly")
    page.goto(f"/console/people/{person_id(admin, GRACE)}")
    axe(page)
    page.get_by_role("link", name="Try a change").click()
    page.get_by_role("checkbox", name=re.compile("^Advanced Messaging")).check()
    expect(verdict(page)).to_contain_text("All of it would be accepted")
    expect(verdict(page).get_by_role("button", name="Apply")).to_have_count(0)
    axe(page)


def test_the_journal_is_searched_by_tracking_id(desk, demo: Server, admin: Client, axe):
    """The journal shows everything newest first, and one request by its tracking id."""
    sent = {"email": IVAN, "licenses": [{"id": "x"}]}
    answer = admin.patch("/v1/licenses/users", json=sent, headers={"TrackingID": "NA_looked-for"})
    assert answer.status_code == 400
    page = desk.window()
    page.goto("/console")
    page.get_by_role("navigation").get_by_role("link", name="Journal").click()
    axe(page)
    page.get_by_label("Tracking id").fill("NA_looked-for")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".timeline > li")).to_have_count(1)
    expect(page.locator(".timeline")).to_contain_text("Licenses changed: refused")
    axe(page)
    page.get_by_role("link", name="Licenses changed: refused").click()
    expect(page.get_by_role("region", name="What became of it", exact=True)).to_contain_text("127.0.0.1")
    axe(page)

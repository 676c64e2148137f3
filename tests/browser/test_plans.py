"""The pages of plans, in a browser: opened, searched, and followed while a real `allot apply` carries one out."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from allot.bulk.applied.journals import DONE, REFUSED, Entry, Journal
from allot.bulk.planned.changes import Change, Reason, Refusal, Request, State, Summary
from allot.bulk.planned.plans import Plan
from allot.console import plans
from bulk.applying import Company, document, found
from bulk.planning import BASIC, PRO
from bulk.showing import long_plan, shown_plan, write_plan
from databases import Maker
from servers import ADMIN, PROGRAM, SECONDS, Process, Server, hold_port

LONG = f"{'x' * 288}@example.com"
RIGHT_TO_LEFT = "\u05e9\u05dc\u05d5\u05dd@example.com"
MARKUP = "<img src=x onerror=alert(1)>@example.com"


def allot(company: Company, folder: Path, *arguments: str) -> None:
    """Run a command against a company."""
    environment = os.environ | {"ALLOT_URL": f"{company.address}/v1", "ALLOT_TOKEN": company.token}
    ran = subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode in (0, 2), ran.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="module")
def slow(sqlite: Maker, folder: Path) -> Iterator[Server]:
    """A server that lets one token make few requests a second, with a folder of plans."""
    with sqlite.lent() as url, Server(url, plans=str(folder), rate_limit=40.0, rate_burst=40) as running:
        yield running


def listed(page: Page) -> None:
    """Go to the list of plans."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Plans").click()


def opened(page: Page, path: Path) -> None:
    """Open a plan file by the form."""
    listed(page)
    page.get_by_label("Plan file,").set_input_files(path)
    page.get_by_role("button", name="Open").click()


def test_a_plan_file_is_opened_and_looked_at(desk, axe, tmp_path: Path):
    """From the list by the form to the plan: charts, guards, what to type, and the same in the other scheme."""
    page = desk.window()
    listed(page)
    expect(page.get_by_text("There are no plans yet")).to_be_visible()
    axe(page)
    opened(page, shown_plan(tmp_path).file.path)
    expect(page.get_by_role("heading", level=1)).to_have_text("shown.plan")
    expect(page.get_by_text("A guard was overridden:")).to_be_visible()
    expect(page.get_by_role("img", name="Outcome")).to_be_visible()
    expect(page.get_by_label("Command that applies the plan")).to_contain_text("allot apply shown.plan --url")
    expect(page.get_by_text("is shown for plans in the folder")).to_be_visible()
    axe(page)
    page.get_by_text("The same as a table").click()
    axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)
    listed(page)
    expect(page.get_by_text("opened by you")).to_be_visible()
    axe(page)


def test_what_is_no_plan_is_told_at_the_form(desk, axe, tmp_path: Path):
    """A file that was edited is refused with a sentence, and another one can be chosen."""
    path = shown_plan(tmp_path).file.path
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole.replace(b"a@example.com", b"z@example.com"))
    page = desk.window()
    opened(page, path)
    expect(page.get_by_role("alert")).to_contain_text("shown.plan was changed after it was made")
    axe(page)
    path.write_bytes(whole)
    opened(page, path)
    expect(page.get_by_role("heading", level=1)).to_have_text("shown.plan")


@pytest.mark.parametrize("width", [360, 2560])
def test_people_are_found_as_somebody_types(desk, axe, tmp_path: Path, width: int):
    """The search narrows the list by itself, the links of charts do as well, and people are paged."""
    page = desk.window(viewport={"width": width, "height": 900})
    opened(page, long_plan(tmp_path, changes=120, refusals=30).file.path)
    page.get_by_role("link", name="everybody").click()
    expect(page.get_by_text("1 to 50 of 150 people")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Next page").click()
    expect(page.get_by_text("51 to 100 of 150 people")).to_be_visible()
    page.get_by_label("Email").press_sequentially("person11")
    expect(page.get_by_text("1 to 11 of 11 people")).to_be_visible()
    assert "q=person11" in page.url
    page.get_by_label("Outcome").select_option("refused")
    expect(page.get_by_text("Nobody in the plan fits")).to_be_visible()
    axe(page)
    page.get_by_label("Email").fill("")
    expect(page.get_by_text("1 to 30 of 30 people")).to_be_visible()
    page.go_back()
    page.goto(page.url.partition("/people")[0])
    page.get_by_role("link", name="no-units-left").click()
    expect(page.get_by_text("1 to 30 of 30 people")).to_be_visible()
    expect(page.get_by_label("Refused by")).to_have_value("no-units-left")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_plan_that_takes_time_appears_by_itself(desk, axe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """While a plan is read its page says so, and then becomes the plan; without JavaScript a link does that."""
    monkeypatch.setattr(plans, "PATIENCE", 0.0)
    window = desk.window(java_script_enabled=False)
    opened(window, long_plan(tmp_path, changes=3_000, refusals=0).file.path)
    expect(window.get_by_role("status")).to_contain_text("The plan is being read")
    window.get_by_role("link", name="Look again").click()
    expect(window.get_by_role("heading", name="Who is affected")).to_be_visible()
    page = desk.window()
    opened(page, long_plan(tmp_path, changes=3_001, refusals=0).file.path)
    expect(page.get_by_role("heading", name="Who is affected")).to_be_visible()
    axe(page)


def test_names_of_all_kinds_are_shown(desk, axe, tmp_path: Path):
    """Markup, right-to-left text and 300 characters stay in their places, on the narrowest screen."""
    changes = [
        Change(number, f"p{number}", email, State([BASIC]), [Request([PRO], [BASIC])], State([PRO]))
        for number, email in enumerate((LONG, RIGHT_TO_LEFT, MARKUP), 1)
    ]
    refusals = [Refusal(email, [Reason("no-units-left", f"{MARKUP} is left")]) for email in (LONG, MARKUP)]
    summary = Summary(5, 5, 3, 0, 2, 3, 0, [], {"no-units-left": 2})
    page = desk.window(viewport={"width": 360, "height": 800})
    opened(page, write_plan(tmp_path / "names.plan", changes, refusals, summary).file.path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
    page.get_by_role("link", name="everybody").click()
    for email in (LONG, RIGHT_TO_LEFT, MARKUP):
        expect(page.get_by_role("link", name=email)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
    page.get_by_role("link", name=RIGHT_TO_LEFT).click()
    # They were in the snapshot, and are not here.
    expect(page.get_by_role("heading", level=1)).to_contain_text("is not here")


def test_a_plan_is_followed_while_it_is_applied(slow: Server, folder: Path, desk_of, axe):
    """`allot apply` in a process of its own: the page tells how far it is, how fast it goes, and that it is done."""
    company = found(slow, document(100))
    allot(company, folder, "pull", "-o", "acme.snapshot")
    allot(company, folder, "plan", "acme.snapshot", "--who", "person*", "--add", "Webex Calling - Professional")
    plan = Plan(folder / "acme.plan")
    page = desk_of(slow.address).window(company.token)
    listed(page)
    page.get_by_role("link", name="acme.plan").click()
    expect(page.get_by_text("Nobody has begun to apply it")).to_be_visible()
    axe(page)
    command = page.get_by_label("Command that applies the plan").inner_text().split()
    assert command[:3] == ["allot", "apply", "acme.plan"]
    with subprocess.Popen(
        [PROGRAM, *command[1:]],
        cwd=folder,
        env=os.environ | {"ALLOT_TOKEN": company.token},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as applying:
        rate = page.locator("#progress ~ div dd").nth(2)
        expect(rate).to_have_text(re.compile(r"^\d"), timeout=1000 * SECONDS)
        axe(page)
        expect(page.get_by_text("Everybody is as planned.")).to_be_visible(timeout=1000 * SECONDS)
        said, _ = applying.communicate(timeout=SECONDS)
    assert applying.returncode == 0, said
    expect(page.get_by_text("100 done", exact=True)).to_be_visible()
    assert plan.summary.changes == 100
    axe(page)


def test_a_page_comes_back_after_a_restart(demo_sqlite_url: str, tmp_path: Path, desk_of, axe):
    """A server that is killed while a page is live: the page says so, connects again, and shows what came meanwhile."""
    plan = long_plan(tmp_path, changes=4, refusals=0)
    flags = ("--demo", "--plans", str(tmp_path), "--port")
    with (
        hold_port() as held,
        Process(demo_sqlite_url, tmp_path / "server.log", *flags, str(held.getsockname()[1])) as process,
    ):
        desk = desk_of(process.address)
        page = desk.window(ADMIN)
        listed(page)
        page.get_by_role("link", name="long.plan").click()
        expect(page.get_by_text("Nobody has begun to apply it")).to_be_visible()
        process.kill()
        expect(page.locator("body.away")).to_be_attached()
        with Journal(tmp_path / "long.plan.journal", plan.digest, "https://webexapis.com/v1") as journal:
            journal.write(Entry(1, DONE))
            journal.write(Entry(2, REFUSED, "<b>no</b> unit", "400003"))
        process.start()
        expect(page.get_by_text("One of them: person2@example.com: <b>no</b> unit")).to_be_visible()
        expect(page.locator("body.away")).not_to_be_attached()
        axe(page)
        desk.close()
        # What the browser complains about is that it could not connect, which is so; htmx does as well.
        assert [each for each in desk.complaints if "ERR_" not in each and "Event]" not in each] == []
        desk.complaints.clear()

"""The pages of plans: whose they are, what is opened, who is found, and how far one is that is being applied."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from allot.bulk.applied.journals import ALREADY, DONE, REFUSED, SENT, Entry, Journal
from allot.bulk.planned.changes import Broken, Change, Guards, Reason, Refusal, Request, State, Summary
from allot.bulk.planned.plans import Plan
from allot.cli.demo import ACME, GLOBEX
from allot.console import advances, plans, shelves
from allot.core import ids
from bulk.planning import BASIC, PRO
from bulk.showing import long_plan, shown_plan, write_plan
from databases import Maker
from following import Following
from servers import SECONDS, Server, load_demo
from visiting import Visitor, words
from wholesale import token_of

OTHERS, READER, NOBODY = "allot-demo-other-org", "allot-demo-readonly", "allot-demo-user"
ADDRESS = "https://webexapis.com/v1"
NONE = Summary(1, 1, 0, 1, 0, 0, 0, [], {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of plans of the server."""
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="module")
def demo(sqlite: Maker, folder: Path) -> Iterator[Server]:
    """The demo, with a folder of plans."""
    with sqlite.lent(load_demo) as url, Server(url, plans=str(folder)) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test begins with no plan, and its pages wait for plans to be read, however busy the machine is."""
    monkeypatch.setattr(plans, "PATIENCE", float(SECONDS))
    yield
    for path in folder.iterdir():
        path.unlink()


def hexed(plan: Plan) -> str:
    return plan.digest.removeprefix("sha256:")


#: a head that is nested deeper than anything is read
DEEP = b'{"allot":"plan","version":1,"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"


def send(visitor: Visitor, path: Path, name: str = "", data: bytes | None = None) -> requests.Response:
    """Open a plan file as the form does."""
    files = {"plan": (name or path.name, path.read_bytes() if data is None else data)}
    return visitor.post("/console/plans", data={"csrf": visitor.csrf}, files=files, allow_redirects=False)


def one_change(path: Path, email: str, **heading: Any) -> Plan:
    """A plan of one change and one refusal."""
    change = Change(1, "p1", email, State([BASIC]), [Request([PRO], [BASIC])], State([PRO]))
    refusal = Refusal(email, [Reason("no-units-left", "<b>nothing</b> is left")], "p2")
    summary = Summary(2, 2, 1, 0, 1, 1, 0, [], {"no-units-left": 1})
    return write_plan(path, [change], [refusal], summary, **heading)


def test_the_console_does_without_what_makes_plans():
    """Looking at plans loads neither what decides about very many people nor the client of the API."""
    code = "import sys, allot.console.application; print(sys.modules.keys() & {'numpy', 'allot.client', 'httpx'})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert ran.stdout.strip() == "set()"


# ---------------------------------------------------------------- the list


def test_plans_of_the_folder_are_listed(visitor: Visitor, folder: Path):
    """Each plan of the organization with what it comes to; one that is held back says so."""
    one_change(folder / "one.plan", "a@example.com")
    broken = Summary(2, 2, 1, 0, 1, 1, 0, [], {}, [Broken("max_changes", "it changes 2")])
    write_plan(folder / "held.plan", [], [], broken)
    told = words(visitor.see("/plans"))
    assert "one.plan" in told
    assert "held.plan held back" in told


def test_an_organization_sees_its_own_plans_only(visits: Callable[..., Visitor], folder: Path):
    """A plan of another organization is neither listed nor found, by whatever address."""
    mine = one_change(folder / "mine.plan", "mine@example.com")
    theirs = one_change(folder / "theirs.plan", "theirs@example.com", org_id=GLOBEX)
    for token, own, other in ((None, mine, theirs), (OTHERS, theirs, mine)):
        visitor = visits(token) if token else visits()
        told = visitor.see("/plans")
        assert own.file.path.name in told
        assert other.file.path.name not in told
        visitor.see(f"/plans/{hexed(own)}")
        for below in ("", "/people", "/progress"):
            visitor.see(f"/plans/{hexed(other)}{below}", 404)


def test_a_partner_looks_at_plans_of_its_customer(visits: Callable[..., Visitor], folder: Path, tmp_path: Path):
    """With orgId a partner sees and opens plans of an organization that it manages, and every link leads there."""
    plan, other = shown_plan(folder), one_change(tmp_path / "other.plan", "a@example.com")
    partner, org = visits("allot-demo-partner"), f"orgId={ids.encode('ORGANIZATION', ACME)}"
    partner.see(f"/plans/{hexed(plan)}", 404)
    assert "shown.plan" in partner.see(f"/plans?{org}")
    for page in (partner.see(f"/plans/{hexed(plan)}?{org}"), partner.see(f"/plans/{hexed(plan)}/people?{org}")):
        within = page[page.index("<main") : page.index("</main>")]
        addresses = re.findall(r'(?:href|hx-get|sse-connect)="(/console[^"]*)"', within)
        assert addresses
        assert all(org in each for each in addresses)
        assert re.search(r'<input type="hidden" name="orgId"', within)
    files = {"plan": ("other.plan", other.file.path.read_bytes())}
    answer = partner.post(f"/console/plans?{org}", data={"csrf": partner.csrf}, files=files, allow_redirects=False)
    assert answer.headers["Location"] == f"/console/plans/{hexed(other)}?{org}"
    partner.see(f"/plans/{hexed(other)}?{org}")
    assert visits(OTHERS).look(f"/plans?{org}").status_code == 403


def test_only_plans_of_the_folder_itself_are_listed(visitor: Visitor, folder: Path, tmp_path: Path):
    """Neither what a link leads to, nor what is no plan, nor what is cut off, nor what is nested without end."""
    outside = one_change(tmp_path / "outside.plan", "a@example.com")
    (folder / "link.plan").symlink_to(outside.file.path)
    os.mkfifo(folder / "pipe.plan")
    (folder / "text.plan").write_text("hello")
    (folder / "deep.plan").write_bytes(DEEP)
    (folder / "half.plan").write_bytes(outside.file.path.read_bytes()[:-50])
    assert "There are no plans yet" in words(visitor.see("/plans"))
    visitor.see(f"/plans/{hexed(outside)}", 404)


def test_many_plans_are_listed_page_by_page(visitor: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """Fifty on a page, and a link to the older ones."""
    monkeypatch.setattr(plans, "PLANS", 2)
    for number in range(3):
        one_change(folder / f"{number}.plan", f"a{number}@example.com")
    first = visitor.see("/plans")
    assert first.count(".plan</bdi>") == 2
    assert "page=2" in first
    assert visitor.see("/plans?page=2").count(".plan</bdi>") == 1
    assert visitor.see("/plans?page=x").count(".plan</bdi>") == 2


def test_a_folder_that_is_away_is_told(demo_sqlite_url: str, tmp_path: Path):
    """The list says so, and files can still be opened; without the setting nothing is missed."""
    with Server(demo_sqlite_url, plans=str(tmp_path / "none")) as server, Visitor(server.address) as visitor:
        assert "The folder of plans cannot be read (No such file or directory)." in words(visitor.see("/plans"))
        visitor.see(f"/plans/{'0' * 64}", 503)
    with Server(demo_sqlite_url) as server, Visitor(server.address) as visitor:
        assert "There are no plans yet. The setting plans of allot serve names" in words(visitor.see("/plans"))
        opened = send(visitor, shown_plan(tmp_path).file.path).headers["Location"].removeprefix("/console")
        assert "is shown for plans in the folder" in words(visitor.see(opened))
        visitor.see(f"{opened}/progress", 404)


# ---------------------------------------------------------------- one plan


def test_a_plan_is_shown_as_its_report_shows_it(visitor: Visitor, folder: Path):
    """Numbers, guards, units, waves, rules with examples, and what to type to apply exactly this plan."""
    plan = shown_plan(folder)
    told = words(visitor.see(f"/plans/{hexed(plan)}"))
    for part in (
        "asked for, of 20 people 17",
        "A guard was overridden: 3 people would be changed, and 2 are allowed",
        "488 of 500 used, +1 \u22121: 488 after. 12 short",
        "Wave 2",
        "no-units-left 12 people",
        "Webex Calling - Professional in Sub-1 has no units left: 500 of 500 are used",
        "allot rehearse shown.plan",
        f"allot apply shown.plan --url http://127.0.0.1:8080/v1 --approve {hexed(plan)[:12]}",
        plan.digest,
        "Nobody has begun to apply it",
    ):
        assert part in told, part


def test_guards_are_told_with_whether_they_hold(visitor: Visitor, folder: Path):
    """Each guard of a plan holds or is broken; a plan that one holds back is not to be applied."""
    guards = Guards(5, 10.0, ["*@board.example.com"], [PRO])
    summary = Summary(9, 9, 9, 0, 0, 9, 0, [], {}, [Broken("max_changes", "it changes 9 people")])
    held = words(visitor.see(f"/plans/{hexed(write_plan(folder / 'held.plan', [], [], summary, guards=guards))}"))
    assert "broken Change no more than 5 people" in held
    assert "holds Take licenses from no more than 10 % of those who have them" in held
    assert "holds Leave *@board.example.com alone" in held
    assert "holds Neither give nor take Webex Calling - Professional in Sub-1" in held
    assert "A guard holds it back: it is not applied" in held
    assert "allot apply" not in held
    forced = write_plan(folder / "forced.plan", [], [], summary, guards=guards, forced=True)
    told = words(visitor.see(f"/plans/{hexed(forced)}"))
    assert "overridden Change no more than 5 people" in told
    assert f"allot apply forced.plan --url http://127.0.0.1:8080/v1 --approve {hexed(forced)[:12]}" in told


def test_a_plan_that_changes_nobody_is_not_to_be_applied(visitor: Visitor, folder: Path):
    """There is nothing to type then."""
    told = words(visitor.see(f"/plans/{hexed(write_plan(folder / 'none.plan', [], [], NONE))}"))
    assert "There is nothing to apply" in told
    assert "It was made without guards" in told


def test_an_edited_plan_is_told_so(visitor: Visitor, folder: Path):
    """A file of the folder whose digest does not fit is not shown, by whatever name it is asked for."""
    plan = one_change(folder / "one.plan", "a@example.com")
    path = plan.file.path
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"a@example.com", b"b@example.com"))
    for below in ("", "/people"):
        told = words(visitor.see(f"/plans/{hexed(plan)}{below}", 409))
        assert "one.plan was changed after it was made: its digest does not fit; make it again" in told
        assert str(folder) not in told


def test_a_plan_that_is_replaced_is_shown_anew(visitor: Visitor, folder: Path):
    """Another plan under the same name has its own address; the first one is there no more."""
    first = one_change(folder / "one.plan", "a@example.com")
    visitor.see(f"/plans/{hexed(first)}/people")
    second = one_change(folder / "one.plan", "b@example.com")
    assert "b@example.com" in visitor.see(f"/plans/{hexed(second)}/people")
    visitor.see(f"/plans/{hexed(first)}/people", 404)


def test_names_do_nothing_to_a_page(visitor: Visitor, folder: Path):
    """Markup in an email, in a sentence, and in the name of a file is shown as it is written."""
    wild = "<script>alert(1)</script>@example.com"
    plan = one_change(folder / "<img src=x>.plan", wild)
    for below in ("", "/people"):
        page = visitor.see(f"/plans/{hexed(plan)}{below}")
        assert "&lt;img src=x&gt;.plan" in page
        assert "&lt;b&gt;nothing&lt;/b&gt; is left" in page
        assert "<script>alert" not in page
        assert "<img src=x>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;@example.com" in page


def test_whoever_may_not_list_people_sees_no_plan(visits: Callable[..., Visitor], folder: Path):
    """A reader sees plans and opens them; somebody without a role does not."""
    plan = one_change(folder / "one.plan", "a@example.com")
    reader, nobody = visits(READER), visits(NOBODY)
    reader.see(f"/plans/{hexed(plan)}")
    assert send(reader, plan.file.path).status_code == 303
    for path in ("/plans", f"/plans/{hexed(plan)}", f"/plans/{hexed(plan)}/people", f"/plans/{hexed(plan)}/progress"):
        nobody.see(path, 403)
    assert send(nobody, plan.file.path).status_code == 403


# ---------------------------------------------------------------- who is affected


def test_people_are_found_by_email_outcome_rule_and_license(visitor: Visitor, folder: Path):
    """Each part of the search narrows it; one that is not known is left out."""
    address = f"/plans/{hexed(shown_plan(folder))}/people"

    def found(query: str) -> str:
        return words(visitor.see(f"{address}?{query}"))

    assert "1 to 15 of 15 people" in found("")
    assert "1 to 1 of 1 person" in found("q=B@Example")
    assert "1 to 3 of 3 people" in found("outcome=applied")
    assert "1 to 12 of 12 people" in found("outcome=refused")
    assert "1 to 1 of 1 person" in found("outcome=irreversible")
    assert "1 to 1 of 1 person" in found("outcome=swapped")
    assert "1 to 12 of 12 people" in found("rule=no-units-left")
    assert "1 to 2 of 2 people" in found(f"license={PRO}")
    assert "Nobody in the plan fits" in found("q=nobody")
    assert "1 to 15 of 15 people" in found("outcome=x&license=99&page=0")
    assert "1 to 15 of 15 people" in found(f"license={'9' * 5000}")


def test_people_are_paged(visitor: Visitor, folder: Path):
    """Fifty on a page, with links to the one before and the one after; beyond the last there is nobody."""
    address = f"/plans/{hexed(long_plan(folder, changes=110, refusals=5))}/people"
    first, second, third = (visitor.see(f"{address}?page={page}") for page in (1, 2, 3))
    assert "1 to 50 of 115 people" in words(first)
    assert ("page=2" in first, "Previous page" in first) == (True, False)
    assert ("page=3" in second, "Previous page" in second) == (True, True)
    assert "101 to 115 of 115 people" in words(third)
    assert "not4@example.com" in third
    assert "Next page" not in third
    assert "There are only 115 people" in words(visitor.see(f"{address}?page=999999"))
    assert len(first) < 60_000


def test_people_lead_to_their_own_page(visitor: Visitor, folder: Path):
    """Whoever is in the organization is a link; whoever is not known by an id is not."""
    refusal = Refusal("nobody@example.com", [Reason("no-such-person", "there is no person nobody@example.com")])
    change = Change(1, "p1", "a@example.com", State([BASIC]), [Request([PRO], [BASIC])], State([PRO]))
    summary = Summary(2, 2, 1, 0, 1, 1, 0, [], {"no-such-person": 1})
    page = visitor.see(f"/plans/{hexed(write_plan(folder / 'one.plan', [change], [refusal], summary))}/people")
    assert page.count('<a href="/console/people/') == 1


def test_a_plan_that_takes_time_is_read_while_the_page_says_so(
    visitor: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The page says how far it is until the plan is read, and then shows it."""
    monkeypatch.setattr(plans, "PATIENCE", 0.0)
    address = f"/plans/{hexed(long_plan(folder, changes=3_000, refusals=5))}/people"
    first = words(visitor.see(address))
    assert "The plan is being read" in first
    deadline = time.monotonic() + 10
    while "of 3,005 people" not in (told := words(visitor.see(address))) or "being read" in told:
        assert time.monotonic() < deadline


def test_contents_are_forgotten_when_there_are_too_many(
    visitor: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """The plan that was not looked at for the longest time is read anew when it is."""
    monkeypatch.setattr(shelves, "CONTENTS_MAX", 2)
    original = shelves.Shelf.open
    openings: list[shelves.Opening] = []
    held: list[int] = []

    async def open_(shelf: shelves.Shelf, paper: shelves.Paper, seconds: float) -> shelves.Opening:
        openings.append(await original(shelf, paper, seconds))
        held.append(len(shelf._openings))
        return openings[-1]

    monkeypatch.setattr(shelves.Shelf, "open", open_)
    made = [one_change(folder / f"{number}.plan", f"a{number}@example.com") for number in range(3)]
    for number in (0, 1, 0, 2, 0, 1):
        visitor.see(f"/plans/{hexed(made[number])}")
    first, second, *later, anew = openings
    assert [opening is first for opening in later] == [True, False, True]
    assert anew is not second
    assert max(held) == 2


# ---------------------------------------------------------------- opened in a browser


def test_a_file_is_opened(visits: Callable[..., Visitor], demo: Server, tmp_path: Path):
    """Whoever opens a plan file sees it, and nobody else does, not even of the same organization."""
    plan = shown_plan(tmp_path)
    mine = visits(token_of(demo, ACME, "admin@example.com"))
    answer = send(mine, plan.file.path)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/console/plans/{hexed(plan)}")
    assert "shown.plan opened by you" in words(mine.see("/plans"))
    assert "1 to 15 of 15 people" in words(mine.see(f"/plans/{hexed(plan)}/people"))
    assert "Progress How far it is while it is applied" in words(mine.see(f"/plans/{hexed(plan)}"))
    other = visits(READER)
    assert "shown.plan" not in other.see("/plans")
    other.see(f"/plans/{hexed(plan)}", 404)


def test_what_cannot_be_opened_is_told(visitor: Visitor, tmp_path: Path):
    """A file that is none, that was edited, that is of somebody else, or that was not chosen: a sentence each."""
    plan = one_change(tmp_path / "one.plan", "a@example.com")
    whole = plan.file.path.read_bytes()
    theirs = one_change(tmp_path / "theirs.plan", "a@example.com", org_id=GLOBEX)
    for path, data, said in (
        (plan.file.path, b"hello", "one.plan is no plan of allot; name one that `allot` wrote."),
        (plan.file.path, b"", "one.plan is no plan of allot"),
        (plan.file.path, DEEP, "one.plan is no plan of allot"),
        (plan.file.path, whole[:-9], "one.plan is cut off; make it again."),
        (plan.file.path, whole.replace(b"a@example", b"b@example"), "one.plan was changed after it was made"),
        (theirs.file.path, None, "theirs.plan is for Acme, another organization than the one looked at."),
    ):
        answer = send(visitor, path, data=data)
        assert answer.status_code == 400
        assert said in words(answer.text)
    assert "Choose a plan file first" in words(visitor.submit("/plans", plan="text").text)
    visitor.see(f"/plans/{hexed(plan)}", 404)
    visitor.see(f"/plans/{hexed(theirs)}", 404)


def test_a_file_that_is_too_large_is_refused(visitor: Visitor, tmp_path: Path):
    """What is larger than a form may be is not read to its end."""
    answer = send(visitor, tmp_path / "large.plan", data=b"x" * ((64 << 20) + 1))
    assert answer.status_code == 413


def test_the_oldest_file_is_forgotten(visits: Callable[..., Visitor], demo: Server, tmp_path: Path):
    """One person may have eight files open; the ninth takes the place of the first."""
    visitor = visits(token_of(demo, ACME, "admin@example.com"))
    made = [one_change(tmp_path / f"{number}.plan", f"a{number}@example.com") for number in range(9)]
    for plan in (*made, made[-1]):
        assert send(visitor, plan.file.path).status_code == 303
    visitor.see(f"/plans/{hexed(made[0])}", 404)
    for plan in made[1:]:
        visitor.see(f"/plans/{hexed(plan)}")


def test_files_take_no_more_room_than_there_is_for_them(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """When all files together are too large, the oldest are forgotten, and never the one that was just opened."""
    monkeypatch.setattr(shelves, "OPENED_BYTES", 1)
    made = [one_change(tmp_path / f"{number}.plan", f"a{number}@example.com") for number in range(2)]
    for plan in made:
        assert send(visitor, plan.file.path).status_code == 303
    visitor.see(f"/plans/{hexed(made[0])}", 404)
    visitor.see(f"/plans/{hexed(made[1])}")


def test_a_disk_that_fails_is_told(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where there is no room for a file, and where one that was opened has gone, a sentence says so."""
    plan = one_change(tmp_path / "one.plan", "a@example.com")
    there = tmp_path / "there"
    monkeypatch.setattr(tempfile, "tempdir", str(there))
    with Server(demo_sqlite_url) as server, Visitor(server.address) as visitor:
        answer = send(visitor, plan.file.path)
        assert (answer.status_code, "There is no room for the file" in words(answer.text)) == (503, True)
        there.mkdir()
        assert send(visitor, plan.file.path).status_code == 303
        for kept in there.rglob("*.plan"):
            kept.unlink()
        told = words(visitor.see(f"/plans/{hexed(plan)}", 409))
        assert "one.plan cannot be read (No such file or directory); open it again." in told


# ---------------------------------------------------------------- progress


def journal_of(plan: Plan) -> Journal:
    path = plan.file.path
    return Journal(path.with_name(f"{path.name}.journal"), plan.digest, ADDRESS)


def test_progress_is_read_from_the_journal(visitor: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """What is done, what failed and why, and where it is applied; where nothing came of late, that nothing moves."""
    monkeypatch.setattr(advances, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(advances, "RATE_SECONDS", 0.0)
    plan = long_plan(folder, changes=10, refusals=0)
    with journal_of(plan) as journal:
        for number in range(1, 6):
            journal.write(Entry(number, DONE))
        journal.write(Entry(6, ALREADY))
        journal.write(Entry(7, REFUSED, "<b>no</b>", "400003"))
        journal.write(Entry(8, SENT))
        visitor.see(f"/plans/{hexed(plan)}")
        told = words(visitor.see(f"/plans/{hexed(plan)}"))
    assert "6 done 1 failed 1 to be read back" in told
    assert "answered, of 10 changes 8 left 2" in told
    assert "1 refused (400003) . One of them: person7@example.com : <b>no</b>" in told
    assert ADDRESS in told
    assert "Nothing moves just now" in told


@pytest.mark.parametrize(
    ("last", "said"),
    [(DONE, "Everybody is as planned."), (REFUSED, "Every change was answered.")],
)
def test_an_apply_that_has_ended_says_so(visitor: Visitor, folder: Path, last: str, said: str):
    """At the end the page says whether everybody is as planned."""
    plan = one_change(folder / f"{last}.plan", f"{last}@example.com")
    with journal_of(plan) as journal:
        journal.write(Entry(1, last))
    assert said in words(visitor.see(f"/plans/{hexed(plan)}"))


def test_another_plan_s_journal_is_told_so(visitor: Visitor, folder: Path):
    """A journal that is left from an earlier plan of the same name is not taken for this one's."""
    with journal_of(one_change(folder / "one.plan", "a@example.com")) as journal:
        journal.write(Entry(1, DONE))
    plan = one_change(folder / "one.plan", "b@example.com")
    told = words(visitor.see(f"/plans/{hexed(plan)}"))
    assert "one.plan.journal is the journal of another plan." in told
    assert str(folder) not in told


def test_a_journal_that_cannot_be_read_is_told_so(visitor: Visitor, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The plan is shown all the same; however many are followed, each is read anew when it is looked at again."""
    monkeypatch.setattr(advances, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(shelves, "ADVANCES_MAX", 1)
    plan, other = (one_change(folder / f"{name}.plan", f"{name}@example.com") for name in ("one", "other"))
    (folder / "one.plan.journal").mkdir()
    for _ in range(2):
        told = words(visitor.see(f"/plans/{hexed(plan)}"))
        assert "one.plan.journal cannot be read (Is a directory)." in told
        assert "Nobody has begun" in words(visitor.see(f"/plans/{hexed(other)}"))
    (folder / "one.plan.journal").rmdir()
    assert "Nobody has begun" in words(visitor.see(f"/plans/{hexed(plan)}"))


def following(visitor: Visitor, plan: Plan) -> Following:
    return Following(visitor, f"/console/plans/{hexed(plan)}/progress")


def test_progress_comes_by_itself(visitor: Visitor, folder: Path):
    """A page that is open is told what is written into the journal, from before it is there."""
    plan = long_plan(folder, changes=200, refusals=0)
    with following(visitor, plan) as followed:
        told = (words(part.html) for part in followed.parts())
        assert "Nobody has begun" in next(told)
        with journal_of(plan) as journal:
            journal.write(Entry(1, DONE))
            assert "1 done" in next(told)
            for number in range(2, 101):
                journal.write(Entry(number, DONE))
            now = next(each for each in told if "100 done" in each)
            assert "left 100" in now
            assert "\u2013" not in now


def test_a_stream_ends_when_the_server_stops(demo_sqlite_url: str, tmp_path: Path):
    """A page that is live does not hold up a stop."""
    plan = long_plan(tmp_path, changes=2, refusals=0)
    with (
        Server(demo_sqlite_url, plans=str(tmp_path)) as server,
        Visitor(server.address) as visitor,
        following(visitor, plan) as followed,
    ):
        told = followed.parts()
        next(told)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert list(told) == []
        stopping.join()

"""Applying plans to a real server, and to one that is broken on the way."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import proxies
from allot.bulk.applied import applies, sendings
from allot.bulk.applied.journals import BEGUN, Entry, Journal
from allot.core import ids
from allot.core.scope import SCOPES
from audit import wrongs
from bulk import planning
from bulk.applying import (
    ADVANCED,
    DOWNGRADE,
    LOCATION,
    MESSAGING,
    PROFESSIONAL,
    STANDARD,
    SUITE,
    TRANSLATION,
    UPGRADE,
    Company,
    carry_out,
    document,
    email,
    found,
    grant,
    holdings,
    plan_all,
    plan_each,
)
from bulk.planning import want
from databases import Maker
from proxies import Proxy
from servers import Server, hold_port
from strangers import Said, Stranger

GIVE = want(ADVANCED)


@pytest.fixture(scope="module")
def server(sqlite: Maker) -> Iterator[Server]:
    """One server; each test has a company of its own."""
    with sqlite.lent() as url, Server(url) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendings, "PAUSE_FIRST", 0.01)


def passing(method: str, path: str) -> str:
    return proxies.PASS


def first(count: int, what: str, method: str = "PATCH") -> Callable[[str, str], str]:
    """The first so many requests of a method are broken in this way."""
    left = [count]

    def choose(sent: str, path: str) -> str:
        if sent != method or not left[0]:
            return proxies.PASS
        left[0] -= 1
        return what

    return choose


def send(server: Server, company: Company, number: int, *items: tuple[int, str]) -> int:
    """Change somebody by hand; the status."""
    client = server.client(company.token)
    licenses = client.get("/v1/licenses").json()["items"]
    asked = [{"id": licenses[place]["id"], "operation": operation} for place, operation in items]
    answer = client.patch("/v1/licenses/users", json={"email": email(number), "licenses": asked})
    client.close_all()
    return answer.status_code


# ---------------------------------------------------------------- as planned


def test_a_plan_is_carried_out_and_read_back(server: Server, tmp_path: Path):
    """Everybody is as planned afterwards, and was seen so; whom the plan does not name is as before."""
    company = found(server, document(40))
    plan = plan_all(company, tmp_path, range(30), UPGRADE)
    applied = carry_out(plan, company)
    assert applied.outcomes == {"done": 30}
    assert applied.tally.done == applied.tally.total == 30
    now = holdings(company, tmp_path)
    assert all(now[email(n)] == ([PROFESSIONAL, MESSAGING], str(1000 + n)) for n in range(30))
    assert all(now[email(n)] == ([STANDARD, MESSAGING], str(1000 + n)) for n in range(30, 40))
    assert wrongs(server.url) == []


def test_a_plan_that_was_applied_sends_nothing_again(server: Server, tmp_path: Path):
    """The journal tells who is done; without it everybody is read, found as planned, and nothing is sent either."""
    company = found(server, document(10))
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    with Proxy(server.address, passing) as proxy:
        carry_out(plan, company, proxy.address)
        assert proxy.methods["PATCH"] == 10
        proxy.methods.clear()
        assert carry_out(plan, company, proxy.address).tally.settled == 10
        assert not proxy.methods
        (tmp_path / "acme.plan.journal").unlink()
        assert carry_out(plan, company, proxy.address).outcomes == {"already": 10}
        assert proxy.methods["PATCH"] == 0


def test_another_plan_of_the_same_name_is_not_carried_out(server: Server, tmp_path: Path):
    """A plan that takes the name of the approved one, be it as long, stops the apply before anything is sent."""
    company = found(server, document(10))
    approved = plan_all(company, tmp_path, range(4), UPGRADE)
    size = approved.file.path.stat().st_size
    plan_all(company, tmp_path, range(5, 9), UPGRADE)
    assert approved.file.path.stat().st_size == size
    with Proxy(server.address, passing) as proxy:
        applied = carry_out(approved, company, proxy.address)
        assert proxy.methods["PATCH"] == 0
    why = f"{approved.file.path} was replaced while it was read; begin again, or put back the plan that was approved"
    assert (applied.tally.stopped, applied.outcomes) == (why, {})


def test_people_are_read_in_as_few_requests_as_will_do(server: Server, tmp_path: Path):
    """Two people of many are read one by one, all of them page by page."""
    company = found(server, document(250))
    some = plan_all(company, tmp_path, range(2), UPGRADE)
    with Proxy(server.address, passing) as proxy:
        carry_out(some, company, proxy.address)
        assert proxy.methods == {"GET": 4, "PATCH": 2}
    (tmp_path / "acme.plan.journal").unlink()
    some.file.path.unlink()
    everybody = plan_all(company, tmp_path, range(2, 250), UPGRADE)
    with Proxy(server.address, passing) as proxy:
        assert carry_out(everybody, company, proxy.address).outcomes == {"done": 248}
        assert proxy.methods == {"GET": 6, "PATCH": 248}


def test_windows_are_read_back_on_the_way(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The survey of a window reads back the one before it: four windows of ten cost five surveys."""
    monkeypatch.setattr(applies, "WINDOW", 10)
    company = found(server, document(40))
    plan = plan_all(company, tmp_path, range(40), UPGRADE)
    with Proxy(server.address, passing) as proxy:
        assert carry_out(plan, company, proxy.address).outcomes == {"done": 40}
        assert proxy.methods == {"GET": 5, "PATCH": 40}


def test_two_requests_of_one_person_are_sent_one_after_the_other(server: Server, tmp_path: Path):
    """Who goes from Professional to Standard loses the one first, and has the other at the end, at their extension."""
    company = found(server, document(5, PROFESSIONAL))
    plan = plan_all(company, tmp_path, range(5), DOWNGRADE)
    assert plan.summary.requests == 10
    assert carry_out(plan, company).outcomes == {"done": 5}
    assert holdings(company, tmp_path)[email(3)] == ([STANDARD, MESSAGING], "1003")


def test_who_is_half_way_by_us_goes_on_from_there(server: Server, tmp_path: Path):
    """The first of two requests was done: only the second is sent if the journal says that it was us, else nothing."""
    company = found(server, document(2, PROFESSIONAL))
    plan = plan_all(company, tmp_path, range(2), DOWNGRADE)
    assert send(server, company, 0, (PROFESSIONAL, "remove")) == 200
    with Proxy(server.address, passing) as proxy:
        applied = carry_out(plan, company, proxy.address)
        assert applied.outcomes == {"stale": 1, "done": 1}
        assert proxy.methods["PATCH"] == 2
        [stale] = (number for number, entry in applied.entries.items() if entry.outcome == "stale")
        with Journal(tmp_path / "acme.plan.journal", plan.digest, f"{proxy.address}/v1") as journal:
            journal.write(Entry(stale, BEGUN))
        assert carry_out(plan, company, proxy.address).outcomes == {"done": 2}
        assert proxy.methods["PATCH"] == 3


def test_units_that_come_from_others_are_waited_for(server: Server, tmp_path: Path):
    """Whoever is refused for want of a unit that the plan frees gets it once the others of the wave are done."""
    company = found(server, document(6, RTT=3))
    for number in (3, 4, 5):
        assert send(server, company, number, (TRANSLATION, "add")) == 200
    wants = {n: want(TRANSLATION) if n < 3 else want(lack=[TRANSLATION]) for n in range(6)}
    plan = plan_each(company, tmp_path, wants, overage=True)
    applied = carry_out(plan, company, workers=1)
    assert applied.outcomes == {"done": 6}
    now = holdings(company, tmp_path)
    assert [TRANSLATION in now[email(n)][0] for n in range(6)] == [True] * 3 + [False] * 3


def test_a_plan_is_read_once_however_many_waves_it_has(server: Server, tmp_path: Path):
    """What is carried out is the plan that was opened: taken away on the way, it is done to its last wave."""
    company = found(server, document(4, RTT=2))
    for number in (2, 3):
        assert send(server, company, number, (TRANSLATION, "add")) == 200
    plan = plan_each(company, tmp_path, {n: want(TRANSLATION) if n < 2 else want(lack=[TRANSLATION]) for n in range(4)})
    assert {change.wave for changes in plan.changes() for change in changes} == {0, 1}

    def remove(method: str, path: str) -> str:
        if method == "PATCH":
            plan.file.path.unlink(missing_ok=True)
        return proxies.PASS

    with Proxy(server.address, remove) as proxy:
        assert carry_out(plan, company, proxy.address).outcomes == {"done": 4}
    now = holdings(company, tmp_path)
    assert [TRANSLATION in now[email(n)][0] for n in range(4)] == [True, True, False, False]


def test_licenses_that_wait_for_the_person_are_told_so(server: Server, tmp_path: Path):
    """Somebody of another organization has a meetings license pending: that is as planned."""
    company = found(server, document(2))
    home = "7a0c3b52-0000-4000-8000-000000000000"
    server.run("UPDATE people SET home_org_id = $1 WHERE person_id = $2", home, company.person_id(1))
    plan = plan_all(company, tmp_path, [1], want(SUITE))
    applied = carry_out(plan, company)
    assert applied.outcomes == {"done": 1}
    assert applied.entries[1].what == "waits for the person to accept"


def test_an_extension_alone_is_sent_where_nobody_sees_it(tmp_path: Path):
    """Of people whose location the API does not tell it is not known that they are as planned: they are sent to."""
    there = planning.person(1, planning.PRO, calling=planning.Calling(planning.BERLIN, None, "1001"))
    snapshot = planning.write_snapshot(tmp_path / "acme.snapshot", [there])
    wanted = {there.email: want(planning.PRO, extension="2001", location_id=planning.BERLIN)}
    plan = planning.make_plan(snapshot, wanted, tmp_path / "acme.plan")
    held = [ids.encode("LICENSE", planning.LICENSES[planning.PRO].id)]
    told = {"id": ids.encode("PEOPLE", there.id), "emails": [there.email], "licenses": held, "siteUrls": []}
    with Stranger(lambda _: Said(body=json.dumps(told).encode())) as stranger:
        applied = carry_out(plan, Company(stranger.address, "token", planning.ORG))
        assert [asked.method for asked in stranger.asked].count("PATCH") == 1
    assert applied.outcomes == {"done": 1}


# ---------------------------------------------------------------- what stands in the way


def test_who_was_changed_since_is_left_alone(server: Server, tmp_path: Path):
    """Nothing is sent for somebody who is not as the plan expects, and the difference is told."""
    company = found(server, document(5))
    plan = plan_all(company, tmp_path, range(5), UPGRADE)
    assert send(server, company, 2, (TRANSLATION, "add")) == 200
    with Proxy(server.address, passing) as proxy:
        applied = carry_out(plan, company, proxy.address)
        assert proxy.methods["PATCH"] == 4
    assert applied.outcomes == {"done": 4, "stale": 1}
    assert applied.entries[3].what == "changed since the snapshot: has Real-Time Translations; pull and plan again"
    assert applied.tally.examples == {("stale", ""): (email(2), applied.entries[3].what)}


def test_a_license_that_the_plan_does_not_know_is_told(server: Server, tmp_path: Path):
    """Somebody got a license that the organization did not have when the plan was made."""
    company = found(server, document(2))
    plan = plan_all(company, tmp_path, range(1), GIVE)
    columns = "org_id, license, license_id, offer, name, total_units, policy, consumed_by_users"
    server.run(f"INSERT INTO licenses ({columns}) VALUES ($1, 9, 'new', 'CE', 'New', 5, 'strict', 1)", company.org_id)
    server.run(
        "INSERT INTO holdings (org_id, person_id, license) VALUES ($1, $2, 9)", company.org_id, company.person_id(0)
    )
    entry = carry_out(plan, company).entries[1]
    assert (entry.outcome, "a license that the plan does not know" in entry.what) == ("stale", True)


def test_who_is_gone_is_told(server: Server, tmp_path: Path):
    """There is no such person any more when the plan is applied."""
    company = found(server, document(3))
    plan = plan_all(company, tmp_path, range(3), UPGRADE)
    client = server.client(company.token)
    assert client.delete(f"/v1/people/{ids.encode('PEOPLE', company.person_id(1))}").status_code == 204
    client.close_all()
    assert carry_out(plan, company).outcomes == {"done": 2, "gone": 1}


def test_refusals_are_told_with_the_reason_of_the_api(server: Server, tmp_path: Path):
    """A plan that does not count units finds out: what was refused has the API's sentence and code."""
    company = found(server, document(4, MS=2))
    plan = plan_all(company, tmp_path, range(4), GIVE, overage=True)
    applied = carry_out(plan, company, workers=1)
    assert applied.outcomes == {"done": 2, "refused": 2}
    assert applied.entries[4].code == "400"
    assert "has no units left" in applied.entries[4].what


def test_what_was_done_in_part_is_told(server: Server, tmp_path: Path):
    """206: one license was added and the other was not, and the person is not called done."""
    company = found(server, document(2, MS=1))
    plan = plan_all(company, tmp_path, range(2), want(ADVANCED, TRANSLATION), overage=True)
    applied = carry_out(plan, company, workers=1)
    assert applied.outcomes == {"done": 1, "partly": 1}
    assert applied.entries[2].what.startswith("Advanced Messaging was not added: ")
    assert "has no units left" in applied.entries[2].what
    server.run("UPDATE licenses SET total_units = 2 WHERE offer = 'MS' AND org_id = $1", company.org_id)
    assert carry_out(plan, company).outcomes == {"done": 2}, "what is half done is ours, and goes on"


def test_calling_data_that_is_refused_is_told(server: Server, tmp_path: Path):
    """206: the extension was taken meanwhile, and the license that came with it was given."""
    company = found(server, document(2))
    wanted = want(STANDARD, ADVANCED, location_id=LOCATION, extension="7000")
    plan = plan_all(company, tmp_path, [0], wanted)
    server.run("UPDATE people SET extension = '7000' WHERE person_id = $1", company.person_id(1))
    entry = carry_out(plan, company).entries[1]
    assert entry.outcome == "partly"
    assert "7000" in entry.what


def test_who_goes_while_it_is_sent_is_told(server: Server, tmp_path: Path):
    """Deleted between the survey and the request, or between a request and the look at what became of it."""
    company = found(server, document(2))
    plan = plan_all(company, tmp_path, range(2), UPGRADE)
    client = server.client(company.token)
    left = [0, 1]

    def delete(method: str, path: str) -> str:
        if method != "PATCH":
            return proxies.PASS
        client.delete(f"/v1/people/{ids.encode('PEOPLE', company.person_id(left[0]))}")
        return proxies.PASS if left.pop(0) == 0 else proxies.CUT_BEFORE

    with Proxy(server.address, delete) as proxy:
        assert carry_out(plan, company, proxy.address, workers=1).outcomes == {"gone": 2}
    client.close_all()


def test_who_is_changed_while_it_is_sent_is_told(server: Server, tmp_path: Path):
    """The answer was lost, and somebody else has changed the person: nothing is sent again."""
    company = found(server, document(1))
    plan = plan_all(company, tmp_path, range(1), UPGRADE)

    def change(method: str, path: str) -> str:
        if method == "PATCH":
            server.run("DELETE FROM holdings WHERE person_id = $1", company.person_id(0))
        return proxies.CUT_BEFORE if method == "PATCH" else proxies.PASS

    with Proxy(server.address, change) as proxy:
        applied = carry_out(plan, company, proxy.address)
        assert (applied.outcomes, applied.entries[1].ours) == ({"stale": 1}, True)
        assert proxy.methods["PATCH"] == 1


def test_a_silent_loss_is_found(server: Server, tmp_path: Path):
    """What was answered as done, and is not there when it is read back, is listed as lost."""
    company = found(server, document(5))
    plan = plan_all(company, tmp_path, range(5), GIVE)
    sent = [0]

    def lose(method: str, path: str) -> str:
        sent[0] += method == "PATCH"
        if method == "GET" and sent[0] == 5:
            held = "DELETE FROM holdings WHERE person_id = $1 AND license = $2"
            server.run(held, company.person_id(3), ADVANCED)
        return proxies.PASS

    with Proxy(server.address, lose) as proxy:
        applied = carry_out(plan, company, proxy.address)
    assert applied.outcomes == {"done": 4, "lost": 1}
    assert applied.entries[4].what == "answered as done, but read back otherwise: has no Advanced Messaging"
    assert applied.entries[4].tracking_id.startswith("ALLOT_")


def test_a_canary_that_fails_stops_the_rest(server: Server, tmp_path: Path):
    """The first changes are done and read back; when one fails nothing more is sent, and when none does the rest is."""
    company = found(server, document(10))
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    assert send(server, company, 1, (TRANSLATION, "add")) == 200
    applied = carry_out(plan, company, canary=3)
    assert applied.outcomes == {"done": 2, "stale": 1}
    assert applied.tally.stopped == "1 of the first 3 changes failed, so that nothing more was sent"
    assert send(server, company, 1, (TRANSLATION, "remove")) == 200
    assert carry_out(plan, company, canary=3).outcomes == {"done": 10}


def test_the_first_failure_stops_when_that_is_asked(server: Server, tmp_path: Path):
    """With `stop_on_error` nothing is sent after a failure."""
    company = found(server, document(10))
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    assert send(server, company, 0, (TRANSLATION, "add")) == 200
    applied = carry_out(plan, company, workers=1, stop_on_error=True)
    assert applied.tally.stopped is not None
    assert applied.tally.stopped.startswith(f"stopped at the first failure, {email(0)}: changed since")
    assert applied.tally.done < 9


def test_a_token_that_may_not_write_is_told(server: Server, tmp_path: Path):
    """The first answer of 403 ends the sending, with what the token needs."""
    company = found(server, document(20))
    plan = plan_all(company, tmp_path, range(20), UPGRADE)
    reading = frozenset(scope for scope in SCOPES if scope.endswith("_read"))
    reader = Company(company.address, grant(server, company.org_id, reading), company.org_id)
    applied = carry_out(plan, reader)
    assert "people_write" in (applied.tally.stopped or "")
    assert applied.outcomes == {}


def test_who_is_half_way_by_us_and_was_changed_since_stays_ours(server: Server, tmp_path: Path):
    """Whoever is neither on the way nor there is left alone, and not forgotten: a later run goes on with them."""
    company = found(server, document(2, PROFESSIONAL))
    plan = plan_all(company, tmp_path, range(2), DOWNGRADE)
    with Journal(tmp_path / "acme.plan.journal", plan.digest, f"{company.address}/v1") as journal:
        journal.write(Entry(1, BEGUN))
    assert send(server, company, 0, (PROFESSIONAL, "remove"), (ADVANCED, "add")) == 200
    applied = carry_out(plan, company)
    assert (applied.outcomes, applied.entries[1].ours) == ({"stale": 1, "done": 1}, True)
    assert send(server, company, 0, (ADVANCED, "remove")) == 200
    assert carry_out(plan, company).outcomes == {"done": 2}


# ---------------------------------------------------------------- bad luck


@pytest.mark.parametrize("what", [proxies.BUSY, proxies.LIMITED, proxies.LOCKED, proxies.BROKEN, proxies.CUT_BEFORE])
def test_what_was_not_taken_is_sent_again(server: Server, tmp_path: Path, what: str):
    """Refused for now, failed or cut on the way to the server: everybody is as planned at the end."""
    company = found(server, document(10))
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    with Proxy(server.address, first(3, what)) as proxy:
        assert carry_out(plan, company, proxy.address).outcomes == {"done": 10}
        assert proxy.counts[what] == 3
    assert entries(server, company) == 10


@pytest.mark.parametrize("what", [proxies.CUT_AFTER, proxies.BROKEN_AFTER, proxies.NONSENSE])
def test_what_was_taken_without_an_answer_is_not_done_twice(server: Server, tmp_path: Path, what: str):
    """The answer got lost: the person is read, found as planned, and nothing is sent again."""
    company = found(server, document(10))
    plan = plan_all(company, tmp_path, range(10), UPGRADE)
    with Proxy(server.address, first(3, what)) as proxy:
        assert carry_out(plan, company, proxy.address).outcomes == {"done": 10}
    assert entries(server, company) == 10


def test_a_server_that_never_answers_sense_is_told(server: Server, tmp_path: Path):
    """Each change is tried a few times, then listed with what came back."""
    company = found(server, document(3))
    plan = plan_all(company, tmp_path, range(3), UPGRADE)
    with Proxy(server.address, first(1_000, proxies.NONSENSE)) as proxy:
        applied = carry_out(plan, company, proxy.address)
        assert proxy.methods["PATCH"] == 3 * sendings.TRIES
    assert applied.outcomes == {"failed": 3}
    assert "no certain answer in 5 attempts" in applied.entries[1].what
    assert "<html>" in applied.entries[1].what


def test_pages_of_nonsense_stop_everything(server: Server, tmp_path: Path):
    """When even reading makes no sense nothing is sent."""
    company = found(server, document(3))
    plan = plan_all(company, tmp_path, range(3), UPGRADE)
    with Proxy(server.address, first(1_000, proxies.NONSENSE, "GET")) as proxy:
        applied = carry_out(plan, company, proxy.address)
        assert proxy.methods["PATCH"] == 0
    assert "answers what a Webex API does not" in (applied.tally.stopped or "")


def test_the_network_that_goes_away_is_no_loss(server: Server, tmp_path: Path):
    """The network is gone in the middle: sending stops with a sentence, and the next run does the rest."""
    company = found(server, document(40))
    plan = plan_all(company, tmp_path, range(40), UPGRADE)
    sent = [0]

    def leave(method: str, path: str) -> str:
        sent[0] += method == "PATCH"
        if sent[0] == 15:
            proxy.leave()
        return proxies.PASS

    with hold_port() as held:
        port = held.getsockname()[1]
        with Proxy(server.address, leave, port=port) as proxy:
            applied = carry_out(plan, company, proxy.address)
        assert "cannot be reached" in (applied.tally.stopped or "")
        assert applied.tally.decided < 40
        with Proxy(server.address, passing, port=port) as again:
            applied = carry_out(plan, company, again.address)
    assert applied.outcomes["done"] + applied.outcomes.get("already", 0) == 40
    assert entries(server, company) == 40


@pytest.mark.parametrize("then", [proxies.NONSENSE, proxies.CUT_BEFORE])
def test_whoever_was_changed_has_a_line_when_nothing_can_be_read_any_more(server: Server, tmp_path: Path, then: str):
    """Changed without an answer, and not to be read: they are in doubt in the journal, and sending stops."""
    company = found(server, document(40))
    plan = plan_all(company, tmp_path, range(40), UPGRADE)
    sent = [0]

    def fail(method: str, path: str) -> str:
        sent[0] += method == "PATCH"
        if method == "PATCH":
            return proxies.BROKEN_AFTER
        return then if sent[0] else proxies.PASS

    with Proxy(server.address, fail) as proxy:
        applied = carry_out(plan, company, proxy.address)
    assert applied.tally.stopped is not None
    changed = entries(server, company)
    assert applied.outcomes == {"failed": changed}
    assert changed < 40


def entries(server: Server, company: Company) -> int:
    """How many changes the server has made."""
    counted = "SELECT count(*) FROM journal WHERE action = 'licenses.assign' AND org_id = $1"
    count: int = server.rows(counted, company.org_id)[0][0]
    return count

"""The pages of runs: their steps on a time line, and trying again what was parked."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest

import provider
from allot.cli.demo import PARTNER
from allot.console.runs import lasting, told
from allot.core import ids
from following import Following, live
from servers import Client, Server
from visiting import Visitor, words
from wholesale import PATH, body, new_id, provisioned, token_of, work

_RETRY = re.compile(r'action="/console([^"]+/retry)"')


@pytest.fixture
def parked(demo: Server, api: Client) -> str:
    """A customer one of whose steps was given up; it would succeed now."""
    flaky = {"kind": "flaky", "target": "webex_calling", "times": 5}
    outcome = api.post("/allot/v1/outcomes", json=flaky).json()["id"]
    id = new_id(api.post(PATH, json=body()))
    with provider.working(demo):
        assert api.post("/allot/v1/clock/run", json={"limit": 60}).json()["stopped"] == "idle"
    assert api.delete(f"/allot/v1/outcomes/{outcome}").status_code == 204
    return id


def run_of(id: str, number: object = 1, rest: str = "") -> str:
    return f"/wholesale/customers/{id}/runs/{number}{rest}"


def test_steps_say_how_they_stand(demo: Server, api: Client, partner: Visitor):
    """Before, each says what it waits for; afterwards, when it was done and how long it took, with its bar."""
    id = new_id(api.post(PATH, json=body()))
    before = words(partner.see(run_of(id)))
    assert "Webex Calling is added … waiting: waits for organization, location" in before
    assert "not settled yet" in before
    demo.call(work)
    html = partner.see(run_of(id))
    assert "Meetings site ✓ done: was done at 20" in words(html)
    assert html.count('<rect class="applied"') >= 5
    assert re.search(r"UTC , in \d+ ms", words(html))


def test_a_run_goes_on_before_ones_eyes(demo: Server, api: Client, partner: Visitor):
    """Whoever looks at a run sees its steps as they are carried out."""
    id = new_id(api.post(PATH, json=body()))
    with Following(partner, live(partner.see(run_of(id)))) as following:
        demo.call(work)
        assert "✓ done: was done at" in words(following.until("run", "settled <time").html)


def test_what_is_parked_is_retried(demo: Server, parked: str, partner: Visitor):
    """The run offers it, it goes on, and then there is nothing to retry, which a second one is told."""
    shown = partner.see(f"/wholesale/customers/{parked}")
    assert "was given up at" in words(shown)
    assert "after 5 attempts" in words(shown)
    retry = _RETRY.search(shown)[1]
    answer = partner.submit(retry)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console{run_of(parked)}")
    assert _RETRY.search(partner.see(run_of(parked))) is None
    second = partner.submit(retry)
    assert second.status_code == 409
    assert "none of its steps is parked" in words(second.text)
    demo.call(work)
    assert "was given up" not in words(partner.see(run_of(parked)))


def test_only_who_may_retries(demo: Server, parked: str, partner: Visitor, visits: Callable[..., Visitor]):
    """Who may only read sees what was given up, without a form; what is sent all the same is refused."""
    reader = visits(token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_customers_read"})))
    shown = reader.see(run_of(parked))
    assert "was given up at" in words(shown)
    assert _RETRY.search(shown) is None
    assert reader.submit(run_of(parked, 1, "/retry")).status_code == 403
    assert partner.submit(run_of(parked, 1, "/retry"), csrf="").status_code == 403
    assert _RETRY.search(partner.see(run_of(parked))) is not None


def test_runs_lead_to_those_before_and_after(demo: Server, api: Client, partner: Visitor):
    """A customer has a run for each order; the last is on its page, and each has a page of its own."""
    shown = provisioned(demo, api)
    for _ in range(11):
        assert api.put(f"{PATH}/{shown['id']}", json={"packages": shown["packages"]}).status_code == 202
        demo.call(work)
    page = words(partner.see(f"/wholesale/customers/{shown['id']}"))
    assert "Last run: 12" in page
    assert "Change of packages (3)" in page
    assert "Older runs" in page
    middle = partner.see(run_of(shown["id"], 2))
    assert "The run before" in middle
    assert "The run after" in middle
    assert "The run before" not in partner.see(run_of(shown["id"], 1))


@pytest.mark.parametrize("number", ["0", "2", "x", "-1", "9" * 30])
def test_what_is_no_run_is_not_found(api: Client, partner: Visitor, number: str):
    """A sentence says so."""
    id = new_id(api.post(PATH, json=body()))
    assert "The customer has no run of this number." in words(partner.see(run_of(id, number), 404))
    assert partner.submit(run_of(id, number, "/retry")).status_code == 404


def test_steps_that_take_time_show_it(demo: Server, api: Client, partner: Visitor):
    """On the time line a step that has yet to take its time is as long as that."""
    slow = {"kind": "slow", "target": "organization", "seconds": 100}
    outcome = api.post("/allot/v1/outcomes", json=slow).json()["id"]
    id = new_id(api.post(PATH, json=body()))
    demo.call(work)
    shown = words(partner.see(run_of(id)))
    api.delete(f"/allot/v1/outcomes/{outcome}")
    assert "The bars span 1 min 40 s." in shown
    assert "Organization ready: is due at 20" in shown


def test_a_step_that_is_carried_out_is_on_the_time_line(demo: Server, api: Client, partner: Visitor):
    """What it took until it was due, and what has been done since, up to now."""
    id = new_id(api.post(PATH, json=body()))
    customer_id = ids.decode("ENTERPRISE", id)
    demo.run(
        "UPDATE steps SET state = 'running', attempts = 1, worker = 'w', lease_until = 9999999999999, takes = 2000,"
        " started = (SELECT created FROM runs r WHERE r.customer_id = steps.customer_id)"
        " WHERE customer_id = $1 AND step = 0",
        customer_id,
    )
    html = partner.see(run_of(id))
    assert "Organization running: is carried out just now, at attempt 1, in 2 s" in words(html)
    assert '<rect class="less" x="0' in html
    assert '<rect class="applied" x="0.0%"' in html
    demo.run("DELETE FROM customers WHERE customer_id = $1", customer_id)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 ms"),
        (0.0041, "4 ms"),
        (0.25, "250 ms"),
        (7, "7 s"),
        (59.4, "59 s"),
        (250, "4 min 10 s"),
        (7500, "2 h 5 min"),
    ],
)
def test_times_are_said_in_words(seconds: float, said: str):
    """Short ones to the millisecond, long ones to the minute."""
    assert lasting(seconds) == said


def test_times_within_sentences_are_apart():
    """So that a page can tell them in the viewer's zone."""
    at = datetime.fromisoformat("2026-03-01T12:00:00+00:00").strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert told(f"failed at {at}: no") == [("failed at ", False), (at, True), (": no", False)]
    assert told(at) == [(at, True)]

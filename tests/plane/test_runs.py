"""Runs over HTTP: how far an order is, and trying again what was parked."""

from collections.abc import Iterator

import pytest

import provider
from allot.cli.demo import FOOTHILL
from allot.core import ids
from servers import Client, Server
from wholesale import PATH, TOKEN, body, faults, new_id, provisioned, token_of, work


@pytest.fixture
def partner(demo: Server) -> Iterator[Client]:
    """The partner's administrator, on the server of the file."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


def runs(id: object, rest: str = "") -> str:
    return f"/allot/v1/customers/{id}/runs{rest}"


def test_runs_are_listed_newest_first(demo: Server, partner: Client):
    """Each order that was accepted is one, with who asked for it and when it was settled, page by page."""
    shown = provisioned(demo, partner)
    for _ in range(2):
        sent = {"packages": shown["packages"]}
        answer = partner.put(f"{PATH}/{shown['id']}", json=sent, headers={"TrackingID": "mine"})
        assert answer.status_code == 202
        demo.call(work)
    items = partner.get(runs(shown["id"])).json()["items"]
    assert [(each["run"], each["kind"]) for each in items] == [(3, "update"), (2, "update"), (1, "provision")]
    assert (items[0]["trackingId"], "settled" in items[0], "actorId" in items[0]) == ("mine", True, True)
    first = partner.get(runs(shown["id"]), params={"max": 2})
    assert first.json()["items"] == items[:2]
    rest = partner.get(first.links["next"]["url"])
    assert (rest.json()["items"], rest.links) == (items[2:], {})


def test_a_run_shows_its_steps(demo: Server, partner: Client):
    """Before it is worked at, and after, each step says how it stands."""
    id = new_id(partner.post(PATH, json=body()))
    before = partner.get(runs(id, "/1")).json()
    assert [(step["name"], step["state"]) for step in before["steps"]] == [
        ("organization", "ready"),
        ("location", "waiting"),
        ("site", "waiting"),
        ("add", "waiting"),
        ("add", "waiting"),
    ]
    assert (before["steps"][3]["package"], before["steps"][3]["after"]) == ("webex_calling", [0, 1])
    assert before["steps"][3]["says"] == "waits for organization, location"
    demo.call(work)
    after = partner.get(runs(id, "/1")).json()
    assert {step["state"] for step in after["steps"]} == {"done"}
    assert (after["kind"], "settled" in before, "settled" in after) == ("provision", False, True)
    assert all(step["started"] <= step["ended"] for step in after["steps"])


def test_a_parked_run_is_retried(demo: Server, partner: Client):
    """Retried, it lives again at once and shows so; when nothing is parked, it is 409."""
    flaky = {"kind": "flaky", "target": "webex_calling", "times": 5}
    outcome = partner.post("/allot/v1/outcomes", json=flaky).json()["id"]
    id = new_id(partner.post(PATH, json=body()))
    with provider.working(demo):
        assert partner.post("/allot/v1/clock/run", json={"limit": 60}).json()["stopped"] == "idle"
        assert partner.get(f"{PATH}/{id}").json()["status"] == "provisioned_with_errors"
        [parked] = [step for step in partner.get(runs(id, "/1")).json()["steps"] if step["state"] == "parked"]
        assert (parked["package"], parked["attempts"], parked["fault"]["errorCode"]) == ("webex_calling", 5, 90001)
        assert partner.delete(f"/allot/v1/outcomes/{outcome}").status_code == 204
        retried = partner.post(runs(id, "/1/retry"))
        assert (retried.status_code, retried.json()["run"]) == (202, 1)
        assert partner.post("/allot/v1/clock/run", json={"limit": 60}).json()["stopped"] == "idle"
        assert partner.get(f"{PATH}/{id}").json()["status"] == "provisioned"
        faults(partner.post(runs(id, "/1/retry")), 409)


def test_another_run_that_lives_comes_first(demo: Server, partner: Client):
    """A run that another one followed is not retried: 409."""
    shown = provisioned(demo, partner)
    assert partner.put(f"{PATH}/{shown['id']}", json={"packages": shown["packages"]}).status_code == 202
    [fault] = faults(partner.post(runs(shown["id"], "/1/retry")), 409)
    assert "run 2 followed it" in fault


@pytest.mark.parametrize("number", ["0", "2", "x", "-1", "9" * 30, "%31%00"])
def test_what_is_not_there_is_not_found(partner: Client, number: str):
    """Runs that there are not are 404, to read and to retry; so are those of customers that there are not."""
    id = new_id(partner.post(PATH, json=body()))
    faults(partner.get(runs(id, f"/{number}")), 404)
    faults(partner.post(runs(id, f"/{number}/retry")), 404)
    for other in ("nonsense", ids.encode("ENTERPRISE", "00000000-0000-4000-8000-000000000000")):
        faults(partner.get(runs(other)), 404)
        faults(partner.get(runs(other, "/1")), 404)
        faults(partner.post(runs(other, "/1/retry")), 404)


def test_a_cursor_is_not_made_up(partner: Client):
    """A cursor that is none of ours is refused."""
    id = new_id(partner.post(PATH, json=body()))
    faults(partner.get(runs(id), params={"cursor": "x"}))


def test_runs_are_of_one_partner(demo: Server, partner: Client):
    """Others see nothing of them, and who may only read does not retry."""
    id = new_id(partner.post(PATH, json=body()))
    theirs = partner.as_(token_of(demo, FOOTHILL))
    faults(theirs.get(runs(id)), 404)
    faults(theirs.post(runs(id, "/1/retry")), 404)
    reader = partner.as_(token_of(demo, provider.PARTNER, scopes=frozenset({"spark-admin:wholesale_customers_read"})))
    assert reader.get(runs(id, "/1")).status_code == 200
    faults(reader.post(runs(id, "/1/retry")), 403)
    faults(partner.as_("allot-demo-admin").get(runs(id)), 403)
    assert partner.as_(None).get(runs(id)).status_code == 401

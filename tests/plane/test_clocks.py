"""The clock over HTTP: frozen, advanced, released, and run until nothing is left to do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import provider
from allot.service.clock import later, read_stamp, stamp
from plane.test_access import FORWARDED
from servers import Client, Server
from wholesale import PATH, TOKEN, body, faults, new_id, token_of, work

CLOCK = "/allot/v1/clock"


@pytest.fixture
def partner(demo: Server) -> Iterator[Client]:
    """The partner's administrator, on the server of the file; the clock goes on afterwards."""
    client = demo.client(TOKEN)
    yield client
    client.post(f"{CLOCK}/release")
    client.close_all()


def test_a_clock_is_shown_to_everybody_near(partner: Client):
    """Whoever is on this machine sees what time it is; from elsewhere it takes allot:admin."""
    shown = partner.as_(None).get(CLOCK).json()
    assert (len(shown["now"]), shown["frozen"]) == (24, False)
    assert partner.as_("allot-demo-user").get(CLOCK, headers=FORWARDED).status_code == 403
    assert partner.get(CLOCK, headers=FORWARDED).status_code == 200


def test_a_clock_is_frozen_advanced_and_released(partner: Client):
    """What each call answers is what the clock shows then, and what new customers are dated with."""
    at = datetime.now(UTC) + timedelta(days=3650)
    frozen = partner.post(f"{CLOCK}/freeze", json={"at": stamp(at)})
    assert (frozen.status_code, frozen.json()["now"], frozen.json()["frozen"]) == (200, stamp(at), True)
    assert partner.get(CLOCK).json() == frozen.json() == partner.post(f"{CLOCK}/freeze", json={}).json()
    advanced = later(at, seconds=90.5)
    assert partner.post(f"{CLOCK}/advance", json={"seconds": 90.5}).json()["now"] == advanced
    id = new_id(partner.post(PATH, json=body()))
    [run] = partner.get(f"/allot/v1/customers/{id}/runs").json()["items"]
    assert run["created"] == advanced
    released = partner.post(f"{CLOCK}/release").json()
    assert (released["frozen"], released["aheadSeconds"] > 86_400) == (False, True)
    assert released["now"] >= advanced


@pytest.mark.parametrize("verb", ["freeze", "advance", "run"])
def test_who_may_not_change_things_may_not_set_it(demo: Server, partner: Client, verb: str):
    """Setting the clock takes a token, a scope of writing and a role, and from elsewhere allot:admin as well."""
    path, sent = f"{CLOCK}/{verb}", {"seconds": 1, "limit": 0.01}
    assert partner.as_(None).post(path, json=sent).status_code == 401
    assert partner.as_("allot-demo-readonly").post(path, json=sent).status_code == 403
    assert partner.as_("allot-demo-user").post(path, json=sent).status_code == 403
    scopes = frozenset({"spark-admin:wholesale_customers_write"})
    writer = partner.as_(token_of(demo, provider.PARTNER, scopes=scopes))
    assert writer.post(path, json={} if verb == "freeze" else sent).status_code == 200
    assert writer.post(path, json=sent, headers=FORWARDED).status_code == 403
    assert partner.as_(None).post(f"{CLOCK}/release").status_code == 401


@pytest.mark.parametrize(
    ("verb", "sent", "field"),
    [
        ("freeze", {"at": "yesterday"}, "at"),
        ("freeze", {"at": 5}, "at"),
        ("freeze", {"at": "9999-01-01T00:00:00Z"}, "the clock"),
        ("advance", {}, "seconds"),
        ("advance", {"seconds": 0}, "seconds"),
        ("advance", {"seconds": -1}, "seconds"),
        ("advance", {"seconds": 1e300}, "seconds"),
        ("advance", {"seconds": "1"}, "seconds"),
        ("run", {"seconds": 0}, "seconds"),
        ("run", {"limit": 61}, "limit"),
        ("run", {"limit": -1}, "limit"),
    ],
)
def test_what_makes_no_sense_is_refused(partner: Client, verb: str, sent: dict[str, object], field: str):
    """A fault of input is 400 with its field, and leaves the clock as it is."""
    before = partner.get(CLOCK).json()["frozen"]
    [fault] = faults(partner.post(f"{CLOCK}/{verb}", json=sent))
    assert fault.startswith(field)
    assert partner.get(CLOCK).json()["frozen"] is before


def test_time_does_not_go_back(partner: Client):
    """Freezing at a time that is over is 409."""
    [fault] = faults(partner.post(f"{CLOCK}/freeze", json={"at": "2020-01-01T00:00:00Z"}), 409)
    assert "time does not go back" in fault


def test_a_run_stops_when_nothing_is_left(demo: Server, partner: Client):
    """It goes from one due step to the next, as far as it takes, and says what it did and what is held still."""
    demo.call(work)
    with provider.working(demo):
        partner.post(f"{CLOCK}/freeze", json={})
        partner.post("/allot/v1/outcomes", json={"kind": "slow", "target": "webex_meetings", "seconds": 3600})
        held = {"kind": "hold", "target": "webex_calling"}
        assert partner.post("/allot/v1/outcomes", json=held).status_code == 201
        id = new_id(partner.post(PATH, json=body()))
        ran = partner.post(f"{CLOCK}/run", json={"limit": 60}).json()
        assert (ran["stopped"], ran["seconds"]) == ("idle", 3600.0)
        assert 1 <= ran["steps"] <= 6  # what is due at once may be over before the run begins
        assert ran["now"] == partner.get(CLOCK).json()["now"] > ran["started"]
        [left] = [step for step in ran["left"] if step["customerId"] == id]
        assert (left["name"], left["package"], left["state"]) == ("add", "webex_calling", "held")
        again = partner.post(f"{CLOCK}/run", json={}).json()
        assert (again["stopped"], again["seconds"], again["steps"]) == ("idle", 0, 0)


def test_a_run_goes_no_further_than_it_may(demo: Server, partner: Client):
    """At its horizon the clock stands where that is, and what is due later is left."""
    demo.call(work)
    with provider.working(demo):
        partner.post(f"{CLOCK}/freeze", json={})
        partner.post("/allot/v1/outcomes", json={"kind": "slow", "target": "webex_meetings", "seconds": 3600})
        id = new_id(partner.post(PATH, json=body(packages=["webex_meetings"])))
        ran = partner.post(f"{CLOCK}/run", json={"seconds": 600, "limit": 60}).json()
        assert (ran["stopped"], ran["seconds"]) == ("horizon", 600)
        [left] = [step for step in ran["left"] if step["customerId"] == id]
        assert (left["state"], left["due"] > ran["now"]) == ("ready", True)
        assert partner.get(f"{PATH}/{id}").json()["status"] == "provisioning"
        assert partner.post(f"{CLOCK}/run", json={"limit": 60}).json()["seconds"] == 3000
        assert partner.get(f"{PATH}/{id}").json()["status"] == "provisioned"


def test_a_run_waits_no_longer_than_it_may(partner: Client):
    """Where no worker is, it answers when its real time is over, and says so."""
    new_id(partner.post(PATH, json=body()))
    assert partner.post(f"{CLOCK}/run", json={"limit": 0.05}).json()["stopped"] == "limit"


def test_a_clock_that_goes_on_can_be_run_too(demo: Server, partner: Client):
    """Without being frozen it jumps ahead from one due step to the next."""
    with provider.working(demo):
        partner.post("/allot/v1/outcomes", json={"kind": "slow", "target": "webex_meetings", "seconds": 3600})
        assert provisioned_after_run(partner)
        assert partner.get(CLOCK).json()["frozen"] is False


def provisioned_after_run(partner: Client) -> bool:
    """Whether a new customer is provisioned once the clock has run."""
    ordered = read_stamp(partner.get(CLOCK).json()["now"])
    id = new_id(partner.post(PATH, json=body(packages=["webex_meetings"])))
    ran = partner.post(f"{CLOCK}/run", json={"limit": 60}).json()
    # Since the order, not since the run: the worker may begin the slow step before it.
    passed = (read_stamp(ran["now"]) - ordered).total_seconds()
    assert (ran["stopped"], 3600 <= passed < 3700) == ("idle", True)
    return bool(partner.get(f"{PATH}/{id}").json()["status"] == "provisioned")

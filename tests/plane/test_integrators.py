"""What the test suite of an integrator does: it polls exactly the states that it wants to see, and waits for none."""

from collections.abc import Iterator
from typing import Any

import pytest

from databases import Maker
from provider import working
from servers import Client, Server, load_demo
from wholesale import PATH, TOKEN, body, new_id, parameters

CLOCK, OUTCOMES = "/allot/v1/clock", "/allot/v1/outcomes"
CALLING = "webex_calling"
PACKAGES = ("webex_calling", "webex_meetings", "webex_suite")


@pytest.fixture(scope="module")
def realistic(sqlite: Maker) -> Iterator[Server]:
    """A demo server whose steps take their time, on a clock that stands still, with a worker beside it."""
    with sqlite.lent(load_demo) as url, Server(url, pace="realistic") as server, working(server):
        client = server.client(TOKEN)
        assert client.post(f"{CLOCK}/freeze", json={}).status_code == 200
        client.close_all()
        yield server


@pytest.fixture
def client(realistic: Server) -> Iterator[Client]:
    """The partner's administrator."""
    client = realistic.client(TOKEN)
    yield client
    client.close_all()


def order(client: Client, **told: Any) -> str:
    """The id of an outcome that was ordered."""
    answer = client.post(OUTCOMES, json=told)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def provision(client: Client, *packages: str) -> str:
    """The id of a new customer."""
    return new_id(client.post(PATH, json=body(packages=list(packages))))


def run(client: Client, **how: float) -> dict[str, Any]:
    """Let time go by until nothing is left to do, or for so many seconds."""
    answer = client.post(f"{CLOCK}/run", json={"limit": 60} | how)
    assert answer.status_code == 200, answer.text
    ran: dict[str, Any] = answer.json()
    assert ran["stopped"] in ("idle", "horizon"), ran
    return ran


def poll(client: Client, id: str) -> tuple[str, dict[str, str]]:
    """The status of a customer, and of its packages."""
    shown = client.get(f"{PATH}/{id}").json()
    return shown["status"], {each["name"]: each["status"] for each in shown["resourceDetails"]["packages"]}


def package(client: Client, id: str, name: str) -> dict[str, Any]:
    """One package of a customer."""
    packages = client.get(f"{PATH}/{id}").json()["resourceDetails"]["packages"]
    found: dict[str, Any] = next(each for each in packages if each["name"] == name)
    return found


def test_packages_are_provisioned_one_after_the_other(client: Client):
    """On a clock that is put forward second by second, every state between accepted and provisioned is seen."""
    id = provision(client, *PACKAGES)
    seen = [poll(client, id)]
    while seen[-1][0] == "provisioning":
        assert len(seen) < 600
        run(client, seconds=1)
        seen.append(poll(client, id))
    assert seen[0] == ("provisioning", dict.fromkeys(PACKAGES, "provisioning"))
    assert seen[-1] == ("provisioned", dict.fromkeys(PACKAGES, "provisioned"))
    counts = [list(packages.values()).count("provisioned") for _, packages in seen]
    assert counts == sorted(counts)
    steps = client.get(f"/allot/v1/customers/{id}/runs/1").json()["steps"]
    [made, place, site, *added] = [each["ended"] for each in steps]
    assert made < min(place, site) < max(added)
    # Two may have ended in the same second.
    assert 2 <= len(set(counts)) <= len(set(added)) + 1
    assert all(each["seconds"] > 0 for each in steps)


def test_nothing_goes_on_while_the_clock_stands_still(client: Client):
    """However often it is polled, a customer stays as it is until time goes by."""
    id = provision(client, CALLING)
    assert [poll(client, id) for _ in range(20)] == [("provisioning", {CALLING: "provisioning"})] * 20
    run(client)
    assert poll(client, id)[0] == "provisioned"


def test_a_held_package_is_seen_beside_those_that_are_provisioned(client: Client):
    """Held, it is provisioning while all others are provisioned; released, it is provisioned."""
    hold = order(client, kind="hold", target=CALLING)
    id = provision(client, CALLING, "webex_meetings")
    [left] = [step for step in run(client)["left"] if step["customerId"] == id]
    assert (left["package"], left["state"]) == (CALLING, "held")
    assert poll(client, id) == ("provisioning", {CALLING: "provisioning", "webex_meetings": "provisioned"})
    assert client.delete(f"{OUTCOMES}/{hold}").status_code == 204
    run(client)
    assert poll(client, id) == ("provisioned", {CALLING: "provisioned", "webex_meetings": "provisioned"})


def test_a_flaky_package_succeeds_in_the_end(client: Client):
    """Twice it fails, and the run says so; the customer is provisioned without an error."""
    order(client, kind="flaky", target=CALLING, times=2)
    id = provision(client, CALLING)
    run(client)
    assert poll(client, id) == ("provisioned", {CALLING: "provisioned"})
    assert "errors" not in package(client, id, CALLING)
    [step] = [
        each
        for each in client.get(f"/allot/v1/customers/{id}/runs/1").json()["steps"]
        if each.get("package") == CALLING
    ]
    assert (step["state"], step["attempts"]) == ("done", 3)


def test_a_warning_is_seen_on_a_provisioned_package(client: Client):
    """Cisco's maintenance warning shows, and the status stays provisioned."""
    order(client, kind="warn", target=CALLING)
    id = provision(client, CALLING)
    run(client)
    assert poll(client, id) == ("provisioned", {CALLING: "provisioned"})
    [warning] = package(client, id, CALLING)["warnings"]
    assert warning["errorCode"] == 2560
    assert warning["description"].startswith("One or more Webex Calling services are unavailable")


def test_a_failure_is_seen_and_an_update_makes_it_good(client: Client):
    """The customer is provisioned_with_errors, and a PUT of the same packages tries the one that failed again."""
    order(client, kind="fail", target=CALLING, errorCode=4711, description="No calling in this region")
    id = provision(client, CALLING, "webex_meetings")
    run(client)
    assert poll(client, id) == ("provisioned_with_errors", {CALLING: "error", "webex_meetings": "provisioned"})
    [error] = package(client, id, CALLING)["errors"]
    assert error == {"errorCode": 4711, "description": "No calling in this region"}
    sent = {"packages": [CALLING, "webex_meetings"], "provisioningParameters": parameters()}
    assert client.put(f"{PATH}/{id}", json=sent).status_code == 202
    assert poll(client, id) == ("updating", {CALLING: "provisioning", "webex_meetings": "provisioned"})
    run(client)
    assert poll(client, id) == ("provisioned", {CALLING: "provisioned", "webex_meetings": "provisioned"})


def test_a_removal_is_seen_too(client: Client):
    """Held at its end, a customer that is removed is deleting; released, it is gone."""
    id = provision(client, "webex_meetings")
    run(client)
    assert client.delete(f"{PATH}/{id}").status_code == 202
    hold = order(client, kind="hold", target="mapping", customerId=id)
    assert poll(client, id) == ("deleting", {"webex_meetings": "deleting"})
    run(client)
    assert poll(client, id) == ("deleting", {})
    assert client.delete(f"{OUTCOMES}/{hold}").status_code == 204
    run(client)
    assert client.get(f"{PATH}/{id}").status_code == 404

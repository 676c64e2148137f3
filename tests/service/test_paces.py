"""Paces: how long the steps of a run take."""

import pytest

from allot.core.run import STEPS
from allot.service.paces import PACES, REALISTIC, instant, realistic
from servers import Server
from wholesale import PATH, TOKEN, body, new_id, work

CUSTOMERS = [f"customer-{n}" for n in range(500)]


@pytest.mark.parametrize("name", STEPS)
def test_realistic_steps_take_seconds_to_a_minute(name: str):
    """Each kind of step has its range of 1 to 60 seconds, all of which is used, and the same step always its time."""
    low, high = REALISTIC[name]
    assert 1 <= low < high <= 60
    takes = [realistic(id, name, 3) for id in CUSTOMERS]
    assert takes == [realistic(id, name, 3) for id in CUSTOMERS]
    assert low * 1000 <= min(takes) < max(takes) <= high * 1000
    assert max(takes) - min(takes) > (high - low) * 900


def test_without_a_pace_nothing_takes_time():
    """Instant is no time at all, for every step."""
    assert {instant(id, name, 0) for id in CUSTOMERS[:9] for name in STEPS} == {0}
    assert set(PACES) == {"instant", "realistic"}


def test_a_pace_is_chosen_when_the_order_is_accepted(demo_url: str):
    """A realistic customer is provisioned when the clock has gone on by the time of its steps, and not before."""
    with Server(demo_url, pace="realistic") as server:
        client = server.client(TOKEN)
        assert client.post("/allot/v1/clock/freeze", json={}).status_code == 200
        id = new_id(client.post(PATH, json=body()))
        seen = []
        for seconds in (4, 60, 60, 60):
            server.call(work)
            seen.append(client.get(f"{PATH}/{id}").json()["status"])
            assert client.post("/allot/v1/clock/advance", json={"seconds": seconds}).status_code == 200
        server.call(work)
        seen.append(client.get(f"{PATH}/{id}").json()["status"])
        client.close_all()
    assert seen == ["provisioning"] * 4 + ["provisioned"]

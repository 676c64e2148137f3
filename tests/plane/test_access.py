"""Who may use allot's own plane: this machine, and from elsewhere tokens that say so."""

import pytest

from allot.plane.operations import OPEN, OPERATIONS
from allot.wire.access import is_near
from servers import Client

NEAR = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "")
FAR = ("192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "fe80::1%eth0", "localhost.example")
PATHS = ["/metrics", "/rulebook", "/openapi/webex.json", "/openapi/allot.json", "/docs"]
FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


@pytest.mark.parametrize(("address", "near"), [*((each, True) for each in NEAR), *((each, False) for each in FAR)])
def test_loopback_is_near(address, near):
    """Only addresses of this machine are near, and none that a proxy speaks for."""
    assert is_near(address, ()) is near
    for header in (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via"):
        assert is_near(address, (b"host", header)) is False


@pytest.mark.parametrize("path", PATHS)
def test_what_needs_no_token_here_needs_one_elsewhere(admin: Client, path):
    """On this machine these paths are open; from elsewhere they need a token with the scope allot:admin."""
    address = f"/allot/v1{path}"
    nobody, user = admin.as_(None), admin.as_("allot-demo-user")
    assert nobody.get(address).status_code == 200
    assert nobody.get(address, headers=FORWARDED).status_code == 401
    assert user.get(address, headers=FORWARDED).status_code == 403
    assert admin.get(address, headers=FORWARDED).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/readiness"])
def test_health_and_readiness_are_open_to_everybody(admin: Client, path):
    """Machines that watch over processes come from elsewhere and have no token."""
    assert admin.as_(None).get(f"/allot/v1{path}", headers=FORWARDED).status_code == 200
    assert path in OPEN


def test_the_rest_needs_both_from_elsewhere(admin: Client):
    """From elsewhere the scope allot:admin comes on top of what an operation needs anyway."""
    reader = admin.as_("allot-demo-readonly")
    assert reader.get("/allot/v1/journal").status_code == 200
    answer = reader.get("/allot/v1/journal", headers=FORWARDED)
    assert answer.status_code == 403
    assert "allot:admin" in answer.json()["errors"][0]["description"]
    assert admin.get("/allot/v1/journal", headers=FORWARDED).status_code == 200


def test_nothing_is_open_by_oversight():
    """Every operation of this plane is for this machine, but for the two that are named."""
    assert {operation.path for operation in OPERATIONS if not operation.near} == set(OPEN)


def test_the_webex_plane_is_for_everybody(admin: Client):
    """The Webex plane needs its own scopes only, wherever a request comes from."""
    assert admin.as_("allot-demo-readonly").get("/v1/licenses", headers=FORWARDED).status_code == 200

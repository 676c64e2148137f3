"""Who may use allot's own plane: this machine, and from elsewhere tokens that say so."""

import pytest

from allot.plane.operations import OPEN, OPERATIONS
from allot.wire.access import FORWARDED as FORWARDED_BY
from allot.wire.access import is_near
from servers import Client

NEAR = ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "")
FAR = ("192.0.2.7", "10.0.0.1", "::ffff:192.0.2.7", "fe80::1%eth0", "localhost.example")
PATHS = ["/metrics", "/rulebook", "/openapi/webex.json", "/openapi/allot.json", "/docs"]
FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


@pytest.mark.parametrize(("address", "near"), [*((each, True) for each in NEAR), *((each, False) for each in FAR)])
def test_loopback_is_near(address, near):
    """Only addresses of this machine are near, and none that a proxy speaks for."""
    assert is_near(address, {}) is near
    for header in FORWARDED_BY:
        assert is_near(address, {b"host": b"localhost", header: b"127.0.0.1"}) is False


@pytest.mark.parametrize(
    "host", [b"localhost", b"LOCALHOST:80", b"127.0.0.1", b"127.0.0.1:8080", b"[::1]:8080", b"[::1]"]
)
def test_names_of_this_machine_are_near(host):
    """Who calls by localhost or an address of loopback is near, whatever the port."""
    assert is_near("127.0.0.1", {b"host": host}) is True
    assert is_near("127.0.0.1", {b"host": host}, "http://localhost:9000") is True
    assert is_near("192.0.2.7", {b"host": host}) is False


@pytest.mark.parametrize(
    "host",
    [
        *(b"", b"evil.example", b"localhost.evil.example", b"127.0.0.1.evil.example", b"evil.example:8080"),
        *(b"127.0.0.1@evil.example", b"127.0.0.1, evil.example", b"192.0.2.7", b"[fe80::1]", b"::1"),
        *(b"\xff", b"x" * 300, b"localhost:", b"local host"),
    ],
)
def test_other_names_are_far(host):
    """A page of a web site whose name leads to this machine is not near, nor is what a silent proxy was asked for."""
    assert is_near("127.0.0.1", {b"host": host}) is False


def test_a_public_address_means_a_proxy():
    """Where clients see another address, a proxy may bring them from anywhere without saying so."""
    assert is_near("127.0.0.1", {b"host": b"127.0.0.1:8080"}, "https://licenses.example.com") is False


@pytest.mark.parametrize("path", PATHS)
def test_what_needs_no_token_here_needs_one_elsewhere(admin: Client, path):
    """On this machine these paths are open; from elsewhere they need a token with the scope allot:admin."""
    address = f"/allot/v1{path}"
    nobody, user = admin.as_(None), admin.as_("allot-demo-user")
    assert nobody.get(address).status_code == 200
    assert nobody.get(address, headers=FORWARDED).status_code == 401
    assert user.get(address, headers=FORWARDED).status_code == 403
    assert admin.get(address, headers=FORWARDED).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_web_pages_from_elsewhere_cannot_read_them(admin: Client, path):
    """A name that is none of this machine's gets no further than another machine does."""
    assert admin.as_(None).get(f"/allot/v1{path}", headers={"Host": "evil.example"}).status_code == 401
    assert admin.as_("allot-demo-user").get(f"/allot/v1{path}", headers={"Host": "evil.example"}).status_code == 403


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

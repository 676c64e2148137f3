"""Links: what a client sends as the address of the server stays an address."""

import re

import pytest
import requests

from servers import Client, Server

PAGE = "/v1/people?max=1"
LINK = re.compile(r'<(http://[A-Za-z0-9.:\[\]-]+)/v1/people\?[!-~]*>; rel="next"')


@pytest.mark.parametrize("host", ["licenses.example.com", "licenses.example.com:8080", "[::1]:80", "10.0.0.1"])
def test_links_lead_where_the_client_called(client: Client, host: str):
    """The link to the next page has the host that the client named."""
    link = LINK.fullmatch(client.get(PAGE, headers={"Host": host}).headers["Link"])
    assert link is not None
    assert link[1] == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    ['x>; rel="next", <http://evil.example', "a b", "user:password@x", "x/y", "x?y", "é", "x" * 60_000, "", "x:"],
)
def test_hosts_that_are_none_are_not_repeated(server: Server, client: Client, host: str):
    """What can be no host is left out: the link leads to where the request arrived."""
    answer = client.get(PAGE, headers={"Host": host.encode("latin-1")})
    link = LINK.fullmatch(answer.headers["Link"])
    assert link is not None
    assert link[1] == server.address
    assert requests.Request("GET", answer.links["next"]["url"]).prepare()


def test_a_public_address_is_where_links_lead(demo_sqlite_url: str):
    """With `public_url` the client's host does not matter; a slash at its end is not doubled."""
    with Server(demo_sqlite_url, public_url="https://licenses.example.com/webex/") as server:
        client = server.client()
        link = client.get(PAGE, headers={"Host": "evil.example"}).links["next"]["url"]
        client.close_all()
    assert link.startswith("https://licenses.example.com/webex/v1/people?")

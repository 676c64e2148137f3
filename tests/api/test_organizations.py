"""Organizations over HTTP."""

from allot.core import ids
from servers import Client


def test_an_administrator_sees_their_organization(client: Client) -> None:
    """The list has one's own organization, and its details are the same."""
    found = client.get("/v1/organizations").json()["items"]
    assert [each["displayName"] for each in found] == ["Acme, Inc."]
    assert client.get(f"/v1/organizations/{found[0]['id']}").json() == found[0]
    assert client.get(f"/v1/organizations/{ids.decode('ORGANIZATION', found[0]['id'])}").json() == found[0]


def test_a_partner_sees_what_it_manages(client: Client) -> None:
    """The list has one's own organization first, then those that it manages, and not its sub-partners' customers."""
    partner = client.as_("allot-demo-partner")
    found = partner.get("/v1/organizations").json()["items"]
    own, *managed = [each["displayName"] for each in found]
    assert own == "Summit Communications"
    assert {"Acme, Inc.", "Foothill Voice", "Valley Telecom", "Bob's Bakery"} < set(managed)
    assert not {"Globex Corporation", "Tidewater Surf", own} & set(managed)
    assert partner.get(f"/v1/organizations/{found[1]['id']}").json() == found[1]


def test_organizations_of_others_do_not_exist(client: Client) -> None:
    """Another organization, one that nobody has, and what is no id are answered alike."""
    other = client.as_("allot-demo-other-org").get("/v1/organizations").json()["items"][0]["id"]
    partner = client.as_("allot-demo-partner").get("/v1/organizations").json()["items"][0]["id"]
    nobody = ids.encode("ORGANIZATION", "00000000-0000-4000-8000-00000000dead")
    answers = [client.get(f"/v1/organizations/{id}") for id in (other, partner, nobody)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({answer.json()["errors"][0]["description"] for answer in answers}) == 1
    assert client.get("/v1/organizations/nonsense").status_code == 404


def test_only_administrators_see_organizations(client: Client) -> None:
    """People without a role are refused."""
    assert client.as_("allot-demo-readonly").get("/v1/organizations").status_code == 200
    assert client.as_("allot-demo-user").get("/v1/organizations").status_code == 403

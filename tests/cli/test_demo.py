"""The demo organization: everything that can be refused can be tried on it, by requests only."""

import re
from typing import Any

import pytest

from allot.cli.demo import GLOBEX, TOKENS, document, is_loopback
from allot.core import ids
from servers import Client

PATH = "/v1/licenses/users"
PRO, CONSOLE = "Webex Calling - Professional", "Webex Calling - Attendant Console"
HERE = {"locationId": ids.encode("LOCATION", "63715")}
#: the documented request
REQUEST = {
    "email": "john.andersen@example.com",
    "licenses": [
        {
            "id": ids.encode("LICENSE", "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"),
            "operation": "add",
            "properties": HERE | {"phoneNumber": "+14085267209", "extension": "133"},
        },
        {"id": ids.encode("LICENSE", "96abc2aa-3dcc-11e5-56y7-0f4556adeyhn"), "operation": "remove"},
        {"id": ids.encode("LICENSE", "96abc2aa-3dcc-11e5-2342-0f4556adeerf"), "operation": "add"},
    ],
    "siteUrls": [{"siteUrl": "mysite.webex.com", "accountType": "attendee", "operation": "add"}],
}


class Acme:
    """The organization as its administrator asks it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        items = client.get("/v1/licenses").json()["items"]
        self.ids = {item["name"]: item["id"] for item in reversed(items)}

    def ask(self, name: str, license: str, operation: str = "add", **properties: str) -> Any:
        """The answer to one item for one person."""
        item: dict[str, Any] = {"id": self.ids[license], "operation": operation}
        if properties:
            item["properties"] = HERE | properties
        return self._client.patch(PATH, json={"email": f"{name}@example.com", "licenses": [item]})


@pytest.fixture
def acme(client: Client) -> Acme:
    return Acme(client)


def said(answer: Any) -> str:
    """The sentences of a refusal."""
    assert answer.status_code == 400, answer.text
    return " ".join(error["description"] for error in answer.json()["errors"])


def test_the_documented_206_comes_from_the_same_request(client: Client, acme: Acme):
    """With no Attendant Console left and no meeting license, the documented request is done in part, as documented."""
    for name in ("dmitri.volkov", "elif.yilmaz"):
        assert acme.ask(name, CONSOLE).status_code == 200
    assert acme.ask("john.andersen", "Webex Meetings Suite", "remove").status_code == 200
    answer = client.patch(PATH, json=REQUEST)
    body = answer.json()
    assert answer.status_code == 206
    assert body["licenses"] == [REQUEST["licenses"][0]["id"]]
    assert body["siteUrls"] == [{"siteUrl": "mysite.webex.com", "accountType": "attendee"}]
    assert "has no units left: 5 of 5 are used" in body["errors"][0]["description"]


def test_units_run_out(acme: Acme):
    """A strict license without a free unit is refused, one with overage is not, and free ones have no end."""
    assert "has no units left: 2 of 2 are used" in said(acme.ask("user", "Real-Time Translations"))
    assert acme.ask("user", "Salesforce Desktop Connector").status_code == 200
    assert acme.ask("ivan.horvat", "Basic Messaging").status_code == 200


def test_numbers_and_extensions_are_taken(acme: Acme):
    """Numbers and extensions of others, and numbers of nobody's inventory, are refused."""
    assert "is not available" in said(acme.ask("ivan.horvat", PRO, phoneNumber="+14085550100"))
    assert "is not available" in said(acme.ask("ivan.horvat", PRO, phoneNumber="+14085559999"))
    assert "is already in use" in said(acme.ask("ivan.horvat", PRO, extension="4100"))
    assert "is already in use" in said(acme.ask("ivan.horvat", PRO, extension="7001"))
    assert acme.ask("ivan.horvat", PRO, phoneNumber="+14085550105", extension="4999").status_code == 200


def test_people_of_other_organizations_are_invited(client: Client, acme: Acme):
    """They may have meetings licenses, which stay pending, and no others."""
    guest = {"email": "milton.waddams@initech.example"}
    calling = guest | {"licenses": [{"id": acme.ids["Advanced Messaging"]}]}
    assert "cannot be given to a person of another organization" in said(client.patch(PATH, json=calling))
    meeting = guest | {"licenses": [{"id": acme.ids["Meeting - Webex Meeting Center"]}]}
    assert client.patch(PATH, json=meeting).json()["pendingLicenses"] == [meeting["licenses"][0]["id"]]


def test_sites_without_the_attendee_feature_refuse_attendees(client: Client):
    """A site has the attendee feature, or nobody is attendee there."""
    for site, status in (("events.webex.com", 400), ("legacy.webex.com", 200)):
        asked = [{"siteUrl": site, "accountType": "attendee", "operation": "add"}]
        answer = client.patch(PATH, json={"email": "user@example.com", "siteUrls": asked})
        assert answer.status_code == status, answer.text


def test_organizations_do_not_see_each_other(client: Client):
    """The partner manages Acme and nobody else; Globex sees Globex."""
    partner, globex = client.as_("allot-demo-partner"), client.as_("allot-demo-other-org")
    managed = ids.encode("ORGANIZATION", TOKENS[0].org_id)
    foreign = ids.encode("ORGANIZATION", GLOBEX)
    assert len(partner.get(f"/v1/licenses?orgId={managed}").json()["items"]) == 30
    assert partner.get(f"/v1/licenses?orgId={foreign}").status_code == 403
    assert globex.get(f"/v1/licenses?orgId={managed}").status_code == 403
    assert {item["consumedUnits"] for item in globex.get("/v1/licenses").json()["items"]} <= set(range(6))


def test_loopback_is_what_only_this_machine_reaches():
    """Names other than localhost are not trusted to be this machine."""
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("::", "192.0.2.1", "example.com", "")))


def test_nobody_of_the_demo_can_be_real():
    """The people of the demo have addresses of domains that are kept for examples."""
    emails = re.findall(r'"email": "([^"]+)"', document())
    assert len(emails) > 40
    assert all(email.endswith(("@example.com", ".example")) for email in emails)

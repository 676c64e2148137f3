"""Admin audit events over HTTP."""

from allot.core import ids
from servers import Client

JOHN = ids.encode("PEOPLE", "f5b36187-c8dd-4727-8b2f-f9c447f29046")
LICENSE = ids.encode("LICENSE", "96abc2aa-3dcc-11e5-b263-0f4592adefab")
SPAN = {"from": "2020-01-01T00:00:00.000Z", "to": "2020-12-31T00:00:00.000Z"}


def events(client: Client, **query: object) -> list[dict]:
    """The events of a year around now."""
    now = client.get("/allot/v1/journal?max=1").json()["items"][0]["at"]
    span = {"from": f"{int(now[:4]) - 1}-12-31T00:00:00.000Z", "to": f"{now[:4]}-12-31T23:59:59.999Z"}
    answer = client.get("/v1/adminAudit/events", params={**span, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict] = answer.json()["items"]
    return found


def assign(client: Client, *items: dict) -> None:
    client.patch("/v1/licenses/users", json={"personId": JOHN, "licenses": list(items)}, headers={"TrackingID": "T-1"})


def test_an_assignment_is_an_event(client: Client) -> None:
    """A license change shows who did it, to whom, under which tracking id and from where."""
    assign(client, {"id": LICENSE, "operation": "remove"})
    [event] = events(client)
    data = event["data"]
    assert (data["eventCategory"], data["trackingId"], data["targetId"]) == ("EventCategory.LICENSE", "T-1", JOHN)
    assert (data["targetName"], data["actorIp"]) == ("John Andersen", "127.0.0.1")
    assert data["actorEmail"] == client.get("/v1/people/me").json()["emails"][0]
    assert data["adminRoles"] == ["Full Administrator"]
    assert "errorMessage" not in data


def test_a_refusal_is_an_event_with_an_error(client: Client) -> None:
    """A request that was refused as a whole shows as an event that failed."""
    assign(client, {"id": "nonsense"})
    [event] = events(client)
    assert event["data"]["errorMessage"] == "Refused with 400"


def test_events_are_filtered_and_paged(client: Client) -> None:
    """Categories and actors narrow the list, and Link headers lead through all of it once."""
    for operation in ("remove", "add", "remove"):
        assign(client, {"id": LICENSE, "operation": operation})
    assert len(events(client, eventCategories="license,logins")) == 3
    assert events(client, eventCategories="LOGINS") == []
    assert events(client, actorId=JOHN) == []
    newest = events(client, max=2)
    assert [event["id"] for event in newest + events(client, max=2, offset=2)] == [e["id"] for e in events(client)]


def test_an_event_of_the_import_is_none(client: Client) -> None:
    """What Webex has no event for stays in the journal."""
    assert events(client) == []


def test_the_span_is_required_and_at_most_a_year(client: Client) -> None:
    """Faults of the query come back together, each with its name."""
    answer = client.get("/v1/adminAudit/events")
    assert [error["description"] for error in answer.json()["errors"]] == ["from: is required", "to: is required"]
    wide = {"from": "2020-01-01T00:00:00Z", "to": "2021-06-01T00:00:00Z", "offset": 10_001}
    sentences = [e["description"] for e in client.get("/v1/adminAudit/events", params=wide).json()["errors"]]
    assert sentences == [
        "from, to: are more than a year apart",
        "offset: must be at most 10000; bring from and to closer together",
    ]


def test_another_organization_has_its_own_events(client: Client) -> None:
    """An administrator of another organization may not read them, and the partner may."""
    acme = client.get("/v1/people/me").json()["orgId"]
    other = client.as_("allot-demo-other-org").get("/v1/adminAudit/events", params={**SPAN, "orgId": acme})
    assert other.status_code == 403
    partner = client.as_("allot-demo-partner").get("/v1/adminAudit/events", params={**SPAN, "orgId": acme})
    assert partner.status_code == 200

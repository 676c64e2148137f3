"""Decisions without carrying them out: what they say is what PATCH answers, and what they offer works."""

import asyncio
from typing import Any

import pytest

from allot.core.failure import Failure
from allot.service.service import Service
from plane.acme import ask, everything, licenses, person_id
from servers import Client, Server

PATCH, DECISIONS = "/v1/licenses/users", "/allot/v1/decisions"
PROFESSIONAL, STANDARD = "Webex Calling - Professional", "Webex Calling - Basic"
CONSOLE, CX = "Webex Calling - Attendant Console", "Customer Experience - Essential"
SUITE, ADVANCED, BASIC = "Webex Meetings Suite", "Advanced Messaging", "Basic Messaging"

#: email, items, sites, and the status
REQUESTS: list[tuple[str, list[str], tuple[str, ...], int]] = [
    ("user@example.com", [f"+{SUITE}"], (), 200),
    ("user@example.com", [f"+{ADVANCED}"], (), 200),
    ("user@example.com", [f"+{SUITE}", "+no-license"], (), 206),
    ("user@example.com", [f"+{PROFESSIONAL}"], (), 400),
    ("user@example.com", [f"+{CONSOLE}"], (), 400),
    ("user@example.com", [f"-{BASIC}"], (), 400),
    ("amara.nwosu@example.com", [f"-{PROFESSIONAL}", f"+{STANDARD}"], (), 400),
    ("amara.nwosu@example.com", [f"+{STANDARD}", f"+{SUITE}"], (), 206),
    ("grace.okello@example.com", [f"+{CX}"], (), 400),
    ("john.andersen@example.com", [], ("+mysite.webex.com", "+other.webex.com"), 206),
    ("john.andersen@example.com", [], ("+myhostsite.webex.com",), 400),
    ("quentin.dubois@example.com", ["+Contact center Standard Agent", "+Contact Center Premium Agent"], (), 400),
    ("lin.abara@globex.example", [f"+{PROFESSIONAL}", f"+{SUITE}"], ("+mysite.webex.com",), 206),
]


def decided(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """The decision of one request."""
    answer = client.post(DECISIONS, json=body)
    assert answer.status_code == 200, answer.text
    [decision] = answer.json()["decisions"]
    return decision


def without_id(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "trackingId"}


@pytest.mark.parametrize(("email", "items", "sites", "status"), REQUESTS)
def test_a_decision_is_what_patch_answers(server: Server, client: Client, email, items, sites, status):
    """Status, errors and holding of a decision are those of the PATCH that follows, and nothing was written before."""
    body = ask(client, email, *items, sites=sites)
    before = everything(server)
    decision = decided(client, body)
    assert everything(server) == before
    answer = client.patch(PATCH, json=body)
    assert decision["status"] == answer.status_code == status
    if status == 400:
        assert without_id(decision["error"]) == without_id(answer.json())
    else:
        assert decision["after"] == {name: value for name, value in answer.json().items() if name != "errors"}
        assert "error" not in decision
    codes = {error["errorCode"] for error in answer.json().get("errors", ())}
    refused = [item for item in decision["items"] if not item["accepted"]]
    assert codes <= {violation["errorCode"] for item in refused for violation in item["violations"]}
    assert all(item["violations"] for item in refused)
    assert bool(refused) == (status != 200)


@pytest.mark.parametrize(("email", "items", "sites", "status"), REQUESTS)
def test_the_way_works(server: Server, client: Client, email, items, sites, status):
    """Sent one after the other, the requests of a way are accepted whole and end with what was asked."""
    body = ask(client, email, *items, sites=sites)
    decision = decided(client, body)
    assert ("way" in decision) != ("noWay" in decision)
    if "noWay" in decision:
        assert len(decision["noWay"]) > 20
        return
    assert bool(decision["way"]) == (status != 200)
    for request in decision["way"]:
        sent = request["request"]
        for item, step in zip(sent.get("licenses", []), request["steps"], strict=False):
            assert (item["id"], item["operation"]) == (step["license"], step["operation"])
            if step["propertiesNeeded"]:
                location = client.get("/v1/telephony/config/locations").json()["locations"][0]["id"]
                item["properties"] = {"locationId": location, "extension": "7654"}
        answer = client.patch(PATCH, json=sent)
        assert answer.status_code == 200, answer.text
        held = answer.json()
    if decision["way"]:
        for item in body.get("licenses", []):
            assert (item["id"] in held["licenses"]) == (item["operation"] == "add")
        sites_held = {site["siteUrl"] for site in held["siteUrls"] if site["accountType"] == "attendee"}
        assert {site["siteUrl"] for site in body.get("siteUrls", [])} <= sites_held


def test_calling_is_given_only_where_it_is_set_up(admin: Client):
    """A location where Webex Calling is not set up is none for a calling license, in a decision and by PATCH."""
    [denver] = [each["id"] for each in admin.get("/v1/locations").json()["items"] if each["name"] == "Denver"]
    body = ask(admin, "user@example.com", f"+{PROFESSIONAL}")
    body["licenses"][0]["properties"] = {"locationId": denver, "extension": "7300"}
    [item] = decided(admin, body)["items"]
    assert [each["rule"] for each in item["violations"]] == ["location-not-found"]
    answer = admin.patch(PATCH, json=body)
    assert (answer.status_code, answer.json()["message"]) == (400, "Unable to find location")


def test_a_downgrade_is_two_requests(admin: Client):
    """From Professional to Standard takes two requests: the first loses the number, the second brings it back."""
    decision = decided(admin, ask(admin, "amara.nwosu@example.com", f"-{PROFESSIONAL}", f"+{STANDARD}"))
    steps = [
        [(step["operation"], step["name"], step["irreversible"]) for step in each["steps"]] for each in decision["way"]
    ]
    assert steps == [
        [("remove", PROFESSIONAL, True), ("remove", CONSOLE, False)],
        [("add", STANDARD, False)],
    ]
    again = decision["way"][1]["request"]["licenses"][0]["properties"]
    assert (again["phoneNumber"], again["extension"]) == ("+14085550102", "4102")
    [removed, added] = decision["items"]
    assert [each["rule"] for each in removed["violations"]] == [
        "professional-to-standard",
        "attendant-needs-professional",
    ]
    assert {each["provenance"] for each in added["violations"]} == {"documented"}
    assert all(each["source"] and each["remedy"] and each["description"] for each in added["violations"])


def test_requests_are_decided_one_after_the_other(admin: Client):
    """A later request finds what the earlier ones leave: two want the last units, and one person is asked for twice."""
    name = "Real-Time Translations"
    bodies = [
        ask(admin, "quentin.dubois@example.com", f"-{name}"),
        ask(admin, "user@example.com", f"+{name}"),
        ask(admin, "anna.svensson@example.com", f"+{name}"),
        ask(admin, "user@example.com", f"-{name}"),
        ask(admin, "anna.svensson@example.com", f"+{name}"),
    ]
    answer = admin.post(DECISIONS, json={"requests": bodies}).json()["decisions"]
    assert [decision["status"] for decision in answer] == [200, 200, 400, 200, 200]
    assert answer[2]["items"][0]["violations"][0]["rule"] == "no-units-left"
    assert "Remove the license from someone" in answer[2]["noWay"]


def test_what_fails_as_a_whole_is_an_error_of_its_own(admin: Client):
    """Requests with faults of form, for strangers and for other organizations fail alone, as PATCH would."""
    good = ask(admin, "user@example.com", f"+{SUITE}")
    other = "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704"
    bodies = [good, {}, good | {"email": "nobody@example.com"}, good | {"orgId": other}, good]
    answer = admin.post(DECISIONS, json={"requests": bodies}).json()["decisions"]
    assert [decision["status"] for decision in answer] == [200, 400, 404, 403, 200]
    for body, decision in zip(bodies[1:4], answer[1:4], strict=True):
        real = admin.patch(PATCH, json=body)
        assert real.status_code == decision["status"]
        assert without_id(real.json()) == without_id(decision["error"])
        assert decision["items"] == []


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"requests": []}, "requests: 1 to 500 of them, not 0"),
        ({"requests": [{"email": "a@b.c"}] * 501}, "requests: 1 to 500 of them, not 501"),
        ({"requests": [{}], "email": "a@b.c"}, "requests: send either the members of one request, or requests"),
        ({"requests": [{"email": 1}]}, "requests[0].email: must be a text"),
    ],
)
def test_bad_bodies_are_refused(admin: Client, body, sentence):
    """A body that is neither one request nor a list of them is a 400 that says why."""
    answer = admin.post(DECISIONS, json=body)
    assert answer.status_code == 400
    assert sentence in [error["description"] for error in answer.json()["errors"]]


def test_five_hundred_requests_are_decided(admin: Client):
    """The longest list is decided, and other requests are answered meanwhile."""
    body = ask(admin, "amara.nwosu@example.com", f"-{PROFESSIONAL}", f"+{STANDARD}")
    answer = admin.post(DECISIONS, json={"requests": [body] * 500})
    assert [decision["status"] for decision in answer.json()["decisions"]] == [400] * 500


def test_a_decision_waits_for_no_writer(server: Server, client: Client):
    """While a writer holds the organization's lock, a decision is answered all the same."""
    body = ask(client, "user@example.com", f"+{SUITE}")
    locked, done = asyncio.Event(), asyncio.Event()

    async def hold(service: Service) -> None:
        async with service.database.writing() as writing:
            await writing.run("UPDATE organizations SET display_name = display_name || '!'")
            locked.set()
            await asyncio.wait_for(done.wait(), 20)
            raise Failure.invalid("undo")

    holding = asyncio.run_coroutine_threadsafe(hold(server.service), server.loop)
    server.call(lambda service: locked.wait())
    try:
        assert decided(client, body)["status"] == 200
    finally:
        server.loop.call_soon_threadsafe(done.set)
        assert isinstance(holding.exception(20), Failure)


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (None, 401),
        ("unknown", 401),
        ("allot-demo-readonly", 403),
        ("allot-demo-user", 403),
        ("allot-demo-other-org", 200),
        ("allot-demo-partner", 200),
    ],
)
def test_decisions_need_what_patch_needs(admin: Client, token, status):
    """A decision needs the scope and the role of PATCH /licenses/users; other organizations stay unseen."""
    body = {"personId": person_id(admin, "user@example.com"), "licenses": [{"id": licenses(admin)[SUITE]}]}
    answer = admin.as_(token).post(DECISIONS, json=body)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["decisions"][0]["status"] == 404


def test_faults_of_several_requests_are_those_of_their_members(client: Client) -> None:
    """A wrong type in one of several requests is named, and nothing is missed that one request would need."""
    answer = client.post("/allot/v1/decisions", json={"requests": [{"email": 7}]})
    assert [error["description"] for error in answer.json()["errors"]] == ["requests[0].email: must be a text"]

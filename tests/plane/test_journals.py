"""The journal: every change that was asked for, found again by what is known of it."""

import pytest

from allot.service import journals
from allot.service.service import Service
from allot.store import journal as store
from plane.acme import PATCH, ask, licenses, person_id
from servers import Client, Server

JOURNAL = "/allot/v1/journal"
SUITE = "Webex Meetings Suite"
EMAILS = ("user@example.com", "anna.svensson@example.com", "ravi.shankaran@example.com")


def fill(client: Client) -> list[str]:
    """Ask for six changes of three people; their tracking ids, oldest first."""
    sent: list[str] = []
    for verb in "+-":
        for email in EMAILS:
            answer = client.patch(PATCH, json=ask(client, email, f"{verb}{SUITE}", "+none"))
            assert answer.status_code == 206
            sent.append(answer.headers["TrackingID"])
    return sent


def listed(client: Client, **query: object) -> list[dict]:
    """All entries of a query, through all pages."""
    found: list[dict] = []
    address: str | None = JOURNAL
    while address:
        answer = client.get(address, params=query if address == JOURNAL else None)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        address = answer.links.get("next", {}).get("url")
    return found


@pytest.mark.parametrize("scanned", [10_000, 2])
@pytest.mark.parametrize("page", [1, 2, 1000])
def test_entries_are_found_by_what_is_known(server: Server, client: Client, monkeypatch, page, scanned):
    """By tracking id, person, administrator, action and time, newest first, whatever the page and what it may scan."""
    sent = fill(client)
    monkeypatch.setattr(journals, "SCANNED_MAX", scanned)
    entries = listed(client, max=page)
    assert [entry["number"] for entry in entries] == list(range(len(entries), 0, -1))
    assert [entry["trackingId"] for entry in entries[:6]] == sent[::-1]
    for tracking_id in sent:
        [entry] = listed(client, trackingId=tracking_id, max=page)
        assert entry["trackingId"] == tracking_id
    anna = person_id(client, EMAILS[1])
    assert [entry["trackingId"] for entry in listed(client, personId=anna, max=page)] == [sent[4], sent[1]]
    admin = person_id(client, "admin@example.com")
    assert len(listed(client, actorId=admin, max=page)) == 6
    assert listed(client, actorId=anna, max=page) == []
    assert len(listed(client, action="licenses.assign", max=page)) == 6
    assert listed(client, trackingId=sent[0], personId=anna) == []
    middle = entries[3]["at"]
    later = [entry for entry in entries if entry["at"] >= middle]
    assert listed(client, **{"from": middle}, max=page) == later
    assert listed(client, to=middle, max=page) == entries[len(later) :]
    assert listed(client, **{"from": middle, "to": middle}, personId=anna) == []


def test_an_entry_tells_what_was_asked_and_what_became_of_it(client: Client):
    """An entry has the items, the refusals, and what was held before and after, with ids as the API has them."""
    sent = fill(client)
    [entry] = listed(client, trackingId=sent[0])
    assert client.get(f"{JOURNAL}/{entry['number']}").json() == entry
    assert (entry["action"], entry["outcome"]) == ("licenses.assign", 206)
    assert entry["actorId"] == person_id(client, "admin@example.com")
    assert entry["targetId"] == person_id(client, EMAILS[0])
    detail = entry["detail"]
    suite = licenses(client)[SUITE]
    assert detail["items"] == [
        {"license": suite, "operation": "add"},
        {"unknown": "none", "operation": "add"},
    ]
    assert detail["refused"] == {"1": "license-not-recognized"}
    assert set(detail["after"]["licenses"]) - set(detail["before"]["licenses"]) == {suite}
    assert detail["from"]["address"] == "127.0.0.1"


def test_calling_properties_are_shown_with_ids(client: Client):
    """Numbers and locations in an entry are named as the API names them."""
    body = ask(client, "amara.nwosu@example.com", "-Webex Calling - Attendant Console")
    tracking_id = client.patch(PATCH, json=body).headers["TrackingID"]
    [entry] = listed(client, trackingId=tracking_id)
    locations = {item["id"] for item in client.get("/v1/locations").json()["items"]}
    calling = entry["detail"]["before"]["calling"]
    assert calling["locationId"] in locations
    assert (calling["phoneNumber"], calling["extension"]) == ("+14085550102", "4102")


def test_a_tracking_id_is_found_in_every_block(server: Server, client: Client, monkeypatch):
    """The index by tracking id is in blocks, and all blocks are looked at; an id that repeats is found each time."""
    monkeypatch.setattr(store, "BLOCK_BITS", 1)
    ids = licenses(client)
    body = {"email": EMAILS[0], "licenses": [{"id": ids[SUITE]}]}
    for number in range(7):
        client.patch(PATCH, json=body, headers={"TrackingID": f"mine_{number % 3}"})
    monkeypatch.setattr(journals, "SCANNED_MAX", 2)
    assert len(listed(client, trackingId="mine_0", max=2)) == 3
    assert len(listed(client, trackingId="mine_1")) == 2
    assert listed(client, trackingId="mine_9") == []


def test_every_key_is_found_by_the_index(server: Server):
    """Looking for a tracking id reads the index, not the journal."""

    async def plan(service: Service) -> str:
        async with service.database.reading() as reading:
            explain = "EXPLAIN QUERY PLAN" if service.database.writers == 1 else "EXPLAIN"
            found = await reading.rows(f"{explain} {store._TRACKED}", '[["org", 1]]', 1, 9, 5)
            return str(found)

    shown = server.call(plan)
    assert "journal_by_tracking" in shown
    assert "tracking_key = " in shown or "tracking_key=" in shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"from": "yesterday"}, "from: must be a time after 1970"),
        ({"to": ""}, "to: must be a date-time, or left out"),
        ({"to": "0001-01-01"}, "to: must be a time after 1970"),
        ({"personId": "???"}, "personId: is no PEOPLE id"),
        ({"actorId": "???"}, "actorId: is no PEOPLE id"),
        ({"max": "many"}, "max: must be a whole number, 0 or more"),
        ({"cursor": "WyJ4Il0"}, "cursor: is not valid"),
        ({"cursor": "WyIxIiwiMiJd"}, "cursor: is not valid"),
    ],
)
def test_bad_queries_are_refused(admin: Client, query, sentence):
    """A query that cannot be read is a 400 that names the parameter."""
    answer = admin.get(JOURNAL, params=query)
    assert answer.status_code == 400
    assert sentence in answer.json()["errors"][0]["description"]


def test_the_journal_is_for_those_who_may_read_it(admin: Client):
    """The journal needs the scope of audit events and an administrator's role; other organizations have their own."""
    assert admin.as_("allot-demo-readonly").get(JOURNAL).status_code == 200
    assert admin.as_(None).get(JOURNAL).status_code == 401
    assert admin.as_("allot-demo-user").get(JOURNAL).status_code == 403
    stranger = admin.as_("allot-demo-other-org")
    own = {entry["trackingId"] for entry in listed(admin)}
    assert not own & {entry["trackingId"] for entry in listed(stranger)}
    org_id = admin.get("/v1/people/me").json()["orgId"]
    assert stranger.get(JOURNAL, params={"orgId": org_id}).status_code == 403
    partner = admin.as_("allot-demo-partner")
    assert {entry["trackingId"] for entry in listed(partner, orgId=org_id)} == own
    for number in ("0", "99999999", "-1", "x", "9" * 30):
        assert admin.get(f"{JOURNAL}/{number}").status_code == 404
    assert admin.get(f"{JOURNAL}/1").status_code == 200

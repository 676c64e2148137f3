"""Invitations: accepting and declining what people of other organizations were offered."""

import pytest

from allot.service.service import Service
from audit import wrongs
from plane.acme import PATCH, ask, consumed, everything, licenses, person_id
from servers import Client, Server

CENTER, SUITE = "Meeting - Webex Meeting Center", "Webex Meetings Suite"
SITE, OTHER = "myhostsite.webex.com", "mysite.webex.com"
LIN, MILTON = "lin.abara@globex.example", "milton.waddams@initech.example"
SAMIR = "samir.nagheenanajar@initech.example"


def path(client: Client, email: str, verb: str = "") -> str:
    return f"/allot/v1/people/{person_id(client, email)}/invitations{verb and '/' + verb}"


def pending(client: Client, email: str) -> list[str]:
    """What a person has not accepted yet, by name or site."""
    answer = client.get(path(client, email))
    assert answer.status_code == 200, answer.text
    return [item.get("name") or item["siteUrl"] for item in answer.json()["items"]]


def last_entry(client: Client) -> dict:
    entry = client.get("/allot/v1/journal?max=1").json()["items"][0]
    assert isinstance(entry, dict)
    return entry


def test_invitations_are_listed_with_their_end(client: Client):
    """A pending license and a pending site are listed, each with the time when it runs out."""
    items = client.get(path(client, LIN)).json()["items"]
    assert [(item.get("name"), item.get("siteUrl")) for item in items] == [(CENTER, None), (None, SITE)]
    assert items[0]["license"] == licenses(client)[CENTER]
    assert all(len(item["expires"]) == 24 for item in items)
    assert pending(client, "user@example.com") == []


def test_accepting_all_counts_from_then_on(server: Server, client: Client):
    """Accepting everything makes it held, uses a unit, and is journaled; doing it again changes nothing."""
    before = consumed(client, CENTER)
    answer = client.post(path(client, LIN, "accept"), json={})
    assert answer.status_code == 200
    body = answer.json()
    assert body["licenses"] == [licenses(client)[CENTER]]
    assert {"siteUrl": SITE, "accountType": "attendee"} in body["siteUrls"]
    assert (body["pendingLicenses"], body["pendingSiteUrls"]) == ([], [])
    assert consumed(client, CENTER) == before + 1
    entry = last_entry(client)
    assert (entry["action"], entry["outcome"]) == ("invitations.accept", 200)
    assert entry["targetId"] == person_id(client, LIN)
    assert entry["detail"]["items"][0]["license"] == licenses(client)[CENTER]
    assert client.post(path(client, LIN, "accept"), json={}).status_code == 200
    again = {"licenses": body["licenses"], "siteUrls": [SITE]}
    assert client.post(path(client, LIN, "accept"), json=again).status_code == 200
    assert consumed(client, CENTER) == before + 1
    assert pending(client, LIN) == []
    assert wrongs(server.url) == []


def test_declining_removes(server: Server, client: Client):
    """Declining one thing leaves the other pending; declining all leaves nothing, and no unit was used."""
    before = consumed(client, CENTER)
    answer = client.post(path(client, LIN, "decline"), json={"siteUrls": [f"https://{SITE.upper()}/"]})
    assert answer.status_code == 200
    assert answer.json()["pendingLicenses"] == [licenses(client)[CENTER]]
    assert pending(client, LIN) == [CENTER]
    assert client.post(path(client, LIN, "decline"), json={}).status_code == 200
    assert pending(client, LIN) == []
    assert (last_entry(client)["action"], consumed(client, CENTER)) == ("invitations.decline", before)
    assert last_entry(client)["detail"]["after"]["licenses"] == []
    assert wrongs(server.url) == []


def test_part_of_an_answer(client: Client):
    """What is no invitation is refused beside what is: 206, and 400 when nothing is left; each error says why."""
    ids = licenses(client)
    some = {"licenses": [ids[CENTER], ids[SUITE], "no-license"], "siteUrls": [SITE, OTHER]}
    answer = client.post(path(client, LIN, "accept"), json=some)
    assert answer.status_code == 206
    assert answer.json()["licenses"] == [ids[CENTER]]
    codes = [error["errorCode"] for error in answer.json()["errors"]]
    assert codes == [400, 400000, 400]
    assert "it was never made, was answered already or has run out" in answer.json()["errors"][0]["description"]
    answer = client.post(path(client, LIN, "decline"), json=some)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Invitation not found"
    assert len(answer.json()["errors"]) == 5
    assert answer.json()["trackingId"] == answer.headers["TrackingID"]
    assert last_entry(client)["outcome"] == 400


def test_no_unit_left(server: Server, client: Client):
    """Of a strict license without a free unit the invitation stays pending, and the error says so."""

    async def use_up(service: Service) -> None:
        async with service.database.writing() as writing:
            await writing.run("UPDATE licenses SET total_units = consumed_by_users WHERE name = $1", CENTER)

    server.call(use_up)
    answer = client.post(path(client, LIN, "accept"), json={})
    assert answer.status_code == 206
    assert "has no units left" in answer.json()["errors"][0]["description"]
    assert pending(client, LIN) == [CENTER]
    assert last_entry(client)["detail"]["refused"] != {}
    answer = client.post(path(client, LIN, "accept"), json={})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["errorCode"] == 400


def test_what_has_run_out_is_gone(server: Server, client: Client):
    """An invitation of fifteen days ago is not listed, cannot be accepted, and can be made again."""

    async def wait(service: Service) -> None:
        async with service.database.writing() as writing:
            for table in ("holdings", "attendees"):
                await writing.run(f"UPDATE {table} SET pending_until = $1 WHERE pending_until > $1", "2026-01-01")

    server.call(wait)
    assert pending(client, LIN) == []
    answer = client.post(path(client, LIN, "accept"), json={"licenses": [licenses(client)[CENTER]]})
    assert answer.status_code == 400
    answer = client.patch(PATCH, json=ask(client, LIN, f"+{CENTER}"))
    assert (answer.status_code, answer.json()["pendingLicenses"]) == (200, [licenses(client)[CENTER]])
    assert client.post(path(client, LIN, "accept"), json={}).json()["licenses"] == [licenses(client)[CENTER]]
    assert wrongs(server.url) == []


def test_an_invitation_from_beginning_to_end(client: Client):
    """A license that PATCH offers is pending, listed, accepted and taken back; the journal tells what is pending."""
    assert client.patch(PATCH, json=ask(client, MILTON, f"+{SUITE}", sites=(f"+{OTHER}",))).status_code == 200
    assert set(pending(client, MILTON)) == {SUITE, OTHER}
    told = last_entry(client)["detail"]
    assert told["pending"] == {"licenses": [licenses(client)[SUITE]], "attendee": [OTHER]}
    used = consumed(client, SUITE)
    assert client.post(path(client, MILTON, "accept"), json={"licenses": [licenses(client)[SUITE]]}).status_code == 200
    assert (pending(client, MILTON), consumed(client, SUITE)) == ([OTHER], used + 1)
    assert last_entry(client)["detail"]["pending"] == {"attendee": [OTHER]}
    assert client.patch(PATCH, json=ask(client, MILTON, f"-{SUITE}", sites=(f"-{OTHER}",))).status_code == 200
    assert (pending(client, MILTON), consumed(client, SUITE)) == ([], used)
    assert "pending" not in last_entry(client)["detail"]


def test_who_is_invited_to_be_host_is_attendee_until_they_accept(server: Server, client: Client):
    """An attendee account stays when being host of that site is offered or declined, and goes when it is accepted."""
    attendee = [{"siteUrl": SITE, "accountType": "attendee"}]
    for verb in ("decline", "accept"):
        offered = client.patch(PATCH, json=ask(client, SAMIR, f"+{SUITE}")).json()
        assert (offered["siteUrls"], offered["pendingLicenses"]) == (attendee, [licenses(client)[SUITE]])
        assert client.patch(PATCH, json=ask(client, SAMIR, sites=(f"+{SITE}",))).status_code == 200
        assert wrongs(server.url) == []
        answer = client.post(path(client, SAMIR, verb), json={})
        host = [{"siteUrl": SITE, "accountType": "host"}]
        assert (answer.status_code, answer.json()["siteUrls"]) == (200, host if verb == "accept" else attendee)
        assert wrongs(server.url) == []


def test_who_is_invited_as_attendee_and_as_host_becomes_host(server: Server, client: Client):
    """Accepting both invitations of one site at once makes the person host there, and attendee no more."""
    for items, sites in ([], (f"+{SITE}",)), ([f"+{SUITE}"], ()):
        assert client.patch(PATCH, json=ask(client, MILTON, *items, sites=sites)).status_code == 200
    assert set(pending(client, MILTON)) == {SUITE, SITE}
    answer = client.post(path(client, MILTON, "accept"), json={})
    assert answer.status_code == 200
    assert answer.json()["siteUrls"] == [{"siteUrl": SITE, "accountType": "host"}]
    assert pending(client, MILTON) == []
    assert wrongs(server.url) == []


@pytest.mark.parametrize("verb", ["accept", "decline"])
def test_only_administrators_of_the_organization_answer(server: Server, client: Client, verb):
    """Without a token, the scope, the role, or in another organization, nothing happens and nothing is shown."""
    address = path(client, LIN, verb)
    listed = path(client, LIN)
    before = everything(server)
    for token, status in [(None, 401), ("allot-demo-user", 403), ("allot-demo-readonly", 403)]:
        assert client.as_(token).post(address, json={}).status_code == status
    stranger = client.as_("allot-demo-other-org")
    assert stranger.get(path(client, "user@example.com")).status_code == 404
    assert stranger.post(path(client, "user@example.com", verb), json={}).status_code == 404
    assert client.as_("allot-demo-readonly").get(listed).status_code == 200
    assert client.as_("allot-demo-user").get(listed).status_code == 403
    for body, status in [([], 400), ({"licenses": [1]}, 400), ({"licenses": ["x"] * 501}, 400)]:
        assert client.post(address, json=body).status_code == status
    assert client.post(f"/allot/v1/people/nobody/invitations/{verb}", json={}).status_code == 404
    assert everything(server) == before

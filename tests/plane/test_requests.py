"""Requests over HTTP: what was answered, why, what of it was never read, and sending it again."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from allot.cli.demo import ACME
from allot.core import ids
from allot.core.scope import AUDIT_READ, PEOPLE_WRITE, SCOPES
from allot.service.requests import BODY_BYTES_MAX, Wanted
from allot.service.service import Service
from plane.acme import PATCH, ask, person_id
from processes import need
from servers import ADMIN, Client, Server
from wholesale import faults, token_of

REQUESTS = "/allot/v1/requests"
OTHER = "allot-demo-other-org"
EMAIL = "user@example.com"


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    """All requests of a query, through all pages."""
    found: list[dict[str, Any]] = []
    address: str | None = REQUESTS
    while address:
        answer = client.get(address, params=query if address == REQUESTS else None)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        address = answer.links.get("next", {}).get("url")
    return found


def shown(client: Client, tracking_id: str) -> dict[str, Any]:
    """One request with all that is known of it."""
    [line] = listed(client, trackingId=tracking_id)
    answer = client.get(f"{REQUESTS}/{line['number']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found | line == found
    return found


def test_a_refused_request_tells_why(admin: Client):
    """Status, person, rule and sentence of what was refused, what of the body was never read, and the time it took."""
    body = ask(admin, EMAIL, "+Webex Meetings Suite", "+none")
    body["licenses"][0]["properites"] = {"extension": "4711"}
    answer = admin.patch(PATCH, json=body, params={"dryrun": "true"}, headers={"TrackingID": "WHY_1"})
    assert answer.status_code == 206
    found = shown(admin, "WHY_1")
    anna = person_id(admin, EMAIL)
    assert {name: found[name] for name in ("method", "path", "query", "status", "operation", "trackingId")} == {
        "method": "PATCH",
        "path": PATCH,
        "query": "dryrun=true",
        "status": 206,
        "operation": "assign_licenses_to_users",
        "trackingId": "WHY_1",
    }
    assert (found["personId"], found["personEmail"], found["actorEmail"]) == (anna, EMAIL, "admin@example.com")
    assert found["rules"] == ["license-not-recognized"]
    [error] = answer.json()["errors"]
    assert found["why"] == [error | {"rule": "license-not-recognized"}]
    assert found["unread"] == ["licenses[0].properites", "?dryrun"]
    assert json.loads(found["body"]) == body
    assert found["bodyBytes"] == len(found["body"])
    assert found["address"] == "127.0.0.1"
    assert found["userAgent"].startswith("python-requests")
    assert 0 < found["milliseconds"] < 30_000


def test_what_fails_tells_why(admin: Client):
    """A fault of form, a person who is not there, a right that lacks: the errors of the answer."""
    for path, body in ((PATCH, {"email": 7}), (PATCH, {"email": "nobody@example.com", "licenses": [{"id": "x"}]})):
        answer = admin.patch(path, json=body)
        found = shown(admin, answer.headers["TrackingID"])
        assert found["status"] == answer.status_code
        assert [{"errorCode": each["errorCode"], "description": each["description"]} for each in found["why"]] == (
            answer.json()["errors"]
        )
        assert "personId" not in found
    refused = admin.as_("allot-demo-readonly").patch(PATCH, json={})
    found = shown(admin, refused.headers["TrackingID"])
    assert (found["status"], found["actorEmail"]) == (403, "auditor@example.com")
    assert "body" not in found  # it was not even read
    assert "scope" in found["why"][0]["description"]
    served = admin.get("/v1/licenses")
    assert shown(admin, served.headers["TrackingID"])["why"] == []


def test_operations_on_people_tell_of_whom(admin: Client):
    """Showing, making, changing and deleting a person is about that person, with the rules that refused something."""
    made = admin.post("/v1/people", json={"emails": ["new@example.com"], "displayName": "New", "licenses": ["none"]})
    assert made.status_code == 200
    new = made.json()["id"]
    found = shown(admin, made.headers["TrackingID"])
    assert (found["personId"], found["personEmail"], found["status"]) == (new, "new@example.com", 200)
    assert found["rules"] == [each["rule"] for each in found["why"]] == list(made.json()["errors"])
    path = f"/v1/people/{new}"
    for answer in (admin.get(path), admin.put(path, json={"displayName": "N"}), admin.delete(path)):
        assert answer.ok
        assert shown(admin, answer.headers["TrackingID"])["personId"] == new
    assert len(listed(admin, person=new)) == 4
    assert len(listed(admin, person="new@", max=2)) == 3


def test_organizations_do_not_see_each_other(server: Server, client: Client):
    """Neither in lists nor by number; what nobody is known to have sent only with allot:admin."""
    other = client.as_(OTHER)
    mine, theirs = client.get("/v1/licenses"), other.get("/v1/licenses")
    unknown, nowhere = client.as_("wrong-token").get("/v1/licenses"), client.get("/v1/nowhere?x=1")
    wrong = client.put(PATCH, json={})
    assert (unknown.status_code, nowhere.status_code, wrong.status_code) == (401, 404, 405)
    plain = client.as_(token_of(server, ACME, "admin@example.com", frozenset({AUDIT_READ})))
    names = [each.headers["TrackingID"] for each in (mine, theirs, unknown, nowhere, wrong)]
    for caller, sees in ((client, [0, 2, 3, 4]), (other, [1, 2, 3, 4]), (plain, [0])):
        assert [each["trackingId"] for each in listed(caller)] == [names[n] for n in reversed(sees)]
        for number in range(1, 6):
            assert caller.get(f"{REQUESTS}/{number}").status_code == (200 if number - 1 in sees else 404)
    found = shown(client, names[3])
    assert (found["path"], found["query"], found["status"]) == ("/v1/nowhere", "x=1", 404)
    assert found.keys().isdisjoint({"operation", "actorId", "personId", "body"})
    acme = {"orgId": ids.encode("ORGANIZATION", ACME)}
    assert other.get(REQUESTS, params=acme).status_code == 403
    assert other.get(f"{REQUESTS}/1", params=acme).status_code == 403


def test_it_takes_the_rights_of_the_journal(demo: Server, admin: Client):
    """The scope for audit events, and an administrator's role, which may be a read-only one."""
    assert admin.as_("allot-demo-readonly").get(REQUESTS).status_code == 200
    assert admin.as_("allot-demo-user").get(REQUESTS).status_code == 403
    without = admin.as_(token_of(demo, ACME, "admin@example.com", frozenset(SCOPES) - {AUDIT_READ}))
    assert without.get(REQUESTS).status_code == 403
    assert admin.as_(None).get(REQUESTS).status_code == 401
    far = admin.as_(token_of(demo, ACME, "admin@example.com", frozenset({AUDIT_READ})))
    assert far.get(REQUESTS, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403


@pytest.mark.parametrize("number", ["0", "999999", "-1", "x", "²", "9" * 30])
def test_a_number_that_there_is_not(admin: Client, number: str):
    """It is 404 whatever it looks like."""
    assert admin.get(f"{REQUESTS}/{number}").status_code == 404


@pytest.mark.parametrize("query", [{"status": "x"}, {"status": "20"}, {"cursor": "x"}, {"cursor": "WyJ4Il0"}])
def test_filters_that_cannot_be_read(admin: Client, query: dict[str, str]):
    """They are 400 with the name of the parameter."""
    [told] = faults(admin.get(REQUESTS, params=query))
    assert told.startswith(f"{next(iter(query))}: ")


def test_looking_and_probing_leave_no_trace(server: Server, client: Client):
    """The requests of who watches do not push out what they watch."""
    for path in (REQUESTS, "/allot/v1/health", "/allot/v1/readiness", "/allot/v1/metrics"):
        assert client.get(path).status_code == 200
    assert server.service.requests.newest == 0


def everything(service: Service) -> str:
    """All that is kept, as text."""
    found = []
    for number in range(1, service.requests.newest + 1):
        for org_id in (ACME, "x"):
            seen = service.requests.find(Wanted(org_id, nobody=True), number)
            found.append("" if seen is None else repr(seen) + repr(seen.unread()))
    return "\n".join(found)


def test_secrets_are_never_kept(server: Server, client: Client):
    """No token, no secret of a form and no signature of an address is in memory, however it was sent."""
    secrets = ("SECRET-of-a-client", "SECRET-refresh-token", "SECRET-of-a-listener", "SECRET-signature", "SECRET-other")
    form = {"grant_type": "refresh_token", "client_id": "x", "client_secret": secrets[0], "refresh_token": secrets[1]}
    body = {"email": EMAIL, "licenses": [{"id": "x"}], "token": ADMIN}
    nobody = client.as_(None)
    sent = [
        client.patch(PATCH, json=body),
        client.get("/v1/people", params={"access_token": ADMIN, "max": "2"}),
        client.get("/v1/people", params={"note": ADMIN}),
        client.get("/v1/nowhere", params={"token": ADMIN, "Token": secrets[4]}),
        client.as_(secrets[4]).get("/v1/people", params={"note": secrets[4]}),
        nobody.post("/v1/access_token", data=form),
        nobody.post("/v1/access_token", params=form, data={}),
        nobody.post("/v1/access_token", json=form),
        nobody.get("/v1/access_token", params=form),
        client.post("/allot/v1/webhooks", json={"url": f"https://u:{secrets[2]}@example.com/?{secrets[2]}"}),
        nobody.get("/allot/v1/reports/x/y.csv", params={"Expires": "1", "Signature": secrets[3]}),
        nobody.get("/allot/v1/reports/x/y.cvs", params={"Expires": "1", "Signature": secrets[3]}),
    ]
    assert server.service.requests.newest == len(sent)
    kept = everything(server.service)
    assert kept.count("Seen(") == 2 * len(sent) - 4  # those of Acme's token are seen once
    for secret in (ADMIN, *secrets):
        assert secret not in kept


def test_a_long_body_is_not_kept(admin: Client):
    """Only its size is; what was refused is told all the same."""
    body = {"email": EMAIL, "licenses": [{"id": "none"}], "note": "x" * BODY_BYTES_MAX}
    answer = admin.patch(PATCH, json=body)
    found = shown(admin, answer.headers["TrackingID"])
    assert found["bodyBytes"] > BODY_BYTES_MAX
    assert "body" not in found
    assert (found["unread"], found["rules"]) == ([], ["license-not-recognized"])


def test_a_long_answer_is_not_kept(admin: Client):
    """What was refused by which rule is told without it."""
    answer = admin.patch(PATCH, json={"email": EMAIL, "licenses": [{"id": f"{n:0900}"} for n in range(100)]})
    assert (answer.status_code, len(answer.content) > BODY_BYTES_MAX) == (400, True)
    [reason] = shown(admin, answer.headers["TrackingID"])["why"]
    assert reason == answer.json()["errors"][0] | {"rule": "license-not-recognized"}


def run(command: str, folder: Path) -> dict[str, Any]:
    """What a server answers to a command, run by a shell."""
    done = subprocess.run(
        ["bash", "-euc", command],
        cwd=folder,
        env=os.environ | {"TOKEN": ADMIN, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    need("curl")
    return tmp_path


def test_the_command_sends_the_same_request(admin: Client, folder: Path):
    """A shell that runs it gets the same answer, whatever characters are in the request."""
    odd = "o'neil $(touch x) `touch x` \"\\ \n é [1-2]{a,b}"
    for answer in (
        admin.patch(PATCH, json={"email": EMAIL, "licenses": [{"id": odd}], odd: odd}),
        admin.patch(PATCH, data="", headers={"Content-Type": "application/json"}),
        admin.get("/v1/people", params={"displayName": odd, "max": "1"}),
        admin.get(f"/v1/people/{odd.replace('/', '')}"),
        admin.get("/v1/people/me"),
    ):
        found = shown(admin, answer.headers["TrackingID"])
        again = run(found["curl"].replace("curl ", "curl -s ", 1), folder)
        [line, *_] = listed(admin, max=1)
        assert again | {"trackingId": "x"} == answer.json() | {"trackingId": "x"}
        repeated = admin.get(f"{REQUESTS}/{line['number']}").json()
        assert line["trackingId"] != answer.headers["TrackingID"]
        for name in ("method", "path", "query", "body", "unread", "status", "curl"):
            assert repeated.get(name) == found.get(name), name
    assert list(folder.iterdir()) == []


def test_the_command_of_a_long_body_reads_a_file(admin: Client, folder: Path):
    """With the body in the file `body` it runs as well."""
    body = json.dumps({"email": EMAIL, "licenses": [{"id": "none"}], "note": "x" * BODY_BYTES_MAX})
    answer = admin.patch(PATCH, data=body, headers={"Content-Type": "application/json"})
    (folder / "body").write_text(body, encoding="utf-8")
    found = shown(admin, answer.headers["TrackingID"])
    assert run(found["curl"].replace("curl ", "curl -s ", 1), folder)["errors"] == answer.json()["errors"]


def test_a_process_keeps_as_many_as_the_setting_says(demo_sqlite_url: str):
    """The oldest are forgotten; with 0 none are kept, and everything else goes on."""
    for most, kept in ((3, 3), (0, 0)):
        with Server(demo_sqlite_url, requests=most) as running:
            client = running.client()
            for _ in range(5):
                assert client.get("/v1/people/me").status_code == 200
            assert len(listed(client)) == kept
            client.close_all()


def test_a_writer_sees_its_failures(demo: Server, admin: Client):
    """Whose token it was is kept also where the body is refused or the scope lacks."""
    writer = admin.as_(token_of(demo, ACME, "admin@example.com", frozenset({PEOPLE_WRITE})))
    for answer in (writer.patch(PATCH, json={}), writer.patch(PATCH, data="x"), writer.get("/v1/licenses")):
        assert answer.status_code in (400, 403, 415)
        assert shown(admin, answer.headers["TrackingID"])["actorEmail"] == "admin@example.com"

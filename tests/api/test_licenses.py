"""Licenses over HTTP: what Cisco documents of the three operations besides the decision itself.

tests/test_fidelity.py holds the list of these statements, each with the test that shows it.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import requests

from allot.core import ids
from allot.core.failure import Failure
from allot.core.scope import SCOPES
from allot.service import imports
from allot.service.grants import Granting, grant
from allot.service.service import Service
from allot.store.database import StoreError
from allot.wire.application import Application
from allot.wire.endpoint import BODY_BYTES_MAX
from allot.wire.operation import Operation, Reply, Request
from servers import Client, Server, open_service

LICENSES, PATCH = "/v1/licenses", "/v1/licenses/users"
ACME = ids.encode("ORGANIZATION", "96abc2aa-3dcc-11e5-a152-fe34819cdc9a")
GLOBEX = ids.encode("ORGANIZATION", "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704")
MESSAGING = "Advanced Messaging"
SITE = {"siteUrl": "mysite.webex.com", "accountType": "attendee"}
MEMBERS = {"id", "name", "totalUnits", "consumedUnits", "consumedByUsers", "consumedByWorkspaces"}


def by_name(client: Client, name: str) -> dict[str, Any]:
    """The first license of a name."""
    return next(each for each in client.get(LICENSES).json()["items"] if each["name"] == name)


def add(client: Client, email: str, name: str, **item: Any) -> requests.Response:
    """Ask for a license; `operation` is left to its default."""
    return client.patch(PATCH, json={"email": email, "licenses": [{"id": by_name(client, name)["id"]} | item]})


# ------------------------------------------------------------------------------- the list: GET


def test_the_list_has_all_licenses_with_their_members(admin: Client):
    """Every license has the documented members, with the documented types; those that do not apply are absent."""
    items = admin.get(LICENSES).json()["items"]
    optional = {"subscriptionId", "siteUrl", "siteType"}
    assert len({item["id"] for item in items}) == len(items) == 30
    for item in items:
        assert MEMBERS <= set(item) <= MEMBERS | optional
        assert all(type(item[name]) is int for name in MEMBERS - {"id", "name"})
        assert all(type(item[name]) is str for name in set(item) & optional)
        assert item["consumedUnits"] == item["consumedByUsers"] + item["consumedByWorkspaces"]
        assert ("siteUrl" in item) == ("siteType" in item)
    assert any("subscriptionId" not in item for item in items)
    assert any("siteUrl" not in item for item in items)
    workspaces = by_name(admin, "Webex Calling - Workspaces")
    assert (workspaces["consumedByUsers"], workspaces["consumedByWorkspaces"]) == (0, 7)
    assert by_name(admin, "Webex Calling - Professional")["subscriptionId"] == "Sub-acme-calling"


def test_a_license_shows_the_type_of_its_site(sqlite_url: str):
    """The three documented types of sites are shown as they are written."""
    types = ["Control Hub managed site", "Linked site", "Site Admin managed site"]
    document = {
        "organization": {"id": "3b1e6d0c-52aa-4f0e-9a5b-7f2d1c0e8d22", "displayName": "Types"},
        "sites": [{"siteUrl": f"s{n}.webex.com", "siteType": each} for n, each in enumerate(types)],
        "licenses": [{"offer": "MC", "key": str(n), "siteUrl": f"s{n}.webex.com"} for n in range(3)],
        "people": [{"email": "admin@types.example", "roles": ["id_full_admin"]}],
    }
    with Server(sqlite_url) as server:
        client = server.client(server.call(importing(document)))
        shown = [(each["siteUrl"], each["siteType"]) for each in client.get(LICENSES).json()["items"]]
        client.close_all()
    assert shown == [(f"s{n}.webex.com", each) for n, each in enumerate(types)]


def importing(document: dict[str, Any]) -> Callable[[Service], Any]:
    """Imports an organization; its result is a token of its first person."""

    async def run(service: Service) -> str:
        found = imports.read_document(json.dumps(document), service.rulebook)
        granting = Granting(found[0].org_id, document["people"][0]["email"], "test", frozenset(SCOPES))
        async with service.database.writing() as writing:
            await imports.save(writing, service.context, found)
            return await grant(writing, service.context, granting)

    return run


def test_the_organization_is_that_of_the_token_or_of_orgid(admin: Client):
    """Without orgId the caller's own organization is listed, with it one that the caller manages."""
    partner = admin.as_("allot-demo-partner")
    own, managed = partner.get(LICENSES).json(), partner.get(LICENSES, params={"orgId": ACME}).json()
    assert len(own["items"]) == 4
    assert managed == admin.get(LICENSES).json()
    assert partner.get(LICENSES, params={"orgId": GLOBEX}).status_code == 403


# ---------------------------------------------------------------- details: GET, with an id


def test_details_are_those_of_the_list(admin: Client):
    """A license by its id is shown as in the list, without those who hold it."""
    for item in admin.get(LICENSES).json()["items"]:
        assert admin.get(f"{LICENSES}/{item['id']}").json() == item


def test_holders_are_listed_when_they_are_asked_for(admin: Client):
    """With includeAssignedTo=user holders are shown, those of other organizations too; who was only invited is not."""
    suite = by_name(admin, "Webex Meetings Suite")
    answer = admin.get(f"{LICENSES}/{suite['id']}", params={"includeAssignedTo": "user"})
    users = {user.pop("email"): user for user in answer.json()["users"]}
    assert len(users) == suite["consumedByUsers"]
    assert users["john.andersen@example.com"] == {
        "id": ids.encode("PEOPLE", "f5b36187-c8dd-4727-8b2f-f9c447f29046"),
        "type": "INTERNAL",
        "displayName": "John Andersen",
    }
    assert users["hank.scorpio@globex.example"]["type"] == "EXTERNAL"
    meetings = by_name(admin, "Meeting - Webex Meeting Center")
    page = admin.get(f"{LICENSES}/{meetings['id']}", params={"includeAssignedTo": "user"}).json()
    assert "lin.abara@globex.example" not in {user["email"] for user in page["users"]}


def test_other_kinds_of_holders_are_not_known(admin: Client):
    """includeAssignedTo knows `user` only."""
    suite = by_name(admin, "Webex Meetings Suite")
    answer = admin.get(f"{LICENSES}/{suite['id']}", params={"includeAssignedTo": "workspace"})
    assert answer.status_code == 400
    assert "includeAssignedTo" in answer.json()["errors"][0]["description"]


def test_holders_come_in_pages(admin: Client):
    """`limit` bounds a page, and the Link header leads through all of them, each holder once."""
    basic = by_name(admin, "Basic Messaging")
    everybody = admin.get(f"{LICENSES}/{basic['id']}", params={"includeAssignedTo": "user", "limit": 0})
    assert "Link" not in everybody.headers
    found: list[dict] = []
    address = f"{admin.base}{LICENSES}/{basic['id']}?includeAssignedTo=user&limit=10"
    for _ in range(4):
        page = admin.get(address)
        assert len(page.json()["users"]) <= 10
        found += page.json()["users"]
        if "next" not in page.links:
            break
        address = page.links["next"]["url"]
        assert address.startswith(admin.base)
        assert "limit=10" in address
    assert found == everybody.json()["users"]
    assert len(found) == basic["consumedByUsers"] > 30


def test_a_page_has_300_holders_at_most(sqlite_url: str):
    """`limit` is 300 by default, and more than that is taken as 300."""
    people = [{"email": f"p{n}@many.example", "licenses": ["FMS"], "roles": ["id_full_admin"]} for n in range(305)]
    document = {
        "organization": {"id": "3b1e6d0c-52aa-4f0e-9a5b-7f2d1c0e8d23", "displayName": "Many"},
        "licenses": [{"offer": "FMS"}],
        "people": people,
    }
    with Server(sqlite_url) as server:
        client = server.client(server.call(importing(document)))
        address = f"{LICENSES}/{client.get(LICENSES).json()['items'][0]['id']}"
        for limit in ({}, {"limit": 301}, {"limit": 300}):
            page = client.get(address, params={"includeAssignedTo": "user"} | limit)
            assert len(page.json()["users"]) == 300
            assert len(client.get(page.links["next"]["url"]).json()["users"]) == 5
        client.close_all()


def test_without_holders_there_is_nothing_to_page(admin: Client):
    """`limit` and `next` mean nothing when holders are not asked for."""
    suite = by_name(admin, "Webex Meetings Suite")
    answer = admin.get(f"{LICENSES}/{suite['id']}", params={"limit": 1, "next": "nonsense!"})
    assert (answer.status_code, answer.json()) == (200, suite)
    assert "Link" not in answer.headers


def test_a_cursor_that_was_made_up_is_refused(admin: Client):
    """`next` takes what the Link header gave, and nothing else."""
    basic = by_name(admin, "Basic Messaging")
    answer = admin.get(f"{LICENSES}/{basic['id']}", params={"includeAssignedTo": "user", "next": "nonsense!"})
    assert answer.status_code == 400


def test_licenses_of_others_do_not_exist(admin: Client):
    """A license of another organization is answered as one that nobody has, with 404."""
    foreign = by_name(admin.as_("allot-demo-other-org"), MESSAGING)["id"]
    unknown = ids.encode("LICENSE", "00000000-0000-4000-8000-000000000000")
    answers = [admin.get(f"{LICENSES}/{id}") for id in (foreign, unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


# ------------------------------------------------------------------------- PATCH /licenses/users


def test_one_of_email_and_person_id_is_enough(admin: Client):
    """A person is named by email, by id, or by both when they agree; the answer has both."""
    item = {"licenses": [{"id": by_name(admin, MESSAGING)["id"], "operation": "remove"}]}
    person = {"email": "kenji.mori@example.com"}
    first = admin.patch(PATCH, json=person | item)
    id = {"personId": first.json()["personId"]}
    answers = [first, admin.patch(PATCH, json=id | item), admin.patch(PATCH, json=id | person | item)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, first.json())] * 3
    assert first.json()["email"] == person["email"]
    differing = admin.patch(PATCH, json=id | {"email": "admin@example.com"} | item)
    nobody = admin.patch(PATCH, json=item)
    assert (differing.status_code, nobody.status_code) == (400, 400)


def test_the_answer_has_the_documented_members(admin: Client):
    """200 shows organization, person, email, and all licenses and sites; pending ones only of other organizations."""
    body = add(admin, "ximena.torres@example.com", MESSAGING).json()
    assert set(body) == {"orgId", "personId", "email", "licenses", "siteUrls"}
    assert body["orgId"] == ACME
    assert body["siteUrls"] == [
        {"siteUrl": "myhostsite.webex.com", "accountType": "attendee"},
        {"siteUrl": "mysite.webex.com", "accountType": "host"},
    ]
    names = {each["id"]: each["name"] for each in admin.get(LICENSES).json()["items"]}
    assert {MESSAGING, "Basic Messaging", "Meeting - Webex Meeting Center"} <= {names[id] for id in body["licenses"]}


def test_operation_is_add_when_it_is_left_out(admin: Client):
    """Licenses and sites without an operation are added, and both can be removed."""
    license, person = by_name(admin, MESSAGING)["id"], {"email": "emeka.eze@example.com"}
    given = admin.patch(PATCH, json=person | {"licenses": [{"id": license}], "siteUrls": [SITE]}).json()
    assert license in given["licenses"]
    assert given["siteUrls"] == [SITE]
    taken = admin.patch(
        PATCH,
        json=person
        | {
            "licenses": [{"id": license, "operation": "remove"}],
            "siteUrls": [SITE | {"operation": "remove"}],
        },
    ).json()
    assert license not in taken["licenses"]
    assert taken["siteUrls"] == []


def test_only_attendee_accounts_can_be_asked_for(admin: Client):
    """`accountType` is attendee; a host account comes with a license of the site, in place of the attendee account."""
    person = {"email": "anna.svensson@example.com"}
    refused = admin.patch(PATCH, json=person | {"siteUrls": [SITE | {"accountType": "host"}]})
    assert refused.status_code == 400
    assert "siteUrls[0].accountType" in refused.json()["errors"][0]["description"]
    suite = add(admin, person["email"], "Webex Meetings Suite").json()
    assert suite["siteUrls"] == [SITE, {"siteUrl": "myhostsite.webex.com", "accountType": "host"}]


def test_what_people_of_other_organizations_get_is_pending(admin: Client):
    """Meetings licenses and attendee accounts of a person of another organization wait for them, and use no unit."""
    before = by_name(admin, "Meeting - Webex Meeting Center")
    guest = {"email": "milton.waddams@initech.example"}
    body = admin.patch(PATCH, json=guest | {"licenses": [{"id": before["id"]}], "siteUrls": []}).json()
    site = {"siteUrl": "myhostsite.webex.com", "accountType": "attendee"}
    both = admin.patch(PATCH, json=guest | {"siteUrls": [site]}).json()
    host = {"siteUrl": "mysite.webex.com", "accountType": "host"}
    assert (body["licenses"], body["siteUrls"], body["pendingLicenses"]) == ([], [], [before["id"]])
    assert both["pendingSiteUrls"] == [site, host]
    assert body["orgId"] == ids.encode("ORGANIZATION", "b7a9d2e4-51c3-4c0d-9f18-3e6b80f7a215")
    assert by_name(admin, before["name"])["consumedUnits"] == before["consumedUnits"]
    refused = add(admin, guest["email"], MESSAGING)
    assert (refused.status_code, refused.json()["errors"][0]["errorCode"]) == (400, 400)


def test_what_is_pending_can_be_taken_back(admin: Client):
    """An invitation of a person of another organization is removed as a license of others is."""
    meetings, guest = by_name(admin, "Meeting - Webex Meeting Center"), {"email": "samir.nagheenanajar@initech.example"}
    given = admin.patch(PATCH, json=guest | {"licenses": [{"id": meetings["id"]}]}).json()
    taken = admin.patch(PATCH, json=guest | {"licenses": [{"id": meetings["id"], "operation": "remove"}]}).json()
    assert (given["pendingLicenses"], taken["pendingLicenses"]) == ([meetings["id"]], [])


def test_items_that_contradict_each_other_are_refused(admin: Client):
    """A license both added and removed is a fault of form, and so is a site; the same item twice counts once."""
    license, person = by_name(admin, MESSAGING)["id"], {"email": "fatima.zahra@example.com"}
    both = [{"id": license, "operation": "add"}, {"id": license, "operation": "remove"}]
    sites = [SITE, SITE | {"operation": "remove"}]
    answer = admin.patch(PATCH, json=person | {"licenses": both, "siteUrls": sites})
    check_error(answer, 400)
    assert len(answer.json()["errors"]) == 2
    assert admin.patch(PATCH, json=person | {"licenses": both[:1] * 2, "siteUrls": sites[:1] * 2}).status_code == 200


def test_unknown_members_are_ignored(admin: Client):
    """Members that Webex does not have change nothing."""
    item = {"id": by_name(admin, MESSAGING)["id"], "color": "red"}
    body = {"email": "fatima.zahra@example.com", "licenses": [item], "shape": {"round": True}}
    assert admin.patch(PATCH, json=body).status_code == 200


def test_orgid_names_an_organization_that_the_caller_manages(admin: Client):
    """A partner changes people of an organization that it manages; others are refused alike, whether they exist."""
    item = {"licenses": [{"id": by_name(admin, MESSAGING)["id"], "operation": "remove"}]}
    body = {"email": "david.goldberg@example.com"} | item
    partner = admin.as_("allot-demo-partner")
    assert partner.patch(PATCH, json=body | {"orgId": ACME}).status_code == 200
    assert partner.patch(PATCH, json=body).status_code == 404
    unknown = ids.encode("ORGANIZATION", "00000000-0000-4000-8000-000000000000")
    answers = [partner.patch(PATCH, json=body | {"orgId": org_id}) for org_id in (GLOBEX, unknown)]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


def test_only_existing_people_can_be_assigned_a_license(admin: Client):
    """A stranger is answered with 404, and so is a person of another organization who was not introduced."""
    answers = [add(admin, email, MESSAGING) for email in ("nobody@example.com", "rosa.delgado@globex.example")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


# ------------------------------------------------------------------------------- statuses of all three

REQUESTS = [("GET", LICENSES), ("GET", f"{LICENSES}/x"), ("PATCH", PATCH)]
operations = pytest.mark.parametrize(("method", "path"), REQUESTS, ids=["list", "details", "assign"])


@operations
def test_who_is_not_known_gets_401(admin: Client, method: str, path: str):
    """Without a token, and with one that nobody has, the answer is 401."""
    for client in (admin.as_(None), admin.as_("nonsense")):
        answer = client.request(method, path, json={})
        check_error(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@operations
def test_only_an_administrator_is_allowed(admin: Client, method: str, path: str):
    """Who has no administrator role gets 403."""
    check_error(admin.as_("allot-demo-user").request(method, path, json={}), 403)


def test_a_read_only_administrator_assigns_nothing(admin: Client):
    """A read-only administrator may list licenses, and gets 403 for an assignment."""
    auditor = admin.as_("allot-demo-readonly")
    assert auditor.get(LICENSES).status_code == 200
    check_error(add(auditor, "kenji.mori@example.com", MESSAGING), 403)


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/licenses/x", "/v1/licenses/users/x"])
def test_what_is_not_there_gets_404(admin: Client, path: str):
    """A path that is none, and an id that is none, are answered with 404."""
    check_error(admin.get(path), 404)


@pytest.mark.parametrize(("method", "path"), [("POST", LICENSES), ("DELETE", f"{LICENSES}/x"), ("PUT", PATCH)])
def test_other_methods_get_405(admin: Client, method: str, path: str):
    """A method that a path does not have is answered with 405 and the ones that it has."""
    answer = admin.request(method, path, json={})
    check_error(answer, 405)
    assert answer.headers["Allow"]


def test_a_body_that_is_no_json_by_its_type_gets_415(admin: Client):
    """Another media type than JSON, or none, is answered with 415."""
    for kind in ("text/plain", None):
        check_error(admin.patch(PATCH, data=b"{}", headers={"Content-Type": kind}), 415)


def test_a_body_that_is_too_long_gets_413(admin: Client):
    """More than 1 MiB is not read; 413 is ours, since Cisco documents no limit."""
    headers = {"Content-Type": "application/json"}
    check_error(admin.patch(PATCH, data=b" " * (BODY_BYTES_MAX + 1), headers=headers), 413)


def test_all_faults_of_form_come_at_once(admin: Client):
    """400 for a malformed body names every fault with its place."""
    body = {"email": 1, "licenses": [{"operation": "keep"}], "siteUrls": [{"siteUrl": 2}]}
    answer = admin.patch(PATCH, json=body)
    check_error(answer, 400)
    told = " ".join(error["description"] for error in answer.json()["errors"])
    for place in ("email", "licenses[0].id", "licenses[0].operation", "siteUrls[0].siteUrl", "siteUrls[0].accountType"):
        assert place in told
    assert {error["errorCode"] for error in answer.json()["errors"]} == {400}


def test_more_than_500_items_are_refused(admin: Client):
    """A request has at most 500 items; the limit is ours."""
    items = [{"id": ids.encode("LICENSE", str(n))} for n in range(501)]
    answer = admin.patch(PATCH, json={"email": "kenji.mori@example.com", "licenses": items})
    check_error(answer, 400)
    assert "500" in answer.json()["errors"][0]["description"]


def test_a_wrong_type_hides_no_other_fault(admin: Client):
    """A member of the wrong type or value is named together with everything else that is wrong with the body."""
    items = [
        {"id": "a", "operation": "replace"},
        {"id": "b", "operation": "add"},
        {"id": "b", "operation": "remove"},
        {"id": "c", "properties": {"extension": "abc"}},
    ]
    answer = admin.patch(PATCH, json={"personId": "zz", "licenses": items})
    check_error(answer, 400)
    assert [error["description"].partition(":")[0] for error in answer.json()["errors"]] == [
        *("licenses[0].operation", "personId", "licenses[2].id", "licenses[3].properties.extension")
    ]


@pytest.mark.parametrize(
    ("path", "body", "member"),
    [
        ("/v1/wholesale/customers", {"orgId": 5, "provisioningId": "x", "packages": ["webex_meetings"]}, "orgId"),
        ("/v1/wholesale/subscribers/validate", {"email": "a@b.example", "customerInfo": 5}, "customerInfo"),
        ("/allot/v1/decisions", {"requests": 5}, "requests"),
        (PATCH, {"email": 5, "licenses": [{"id": "x"}]}, "email"),
    ],
)
def test_a_wrong_type_makes_no_other_fault(admin: Client, path: str, body: dict[str, Any], member: str):
    """What is asked for beside a member of the wrong type is not said to be missing instead of it."""
    answer = admin.as_("allot-demo-partner" if "wholesale" in path else "allot-demo-admin").request(
        "PATCH" if path == PATCH else "POST", path, json=body
    )
    check_error(answer, 400)
    told = {error["description"].partition(": must")[0] for error in answer.json()["errors"]}
    assert told == {member} | ({"externalId: is required", "address: is required"} if member == "orgId" else set())


def test_too_many_requests_get_429_and_a_time_to_wait(demo_sqlite_url: str):
    """Above the rate of its token a request gets 429 with Retry-After, a whole number of seconds."""
    with Server(demo_sqlite_url, rate_limit=0.1, rate_burst=2) as server:
        client = server.client()
        answers = [client.request(method, path, json={}) for method, path in [REQUESTS[0]] * 2 + REQUESTS]
        client.close_all()
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    for answer in answers[2:]:
        check_error(answer, 429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 10


def test_a_fault_of_ours_gets_500_and_says_nothing_of_it(demo_sqlite_url: str, caplog: pytest.LogCaptureFixture):
    """Whatever fails in a handler is answered with 500 in the documented body; the log has the rest."""

    async def fail(request: Request) -> Reply:
        raise ZeroDivisionError("a secret")

    async def run() -> tuple[int, dict[str, Any]]:
        async with open_service(demo_sqlite_url) as service:
            operation = Operation("GET", "/failing", fail, None, "Fail")
            return await ask(Application(service, [("", [operation])]), "/failing")

    status, body = asyncio.run(run())
    assert (status, body["errors"][0]["errorCode"]) == (500, 500)
    assert "a secret" not in str(body)
    assert "a secret" in caplog.text


@pytest.mark.parametrize(
    ("raised", "status"), [(Failure.not_found("x"), 404), (ZeroDivisionError(), 500), (StoreError("away"), 503)]
)
def test_a_closed_list_of_codes_holds_for_every_status(demo_sqlite_url: str, raised: Exception, status: int):
    """Where Cisco closes the list of codes, a fault of ours and a database that is away have a code of that list."""

    async def fail(request: Request) -> Reply:
        raise raised

    async def run() -> tuple[int, dict[str, Any]]:
        async with open_service(demo_sqlite_url) as service:
            operation = Operation("GET", "/failing", fail, None, "Fail", closed_codes=True)
            return await ask(Application(service, [("", [operation])]), "/failing")

    answered, body = asyncio.run(run())
    assert (answered, body["errors"][0]["errorCode"]) == (status, 400)


async def ask(application: Application, path: str) -> tuple[int, dict[str, Any]]:
    """Status and body of a GET, asked of an application in this process."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    request = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "scheme": "http"}
    await application(request, receive, send)
    return sent[0]["status"], msgspec.json.decode(sent[1]["body"])


@pytest.mark.parametrize("sent", ["web_1234-abc", "X" * 200, "with space", None])
def test_every_answer_has_a_tracking_id(admin: Client, sent: str | None):
    """The TrackingID is the client's when it sent a decent one, else ours; an error has it in its body too."""
    headers = {"TrackingID": sent} if sent else {}
    answers = [admin.get(LICENSES, headers=headers), admin.get(f"{LICENSES}/x", headers=headers)]
    for answer in answers:
        given = answer.headers["TrackingID"]
        assert given == sent if sent == "web_1234-abc" else given.startswith("NA_")
    assert answers[1].json()["trackingId"] == answers[1].headers["TrackingID"]


def check_error(answer: requests.Response, status: int) -> None:
    """The documented error body, with this status."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"message", "errors", "trackingId"}
    assert body["message"]
    assert body["trackingId"] == answer.headers["TrackingID"]
    for error in body["errors"]:
        assert set(error) == {"errorCode", "description"}
        assert type(error["errorCode"]) is int
        assert error["description"]


def test_faults_of_type_and_of_meaning_come_together(client: Client) -> None:
    """A body with a wrong type in one place still hears of all else that is wrong with it."""
    body = {"licenses": [{"id": 7}], "siteUrls": [{"siteUrl": "mysite.webex.com", "accountType": "host"}, 5]}
    answer = client.patch("/v1/licenses/users", json=body)
    assert answer.status_code == 400
    assert [error["description"] for error in answer.json()["errors"]] == [
        "licenses[0].id: must be a text",
        "siteUrls[1]: must be an object",
        "email, personId: one of them is required",
        "siteUrls[0].accountType: must be attendee; a host account comes with the license of the site",
    ]
    answer = client.patch("/v1/licenses/users", json={"email": 5, "orgId": 7})
    assert [error["description"] for error in answer.json()["errors"]] == [
        "email: must be a text",
        "orgId: must be a text",
        "licenses, siteUrls: at least one item is required",
    ]

"""People over HTTP, on the demo organization and on both databases."""

import json
from typing import Any

import pytest

from allot.core import ids
from allot.core.scope import SCOPES
from allot.service.service import Service
from allot.service.tokens import new_token, token_hash
from audit import wrongs
from organizations import CREATED, insert
from servers import Client, Server

READ_ONLY, USER, PARTNER, OTHER = (f"allot-demo-{name}" for name in ("readonly", "user", "partner", "other-org"))
ATTENDEE_SITE, HOST_SITE = "mysite.webex.com", "myhostsite.webex.com"
NEW = {"emails": ["new.one@example.com"], "firstName": "New", "lastName": "One"}
RIGHTS = {"licenses", "roles", "siteUrls", "invitePending", "loginEnabled", "department", "locationId", "extension"}


def find(client: Client, email: str, **query: Any) -> dict[str, Any]:
    """The person with this email."""
    found: list[dict[str, Any]] = client.get("/v1/people", params={"email": email, **query}).json()["items"]
    return found[0]


def license_of(client: Client, name: str, place: int = 0) -> str:
    """The id of a license by its name."""
    return [each["id"] for each in client.get("/v1/licenses").json()["items"] if each["name"] == name][place]


def counts(client: Client) -> dict[str, int]:
    """Units in use by license id."""
    return {each["id"]: each["consumedByUsers"] for each in client.get("/v1/licenses").json()["items"]}


def put(client: Client, person: dict[str, Any], query: str = "", **changes: Any) -> dict[str, Any]:
    """What PUT answers to the person as they were shown, with changes."""
    answer = client.put(f"/v1/people/{person['id']}{query}", json=person | changes)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def of_person(server: Server, person_id: str) -> str:
    """A new token of a person, with every scope."""

    async def add(service: Service) -> str:
        id = ids.decode("PEOPLE", person_id)
        async with service.database.writing() as writing:
            org_id = (
                await writing.rows("SELECT org_id FROM people WHERE person_id = $1 AND home_org_id = org_id", id)
            )[0][0]
            token = new_token(org_id)
            await insert(
                writing,
                "tokens",
                org_id=org_id,
                token_hash=token_hash(token),
                kind="access",
                grant_id="grant",
                person_id=id,
                name="test",
                scopes=" ".join(SCOPES),
                created=CREATED,
            )
        return token

    return server.call(add)


def descriptions(answer: Any) -> list[str]:
    return [error["description"] for error in answer.json()["errors"]]


# ------------------------------------------------------------------------------------------- list


def test_list_pages_through_everybody_once_in_the_order_of_names(client: Client, server: Server) -> None:
    """Following the Link headers shows each person once, ordered by name, and the last page has no Link."""
    seen: list[dict[str, Any]] = []
    url: str | None = "/v1/people?max=7&excludeStatus=true"
    while url:
        answer = client.get(url)
        page = answer.json()["items"]
        assert 0 < len(page) <= 7
        assert all("status" not in person for person in page)
        seen += page
        url = answer.links["next"]["url"] if "next" in answer.links else None
        assert url is None or (url.startswith(server.address + "/v1/people?") and "max=7" in url)
    stored = server.rows("SELECT COUNT(*) FROM people WHERE org_id = $1", ids.decode("ORGANIZATION", seen[0]["orgId"]))
    assert len({person["id"] for person in seen}) == len(seen) == stored[0][0]
    names = [person["displayName"].lower() for person in seen]
    assert names == sorted(names)


def test_list_finds_by_beginning_of_the_name_in_any_letter_case(client: Client) -> None:
    """`displayName` matches the beginning of a name, whatever the letter case, and nothing else."""
    found = client.get("/v1/people", params={"displayName": "JOHN "}).json()["items"]
    assert [person["displayName"] for person in found] == ["John Andersen", "John Duarte"]
    assert client.get("/v1/people", params={"displayName": "björn"}).json()["items"][0]["firstName"] == "Björn"
    assert client.get("/v1/people", params={"displayName": "ndersen"}).json()["items"] == []


def test_list_by_name_pages(client: Client) -> None:
    """A search by name keeps its filter on the next page."""
    first = client.get("/v1/people", params={"displayName": "john", "max": 1})
    second = client.get(first.links["next"]["url"])
    assert [answer.json()["items"][0]["displayName"] for answer in (first, second)] == ["John Andersen", "John Duarte"]
    assert "next" not in second.links


def test_list_by_id_shows_neither_rights_nor_presence_and_names_unknown_ids(client: Client) -> None:
    """`id` takes wire ids and UUIDs, leaves out rights and presence, and lists what was not found as it was sent."""
    john = find(client, "john.andersen@example.com")
    plain = ids.decode("PEOPLE", find(client, "user@example.com")["id"])
    unknown = ids.encode("PEOPLE", "00000000-0000-4000-8000-00000000dead")
    answer = client.get("/v1/people", params={"id": f"{john['id']},{plain},{unknown},nonsense"}).json()
    assert {person["emails"][0] for person in answer["items"]} == {"john.andersen@example.com", "user@example.com"}
    assert answer["notFoundIds"] == [unknown, "nonsense"]
    assert not any(({"status", "lastActivity"} | RIGHTS) & person.keys() for person in answer["items"])
    assert client.get("/v1/people", params={"id": ",".join(f"x{n}" for n in range(86))}).status_code == 400


def test_who_is_on_another_page_or_filtered_out_is_not_told_as_not_found(client: Client) -> None:
    """`notFoundIds` has the ids that nobody has, the same on every page and whatever else is searched."""
    john, user = (find(client, email)["id"] for email in ("john.andersen@example.com", "user@example.com"))
    first = client.get("/v1/people", params={"id": f"{john},{user},nonsense", "max": 1})
    second = client.get(first.links["next"]["url"])
    pages = [answer.json() for answer in (first, second)]
    assert {page["items"][0]["id"] for page in pages} == {john, user}
    assert [page["notFoundIds"] for page in pages] == [["nonsense"], ["nonsense"]]
    other = client.get("/v1/people", params={"id": john, "displayName": "priya"}).json()
    assert other == {"items": [], "notFoundIds": []}


def test_list_by_role_and_location(client: Client) -> None:
    """`roles` finds who has any of them, `locationId` who is reached there, and both together who is in both."""
    role = ids.encode("ROLE", "id_full_admin")
    both = f"{role},{ids.encode('ROLE', 'id_user_admin')}"
    found = client.get("/v1/people", params={"roles": both}).json()["items"]
    assert {person["emails"][0] for person in found} == {"admin@example.com", "clara.mueller@example.com"}
    assert client.get("/v1/people", params={"roles": "id_full_admin,id_user_admin"}).json()["items"] == found
    location = ids.encode("LOCATION", "63715")
    here = client.get("/v1/people", params={"locationId": location, "callingData": "true"}).json()["items"]
    assert here
    assert {person["locationId"] for person in here} == {location}
    admins = client.get("/v1/people", params={"roles": both, "locationId": location}).json()["items"]
    assert [person["emails"][0] for person in admins] == ["admin@example.com"]
    assert client.get("/v1/people", params={"locationId": "none"}).json()["items"] == []


@pytest.mark.parametrize("name", ["id", "roles"])
def test_a_list_without_an_id_does_not_find_everybody(client: Client, name: str) -> None:
    """Commas alone are refused, rather than taken as no filter."""
    answer = client.get("/v1/people", params={name: ","})
    assert answer.status_code == 400
    assert descriptions(answer) == [f"{name}: has no id; send ids separated by commas, or leave it out"]


def test_every_filter_narrows_the_search(client: Client) -> None:
    """Filters of which one would do are all applied."""
    email = "john.andersen@example.com"
    assert client.get("/v1/people", params={"email": email, "displayName": "john"}).json()["items"]
    assert client.get("/v1/people", params={"email": email, "displayName": "priya"}).json()["items"] == []
    assert client.get("/v1/people", params={"email": email, "locationId": "nowhere"}).json()["items"] == []
    role = ids.encode("ROLE", "id_full_admin")
    assert client.get("/v1/people", params={"email": email, "roles": role}).json()["items"] == []


def test_max_is_clamped_to_what_is_documented(client: Client, server: Server) -> None:
    """`max` is 100 by default, at most 100 with callingData and 50 with locationId; nothing below 1 is valid."""
    for n in range(2):
        add = [[f"bulk{n}-{k}@example.com"] for k in range(60)]
        for emails in add:
            client.post("/v1/people?minResponse=true", json={"emails": emails, "displayName": emails[0]})
    assert len(client.get("/v1/people").json()["items"]) == 100
    assert len(client.get("/v1/people?max=5000").json()["items"]) > 100
    assert len(client.get("/v1/people?max=5000&callingData=true").json()["items"]) == 100
    organization = server.rows("SELECT org_id FROM people WHERE email = $1", "bulk0-0@example.com")[0][0]
    assert organization
    assert client.get("/v1/people?max=0").status_code == 400
    assert client.get("/v1/people?max=x").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "bnVsbA", "%C3%BC", "WyJcdTAwMDAiLCJhIl0", "9" * 5000])
def test_a_cursor_that_is_none_is_refused(client: Client, cursor: str) -> None:
    """A cursor that was made up is answered with 400 and what to do."""
    answer = client.get(f"/v1/people?cursor={cursor}")
    assert answer.status_code == 400
    assert "Link header" in descriptions(answer)[0]


def test_others_search_by_email_name_or_id_and_never_see_rights(client: Client) -> None:
    """A person without a role must name whom they look for, and sees neither licenses nor roles."""
    user = client.as_(USER)
    assert user.get("/v1/people").status_code == 400
    for query in ({"email": "admin@example.com"}, {"displayName": "priya"}):
        found = user.get("/v1/people", params={**query, "callingData": "true"}).json()["items"]
        assert found[0]["displayName"] == "Priya Raman"
        assert not RIGHTS & found[0].keys()
    assert not RIGHTS & user.get(f"/v1/people/{found[0]['id']}").json().keys()
    assert user.get("/v1/people", params={"displayName": "p", "roles": "x"}).status_code == 400
    role = ids.encode("ROLE", "id_full_admin")
    assert user.get("/v1/people", params={"displayName": "p", "roles": role}).status_code == 403
    assert user.get("/v1/people", params={"displayName": "p", "locationId": "63715"}).status_code == 403


def test_organizations_do_not_see_each_other(client: Client) -> None:
    """A person of another organization is answered exactly as one that does not exist."""
    other = client.as_(OTHER)
    john = find(client, "john.andersen@example.com")
    nobody = ids.encode("PEOPLE", "00000000-0000-4000-8000-00000000dead")
    answers = [other.get(f"/v1/people/{id}") for id in (john["id"], nobody)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert descriptions(answers[0]) == descriptions(answers[1])
    assert other.get("/v1/people", params={"email": "john.andersen@example.com"}).json()["items"] == []
    assert other.get("/v1/people", params={"orgId": john["orgId"]}).status_code == 403
    assert other.put(f"/v1/people/{john['id']}", json={"displayName": "X"}).status_code == 404
    assert other.delete(f"/v1/people/{john['id']}").status_code == 404


def test_a_partner_finds_people_of_what_it_manages(client: Client) -> None:
    """An administrator of the partner lists by orgId, and finds by email and by id without it."""
    partner = client.as_(PARTNER)
    john = find(client, "john.andersen@example.com")
    assert len(partner.get("/v1/people").json()["items"]) == 2
    assert len(partner.get("/v1/people", params={"orgId": john["orgId"]}).json()["items"]) > 40
    assert find(partner, "john.andersen@example.com") == john
    assert partner.get(f"/v1/people/{john['id']}").json() == john
    assert client.get("/v1/people", params={"email": "partner@summit.example"}).json()["items"] == []


def test_people_of_a_partner_without_a_role_do_not_search_elsewhere(client: Client, server: Server) -> None:
    """Only administrators of a partner see the people of what it manages."""
    deals = find(client.as_(PARTNER), "deals@summit.example")
    john, one = find(client, "john.andersen@example.com"), client.as_(of_person(server, deals["id"]))
    query = {"email": "john.andersen@example.com"}
    assert one.get("/v1/people", params={**query, "orgId": john["orgId"]}).status_code == 403
    assert one.get("/v1/people", params=query).json()["items"] == []
    assert one.get(f"/v1/people/{john['id']}").status_code == 404
    assert one.get("/v1/people", params={"displayName": "noah", "orgId": deals["orgId"]}).json()["items"]


# ---------------------------------------------------------------------------------------- details


def test_details_show_calling_only_when_asked(client: Client) -> None:
    """Location, extension and numbers come with callingData; the work extension has the routing prefix."""
    grace = find(client, "grace.okello@example.com")
    assert not {"locationId", "extension", "phoneNumbers"} & grace.keys()
    shown = client.get(f"/v1/people/{grace['id']}?callingData=true").json()
    assert shown["locationId"] == ids.encode("LOCATION", "63715")
    assert shown["extension"] == "4104"
    assert shown["phoneNumbers"] == [
        {"type": "work", "value": "+14085550103", "primary": True},
        {"type": "work_extension", "value": "81014104", "primary": False},
    ]


def test_details_show_everything_that_applies(client: Client) -> None:
    """A person has their profile, licenses in the organization's order, sites by kind of account, and presence."""
    anna, john = find(client, "anna.svensson@example.com"), find(client, "john.andersen@example.com")
    assert anna["siteUrls"] == [f"{HOST_SITE}#attendee", f"{ATTENDEE_SITE}#attendee"]
    assert john["siteUrls"] == [HOST_SITE]
    assert john["licenses"] == [license_of(client, name) for name in ("Webex Calling - Basic", "Webex Meetings Suite")]
    assert john["lastActivity"] == "2015-10-18T14:26:16.028Z"
    assert {john[name] for name in ("invitePending", "loginEnabled")} == {"false", "true"}
    assert john["type"] == "person"
    assert (john["department"], john["manager"], john["timezone"]) == ("Sales", "John Duarte", "America/Denver")
    assert "roles" not in john
    assert find(client, "admin@example.com")["roles"] == [ids.encode("ROLE", "id_full_admin")]


def test_details_of_external_people(client: Client) -> None:
    """People of another organization have their home's id, no presence, and nothing that is still pending."""
    hank = find(client, "hank.scorpio@globex.example")
    lin = find(client, "lin.abara@globex.example")
    assert hank["orgId"] != find(client, "admin@example.com")["orgId"]
    assert hank["licenses"] == [license_of(client, "Webex Meetings Suite")]
    assert (lin["licenses"], lin["siteUrls"]) == ([], [])
    assert not {"status", "lastActivity", "invitePending", "loginEnabled"} & lin.keys()


@pytest.mark.parametrize("id", ["nonsense", "00000000-0000-4000-8000-00000000dead", "%00"])
def test_unknown_people_are_not_found(client: Client, id: str) -> None:
    """An id that is none, and one that nobody has, is answered with 404 whatever is asked of it."""
    assert client.get(f"/v1/people/{id}").status_code == 404
    assert client.put(f"/v1/people/{id}", json={"displayName": "X"}).status_code == 404
    assert client.delete(f"/v1/people/{id}").status_code == 404


def test_me_is_the_token_s_own_person(client: Client) -> None:
    """Every token reads its own person; only administrators see rights."""
    assert client.get("/v1/people/me").json() == find(client, "admin@example.com")
    me = client.as_(USER).get("/v1/people/me?callingData=true").json()
    assert me["emails"] == ["user@example.com"]
    assert not RIGHTS & me.keys()
    assert client.as_(READ_ONLY).get("/v1/people/me").json()["roles"] == [ids.encode("ROLE", "id_readonly_admin")]
    assert client.as_(None).get("/v1/people/me").status_code == 401


# ----------------------------------------------------------------------------------------- create


def test_a_new_person_gets_the_default_licenses(client: Client) -> None:
    """Without `licenses` a new person holds the default offers, invited and never signed in."""
    shown = client.post("/v1/people", json=NEW).json()
    names = {each["id"]: each["name"] for each in client.get("/v1/licenses").json()["items"]}
    assert [names[id] for id in shown["licenses"]] == [
        "Call on Webex (1:1 call, non-PSTN)",
        "Basic Messaging",
        "Basic Space Meetings",
        "Free screen share",
    ]
    assert (shown["displayName"], shown["nickName"]) == ("New One", "New")
    assert (shown["invitePending"], shown["loginEnabled"], shown["status"]) == ("true", "true", "pending")
    assert client.get(f"/v1/people/{shown['id']}").json() == shown


def test_a_new_person_gets_what_is_asked_and_can_be_given(client: Client, server: Server) -> None:
    """Licenses, calling properties and attendee sites are assigned; counters, number and journal tell it."""
    professional, suite = license_of(client, "Webex Calling - Professional"), license_of(client, "Webex Meetings Suite")
    before = counts(client)
    body = NEW | {
        "emails": [" New.One@Example.com "],
        "licenses": [professional, suite],
        "locationId": ids.encode("LOCATION", "63715"),
        "phoneNumbers": [{"type": "work", "value": "+1 408 526 7209"}],
        "extension": "4999",
        "siteUrls": [f"{ATTENDEE_SITE}#attendee", HOST_SITE],
        "title": "GM",
        "addresses": [{"type": "work", "country": "US"}],
    }
    shown = client.post("/v1/people?callingData=true", json=body).json()
    assert "errors" not in shown
    assert shown["emails"] == ["new.one@example.com"]
    assert set(shown["licenses"]) == {professional, suite, license_of(client, "Free screen share")}
    assert shown["siteUrls"] == [f"{ATTENDEE_SITE}#attendee", HOST_SITE]
    assert [number["value"] for number in shown["phoneNumbers"]] == ["+14085267209", "81014999"]
    assert (shown["title"], shown["addresses"]) == ("GM", [{"type": "work", "country": "US"}])
    after = counts(client)
    assert (after[professional], after[suite]) == (before[professional] + 1, before[suite] + 1)
    action, outcome, detail = server.rows(
        "SELECT action, outcome, detail FROM journal WHERE target_id = $1", ids.decode("PEOPLE", shown["id"])
    )[0]
    assert (action, outcome, json.loads(detail)["person"]["email"]) == ("people.create", 200, "new.one@example.com")
    assert wrongs(server.url) == []


def test_what_cannot_be_assigned_is_told_and_the_person_is_created(client: Client) -> None:
    """Unknown and refused licenses and sites are in `errors` by rule; everything else is assigned, with 200."""
    answer = client.post(
        "/v1/people",
        json=NEW
        | {
            "licenses": ["none", license_of(client, "Basic Messaging"), license_of(client, "Webex Calling - Basic")],
            "siteUrls": ["events.webex.com#attendee"],
        },
    )
    shown = answer.json()
    assert answer.status_code == 200
    assert set(shown["errors"]) == {"license-not-recognized", "calling-properties", "invalid-site"}
    assert shown["errors"]["license-not-recognized"]["code"] == "400000"
    assert "none" in shown["errors"]["license-not-recognized"]["reason"]
    assert shown["licenses"] == [license_of(client, name) for name in ("Basic Messaging", "Free screen share")]
    assert shown["siteUrls"] == []


def test_a_setting_leaves_out_what_could_not_be_assigned(demo_sqlite_url: str) -> None:
    """With partial_errors off, answers have no `errors`, which Cisco's schema does not know."""
    with Server(demo_sqlite_url, partial_errors=False) as server:
        client = server.client()
        shown = client.post("/v1/people", json=NEW | {"licenses": ["none"]}).json()
        client.close_all()
    assert "errors" not in shown
    assert shown["licenses"]


def test_a_number_alone_reaches_a_person(client: Client) -> None:
    """The location follows from the number, and without an extension none is shown."""
    body = {"licenses": [license_of(client, "Webex Calling - Basic")], "phoneNumbers": [{"value": "+14085267209"}]}
    shown = client.post("/v1/people?callingData=true", json=NEW | body).json()
    assert shown["phoneNumbers"] == [{"type": "work", "value": "+14085267209", "primary": True}]
    assert shown["locationId"] == ids.encode("LOCATION", "63715")
    assert "extension" not in shown


@pytest.mark.parametrize(
    "asked",
    [{"extension": "7555"}, {"phoneNumbers": [{"type": "work", "value": "+14085267209"}]}, {"locationId": "NjM3MTU"}],
)
def test_calling_details_without_a_calling_license_are_told(client: Client, asked: dict[str, Any]) -> None:
    """Who has no calling license gets no number, extension or location, and `errors` says so; others have no errors."""
    shown = client.post("/v1/people?callingData=true", json=NEW | asked).json()
    assert set(shown["errors"]) == {"no-calling-license"}
    assert "calling license" in shown["errors"]["no-calling-license"]["reason"]
    assert not {"extension", "locationId", "phoneNumbers"} & set(shown)
    assert set(put(client, shown, "?callingData=true", **asked)["errors"]) == {"no-calling-license"}
    assert "errors" not in put(client, shown, "?callingData=true")


def test_a_number_that_is_taken_fails_only_the_license(client: Client) -> None:
    """The person is created without the calling license, and nobody loses a number."""
    taken = {"licenses": [license_of(client, "Webex Calling - Basic")], "phoneNumbers": [{"value": "14085550101"}]}
    shown = client.post("/v1/people?callingData=true", json=NEW | taken).json()
    assert set(shown["errors"]) == {"number-unavailable"}
    assert "locationId" not in shown
    assert find(client, "admin@example.com", callingData="true")["phoneNumbers"][0]["value"] == "+14085550101"


def test_a_number_without_a_country_code_is_quoted_as_it_was_sent(client: Client) -> None:
    """The national number of Cisco's example is no other country's: the answer quotes it, and asks for E.164."""
    asked = {"licenses": [license_of(client, "Webex Calling - Basic")], "phoneNumbers": [{"value": "408 526 7209"}]}
    asked["locationId"] = ids.encode("LOCATION", "63715")
    reason = client.post("/v1/people", json=NEW | asked).json()["errors"]["number-unavailable"]["reason"]
    assert reason.startswith("Phone number 408 526 7209 for Webex Calling - Basic")
    assert reason.endswith("send it in E.164, as +12145557861")


def test_ids_in_one_text_are_read_as_in_the_documented_example(client: Client) -> None:
    """Cisco's examples write several license ids, and several role ids, into one text, separated by a comma."""
    messaging, space = license_of(client, "Basic Messaging"), license_of(client, "Basic Space Meetings")
    roles = [ids.encode("ROLE", role) for role in ("id_readonly_admin", "id_user_admin")]
    body = NEW | {"licenses": [f"{messaging},{space}"], "roles": [",".join(roles)]}
    shown = client.post("/v1/people", json=body).json()
    assert {messaging, space} <= set(shown["licenses"])
    assert shown["roles"] == roles
    assert put(client, shown, roles=[f"{roles[1]},id_full_admin"])["roles"] != roles


def test_min_response_is_the_id(client: Client) -> None:
    """minResponse leaves out everything but the id, and what could not be assigned."""
    created = client.post("/v1/people?minResponse=true", json=NEW).json()
    assert created.keys() == {"id"}
    changed = client.put(
        f"/v1/people/{created['id']}?minResponse=true", json={"displayName": "X", "licenses": ["none"]}
    )
    assert changed.json().keys() == {"id", "errors"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"displayName": "X"}, "emails"),
        ({"emails": [], "displayName": "X"}, "emails"),
        ({"emails": ["a@example.com", "no address"], "displayName": "X"}, "emails[1]"),
        ({"emails": ["no address"], "displayName": "X"}, "emails[0]"),
        ({"emails": ["a@example"], "displayName": "X"}, "emails[0]"),
        ({"emails": ["a@example.com"]}, "displayName, firstName, lastName"),
        ({"emails": ["a@example.com"], "displayName": "  "}, "displayName"),
        ({"emails": ["a@example.com"], "displayName": "x" * 257}, "displayName"),
        (NEW | {"extension": "12x"}, "extension"),
        (NEW | {"phoneNumbers": [{"value": "+14085550101"}, {"value": "+14085550102"}]}, "phoneNumbers"),
        (NEW | {"roles": ["none"]}, "roles"),
        (NEW | {"siteUrls": ["mysite.webex.com#guest"]}, "siteUrls[0]"),
        (NEW | {"siteUrls": ["x#attendee"] * 501}, "siteUrls"),
        (NEW | {"licenses": [f"x{n}" for n in range(501)]}, "licenses"),
        (NEW | {"licenses": "x"}, "licenses"),
        (NEW | {"orgId": "none"}, "orgId"),
        (NEW | {"avatar": "x" * 2001}, "avatar"),
    ],
)
def test_a_malformed_person_is_refused(client: Client, body: dict[str, Any], named: str) -> None:
    """A fault of form is answered with 400 and its field, and nobody is created."""
    answer = client.post("/v1/people", json=body)
    assert answer.status_code == 400
    assert any(description.startswith(named) for description in descriptions(answer))
    assert client.get("/v1/people?email=a@example.com").json()["items"] == []


def test_every_fault_is_named_at_once(client: Client) -> None:
    """One answer names all faults of form."""
    answer = client.post("/v1/people", json={"emails": ["x"], "extension": "x", "roles": ["x"]})
    assert len(descriptions(answer)) == 4


def test_an_email_is_of_one_person(client: Client) -> None:
    """An email that somebody of the organization has is a conflict, in any letter case, and changes nothing."""
    answer = client.post("/v1/people", json=NEW | {"emails": ["ADMIN@example.com"]})
    assert answer.status_code == 409
    assert "admin@example.com" in descriptions(answer)[0]
    user = find(client, "user@example.com")
    taken = client.put(f"/v1/people/{user['id']}", json=user | {"emails": ["admin@example.com"]})
    assert taken.status_code == 409
    assert find(client, "user@example.com") == user


def test_of_several_emails_the_first_is_used(client: Client) -> None:
    """Several emails are accepted, as documented; the person has the first one, and nobody is found by the others."""
    created = client.post("/v1/people", json=NEW | {"emails": ["first@example.com", "second@example.com"]}).json()
    assert created["emails"] == ["first@example.com"]
    changed = put(client, created, emails=["Third@example.com", "first@example.com"])
    assert changed["emails"] == ["third@example.com"]
    for other in ("first@example.com", "second@example.com"):
        assert client.get("/v1/people", params={"email": other}).json()["items"] == []


def test_a_partner_creates_people_where_it_manages(client: Client) -> None:
    """orgId names the organization of the new person, when the token manages it."""
    acme = find(client, "admin@example.com")["orgId"]
    assert client.as_(PARTNER).post("/v1/people", json=NEW | {"orgId": acme}).json()["orgId"] == acme
    assert find(client, "new.one@example.com")["orgId"] == acme
    assert client.as_(OTHER).post("/v1/people", json=NEW | {"orgId": acme}).status_code == 403


def test_only_who_may_write_creates_changes_and_deletes(client: Client) -> None:
    """Read-only administrators and people without a role are refused with 403."""
    john = find(client, "john.andersen@example.com")
    for token in (READ_ONLY, USER):
        one = client.as_(token)
        assert one.post("/v1/people", json=NEW).status_code == 403
        assert one.put(f"/v1/people/{john['id']}", json=john).status_code == 403
        assert one.delete(f"/v1/people/{john['id']}").status_code == 403


# ----------------------------------------------------------------------------------------- update


@pytest.mark.parametrize("query", ["", "?callingData=true&showAllTypes=true"])
@pytest.mark.parametrize(
    "email", ["john.andersen@example.com", "anna.svensson@example.com", "lin.abara@globex.example", "admin@example.com"]
)
def test_putting_back_what_was_shown_changes_nothing(client: Client, server: Server, email: str, query: str) -> None:
    """GET and PUT of the same body leave the person as they were, whatever they hold or have pending."""
    person = find(client, email, callingData="true" if query else "false")
    again = put(client, person, query)
    for shown in (person, again):  # the nickname is set to the first name, as is documented
        del shown["lastModified"]
        shown.pop("nickName", None)
    assert again == person
    detail = json.loads(server.rows("SELECT detail FROM journal WHERE action = 'people.update'")[0][0])
    assert (detail["items"], detail["before"]) == ([], detail["after"])


def test_put_replaces_the_profile(client: Client, server: Server) -> None:
    """Members that the body does not have are gone, the nickname follows the first name, read-only ones stay."""
    john = find(client, "john.andersen@example.com")
    body = {"displayName": "Jack A", "firstName": "Jack", "nickName": "Johnny", "status": "call", "created": "x"}
    shown = client.put(f"/v1/people/{john['id']}", json=body).json()
    assert (shown["displayName"], shown["firstName"], shown["nickName"]) == ("Jack A", "Jack", "Jack")
    assert not {"lastName", "department", "title", "manager"} & shown.keys()
    assert [shown[name] == john[name] for name in ("created", "status", "emails", "timezone", "licenses")] == [True] * 5
    assert shown["lastModified"] > john["lastModified"]
    detail = json.loads(server.rows("SELECT detail FROM journal WHERE action = 'people.update'")[0][0])
    assert detail["changes"]["displayName"] == ["John Andersen", "Jack A"]
    assert detail["changes"]["title"] == ["GM", None]
    assert client.get("/v1/people?displayName=jack").json()["items"][0]["id"] == john["id"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"firstName": "X"}, "displayName"),
        ({"displayName": "X", "loginEnabled": "perhaps"}, "loginEnabled"),
        ({"displayName": "X", "extension": "1"}, "extension"),
        ({"displayName": "X", "emails": ["x"]}, "emails[0]"),
        ({"displayName": ["X"]}, "displayName"),
    ],
)
def test_a_malformed_change_is_refused(client: Client, body: dict[str, Any], named: str) -> None:
    """A fault of form is answered with 400 and its field, and changes nothing."""
    user = find(client, "user@example.com")
    answer = client.put(f"/v1/people/{user['id']}", json=body)
    assert answer.status_code == 400
    assert descriptions(answer)[0].startswith(named)
    assert find(client, "user@example.com") == user


def test_put_changes_the_email_and_whether_one_may_sign_in(client: Client) -> None:
    """A new email and loginEnabled are kept, and the person is found by the new email only."""
    user = find(client, "user@example.com")
    shown = put(client, user, emails=["user.two@example.com"], loginEnabled=False)
    assert (shown["emails"], shown["loginEnabled"]) == (["user.two@example.com"], "false")
    assert find(client, "user.two@example.com") == shown
    assert client.get("/v1/people?email=user@example.com").json()["items"] == []


def test_put_takes_and_gives_licenses(client: Client, server: Server) -> None:
    """Licenses become what the list says; the implicit one stays, which is told."""
    user = find(client, "user@example.com")
    kept, wished = license_of(client, "Basic Messaging"), license_of(client, "Real-Time Translations", 0)
    before = counts(client)
    shown = put(client, user, licenses=[kept, license_of(client, "Webex Meetings Suite")])
    assert shown["licenses"] == [
        license_of(client, name) for name in ("Webex Meetings Suite", "Basic Messaging", "Free screen share")
    ]
    assert set(shown["errors"]) == {"screen-share-implicit"}
    assert shown["errors"]["screen-share-implicit"]["code"] == "700006"
    after = counts(client)
    advanced = license_of(client, "Advanced Messaging")
    assert after[advanced] == before[advanced] - 1
    assert wished in after
    assert wrongs(server.url) == []


def test_put_keeps_what_may_not_be_taken(client: Client) -> None:
    """A refused swap leaves the person as they were, and says why."""
    admin = find(client, "admin@example.com", callingData="true")
    professional, standard = (license_of(client, f"Webex Calling - {name}") for name in ("Professional", "Basic"))
    wish = [standard if id == professional else id for id in admin["licenses"]]
    shown = put(client, admin, "?callingData=true", licenses=wish)
    assert shown["errors"]["professional-to-standard"]["code"] == "400112"
    assert shown["licenses"] == admin["licenses"]
    assert shown["phoneNumbers"] == admin["phoneNumbers"]


def test_put_upgrades_calling_without_calling_details(client: Client, server: Server) -> None:
    """Someone who uses calling keeps number, extension and location with another calling license."""
    grace = find(client, "grace.okello@example.com", callingData="true")
    standard, professional = (license_of(client, f"Webex Calling - {name}") for name in ("Basic", "Professional"))
    wish = [professional if id == standard else id for id in grace["licenses"]]
    body = {"displayName": "Grace Okello", "licenses": wish}
    shown = client.put(f"/v1/people/{grace['id']}?callingData=true", json=body).json()
    assert "errors" not in shown
    assert professional in shown["licenses"]
    assert standard not in shown["licenses"]
    assert shown["phoneNumbers"] == grace["phoneNumbers"]
    assert wrongs(server.url) == []


def test_put_changes_number_and_extension_but_not_the_location(client: Client, server: Server) -> None:
    """A calling user moves to a free number and extension of the location; another location is refused with 400."""
    grace = find(client, "grace.okello@example.com", callingData="true")
    numbers = [{"type": "work", "value": "+14085550108"}, {"type": "work_extension", "value": "81014104"}]
    shown = put(client, grace, "?callingData=true", phoneNumbers=numbers, extension="4777")
    assert [number["value"] for number in shown["phoneNumbers"]] == ["+14085550108", "81014777"]
    london = ids.encode("LOCATION", "3c1f7a60-2b0e-4d8b-9a56-7f2f1c0e8d11")
    moved = client.put(f"/v1/people/{grace['id']}", json=grace | {"locationId": london, "displayName": "No"})
    assert moved.status_code == 400
    assert descriptions(moved)[0].startswith("locationId: cannot be changed")
    assert find(client, "grace.okello@example.com")["displayName"] == "Grace Okello"
    taken = put(client, grace, "?callingData=true", extension="4101", phoneNumbers=[])
    assert set(taken["errors"]) == {"extension-taken"}
    assert taken["extension"] == "4777"
    assert wrongs(server.url) == []


def test_put_without_calling_license_frees_the_number(client: Client) -> None:
    """Taking the calling license away frees number, extension and location, although the body repeats them."""
    grace = find(client, "grace.okello@example.com", callingData="true")
    standard = license_of(client, "Webex Calling - Basic")
    shown = put(client, grace, "?callingData=true", licenses=[id for id in grace["licenses"] if id != standard])
    assert not {"locationId", "extension", "phoneNumbers"} & shown.keys()
    given = {"licenses": [standard], "locationId": grace["locationId"], "extension": "4104"}
    new = client.post("/v1/people?callingData=true", json=NEW | given | {"phoneNumbers": [{"value": "+14085550103"}]})
    assert new.json()["phoneNumbers"] == grace["phoneNumbers"]


def test_put_makes_an_attendee_of_a_host_and_back(client: Client) -> None:
    """A host loses the license and gets #attendee; an attendee gets the license and loses #attendee."""
    john = find(client, "john.andersen@example.com")
    suite = license_of(client, "Webex Meetings Suite")
    without = [id for id in john["licenses"] if id != suite]
    attendee = put(client, john, licenses=without, siteUrls=[f"{HOST_SITE}#attendee"])
    assert attendee["siteUrls"] == [f"{HOST_SITE}#attendee"]
    assert suite not in attendee["licenses"]
    host = put(client, attendee, licenses=john["licenses"], siteUrls=[])
    assert host["siteUrls"] == [HOST_SITE]


def test_put_takes_an_attendee_account_only_with_show_all_types(client: Client) -> None:
    """An attendee site that the body leaves out stays, unless showAllTypes is true."""
    anna = find(client, "anna.svensson@example.com")
    fewer = [f"{ATTENDEE_SITE}#attendee"]
    assert put(client, anna, siteUrls=fewer)["siteUrls"] == anna["siteUrls"]
    assert put(client, anna, "?showAllTypes=true", siteUrls=fewer)["siteUrls"] == fewer


def test_put_of_external_people_changes_licenses_only(client: Client, server: Server) -> None:
    """The profile is their home's; licenses change under the rules for external people, new ones pend."""
    hank = find(client, "hank.scorpio@globex.example")
    suite, center = license_of(client, "Webex Meetings Suite"), license_of(client, "Meeting - Webex Meeting Center")
    body = {"displayName": "Other", "emails": ["x@example.com"], "title": "X", "roles": [], "licenses": [center]}
    shown = client.put(f"/v1/people/{hank['id']}", json=body).json()
    assert (shown["displayName"], shown["emails"], shown["licenses"]) == (hank["displayName"], hank["emails"], [])
    assert shown.get("title") == hank.get("title")
    pending = server.rows(
        "SELECT COUNT(*) FROM holdings WHERE person_id = $1 AND pending_until IS NOT NULL",
        ids.decode("PEOPLE", hank["id"]),
    )
    assert pending[0][0] == 1
    refused = put(client, hank, licenses=[suite, license_of(client, "Webex Calling - Professional")], extension="1234")
    assert "external-user" in refused["errors"] or "calling-properties" in refused["errors"]


def test_only_full_administrators_change_roles(client: Client, server: Server) -> None:
    """A user administrator changes people, but gives no role, not even to themselves."""
    full, clara = ids.encode("ROLE", "id_full_admin"), find(client, "clara.mueller@example.com")
    token = of_person(server, clara["id"])
    one = client.as_(token)
    refused = one.put(f"/v1/people/{clara['id']}", json=clara | {"roles": [full]})
    assert refused.status_code == 403
    assert one.post("/v1/people", json=NEW | {"roles": [full]}).status_code == 403
    assert put(one, clara, title="Lead")["title"] == "Lead"
    assert put(client, clara, roles=[full])["roles"] == [full]
    assert "roles" not in put(client, clara, roles=[])


# ----------------------------------------------------------------------------------------- delete


def test_delete_frees_everything(client: Client, server: Server) -> None:
    """Licenses, number, extension and token of a deleted person are gone, and the journal keeps what was."""
    grace = find(client, "grace.okello@example.com", callingData="true")
    one = client.as_(of_person(server, grace["id"]))
    before = counts(client)
    assert client.delete(f"/v1/people/{ids.decode('PEOPLE', grace['id'])}").status_code == 204
    assert client.get(f"/v1/people/{grace['id']}").status_code == 404
    assert client.delete(f"/v1/people/{grace['id']}").status_code == 404
    assert {id: count - (id in grace["licenses"]) for id, count in before.items()} == counts(client)
    assert one.get("/v1/people/me").status_code == 401
    detail = json.loads(server.rows("SELECT detail FROM journal WHERE action = 'people.delete'")[0][0])
    assert detail["person"]["email"] == "grace.okello@example.com"
    assert detail["before"]["calling"]["phone_number"] == "+14085550103"
    assert len(detail["before"]["licenses"]) == len(grace["licenses"])
    again = {"emails": ["grace.okello@example.com"], "displayName": "Grace", "locationId": grace["locationId"]}
    standard = {"licenses": [license_of(client, "Webex Calling - Basic")], "extension": "4104"}
    number = {"phoneNumbers": [{"value": "+14085550103"}]}
    assert client.post("/v1/people?callingData=true", json=again | standard | number).json()["extension"] == "4104"
    assert wrongs(server.url) == []


def test_delete_of_external_people_frees_what_they_had_accepted(client: Client) -> None:
    """What is pending counts nothing, before and after."""
    before, suite = counts(client), license_of(client, "Webex Meetings Suite")
    for email in ("lin.abara@globex.example", "hank.scorpio@globex.example"):
        assert client.delete(f"/v1/people/{find(client, email)['id']}").status_code == 204
    assert counts(client) == before | {suite: before[suite] - 1}


def test_nobody_deletes_themselves(client: Client) -> None:
    """Deleting oneself is a conflict."""
    answer = client.delete(f"/v1/people/{find(client, 'admin@example.com')['id']}")
    assert answer.status_code == 409
    assert find(client, "admin@example.com")


def test_of_a_partner_only_full_administrators_delete(client: Client, server: Server) -> None:
    """A partner's full administrator deletes people of a customer, its user administrator does not."""
    partner, john = client.as_(PARTNER), find(client, "john.andersen@example.com")
    deals = find(partner, "deals@summit.example")
    put(partner, deals, roles=[ids.encode("ROLE", "id_user_admin")])
    one = client.as_(of_person(server, deals["id"]))
    assert one.delete(f"/v1/people/{john['id']}").status_code == 403
    assert partner.delete(f"/v1/people/{john['id']}").status_code == 204

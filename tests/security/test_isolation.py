"""Isolation: to one organization, what belongs to another is exactly what does not exist."""

import json
import re
from typing import Any

import pytest
import requests

from allot.api.operations import OPERATIONS as WEBEX
from allot.core import ids
from allot.plane.operations import OPERATIONS as OWN
from allot.wire.operation import Operation
from audit import wrongs
from servers import Client, Server

ALL = [*(("/v1", each) for each in WEBEX), *(("/allot/v1", each) for each in OWN)]
OTHER, PARTNER = "allot-demo-other-org", "allot-demo-partner"
ACME = ids.encode("ORGANIZATION", "96abc2aa-3dcc-11e5-a152-fe34819cdc9a")
NOBODY = "00000000-0000-4000-8000-000000000000"
#: variables of paths, and members of queries and bodies, that name things
KINDS = {
    **dict.fromkeys(("personId", "id", "ownerId", "actorId"), "PEOPLE"),
    "licenseId": "LICENSE",
    "locationId": "LOCATION",
    "orgId": "ORGANIZATION",
    "number": "JOURNAL",
}
BODIES: dict[str, dict[str, Any]] = {
    "update_person": {"displayName": "Taken Over", "emails": ["taken@over.example"], "roles": [], "licenses": []},
    "update_location": {"name": "Taken over"},
    "add_phone_numbers": {"phoneNumbers": ["+12145557861"]},
    "manage_number_state": {"phoneNumbers": ["+14085267209"], "action": "DEACTIVATE"},
    "remove_phone_numbers": {"phoneNumbers": ["+14085267209"]},
    "validate_extensions": {"extensions": ["133"]},
    "update_wholesale_customer": {"packages": ["webex_meetings"]},
    "decide_review": {"approved": True},
}
#: paths of what wholesale partners have, which the other organization is not
WHOLESALE = re.compile(r"/(wholesale|subscribers|webhooks|outcomes|customers)/")


class Things:
    """One of each kind of Acme, which the other organization knows nothing of."""

    def __init__(self, admin: Client) -> None:
        calling = {"callingData": "true", "max": "1000"}
        people = [each for each in admin.get("/v1/people", params=calling).json()["items"] if each["orgId"] == ACME]
        person = next(each for each in people if each.get("phoneNumbers"))
        self.email, self.number = person["emails"][0], person["phoneNumbers"][0]["value"]
        self.ids = {
            "PEOPLE": person["id"],
            "LICENSE": admin.get("/v1/licenses").json()["items"][0]["id"],
            "LOCATION": person["locationId"],
            "ORGANIZATION": ACME,
        }
        self.nothing = {kind: ids.encode(kind, NOBODY) for kind in self.ids} | {"JOURNAL": "999999"}


@pytest.fixture
def things(client: Client) -> Things:
    return Things(client)


def said(answer: requests.Response, things: Things) -> tuple[int, str]:
    """Status and body, without tracking ids and with one name for every id and text that was asked for."""
    text = re.sub(r'"trackingId":"[^"]*"', "", answer.text)
    for found in (*things.ids.values(), *things.nothing.values(), things.email, "no@body.example", things.number):
        text = text.replace(found, "it")
    return answer.status_code, text.replace("+12145557861", "it")


def alike(one: requests.Response, other: requests.Response, things: Things) -> None:
    assert said(one, things) == said(other, things), one.request.url
    assert one.status_code < 500


def fill(path: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: known.get(KINDS.get(found[1], "?"), "x"), path)


@pytest.mark.parametrize("token", [OTHER, PARTNER])
def test_ids_in_paths(client: Client, things: Things, token: str):
    """Every operation on a thing of another organization answers as on nothing, and changes nothing.

    A partner has its own organization and those that it manages; without naming one it has its own.
    """
    caller = client.as_(token)
    for prefix, operation in ALL:
        if "{" not in operation.path or operation.path.startswith(("/journal", "/roles")):
            continue
        managed = (
            operation.path.startswith(("/people/{personId}", "/organizations")) and "features" not in operation.path
        )
        if token == PARTNER and managed and prefix == "/v1":
            continue  # documented: it manages Acme and its people
        body = {"json": BODIES.get(operation.handler.__name__, {})} if operation.body else {}
        answers = [
            caller.request(operation.method, prefix + fill(operation.path, known), **body)
            for known in (things.ids, things.nothing)
        ]
        alike(*answers, things)
        statuses = {404}
        if operation.path.endswith(".csv"):
            statuses = {403}  # a file is behind a signed address, whoever calls it
        elif token == OTHER and WHOLESALE.search(operation.path):
            statuses |= {403}
        assert answers[0].status_code in statuses, operation.path


def test_ids_in_queries(client: Client, things: Things):
    """Every parameter that names something finds a thing of another organization no more than nothing."""
    caller = client.as_(OTHER)
    for prefix, operation in ALL:
        if operation.method != "GET":
            continue
        own = caller.get("/v1/people/me").json()
        mine = {"PEOPLE": own["id"], "LOCATION": caller.get("/v1/locations").json()["items"][0]["id"], "JOURNAL": "1"}
        for parameter in operation.query:
            path = prefix + fill(operation.path, {**things.nothing, **mine})
            query = {"from": "2026-01-01", "to": "2026-12-01"} if any(each.required for each in operation.query) else {}
            for known, unknown in named(operation, parameter.name, things):
                answers = [caller.get(path, params=query | {parameter.name: each}) for each in (known, unknown)]
                alike(*answers, things)
                if parameter.name == "orgId" and "{orgId}" not in path:
                    assert answers[0].status_code == 403, path


def named(operation: Operation, parameter: str, things: Things) -> list[tuple[str, str]]:
    """What the parameter may name of another organization, each with the like that does not exist."""
    if parameter == "email":
        return [(things.email, "no@body.example")]
    if parameter == "phoneNumber":
        return [(things.number, "+12145557861")]
    kind = "LOCATION" if (parameter, operation.path) == ("id", "/locations") else KINDS.get(parameter)
    return [(things.ids[kind], things.nothing[kind])] if kind in things.ids else []


def test_ids_in_bodies(client: Client, things: Things):
    """Whatever a request for one's own people names: a thing of another organization is found no more than nothing."""
    caller = client.as_(OTHER)
    me = caller.get("/v1/people/me").json()["emails"][0]
    owned = caller.get("/v1/licenses").json()["items"]
    calling = next(each["id"] for each in owned if "Calling" in each["name"])
    here, nothing = things.ids, things.nothing

    def both(method: str, path: str, template: str) -> None:
        texts = [
            template.replace("PERSON", known["PEOPLE"])
            .replace("LICENSE", known["LICENSE"])
            .replace("LOCATION", known["LOCATION"])
            .replace("ORG", known["ORGANIZATION"])
            .replace("EMAIL", email)
            .replace("NUMBER", number)
            for known, email, number in (
                (here, things.email, things.number),
                (nothing, "no@body.example", "+12145557861"),
            )
        ]
        alike(*(caller.request(method, path, json=json.loads(text)) for text in texts), things)

    item = json.dumps([{"id": owned[0]["id"]}])
    there = '{"locationId": "LOCATION", "extension": "4711"}'
    for template in (
        f'{{"personId": "PERSON", "licenses": {item}}}',
        f'{{"email": "EMAIL", "licenses": {item}}}',
        f'{{"email": "{me}", "orgId": "ORG", "licenses": {item}}}',
        f'{{"email": "{me}", "licenses": [{{"id": "LICENSE"}}]}}',
        f'{{"email": "{me}", "licenses": [{{"id": "LICENSE", "operation": "remove"}}]}}',
        f'{{"email": "{me}", "licenses": [{{"id": "{calling}", "properties": {there}}}]}}',
        f'{{"email": "{me}", "licenses": [{{"id": "{calling}", "properties": {{"phoneNumber": "NUMBER"}}}}]}}',
    ):
        both("PATCH", "/v1/licenses/users", template)
        both("POST", "/allot/v1/decisions", template)
    both("POST", "/v1/people", '{"displayName": "x", "emails": ["x@x.example"], "orgId": "ORG"}')


def test_nothing_was_changed(server: Server, client: Client, things: Things):
    """After all that, the other organization's data is as before, and its journal tells of none of it."""
    before = server.rows("SELECT org_id, entries FROM organizations ORDER BY org_id")
    test_ids_in_paths(client, things, OTHER)
    test_ids_in_queries(client, things)
    counts = dict(server.rows("SELECT org_id, entries FROM organizations ORDER BY org_id"))
    assert counts == dict(before)
    assert client.get("/v1/people/" + things.ids["PEOPLE"]).json()["displayName"] != "Taken Over"
    assert wrongs(server.url) == []


def test_not_found_ids_are_as_they_were_sent(client: Client, things: Things):
    """Ids of others are among those that were not found, next to ids of nobody and what is no id."""
    sent = [things.ids["PEOPLE"], things.nothing["PEOPLE"], "nonsense"]
    found = client.as_(OTHER).get("/v1/people", params={"id": ",".join(sent)}).json()
    assert found == {"items": [], "notFoundIds": sent}


def test_somebody_of_two_organizations_is_two_people(client: Client):
    """What one organization gives to a person of another one is not seen at home, nor the other way round."""
    home, away = client.as_(OTHER), client
    email = "hank.scorpio@globex.example"
    [at_home] = home.get("/v1/people", params={"email": email}).json()["items"]
    [abroad] = away.get("/v1/people", params={"email": email}).json()["items"]
    assert at_home["id"] == abroad["id"]
    assert not set(at_home["licenses"]) & set(abroad["licenses"])
    assert {"loginEnabled", "invitePending"} <= set(at_home)
    assert not {"loginEnabled", "invitePending"} & set(abroad)
    owned = {each["id"] for each in away.get("/v1/licenses").json()["items"]}
    assert set(abroad["licenses"]) <= owned
    changed = {"displayName": "Renamed", "title": "Nobody", "emails": ["renamed@example.com"], "roles": []}
    assert away.put(f"/v1/people/{abroad['id']}", json=changed | {"licenses": abroad["licenses"]}).status_code == 200
    assert home.get(f"/v1/people/{at_home['id']}").json() == at_home
    assert away.delete(f"/v1/people/{abroad['id']}").status_code == 204
    assert home.get(f"/v1/people/{at_home['id']}").json() == at_home


def test_everything_needs_a_token(client: Client):
    """Without a token every operation is refused, but for those that give tokens or are open on this machine."""
    open_ = {f"{prefix}{each.path}" for prefix, each in ALL if each.rights is None}
    assert open_ == {
        "/v1/access_token",
        *(f"/allot/v1/{name}" for name in ("health", "readiness", "metrics", "rulebook", "docs", "clock")),
        *(f"/allot/v1/openapi/{name}.json" for name in ("webex", "allot")),
        "/allot/v1/reports/{orgId}/{reportId}.csv",  # the address itself is the right to it
    }
    for prefix, operation in ALL:
        if operation.rights is not None:
            for path in (prefix + operation.path, operation.path if prefix == "/v1" else prefix + operation.path):
                assert client.as_(None).request(operation.method, fill(path, {})).status_code == 401

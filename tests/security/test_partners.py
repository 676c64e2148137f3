"""Partners: to each of them, the customers of all others are exactly what does not exist."""

import re
from typing import Any

import pytest
import requests

from allot.api.operations import OPERATIONS as WEBEX
from allot.api.partners import ON_BEHALF
from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from allot.plane.operations import OPERATIONS as OWN
from allot.wire.operation import Operation
from servers import Client, Server
from wholesale import PATH, TEMPLATES, TOKEN, body, faults, new_id, switch, token_of, work

NOBODY = ids.encode("ENTERPRISE", "00000000-0000-4000-8000-000000000000")
ALL = (PARTNER, FOOTHILL, VALLEY)
TABLES = ("customers", "packages", "runs", "steps", "organizations", "licenses", "locations", "journal")
MORE = ("subscribers", "webhooks", "deliveries", "outcomes", "reports", "usage", "people", "free_accounts")
SUBSCRIBERS = "/v1/wholesale/subscribers"
REPORTS = "/v1/wholesale/billing/reports"
UUID = "00000000-0000-4000-8000-000000000000"
#: every variable of the paths of wholesale -> what nobody has
NOBODY_S = {
    "customerId": NOBODY,
    "subscriberId": ids.encode("SUBSCRIBER", UUID),
    "id": ids.encode("BILLING_REPORT", UUID),
    "webhookId": UUID,
    "outcomeId": UUID,
}
#: whoever's they are, these are numbers
NUMBERS = {"run": "1", "deliveryId": "1.0"}


@pytest.fixture(scope="module")
def world(demo: Server) -> dict[str, dict[str, Any]]:
    """Of each partner a client token and a customer, which is provisioned."""
    switch(demo, VALLEY, "active")
    tokens = {org_id: token_of(demo, org_id) for org_id in ALL}
    made = {}
    for org_id, token in tokens.items():
        client = demo.client(token)
        id = new_id(client.post(PATH, json=body(f"of-{org_id[:8]}", org_id)))
        demo.call(work)
        made[org_id] = client.get(f"{PATH}/{id}").json() | {"token": token}
        client.close_all()
    return made


def said(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, re.sub(r'"trackingId":"[^"]*"', "", answer.text)


@pytest.mark.parametrize("mine", ALL)
def test_customers_of_others_are_not_there(demo: Server, admin: Client, world: Any, mine: str):
    """Whatever is done with the id of another's customer is answered as with an id of nobody, and changes nothing.

    That holds between a partner and its sub-partners too: it must say on whose behalf it calls.
    """
    client = admin.as_(world[mine]["token"])
    before = [demo.rows(f"SELECT COUNT(*) FROM {table}") for table in TABLES]
    for other in ALL:
        if other == mine:
            continue
        for method, sent, query in (
            ("GET", None, {}),
            ("GET", None, {"includePackageLicenseInfo": "true"}),
            ("PUT", {"packages": ["webex_voice"], "externalId": "taken-over"}, {}),
            ("PUT", {"packages": ["webex_voice"]}, {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", mine)}),
            ("DELETE", None, {}),
        ):
            answers = [
                client.request(method, f"{PATH}/{id}", json=sent, params=query) for id in (world[other]["id"], NOBODY)
            ]
            assert said(answers[0]) == said(answers[1])
            assert answers[0].status_code == 404
        for name in ("externalId", "orgId"):
            assert client.get(PATH, params={name: world[other][name]}).json() == {"items": []}
    seen = {each["id"] for each in client.get(PATH).json()["items"]}
    assert seen & {world[org_id]["id"] for org_id in ALL} == {world[mine]["id"]}
    assert [demo.rows(f"SELECT COUNT(*) FROM {table}") for table in TABLES] == before


@pytest.mark.parametrize("mine", ALL)
def test_organizations_of_others_customers_are_not_there(admin: Client, world: Any, mine: str):
    """The organization of another's customer is no more to be read, listed or mapped than none."""
    client = admin.as_(world[mine]["token"])
    listed = {each["id"] for each in client.get("/v1/organizations").json()["items"]}
    assert world[mine]["orgId"] in listed
    nothing = ids.encode("ORGANIZATION", "00000000-0000-4000-8000-000000000000")
    for other in ALL:
        if other == mine:
            continue
        org_id = world[other]["orgId"]
        assert org_id not in listed
        for path in ("/v1/locations", "/v1/licenses", "/v1/people"):
            answers = [client.get(path, params={"orgId": each}) for each in (org_id, nothing)]
            assert said(answers[0]) == said(answers[1])
            assert answers[0].status_code == 403
        answers = [client.get(f"/v1/organizations/{each}") for each in (org_id, nothing)]
        assert [answer.status_code for answer in answers] == [404, 404]
        orders = [client.post(PATH, json=body("", mine, orgId=each, customerInfo=None)) for each in (org_id, nothing)]
        assert said(orders[0]) == said(orders[1])
        assert orders[0].status_code == 403


def test_templates_are_one_s_own(admin: Client, world: Any):
    """A provisioning id of another partner is refused as one of nobody."""
    for mine in ALL:
        client = admin.as_(world[mine]["token"])
        told = [
            faults(client.post(PATH, json=body(provisioningId=id)))
            for id in ({id for org_id, id in TEMPLATES.items() if org_id != mine} | {"bm9ib2R5"})
        ]
        assert told == [["provisioningId: is none of this partner's templates; copy it from the template"]] * 3


@pytest.mark.parametrize("mine", [FOOTHILL, VALLEY])
def test_sub_partners_act_for_nobody_else(admin: Client, world: Any, mine: str):
    """A sub-partner's token acts neither for its parent nor for its siblings; its parent acts for both."""
    client, parent = admin.as_(world[mine]["token"]), admin.as_(TOKEN)
    for other in ALL:
        query = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", other)}
        path = f"{PATH}/{world[other]['id']}"
        expected = 200 if other == mine else 403
        assert [client.get(each, params=query).status_code for each in (PATH, path)] == [expected] * 2
        assert parent.get(path, params=query).status_code == 200
    assert client.get("/v1/wholesale/subPartners").json()["items"] == []


def test_an_organization_that_is_no_partner_sees_nothing(admin: Client, world: Any):
    """Every operation of wholesale is 403 for an organization that is no partner, whatever it names."""
    for token in ("allot-demo-admin", "allot-demo-other-org"):
        client = admin.as_(token)
        for path in (PATH, f"{PATH}/{world[PARTNER]['id']}", f"{PATH}/{NOBODY}"):
            [told] = faults(client.get(path), 403)
            assert told.startswith("The organization of the token is no wholesale partner")
        behalf = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", FOOTHILL)}
        [told] = faults(client.post(PATH, json=body("", FOOTHILL), params=behalf), 403)
        assert told.startswith("The organization of the token is no wholesale partner")


def named() -> list[tuple[str, Operation]]:
    """Every operation of wholesale and of allot's own plane that names something of a partner in its path."""
    found = [("/v1", each) for each in WEBEX if ON_BEHALF in each.query or each.path.startswith("/wholesale")]
    found += [("/allot/v1", each) for each in OWN if ON_BEHALF in each.query]
    return [(prefix, each) for prefix, each in found if any(f"{{{name}}}" in each.path for name in NOBODY_S)]


@pytest.fixture(scope="module")
def things(demo: Server, world: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Of each partner, one of all that paths can name, and a location of its customer."""
    found = {}
    for org_id, customer in world.items():
        client = demo.client(customer["token"])
        sent = {"customerId": customer["id"], "email": f"one@{org_id[:8]}.example", "package": "webex_meetings"}
        subscriber = client.post(SUBSCRIBERS, json=sent | {"provisioningParameters": {}}).json()
        report = client.post("/allot/v1/reports", json={"type": "USER"}).json()
        webhook = client.post("/allot/v1/webhooks", json={"url": "http://127.0.0.1:9/"}).json()
        outcome = client.post("/allot/v1/outcomes", json={"kind": "hold", "customerId": customer["id"]}).json()
        [location] = client.get("/v1/locations", params={"orgId": customer["orgId"]}).json()["items"]
        made = {"subscriberId": subscriber, "id": report, "webhookId": webhook, "outcomeId": outcome}
        ids_of = {name: str(each["id"]) for name, each in made.items()}
        found[org_id] = ids_of | {"customerId": customer["id"], "location": location["id"]}
        found[org_id]["personId"] = subscriber["personId"]
        client.close_all()
    return found


@pytest.mark.parametrize("mine", ALL)
def test_everything_of_others_is_not_there(demo: Server, admin: Client, world: Any, things: Any, mine: str):
    """Every operation answers the id of another partner's thing as one that nobody has, and changes nothing."""
    client = admin.as_(world[mine]["token"])
    bodies = {"PUT": {"packages": ["webex_meetings"]}, "POST": {"approved": True}}
    before = [demo.rows(f"SELECT COUNT(*) FROM {table}") for table in (*TABLES, *MORE)]
    for prefix, operation in named():
        sent = bodies[operation.method] if operation.body else None
        for other in set(ALL) - {mine}:
            paths = [prefix + operation.path.format_map(NUMBERS | each) for each in (things[other], NOBODY_S)]
            answers = [client.request(operation.method, path, json=sent) for path in paths]
            assert said(answers[0]) == said(answers[1]), paths
            assert answers[0].status_code == 404, paths
    assert [demo.rows(f"SELECT COUNT(*) FROM {table}") for table in (*TABLES, *MORE)] == before


@pytest.mark.parametrize("mine", ALL)
def test_things_of_others_in_bodies_and_queries_are_not_there(admin: Client, world: Any, things: Any, mine: str):
    """What a body or a query names finds a thing of another partner no more than nothing."""
    client = admin.as_(world[mine]["token"])
    nothing = NOBODY_S | {"location": ids.encode("LOCATION", UUID)}
    reach = {"email": "two@x.example", "package": "webex_calling"}
    for other in set(ALL) - {mine}:
        both = [things[other], nothing]
        for path, told in (
            (SUBSCRIBERS, {"email": "two@x.example", "package": "webex_meetings", "provisioningParameters": {}}),
            (f"{SUBSCRIBERS}/validate", {"email": "two@x.example"}),
            ("/allot/v1/outcomes", {"kind": "hold"}),
        ):
            answers = [client.post(path, json=told | {"customerId": each["customerId"]}) for each in both]
            assert said(answers[0]) == said(answers[1])
            assert answers[0].status_code == 404
        placed = [
            reach | {"provisioningParameters": {"extension": "5999", "locationId": each["location"]}} for each in both
        ]
        own = {"customerId": things[mine]["customerId"]}
        answers = [client.post(SUBSCRIBERS, json=each | own) for each in placed]
        assert said(answers[0]) == said(answers[1])
        assert answers[0].status_code == 400
        for name in ("customerId", "personId", "externalCustomerId", "email"):
            theirs = {"customerId": things[other]["customerId"], "externalCustomerId": world[other]["externalId"]}
            theirs |= {"email": f"one@{other[:8]}.example", "personId": things[other]["personId"]}
            assert client.get(SUBSCRIBERS, params={name: theirs[name]}).json() == {"items": []}
    for path, name in ((SUBSCRIBERS, "subscriberId"), (REPORTS, "id"), ("/allot/v1/outcomes", "outcomeId")):
        seen = {each["id"] for each in client.get(path).json()["items"]}
        assert seen & {things[org_id][name] for org_id in ALL} == {things[mine][name]}

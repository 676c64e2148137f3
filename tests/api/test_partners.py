"""Sub-partners over HTTP, and calls that are made on their behalf."""

from typing import Any

import pytest

from allot.cli.demo import ACME, FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from databases import Maker
from organizations import insert
from servers import Client, Server, load_demo
from wholesale import ADDRESS, PATH, TOKEN, body, faults, new_id, token_of, work

LIST = "/v1/wholesale/subPartners"
NOT_ITS_OWN = "onBehalfOfSubPartnerOrgId: is no sub-partner of the token's organization"


@pytest.fixture
def partner(admin: Client) -> Client:
    """The administrator of the demo's partner."""
    return admin.as_(TOKEN)


def wire(org_id: str) -> str:
    return ids.encode("ORGANIZATION", org_id)


def test_sub_partners_are_listed_with_their_members(partner: Client):
    """Each has its organization, subscription, state and times; the list stands below both names that Cisco uses."""
    answer = partner.get(LIST).json()
    assert list(answer) == ["items", "subPartners"]
    assert answer["items"] == answer["subPartners"]
    assert {each["orgId"]: each for each in answer["items"]} == {
        wire(FOOTHILL): {
            "orgId": wire(FOOTHILL),
            "subscriptionId": "Sub-Wholesale-2",
            "provisioningState": "active",
            "created": "2024-05-02T09:00:00.000Z",
            "billingStartDate": "2024-05-06T09:00:00.000Z",
        },
        wire(VALLEY): {
            "orgId": wire(VALLEY),
            "subscriptionId": "Sub-Wholesale-3",
            "provisioningState": "suspended",
            "created": "2024-01-15T09:00:00.000Z",
            "billingStartDate": "2024-01-22T09:00:00.000Z",
        },
    }


def test_sub_partners_are_filtered_by_state(partner: Client):
    """`provisioningState` is active or suspended, and nothing else."""

    def found(state: str) -> list[str]:
        return [each["orgId"] for each in partner.get(LIST, params={"provisioningState": state}).json()["items"]]

    assert (found("active"), found("suspended")) == ([wire(FOOTHILL)], [wire(VALLEY)])
    [told] = faults(partner.get(LIST, params={"provisioningState": "deleted"}))
    assert told == "provisioningState: must be one of active, suspended"
    [told] = faults(partner.get(LIST, params={"max": "0"}))
    assert told == "max: must be a whole number, 1 or more"


def test_sub_partners_come_in_pages(sqlite: Maker):
    """Following `next` shows every sub-partner once, `prev` leads back; filters stay in the links."""
    with sqlite.lent(load_demo) as url, Server(url) as server:

        async def grow(service: Any) -> None:
            async with service.database.writing() as writing:
                for n in range(9):
                    org_id = f"0000000{n}-0000-4000-8000-000000000000"
                    told = {"org_id": org_id, "created": "2026-01-01T00:00:00.000Z"}
                    await insert(writing, "organizations", **told, display_name=f"Sub {n}")
                    told |= {"subscription_id": "s", "state": "active", "billing_start": told["created"]}
                    await insert(writing, "partners", **told, parent_id=PARTNER)

        server.call(grow)
        client = server.client(TOKEN)
        answer = client.get(LIST, params={"max": "4", "provisioningState": "active"})
        seen = answer.json()["items"]
        while "next" in answer.links:
            answer = client.get(answer.links["next"]["url"])
            seen += answer.json()["items"]
        everybody = client.get(LIST, params={"provisioningState": "active"}).json()["items"]
        assert len(everybody) == 10
        assert seen == everybody
        while "prev" in answer.links:
            answer = client.get(answer.links["prev"]["url"])
        assert answer.json()["items"] == everybody[:4]
        client.close_all()


def test_only_partners_have_sub_partners(demo: Server, partner: Client):
    """An organization that is no partner is refused; a sub-partner has none."""
    assert faults(partner.as_("allot-demo-admin").get(LIST), 403) == [
        "The organization of the token is no wholesale partner (it lacks the entitlement wxc-wholesale)"
    ]
    assert partner.as_(token_of(demo, FOOTHILL)).get(LIST).json() == {"items": [], "subPartners": []}


def test_a_call_on_behalf_is_the_sub_partner_s(demo: Server, partner: Client):
    """What the parent does on behalf of a sub-partner is done to its customers, with its templates, in its journal."""
    there = {"onBehalfOfSubPartnerOrgId": wire(FOOTHILL)}
    own = partner.as_(token_of(demo, FOOTHILL))
    [told] = faults(partner.post(PATH, json=body("on-behalf"), params=there))
    assert told.startswith("provisioningId: is none of this partner's templates")
    [[before]] = demo.rows("SELECT entries FROM organizations WHERE org_id = $1", FOOTHILL)
    id = new_id(partner.post(PATH, json=body("on-behalf", FOOTHILL), params=there))
    demo.call(work)
    sql = "SELECT action, actor_id FROM journal WHERE org_id = $1 AND entry = $2"
    [[action, actor]] = demo.rows(sql, FOOTHILL, before + 1)
    assert action == "customers.provision"
    assert actor == ids.decode("PEOPLE", partner.get("/v1/people/me").json()["id"])
    # The sub-partner may name itself, in each form of its id.
    forms = ({}, there, {"onBehalfOfSubPartnerOrgId": FOOTHILL})
    shown = [own.get(f"{PATH}/{id}", params=query).json() for query in forms]
    assert shown == [partner.get(f"{PATH}/{id}", params=there).json()] * 3
    assert own.get(f"/v1/organizations/{shown[0]['orgId']}").status_code == 200
    assert id in [each["id"] for each in partner.get(PATH, params=there).json()["items"]]
    assert id not in [each["id"] for each in partner.get(PATH).json()["items"]]


OPERATIONS = [
    ("GET", PATH, None),
    ("POST", PATH, body()),
    ("POST", f"{PATH}/validate", {"address": ADDRESS}),
    ("GET", f"{PATH}/{{id}}", None),
    ("PUT", f"{PATH}/{{id}}", {"packages": ["webex_voice"]}),
    ("DELETE", f"{PATH}/{{id}}", None),
]


@pytest.mark.parametrize(("method", "path", "sent"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS])
def test_nobody_acts_for_others(demo: Server, partner: Client, method: str, path: str, sent: Any):
    """On behalf of what is no sub-partner of one's own every operation is 403, alike for what there is and is not."""
    [mine] = partner.get(PATH, params={"externalId": "bobs-bakery"}).json()["items"]
    address = path.format(id=mine["id"])
    nobody = "00000000-0000-4000-8000-000000000000"
    below = partner.as_(token_of(demo, FOOTHILL))
    for client, others in ((partner, (ACME, nobody, "x")), (below, (VALLEY, PARTNER, ACME, nobody))):
        for other in others:
            query = {"onBehalfOfSubPartnerOrgId": wire(other)}
            assert faults(client.request(method, address, json=sent, params=query), 403) == [NOT_ITS_OWN]
    assert partner.get(PATH, params={"externalId": "bobs-bakery"}).json()["items"] == [mine]

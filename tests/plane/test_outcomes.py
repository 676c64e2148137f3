"""Ordered outcomes and reviews over HTTP: whose they are, and what is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from servers import Client, Server
from wholesale import PATH, TOKEN, body, faults, new_id, token_of, work

OUTCOMES = "/allot/v1/outcomes"
NOBODY = ids.encode("ENTERPRISE", "00000000-0000-4000-8000-000000000000")


@pytest.fixture
def partner(demo: Server) -> Iterator[Client]:
    """The partner's administrator, on the server of the file; nothing stays ordered for the next customer."""
    client = demo.client(TOKEN)
    yield client
    demo.run("DELETE FROM outcomes WHERE customer_id IS NULL")
    client.close_all()


def behalf(org_id: str) -> dict[str, str]:
    return {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", org_id)}


def order(client: Client, **told: Any) -> dict[str, Any]:
    answer = client.post(OUTCOMES, json=told)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_an_outcome_shows_what_was_ordered(partner: Client):
    """Each kind shows what it has to say, and nothing that is of others."""
    id = new_id(partner.post(PATH, json=body()))
    shown = order(partner, kind="hold", customerId=id, target="webex_calling")
    assert set(shown) == {"id", "kind", "created", "customerId", "run", "target"}
    assert (shown["customerId"], shown["run"], shown["target"]) == (id, 1, "webex_calling")
    assert order(partner, kind="warn")["errorCode"] == 2560
    failed = order(partner, kind="fail", errorCode=7, description="No")
    assert (failed["errorCode"], failed["description"]) == (7, "No")
    assert order(partner, kind="flaky")["times"] == 1
    slow = order(partner, kind="slow", seconds=1.5)
    assert (slow["seconds"], "errorCode" in slow, "customerId" in slow) == (1.5, False, False)


def test_outcomes_are_listed_page_by_page(partner: Client):
    """All are found by following the Link header, each once."""
    made = [order(partner, kind="warn")["id"] for _ in range(3)]
    found, url = [], f"{OUTCOMES}?max=2"
    while url:
        answer = partner.get(url)
        found += [each["id"] for each in answer.json()["items"]]
        url = answer.links.get("next", {}).get("url", "")
    assert len(found) == len(set(found))
    assert set(made) <= set(found)
    assert {each["id"] for each in partner.get(f"{OUTCOMES}?max=0").json()["items"]} == set(found)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "kind"),
        ({"kind": "hold", "target": "webex_nothing"}, "target"),
        ({"kind": "warn", "target": "site"}, "target"),
        ({"kind": "warn", "errorCode": "2560"}, "errorCode"),
        ({"kind": "flaky", "times": 0}, "times"),
        ({"kind": "slow"}, "seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(partner: Client, sent: dict[str, Any], field: str):
    """A fault of input is 400 with its field, and nothing is ordered."""
    before = partner.get(f"{OUTCOMES}?max=0").json()
    [fault] = faults(partner.post(OUTCOMES, json=sent))
    assert fault.startswith(field)
    assert partner.get(f"{OUTCOMES}?max=0").json() == before


def test_what_is_not_there_is_not_found(partner: Client):
    """Customers and outcomes that there are not, are others' or have no such id are 404."""
    for id in (NOBODY, "nonsense", ids.encode("PEOPLE", "x")):
        faults(partner.post(OUTCOMES, json={"kind": "hold", "customerId": id}), 404)
        faults(partner.post(f"/allot/v1/customers/{id}/review", json={"approved": True}), 404)
    theirs = order(partner, kind="hold")["id"]
    for id in ("00000000-0000-4000-8000-000000000000", "nonsense"):
        faults(partner.delete(f"{OUTCOMES}/{id}"), 404)
    faults(partner.delete(f"{OUTCOMES}/{theirs}", params=behalf(FOOTHILL)), 404)
    assert partner.delete(f"{OUTCOMES}/{theirs}").status_code == 204
    faults(partner.delete(f"{OUTCOMES}/{theirs}"), 404)


def test_outcomes_are_of_one_partner(demo: Server, partner: Client):
    """A sub-partner's are ordered on its behalf or by itself, and seen by nobody else; a suspended one may as well."""
    mine = token_of(demo, FOOTHILL)
    for org_id in (FOOTHILL, VALLEY):
        made = partner.post(OUTCOMES, json={"kind": "hold"}, params=behalf(org_id)).json()["id"]
        listed = partner.get(f"{OUTCOMES}?max=0", params=behalf(org_id)).json()["items"]
        assert made in [each["id"] for each in listed]
        assert made not in [each["id"] for each in partner.get(f"{OUTCOMES}?max=0").json()["items"]]
    assert partner.as_(mine).get(f"{OUTCOMES}?max=0").status_code == 200
    faults(partner.as_(mine).get(OUTCOMES, params=behalf(VALLEY)), 403)
    faults(partner.as_("allot-demo-admin").get(OUTCOMES), 403)


@pytest.mark.parametrize("path", ["/outcomes", f"/customers/{NOBODY}/review"])
def test_who_may_not_provision_may_not_order(demo: Server, partner: Client, path: str):
    """It takes the scope that provisioning takes, and a role that may change things."""
    reader = token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_customers_read"}))
    sent: dict[str, Any] = {"kind": "hold", "approved": True}
    assert partner.as_(None).post(f"/allot/v1{path}", json=sent).status_code == 401
    faults(partner.as_(reader).post(f"/allot/v1{path}", json=sent), 403)
    assert partner.as_(reader).get(OUTCOMES).status_code == 200


def test_what_can_not_happen_any_more_is_refused(demo: Server, partner: Client):
    """An outcome for a step that the live run is past is 409, and so is a decision that nobody waits for."""
    order(partner, kind="hold", target="webex_meetings")
    id = new_id(partner.post(PATH, json=body()))
    demo.call(work)
    faults(partner.post(OUTCOMES, json={"kind": "fail", "customerId": id, "target": "webex_calling"}), 409)
    faults(partner.post(f"/allot/v1/customers/{id}/review", json={"approved": True}), 409)
    [fault] = faults(partner.post(f"/allot/v1/customers/{id}/review", json={}))
    assert "approved" in fault


def test_a_review_is_decided(demo: Server, partner: Client):
    """Approved, the customer shows how its packages stand; denied, an error of ours."""
    for approved, status in ((True, "provisioned"), (False, "error")):
        order(partner, kind="review")
        id = new_id(partner.post(PATH, json=body()))
        demo.call(work)
        assert partner.get(f"{PATH}/{id}").json()["status"] == "pending_rpl_review"
        decided = partner.post(f"/allot/v1/customers/{id}/review", json={"approved": approved})
        assert (decided.status_code, decided.json()["status"]) == (200, status)
        assert decided.json() == partner.get(f"{PATH}/{id}").json()
        entry = partner.get("/allot/v1/journal?max=1").json()["items"][0]
        assert (entry["action"], entry["targetId"]) == ("reviews.decide", id)
    assert decided.json()["errors"][0]["errorCode"] == 90004

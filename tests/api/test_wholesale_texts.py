"""Wholesale over HTTP: what Cisco documents of the eighteen operations that the other tests do not show.

docs/fidelity/wholesale has the list of these statements, each with the test that shows it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from official import members
from servers import Client, Server
from wholesale import ADDRESS, PATH, TOKEN, body, faults

SUBSCRIBERS = "/v1/wholesale/subscribers"
REPORTS = "/v1/wholesale/billing/reports"
SUB_PARTNERS = "/v1/wholesale/subPartners"
X = ids.encode("X", "0")
OPERATIONS = [
    ("GET", REPORTS),
    ("POST", REPORTS),
    ("GET", f"{REPORTS}/{X}"),
    ("DELETE", f"{REPORTS}/{X}"),
    ("GET", PATH),
    ("POST", PATH),
    ("GET", f"{PATH}/{X}"),
    ("PUT", f"{PATH}/{X}"),
    ("DELETE", f"{PATH}/{X}"),
    ("POST", f"{PATH}/validate"),
    ("GET", SUB_PARTNERS),
    ("GET", SUBSCRIBERS),
    ("POST", SUBSCRIBERS),
    ("GET", f"{SUBSCRIBERS}/{X}"),
    ("PUT", f"{SUBSCRIBERS}/{X}"),
    ("DELETE", f"{SUBSCRIBERS}/{X}"),
    ("POST", f"{SUBSCRIBERS}/validate"),
    ("POST", f"/v1/subscribers/{X}/emails/consentMove"),
]
operations = pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
with_body = pytest.mark.parametrize(
    ("method", "path"), [(m, p) for m, p in OPERATIONS if m in ("POST", "PUT") and "consentMove" not in p]
)


@pytest.fixture(scope="module")
def partner(demo: Server) -> Iterator[Client]:
    """The administrator of the demo's wholesale partner."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


def items(answer: requests.Response, name: str = "items") -> list[Any]:
    """The items of a list."""
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()[name]
    return found


# ---------------------------------------------------------------------------------- every operation


@operations
def test_every_operation_wants_a_token(partner: Client, method: str, path: str):
    """Without a token that is known each of the eighteen answers 401."""
    for token in (None, "nobodys-token"):
        assert partner.as_(token).request(method, path, json={}).status_code == 401


def sent(path: str) -> dict[str, Any]:
    """A body whose form is right for the operations of a path."""
    bodies = {PATH: body(), f"{PATH}/validate": {"address": ADDRESS}, f"{PATH}/{X}": {"packages": ["webex_meetings"]}}
    person = {"customerId": X, "email": "a@b.example", "package": "webex_meetings", "provisioningParameters": {}}
    period = {"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31"}
    return bodies.get(path) or (period if path == REPORTS else person)


@operations
def test_every_operation_is_for_wholesale_partners(partner: Client, method: str, path: str):
    """The administrator of an organization that is no wholesale partner gets 403 from each, whatever it sends."""
    [sentence] = faults(partner.as_("allot-demo-admin").request(method, path, json=sent(path)), 403)
    assert sentence == "The organization of the token is no wholesale partner (it lacks the entitlement wxc-wholesale)"


@pytest.mark.parametrize(
    ("method", "path"), [(m, p) for m, p in OPERATIONS if p != SUB_PARTNERS and not p.startswith(REPORTS)]
)
def test_operations_can_be_on_behalf_of_sub_partners(partner: Client, method: str, path: str):
    """The thirteen that have the parameter look at it: a sub-partner of nobody gets 403, the partner's own does not."""
    for org_id, refused in ((PARTNER[::-1], True), (FOOTHILL, False)):
        named = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", org_id)}
        answer = partner.request(method, path, params=named, json=sent(path))
        told = "onBehalfOfSubPartnerOrgId: is no sub-partner of the token's organization" in answer.text
        assert (answer.status_code == 403, told) == (refused, refused)


@operations
def test_every_operation_has_its_method(partner: Client, method: str, path: str):
    """A method that the path does not have gets 405."""
    assert partner.patch(path, json={}).status_code == 405


@with_body
def test_every_operation_with_a_body_wants_json(partner: Client, method: str, path: str):
    """A body that is no JSON by its type gets 415, and one that is none by its text 400."""
    assert partner.request(method, path, data="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert partner.request(method, path, data="{", headers={"Content-Type": "application/json"}).status_code == 400


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if X in each[1]])
def test_what_is_not_there_gets_404(partner: Client, method: str, path: str):
    """An id of nothing gets 404, and so does one of something else."""
    for id in (X, ids.encode("ORGANIZATION", PARTNER), "nonsense"):
        sent = {"packages": ["webex_meetings"]}
        assert partner.request(method, path.replace(X, id), json=sent).status_code == 404


def test_too_many_requests_get_429_and_a_time_to_wait(demo_sqlite_url: str):
    """Above the rate of its token each operation answers 429 with Retry-After."""
    with Server(demo_sqlite_url, rate_limit=0.1, rate_burst=1) as server:
        client = server.client(TOKEN)
        assert client.get(PATH).status_code == 200
        answers = [client.request(method, path, json={}) for method, path in OPERATIONS]
        client.close_all()
    assert {answer.status_code for answer in answers} == {429}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 10 for answer in answers)


# ------------------------------------------------------------------------------------- sub-partners


def test_sub_partners_are_listed_by_state(partner: Client):
    """Both of the demo's are shown, under Cisco's two names of the list; `provisioningState` leaves one."""
    answer = partner.get(SUB_PARTNERS).json()
    assert answer["items"] == answer["subPartners"]
    assert set(members(answer["items"])) == {
        *("orgId", "subscriptionId", "provisioningState", "created", "billingStartDate"),
    }
    for state, org_id in (("active", FOOTHILL), ("suspended", VALLEY)):
        [found] = items(partner.get(SUB_PARTNERS, params={"provisioningState": state}))
        assert (found["provisioningState"], ids.decode("ORGANIZATION", found["orgId"])) == (state, org_id)


def test_calls_are_made_for_sub_partners(demo: Server, partner: Client):
    """What is done on behalf of a sub-partner is its own; one that is suspended may delete and read, not provision."""
    active, suspended = ({"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", id)} for id in (FOOTHILL, VALLEY))
    assert [each["externalId"] for each in items(partner.get(PATH, params=active))] == ["tidewater-surf"]
    assert "tidewater-surf" not in str(partner.get(PATH).json())
    assert partner.post(PATH, params=active, json=body(partner=FOOTHILL)).status_code == 202
    assert items(partner.get(PATH, params=suspended)) == []
    [sentence] = faults(partner.post(PATH, params=suspended, json=body(partner=VALLEY)), 403)
    assert "is suspended: it can delete" in sentence
    assert partner.delete(f"{PATH}/{X}", params=suspended).status_code == 404


@pytest.mark.parametrize("path", [PATH, SUB_PARTNERS])
def test_lists_have_pages_by_offset(partner: Client, path: str):
    """`max` bounds a page and `offset` leaves out what comes first; Link leads to the next page and the one before."""
    every = items(partner.get(path))
    pages = [items(partner.get(path, params={"max": "1", "offset": str(n)})) for n in range(len(every))]
    assert [each for page in pages for each in page] == every
    links = partner.get(path, params={"max": "1", "offset": "1"}).links
    assert "offset=0" in links["prev"]["url"]
    assert len(every) == 2 or "offset=2" in links["next"]["url"]

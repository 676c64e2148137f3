"""Webhooks over HTTP: making, showing and removing them, and who may."""

from typing import Any

import pytest

from allot.cli.demo import FOOTHILL
from allot.core import ids
from allot.core.scope import CUSTOMERS_WRITE, SCOPES
from servers import Client, Server
from wholesale import TOKEN, faults, token_of

WEBHOOKS = "/allot/v1/webhooks"
URL = "https://example.com/events"
SUB = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", FOOTHILL)}


@pytest.fixture
def partner(demo: Server) -> Any:
    client = demo.client(TOKEN)
    yield client
    for query in ({}, SUB):
        for each in client.get(WEBHOOKS, params=query).json()["items"]:
            assert client.delete(f"{WEBHOOKS}/{each['id']}", params=query).status_code == 204
    client.close_all()


def made(client: Client, **query: str) -> dict[str, Any]:
    """A new webhook."""
    answer = client.post(WEBHOOKS, json={"url": URL}, params=query)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_webhook_is_made_shown_and_removed(partner: Client):
    """A webhook is shown as it was made, but for its secret, which only the first answer has."""
    answer = partner.post(WEBHOOKS, json={"url": URL, "types": ["customer.status", "customer.status"]})
    webhook = answer.json()
    assert answer.status_code == 201
    assert webhook.pop("secret").startswith("whsec_")
    assert webhook == {
        "id": webhook["id"],
        "url": URL,
        "types": ["customer.status"],
        "status": "active",
        "created": webhook["created"],
    }
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert partner.get(path).json() == webhook
    assert partner.get(WEBHOOKS).json() == {"items": [webhook]}
    assert partner.delete(path).status_code == 204
    assert partner.get(path).status_code == partner.delete(path).status_code == 404
    assert partner.get(WEBHOOKS).json() == {"items": []}


def test_a_webhook_without_types_gets_all(partner: Client):
    """Who names no types gets every type; each webhook has a secret of its own."""
    one, other = made(partner), made(partner)
    assert one["types"] == ["customer.status", "package.status", "subscriber.status"]
    assert one["secret"] != other["secret"]


@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        ({}, ["url"]),
        ({"url": 7}, ["url"]),
        ({"url": "nowhere"}, ["url: must begin with", "url: has no host"]),
        ({"url": URL, "types": ["customer.made", "x"]}, ["types: customer.made is no type", "types: x is no type"]),
        ({"url": "https://u:p@example.com", "types": ["x"]}, ["url: must not have a user", "types: x is no type"]),
    ],
)
def test_bad_webhooks_are_refused(partner: Client, body: dict, sentences: list[str]):
    """Every fault of a webhook is told in one answer."""
    found = faults(partner.post(WEBHOOKS, json=body))
    assert len(found) == len(sentences)
    assert all(sentence in fault for sentence, fault in zip(sentences, found, strict=True))


def test_there_are_twenty_webhooks_at_most(partner: Client):
    """A partner has twenty webhooks at most; its sub-partners have their own."""
    for _ in range(20):
        made(partner)
    assert "Delete one of them first" in faults(partner.post(WEBHOOKS, json={"url": URL}), 409)[0]
    made(partner, **SUB)
    assert len(partner.get(WEBHOOKS).json()["items"]) == 20


@pytest.mark.parametrize("id", ["6f1c1f0e-8a49-4e62-9a44-1f0d6d1b9c55", "x", "%00", "a" * 2000])
def test_what_is_not_there_is_not_found(partner: Client, id: str):
    """No id, no webhook; no dead delivery, nothing to send again."""
    path = f"{WEBHOOKS}/{id}"
    assert partner.get(path).status_code == partner.delete(path).status_code == 404
    for verb in ("test", "enable", "deliveries/resend", "deliveries/1.0/resend"):
        assert partner.post(f"{path}/{verb}").status_code == 404
    assert partner.get(f"{path}/deliveries").status_code == 404
    own = f"{WEBHOOKS}/{made(partner)['id']}/deliveries"
    for delivery in ("1.0", "1", "x", "999999999999999.0", "9" * 30):
        assert partner.post(f"{own}/{delivery}/resend").status_code == 404
    assert partner.post(f"{own}/resend").json() == {"deliveries": 0}


def test_what_waits_is_listed_in_pages(demo: Server, partner: Client):
    """What a webhook has not taken is listed page by page; tests take each other's place."""
    webhook = made(partner)
    path = f"{WEBHOOKS}/{webhook['id']}"
    for _ in range(2):
        partner.post(f"{path}/test")
    [only] = partner.get(f"{path}/deliveries").json()["items"]
    assert (only["status"], only["attempts"], only["message"]["type"]) == ("waiting", 0, "webhook.test")
    sql = """
    INSERT INTO deliveries (org_id, webhook_id, entry, event, customer_id, body, dead)
    SELECT org_id, webhook_id, entry + $2, event, 'c', body, $3 FROM deliveries
    WHERE webhook_id = $1 AND customer_id = ''
    """
    for n in range(4):
        demo.run(sql, webhook["id"], n + 1, n % 2)
    whole = partner.get(f"{path}/deliveries").json()["items"]
    assert [each["status"] for each in whole] == ["waiting", "waiting", "dead", "waiting", "dead"]
    found, address = [], f"{path}/deliveries?max=2"
    while address:
        answer = partner.get(address)
        found += answer.json()["items"]
        address = answer.links.get("next", {}).get("url", "")
    assert found == whole
    for state, count in (("dead", 2), ("open", 3)):
        assert len(partner.get(f"{path}/deliveries", params={"state": state}).json()["items"]) == count
    for cursor in ("x", "WyJ4Il0"):
        assert "cursor: is not valid" in faults(partner.get(f"{path}/deliveries", params={"cursor": cursor}))[0]


def test_webhooks_are_their_partners(demo: Server, partner: Client):
    """Nobody sees or uses the webhook of somebody else, not even that of the partner above."""
    own, theirs = made(partner), made(partner, **SUB)
    path = f"{WEBHOOKS}/{own['id']}"
    assert partner.get(f"{WEBHOOKS}/{theirs['id']}").status_code == 404
    assert partner.get(f"{WEBHOOKS}/{theirs['id']}", params=SUB).status_code == 200
    assert partner.get(path, params=SUB).status_code == 404
    sub = partner.as_(token_of(demo, FOOTHILL))
    assert [each["id"] for each in sub.get(WEBHOOKS).json()["items"]] == [theirs["id"]]
    assert sub.get(path).status_code == sub.delete(path).status_code == sub.post(f"{path}/test").status_code == 404
    assert sub.get(f"{path}/deliveries").status_code == 404
    assert faults(partner.as_("allot-demo-admin").get(WEBHOOKS), 403)
    assert partner.as_(None).get(WEBHOOKS).status_code == 401


def test_only_who_may_change_customers_sets_webhooks(demo: Server, partner: Client):
    """Making and using webhooks needs the scope for changes, and from elsewhere the one for allot's own plane."""
    org_id = str(ids.decode("ORGANIZATION", partner.get("/v1/people/me").json()["orgId"]))
    reader = partner.as_(token_of(demo, org_id, scopes=frozenset(SCOPES) - {CUSTOMERS_WRITE}))
    path = f"{WEBHOOKS}/{made(partner)['id']}"
    assert reader.get(WEBHOOKS).status_code == reader.get(path).status_code == 200
    assert reader.post(WEBHOOKS, json={"url": URL}).status_code == 403
    assert reader.delete(path).status_code == reader.post(f"{path}/test").status_code == 403
    far = {"X-Forwarded-For": "192.0.2.7"}
    outside = partner.as_(token_of(demo, org_id, scopes=frozenset({CUSTOMERS_WRITE})))
    assert outside.post(WEBHOOKS, json={"url": URL}, headers=far).status_code == 403
    assert partner.get(path, headers=far).status_code == 200


def test_the_journal_tells_of_webhooks_but_not_their_secrets(demo: Server, partner: Client):
    """Who made, tested and removed a webhook is kept; its secret is nowhere but with it."""
    webhook = made(partner)
    path = f"{WEBHOOKS}/{webhook['id']}"
    for answer in (partner.post(f"{path}/test"), partner.post(f"{path}/enable"), partner.delete(path)):
        assert answer.status_code < 300
    entries = partner.get("/allot/v1/journal", params={"max": 4}).json()["items"]
    assert [entry["action"] for entry in entries] == [
        "webhooks.delete",
        "webhooks.enable",
        "webhooks.test",
        "webhooks.create",
    ]
    assert {entry["targetId"] for entry in entries} == {webhook["id"]}
    assert entries[-1]["detail"]["url"] == URL
    assert demo.rows("SELECT 1 FROM journal WHERE detail LIKE $1", f"%{webhook['secret']}%") == []


def test_a_new_test_takes_the_place_of_an_earlier_one(partner: Client):
    """Of tests that were not taken yet the newest one is left."""
    path = f"{WEBHOOKS}/{made(partner)['id']}"
    sent = [partner.post(f"{path}/test").json()["id"] for _ in range(2)]
    assert [each["id"] for each in partner.get(f"{path}/deliveries").json()["items"]] == sent[1:]

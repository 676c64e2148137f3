"""Consents over HTTP: making free accounts, and answering for their owners."""

from typing import Any

import pytest

from allot.core import ids
from audit import wrongs
from servers import Client, Server
from wholesale import TOKEN, faults, provisioned

OWN = "/allot/v1"
PATH = "/v1/wholesale/subscribers"


@pytest.fixture
def partner(client: Client) -> Client:
    return client.as_(TOKEN)


def pending(partner: Client, customer: dict[str, Any], email: str) -> dict[str, Any]:
    """A subscriber whose email is that of a free account."""
    made = partner.post(f"{OWN}/freeAccounts", json={"email": email.upper()})
    assert (made.status_code, made.json()) == (201, {"email": email})
    body = {
        "customerId": customer["id"],
        "email": email,
        "packages": ["webex_meetings"],
        "provisioningParameters": {"firstName": "Ann", "lastName": "Lee"},
    }
    answer = partner.post(PATH, json=body)
    assert answer.status_code == 202
    shown: dict[str, Any] = answer.json()
    return shown


def test_a_consent_from_the_mail_to_the_answer(server: Server, partner: Client):
    """A free account's owner is asked, asked again, declines, agrees: each is seen, and then they are a person."""
    customer = provisioned(server, partner)
    shown = pending(partner, customer, "ann@free.example")
    consent = f"{OWN}/subscribers/{shown['id']}/consent"
    asked = partner.get(consent).json()
    assert (asked["email"], asked["mails"]) == ("ann@free.example", 1)
    assert partner.post(f"/v1/subscribers/{shown['id']}/emails/consentMove").status_code == 204
    assert partner.get(consent).json()["mails"] == 2
    declined = partner.post(f"{consent}/decline").json()
    assert (declined["status"], declined["errors"][0]["errorCode"]) == ("pending_user_migration", 90020)
    agreed = partner.post(f"{consent}/accept")
    assert (agreed.status_code, agreed.json()["status"]) == (200, "provisioned")
    assert partner.get(f"{PATH}/{shown['id']}").json() == agreed.json()
    person = partner.get(f"/v1/people/{agreed.json()['personId']}", params={"orgId": customer["orgId"]}).json()
    assert (person["emails"], person["firstName"]) == (["ann@free.example"], "Ann")
    for answer in (partner.get(consent), partner.post(f"{consent}/accept"), partner.post(f"{consent}/decline")):
        assert faults(answer, 409)[0].startswith("subscriberId: the subscriber is provisioned")
    server.stop()
    assert wrongs(server.url) == []


def test_who_may_answer(demo: Server, admin: Client):
    """Only the partner of the subscriber; what is no email makes no account; what is not there is not found."""
    partner = admin.as_(TOKEN)
    shown = pending(partner, provisioned(demo, partner), "bob@free.example")
    for token in ("allot-demo-admin", "allot-demo-other-org", "allot-demo-user"):
        assert partner.as_(token).post(f"{OWN}/freeAccounts", json={"email": "a@free.example"}).status_code == 403
        for verb in ("accept", "decline"):
            assert partner.as_(token).post(f"{OWN}/subscribers/{shown['id']}/consent/{verb}").status_code == 403
    assert faults(partner.post(f"{OWN}/freeAccounts", json={"email": "x"})) == ["email: is no email address"]
    nothing = ids.encode("SUBSCRIBER", "nothing")
    assert partner.get(f"{OWN}/subscribers/{nothing}/consent").status_code == 404
    assert partner.post(f"{OWN}/subscribers/{nothing}/consent/accept").status_code == 404

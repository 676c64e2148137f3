"""Wholesale subscribers over HTTP: what is refused and why, who may, and how lists are paged."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from allot.core import scope as scopes
from allot.core.role import READ_ONLY
from servers import Client, Server
from wholesale import TOKEN, faults, provisioned, switch, token_of

PATH = "/v1/wholesale/subscribers"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def partner(admin: Client) -> Client:
    return admin.as_(TOKEN)


@pytest.fixture(scope="module")
def customer(demo: Server) -> Iterator[dict[str, Any]]:
    """A customer of the demo's partner."""
    client = demo.client(TOKEN)
    packages = ["webex_meetings", "webex_calling", "attendant_console", "common_area_calling"]
    yield provisioned(demo, client, packages=packages)
    client.close_all()


def told(customer: dict[str, Any], email: str | None, *packages: str, **changes: Any) -> dict[str, Any]:
    """A body, with these members in place of its own; None leaves one out."""
    body = {
        "customerId": customer["id"],
        "email": email,
        "packages": list(packages or ("webex_meetings",)),
        "provisioningParameters": {"firstName": "Ann", "lastName": "Lee"},
    }
    return {member: value for member, value in (body | changes).items() if value is not None}


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no customer": ({"customerId": None}, "customerId: is required"),
    "empty customer": ({"customerId": ""}, "customerId: must not be empty"),
    "no id": ({"customerId": "x"}, "customerId: is no ENTERPRISE id"),
    "no email": ({"email": None}, "email: is required"),
    "bad email": ({"email": "ann"}, "email: is no email address"),
    "no parameters": ({"provisioningParameters": None}, "provisioningParameters: is required"),
    "neither": ({"packages": None}, "packages: send either packages or package"),
    "both": ({"package": "webex_meetings"}, "packages: send either packages or package"),
    "none": ({"packages": []}, "packages: every subscriber has one of"),
    "too many": ({"packages": ["webex_meetings"] * 51}, "packages: at most 50"),
    "unknown": ({"packages": ["x"]}, "packages[0]: `x` is no package; there are webex_calling, "),
    "long": ({"packages": ["x" * 5000]}, f"packages[0]: `{'x' * 100}` is no package; there are webex_calling, "),
    "for customers": ({"packages": ["common_area_calling"]}, "packages[0]: common_area_calling is for customers alone"),
    "two": ({"packages": ["webex_meetings", "webex_calling"]}, "packages: webex_meetings and webex_calling cannot"),
    "add-on alone": ({"packages": ["attendant_console"]}, "packages: attendant_console needs one of"),
    "not deprecated": (
        {"packages": None, "package": "cx_premium_agent"},
        "package: cx_premium_agent is none of its values; send it in packages",
    ),
    "extension": (
        {"provisioningParameters": {"extension": "x"}},
        "provisioningParameters.extension: must be 2 to 10 digits",
    ),
    "long name": (
        {"provisioningParameters": {"firstName": "x" * 257}},
        "provisioningParameters.firstName: may have at most 256",
    ),
    "long number": (
        {"provisioningParameters": {"primaryPhoneNumber": "+" * 1001}},
        "provisioningParameters.primaryPhoneNumber: at most 1000",
    ),
    "type": ({"packages": "webex_meetings"}, "packages: must be a list"),
    "unreachable": ({"packages": ["webex_calling"]}, "Each Webex Calling license should contain"),
    "not the customer's": ({"packages": ["webex_voice"]}, "packages: webex_voice is none of the customer's packages"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused(partner: Client, customer: dict[str, Any], case: str):
    """Each fault is named with its member, in the request and in its precheck, and nobody comes of it."""
    changes, said = BAD[case]
    body = told(customer, "bad@faults.example", **changes) if "email" not in changes else told(customer, **changes)
    assert any(each.startswith(said) for each in faults(partner.post(PATH, json=body)))
    if case not in ("no customer", "no parameters", "neither"):  # a precheck may be without them
        assert any(each.startswith(said) for each in faults(partner.post(f"{PATH}/validate", json=body)))
    assert partner.get(PATH, params={"email": "bad@faults.example"}).json()["items"] == []


def test_all_faults_are_told_at_once(partner: Client):
    """One answer names every fault of form."""
    body = {"customerId": "x", "email": "x", "packages": ["x"], "provisioningParameters": {"extension": "x"}}
    assert [each.partition(":")[0] for each in faults(partner.post(PATH, json=body))] == [
        *("customerId", "email", "packages[0]", "provisioningParameters.extension")
    ]


def test_unknown_subscribers_and_customers(partner: Client, customer: dict[str, Any]):
    """What is not there is 404, also for ids that are none; of a body without sense 400."""
    assert partner.post(PATH, json=told({"id": ids.encode("ENTERPRISE", NOWHERE)}, "a@a.example")).status_code == 404
    for id in (ids.encode("SUBSCRIBER", NOWHERE), "x"):
        for answer in (
            partner.get(f"{PATH}/{id}"),
            partner.put(f"{PATH}/{id}", json={"packages": ["webex_meetings"]}),
            partner.delete(f"{PATH}/{id}"),
            partner.post(f"/v1/subscribers/{id}/emails/consentMove"),
        ):
            assert faults(answer, 404) == ["subscriberId: nothing has this id"]
    shown = partner.post(PATH, json=told(customer, "put@faults.example")).json()
    path = f"{PATH}/{shown['id']}"
    for body in ({}, {"packages": []}, {"packages": ["webex_meetings"], "package": "webex_meetings"}):
        assert faults(partner.put(path, json=body))
    assert faults(partner.put(path, json={"packages": ["webex_voice"]})) == [
        "packages: webex_voice is none of the customer's packages; add it to the customer first"
    ]
    assert partner.get(path).json() == shown
    assert partner.delete(path).status_code == 204


def test_a_taken_email_is_refused_with_cisco_s_code(partner: Client, customer: dict[str, Any]):
    """An email that is a person's of another organization, or a subscriber's, is 409 with error 10022."""
    assert partner.post(PATH, json=told(customer, "Twice@A.example")).json()["email"] == "twice@a.example"
    for email in ("admin@example.com", "twice@a.example"):
        for path in (PATH, f"{PATH}/validate"):
            answer = partner.post(path, json=told(customer, email))
            assert answer.status_code == 409
            assert answer.json()["errors"] == [
                {"errorCode": 10022, "description": "The email is already associated with an existing user."}
            ]


def test_prechecks_without_a_customer(partner: Client):
    """With provisioning id and customer email, template and both emails are judged, and how somebody is called."""
    body = {
        "provisioningId": "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2",
        "email": "new@fresh.example",
        "customerInfo": {"primaryEmail": "owner@fresh.example"},
    }
    answer = partner.post(f"{PATH}/validate", json=body)
    assert (answer.status_code, answer.json()["message"]) == (200, "success")
    assert answer.json()["info"][0]["infoCode"] == 100
    for changes, status in (
        ({"provisioningId": "x"}, 400),
        ({"provisioningId": None}, 400),
        ({"customerInfo": None}, 400),
        ({"customerInfo": {"primaryEmail": "x"}}, 400),
        ({"customerInfo": {"primaryEmail": "admin@example.com"}}, 409),
        ({"email": "admin@example.com"}, 409),
        ({"packages": ["webex_suite"]}, 400),
        ({"packages": ["webex_suite"], "provisioningParameters": {"extension": "51212"}}, 200),
        ({"packages": ["webex_suite", "webex_voice"]}, 400),
    ):
        sent = {name: value for name, value in (body | changes).items() if value is not None}
        assert partner.post(f"{PATH}/validate", json=sent).status_code == status, changes


def test_lists_refuse_what_they_cannot_read(partner: Client):
    """Parameters that make no sense are named; times are milliseconds or ISO 8601; what is not there finds nothing."""
    for name, value in (
        ("max", "0"),
        ("max", "x"),
        ("offset", "-1"),
        ("sortBy", "email"),
        ("sortOrder", "up"),
        ("after", "yesterday"),
        ("lastStatusChange", "1e3"),
        ("after", "9" * 15),
        ("lastStatusChange", "9" * 16),
        ("cursor", "x"),
    ):
        assert faults(partner.get(PATH, params={name: value}))[0].startswith(name), (name, value)
    for name in ("customerId", "personId", "externalCustomerId", "email", "status"):
        assert partner.get(PATH, params={name: "nothing"}).json() == {"items": []}
    assert partner.get(PATH, params={"after": "9" * 14, "max": "1000"}).json() == {"items": []}


def test_members_are_in_cisco_s_order(partner: Client, customer: dict[str, Any]):
    """Subscribers and customers show their members, and those of an address, in the order of Cisco's examples."""
    shown = partner.post(PATH, json=told(customer, "in.order@shop.example")).json()
    assert list(shown) == [
        *("id", "personId", "email", "customerId", "externalCustomerId", "package", "status"),
        *("lastStatusChange", "created", "packages"),
    ]
    home = partner.get(f"/v1/wholesale/customers/{customer['id']}").json()
    assert list(home) == ["id", "orgId", "externalId", "address", "status", "packages", "resourceDetails"]
    members = ["addressLine1", "addressLine2", "city", "stateOrProvince", "zipOrPostalCode", "country"]
    assert list(home["address"]) == [name for name in members if name in home["address"]]


def test_links_lead_through_all_pages(partner: Client, customer: dict[str, Any]):
    """`next` leads to the end with a cursor beside its offset; `prev` leads back; neither has a comma."""
    emails = [f"page{n}@pages.example" for n in range(5)]
    for email in emails:
        assert partner.post(PATH, json=told(customer, email)).status_code == 200
    after = partner.get(PATH, params={"email": emails[0]}).json()["items"][0]["created"]
    query = {"customerId": customer["id"], "max": "2", "sortOrder": "DESC", "after": "2020-01-01T00:00:00Z"}
    answer = partner.get(PATH, params=query)
    found = [each["email"] for each in answer.json()["items"]]
    while 'rel="next"' in answer.headers.get("Link", ""):
        urls = dict(re.findall(r'<([^>,]+)>; rel="(\w+)"', answer.headers["Link"]))
        [url] = [url for url, rel in urls.items() if rel == "next"]
        assert parse_qs(urlsplit(url).query)["offset"] == [str(len(found))]
        answer = partner.get(url)
        found += [each["email"] for each in answer.json()["items"]]
    assert [each for each in found if each in emails] == emails[::-1]
    [back] = [url for url, rel in re.findall(r'<([^>,]+)>; rel="(\w+)"', answer.headers["Link"]) if rel == "prev"]
    assert partner.get(back).status_code == 200
    assert after.endswith("Z")


def test_who_may(demo: Server, partner: Client, customer: dict[str, Any]):
    """Reading takes the scope to read and a role, writing the scope to write; who is no partner may nothing."""
    shown = partner.post(PATH, json=told(customer, "rights@a.example")).json()
    path = f"{PATH}/{shown['id']}"
    reading = partner.as_(token_of(demo, PARTNER, scopes=frozenset({scopes.SUBSCRIBERS_READ})))
    assert (reading.get(path).status_code, reading.get(PATH).status_code) == (200, 200)
    others = partner.as_(token_of(demo, PARTNER, scopes=frozenset(scopes.SCOPES) - {scopes.SUBSCRIBERS_WRITE}))
    for client in (reading, others):
        for answer in (
            client.post(PATH, json=told(customer, "b@a.example")),
            client.put(path, json={"packages": ["webex_meetings"]}),
            client.delete(path),
            client.post(f"/v1/subscribers/{shown['id']}/emails/consentMove"),
        ):
            assert answer.status_code == 403
    for token in ("allot-demo-admin", "allot-demo-other-org", "allot-demo-user"):
        assert partner.as_(token).get(path).status_code == 403
        assert partner.as_(token).delete(path).status_code == 403
    deputy = token_of(demo, PARTNER, "deals@summit.example", role=READ_ONLY.id)
    assert partner.as_(deputy).get(path).status_code == 200
    assert partner.as_(deputy).delete(path).status_code == 403


def test_calls_for_sub_partners(demo: Server, partner: Client, customer: dict[str, Any]):
    """A sub-partner's subscribers are seen on its behalf alone, and a suspended one may only read and remove."""
    theirs = partner.as_(token_of(demo, FOOTHILL))
    shop = provisioned(demo, theirs, partner=FOOTHILL, packages=["webex_meetings"])
    behalf = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", FOOTHILL)}
    shown = partner.post(PATH, json=told(shop, "sub@a.example"), params=behalf).json()
    path = f"{PATH}/{shown['id']}"
    assert theirs.get(path).json() == shown
    assert (partner.get(path).status_code, partner.get(path, params=behalf).status_code) == (404, 200)
    assert partner.get(PATH, params={"email": "sub@a.example"}).json()["items"] == []
    assert len(partner.get(PATH, params=behalf).json()["items"]) == 1
    assert partner.post(PATH, json=told(shop, "b@a.example")).status_code == 404
    # A customer of the partner is none of the sub-partner's.
    assert theirs.post(PATH, json=told(customer, "b@a.example")).status_code == 404
    switch(demo, FOOTHILL, "suspended")
    try:
        for answer in (
            partner.post(PATH, json=told(shop, "b@a.example"), params=behalf),
            partner.put(path, json={"packages": ["webex_meetings"]}, params=behalf),
            partner.post(f"{PATH}/validate", json=told(shop, "b@a.example"), params=behalf),
            partner.post(f"/v1/subscribers/{shown['id']}/emails/consentMove", params=behalf),
        ):
            assert faults(answer, 403) == [
                "The sub-partner is suspended: it can delete customers and subscribers, not provision or update them"
            ]
        assert partner.get(path, params=behalf).status_code == 200
        assert partner.delete(path, params=behalf).status_code == 204
    finally:
        switch(demo, FOOTHILL, "active")
    unknown = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", NOWHERE)}
    assert partner.get(PATH, params=unknown).status_code == 403
    assert partner.get(PATH, params={"onBehalfOfSubPartnerOrgId": VALLEY}).json() == {"items": []}

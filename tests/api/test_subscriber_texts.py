"""Wholesale over HTTP: what Cisco documents of subscribers that the other tests do not show.

docs/fidelity/wholesale has the list of these statements, each with the test that shows it.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from allot.core import ids
from allot.core.subscriber import DECLINED
from servers import Client, Server
from wholesale import PATH, TOKEN, body, faults, provisioned

SUBSCRIBERS = "/v1/wholesale/subscribers"
SUB_PARTNERS = "/v1/wholesale/subPartners"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def partner(demo: Server) -> Iterator[Client]:
    """The administrator of the demo's wholesale partner."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


@pytest.fixture(scope="module")
def customer(demo: Server, partner: Client) -> dict[str, Any]:
    """A customer with the packages that subscribers are given here, and the means to call."""
    packages = ["webex_meetings", "webex_calling", "webex_suite", "webex_voice", "cx_essentials"]
    packages += ["webex_calling_standard", "attendant_console", "cx_premium_agent", "cx_standard_agent"]
    return provisioned(demo, partner, packages=packages)


def subscriber(customer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body of a subscriber, with these members in place of its own; None leaves one out."""
    told = {
        "customerId": customer["id"],
        "email": f"person{next(NUMBERS)}@texts.example",
        "packages": ["webex_meetings"],
        "provisioningParameters": {"firstName": "John", "lastName": "Andersen"},
    }
    return {name: value for name, value in (told | changes).items() if value is not None}


def reach() -> dict[str, str]:
    """Provisioning parameters of a new subscriber who can be called."""
    return {"firstName": "John", "lastName": "Andersen", "extension": f"{next(NUMBERS) + 51000}"}


def added(partner: Client, customer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A new subscriber as the answer shows them."""
    answer = partner.post(SUBSCRIBERS, json=subscriber(customer, **changes))
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def items(answer: requests.Response, name: str = "items") -> list[Any]:
    """The items of a list."""
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()[name]
    return found


def test_a_subscriber_is_answered_with_cisco_s_members(partner: Client, customer: dict[str, Any]):
    """200 has the members of Cisco's example and where to read the subscriber; GET has the same."""
    told = subscriber(customer, packages=["webex_calling"], provisioningParameters=reach())
    answer = partner.post(SUBSCRIBERS, json=told)
    shown = answer.json()
    assert answer.status_code == 200
    assert set(shown) == {
        *("id", "personId", "email", "customerId", "externalCustomerId", "package", "status", "lastStatusChange"),
        *("created", "packages"),
    }
    assert ids.decode("SUBSCRIBER", shown["id"])
    assert ids.decode("PEOPLE", shown["personId"])
    assert (shown["email"], shown["customerId"], shown["package"]) == (told["email"], customer["id"], "webex_calling")
    assert (shown["packages"], shown["status"]) == (["webex_calling"], "provisioned")
    assert shown["externalCustomerId"] == customer["externalId"]
    got = partner.get(answer.headers["Location"])
    assert (got.json(), got.headers["Location"]) == (shown, answer.headers["Location"])
    person = partner.get(f"/v1/people/{shown['personId']}", params={"orgId": customer["orgId"]}).json()
    assert (person["firstName"], person["lastName"], person["emails"]) == ("John", "Andersen", [told["email"]])
    [license] = [each for each in license_ids(partner, customer, "webex_calling") if each in person["licenses"]]
    assert ids.decode("LICENSE", license)


def license_ids(partner: Client, customer: dict[str, Any], package: str) -> list[str]:
    """The licenses of one of the customer's packages."""
    told = partner.get(f"{PATH}/{customer['id']}", params={"includePackageLicenseInfo": "true"}).json()
    return next(each["licenseIds"] for each in told["resourceDetails"]["packages"] if each["name"] == package)


def pending(partner: Client, customer: dict[str, Any]) -> dict[str, Any]:
    """A subscriber of a new free account, whose owner is asked."""
    told = subscriber(customer)
    assert partner.post("/allot/v1/freeAccounts", json={"email": told["email"]}).status_code == 201
    answer = partner.post(SUBSCRIBERS, json=told)
    shown: dict[str, Any] = answer.json()
    assert answer.status_code == 202, answer.text
    assert partner.get(answer.headers["Location"]).json() == shown
    return shown


def test_the_owner_of_a_free_account_is_asked_first(partner: Client, customer: dict[str, Any]):
    """202 and pending_user_migration without a person; the mail can be sent again until they are provisioned."""
    shown = pending(partner, customer)
    assert shown["status"] == "pending_user_migration"
    assert "personId" not in shown
    assert shown in items(partner.get(SUBSCRIBERS, params={"status": "pending_user_migration"}))
    for prefix in ("/v1", "/v1/wholesale"):
        answer = partner.post(f"{prefix}/subscribers/{shown['id']}/emails/consentMove")
        assert (answer.status_code, answer.content) == (204, b"")
    assert partner.get(f"/allot/v1/subscribers/{shown['id']}/consent").json()["mails"] == 3
    assert partner.post(f"/allot/v1/subscribers/{shown['id']}/consent/accept").status_code == 200
    moved = partner.get(f"{SUBSCRIBERS}/{shown['id']}").json()
    assert moved["status"] == "provisioned"
    assert ids.decode("PEOPLE", moved["personId"])
    assert moved["lastStatusChange"] > moved["created"]
    assert partner.post(f"/v1/subscribers/{shown['id']}/emails/consentMove").status_code == 409


def test_a_refused_move_is_an_error_of_the_subscriber(partner: Client, customer: dict[str, Any]):
    """When the owner declines the subscriber stays pending with an error; asked again it is gone."""
    shown = pending(partner, customer)
    at = f"{SUBSCRIBERS}/{shown['id']}"
    assert partner.post(f"/allot/v1/subscribers/{shown['id']}/consent/decline").status_code == 200
    told = partner.get(at).json()
    assert told["status"] == "pending_user_migration"
    assert told["errors"] == [{"errorCode": DECLINED.code, "description": DECLINED.description}]
    partner.post(f"/v1/subscribers/{shown['id']}/emails/consentMove")
    assert "errors" not in partner.get(at).json()


@pytest.mark.parametrize("path", [SUBSCRIBERS, f"{SUBSCRIBERS}/validate"])
def test_either_package_or_packages(partner: Client, customer: dict[str, Any], path: str):
    """One of the two is required, and not both; `package` has six values and says the same as a list of one."""
    assert partner.post(path, json=subscriber(customer, packages=None, package="webex_meetings")).status_code == 200
    for changes in ({"package": "webex_meetings"}, {"packages": None, "package": "cx_premium_agent"}):
        assert partner.post(path, json=subscriber(customer, **changes)).status_code == 400
    if path == SUBSCRIBERS:
        assert partner.post(path, json=subscriber(customer, packages=None)).status_code == 400


@pytest.mark.parametrize(
    "package",
    ["webex_meetings", "webex_calling", "webex_suite", "webex_voice", "cx_essentials", "webex_calling_standard"],
)
def test_the_deprecated_package_has_six_values(partner: Client, customer: dict[str, Any], package: str):
    """Each of Cisco's six values is accepted as `package`, and shown as `package` and in `packages`."""
    shown = added(partner, customer, packages=None, package=package, provisioningParameters=reach())
    assert (shown["package"], shown["packages"]) == (package, [package])
    assert partner.put(f"{SUBSCRIBERS}/{shown['id']}", json={"package": package}).json()["packages"] == [package]


def test_packages_that_subscribers_can_have(partner: Client, customer: dict[str, Any]):
    """The two of Contact Center too, and the console beside what it needs; those of customers alone are refused."""
    for names in (["cx_premium_agent"], ["cx_standard_agent"], ["webex_suite", "attendant_console"]):
        shown = added(partner, customer, packages=names, provisioningParameters=reach())
        assert shown["packages"] == names
        assert "package" not in shown
    for names in (["attendant_console"], ["webex_voice", "attendant_console"], ["webex_suite", "webex_meetings"], []):
        assert partner.post(SUBSCRIBERS, json=subscriber(customer, packages=names)).status_code == 400
    for name in ("common_area_calling", "cisco_calling_plan", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent"):
        [sentence] = faults(partner.post(SUBSCRIBERS, json=subscriber(customer, packages=[name])))
        assert sentence.startswith(f"packages[0]: {name} is for customers alone")


def test_a_calling_package_needs_number_or_extension(partner: Client, customer: dict[str, Any]):
    """Without either it is refused; who can be called already needs none, and what is sent then is ignored."""
    names = {"firstName": "John", "lastName": "Andersen"}
    [sentence] = faults(partner.post(SUBSCRIBERS, json=subscriber(customer, packages=["webex_calling"])))
    assert sentence.startswith("Each Webex Calling license should contain its own calling properties")
    met = added(partner, customer, provisioningParameters=names)
    at = f"{SUBSCRIBERS}/{met['id']}"
    assert partner.put(at, json={"packages": ["webex_calling"]}).status_code == 400
    [location] = items(partner.get("/v1/locations", params={"orgId": customer["orgId"]}))
    told = {"extension": "5221", "locationId": location["id"]}
    assert partner.put(at, json={"packages": ["webex_calling"], "provisioningParameters": told}).status_code == 200
    again = partner.put(at, json={"packages": ["webex_suite"], "provisioningParameters": {"extension": "5222"}})
    assert again.json()["packages"] == ["webex_suite"]
    found = {"orgId": customer["orgId"], "callingData": "true"}
    person = partner.get(f"/v1/people/{met['personId']}", params=found).json()
    assert (person["extension"], person["locationId"]) == ("5221", location["id"])


def test_a_number_is_taken_as_both_examples_have_it(partner: Client, customer: dict[str, Any]):
    """+12405551212 as in the example of POST, and +1-240-555-1213 as in that of PUT."""
    [location] = items(partner.get("/v1/locations", params={"orgId": customer["orgId"]}))
    at = f"/v1/telephony/config/locations/{location['id']}/numbers"
    numbers = {"phoneNumbers": ["+12405551212", "+12405551213"]}
    assert partner.post(at, params={"orgId": customer["orgId"]}, json=numbers).status_code == 201
    told = {"primaryPhoneNumber": "+12405551212"}
    first = added(partner, customer, packages=["webex_calling"], provisioningParameters=told)
    second = added(partner, customer)
    told = {"primaryPhoneNumber": "+1-240-555-1213", "extension": "5223", "locationId": location["id"]}
    changed = {"packages": ["webex_calling"], "provisioningParameters": told}
    assert partner.put(f"{SUBSCRIBERS}/{second['id']}", json=changed).status_code == 200
    for shown, number in ((first, "+12405551212"), (second, "+12405551213")):
        wanted = {"orgId": customer["orgId"], "callingData": "true"}
        person = partner.get(f"/v1/people/{shown['personId']}", params=wanted).json()
        assert number in [each["value"] for each in person["phoneNumbers"]]


@pytest.mark.parametrize(("extension", "ignored"), [("5230", {}), ("5231", {"extension": "5232", "locationId": "x"})])
def test_who_can_be_called_already_is_called_as_before(
    partner: Client, customer: dict[str, Any], extension: str, ignored: dict[str, str]
):
    """Whoever uses calling is provisioned without number and extension, and those that are sent are ignored."""
    shown = added(partner, customer)
    assert partner.delete(f"{SUBSCRIBERS}/{shown['id']}").status_code == 204
    org = {"orgId": customer["orgId"]}
    [location] = items(partner.get("/v1/locations", params=org))
    properties = {"locationId": location["id"], "extension": extension}
    license = {"id": license_ids(partner, customer, "webex_calling")[0], "properties": properties}
    given = org | {"personId": shown["personId"], "licenses": [license]}
    assert partner.patch("/v1/licenses/users", json=given).status_code == 200
    told: dict[str, Any] = {"email": shown["email"], "packages": ["webex_calling"]}
    again = added(partner, customer, **told, provisioningParameters=ignored)
    assert again["personId"] == shown["personId"]
    person = partner.get(f"/v1/people/{again['personId']}", params=org | {"callingData": "true"}).json()
    assert (person["extension"], person["locationId"]) == (extension, location["id"])


def test_subscribers_are_found_by_every_filter(partner: Client, customer: dict[str, Any]):
    """Customer, external id, person, email, status and times narrow the list, alone and together."""
    one, two = added(partner, customer), added(partner, customer)
    of = {"customerId": customer["id"]}

    def found(**wanted: Any) -> list[str]:
        return [each["id"] for each in items(partner.get(SUBSCRIBERS, params=wanted | {"max": 100}))]

    for wanted in ({"email": one["email"]}, {"personId": one["personId"]}, of | {"email": one["email"].upper()}):
        assert found(**wanted) == [one["id"]]
    for wanted in (of, {"externalCustomerId": customer["externalId"]}, of | {"status": "provisioned"}):
        assert found(**wanted)[-2:] == [one["id"], two["id"]]
    assert found(**of, sortBy="created", sortOrder="ASC") == found(**of)
    assert found(**of, sortOrder="DESC")[:2] == [two["id"], one["id"]]
    assert found(**of, sortBy="lastStatusChange", sortOrder="DESC")[:2] == [two["id"], one["id"]]
    for name in ("after", "lastStatusChange"):
        for early, late in (("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"), ("1577836800000", "4070908800000")):
            assert one["id"] in found(**of, **{name: early})
            assert found(**of, **{name: late}) == []
    assert found(email=one["email"], status="pending_user_migration") == []
    for wrong in ({"sortBy": "email"}, {"sortOrder": "UP"}, {"after": "yesterday"}, {"offset": "-1"}):
        assert partner.get(SUBSCRIBERS, params=wrong).status_code == 400


def test_pages_of_subscribers(partner: Client, customer: dict[str, Any]):
    """50 are shown by default and 100 at most; `offset` leaves out what comes first, and Link leads on."""
    for _ in range(51):
        added(partner, customer)
    assert len(items(partner.get(SUBSCRIBERS))) == 50
    assert len(items(partner.get(SUBSCRIBERS, params={"max": 100}))) > 50
    for _ in range(51):
        added(partner, customer)
    assert len(items(partner.get(SUBSCRIBERS, params={"max": 101}))) == 100
    first, second = (partner.get(SUBSCRIBERS, params={"max": 2, "offset": n}) for n in (0, 1))
    assert items(first)[1] == items(second)[0]
    assert "offset=2" in first.links["next"]["url"]
    assert items(partner.get(first.links["next"]["url"]))[0] == items(second)[1]


def test_removing_a_subscriber_ends_the_mapping_alone(partner: Client, customer: dict[str, Any]):
    """204 with no body, then 404; the person stays, without the licenses of the package."""
    shown = added(partner, customer, packages=["webex_suite"], provisioningParameters=reach())
    answer = partner.delete(f"{SUBSCRIBERS}/{shown['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert partner.get(f"{SUBSCRIBERS}/{shown['id']}").status_code == 404
    person = partner.get(f"/v1/people/{shown['personId']}", params={"orgId": customer["orgId"]}).json()
    assert person["emails"] == [shown["email"]]
    assert not set(license_ids(partner, customer, "webex_suite")) & set(person["licenses"])


def test_prechecks_of_subscribers(demo: Server, partner: Client, customer: dict[str, Any]):
    """By customer and email, as a whole, or of a customer to come: each answers Cisco's example and writes nothing."""
    before = demo.rows("SELECT COUNT(*) FROM subscribers")
    told = subscriber(customer)
    new = {"provisioningId": body()["provisioningId"], "customerInfo": {"primaryEmail": "owner@new.texts.example"}}
    uuid = ids.decode("ENTERPRISE", customer["id"]) or ""
    for sent in (
        {"customerId": customer["id"], "email": "alice@new.texts.example"},
        {"customerId": ids.encode("CUSTOMER", uuid), "email": "alice@new.texts.example"},
        {"customerId": uuid, "email": "alice@new.texts.example"},
        told,
        new | {"email": "alice@new.texts.example"},
    ):
        answer = partner.post(f"{SUBSCRIBERS}/validate", json=sent)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "message": "success",
            "info": [{"infoCode": 100, "description": "Provisioning preCheck validation successful."}],
        }
    for sent in ({"customerId": customer["id"]}, {"email": "alice@new.texts.example"}):
        assert partner.post(f"{SUBSCRIBERS}/validate", json=sent).status_code == 400
    calling = told | {"packages": ["webex_calling"]}
    refused = partner.post(f"{SUBSCRIBERS}/validate", json=calling)
    assert refused.json()["errors"] == partner.post(SUBSCRIBERS, json=calling).json()["errors"]
    nameless = {name: value for name, value in told.items() if name != "provisioningParameters"}
    for path in (SUBSCRIBERS, f"{SUBSCRIBERS}/validate"):
        answer = partner.post(path, json=nameless)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["description"].startswith("provisioningParameters: ")
    assert demo.rows("SELECT COUNT(*) FROM subscribers") == before


def test_an_email_is_one_subscriber_s(partner: Client, customer: dict[str, Any]):
    """Who is somebody's already is refused with Cisco's code 10022 and its sentence."""
    shown = added(partner, customer)
    for path in (SUBSCRIBERS, f"{SUBSCRIBERS}/validate"):
        answer = partner.post(path, json=subscriber(customer, email=shown["email"]))
        assert answer.status_code == 409
        assert answer.json()["errors"] == [
            {"errorCode": 10022, "description": "The email is already associated with an existing user."}
        ]


@pytest.mark.parametrize("email", ["ken.ashby@globex.example", "rosa@bobs-bakery.example", "free.account@example.net"])
def test_a_subscriber_is_not_given_the_email_of_another(partner: Client, customer: dict[str, Any], email: str):
    """PUT /people refuses it as an order does, whether a person at home elsewhere or another subscriber has it."""
    partner.post(SUBSCRIBERS, json=subscriber(customer, email=email))  # the third waits for consent, and is nobody yet
    shown = added(partner, customer)
    path = f"/v1/people/{shown['personId']}"
    before = partner.get(path).json()
    answer = partner.put(path, json={"displayName": "Ann", "emails": [email.upper()]})
    assert answer.status_code == 409
    assert answer.json()["errors"] == [
        {"errorCode": 10022, "description": "The email is already associated with an existing user."}
    ]
    assert partner.get(path).json() == before
    assert partner.put(path, json={"displayName": "Ann", "emails": [f"a{shown['email']}"]}).status_code == 200

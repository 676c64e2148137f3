"""Wholesale customers over HTTP: what Cisco documents of them that the other tests do not show.

docs/fidelity/wholesale has the list of these statements, each with the test that shows it.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from allot.core import ids
from allot.core.outcome import ORDERED
from official import members
from servers import Client, Server
from wholesale import ADDRESS, PATH, TOKEN, body, faults, parameters, provisioned, work


@pytest.fixture(scope="module")
def partner(demo: Server) -> Iterator[Client]:
    """The administrator of the demo's wholesale partner."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


@pytest.fixture(scope="module")
def customer(demo: Server, partner: Client) -> dict[str, Any]:
    """A customer with the packages that subscribers are given here, and the means to call."""
    packages = ["webex_meetings", "webex_calling", "webex_suite", "cx_essentials", "attendant_console"]
    return provisioned(demo, partner, packages=packages)


def items(answer: requests.Response, name: str = "items") -> list[Any]:
    """The items of a list."""
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()[name]
    return found


def order(partner: Client, **outcome: str) -> None:
    """Have this happen, by default to the next customer that is provisioned."""
    answer = partner.post("/allot/v1/outcomes", json=outcome)
    assert answer.status_code == 201, answer.text


def test_customers_are_shown_as_in_the_example(partner: Client):
    """The list has every member of Cisco's example, and a customer with a warning has Cisco's code and words."""
    found = items(partner.get(PATH))
    assert set(members({"items": found})) == {
        *("items", "id", "orgId", "externalId", "address", *ADDRESS, "status", "packages", "resourceDetails"),
        *("name", "warnings", "errors", "errorCode", "description"),
    }
    [warned] = [each for each in found if each["externalId"] == "harbor-clinic"]
    [package] = [each for each in warned["resourceDetails"]["packages"] if "warnings" in each]
    assert (package["name"], package["status"]) == ("webex_calling", "provisioned")
    assert package["warnings"][0]["errorCode"] == 2560
    assert package["warnings"][0]["description"].startswith("One or more Webex Calling services are unavailable")


@pytest.mark.parametrize(
    ("name", "status", "shows", "packages"),
    [
        ("bobs-bakery", "provisioned", True, {"provisioned"}),
        ("pine-street-books", "provisioned_with_errors", True, {"provisioned", "error"}),
        ("delta-foods", "error", False, {"error"}),
        ("cobalt-cycles", "provisioning", False, {"provisioned", "provisioning"}),
        ("fern-imports", "pending_rpl_review", False, {"provisioned"}),
    ],
)
def test_customers_in_every_status(partner: Client, name: str, status: str, shows: bool, packages: set[str]):
    """Each status comes of the packages' own, and the organization is shown where there is a customer to manage."""
    [found] = items(partner.get(PATH, params={"externalId": name}))
    assert found["status"] == status
    assert {each["status"] for each in found["resourceDetails"]["packages"]} == packages
    assert ("orgId" in found) == shows
    told = [each for each in found["resourceDetails"]["packages"] if each["status"] == "error"]
    assert all(each["errors"] and "Ordered for the demo" in each["errors"][0]["description"] for each in told)


def test_filters_of_customers_combine(partner: Client, customer: dict[str, Any]):
    """Filters narrow each other, `status` may be several, and what fits nothing is an empty list."""
    name, org_id = customer["externalId"], customer["orgId"]
    for wanted in ({"externalId": name}, {"orgId": org_id}, {"externalId": name, "status": "provisioned"}):
        assert [each["id"] for each in items(partner.get(PATH, params=wanted))] == [customer["id"]]
    for none in ({"externalId": name, "status": "error"}, {"orgId": org_id, "externalId": "other"}):
        assert items(partner.get(PATH, params=none)) == []
    both = items(partner.get(PATH, params={"status": ["error", "pending_rpl_review"]}))
    assert {each["externalId"] for each in both} == {"delta-foods", "fern-imports"}
    assert partner.get(PATH, params={"status": "nonsense"}).status_code == 400


def test_an_accepted_order_says_where_the_customer_is(demo: Server, partner: Client):
    """202 has the same address in Location and `url`; GET of it shows the customer, before its work and after."""
    answer = partner.post(PATH, json=body())
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json()["url"]
    before = partner.get(answer.json()["url"])
    assert before.headers["Location"] == answer.json()["url"]
    assert before.json()["status"] == "provisioning"
    assert "orgId" not in before.json()
    demo.call(work)
    assert partner.get(answer.json()["url"]).json()["status"] == "provisioned"


def test_a_customer_gets_what_its_order_says(demo: Server, partner: Client):
    """The organization has the location, the site's packages and one license a package, with the limits as units."""
    limits = {"webex_calling": 50, "webex_meetings": 20}
    told = {"provisioningParameters": parameters(limits), "subPartnerAdminEmail": "admin@subpartnerorg.example"}
    found = provisioned(demo, partner, packages=["webex_calling", "webex_meetings", "webex_suite"], **told)
    assert ids.decode("ENTERPRISE", found["id"])
    assert found["address"] == ADDRESS
    assert "errors" not in found
    org = {"orgId": found["orgId"]}
    organization = partner.get(f"/v1/organizations/{found['orgId']}").json()
    assert organization["displayName"].startswith("Shop ")
    [location] = items(partner.get("/v1/locations", params=org))
    assert (location["name"], location["timeZone"], location["preferredLanguage"]) == (
        *("Head Office", "America/Los_Angeles"),
        "en_us",
    )
    assert location["address"]["address1"] == ADDRESS["addressLine1"]
    licenses = {each["name"]: each["totalUnits"] for each in items(partner.get("/v1/licenses", params=org))}
    assert licenses["Webex Calling"] == 50
    assert licenses["Webex Meetings"] == 20
    assert licenses["Webex Suite"] == 0
    shown = partner.get(f"{PATH}/{found['id']}", params={"includePackageLicenseInfo": "true"}).json()
    named = [id for each in shown["resourceDetails"]["packages"] for id in each["licenseIds"]]
    assert len(named) == 3
    assert all(ids.decode("LICENSE", id).count(":") == 1 for id in named)
    assert "licenseIds" not in str(partner.get(f"{PATH}/{found['id']}").json())


def test_an_update_is_the_complete_list(demo: Server, partner: Client):
    """PUT keeps what is still listed, adds what is new and removes what is missing; name and address may change."""
    found = provisioned(demo, partner, packages=["webex_meetings", "webex_calling"])
    address = ADDRESS | {"addressLine1": "1 New Street"}
    changed = {
        "packages": ["webex_calling", "webex_suite"],
        "externalId": f"{found['externalId']}-2",
        "address": address,
    }
    answer = partner.put(f"{PATH}/{found['id']}", json=changed)
    assert (answer.status_code, answer.headers["Location"]) == (202, answer.json()["url"])
    assert partner.get(answer.json()["url"]).json()["status"] == "updating"
    demo.call(work)
    after = partner.get(answer.json()["url"]).json()
    assert (after["status"], after["externalId"], after["address"]) == ("provisioned", changed["externalId"], address)
    assert sorted(after["packages"]) == ["webex_calling", "webex_suite"]
    assert (after["id"], after["orgId"]) == (found["id"], found["orgId"])


def test_deleting_ends_the_mapping_alone(demo: Server, partner: Client):
    """DELETE answers 202 with no body; a package that cannot go yet is `deleting`; the organization stays."""
    found = provisioned(demo, partner)
    at = f"{PATH}/{found['id']}"
    order(partner, kind="hold", customerId=found["id"])
    answer = partner.delete(at)
    assert (answer.status_code, answer.content) == (202, b"")
    demo.call(work)
    shown = partner.get(at).json()
    assert shown["status"] == "deleting"
    assert {each["status"] for each in shown["resourceDetails"]["packages"]} == {"deleting"}
    assert partner.put(at, json={"packages": ["webex_meetings"]}).status_code == 409
    other = provisioned(demo, partner)
    assert partner.delete(f"{PATH}/{other['id']}").status_code == 202
    demo.call(work)
    assert partner.get(f"{PATH}/{other['id']}").status_code == 404
    assert partner.get(f"/v1/organizations/{other['orgId']}").status_code == 200
    again = partner.post(PATH, json=body(orgId=other["orgId"], customerInfo=None))
    assert again.status_code == 202, again.text
    demo.call(work)
    assert partner.get(again.json()["url"]).json()["orgId"] == other["orgId"]


@pytest.mark.parametrize(
    ("package", "others"),
    [
        (
            "cisco_calling_plan",
            [
                *("common_area_calling", "webex_calling", "webex_suite", "webex_voice", "cx_essentials"),
                "webex_calling_standard",
            ],
        ),
        ("attendant_console", ["webex_calling", "webex_suite", "cx_essentials"]),
    ],
)
def test_a_package_needs_one_of_others(partner: Client, package: str, others: list[str]):
    """With any one of those that Cisco lists it is fine, alone or with another it gets 400; precheck says the same."""
    for other in others:
        assert partner.post(f"{PATH}/validate", json=body(packages=[package, other])).status_code == 200
    for alone in ([package], [package, "webex_meetings"]):
        told = faults(partner.post(f"{PATH}/validate", json=body(packages=alone)))
        assert told == faults(partner.post(PATH, json=body(packages=alone)))
        assert told[0].startswith(f"packages: {package} needs one of {', '.join(others)}")


def test_every_package_can_be_provisioned(demo: Server, partner: Client):
    """The fourteen packages of Cisco's list are all provisioned, under their names and with a license each."""
    names = [
        *("common_area_calling", "webex_calling", "webex_meetings", "webex_suite", "webex_voice", "cx_essentials"),
        *("webex_calling_standard", "cisco_calling_plan", "attendant_console", "cx_premium_agent"),
        *("cx_standard_agent", "cx_voice_ports", "cx_ai_assistant", "webex_ai_agent"),
    ]
    found = provisioned(demo, partner, packages=names)
    assert (found["status"], found["packages"]) == ("provisioned", names)
    shown = partner.get(f"{PATH}/{found['id']}", params={"includePackageLicenseInfo": "true"}).json()
    assert all(each["licenseIds"] for each in shown["resourceDetails"]["packages"])


def test_each_limit_is_that_of_its_package(demo: Server, partner: Client):
    """The eight packages that can be limited have the units of their own limit; an update changes those it names."""
    names = ["webex_calling", "common_area_calling", "webex_meetings", "webex_suite", "webex_voice", "cx_essentials"]
    names += ["webex_calling_standard", "attendant_console"]
    limits = {name: 50 + n for n, name in enumerate(names)}
    found = provisioned(demo, partner, packages=names, provisioningParameters=parameters(limits))
    assert units(partner, found) == limits
    changed = {"packages": names, "provisioningParameters": parameters({"webex_voice": 7})}
    assert partner.put(f"{PATH}/{found['id']}", json=changed).status_code == 202
    demo.call(work)
    assert units(partner, found) == limits | {"webex_voice": 7}


def units(partner: Client, customer: dict[str, Any]) -> dict[str, int]:
    """The units of the license of each of the customer's packages."""
    shown = partner.get(f"{PATH}/{customer['id']}", params={"includePackageLicenseInfo": "true"}).json()
    every = items(partner.get("/v1/licenses", params={"orgId": customer["orgId"]}))
    of = {each["id"]: each["totalUnits"] for each in every}
    return {each["name"]: of[each["licenseIds"][0]] for each in shown["resourceDetails"]["packages"]}


def test_prechecks_of_customers(demo: Server, partner: Client):
    """Address and email alone, or all of a provisioning: both answer Cisco's example, and nothing is written."""
    before = demo.rows("SELECT COUNT(*) FROM customers")
    alone = {"address": ADDRESS, "customerInfo": {"primaryEmail": "john.anderson@acme.texts.example"}}
    for sent in (alone, body()):
        answer = partner.post(f"{PATH}/validate", json=sent)
        assert answer.status_code == 200
        assert answer.json() == {
            "message": "success",
            "info": [{"infoCode": 100, "description": "Provisioning preCheck validation successful."}],
        }
    refused = partner.post(f"{PATH}/validate", json=alone | {"address": ADDRESS | {"addressLine1": "x" * 51}})
    assert refused.status_code == 400
    assert refused.json()["message"] != "success"
    assert refused.json()["errors"][0]["errorCode"] == 400
    assert demo.rows("SELECT COUNT(*) FROM customers") == before


def test_a_precheck_of_all_needs_what_the_order_needs(partner: Client):
    """With packages it is refused as the order is, and names what is missing; without, what it names must be right."""
    odd = body()["customerInfo"] | {"language": "xx-zz!"}
    missing = ({"provisioningId": None}, {"externalId": None}, {"customerInfo": None})
    for changes in (*missing, {"packages": ["x"]}, {"customerInfo": odd}, {"subPartnerAdminEmail": "nope"}):
        assert partner.post(f"{PATH}/validate", json=body(**changes)).status_code == 400
    for named in ({"provisioningId": "nobodys"}, {"orgId": "nonsense"}):
        assert partner.post(f"{PATH}/validate", json={"address": ADDRESS} | named).status_code == 400


def test_what_only_webex_would_use_is_kept(demo: Server, partner: Client):
    """Language, emergency identifier, time zone of meetings and the sub-partner's email are kept as they were sent."""
    found = provisioned(demo, partner, subPartnerAdminEmail="admin@subpartnerorg.example")
    [(details,)] = demo.rows(
        "SELECT details FROM customers WHERE customer_id = $1", ids.decode("ENTERPRISE", found["id"])
    )
    told = json.loads(details)
    assert (told["language"], told["subPartnerAdminEmail"]) == ("en_US", "admin@subpartnerorg.example")
    assert told["location"]["emergencyLocationIdentifier"] == "95547321"
    assert told["meetings"] == {"timezone": "Europe/Paris"}


def test_errors_of_no_package_stand_with_the_customer(demo: Server, partner: Client):
    """When the organization cannot be made the customer has the error, and so have its packages."""
    order(partner, kind="fail", target="organization")
    shown = provisioned(demo, partner)
    assert shown["status"] == "error"
    assert shown["errors"] == [{"errorCode": ORDERED.code, "description": ORDERED.description}]
    assert {each["status"] for each in shown["resourceDetails"]["packages"]} == {"error"}
    assert "orgId" not in shown


def test_warnings_and_reviews_come_when_they_are_ordered(demo: Server, partner: Client):
    """A warning changes no status; a review shows until it is decided, and who is denied is in error."""
    order(partner, kind="warn", target="webex_calling")
    order(partner, kind="review")
    found = provisioned(demo, partner)
    assert found["status"] == "pending_rpl_review"
    told = {each["name"]: each for each in found["resourceDetails"]["packages"]}
    assert [each["errorCode"] for each in told["webex_calling"]["warnings"]] == [2560]
    assert {each["status"] for each in told.values()} == {"provisioned"}
    for approved, status in ((True, "provisioned"), (False, "error")):
        if not approved:
            order(partner, kind="review")
            found = provisioned(demo, partner)
        decided = partner.post(f"/allot/v1/customers/{found['id']}/review", json={"approved": approved})
        assert decided.json()["status"] == status
        assert partner.get(f"{PATH}/{found['id']}").json()["status"] == status

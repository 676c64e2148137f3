"""What a request says of a wholesale customer: each documented constraint has its status and its sentence."""

from typing import Any

import pytest

from allot.cli.demo import ACME, FOOTHILL, GLOBEX, PARTNER
from allot.core import ids
from servers import Client, Server
from wholesale import ADDRESS, LOCATION, PATH, TOKEN, body, faults, new_id, parameters, provisioned, work

LONG = "x" * 257
AT = "provisioningParameters.calling.location"
LIMITS = "provisioningParameters.packages.limits"


@pytest.fixture
def partner(admin: Client) -> Client:
    """The administrator of the demo's partner."""
    return admin.as_(TOKEN)


def address(**changes: Any) -> dict[str, Any]:
    """The billing address with these members; None leaves one out."""
    return {name: value for name, value in (ADDRESS | changes).items() if value is not None}


def info(**changes: Any) -> dict[str, Any]:
    told = {"name": "Corner Shop", "primaryEmail": "owner@corner-shop.example"} | changes
    return {name: value for name, value in told.items() if value is not None}


def of(**changes: Any) -> dict[str, Any]:
    """Members of a body with an address that has these members."""
    return {"address": address(**changes)}


def at(**changes: Any) -> dict[str, Any]:
    """Members of a body with a calling location that has these members."""
    return {"provisioningParameters": parameters(**changes)}


def limits(**given: Any) -> dict[str, Any]:
    return {"provisioningParameters": parameters(given)}


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"provisioningId": None}, "provisioningId: is required"),
    ({"provisioningId": " "}, "provisioningId: must not be empty"),
    ({"provisioningId": LONG}, "provisioningId: may have at most 256 characters"),
    ({"provisioningId": "bm9ib2R5"}, "provisioningId: is none of this partner's templates; copy it from the template"),
    ({"externalId": None}, "externalId: is required"),
    ({"externalId": ""}, "externalId: must not be empty"),
    ({"externalId": LONG}, "externalId: may have at most 256 characters"),
    ({"externalId": "a\x00b"}, "externalId: contains a NUL character, which no text may have"),
    ({"packages": None}, "packages: is required"),
    ({"packages": []}, "packages: must name at least one"),
    ({"packages": "webex_calling"}, "packages: must be a list"),
    ({"packages": [1]}, "packages[0]: must be a text"),
    ({"packages": ["webex_calling", LONG]}, "packages[1]: may have at most 256 characters"),
    ({"packages": ["webex_calling"] * 51}, "packages: at most 50 in one request"),
    ({"packages": ["webex_callings"]}, "packages: `webex_callings` is no package; there are common_area_calling, "),
    ({"packages": ["cisco_calling_plan"]}, "packages: cisco_calling_plan needs one of common_area_calling, webex_"),
    (
        {"packages": ["webex_voice", "attendant_console"]},
        "packages: attendant_console needs one of webex_calling, webex_suite, cx_essentials; add one of them, or",
    ),
    ({"address": None}, "address: is required"),
    ({"address": "771 Alder Drive"}, "address: must be an object"),
    (of(addressLine1=None), "address.addressLine1: is required"),
    (of(addressLine1=" "), "address.addressLine1: must not be empty"),
    (of(addressLine1="x" * 51), "address.addressLine1: may have at most 50 characters"),
    (of(addressLine2="x" * 51), "address.addressLine2: may have at most 50 characters"),
    (of(city=None), "address.city: is required"),
    (of(city=""), "address.city: must not be empty"),
    (of(city=LONG), "address.city: may have at most 256 characters"),
    (of(country=None), "address.country: is required"),
    (of(country="USA"), "address.country: USA is no two-letter code of ISO 3166-1"),
    (of(country="UK"), "address.country: UK is no two-letter code of ISO 3166-1"),
    (of(stateOrProvince=None), "address.stateOrProvince: is missing; addresses in US need it"),
    (of(stateOrProvince="Milpitas"), "address.stateOrProvince: Milpitas is no code of ISO 3166-2:US"),
    (of(country="CA", stateOrProvince="CA"), "address.stateOrProvince: CA is no code of ISO 3166-2:CA"),
    (of(zipOrPostalCode=None), "address.zipOrPostalCode: is missing; addresses in US need it"),
    (
        {"customerInfo": None},
        "customerInfo, orgId: one of them is required; a new customer needs customerInfo, one with an orgId does not",
    ),
    ({"customerInfo": info(name=None)}, "customerInfo.name: is required"),
    ({"customerInfo": info(name=" ")}, "customerInfo.name: must not be empty"),
    ({"customerInfo": info(name="100% Pizza")}, 'customerInfo.name: cannot include the "%" character'),
    ({"customerInfo": info(name=LONG)}, "customerInfo.name: may have at most 256 characters"),
    ({"customerInfo": info(primaryEmail=None)}, "customerInfo.primaryEmail: is required"),
    ({"customerInfo": info(primaryEmail="nobody")}, "customerInfo.primaryEmail: is no email address"),
    ({"customerInfo": info(primaryEmail="a@b@c.example")}, "customerInfo.primaryEmail: is no email address"),
    ({"customerInfo": info(primaryEmail="x" * 300 + "@c.example")}, "customerInfo.primaryEmail: is no email address"),
    ({"customerInfo": info(language="english")}, "customerInfo.language: is no language of ISO 639-1, alone or with a"),
    ({"customerInfo": info(language="en_XX")}, "customerInfo.language: is no language of ISO 639-1, alone or with a"),
    ({"customerInfo": info(language="xx")}, "customerInfo.language: is no language of ISO 639-1, alone or with a"),
    ({"subPartnerAdminEmail": "nobody"}, "subPartnerAdminEmail: is no email address"),
    ({"orgId": "nonsense"}, "orgId: is no ORGANIZATION id; send the id as the API gave it, or its UUID"),
    ({"provisioningParameters": None}, f"{AT}: is missing; webex_calling cannot be provisioned without it"),
    ({"provisioningParameters": {"calling": {}}}, f"{AT}: is required"),
    (at(name=None), f"{AT}.name: is required"),
    (at(name=" "), f"{AT}.name: must not be empty"),
    (at(name="x" * 81), f"{AT}.name: may have at most 80 characters where Webex Calling is enabled"),
    (at(address=address(addressLine1="x" * 51)), f"{AT}.address.addressLine1: may have at most 50 characters"),
    (at(address=address(stateOrProvince="XX")), f"{AT}.address.stateOrProvince: XX is no code of ISO 3166-2:US"),
    (at(timezone=None), f"{AT}.timezone: is required"),
    (at(timezone="Pacific Time"), f"{AT}.timezone: is no time zone; send its IANA name, as America/Chicago"),
    (at(timezone="../../etc/passwd"), f"{AT}.timezone: is no time zone; send its IANA name, as America/Chicago"),
    (at(language=None), f"{AT}.language: is required"),
    (at(language="en-us"), f"{AT}.language: is no language of ISO 639-1, alone or with a country of ISO 3166-1, as"),
    (at(emergencyLocationIdentifier=LONG), f"{AT}.emergencyLocationIdentifier: may have at most 256 characters"),
    (
        {"packages": ["webex_meetings"], "provisioningParameters": {"meetings": {"timezone": "UTC+1"}}},
        "provisioningParameters.meetings.timezone: is no time zone; send its IANA name, as America/Chicago",
    ),
    (limits(webex_calling=-1), f"{LIMITS}.webex_calling: must be 0 to 2147483647"),
    (limits(webex_calling=2**31), f"{LIMITS}.webex_calling: must be 0 to 2147483647"),
    (limits(webex_calling="5"), f"{LIMITS}.webex_calling: must be a whole number"),
    (limits(webex_calling=1.5), f"{LIMITS}.webex_calling: must be a whole number"),
    (limits(cisco_calling_plan=5), f"{LIMITS}.cisco_calling_plan: is not known here; known are webex_calling, "),
]


@pytest.mark.parametrize(("changes", "sentence"), FAULTS, ids=[sentence[:60] for _, sentence in FAULTS])
def test_each_constraint_has_its_sentence(demo: Server, partner: Client, changes: dict[str, Any], sentence: str):
    """A provisioning that breaks one constraint gets 400 with one sentence, and there is no new customer."""
    there = demo.rows("SELECT COUNT(*) FROM customers")
    [told] = faults(partner.post(PATH, json=body(**changes)))
    assert told.startswith(sentence)
    assert demo.rows("SELECT COUNT(*) FROM customers") == there


@pytest.mark.parametrize(
    "changes",
    [
        {"packages": ["webex_meetings", "webex_meetings"], "provisioningParameters": None},
        {"packages": ["webex_meetings"], "provisioningParameters": {"meetings": {}, "packages": {}, "more": 1}},
        of(country="us", stateOrProvince="us-ca"),
        of(country="SG", city="Singapore", stateOrProvince=None, zipOrPostalCode="018956"),
        of(country="GB", city="London", stateOrProvince=None, zipOrPostalCode="EC2A 1AF"),
        of(country="AE", city="Dubai", stateOrProvince="DU", zipOrPostalCode=None),
        of(addressLine1="x" * 50, addressLine2="y" * 50),
        {"customerInfo": info(name="Jörg's Käse ✓", primaryEmail=" Owner@Corner-Shop.Example ", language="de_AT")},
        at(language="FR", timezone="Asia/Kolkata", emergencyLocationIdentifier=None),
        limits(webex_calling=0, webex_suite=5, attendant_console=None),
        {"subPartnerAdminEmail": "admin@subpartnerorg.com", "orgId": ""},
    ],
)
def test_what_is_allowed_is_accepted(partner: Client, changes: dict[str, Any]):
    """What fits the constraints is accepted: a package named twice counts once, texts are as the world writes them."""
    asked = body(**changes)
    shown = partner.get(f"{PATH}/{new_id(partner.post(PATH, json=asked))}").json()
    assert shown["packages"] == list(dict.fromkeys(asked["packages"]))
    assert shown["address"] == asked["address"] | {"country": asked["address"]["country"].upper()}


def test_all_faults_are_told_at_once(partner: Client):
    """Whatever is wrong in a body is told in one answer: what has the wrong type, or what no order can be."""
    wrong_types = body(packages=[1, 2], address=7, customerInfo={"name": True}, provisioningParameters=at(name=3))
    wrong_types["provisioningParameters"] = {"calling": {"location": LOCATION | {"name": 3}}}
    assert faults(partner.post(PATH, json=wrong_types)) == [
        "packages[0]: must be a text",
        "packages[1]: must be a text",
        "address: must be an object",
        "customerInfo.name: must be a text",
        "customerInfo.primaryEmail: is required",
        f"{AT}.name: must be a text",
    ]
    cannot_be = body(
        **of(addressLine1="x" * 51, country="XX"),
        packages=[],
        externalId=LONG,
        customerInfo=info(name="%", primaryEmail="x"),
        provisioningParameters=parameters({"webex_voice": -1}, timezone="x", language="x"),
        subPartnerAdminEmail="x",
    )
    assert len(faults(partner.post(PATH, json=cannot_be))) == 10
    unknown = body(provisioningId="bm9ib2R5", packages=["none", "attendant_console"])
    assert len(faults(partner.post(PATH, json=unknown))) == 2


def test_an_external_id_is_taken_once(partner: Client):
    """A second customer of the same external id is a conflict; the sub-partner may have one of that id as well."""
    first = body("taken-once")
    new_id(partner.post(PATH, json=first))
    second = body("taken-once", customerInfo=info())
    [told] = faults(partner.post(PATH, json=second), 409)
    assert told == "externalId: taken-once is another customer's; choose another one"
    [told] = faults(partner.post(f"{PATH}/validate", json=second), 409)
    behalf = {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", FOOTHILL)}
    new_id(partner.post(PATH, json=body("taken-once", FOOTHILL), params=behalf))


def test_a_new_customer_needs_an_email_of_nobody(partner: Client):
    """An email that is somebody's in any organization is refused with Cisco's code 10022."""
    asked = body(customerInfo=info(primaryEmail="Hank.Scorpio@globex.example"))
    answer = partner.post(PATH, json=asked)
    assert answer.status_code == 409
    told = {"errorCode": 10022, "description": "The email is already associated with an existing user."}
    assert answer.json()["errors"] == [told]
    assert partner.post(f"{PATH}/validate", json=asked).json()["errors"] == [told]


def test_whose_organization_may_become_a_customer(partner: Client):
    """One that the partner manages may, without a name; others' and unknown ones are refused alike; each only once."""
    asked = body(orgId=ids.encode("ORGANIZATION", ACME), customerInfo=None)
    refused = [
        faults(partner.post(PATH, json=asked | {"orgId": ids.encode("ORGANIZATION", other)}), 403)
        for other in (GLOBEX, PARTNER, "00000000-0000-4000-8000-000000000000")
    ]
    assert refused == [
        ["orgId: the partner may not manage this organization; its administrators must agree first"]
    ] * len(refused)
    assert partner.post(f"{PATH}/validate", json=asked).status_code == 200
    new_id(partner.post(PATH, json=asked))
    [told] = faults(partner.post(PATH, json=asked | {"externalId": "acme-again"}), 409)
    assert told == "orgId: the organization is mapped to a customer already"


UPDATES = [
    case
    for case in FAULTS
    if not {"provisioningId", "customerInfo", "orgId"} & set(case[0])
    and case[1] not in ("externalId: is required", "address: is required")
    and "cannot be provisioned without it" not in case[1]
]


@pytest.fixture(scope="module")
def settled(demo: Server) -> str:
    """The id of a customer with meetings alone, of which all is done."""
    client = demo.client(TOKEN)
    shown = provisioned(demo, client, packages=["webex_meetings"], provisioningParameters=None)
    client.close_all()
    return str(shown["id"])


@pytest.mark.parametrize(("changes", "sentence"), UPDATES, ids=[sentence[:60] for _, sentence in UPDATES])
def test_updates_have_the_same_constraints(partner: Client, settled: str, changes: dict[str, Any], sentence: str):
    """What a provisioning may not say, an update may not say either, in the same words; the customer stays as it is."""
    asked = {name: value for name, value in body(**changes).items() if name not in ("provisioningId", "customerInfo")}
    before = partner.get(f"{PATH}/{settled}").json()
    [told] = faults(partner.put(f"{PATH}/{settled}", json=asked))
    assert told.startswith(sentence)
    assert partner.get(f"{PATH}/{settled}").json() == before


def test_calling_parameters_are_needed_once(demo: Server, partner: Client):
    """The first calling package needs a location; a later one does not, since the customer has it by then."""
    id = provisioned(demo, partner, packages=["webex_meetings"], provisioningParameters=None)["id"]
    more = {"packages": ["webex_meetings", "webex_calling"]}
    [told] = faults(partner.put(f"{PATH}/{id}", json=more))
    assert told == f"{AT}: is missing; webex_calling cannot be provisioned without it"
    new_id(partner.put(f"{PATH}/{id}", json=more | {"provisioningParameters": parameters()}))
    demo.call(work)
    new_id(partner.put(f"{PATH}/{id}", json={"packages": ["webex_meetings", "webex_calling", "webex_voice"]}))
    demo.call(work)
    assert partner.get(f"{PATH}/{id}").json()["status"] == "provisioned"


def test_limits_are_not_below_what_is_used(demo: Server, partner: Client):
    """A limit may be set to what is in use, not below, and a package that subscribers have is not taken away."""
    id = provisioned(demo, partner)["id"]
    sql = "UPDATE packages SET subscribers = 3 WHERE customer_id = $1 AND package = 'webex_calling'"
    demo.run(sql, ids.decode("ENTERPRISE", id))
    asked = {
        "packages": ["webex_calling", "webex_meetings"],
        "provisioningParameters": parameters({"webex_calling": 2}),
    }
    [told] = faults(partner.put(f"{PATH}/{id}", json=asked), 409)
    assert told == f"{LIMITS}.webex_calling: 3 subscribers have it; set no less"
    [told] = faults(partner.put(f"{PATH}/{id}", json={"packages": ["webex_meetings"]}), 409)
    assert told.startswith("packages: 3 subscribers have webex_calling; give them another package or remove them")
    asked["provisioningParameters"] = parameters({"webex_calling": 3})
    new_id(partner.put(f"{PATH}/{id}", json=asked))
    demo.call(work)
    org_id = partner.get(f"{PATH}/{id}").json()["orgId"]
    licenses = partner.get("/v1/licenses", params={"orgId": org_id}).json()["items"]
    assert [each["totalUnits"] for each in licenses if each["name"] == "Webex Calling"] == [3]


def test_the_body_is_json(partner: Client):
    """What is no JSON is refused, and no member of another name matters."""
    answer = partner.post(PATH, data=b'{"a"', headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    new_id(partner.post(PATH, json=body(unknownMember={"a": [1]})))

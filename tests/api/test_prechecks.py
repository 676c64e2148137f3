"""Prechecks of customers: the very decision of the provisioning, and nothing is written."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allot.cli.demo import ACME, FOOTHILL, GLOBEX, PARTNER
from allot.core import ids
from counts import ORDERS
from servers import Client, Server
from wholesale import ADDRESS, PATH, TEMPLATES, TOKEN, body, faults, parameters

VALIDATE = f"{PATH}/validate"
SUCCESS = {
    "message": "success",
    "info": [{"infoCode": 100, "description": "Provisioning preCheck validation successful."}],
}


@pytest.fixture
def partner(admin: Client) -> Client:
    """The administrator of the demo's partner."""
    return admin.as_(TOKEN)


def state(server: Server) -> list[Any]:
    """Everything that an order could change."""
    tables = ("customers", "packages", "runs", "steps", "outcomes", "partners", "journal", "usage")
    counts = [server.rows(f"SELECT COUNT(*) FROM {table}") for table in tables]
    return [*counts, server.rows("SELECT org_id, entries, licenses FROM organizations ORDER BY org_id")]


def test_address_and_email_are_enough(demo: Server, partner: Client):
    """The first variant has an address, and an email or not; it answers as Cisco shows, and writes nothing."""
    before = state(demo)
    for sent in (
        {"address": ADDRESS, "customerInfo": {"primaryEmail": "john.anderson@acme.com"}},
        {"address": ADDRESS},
        {"address": ADDRESS, "externalId": "nobody-has-it", "provisioningParameters": parameters({"webex_voice": 3})},
    ):
        answer = partner.post(VALIDATE, json=sent)
        assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert state(demo) == before


@pytest.mark.parametrize(
    ("sent", "status", "sentence"),
    [
        ({}, 400, "address: is required"),
        ({"address": ADDRESS | {"country": "XX"}}, 400, "address.country: XX is no two-letter code of ISO 3166-1"),
        ({"address": ADDRESS, "customerInfo": {}}, 400, "customerInfo.primaryEmail: is required"),
        (
            {"address": ADDRESS, "provisioningId": "bm9ib2R5"},
            400,
            "provisioningId: is none of this partner's templates",
        ),
        (
            {"address": ADDRESS, "provisioningParameters": parameters(timezone="noon")},
            400,
            "provisioningParameters.calling.location.timezone: is no time zone",
        ),
        ({"address": ADDRESS, "externalId": "bobs-bakery"}, 409, "externalId: bobs-bakery is another customer's"),
        ({"address": ADDRESS, "orgId": ids.encode("ORGANIZATION", GLOBEX)}, 403, "orgId: the partner may not manage"),
        (
            {"address": ADDRESS, "customerInfo": {"primaryEmail": "hank.scorpio@globex.example"}},
            409,
            "The email is already associated with an existing user.",
        ),
    ],
)
def test_what_is_named_is_judged(partner: Client, sent: dict[str, Any], status: int, sentence: str):
    """Whatever the first variant names is judged as the provisioning would judge it."""
    [told] = faults(partner.post(VALIDATE, json=sent), status)
    assert told.startswith(sentence)


def test_with_packages_all_is_judged(partner: Client):
    """The second variant is a whole provisioning: what a provisioning needs is needed, and all of it is judged."""
    assert partner.post(VALIDATE, json=body()).json() == SUCCESS
    found = faults(partner.post(VALIDATE, json={"address": ADDRESS, "packages": []}))
    members = ["packages", "provisioningId", "externalId", "customerInfo, orgId"]
    assert [fault.partition(":")[0] for fault in found] == members
    nameless = body(customerInfo={"primaryEmail": "a@b.example"})
    [told] = faults(partner.post(VALIDATE, json=nameless))
    assert told.startswith("customerInfo.name: is missing")
    [told] = faults(partner.post(VALIDATE, json=body(provisioningParameters=None)))
    assert told.startswith("provisioningParameters.calling.location: is missing")


ADDRESSES = st.sampled_from(
    [
        ADDRESS,
        ADDRESS | {"country": "us"},
        ADDRESS | {"addressLine1": "x" * 51},
        ADDRESS | {"stateOrProvince": "Bavaria"},
        {"addressLine1": "1 Main Street", "city": "Dublin", "country": "IE"},
        {"addressLine1": "1 Main Street", "city": "Toronto", "country": "CA"},
        {"addressLine1": "", "city": "Toronto", "country": "C"},
    ]
)
PACKAGES = st.lists(
    st.sampled_from(
        [
            *("webex_calling", "webex_meetings", "webex_voice", "common_area_calling", "cisco_calling_plan"),
            *("attendant_console", "cx_standard_agent", "nonsense"),
        ]
    ),
    max_size=4,
)
INFOS = st.sampled_from(
    [
        None,
        {"name": "Shop", "primaryEmail": "owner@shop.example"},
        {"name": "50% Shop", "primaryEmail": "owner@shop.example"},
        {"name": "Shop", "primaryEmail": "hank.scorpio@globex.example"},
        {"name": "Shop", "primaryEmail": "user@example.com"},
        {"name": "Shop", "primaryEmail": "shop"},
        {"primaryEmail": "owner@shop.example"},
    ]
)
PARAMETERS = st.sampled_from(
    [
        None,
        parameters(),
        parameters({"webex_voice": 3}),
        parameters({"webex_voice": -3}),
        parameters({"none": 3}),
        parameters(timezone="noon"),
        {"meetings": {"timezone": "Europe/Oslo"}},
    ]
)
ORGANIZATIONS = st.sampled_from([None, None, ids.encode("ORGANIZATION", ACME), ids.encode("ORGANIZATION", GLOBEX), "x"])
EXTERNAL_IDS = st.one_of(st.sampled_from(["bobs-bakery", ""]), *[st.integers(0, 1000).map(lambda n: f"made-{n}")] * 4)
MEMBERS = {
    "packages": PACKAGES,
    "address": ADDRESSES,
    "customerInfo": INFOS,
    "provisioningParameters": PARAMETERS,
    "orgId": ORGANIZATIONS,
    "provisioningId": st.sampled_from(["bm9ib2R5", "", *TEMPLATES.values()]),
}


@st.composite
def orders(draw: Callable[[st.SearchStrategy[Any]], Any]) -> tuple[str, dict[str, Any]]:
    """A partner, and a body that could be a provisioning for it: most of its members are right."""
    partner = draw(st.sampled_from([PARTNER, FOOTHILL]))
    asked = body(partner=partner, externalId=draw(EXTERNAL_IDS))
    for member in draw(st.sets(st.sampled_from(sorted(MEMBERS)), max_size=3)):
        asked[member] = draw(MEMBERS[member])
    return partner, {member: value for member, value in asked.items() if value is not None}


@ORDERS.both("cases")
def test_a_precheck_is_the_very_decision(demo: Server, partner: Client, counted: Callable[[str], None], cases: int):
    """A precheck succeeds exactly when the provisioning right after it is accepted, else for the same reasons.

    It writes nothing; half of them are for a sub-partner.
    """
    accepted, refused = [], []

    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(orders())
    def holds(order: tuple[str, dict[str, Any]]) -> None:
        org_id, asked = order
        query = {} if org_id == PARTNER else {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", org_id)}
        before = state(demo)
        judged = partner.post(VALIDATE, json=asked, params=query)
        assert state(demo) == before
        ordered = partner.post(PATH, json=asked, params=query)
        if ordered.status_code == 202:
            accepted.append(asked)
            assert judged.json() == SUCCESS
            return
        refused.append(asked)
        assert judged.status_code == ordered.status_code
        assert state(demo) == before
        # Only for a precheck a name is no matter of form, which is told before anything else.
        if "name" in asked.get("customerInfo", {"name": ""}):
            told, again = faults(judged, judged.status_code), faults(ordered, ordered.status_code)
            assert sorted(told) == sorted(again)

    holds()
    assert min(len(accepted), len(refused)) > cases / 10
    counted(f"{len(accepted)} orders accepted and {len(refused)} refused, each as its precheck said")

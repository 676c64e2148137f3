"""Wholesale customers over HTTP: ordering, looking, listing, and who may."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from allot.cli.demo import ACME, FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from allot.core.customer import STATUSES
from databases import Maker
from servers import Client, Server, load_demo
from wholesale import ADDRESS, PATH, TOKEN, body, faults, new_id, parameters, provisioned, switch, token_of, work

NOBODY = ids.encode("ENTERPRISE", "00000000-0000-4000-8000-000000000000")
SCOPE = "spark-admin:wholesale_customers"


@pytest.fixture
def partner(admin: Client) -> Client:
    """The administrator of the demo's partner."""
    return admin.as_(TOKEN)


def behalf(org_id: str) -> dict[str, str]:
    return {"onBehalfOfSubPartnerOrgId": ids.encode("ORGANIZATION", org_id)}


def of_name(client: Client, external_id: str, **query: Any) -> dict[str, Any]:
    """The one customer of an external id."""
    [found] = client.get(PATH, params={"externalId": external_id, **query}).json()["items"]
    shown: dict[str, Any] = found
    return shown


def test_a_customer_from_order_to_removal(demo: Server, partner: Client):
    """An order is accepted at once with its address; the customer shows how it goes, is changed, and gone at last."""
    asked = body("from-order-to-removal")
    answer = partner.post(PATH, json=asked)
    url = answer.json()["url"]
    assert answer.status_code == 202
    assert answer.headers["Location"] == url
    assert list(answer.json()) == ["url"]
    first = partner.get(url).json()
    assert first == {
        "id": url.rpartition("/")[2],
        "externalId": "from-order-to-removal",
        "address": ADDRESS,
        "status": "provisioning",
        "packages": ["webex_calling", "webex_meetings"],
        "resourceDetails": {
            "packages": [
                {"name": "webex_calling", "status": "provisioning"},
                {"name": "webex_meetings", "status": "provisioning"},
            ]
        },
    }
    demo.call(work)
    shown = partner.get(url)
    assert shown.headers["Location"] == url
    done = shown.json()
    assert done["status"] == "provisioned"
    assert [each["status"] for each in done["resourceDetails"]["packages"]] == ["provisioned"] * 2
    assert set(done) == {*first, "orgId"}
    more = partner.put(url, json={"packages": ["webex_meetings", "webex_voice"], "externalId": "renamed-to-removal"})
    assert (more.status_code, more.headers["Location"], more.json()) == (202, url, {"url": url})
    updating = partner.get(url).json()
    assert (updating["status"], updating["externalId"]) == ("updating", "renamed-to-removal")
    assert {each["name"]: each["status"] for each in updating["resourceDetails"]["packages"]} == {
        "webex_calling": "deleting",
        "webex_meetings": "provisioned",
        "webex_voice": "provisioning",
    }
    demo.call(work)
    assert set(partner.get(url).json()["packages"]) == {"webex_meetings", "webex_voice"}
    removed = partner.delete(url)
    assert (removed.status_code, removed.content) == (202, b"")
    assert partner.get(url).json()["status"] == "deleting"
    demo.call(work)
    for method, sent in (("GET", None), ("PUT", {"packages": ["webex_meetings"]}), ("DELETE", None)):
        assert faults(partner.request(method, url, json=sent), 404) == ["customerId: nothing has this id"]
    new_id(partner.post(PATH, json=body("from-order-to-removal")))


def test_the_new_organization_is_the_partner_s(demo: Server, partner: Client):
    """The partner's token reads organization, location, site licenses and people of the new customer's organization."""
    id = provisioned(demo, partner)["id"]
    shown = partner.get(f"{PATH}/{id}", params={"includePackageLicenseInfo": "true"}).json()
    org_id = shown["orgId"]
    organization = partner.get(f"/v1/organizations/{org_id}").json()
    assert organization["displayName"].startswith("Shop ")
    [location] = partner.get("/v1/locations", params={"orgId": org_id}).json()["items"]
    assert (location["name"], location["timeZone"]) == ("Head Office", "America/Los_Angeles")
    assert location["address"] == {
        "address1": "771 Alder Drive",
        "address2": "Cisco Site 5",
        "city": "Milpitas",
        "state": "CA",
        "postalCode": "95035",
        "country": "US",
    }
    licenses = {each["id"]: each for each in partner.get("/v1/licenses", params={"orgId": org_id}).json()["items"]}
    told = {each["name"]: each["licenseIds"] for each in shown["resourceDetails"]["packages"]}
    names = {package: [licenses[id]["name"] for id in found] for package, found in told.items()}
    assert names == {"webex_calling": ["Webex Calling"], "webex_meetings": ["Webex Meetings"]}
    assert all(licenses[id]["siteUrl"].endswith(".webex.com") for id in told["webex_meetings"])
    assert partner.get("/v1/people", params={"orgId": org_id}).json()["items"] == []
    plain = partner.get(f"{PATH}/{id}", params={"includePackageLicenseInfo": "false"}).json()
    assert all(set(each) == {"name", "status"} for each in plain["resourceDetails"]["packages"])


def test_what_went_wrong_is_told_with_its_package(partner: Client):
    """Warnings and errors have a code and a description and stand with their package; only success has an orgId."""
    warned = of_name(partner, "harbor-clinic")
    assert (warned["status"], "orgId" in warned) == ("provisioned", True)
    [calling] = [each for each in warned["resourceDetails"]["packages"] if "warnings" in each]
    assert [each["errorCode"] for each in calling["warnings"]] == [2560]
    assert set(calling["warnings"][0]) == {"errorCode", "description"}
    some = of_name(partner, "pine-street-books")
    assert (some["status"], "orgId" in some) == ("provisioned_with_errors", True)
    failed = {each["name"]: each.get("errors") for each in some["resourceDetails"]["packages"]}
    assert failed["webex_meetings"] is None
    assert [set(each) for each in failed["webex_calling"] or ()] == [{"errorCode", "description"}]
    shown = partner.get(f"{PATH}/{some['id']}", params={"includePackageLicenseInfo": "true"}).json()
    assert {each["name"]: "licenseIds" in each for each in shown["resourceDetails"]["packages"]} == {
        "webex_calling": False,
        "webex_meetings": True,
    }
    for external_id, status in (
        ("delta-foods", "error"),
        ("cobalt-cycles", "provisioning"),
        ("fern-imports", "pending_rpl_review"),
    ):
        found = of_name(partner, external_id)
        assert (found["status"], "orgId" in found) == (status, False)


def test_one_run_at_a_time(demo: Server, partner: Client):
    """While an order is carried out, a change and a removal are refused; then they are not."""
    id = new_id(partner.post(PATH, json=body()))
    for answer in (partner.put(f"{PATH}/{id}", json={"packages": ["webex_voice"]}), partner.delete(f"{PATH}/{id}")):
        [told] = faults(answer, 409)
        assert told == "customerId: the customer is provisioning; try again when that has come to its end"
    demo.call(work)
    assert partner.delete(f"{PATH}/{id}").status_code == 202
    [told] = faults(partner.delete(f"{PATH}/{id}"), 409)
    assert told.startswith("customerId: the customer is deleting;")
    demo.call(work)


def test_customers_are_filtered(demo: Server, partner: Client):
    """Filters narrow each other; status may be there several times or with commas; orgId is an id or its UUID."""
    bob = of_name(partner, "bobs-bakery")
    uuid = ids.decode("ORGANIZATION", bob["orgId"])

    def names(**query: Any) -> list[str]:
        items = partner.get(PATH, params={"max": "100", **query}).json()["items"]
        return [each["externalId"] for each in items]

    assert names(orgId=bob["orgId"]) == names(orgId=uuid) == ["bobs-bakery"]
    assert names(orgId=bob["orgId"], externalId="bobs-bakery", status="provisioned") == ["bobs-bakery"]
    assert names(orgId=bob["orgId"], externalId="delta-foods") == names(externalId="no-one") == []
    assert names(orgId="nonsense") == names(externalId="bobs-bakery", status="error") == []
    assert names(status="pending_rpl_review") == ["fern-imports"]
    assert names(status=["error", "pending_rpl_review"]) == ["delta-foods", "fern-imports"]
    assert names(status="pending_rpl_review,error,error") == ["delta-foods", "fern-imports"]
    assert names(status=",".join(STATUSES)) == names() == names(status="", externalId="", orgId="")
    assert names(status="deleting", offset="0") == []
    assert "bobs-bakery" not in names(offset=str(names().index("bobs-bakery") + 1))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"status": "done"}, f"status: must be one of {', '.join(STATUSES)}"),
        ({"status": "error,done"}, f"status: must be one of {', '.join(STATUSES)}"),
        ({"max": "0"}, "max: must be a whole number, 1 or more"),
        ({"max": "ten"}, "max: must be a whole number, 1 or more"),
        ({"offset": "-1"}, "offset: must be a whole number, 0 or more"),
        ({"externalId": "a\x00"}, "externalId: contains a NUL character, which no text may have"),
        ({"cursor": "x"}, "cursor: is not valid; follow the Link header of the page before as it is"),
    ],
)
def test_wrong_queries_are_refused(partner: Client, query: dict[str, str], sentence: str):
    """A parameter that cannot be is 400, with its name."""
    assert faults(partner.get(PATH, params=query)) == [sentence]


@pytest.fixture(scope="module")
def crowd(sqlite: Maker):
    """A server with a sub-partner that has 25 customers, and a client of the sub-partner."""
    with sqlite.lent(load_demo) as url, Server(url) as server:
        client = server.client(token_of(server, FOOTHILL))
        for n in range(24):
            new_id(client.post(PATH, json=body(f"crowd-{n:02}", FOOTHILL, packages=["webex_voice"])))
        yield server, client
        client.close_all()


def test_pages_lead_to_each_other(crowd: tuple[Server, Client]):
    """Following `next` shows every customer once, the oldest first, and `prev` leads back; both say their offset."""
    _, client = crowd
    everybody = [each["id"] for each in client.get(PATH).json()["items"]]
    assert len(everybody) == 25
    for query in ({"max": "7"}, {"max": "7", "status": ["provisioning", "provisioned"]}):
        answer = client.get(PATH, params=query)
        seen = [each["id"] for each in answer.json()["items"]]
        offsets = []
        while "next" in answer.links:
            link = answer.links["next"]["url"]
            assert "," not in link
            offsets.append(parse_qs(urlsplit(link).query)["offset"])
            answer = client.get(link)
            seen += [each["id"] for each in answer.json()["items"]]
        assert seen == everybody
        assert offsets == [["7"], ["14"], ["21"]]
        while "prev" in answer.links:
            answer = client.get(answer.links["prev"]["url"])
        assert [each["id"] for each in answer.json()["items"]] == everybody[:7]
        # Cisco's own client reads nothing but the offset.
        by_offset = client.get(PATH, params={**query, "offset": "14"}).json()["items"]
        assert [each["id"] for each in by_offset] == everybody[14:21]


def test_at_most_a_hundred_on_a_page(crowd: tuple[Server, Client]):
    """Without `max` a page has up to 100 customers; more than that are taken as 100, and a short page has no link."""
    _, client = crowd
    for query in ({}, {"max": "100"}, {"max": "1000000"}):
        answer = client.get(PATH, params=query)
        assert len(answer.json()["items"]) == 25
        assert "Link" not in answer.headers
    assert client.get(PATH, params={"offset": "999999999999999999"}).json() == {"items": []}


def test_who_is_removed_meanwhile_breaks_no_page(crowd: tuple[Server, Client]):
    """The next page begins after the last one that was shown, though the customers between are gone by then."""
    server, client = crowd
    server.call(work)
    everybody = [each["id"] for each in client.get(PATH).json()["items"]]
    first = client.get(PATH, params={"max": "10"})
    for id in everybody[8:11]:
        assert client.delete(f"{PATH}/{id}").status_code == 202
    server.call(work)
    second = client.get(first.links["next"]["url"])
    assert [each["id"] for each in second.json()["items"]] == everybody[11:21]
    assert second.links["next"]["url"].startswith(client.base)


def test_addresses_are_public(demo_sqlite_url: str):
    """Url, Location and links begin with `public_url` where there is one."""
    with Server(demo_sqlite_url, public_url="https://webex.example.com/") as server:
        client = server.client(TOKEN)
        answer = client.post(PATH, json=body())
        id = new_id(answer)
        shown = client.get(f"{PATH}/{id}")
        link = client.get(PATH, params={"max": "1"}).links["next"]["url"]
        client.close_all()
    assert answer.json()["url"] == answer.headers["Location"] == f"https://webex.example.com{PATH}/{id}"
    assert shown.headers["Location"] == answer.json()["url"]
    assert link.startswith(f"https://webex.example.com{PATH}?")


@pytest.mark.parametrize("id", [NOBODY, "nonsense", ids.encode("PEOPLE", ACME), "x" * 5000, "%00", "validate-it"])
def test_unknown_customers_are_not_found(partner: Client, id: str):
    """Whatever is no id of one of the partner's customers is 404, with one and the same sentence."""
    for method, sent in (("GET", None), ("PUT", {"packages": ["webex_meetings"]}), ("DELETE", None)):
        told = faults(partner.request(method, f"{PATH}/{id}", json=sent), 404)
        assert told == ["customerId: nothing has this id"]


def test_ids_are_taken_in_each_form(partner: Client):
    """An id of a customer may be of kind ENTERPRISE or CUSTOMER, as in Cisco's examples, or a plain UUID."""
    id = of_name(partner, "bobs-bakery")["id"]
    inner = ids.decode("ENTERPRISE", id) or ""
    for form in (id, id + "==", inner, inner.upper(), ids.encode("CUSTOMER", inner)):
        assert partner.get(f"{PATH}/{form}").json()["id"] == id


OPERATIONS = [
    ("GET", PATH, None, "read"),
    ("POST", PATH, body(), "write"),
    ("POST", f"{PATH}/validate", {"address": ADDRESS}, "write"),
    ("GET", f"{PATH}/{NOBODY}", None, "read"),
    ("PUT", f"{PATH}/{NOBODY}", {"packages": ["webex_voice"]}, "write"),
    ("DELETE", f"{PATH}/{NOBODY}", None, "write"),
    ("GET", "/v1/wholesale/subPartners", None, "read"),
]


@pytest.mark.parametrize(("method", "path", "sent", "kind"), OPERATIONS, ids=[f"{m} {p}" for m, p, *_ in OPERATIONS])
def test_scopes_and_roles(demo: Server, partner: Client, method: str, path: str, sent: Any, kind: str):
    """Reading needs a read or write scope and an administrator; all else the write scope and a full administrator."""

    def answer(token: str) -> tuple[int, str]:
        found = partner.as_(token).request(method, path, json=sent)
        return found.status_code, found.json()["errors"][0]["description"] if found.status_code >= 400 else ""

    reading = token_of(demo, PARTNER, scopes=frozenset({f"{SCOPE}_read"}))
    neither = token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_subscribers_write"}))
    assert answer(neither)[0] == 403
    assert "The token lacks the scope spark-admin:wholesale_customers_" in answer(neither)[1]
    assert (answer(reading)[0] == 403) == (kind == "write")
    nobody = token_of(demo, PARTNER, "deals@summit.example")
    assert answer(nobody)[0] == 403
    assert answer(nobody)[1].startswith(("An administrator role is needed", "The role of a full administrator is"))
    assert answer("allot-demo-admin") == (
        403,
        "The organization of the token is no wholesale partner (it lacks the entitlement wxc-wholesale)",
    )
    assert answer("nonsense")[0] == 401


def test_a_reading_administrator_changes_nothing(demo: Server, partner: Client):
    """A read-only administrator lists and shows customers and is refused everything else."""
    token = token_of(demo, FOOTHILL, role="id_readonly_admin")
    reader = partner.as_(token)
    shown = of_name(reader, "tidewater-surf")
    assert reader.get(f"{PATH}/{shown['id']}").status_code == 200
    for answer in (
        reader.post(PATH, json=body("", FOOTHILL)),
        reader.put(f"{PATH}/{shown['id']}", json={"packages": ["webex_voice"]}),
        reader.delete(f"{PATH}/{shown['id']}"),
        reader.post(f"{PATH}/validate", json={"address": ADDRESS}),
    ):
        assert faults(answer, 403) == ["The role of a full administrator is needed"]


def test_who_is_suspended_only_removes(partner: Client, demo: Server):
    """For a suspended sub-partner one may read and remove; provisioning, updates and prechecks are 403."""
    switch(demo, VALLEY, "active")
    there = behalf(VALLEY)
    id = new_id(partner.post(PATH, json=body("", VALLEY), params=there))
    demo.call(work)
    switch(demo, VALLEY, "suspended")
    own = partner.as_(token_of(demo, VALLEY))
    for client, query in ((partner, there), (own, {}), (own, there)):
        for answer in (
            client.post(PATH, json=body("", VALLEY), params=query),
            client.post(f"{PATH}/validate", json={"address": ADDRESS}, params=query),
            client.put(f"{PATH}/{id}", json={"packages": ["webex_voice"]}, params=query),
        ):
            [told] = faults(answer, 403)
            assert told.startswith("The sub-partner is suspended: it can delete customers and subscribers")
        assert client.get(f"{PATH}/{id}", params=query).status_code == 200
        assert len(client.get(PATH, params=query).json()["items"]) == 1
    assert own.delete(f"{PATH}/{id}").status_code == 202
    demo.call(work)
    assert partner.get(PATH, params=there).json()["items"] == []


def test_every_order_is_in_the_journal(demo: Server, partner: Client):
    """An accepted order is an entry of the partner's journal with the statuses that it changed, a refused one none."""
    sql = "SELECT action, target_id, outcome FROM journal WHERE org_id = $1 AND entry > $2 ORDER BY entry"
    [[before]] = demo.rows("SELECT entries FROM organizations WHERE org_id = $1", PARTNER)
    faults(partner.post(PATH, json=body(packages=["none"])))
    id = new_id(partner.post(PATH, json=body()))
    entries = demo.rows(sql, PARTNER, before)
    assert entries == [("customers.provision", ids.decode("ENTERPRISE", id), 202)]
    demo.call(work)


def test_an_update_may_leave_out_all_but_the_packages(demo: Server, partner: Client):
    """What an update does not say stays: external id, address and limits; what it says replaces what was."""
    id = provisioned(
        demo, partner, externalId="stays-as-it-is", provisioningParameters=parameters({"webex_calling": 7})
    )["id"]
    new_id(partner.put(f"{PATH}/{id}", json={"packages": ["webex_calling", "webex_meetings"]}))
    demo.call(work)
    shown = partner.get(f"{PATH}/{id}").json()
    assert (shown["externalId"], shown["address"], shown["status"]) == ("stays-as-it-is", ADDRESS, "provisioned")
    units = {
        each["name"]: each["totalUnits"]
        for each in partner.get("/v1/licenses", params={"orgId": shown["orgId"]}).json()["items"]
    }
    assert units["Webex Calling"] == 7
    moved = {**ADDRESS, "addressLine1": "1 New Street", "addressLine2": "Floor 2"}
    new_id(partner.put(f"{PATH}/{id}", json={"packages": ["webex_calling"], "address": moved}))
    assert partner.get(f"{PATH}/{id}").json()["address"] == moved
    demo.call(work)


def test_packages_stay_in_the_order_in_which_they_were_ordered(demo: Server, partner: Client):
    """What is added comes after what is there, also when something was removed before, in details and lists alike."""
    url = partner.post(PATH, json=body("in-order")).json()["url"]
    demo.call(work)
    orders = (["webex_meetings", "webex_voice"], ["webex_meetings", "webex_voice", "common_area_calling"])
    for packages in orders:
        assert partner.put(url, json={"packages": packages}).status_code == 202
        demo.call(work)
        assert partner.get(url).json()["packages"] == of_name(partner, "in-order")["packages"] == packages

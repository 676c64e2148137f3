"""Billing reports over HTTP: ordering, looking, listing, deleting, and who may."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from allot.cli.demo import ACME, FOOTHILL, PARTNER, VALLEY
from allot.core import ids
from allot.service.clock import Setting
from billing import BY_CUSTOMER, BY_PARTNER, JANUARY, fill, lines, make
from databases import Maker
from servers import Client, Server, load_demo
from wholesale import TOKEN, faults, token_of

PATH = "/v1/wholesale/billing/reports"
NOBODY = ids.encode("BILLING_REPORT", "00000000-0000-4000-8000-000000000000")
READ, WRITE = "spark-admin:wholesale_billing_reports_read", "spark-admin:wholesale_billing_reports_write"
DAYS = {"billingStartDate": JANUARY[0], "billingEndDate": JANUARY[1]}
THEIRS = (("c-9", "s-9", "webex_voice", "2026-01-31", None),)


def org(org_id: str) -> str:
    return ids.encode("ORGANIZATION", org_id)


@pytest.fixture(scope="module")
def demo(sqlite: Maker) -> Iterator[Server]:
    """The demo on 4 May 2026, with a ledger of the partner and one of its sub-partner."""
    with sqlite.lent(load_demo) as url, Server(url) as running:
        running.service.clock.set(Setting(1, frozen=datetime.fromisoformat("2026-05-04T12:00:00Z")))
        running.call(fill)
        running.call(lambda service: fill(service, FOOTHILL, THEIRS))
        yield running


@pytest.fixture
def partner(admin: Client) -> Client:
    """The administrator of the demo's partner."""
    return admin.as_(TOKEN)


def ordered(client: Client, **told: Any) -> str:
    """The id of a new report."""
    answer = client.post(PATH, json=DAYS | told)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_a_report_from_order_to_deletion(demo: Server, partner: Client):
    """A report is accepted at once, made in the background, shown with the address of its file, and gone at last."""
    answer = partner.post(PATH, json=DAYS | {"type": "CUSTOMER"})
    shown = answer.json()
    assert answer.status_code == 200
    assert shown == {
        "id": shown["id"],
        **DAYS,
        "type": "CUSTOMER",
        "category": "RECONCILIATION",
        "internal": False,
    }
    url = f"{PATH}/{shown['id']}"
    me = partner.get("/v1/people/me").json()["id"]
    first = partner.get(url).json()
    assert first == {
        "id": shown["id"],
        **DAYS,
        "type": "CUSTOMER",
        "category": "RECONCILIATION",
        "created": "2026-05-04T12:00:00.000Z",
        "createdBy": me,
        "status": "IN_PROGRESS",
        "errors": [],
    }
    demo.call(make)
    made = partner.get(url).json()
    address = made.pop("tempDownloadURL")
    assert made == first | {"status": "COMPLETED"}
    assert address.startswith(f"{demo.address}/allot/v1/reports/{PARTNER}/")
    assert partner.delete(url).status_code == 204
    for again in (partner.get(url), partner.delete(url), partner.as_(None).get(address)):
        assert again.status_code == 404
        assert again.json()["errors"] == [{"errorCode": 2024, "description": "Billing Report not found."}]


@pytest.mark.parametrize(("type", "expected"), [("PARTNER", BY_PARTNER), ("CUSTOMER", BY_CUSTOMER)])
def test_what_a_report_counts(demo: Server, partner: Client, type: str, expected: dict[tuple[str, ...], Any]):
    """The file has the subscribers and the subscriber-days of the period, of each package."""
    url = f"{PATH}/{ordered(partner, type=type)}"
    demo.call(make)
    told = lines(partner.get(partner.get(url).json()["tempDownloadURL"]).text)
    assert {line["partnerOrgId"] for line in told} == {org(PARTNER)}
    assert {(line["billingStartDate"], line["billingEndDate"]) for line in told} == {JANUARY}
    counted = {}
    for line in told:
        customer = (ids.decode("ENTERPRISE", line["customerId"]),) if type == "CUSTOMER" else ()
        counted[*customer, line["package"]] = (int(line["subscribers"]), int(line["subscriberDays"]))
    assert counted == expected


def test_a_report_of_users_names_them(demo: Server, partner: Client):
    """By user the file has a line for each package of each subscriber, with external id and email."""
    url = f"{PATH}/{ordered(partner, type='USER')}"
    demo.call(make)
    told = lines(partner.get(partner.get(url).json()["tempDownloadURL"]).text)
    assert [(line["email"], line["package"], line["subscriberDays"]) for line in told] == [
        ("s-1@example.com", "webex_calling", "10"),
        ("s-1@example.com", "webex_suite", "21"),
        ("s-2@example.com", "webex_calling", "2"),
        ("s-3@example.com", "webex_calling", "31"),
    ]
    assert told[0]["subscriberId"] == ids.encode("SUBSCRIBER", "s-1")
    assert told[0]["externalCustomerId"] == "name of c-1"


def test_what_is_not_said(partner: Client):
    """Without a type a report is about the partner; `internal` is shown as it was sent."""
    assert partner.post(PATH, json=DAYS).json()["type"] == "PARTNER"
    assert partner.post(PATH, json=DAYS | {"internal": True}).json()["internal"] is True
    same_day = {"billingStartDate": "2026-05-03", "billingEndDate": "2026-05-03"}
    assert partner.post(PATH, json=same_day).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"billingStartDate": None}, ["billingStartDate"]),
        ({"billingStartDate": None, "billingEndDate": None}, ["billingStartDate", "billingEndDate"]),
        ({"billingStartDate": "yesterday"}, ["billingStartDate"]),
        ({"billingStartDate": "20260101", "billingEndDate": "2026-02-30"}, ["billingStartDate", "billingEndDate"]),
        ({"billingStartDate": "2026-1-1"}, ["billingStartDate"]),
        ({"billingStartDate": "2026-01-01T00:00:00Z"}, ["billingStartDate"]),
        ({"billingStartDate": ""}, ["billingStartDate"]),
        ({"billingStartDate": "\uff12026-01-01"}, ["billingStartDate"]),
        ({"billingStartDate": 20260101}, ["billingStartDate"]),
        ({"billingStartDate": "2026-02-01"}, ["billingEndDate"]),
        ({"billingEndDate": "2026-05-04"}, ["billingEndDate"]),
        ({"billingStartDate": "2021-05-03"}, ["billingStartDate"]),
        ({"type": "NONSENSE"}, ["type"]),
        ({"type": "partner"}, ["type"]),
        ({"internal": "yes"}, ["internal"]),
        ({"subPartnerOrgId": 1}, ["subPartnerOrgId"]),
    ],
)
def test_faults_are_named(partner: Client, wrong: dict[str, Any], named: list[str]):
    """What is wrong with an order is told, each fault with its member, and nothing is made."""
    before = listed(partner)
    sent = {member: value for member, value in (DAYS | wrong).items() if value is not None}
    assert [fault.partition(":")[0] for fault in faults(partner.post(PATH, json=sent))] == named
    assert listed(partner) == before


def test_days_are_judged_by_the_service_s_clock(demo: Server, partner: Client):
    """A day is over, and five years ago, where the service's clock says so, in UTC."""
    today = {"billingStartDate": "2021-05-05", "billingEndDate": "2026-05-04"}
    assert "before today, which is 2026-05-04 in UTC" in faults(partner.post(PATH, json=today))[0]
    demo.service.clock.set(Setting(2, frozen=datetime.fromisoformat("2026-05-04T23:30:00-01:00")))
    assert partner.post(PATH, json=today).status_code == 200
    demo.service.clock.set(Setting(3, frozen=datetime.fromisoformat("2026-05-04T12:00:00Z")))


def test_lists_are_filtered_and_sorted(demo: Server, partner: Client):
    """Every filter narrows the list, every order sorts it, and pages follow each other."""
    one = ordered(partner, billingStartDate="2025-03-03", billingEndDate="2025-03-09", type="USER")
    two = ordered(partner, billingStartDate="2025-03-02", billingEndDate="2025-03-10", type="CUSTOMER")
    demo.call(make)
    three = ordered(partner, billingStartDate="2025-03-01", billingEndDate="2025-03-10")
    ours = {one, two, three}

    def of(**query: Any) -> list[str]:
        return [id for id in listed(partner, **query) if id in ours]

    assert of() == of(sortBy="billingStartDate") == [three, two, one]
    assert of(sortBy="billingEndDate")[0] == one
    assert of(sortBy="status") == [*sorted((one, two), key=decoded), three]
    assert of(sortBy="id") == sorted(ours, key=decoded)
    assert of(billingStartDate="2025-03-02") == [two]
    assert of(billingEndDate="2025-03-10") == [three, two]
    assert of(type="USER") == [one]
    assert of(status="IN_PROGRESS") == [three]
    assert of(status="FAILED") == []
    assert of(type="CUSTOMER", billingStartDate="2025-03-01") == []
    demo.call(make)
    everything = listed(partner)
    for sort in ("id", "billingStartDate", "billingEndDate", "status"):
        assert paged(partner, sort) == listed(partner, sortBy=sort)
    assert len(everything) == len(set(everything))


def decoded(id: str) -> str:
    return ids.decode("BILLING_REPORT", id) or ""


def paged(client: Client, sort: str) -> list[str]:
    """All reports, two on a page."""
    found, url = [], f"{PATH}?max=2&sortBy={sort}"
    while url:
        answer = client.get(url)
        items = answer.json()["items"]
        assert len(items) <= 2
        assert all("errors" not in item and "createdBy" not in item for item in items)
        found += [item["id"] for item in items]
        url = answer.links.get("next", {}).get("url", "")
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("billingStartDate", "yesterday"),
        ("billingEndDate", "2026-02-30"),
        ("billingEndDate", ""),
        ("type", "ANYTHING"),
        ("sortBy", "created"),
        ("status", "DELETED"),
        ("max", "0"),
        ("max", "x"),
        ("cursor", "nonsense"),
    ],
)
def test_faults_of_a_list_are_named(partner: Client, name: str, value: str):
    """A filter that can fit nothing is refused, and named."""
    assert faults(partner.get(PATH, params={name: value}))[0].startswith(name)


def test_a_page_has_a_hundred_at_most(partner: Client):
    """More than 100 are taken as 100."""
    assert partner.get(PATH, params={"max": "1000"}).status_code == 200


def test_reports_about_sub_partners(demo: Server, partner: Client):
    """A partner has reports about its sub-partners, suspended ones too; the usage is theirs, the report its own."""
    about = ordered(partner, subPartnerOrgId=org(FOOTHILL))
    suspended = ordered(partner, subPartnerOrgId=VALLEY)
    demo.call(make)
    [line] = lines(partner.get(partner.get(f"{PATH}/{about}").json()["tempDownloadURL"]).text)
    assert (line["partnerOrgId"], line["package"], line["subscriberDays"]) == (org(FOOTHILL), "webex_voice", "1")
    assert lines(partner.get(partner.get(f"{PATH}/{suspended}").json()["tempDownloadURL"]).text) == []
    assert listed(partner, subPartnerOrgId=org(FOOTHILL)) == [about]
    assert {about, suspended} <= set(listed(partner))
    theirs = partner.as_(token_of(demo, FOOTHILL))
    assert listed(theirs) == []
    assert theirs.get(f"{PATH}/{about}").status_code == 404


@pytest.mark.parametrize("other", [org(ACME), ACME, "nonsense", org("00000000-0000-4000-8000-000000000000")])
def test_nobody_else_s_usage(partner: Client, other: str):
    """What is no sub-partner of the caller's is refused, alike whether it exists or not."""
    refused = [partner.post(PATH, json=DAYS | {"subPartnerOrgId": other})]
    refused.append(partner.get(PATH, params={"subPartnerOrgId": other}))
    for answer in refused:
        [told] = faults(answer, 403)
        assert told == "subPartnerOrgId: is no sub-partner of the token's organization"


def test_somebody_else_s_report_is_not_there(demo: Server, partner: Client):
    """To a sub-partner the report of its partner is exactly what does not exist."""
    id = ordered(partner)
    theirs = partner.as_(token_of(demo, FOOTHILL))
    for report in (id, NOBODY, "nonsense", ids.encode("PEOPLE", decoded(id))):
        for answer in (theirs.get(f"{PATH}/{report}"), theirs.delete(f"{PATH}/{report}")):
            assert answer.status_code == 404
            assert answer.json()["errors"][0]["errorCode"] == 2024
    assert partner.get(f"{PATH}/{id}").status_code == 200


def test_rights(demo: Server, partner: Client):
    """Reading takes a scope and an administrator, making and deleting the write scope and one who may write."""
    id = ordered(partner)
    reading = partner.as_(token_of(demo, PARTNER, scopes=frozenset({READ})))
    nothing = partner.as_(token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_customers_write"})))
    plain = partner.as_(token_of(demo, PARTNER, "deals@summit.example"))
    looks = partner.as_(token_of(demo, PARTNER, "deals@summit.example", role="id_readonly_admin"))
    statuses = {
        client: [
            client.get(PATH).status_code,
            client.get(f"{PATH}/{id}").status_code,
            client.post(PATH, json=DAYS).status_code,
            client.delete(f"{PATH}/{id}").status_code,
        ]
        for client in (reading, nothing, looks)
    }
    assert statuses == {reading: [200, 200, 403, 403], nothing: [403] * 4, looks: [200, 200, 403, 403]}
    assert plain.get(PATH).status_code == 200, "the role is the person's, whichever token"
    for name in ("allot-demo-admin", "allot-demo-other-org"):
        stranger = partner.as_(name)
        assert [stranger.get(PATH).status_code, stranger.post(PATH, json=DAYS).status_code] == [403, 403]
    writing = partner.as_(token_of(demo, PARTNER, scopes=frozenset({WRITE})))
    assert writing.delete(f"{PATH}/{id}").status_code == 204


def test_the_journal_tells_of_reports(demo: Server, partner: Client):
    """Ordering, making and deleting are entries of the partner's journal, under the tracking id of the order."""
    demo.call(make)  # what other tests have ordered
    answer = partner.post(PATH, json=DAYS, headers={"TrackingID": "track-billing"})
    id = answer.json()["id"]
    demo.call(make)
    partner.delete(f"{PATH}/{id}", headers={"TrackingID": "track-deleting"})
    told = partner.get("/allot/v1/journal", params={"max": 3}).json()["items"]
    assert [(entry["action"], entry["outcome"], entry["trackingId"]) for entry in told] == [
        ("reports.delete", 204, "track-deleting"),
        ("reports.make", 200, "track-billing"),
        ("reports.create", 200, "track-billing"),
    ]
    assert {entry["targetId"] for entry in told} == {id}
    assert told[1]["detail"]["status"] == "COMPLETED"


def test_one_that_is_being_made_may_be_deleted(demo: Server, partner: Client):
    """A deleted report is gone at once, whether it was made or not; its maker finds nothing to make."""
    id = ordered(partner)
    assert partner.delete(f"{PATH}/{id}").status_code == 204
    assert partner.get(f"{PATH}/{id}").status_code == 404
    assert id not in listed(partner)
    demo.call(make)
    assert demo.rows("SELECT report_id FROM reports WHERE status = 'DELETED'") == []

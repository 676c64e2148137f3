"""Billing reports over HTTP: what Cisco documents of them.

docs/fidelity/wholesale has the list of these statements, each with the test that shows it.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from allot.cli.demo import FOOTHILL, PARTNER
from allot.core import ids
from allot.engine.reports import Maker
from allot.service.service import Service
from servers import Client, Server
from wholesale import TOKEN

REPORTS = "/v1/wholesale/billing/reports"


@pytest.fixture(scope="module")
def partner(demo: Server) -> Iterator[Client]:
    """The administrator of the demo's wholesale partner."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


def items(answer: requests.Response) -> list[Any]:
    """The items of a list."""
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


async def make(service: Service) -> None:
    """Make all reports that are due."""
    maker = Maker(service)
    while await maker.turn():
        pass


def made(demo: Server, partner: Client, **told: Any) -> dict[str, Any]:
    """A new report, once it is made."""
    answer = partner.post(REPORTS, json={"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31"} | told)
    assert answer.status_code == 200, answer.text
    created: dict[str, Any] = answer.json()
    assert partner.get(f"{REPORTS}/{created['id']}").json()["status"] == "IN_PROGRESS"
    demo.call(make)
    return created


@pytest.mark.parametrize("type", ["PARTNER", "CUSTOMER", "USER"])
def test_a_report_is_made_and_shown(demo: Server, partner: Client, type: str):
    """The answer has the id and what was asked; reading it tells how it goes, and where its file is at the end."""
    created = made(demo, partner, type=type)
    assert created == {
        "id": created["id"],
        "billingStartDate": "2026-01-01",
        "billingEndDate": "2026-01-31",
        "type": type,
        "category": "RECONCILIATION",
        "internal": False,
    }
    shown = partner.get(f"{REPORTS}/{created['id']}").json()
    assert set(shown) - {"errors"} == (set(created) - {"internal"}) | {
        *("created", "createdBy", "status", "tempDownloadURL"),
    }
    assert (shown["status"], shown.get("errors", [])) == ("COMPLETED", [])
    assert ids.decode("BILLING_REPORT", shown["id"])
    assert shown["createdBy"] == partner.get("/v1/people/me").json()["id"]
    file = partner.as_(None).get(shown["tempDownloadURL"])
    assert file.status_code == 200
    assert next(csv.reader(io.StringIO(file.text)))[-1] == "subscriberDays"


def test_what_a_report_can_be_asked_for(partner: Client):
    """Both days are required, as YYYY-MM-DD; the type is PARTNER unless said, and `internal` no unless said."""
    period = {"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31"}
    told = partner.post(REPORTS, json=period | {"internal": True}).json()
    assert (told["type"], told["internal"]) == ("PARTNER", True)
    for changes in ({"billingStartDate": None}, {"billingEndDate": None}, {"billingStartDate": "01/01/2026"}):
        sent = {name: value for name, value in (period | changes).items() if value is not None}
        assert partner.post(REPORTS, json=sent).status_code == 400
    assert partner.post(REPORTS, json=period | {"type": "NONSENSE"}).status_code == 400
    for org_id, status in ((FOOTHILL, 200), (PARTNER[::-1], 403)):
        sent = period | {"subPartnerOrgId": ids.encode("ORGANIZATION", org_id)}
        assert partner.post(REPORTS, json=sent).status_code == status


def test_reports_are_found_by_every_filter(demo: Server, partner: Client):
    """Days, type, status and sub-partner leave the reports that have them; they are sorted as asked, 100 at most."""
    theirs = {"subPartnerOrgId": ids.encode("ORGANIZATION", FOOTHILL)}
    made(demo, partner, billingStartDate="2026-03-01", billingEndDate="2026-03-15", type="USER", **theirs)
    every = items(partner.get(REPORTS))

    def found(**wanted: Any) -> list[Any]:
        return items(partner.get(REPORTS, params=wanted))

    [only] = found(billingStartDate="2026-03-01", billingEndDate="2026-03-15")
    assert only["type"] == "USER"
    assert only in found(**theirs)
    for name in ("type", "status", "billingStartDate", "billingEndDate"):
        assert found(**{name: only[name]}) == [each for each in every if each[name] == only[name]]
    for name in ("billingStartDate", "billingEndDate", "status"):
        assert [each[name] for each in found(sortBy=name)] == sorted(each[name] for each in every)
    by_id = [ids.decode("BILLING_REPORT", each["id"]) or "" for each in found(sortBy="id")]
    assert by_id == sorted(by_id)
    assert [each["billingStartDate"] for each in every] == sorted(each["billingStartDate"] for each in every)
    assert len(found(max=1)) == 1
    assert found(max=101) == every
    for wrong in ({"sortBy": "created"}, {"type": "x"}, {"status": "x"}):
        assert partner.get(REPORTS, params=wrong).status_code == 400


def test_a_report_is_deleted(demo: Server, partner: Client):
    """204 with no body; from then on there is none of this id, in Cisco's code and words."""
    id = made(demo, partner)["id"]
    answer = partner.delete(f"{REPORTS}/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (partner.get(f"{REPORTS}/{id}"), partner.delete(f"{REPORTS}/{id}")):
        assert gone.status_code == 404
        assert gone.json()["errors"] == [{"errorCode": 2024, "description": "Billing Report not found."}]


def test_lists_of_reports_have_pages(demo: Server, partner: Client):
    """Link leads to the next page until there is none; together they have every report once."""
    for _ in range(3):
        made(demo, partner)
    every = [each["id"] for each in items(partner.get(REPORTS))]
    found, url = list[str](), f"{REPORTS}?max=2"
    while url:
        page = partner.get(url)
        found += [each["id"] for each in items(page)]
        url = page.links["next"]["url"] if page.links else ""
    assert found == every


def test_a_report_that_cannot_be_made_says_why(demo: Server, partner: Client):
    """One that was begun too often is FAILED, with a code of ours, a sentence, and no file."""
    answer = partner.post(REPORTS, json={"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31"}).json()
    demo.run("UPDATE reports SET attempts = 5 WHERE report_id = $1", ids.decode("BILLING_REPORT", answer["id"]))
    demo.call(make)
    shown = partner.get(f"{REPORTS}/{answer['id']}").json()
    assert shown["status"] == "FAILED"
    [error] = shown["errors"]
    assert set(error) == {"code", "description"}
    assert error["code"] > 90_000
    assert "tempDownloadURL" not in shown
    assert answer["id"] in [each["id"] for each in items(partner.get(REPORTS, params={"status": "FAILED"}))]


def test_reports_of_now_are_asked_for_in_allot_s_own_plane(demo: Server, partner: Client):
    """What is made there is of the category POINT_IN_TIME, and is read, listed and deleted as all others."""
    created = partner.post("/allot/v1/reports", json={"type": "CUSTOMER"}).json()
    demo.call(make)
    shown = partner.get(f"{REPORTS}/{created['id']}").json()
    assert (created["category"], shown["category"], shown["status"]) == ("POINT_IN_TIME", "POINT_IN_TIME", "COMPLETED")
    assert created["id"] in [each["id"] for each in items(partner.get(REPORTS))]
    assert partner.delete(f"{REPORTS}/{created['id']}").status_code == 204

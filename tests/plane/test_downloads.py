"""The files of billing reports: an address is the right to one file, for an hour, and cannot be made up."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from allot.cli.demo import FOOTHILL, PARTNER
from allot.core import ids
from allot.service.clock import Setting
from billing import LEDGER, fill, lines, make
from databases import Maker
from servers import Client, Server, load_demo
from wholesale import TOKEN, faults, token_of

PATH = "/v1/wholesale/billing/reports"
DAYS = {"billingStartDate": "2026-01-01", "billingEndDate": "2026-01-31"}
NOW = datetime.fromisoformat("2026-05-04T12:00:00Z")
FORWARDED = {"X-Forwarded-For": "192.0.2.7"}


@pytest.fixture(scope="module")
def demo(sqlite: Maker) -> Iterator[Server]:
    """The demo at a time that stands still, with a ledger."""
    with sqlite.lent(load_demo) as url, Server(url) as running:
        running.service.clock.set(Setting(1, frozen=NOW))
        running.call(fill)
        yield running


@pytest.fixture
def partner(admin: Client) -> Client:
    return admin.as_(TOKEN)


def made(demo: Server, client: Client, path: str = PATH, **told: Any) -> str:
    """The address of the file of a new report."""
    answer = client.post(path, json=(DAYS if path == PATH else {}) | told)
    assert answer.status_code == 200, answer.text
    demo.call(make)
    shown = client.get(f"{PATH}/{answer.json()['id']}").json()
    assert shown["status"] == "COMPLETED"
    return str(shown["tempDownloadURL"])


def test_the_address_is_the_right(demo: Server, partner: Client):
    """Whoever has the address has the file, from anywhere and without a token, as CSV to be saved under a name."""
    url = made(demo, partner, type="USER")
    for client, headers in ((partner.as_(None), FORWARDED), (partner.as_("allot-demo-user"), {}), (partner, {})):
        answer = client.get(url, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
        name = "reconciliation-user-2026-01-01-2026-01-31.csv"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["Content-Length"] == str(len(answer.content))
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert len(lines(answer.text)) == len(LEDGER)


def test_the_address_says_what_webex_s_says(demo: Server, partner: Client):
    """It is absolute, and its query has Expires in an hour, Signature and Key-Pair-Id, and nothing else."""
    url = urlsplit(made(demo, partner))
    assert re.fullmatch(rf"/allot/v1/reports/{PARTNER}/[0-9a-f-]{{36}}\.csv", url.path)
    query = dict(parse_qsl(url.query))
    assert list(query) == ["Expires", "Signature", "Key-Pair-Id"]
    assert int(query["Expires"]) == NOW.timestamp() + 3600


def changed(url: str, **members: str | None) -> str:
    """The address with other members of its query; None leaves one out."""
    parts = urlsplit(url)
    query = {name: value for name, value in (dict(parse_qsl(parts.query)) | members).items() if value is not None}
    return parts._replace(query=urlencode(query)).geturl()


@pytest.mark.parametrize(
    "tampered",
    [
        lambda url: changed(url, Expires="99999999999"),
        lambda url: changed(url, Expires=dict(parse_qsl(urlsplit(url).query))["Expires"] + "0"),
        lambda url: changed(url, Expires=" " + dict(parse_qsl(urlsplit(url).query))["Expires"]),
        lambda url: changed(url, Expires="x"),
        lambda url: changed(url, Expires=None),
        lambda url: changed(url, Signature=None),
        lambda url: changed(url, Signature=""),
        lambda url: changed(url, Signature="A" * 43),
        lambda url: changed(url, Signature="é" * 43),
        lambda url: changed(url, Signature="A" * 5000),
        lambda url: changed(url, **{"Key-Pair-Id": "other"}),
        lambda url: changed(url, **{"Key-Pair-Id": None}),
        lambda url: url.replace(PARTNER, FOOTHILL),
        lambda url: url.replace(PARTNER, PARTNER.upper()),
        lambda url: url.replace(".csv", "0.csv"),
        lambda url: url.replace("/allot/v1/reports/", "/allot/v1/reports/x%2F"),
    ],
)
def test_no_other_address_is_good(demo: Server, partner: Client, tampered: Callable[[str], str]):
    """An address that differs from the one given out in time, signature, key, organization or report is refused."""
    url = made(demo, partner)
    assert tampered(url) != url
    answer = partner.get(tampered(url))
    assert answer.status_code in ((403,) if "%2F" not in tampered(url) else (403, 404))
    assert "customerId" not in answer.text
    assert partner.get(url).status_code == 200


def test_a_signature_is_of_one_report(demo: Server, partner: Client):
    """The query of one report's address is no good for another one."""
    one, other = made(demo, partner), made(demo, partner)
    mixed = urlsplit(other)._replace(query=urlsplit(one).query).geturl()
    assert "has run out; get a new one" in faults(partner.get(mixed), 403)[0]


def test_every_bit_of_a_signature_counts(demo: Server, partner: Client):
    """A signature that differs in one place is refused, the last bits included, which base64 has no use for."""
    url = made(demo, partner)
    signature = dict(parse_qsl(urlsplit(url).query))["Signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(signature[-1]) ^ 1]
    assert base64.urlsafe_b64decode(signature + "=") == base64.urlsafe_b64decode(signature[:-1] + last + "=")
    for wrong in (signature[:-1] + last, ("B" if signature[0] == "A" else "A") + signature[1:], signature + "="):
        assert partner.get(changed(url, Signature=wrong)).status_code == 403


def test_an_address_runs_out(demo: Server, partner: Client):
    """After an hour by the service's clock an address is refused; reading the report again gives a new one."""
    url = made(demo, partner)
    version = demo.service.clock.setting.version
    demo.service.clock.set(Setting(version + 1, frozen=NOW + timedelta(seconds=3599)))
    assert partner.get(url).status_code == 200
    demo.service.clock.set(Setting(version + 2, frozen=NOW + timedelta(seconds=3600)))
    assert "has run out" in faults(partner.get(url), 403)[0]
    report = ids.encode("BILLING_REPORT", urlsplit(url).path.rpartition("/")[2].removesuffix(".csv"))
    assert partner.get(partner.get(f"{PATH}/{report}").json()["tempDownloadURL"]).status_code == 200
    demo.service.clock.set(Setting(version + 3, frozen=NOW))


def test_the_key_is_made_once(demo: Server, partner: Client):
    """Addresses stay good when more reports are made: there is one key, which nothing shows."""
    url = made(demo, partner)
    [(key,)] = demo.rows("SELECT value FROM secrets WHERE name = 'reports'")
    made(demo, partner)
    assert demo.rows("SELECT value FROM secrets WHERE name = 'reports'") == [(key,)]
    assert len(key) == 64
    assert partner.get(url).status_code == 200
    assert key not in partner.get("/allot/v1/journal").text


def test_what_is_allocated_now(demo: Server, partner: Client):
    """A point-in-time report has who has what now, each for one day, by customer or by user."""
    told = lines(partner.get(made(demo, partner, "/allot/v1/reports", type="CUSTOMER")).text)
    assert [(line["package"], line["subscribers"], line["subscriberDays"]) for line in told] == [
        ("webex_calling", "1", "1"),
        ("webex_suite", "1", "1"),
    ]
    users = lines(partner.get(made(demo, partner, "/allot/v1/reports", type="USER")).text)
    assert [line["email"] for line in users] == ["s-1@example.com", "s-2@example.com"]
    shown = partner.get(PATH, params={"billingStartDate": "2026-05-04"}).json()["items"]
    assert {(item["category"], item["billingEndDate"]) for item in shown} == {("POINT_IN_TIME", "2026-05-04")}


def test_who_may_ask_what_is_allocated_now(demo: Server, partner: Client):
    """It takes what other reports take; by partner there is none."""
    assert faults(partner.post("/allot/v1/reports", json={"type": "PARTNER"}))[0].startswith("type")
    assert faults(partner.post("/allot/v1/reports", json={}))[0].startswith("type")
    reading = partner.as_(token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_billing_reports_read"})))
    assert reading.post("/allot/v1/reports", json={"type": "USER"}).status_code == 403
    other = {"type": "USER", "subPartnerOrgId": ids.encode("ORGANIZATION", "00000000-0000-4000-8000-000000000000")}
    assert partner.post("/allot/v1/reports", json=other).status_code == 403
    assert partner.as_(None).post("/allot/v1/reports", json={"type": "USER"}).status_code == 401

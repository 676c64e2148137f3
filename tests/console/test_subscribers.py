"""The pages of subscribers: who has which packages, and of which customer."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from allot.cli.demo import FOOTHILL, PARTNER
from allot.console import subscribers
from allot.core import ids
from servers import Client, Server
from visiting import Visitor, words
from wholesale import provisioned, token_of

PATH = "/v1/wholesale/subscribers"
LIST = "/wholesale/subscribers"
_ROW = re.compile(r'<th scope="row" class="wrap"><a href="/console([^"]+)"><bdi>(.*?)</bdi>')


def emails(html: str) -> list[str]:
    return [unescape(email) for _, email in _ROW.findall(html)]


def customer_of(api: Client, external_id: str = "bobs-bakery") -> str:
    [found] = api.get("/v1/wholesale/customers", params={"externalId": external_id}).json()["items"]
    return str(found["id"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["nils@bobs-bakery.example", "rosa@bobs-bakery.example", "bob@bobs-bakery.example"]),
        ("email=%20ROSA@bobs-bakery.example", ["rosa@bobs-bakery.example"]),
        ("externalCustomerId=harbor-clinic", []),
        ("status=pending_user_migration", []),
    ],
)
def test_subscribers_are_listed(partner: Visitor, query: str, found: list[str]):
    """The newest first, and by email, customer and status as the API finds them."""
    shown = partner.see(f"{LIST}?externalCustomerId=bobs-bakery&{query}" if not query else f"{LIST}?{query}")
    assert emails(shown) == found
    assert ("No subscriber fits." in shown) == (not found)


def test_a_list_goes_on_page_by_page(partner: Visitor, monkeypatch: pytest.MonkeyPatch):
    """Each is there once."""
    whole = emails(partner.see(LIST))
    monkeypatch.setattr(subscribers, "PAGE", 2)
    first = partner.see(LIST)
    more = re.search(r'href="/console([^"]+)" rel="next"', first)
    rest = partner.see(unescape(more[1]))
    assert emails(first) + emails(rest) == whole
    assert "First page" in rest


def test_subscribers_of_one_customer_lead_back_to_it(api: Client, partner: Visitor):
    """The list of a customer's subscribers stays with the customer."""
    id = customer_of(api)
    shown = partner.see(f"{LIST}?customerId={id}")
    assert len(emails(shown)) == 3
    assert f'href="/console/wholesale/customers/{id}"' in shown
    assert f'name="customerId" value="{id}"' in shown


def test_a_subscriber_shows_packages_and_person(api: Client, partner: Visitor):
    """In words, with the way to what the person has."""
    [item] = api.get(PATH, params={"email": "bob@bobs-bakery.example"}).json()["items"]
    html = partner.see(f"{LIST}/{item['id']}")
    assert "✓ provisioned Packages Webex Suite Customer Bob's Bakery" in words(html)
    person = re.search(r'href="/console(/people/[^"]+)"', html)
    assert "Bob Baker" in words(partner.see(unescape(person[1])))


def test_who_has_to_agree_first_is_told_of(api: Client, demo: Server, partner: Visitor):
    """A pending subscriber has no person yet, and what it will be called by; what the customer lost is said."""
    id = provisioned(demo, api)["id"]
    told = {"customerId": id, "email": "free.account@example.net", "package": "webex_meetings"}
    answer = api.post(PATH, json=told | {"provisioningParameters": {"firstName": "<i>Ada</i>", "lastName": "Free"}})
    assert answer.status_code == 202, answer.text
    html = partner.see(f"{LIST}/{answer.json()['id']}")
    shown = words(html)
    assert "! waits for the owner of the account to agree" in shown
    assert "Person nobody yet First name <i>Ada</i>" in shown
    assert "<i>" not in html
    demo.run("DELETE FROM packages WHERE package = 'webex_meetings' AND customer_id = $1", ids.decode("ENTERPRISE", id))
    assert "Webex Meetings (none of the customer's any more)" in words(partner.see(f"{LIST}/{answer.json()['id']}"))


def test_subscribers_are_of_one_partner(api: Client, demo: Server, partner: Visitor, visits: Callable[..., Visitor]):
    """Others do not find them, nor does who has no scope for them; one that is gone is not found."""
    [item] = api.get(PATH, params={"email": "bob@bobs-bakery.example"}).json()["items"]
    gone = "This partner has no such subscriber. It may have been removed meanwhile."
    theirs = visits(token_of(demo, FOOTHILL))
    assert gone in words(theirs.see(f"{LIST}/{item['id']}", 404))
    assert emails(theirs.see(LIST)) == []
    behalf = f"onBehalfOfSubPartnerOrgId={ids.encode('ORGANIZATION', FOOTHILL)}"
    assert emails(partner.see(f"{LIST}?{behalf}")) == []
    partner.see(f"{LIST}/{item['id']}?{behalf}", 404)
    for id in ("nonsense", ids.encode("SUBSCRIBER", "00000000-0000-4000-8000-000000000000")):
        assert gone in words(partner.see(f"{LIST}/{id}", 404))
    reader = visits(token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_customers_read"})))
    reader.see(LIST, 403)

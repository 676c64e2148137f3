"""The pages of customers: what they show, live, and to whom."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.console import customers
from allot.core import ids
from allot.wire import events as streams
from following import Following, live
from servers import Client, Server
from visiting import Visitor, words
from wholesale import PATH, TOKEN, body, new_id, provisioned, switch, token_of, work

_ROW = re.compile(r'<h2><a id="customer-[^"]*" href="([^"]+)"><bdi>(.*?)</bdi>')
_NEXT = re.compile(r'href="/console([^"]+)" rel="next"')
LIST = "/wholesale/customers"
HELLO = "\u0645\u0631\u062d\u0628\u0627"


def names(html: str) -> list[str]:
    return [unescape(name) for _, name in _ROW.findall(html)]


def page_of(id: str, rest: str = "") -> str:
    return f"{LIST}/{id}{rest}"


def behalf(org_id: str) -> str:
    return f"?onBehalfOfSubPartnerOrgId={ids.encode('ORGANIZATION', org_id)}"


def test_customers_are_listed_newest_first(demo: Server, api: Client, partner: Visitor):
    """Each has its status and a chip for each package; whoever came last is first."""
    new_id(api.post(PATH, json=body("zz-first", customerInfo={"name": "Zz", "primaryEmail": "a@zz-first.example"})))
    shown = partner.see(LIST)
    assert names(shown)[0] == "Zz"
    assert "Bob's Bakery bobs-bakery ✓ provisioned" in words(shown)
    assert "✕ provisioned with errors" in words(shown)
    assert "Webex Calling : provisioned with warnings" in words(shown)
    demo.call(work)


def test_a_list_goes_on_page_by_page(partner: Visitor, monkeypatch: pytest.MonkeyPatch):
    """All are there once, and each page leads to the next and to the first."""
    whole = names(partner.see(LIST))
    monkeypatch.setattr(customers, "PAGE", 4)
    shown, found = partner.see(LIST), []
    while True:
        found += names(shown)
        more = _NEXT.search(shown)
        if more is None:
            break
        shown = partner.see(unescape(more[1]))
        assert "First page" in shown
    assert found == whole
    assert partner.look(f"{LIST}?cursor=nonsense").status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("externalId=harbor-clinic", ["Harbor Clinic"]),
        ("status=error", ["Delta Foods"]),
        ("status=provisioning&externalId=cobalt-cycles", ["Cobalt Cycles"]),
        ("externalId=nothing", []),
    ],
)
def test_customers_are_looked_for(partner: Visitor, query: str, found: list[str]):
    """By external id and by status, as the API finds them; nothing found says so."""
    shown = partner.see(f"{LIST}?{query}")
    assert names(shown) == found
    assert ("No customer fits" in shown) == (not found)


def test_a_customer_shows_all_that_is_known(partner: Visitor):
    """Warnings and errors in words, the billing address, the packages, the last run, and the way to its licenses."""
    shown = partner.see(LIST)
    found = {unescape(name): unescape(link).removeprefix("/console") for link, name in _ROW.findall(shown)}
    bakery = partner.see(found["Bob's Bakery"])
    assert "771 Alder Drive Cisco Site 5 Milpitas, CA, 95035 US" in words(bakery)
    licenses = re.search(r'href="/console(/licenses\?orgId=[^"]+)"', bakery)
    assert licenses is not None
    assert "Webex Calling" in partner.see(licenses[1])
    clinic = words(partner.see(found["Harbor Clinic"]))
    assert "2560 One or more Webex Calling services are unavailable due to maintenance" in clinic
    books = words(partner.see(found["Pine Street Books"]))
    assert "90003 Ordered for the demo: Webex Calling could not be provisioned" in books
    imports = words(partner.see(found["Fern Imports"]))
    assert "compliance review pending Packages do not wait for the review." in imports
    assert "is held until the outcome that holds it is deleted" in words(partner.see(found["Cobalt Cycles"]))


def test_what_customers_are_called_does_nothing_to_a_page(api: Client, demo: Server, partner: Visitor):
    """Markup in a name is text, and a name from right to left stays within its own place."""
    markup = f"<img src=x onerror=alert(1)> {HELLO}"
    email = f"{'o' * 60}@{'.'.join(['d' * 60] * 2)}.example"
    told = {"name": markup, "primaryEmail": email}
    shown = provisioned(demo, api, external_id="<b>markup</b>", customerInfo=told)
    for path in (LIST, page_of(shown["id"]), page_of(shown["id"], "/runs/1")):
        html = partner.see(path)
        assert "<img src=x" not in html
        assert "<b>markup" not in html
        assert f"<bdi>&lt;img src=x onerror=alert(1)&gt; {HELLO}</bdi>" in html
    assert email in partner.see(page_of(shown["id"]))


def test_a_customer_that_is_gone_is_not_found(api: Client, demo: Server, partner: Visitor):
    """Its page says so in a sentence, as for an id that never was."""
    shown = provisioned(demo, api)
    assert api.delete(f"{PATH}/{shown['id']}").status_code == 202
    demo.call(work)
    nobody = ids.encode("ENTERPRISE", "00000000-0000-4000-8000-000000000000")
    for id in (shown["id"], nobody, "nonsense"):
        for rest in ("", "/runs/1", "/live", "/runs/1/live"):
            told = words(partner.see(page_of(id, rest), 404))
            assert "This partner has no such customer. It may have been removed meanwhile." in told


def test_customers_are_of_one_partner(demo: Server, api: Client, partner: Visitor, visits: Callable[..., Visitor]):
    """A partner sees its own and, on behalf of a sub-partner, those of that; nobody else sees any."""
    mine = provisioned(demo, api)["id"]
    theirs = partner.see(LIST + behalf(FOOTHILL))
    assert names(theirs) == ["Tidewater Surf"]
    assert "You act on behalf of the sub-partner Foothill Voice" in words(theirs)
    [(link, _)] = _ROW.findall(theirs)
    path = unescape(link).removeprefix("/console")
    assert "onBehalfOfSubPartnerOrgId" in path
    surf = partner.see(path)
    assert "orgId=" not in surf.replace("onBehalfOfSubPartnerOrgId=", "")
    partner.see(path.partition("?")[0], 404)
    partner.see(page_of(mine) + behalf(FOOTHILL), 404)
    sub = visits(token_of(demo, FOOTHILL))
    assert names(sub.see(LIST)) == ["Tidewater Surf"]
    sub.see(page_of(mine), 404)
    assert "onBehalfOfSubPartnerOrgId: is no sub-partner" in words(sub.see(LIST + behalf(PARTNER), 403))
    assert sub.look(f"{LIST}/live{behalf(VALLEY)}").status_code == 403


def test_who_is_no_partner_is_told_so(visitor: Visitor, partner: Visitor):
    """In a sentence; and no page leads there."""
    for path in ("/wholesale", LIST, "/wholesale/subscribers", "/wholesale/reports"):
        assert "The organization of the token is no wholesale partner" in words(visitor.see(path, 403))
    assert "Wholesale" not in words(visitor.see(""))
    assert "Wholesale" in words(partner.see(""))


def test_a_page_needs_what_the_api_needs(demo: Server, visits: Callable[..., Visitor]):
    """Without the scope of customers there is no page of them, nor a way to it."""
    reader = visits(token_of(demo, PARTNER, scopes=frozenset({"spark-admin:wholesale_subscribers_read"})))
    assert reader.look(LIST).status_code == 403
    shown = reader.see("/wholesale/subscribers")
    assert ("Subscribers</a>" in shown, "Customers</a>" in shown) == (True, False)


def test_a_suspended_sub_partner_shows_so(demo: Server, partner: Visitor):
    """Its pages can be seen, and say what it may not do."""
    switch(demo, FOOTHILL, "suspended")
    try:
        assert "The sub-partner is suspended" in words(partner.see(LIST + behalf(FOOTHILL)))
    finally:
        switch(demo, FOOTHILL, "active")


def test_a_managed_organization_is_left_for_the_partners_own(partner: Visitor):
    """Whoever looked at a customer's licenses and goes to the customers sees those of the partner, under its name."""
    bakery = re.search(r'href="/console([^"]+)"><bdi>Bob', partner.see(LIST))
    org = re.search(r"orgId=([^\"]+)", partner.see(unescape(bakery[1])))
    shown = partner.see(f"{LIST}?orgId={org[1]}")
    assert "Summit Communications" in words(shown)
    assert "orgId=" not in shown.replace("onBehalfOfSubPartnerOrgId=", "")


# --------------------------------------------------------------------------------------------- live


def test_chips_change_as_packages_do(demo: Server, api: Client, partner: Visitor):
    """Whoever follows a page gets the chips of a customer whenever they change, and nothing where nothing did."""
    id = new_id(api.post(PATH, json=body()))
    shown = partner.see(LIST)
    part = f"chips-{ids.decode('ENTERPRISE', id)}"
    assert f'sse-swap="{part}"' in shown
    with Following(partner, live(shown)) as following:
        assert next(following.blocks()) == [("retry", "1000")]
        demo.call(work)
        told = following.until(part, 'Webex Calling<span class="heard">: provisioned</span>')
    assert "✓ provisioned" in words(told.html)


def test_a_new_customer_makes_a_page_fetch_itself(
    demo: Server, api: Client, partner: Visitor, monkeypatch: pytest.MonkeyPatch
):
    """One that is not on it cannot be swapped in: the page is told that there are others, also when it comes late."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.0)
    address = live(partner.see(LIST))
    with Following(partner, address) as following:
        blocks = following.blocks()
        assert [next(blocks) for _ in range(2)] == [[("retry", "1000")], [("", "nothing new")]]
        new_id(api.post(PATH, json=body()))
        assert following.until("others").html == ""
    with Following(partner, address) as late:
        assert next(late.parts()).name == "others"
    demo.call(work)


def test_who_comes_back_gets_what_happened_meanwhile(demo: Server, api: Client, partner: Visitor):
    """With the place that it came to, a page gets all its parts when something is new since, and else nothing."""
    id = new_id(api.post(PATH, json=body()))
    shown = partner.see(page_of(id))
    address = live(shown)
    with Following(partner, address) as following:
        demo.call(work)
        done = following.until("run", "settled <time")
    with Following(partner, address) as behind:
        assert [next(behind.parts()).name for _ in range(2)] == ["state", "run"]
    with Following(partner, address, done.id) as current:
        next(current.blocks())
        assert api.put(f"{PATH}/{id}", json={"packages": ["webex_meetings"]}).status_code == 202
        assert current.until("state").id > done.id
    demo.call(work)


def test_pages_are_alike_on_both_databases(server: Server):
    """Lists, customers, runs, subscribers and reports are shown, and change by themselves, wherever they are stored."""
    with Visitor(server.address, TOKEN) as partner:
        api = server.client(TOKEN)
        id = new_id(api.post(PATH, json=body()))
        assert len(names(partner.see(LIST))) == 7
        for path in ("", "/subscribers", "/reports", f"/customers/{id}/runs/1", "/customers?status=error"):
            partner.see(f"/wholesale{path}")
        with Following(partner, live(partner.see(page_of(id)))) as following:
            server.call(work)
            assert "✓ provisioned" in words(following.until("state", ">provisioned<").html)
        api.close_all()


def test_a_customer_that_goes_says_so_on_its_page(demo: Server, api: Client, partner: Visitor):
    """While one looks at it, its packages give way to a sentence."""
    id = provisioned(demo, api)["id"]
    with (
        Following(partner, live(partner.see(page_of(id)))) as following,
        Following(partner, live(partner.see(page_of(id, "/runs/1")))) as run,
    ):
        assert api.delete(f"{PATH}/{id}").status_code == 202
        demo.call(work)
        assert "This customer has been removed." in following.until("state", "has been removed").html
        assert "This customer has been removed." in run.until("run", "has been removed").html


def test_a_stream_says_that_it_lives_and_ends(partner: Visitor, monkeypatch: pytest.MonkeyPatch):
    """Where nothing happens a comment comes now and then, and in the end the page is to come again."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.1)
    with Following(partner, live(partner.see(LIST))) as following:
        blocks = list(following.blocks())
    assert blocks[0] == [("retry", "1000")]
    assert [("", "nothing new")] in blocks


def test_a_stream_takes_a_session(demo: Server, visits: Callable[..., Visitor], partner: Visitor):
    """Without one it tells nothing, but has a page that is open fetch itself, which leads to the sign-in."""
    address, nobody = live(partner.see(LIST)), visits(None)
    answer = nobody.get(address, allow_redirects=False)
    assert (answer.status_code, "sign-in" in answer.headers["location"]) == (303, True)
    streamed = nobody.get(address, headers={"Accept": "text/event-stream"})
    assert (streamed.status_code, streamed.text) == (200, "event: others\ndata:\n\n")
    part = nobody.look(LIST, headers={"HX-Request": "true"})
    assert part.headers["HX-Redirect"].startswith("/console/sign-in?next=/console/wholesale/customers")

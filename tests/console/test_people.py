"""The list of people: what is searched is what is shown."""

import re
from html import unescape
from urllib.parse import quote

import pytest

from allot.cli.demo import ACME, GLOBEX, PARTNER
from allot.console import people
from allot.core import ids
from allot.core import scope as scopes
from servers import Client, Server
from visiting import Visitor, words
from wholesale import token_of

_ROW = re.compile(r'<th role="rowheader".*?<bdi>(.*?)</bdi>', re.DOTALL)
_NEXT = re.compile(r'<a class="button" href="/console(/people\?[^"]*)" rel="next">')
_COUNTED = re.compile(r'<span id="found" role="status">(.*?)</span>')

# Hello, written from right to left.
HELLO = "\u0645\u0631\u062d\u0628\u0627"


def names(html: str) -> list[str]:
    return [unescape(name) for name in _ROW.findall(html)]


def counted(html: str) -> str:
    return unescape(_COUNTED.search(html)[1])


def license_id(admin: Client, name: str) -> str:
    return next(each["id"] for each in admin.get("/v1/licenses").json()["items"] if each["name"] == name)


def made(admin: Client, name: str, email: str) -> None:
    answer = admin.post("/v1/people", json={"emails": [email], "displayName": name})
    assert answer.status_code == 200, answer.text


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of ten people."""
    monkeypatch.setattr(people, "PEOPLE", 10)


def test_everybody_is_listed_by_name(visitor: Visitor):
    """Without a search everybody is there, in the order of their names, with a count."""
    shown = visitor.see("/people")
    found = names(shown)
    assert found == sorted(found, key=str.lower)
    assert counted(shown) == f"{len(found)} people shown"
    assert 'rel="next"' not in shown


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("chiara", ["Chiara Fontana"]),
        ("FONT", ["Chiara Fontana"]),
        ("chiara.font", ["Chiara Fontana"]),
        ("0255501200", []),
        ("55501200", ["Chiara Fontana"]),
        ("4300", ["Chiara Fontana"]),
    ],
)
def test_people_are_found_by_what_they_are_known_by(visitor: Visitor, text: str, found: list[str]):
    """Name, email, phone number and extension lead to a person."""
    assert names(visitor.see(f"/people?q={text}")) == found


def test_filters_narrow_down(visitor: Visitor, admin: Client):
    """License, location and home are asked for together, and the form says what was asked."""
    license = license_id(admin, "Webex Calling - Professional")
    shown = visitor.see(f"/people?license={license}&location=London&external=false")
    assert {"Björn Lindqvist", "Dmitri Volkov"} <= set(names(shown))
    for row in shown.split("<tr ")[2:]:
        assert "London" in row
        assert "Webex Calling - Professional" in row
    assert re.findall(r'<option value="([^"]*)" selected>', shown) == [license, "London", "false"]


def test_externals_are_badged(visitor: Visitor):
    """People of other organizations are told apart, with what they are invited to."""
    shown = visitor.see("/people?external=true")
    assert "Lin Abara" in names(shown)
    assert shown.count('<span class="badge">external</span>') == len(names(shown))
    assert "(invited)" in words(visitor.see("/people?q=lin.abara"))
    assert "Lin Abara" not in names(visitor.see("/people?external=false"))


def test_few_licenses_are_named(visitor: Visitor):
    """Of somebody's licenses the first three with units are named, and the others counted."""
    chips = re.findall(r'<li class="chip[^>]*>(.*?)</li>', visitor.see("/people?q=bjorn.lindqvist"))
    assert len(chips) == people.CHIPS + 1
    assert chips[0] == "Webex Calling - Professional"
    assert chips[-1].startswith("+")
    assert re.findall(r'<li class="chip">(.*?)</li>', visitor.see("/people?q=emeka.eze")) == ["4 free"]


def test_nobody_found_says_what_was_searched(visitor: Visitor, admin: Client):
    """An empty result says what was asked for, and leads to everybody."""
    license = license_id(admin, "Webex Calling - Basic")
    shown = visitor.see(f"/people?q=zz&license={license}&location=London&external=true")
    assert "Nobody fits “ zz ” · has Webex Calling - Basic · at London · external." in words(shown)
    assert counted(shown) == "Nobody found"
    assert '<a href="/console/people">Show everybody</a>' in shown


@pytest.mark.usefixtures("small")
def test_pages_keep_the_filters(visitor: Visitor):
    """The link to the next page keeps what is searched, and the pages together are all of it, each once."""
    path, found, pages = "/people?external=false&q=example.com", [], 0
    while path:
        shown = visitor.see(path)
        found += names(shown)
        pages += 1
        link = _NEXT.search(shown)
        assert counted(shown).endswith(", more follow") is bool(link)
        path = unescape(link[1]) if link else ""
        assert not link or "external=false&q=example.com&next=" in path
    assert pages == -(-len(found) // 10) > 1
    assert len(found) == len(set(found))


def test_a_bounded_search_says_that_more_follow(visitor: Visitor, monkeypatch: pytest.MonkeyPatch):
    """A page that looked at as many people as it may, and found nobody, leads on."""
    monkeypatch.setattr("allot.service.searches.LOOKED_MAX", 5)
    monkeypatch.setattr("allot.service.searches.PIECE", 5)
    shown = visitor.see("/people?q=na.torres")
    assert counted(shown) == "Nobody so far, more people follow"
    assert "Nobody so far who fits" in words(shown)
    assert _NEXT.search(shown)


def test_the_address_says_what_is_shown(visitor: Visitor):
    """A search while typing puts its address into the browser's bar, without fields that are empty."""
    answer = visitor.look("/people?q=ann&license=&location=&external=", headers={"HX-Request": "true"})
    assert answer.headers["HX-Replace-Url"] == "/console/people?q=ann"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7 * 7 }}", HELLO, "a" * 5_000])
def test_what_is_typed_is_only_text(visitor: Visitor, text: str):
    """Whatever is searched is shown as it was typed, up to a length, and never as markup."""
    shown = visitor.see(f"/people?q={quote(text)}")
    assert text[: people.TEXT_MAX] in unescape(shown)
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "a" * (people.TEXT_MAX + 1) not in shown


def test_names_are_only_text(visitor: Visitor, admin: Client):
    """Names with markup, right-to-left names and very long emails are shown as they are, apart from what is around."""
    long = f"{'x' * 60}@{'y' * 60}.{'z' * 60}.{'w' * 60}.example"
    made(admin, "<b>Bold</b> & Söhne", "bold@example.com")
    made(admin, f"\u202e{HELLO} <i>", "rtl@example.com")
    made(admin, "Long Email", long)
    assert "<bdi>&lt;b&gt;Bold&lt;/b&gt; &amp; Söhne</bdi>" in visitor.see("/people?q=bold@")
    assert names(visitor.see("/people?q=rtl@")) == [f"\u202e{HELLO} <i>"]
    assert f'<td role="cell" class="wrap"><bdi>{long}</bdi></td>' in visitor.see("/people?q=long+email")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("license=nothing", 404, "no license of this id any more"),
        ("location=Nowhere", 404, "no location of this name any more"),
        ("external=maybe", 400, "must be true or false"),
        ("next=x", 400, "is not valid"),
    ],
)
def test_what_cannot_be_searched_is_said(visitor: Visitor, query: str, status: int, says: str):
    """A license or location that is gone, and an address that was made up, are answered by a page that says so."""
    assert says in words(visitor.see(f"/people?{query}", status))


def test_a_location_beyond_the_choice_is_found(visitor: Visitor, monkeypatch: pytest.MonkeyPatch):
    """An organization of more locations than there are to choose from finds the others by the address."""
    monkeypatch.setattr(people, "LOCATIONS", 1)
    shown = visitor.see("/people?location=Sydney")
    assert "Chiara Fontana" in names(shown)
    assert "others: location=NAME in the address" in words(shown)
    assert '<option value="Sydney" selected>' in shown


def test_a_read_only_administrator_searches(visits):
    """Who may not change anything sees people as well."""
    assert names(visits("allot-demo-readonly").see("/people?q=fontana")) == ["Chiara Fontana"]


def test_a_person_without_a_role_sees_nobody(visits):
    """Who may not list people through the API may not here, and is not led here."""
    user = visits("allot-demo-user")
    assert "administrator role" in words(user.see("/people", 403))
    assert 'href="/console/people"' not in user.see("")


def test_licenses_need_their_own_scope(demo, visits):
    """Without the scope for licenses there is no choice of them, and none can be asked for."""
    visitor = visits(token_of(demo, ACME, "admin@example.com", scopes=(scopes.PEOPLE_READ,)))
    assert 'name="license"' not in visitor.see("/people")
    visitor.see("/people?license=x", 403)


def test_a_managed_organization_is_searched(visits):
    """An administrator of the partner sees the people of a customer, and every link stays there."""
    partner, acme = visits("allot-demo-partner"), ids.encode("ORGANIZATION", ACME)
    shown = partner.see(f"/people?orgId={acme}&q=fontana")
    assert names(shown) == ["Chiara Fontana"]
    assert "Acme, Inc." in words(shown)
    assert f'<input type="hidden" name="orgId" value="{acme}">' in shown
    assert not re.search(r'href="/console/people(?!\?orgId=|/[^"]*\?orgId=)', shown)


def test_nobody_else_is_searched(visits):
    """An organization that the caller does not manage is refused, and its people are in no search."""
    globex = visits("allot-demo-other-org")
    for other in (ACME, PARTNER):
        globex.see(f"/people?orgId={ids.encode('ORGANIZATION', other)}", 403)
    assert names(globex.see("/people?q=fontana")) == []
    assert names(globex.see("/people?q=scorpio")) == ["Hank Scorpio"]
    acme = visits()
    acme.see(f"/people?orgId={ids.encode('ORGANIZATION', GLOBEX)}", 403)


def test_both_databases_find_and_tell_the_same(server: Server, client: Client):
    """People, licenses and their history are the same pages on SQLite and on PostgreSQL."""
    path = license_id(client, "Advanced Space Meetings")
    item = {"id": path, "operation": "add"}
    body = {"email": "emeka.eze@example.com", "licenses": [item]}
    assert client.patch("/v1/licenses/users", json=body).status_code == 200
    with Visitor(server.address) as visitor:
        assert names(visitor.see("/people?q=FONT&location=Sydney&external=false")) == ["Chiara Fontana"]
        assert "Emeka Eze" in names(visitor.see(f"/people?license={path}"))
        shown = words(visitor.see(f"/licenses/{path}"))
    assert "Emeka Eze given" in shown
    assert "by Priya Raman" in shown

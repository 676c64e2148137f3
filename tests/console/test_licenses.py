"""The pages of licenses: units, holders and history."""

import re
from html import unescape

import pytest

from allot.cli.demo import ACME, PARTNER
from allot.console import licenses
from allot.core import ids
from allot.core import scope as scopes
from allot.service import journals
from servers import Client, Server
from visiting import Visitor, words
from wholesale import token_of

EMPTY = "e7a0f6b2-3f0c-4b52-9a2e-6f1d8c4b7a90"
_TITLE = re.compile(r"<h3><a [^>]*>(.*?)</a>")
_HOLDER = re.compile(r'<th role="rowheader".*?<bdi>(.*?)</bdi>', re.DOTALL)
_CHANGE = re.compile(r"<li(?: class=\"good\")?>\n<h3>(.*?)</h3>", re.DOTALL)
_LINK = '<a class="button" href="/console(/licenses/[^"]*)" rel="next">{}</a>'


def license(admin: Client, name: str) -> str:
    found = admin.get("/v1/licenses").json()["items"]
    return f"/licenses/{next(each['id'] for each in found if each['name'] == name)}"


def change(admin: Client, path: str, email: str, operation: str, **more: str) -> None:
    item = {"id": path.rpartition("/")[2], "operation": operation}
    answer = admin.patch("/v1/licenses/users", json={"email": email, "licenses": [item]} | more)
    assert answer.status_code == 200, answer.text


def made(admin: Client, name: str, email: str, path: str) -> str:
    """A new person who is then given a license; their id."""
    person = admin.post("/v1/people", json={"emails": [email], "displayName": name})
    change(admin, path, email, "add")
    return str(person.json()["id"])


def told(html: str) -> list[str]:
    return [words(each) for each in _CHANGE.findall(html)]


def linked(html: str, what: str) -> str:
    found = re.search(_LINK.format(what), html)
    return unescape(found[1]) if found else ""


def test_licenses_are_shown_with_their_units(visitor: Visitor, admin: Client):
    """Every license is there once, below its subscription, with what is used and free."""
    shown = visitor.see("/licenses")
    items = admin.get("/v1/licenses").json()["items"]
    assert sorted(map(unescape, _TITLE.findall(shown))) == sorted(each["name"] for each in items)
    for each in items:
        assert each.get("subscriptionId", "") in shown
        assert f"/console/licenses/{each['id']}" in shown
    assert "10 of 40 used, 30 free" in words(shown)
    assert shown.count('role="img"') == shown.count('class="mark"') > 20


def test_what_is_beyond_its_units_is_said_first(visitor: Visitor):
    """More used than there is stands in words above all others, with whether it may be."""
    said = words(visitor.see("/licenses"))
    assert "Salesforce Desktop Connector : 1 more used than there are, which its policy allows." in said
    assert "3 of 2 used 1 over" in said


def test_scarce_licenses_can_be_seen_alone(visitor: Visitor):
    """The filter leaves what is beyond its units, full or low; a filter that fits nothing says so."""
    shown = visitor.see("/licenses?only=scarce")
    found = set(map(unescape, _TITLE.findall(shown)))
    assert "Salesforce Desktop Connector" in found
    assert "Real-Time Translations" in found
    assert "Webex Calling - Professional" not in found
    assert set(map(unescape, _TITLE.findall(visitor.see("/licenses?only=beyond")))) == {"Salesforce Desktop Connector"}
    assert "No license is low. Show all" in words(visitor.see("/licenses?only=low"))
    assert "only: must be one of" in words(visitor.see("/licenses?only=x", 400))


@pytest.mark.parametrize(
    ("total", "used", "policy", "state"),
    [
        (10, 11, "strict", "short"),
        (10, 11, "overage", "over"),
        (10, 10, "strict", "full"),
        (0, 0, "strict", "full"),
        (40, 38, "strict", "low"),
        (40, 37, "strict", ""),
        (40, 0, "strict", "unused"),
    ],
)
def test_states(demo: Server, total: int, used: int, policy: str, state: str):
    """What is noted of a license follows from its units and its policy."""
    offer = demo.service.rulebook.offers["BCSTD"]
    owned = licenses.License(0, "", offer, "", total, policy, consumed_by_users=used)
    assert licenses.Units(owned, None, total - used).state == state


def test_free_licenses_have_no_state(demo: Server):
    """What is free of charge has no limit to come near to."""
    offer = next(each for each in demo.service.rulebook.offers.values() if each.free)
    assert licenses.Units(licenses.License(0, "", offer, "", 5, "strict", 5), None, 0).state == ""


def test_the_facts_of_a_license(visitor: Visitor, admin: Client):
    """A license says where it is from, what it is for, and its id as the API has it."""
    path = license(admin, "Webex Meetings Suite")
    said = words(visitor.see(path))
    for fact in ("Sub-acme-suite", "myhostsite.webex.com", "code ", "strict: is refused", path.rpartition("/")[2]):
        assert fact in said
    free = words(visitor.see(license(admin, "Basic Messaging")))
    assert "none: it is free" in free


def test_holders_come_page_by_page(visitor: Visitor, admin: Client, monkeypatch: pytest.MonkeyPatch):
    """Everybody who has a license is on one of its pages, once, and leads to their page."""
    monkeypatch.setattr(licenses, "HOLDERS", 5)
    path = license(admin, "Advanced Messaging")
    found: list[str] = []
    following = path
    while following:
        shown = visitor.see(following)
        found += _HOLDER.findall(shown)
        following = linked(shown, "Next page")
    users = admin.get(f"/v1{path}?includeAssignedTo=user").json()["users"]
    assert sorted(map(unescape, found)) == sorted(each["displayName"] for each in users)
    assert f"/console/people/{users[0]['id']}" in visitor.see(path)
    assert f'href="/console/people?license={path.rpartition("/")[2]}"' in visitor.see(path)


def test_external_holders_are_badged(visitor: Visitor, admin: Client):
    """A holder of another organization is told apart."""
    assert re.search(
        r"Hank Scorpio</bdi></a> <span class=\"badge\">external", visitor.see(license(admin, "Webex Meetings Suite"))
    )


def test_history_says_who_got_it_and_by_whom(visitor: Visitor, admin: Client):
    """Given and taken away stand in a timeline, the newest first, with when and by whom, and lead to the journal."""
    path = license(admin, "Advanced Space Meetings")
    assert "nobody was given it, and nobody lost it" in words(visitor.see(path))
    change(admin, path, "emeka.eze@example.com", "add")
    change(admin, path, "emeka.eze@example.com", "remove")
    shown = visitor.see(path)
    assert told(shown) == ["Emeka Eze taken away", "Emeka Eze given"]
    assert words(shown).count("UTC by Priya Raman") == 2
    assert len(re.findall(r'href="/console/journal/\d+"', shown)) == 2


def test_history_goes_back_page_by_page(visitor: Visitor, admin: Client, monkeypatch: pytest.MonkeyPatch):
    """The link to what is older leads through all of it, and keeps the page of holders."""
    path = license(admin, "Advanced Space Meetings")
    for operation in ("add", "remove", "add"):
        change(admin, path, "fatima.zahra@example.com", operation)
    monkeypatch.setattr(licenses, "CHANGES", 2)
    monkeypatch.setattr(licenses, "HOLDERS", 2)
    shown = visitor.see(path)
    shown = visitor.see(linked(shown, "Next page"))
    older = linked(shown, "Older")
    assert older.endswith("#history")
    assert "next=" in older
    assert told(shown) == ["Fatima Zahra given", "Fatima Zahra taken away"]
    assert told(visitor.see(older))[0] == "Fatima Zahra given"


def test_history_is_looked_through_in_pieces(visitor: Visitor, admin: Client, monkeypatch: pytest.MonkeyPatch):
    """A page that found nothing among the entries that it looked at leads on."""
    change(admin, license(admin, "Advanced Space Meetings"), "zanele.khumalo@example.com", "add")
    monkeypatch.setattr(journals, "OF_LICENSE_MAX", 1)
    monkeypatch.setattr(journals, "OF_LICENSE_PIECE", 1)
    shown = visitor.see(license(admin, "Webex Calling - Basic"))
    assert "Nothing among the entries of the journal that were looked at" in words(shown)
    assert "older=" in linked(shown, "Older")


def test_history_outlives_people(visitor: Visitor, admin: Client):
    """Who was deleted meanwhile is in the history still, without a name and without a link that leads nowhere."""
    path = license(admin, "Advanced Space Meetings")
    person_id = made(admin, "Soon Gone", "soon.gone@example.com", path)
    assert told(visitor.see(path))[0] == "Soon Gone given"
    assert admin.delete(f"/v1/people/{person_id}").status_code == 204
    shown = visitor.see(path)
    assert told(shown)[0].startswith("Somebody who is not here any more")
    assert person_id not in shown


def test_history_by_others(demo: Server, visits, admin: Client):
    """What a partner's administrator did is told without their name, which is not of this organization."""
    path, partner = license(admin, "Advanced Space Meetings"), demo.client("allot-demo-partner")
    change(partner, path, "clara.mueller@example.com", "remove", orgId=ids.encode("ORGANIZATION", ACME))
    partner.close_all()
    assert "by somebody who is not of this organization, or not any more" in words(visits().see(path))


def test_history_needs_the_scope_of_the_journal(demo: Server, visits, admin: Client):
    """Whoever may not read the journal sees units and holders, and people only with their scope."""
    token = token_of(demo, ACME, "admin@example.com", scopes=frozenset((scopes.LICENSES_READ,)))
    shown = visits(token).see(license(admin, "Advanced Messaging"))
    assert 'id="history"' not in shown
    assert "/console/people" not in shown
    assert "amara.nwosu@example.com" in shown


def test_names_of_holders_are_only_text(visitor: Visitor, admin: Client):
    """Markup in a name is shown as it is, among the holders and in the history."""
    path = license(admin, "Advanced Space Meetings")
    made(admin, "<i>I</i>", "i@example.com", path)
    shown = visitor.see(path)
    assert shown.count("<bdi>&lt;i&gt;I&lt;/i&gt;</bdi>") == 2
    assert "<i>" not in shown


def test_a_license_that_is_not_there(visitor: Visitor, visits, admin: Client):
    """A license of another organization is answered as one that does not exist."""
    other = visits("allot-demo-other-org")
    path = license(admin, "Advanced Messaging")
    assert words(other.see(path, 404)) == words(other.see("/licenses/x", 404)) or "no such license" in other.see(
        path, 404
    )
    visitor.see(f"{path}?next=x", 400)


def test_a_managed_customer_is_looked_at(visits, admin: Client):
    """An administrator of the partner sees the licenses of a customer, named, and every link stays there."""
    partner, acme = visits("allot-demo-partner"), ids.encode("ORGANIZATION", ACME)
    shown = partner.see(f"/licenses?orgId={acme}&only=scarce")
    assert "Acme, Inc. managed by yours" in words(shown)
    assert '<a href="/console">Leave</a>' in shown
    assert "managed by yours" not in words(partner.see("/licenses"))
    assert "Salesforce Desktop Connector" in words(shown)
    assert not re.search(r'href="/console/licenses(?!/?[^"]*\?orgId=)', shown)
    one = partner.see(f"{license(admin, 'Advanced Messaging')}?orgId={acme}")
    assert "Who has it" in one
    visits().see(f"/licenses?orgId={ids.encode('ORGANIZATION', PARTNER)}", 403)


def test_who_has_no_role_sees_no_licenses(visits):
    """Without a role of an administrator the pages are refused."""
    visits("allot-demo-user").see("/licenses", 403)


def test_an_organization_without_licenses(demo: Server, visits):
    """An organization that has neither licenses nor people yet is told so."""
    demo.run(
        "INSERT INTO organizations (org_id, display_name, created, manager_id) VALUES ($1, 'Empty', '', $2)",
        EMPTY,
        PARTNER,
    )
    partner, query = visits("allot-demo-partner"), f"?orgId={ids.encode('ORGANIZATION', EMPTY)}"
    assert "This organization has no licenses yet." in words(partner.see(f"/licenses{query}"))
    assert "This organization has nobody yet." in words(partner.see(f"/people{query}"))

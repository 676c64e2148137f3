"""The page of one person."""

import re

from allot.cli.demo import ACME
from allot.core import scope as scopes
from servers import Client, Server
from trying import PROFESSIONAL, SAN_JOSE, license_id, make, person_id, result, send, ticks, try_
from visiting import Visitor, words
from wholesale import token_of


def entries(html: str) -> list[str]:
    return [
        words(each)
        for each in re.findall(
            r'<li class="(?:good|care|bad)" id="entry-.*?</li>\n(?=<li class|</ol>)', html, re.DOTALL
        )
    ]


def test_everything_of_a_person_is_shown(visitor: Visitor, admin: Client):
    """Name, email, roles, licenses with their subscription, sites, and where they are reached."""
    told = words(visitor.see(f"/people/{person_id(admin, 'admin@example.com')}"))
    for each in (
        "Priya Raman",
        "Email admin@example.com",
        "Home this organization",
        "Roles Full Administrator",
        "Location San Jose Number +14085550101 Extension 4101 Routing prefix 8101 (others dial 81014101)",
        "myhostsite.webex.com host",
        "Webex Calling - Professional Sub-acme-calling not known",
    ):
        assert each in told, each
    assert "Invitations" not in told


def test_an_attendee_without_calling(visitor: Visitor, admin: Client):
    """Attendee accounts are told apart from those of hosts, and that calling is not used."""
    told = words(visitor.see(f"/people/{person_id(admin, 'user@example.com')}"))
    assert "Calling not used" in told
    assert "mysite.webex.com attendee" in told
    assert "Roles none" in told


def test_invitations_are_shown_with_their_end(visitor: Visitor, admin: Client):
    """What somebody of another organization has not accepted is apart, with until when they may."""
    told = words(visitor.see(f"/people/{person_id(admin, 'lin.abara@globex.example')}"))
    assert "external" in told
    assert "Holds no license." in told
    assert re.search(r"Meeting - Webex Meeting Center \d{4}-\d\d-\d\d", told)
    assert re.search(r"attendee of myhostsite.webex.com \d{4}-\d\d-\d\d", told)


def test_licenses_given_here_have_their_time(visitor: Visitor, admin: Client):
    """Since when a license is held is told where it is known."""
    shown = visitor.see(f"/people/{make(admin, 'since@example.com', ['Basic Messaging'])}")
    assert "not known" not in words(shown)


def test_the_journal_is_a_timeline_newest_first(visitor: Visitor, admin: Client):
    """Each request about the person is told: what was asked, refused by which rule, what followed, and who asked."""
    person = make(admin, "timeline@example.com", [PROFESSIONAL], locationId=SAN_JOSE, extension="7701")
    change = {"personId": person, "licenses": [{"id": license_id(admin, PROFESSIONAL), "operation": "remove"}]}
    change["licenses"] += [{"id": license_id(admin, "Real-Time Translations")}]
    assert admin.patch("/v1/licenses/users", json=change, headers={"User-Agent": "probe/1"}).status_code == 206
    admin.put(f"/v1/people/{person}", json={"displayName": "Renamed", "emails": ["timeline@example.com"]})
    shown = entries(visitor.see(f"/people/{person}"))
    assert [each.split(" 2")[0] for each in shown] == ["Person changed", "Licenses changed in part", "Person created"]
    assert "by Priya Raman" in shown[1]
    assert "remove Webex Calling - Professional" in shown[1]
    assert "Real-Time Translations refused" in shown[1]
    assert "change Reached at : San Jose, extension 7701 → nowhere followed from it" in shown[1]
    assert "from 127.0.0.1 with probe/1" in shown[1]
    assert "displayName : New Person → Renamed" in shown[0]
    assert f"add {PROFESSIONAL} : San Jose, extension 7701" in shown[2]


def test_older_entries_are_a_page_away(visitor: Visitor, admin: Client, monkeypatch):
    """More entries than one page has are reached by the link to older ones."""
    monkeypatch.setattr("allot.console.journals.ENTRIES", 2)
    person = make(admin, "older@example.com")
    for name in ("One", "Two", "Three"):
        admin.put(f"/v1/people/{person}", json={"displayName": name, "emails": ["older@example.com"]})
    found: list[str] = []
    path = f"/people/{person}"
    while path:
        shown = visitor.see(path)
        found += entries(shown)
        older = re.search(r'href="/console([^"]*)" rel="next">Older', shown)
        path = older[1] if older else ""
    assert len(found) == 4
    assert "New Person → One" in found[2]


def test_the_journal_takes_its_scope(demo: Server, admin: Client):
    """Whoever may not read the journal sees a person without it, and nothing of who deleted somebody."""
    token = token_of(demo, ACME, "admin@example.com", frozenset((scopes.PEOPLE_READ, scopes.PEOPLE_WRITE)))
    person = make(admin, "unseen@example.com")
    with Visitor(demo.address, token) as visitor:
        told = words(visitor.see(f"/people/{person}"))
        assert "Person created" not in told
        assert "Try a change" not in told, "that takes the scope for licenses"
        admin.delete(f"/v1/people/{person}")
        assert "unseen@example.com" not in words(visitor.see(f"/people/{person}", 404))


def test_who_is_not_here_is_told_so(visitor: Visitor, admin: Client):
    """A person who was deleted is told with who did it; one who never was here is not there."""
    person = make(admin, "deleted@example.com", name="Was Here")
    admin.delete(f"/v1/people/{person}")
    told = words(visitor.see(f"/people/{person}", 404))
    assert "This person was deleted" in told
    assert "Was Here" in told
    assert "by Priya Raman" in told
    for path in ("/people/unknown", f"/people/{'x' * 5000}"):
        assert "This person is not here" in words(visitor.see(path, 404))


def test_a_change_is_made_on_both_databases(server: Server, client: Client):
    """Person, change, result and journal are the same on SQLite and on PostgreSQL."""
    person = make(client, "both@example.com", ["Basic Messaging"])
    with Visitor(server.address) as visitor:
        shown = try_(visitor, person, ticks(client, "+Advanced Messaging"))
        assert "Done 200" in words(result(visitor, send(visitor, shown)))
        told = words(visitor.see(f"/people/{person}"))
        assert "Advanced Messaging Sub-acme-suite 20" in told
        assert "Licenses changed 200" in told
        client.delete(f"/v1/people/{person}")
        assert "This person was deleted" in words(visitor.see(f"/people/{person}", 404))

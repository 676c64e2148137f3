"""The journal of an organization in words."""

import re

import pytest

from allot.cli.demo import ACME
from allot.core import ids
from allot.core import scope as scopes
from servers import Client, Server
from trying import license_id, make, person_id
from visiting import Visitor, words
from wholesale import token_of


def test_everything_is_there_newest_first(visitor: Visitor, admin: Client):
    """What administrators asked for is told with whom it is about; the import is the oldest."""
    make(admin, "journal@example.com", name="Just Made")
    told = words(visitor.see("/journal"))
    assert told.index("Person created") < told.index("Organization imported")
    assert "by Priya Raman , about Just Made" in told


def test_an_entry_shows_all_that_is_kept(visitor: Visitor, admin: Client):
    """The page of an entry has the remedy of the rule that refused, its provenance, and the entry as it is kept."""
    sent = {"personId": make(admin, "entry@example.com"), "licenses": [{"id": license_id(admin, "Webex Messenger")}]}
    answer = admin.patch("/v1/licenses/users", json=sent)
    found = admin.get("/allot/v1/journal", params={"trackingId": answer.json()["trackingId"]}).json()["items"][0]
    told = words(visitor.see(f"/journal/{found['number']}"))
    assert "Licenses changed: refused 400" in told
    assert "messenger" in told
    assert "documented ADM" in told
    assert '"refused": {' in told
    assert f"Tracking id {answer.json()['trackingId']}" in told


@pytest.mark.parametrize("path", ["0", "99999999", "x", "-1", "9" * 100, "\u0663"])
def test_an_entry_that_is_not_there_is_told_so(visitor: Visitor, path: str):
    """A number that no entry has is answered with a page that says so."""
    assert "no entry of this number" in words(visitor.see(f"/journal/{path}", 404))


def test_one_request_is_found_by_its_tracking_id(visitor: Visitor, admin: Client):
    """The entries of one request alone are shown; for none, that there is none."""
    body = {"emails": ["tracked@example.com"], "displayName": "Tracked"}
    admin.post("/v1/people", json=body, headers={"TrackingID": "NA_this-one"})
    shown = visitor.see("/journal?trackingId=NA_this-one")
    assert len(re.findall(r'<li class="good" id="entry-', shown)) == 1
    assert "No entry has this tracking id" in words(visitor.see("/journal?trackingId=<b>none"))


def test_what_has_other_members_is_told_with_them(visitor: Visitor, admin: Client):
    """Entries about other things than people show what they keep, and who is not a person of here is no link."""
    where = admin.get("/v1/locations").json()["items"][0]["id"]
    added = {"phoneNumbers": ["+14085550777"]}
    assert admin.post(f"/v1/telephony/config/locations/{where}/numbers", json=added).status_code == 201
    assert "Numbers added" in words(visitor.see("/journal"))
    assert "+14085550777" in words(visitor.see("/journal"))


def test_answers_to_invitations_are_told(visitor: Visitor, admin: Client, demo: Server):
    """What somebody accepted or could not accept is told by its name."""
    lin = person_id(admin, "lin.abara@globex.example")
    for verb in ("accept", "decline"):
        sent = {"licenses": [license_id(admin, "Real-Time Translations")]}
        admin.post(f"/allot/v1/people/{lin}/invitations/{verb}", json=sent)
    told = words(visitor.see(f"/people/{lin}"))
    assert "Invitations accepted: refused" in told
    assert "Real-Time Translations" in told


def test_rules_and_licenses_that_are_gone_are_told_as_such(visitor: Visitor, admin: Client, demo: Server):
    """An entry that speaks of a rule, a license or a location of other times is shown all the same."""
    person = make(admin, "times@example.com")
    detail = (
        '{"items": [{"license": 999, "operation": "add", "properties": {"location_id": "nowhere", "extension": "12"}},'
        ' {"siteUrl": "old.webex.com", "operation": "remove"}, {"unknown": "<b>", "operation": "add"}],'
        ' "before": {"licenses": [998], "attendee": ["old.webex.com", "older.webex.com"]}, "after": {"licenses": []},'
        ' "refused": {"0": "an-old-rule"}}'
    )
    [(last,)] = demo.rows("SELECT MAX(entry) FROM journal WHERE org_id = $1", ACME)
    demo.run("UPDATE journal SET detail = $3 WHERE org_id = $1 AND entry = $2", ACME, last, detail)
    told = words(visitor.see(f"/people/{person}"))
    for each in (
        "add license number 999, which is not there any more : nowhere, extension 12 refused",
        "rule an-old-rule, which this rulebook has no more",
        "remove attendee of old.webex.com",
        "add unknown license <b>",
        "remove license number 998, which is not there any more followed from it",
        "remove attendee of older.webex.com followed from it",
    ):
        assert each in told, each
    assert "an-old-rule" in words(visitor.see(f"/journal/{last}"))


def test_the_journal_is_for_those_who_may_audit(visits, demo: Server):
    """Without the scope, and without an administrator's role, the journal is refused."""
    visits("allot-demo-user").see("/journal", 403)
    token = token_of(demo, ACME, "admin@example.com", frozenset((scopes.PEOPLE_READ,)))
    with Visitor(demo.address, token) as visitor:
        visitor.see("/journal", 403)
        visitor.see("/journal/1", 403)
        assert "/console/journal" not in visitor.see("/people")


def test_journals_are_apart(visits, admin: Client):
    """Another organization has its own journal; who manages an organization sees its journal with orgId."""
    make(admin, "apart@example.com", name="Set Apart")
    assert "Set Apart" not in words(visits("allot-demo-other-org").see("/journal"))
    visits("allot-demo-other-org").see(f"/journal?orgId={ids.encode('ORGANIZATION', ACME)}", 403)
    partner = visits("allot-demo-partner").see(f"/journal?orgId={ids.encode('ORGANIZATION', ACME)}")
    assert "Set Apart" in words(partner)


@pytest.mark.parametrize("below", ["x", "0", "-5", "9" * 50, "<b>"])
def test_a_made_up_place_to_begin_is_no_bug(visitor: Visitor, below: str):
    """An address with a place that never was begins at the newest, or is empty."""
    visitor.see(f"/journal?below={below}")

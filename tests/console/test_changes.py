"""Trying a change before it is sent, and sending it."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from allot.cli.demo import ACME
from allot.core import ids
from allot.core import scope as scopes
from servers import Client, Server
from trying import (
    CONSOLE,
    PROFESSIONAL,
    SAN_JOSE,
    STANDARD,
    forms,
    license_id,
    make,
    person_id,
    result,
    send,
    ticks,
    try_,
)
from visiting import Visitor, words
from wholesale import token_of

JOHN, GRACE, IVAN = "john.andersen@example.com", "grace.okello@example.com", "ivan.horvat@example.com"
REACHED = {"location": SAN_JOSE, "number": "+14085267209", "extension": "133"}


def held(admin: Client, person: str) -> set[str]:
    names = {each["id"]: each["name"] for each in admin.get("/v1/licenses").json()["items"]}
    return {names[each] for each in admin.get(f"/v1/people/{person}").json()["licenses"]}


def body(html: str, id: str = "asked") -> dict:
    return json.loads(unescape(re.search(rf'<pre id="{id}-json"[^>]*>(.*?)</pre>', html, re.DOTALL)[1]))


def journal(admin: Client, person: str) -> list[dict]:
    return admin.get("/allot/v1/journal", params={"personId": person}).json()["items"]


def test_nothing_is_decided_before_something_is_ticked(visitor: Visitor, admin: Client):
    """The form shows what may be removed and added, units left, and what somebody is reached by now; no verdict yet."""
    shown = visitor.see(f"/people/{person_id(admin, GRACE)}/change")
    told = words(shown)
    assert "Nothing is ticked yet" in told
    assert "Real-Time Translations Sub-acme-suite no free unit" in told
    assert f'<option value="{SAN_JOSE}" selected>' in shown
    assert 'name="number" value="+14085550103"' in shown
    assert 'name="extension" value="4104"' in shown
    assert '<option value="+14085550105"></option>' in shown, "a number that nobody has is offered"
    assert '<option value="+14085550103"></option>' not in shown, "one that somebody has is not"
    assert forms(shown) == {}


def test_the_documented_example_would_be_accepted(visitor: Visitor, admin: Client):
    """All of the example is accepted; what John would hold is marked; nothing is sent by looking."""
    john = person_id(admin, JOHN)
    before = len(journal(admin, john))
    fields = ticks(admin, f"+{PROFESSIONAL}", f"+{CONSOLE}", f"-{STANDARD}", "+mysite.webex.com", **REACHED)
    shown = try_(visitor, john, fields)
    told = words(shown)
    assert "All of it would be accepted (status 200)" in told
    assert "add reached at San Jose, +14085267209, extension 133" in told
    assert body(shown)["licenses"][0]["properties"] == {
        "locationId": SAN_JOSE,
        "phoneNumber": "+14085267209",
        "extension": "133",
    }
    assert list(forms(shown)) == ["Apply"]
    assert len(journal(admin, john)) == before


def test_a_refusal_is_explained(visitor: Visitor, admin: Client):
    """A refused item has the sentence of the API, its rule, remedy, provenance and source; and there is no Apply."""
    shown = try_(visitor, person_id(admin, IVAN), ticks(admin, f"+{CONSOLE}"))
    told = words(shown)
    assert "All of it would be refused (status 400)" in told
    assert "User needs Webex Calling Professional license to be assigned before assigning" in told
    assert "What to do: Add Professional in the same request" in told
    assert "documented rule attendant-needs-professional , error 400408" in told
    assert "ADM error 400408" in told
    assert "not asked for, but needed" in told
    assert "reached at a place that you have yet to name" in told


def test_a_part_that_is_accepted_can_be_sent_alone(visitor: Visitor, admin: Client):
    """Where some of it is refused, the accepted part can be sent, and the result says which was refused and why."""
    person = make(admin, "part@example.com")
    shown = try_(visitor, person, ticks(admin, "+Webex Messenger", "+Basic Messaging", "+Real-Time Translations"))
    assert "Some of it would be refused (status 206)" in words(shown)
    told = words(result(visitor, send(visitor, shown, "Apply only what is accepted")))
    assert "Done in part 206" in told
    assert "Real-Time Translations refused" in told
    assert "Look again" in told
    assert "Basic Messaging" in held(admin, person)


def test_what_is_applied_is_what_the_api_does(visitor: Visitor, admin: Client):
    """A change that is applied is in the journal with its tracking id, and is held."""
    person = make(admin, "applied@example.com", ["Basic Messaging"])
    shown = try_(visitor, person, ticks(admin, "+Advanced Messaging"))
    told = words(result(visitor, send(visitor, shown)))
    assert "Done 200" in told
    assert held(admin, person) >= {"Basic Messaging", "Advanced Messaging"}
    entry = journal(admin, person)[0]
    assert (entry["action"], entry["outcome"]) == ("licenses.assign", 200)
    assert f"Tracking id {entry['trackingId']}" in told
    assert "add Advanced Messaging" in words(visitor.see(f"/journal/{entry['number']}"))


def test_a_way_of_two_requests_is_gone_step_by_step(visitor: Visitor, admin: Client):
    """The first step must be confirmed where something is lost with it; then the page goes on with the second."""
    person = make(admin, "down@example.com", [PROFESSIONAL], locationId=SAN_JOSE, extension="7411")
    asked = ticks(admin, f"-{PROFESSIONAL}", f"+{STANDARD}", location=SAN_JOSE, extension="7411")
    shown = try_(visitor, person, asked)
    assert "cannot be undone" in words(shown)
    refused = send(visitor, shown, "Apply step 1 of 2")
    assert refused.status_code == 400
    assert "Number, extension and settings would be lost for good" in words(refused.text)
    assert "Apply step 1 of 2" in forms(refused.text), "the ticks are kept"
    first = result(visitor, send(visitor, shown, "Apply step 1 of 2", sure="1"))
    assert "This was step 1 of 2" in words(first)
    assert PROFESSIONAL not in held(admin, person)
    onward = unescape(re.search(r'href="/console(/people/[^"]*change\?[^"]*)"', first)[1])
    second = visitor.see(onward)
    assert list(forms(second)) == ["Apply step 2 of 2"]
    last = result(visitor, send(visitor, second, "Apply step 2 of 2"))
    assert "Done 200" in words(last)
    assert "step" not in words(last)
    assert STANDARD in held(admin, person)


def test_a_way_is_told_where_somebody_is_reached(visitor: Visitor, admin: Client):
    """A needed calling license lacks an extension: it is asked for beside the step, and sent with it."""
    person = make(admin, "reached@example.com")
    shown = try_(visitor, person, ticks(admin, f"+{CONSOLE}"))
    refused = send(visitor, shown, location=SAN_JOSE, extension="letters")
    assert refused.status_code == 400
    assert "must be 2 to 10 digits" in words(refused.text)
    told = words(result(visitor, send(visitor, shown, location=SAN_JOSE, extension="7412")))
    assert "Done 200" in told
    assert "San Jose, extension 7412" in told
    assert {PROFESSIONAL, CONSOLE} <= held(admin, person)


def test_the_second_of_two_is_told_what_changed(visitor: Visitor, admin: Client, demo: Server):
    """Whoever applies to somebody whom another one has changed meanwhile is told who, when and what; ticks are kept."""
    person = make(admin, "moved@example.com", ["Basic Messaging"])
    shown = try_(visitor, person, ticks(admin, "+Advanced Messaging"))
    clara = Client(demo.address, token_of(demo, ACME, "clara.mueller@example.com"))
    change = {"personId": person, "licenses": [{"id": license_id(admin, "Basic Space Meetings")}]}
    assert clara.patch("/v1/licenses/users", json=change).status_code == 200
    clara.close_all()
    answer = send(visitor, shown)
    assert answer.status_code == 409
    told = words(answer.text)
    assert "somebody else has changed what the person holds meanwhile" in told
    assert "Clara Müller : Licenses changed" in told
    assert "add Basic Space Meetings" in told
    assert "Your ticks are kept" in told
    assert "Advanced Messaging" not in held(admin, person)
    assert "Done 200" in words(result(visitor, send(visitor, answer.text)))


def test_a_change_to_somebody_else_is_nobody_s_business(visitor: Visitor, admin: Client):
    """That another person was changed meanwhile stops nothing."""
    person = make(admin, "alone@example.com", ["Basic Messaging"])
    shown = try_(visitor, person, ticks(admin, "+Advanced Messaging"))
    make(admin, "other@example.com", ["Basic Messaging"])
    assert send(visitor, shown).status_code == 303


def test_a_form_changes_nobody_else(visitor: Visitor, admin: Client):
    """Whatever person and organization a sent form names, it is about those of its page."""
    person, other = make(admin, "mine@example.com"), make(admin, "theirs@example.com")
    path, fields = forms(try_(visitor, person, ticks(admin, "+Basic Messaging")))["Apply"]
    wrong = json.loads(fields["request"]) | {"personId": other, "email": "theirs@example.com", "orgId": "x"}
    assert visitor.submit(path, **fields | {"request": json.dumps(wrong)}).status_code == 303
    assert [each["action"] for each in journal(admin, other)] == ["people.create"]


@pytest.mark.parametrize("sent", ["", "{", "[]", '{"licenses": 1}', '{"licenses": []}', '{"siteUrls": [{}]}'])
def test_a_broken_form_is_told_so(visitor: Visitor, admin: Client, sent: str):
    """A form whose request cannot be read is answered with the page and what is wrong."""
    person = person_id(admin, IVAN)
    path, fields = forms(try_(visitor, person, ticks(admin, "+Basic Messaging")))["Apply"]
    answer = visitor.submit(path, **fields | {"request": sent})
    assert answer.status_code == 400
    assert "The request is not valid" in words(answer.text)


def test_a_person_deleted_meanwhile_is_told_so(visitor: Visitor, admin: Client):
    """Trying and applying a change for somebody who was deleted meanwhile say so, and lead to the list."""
    person = make(admin, "gone@example.com")
    shown = try_(visitor, person, ticks(admin, "+Basic Messaging"))
    assert admin.delete(f"/v1/people/{person}").status_code == 204
    for answer in (visitor.look(f"/people/{person}/change"), send(visitor, shown)):
        assert answer.status_code == 404
        assert "This person was deleted" in words(answer.text)
        assert 'href="/console/people"' in answer.text


def test_ticks_outlast_a_session(visitor: Visitor, admin: Client):
    """Whoever applies when the session has ended comes back to the ticks after the sign-in; nothing was sent."""
    person = make(admin, "outlast@example.com")
    shown = try_(visitor, person, ticks(admin, "+Basic Messaging"))
    visitor.cookies.clear()
    there = send(visitor, shown).headers["Location"]
    assert there.startswith("/console/sign-in?next=/console/people/")
    back = parse_qs(urlsplit(there).query)["next"][0]
    assert back == "/console" + forms(shown)["Apply"][0]
    assert [each["action"] for each in journal(admin, person)] == ["people.create"]


def test_who_may_only_read_may_try_but_not_apply(visits, admin: Client):
    """A read-only administrator sees what would happen, without a button; sending a form is refused."""
    reader, person = visits("allot-demo-readonly"), person_id(admin, IVAN)
    shown = try_(reader, person, ticks(admin, "+Basic Messaging"))
    assert "All of it would be accepted" in words(shown)
    assert forms(shown) == {}
    assert reader.submit(f"/people/{person}/change", request="{}").status_code == 403
    assert reader.look(f"/people/{person}/change/1").status_code == 403


def test_without_a_role_nothing_is_seen(visits, admin: Client):
    """Whoever is no administrator sees neither the form nor anybody's holdings."""
    user, person = visits("allot-demo-user"), person_id(admin, IVAN)
    for path in (f"/people/{person}", f"/people/{person}/change"):
        assert user.look(path).status_code == 403


def test_trying_takes_the_scope_for_licenses(demo: Server, admin: Client):
    """The form lists licenses: a token that may not read those does not see it."""
    token = token_of(demo, ACME, "admin@example.com", frozenset((scopes.PEOPLE_READ, scopes.PEOPLE_WRITE)))
    with Visitor(demo.address, token) as visitor:
        visitor.see(f"/people/{person_id(admin, IVAN)}/change", 403)


def test_free_numbers_take_the_scope_for_them(demo: Server, admin: Client):
    """Numbers are offered to those alone who may read the inventory."""
    mine = frozenset((scopes.PEOPLE_READ, scopes.PEOPLE_WRITE, scopes.LICENSES_READ))
    with Visitor(demo.address, token_of(demo, ACME, "admin@example.com", mine)) as visitor:
        assert "+14085550105" not in visitor.see(f"/people/{person_id(admin, GRACE)}/change")


def test_nobody_sees_people_of_others(visits, admin: Client):
    """The people of an organization are not there for another one, whatever the address says."""
    stranger, person = visits("allot-demo-other-org"), person_id(admin, IVAN)
    for path in (f"/people/{person}", f"/people/{person}/change"):
        assert stranger.look(path).status_code == 404
        assert stranger.look(f"{path}?orgId={ids.encode('ORGANIZATION', ACME)}").status_code == 403


def test_a_partner_changes_people_of_its_customer(visits, admin: Client):
    """With orgId a partner tries and applies changes in an organization that it manages."""
    partner, person = visits("allot-demo-partner"), make(admin, "managed@example.com")
    org = ids.encode("ORGANIZATION", ACME)
    shown = try_(partner, person, {"orgId": org, **ticks(admin, "+Basic Space Meetings", "+Basic Messaging")})
    answer = send(partner, shown)
    assert f"orgId={org}" in answer.headers["Location"]
    assert "Done 200" in words(result(partner, answer))
    assert "somebody who is not of this organization" in words(partner.see(f"/people/{person}?orgId={org}")), (
        "the journal names no people of others"
    )


def test_a_result_is_for_who_sent_it(visits, visitor: Visitor, admin: Client, demo: Server):
    """The page of a result shows nothing but what the caller has sent for this very person."""
    person = make(admin, "result@example.com", ["Basic Messaging"])
    answer = send(visitor, try_(visitor, person, ticks(admin, "+Advanced Messaging")))
    path = answer.headers["Location"].removeprefix("/console")
    with Visitor(demo.address, token_of(demo, ACME, "clara.mueller@example.com")) as other:
        other.see(path, 404)
    number = path.rpartition("/")[2]
    visitor.see(f"/people/{person_id(admin, IVAN)}/change/{number}", 404)
    visitor.see(f"/people/{person}/change/1", 404)
    visitor.see(f"/people/{person}/change/x", 404)
    visitor.see(f"/people/{person}/change/99999999", 404)
    assert f"/people/{person}/change?location=x" in visitor.see(f"{path}?then=path%3D1%26location%3Dx%26done%3D7")


def test_there_is_no_way_and_why(visitor: Visitor, admin: Client):
    """Where no request helps, the reason is told."""
    hank = person_id(admin, "hank.scorpio@globex.example")
    shown = try_(visitor, hank, ticks(admin, f"+{PROFESSIONAL}", location=SAN_JOSE, extension="7413"))
    assert "No legal way" in words(shown)
    assert forms(shown) == {}


def test_a_license_that_is_gone_is_refused(visitor: Visitor, admin: Client):
    """A tick of a license that the organization has no more is shown as unknown, and refused by its rule."""
    shown = try_(visitor, person_id(admin, IVAN), {"license.gone": "add"})
    assert "add unknown license gone refused" in words(shown)
    assert 'name="license.gone" value="add" checked' in shown


def test_ticks_that_are_so_already_stay(visitor: Visitor, admin: Client):
    """What somebody has by now, or has no more, stays ticked: a license of calling may be given another extension."""
    person = make(admin, "already@example.com", [PROFESSIONAL], locationId=SAN_JOSE, extension="7421")
    asked = ticks(
        admin, f"+{PROFESSIONAL}", "-Real-Time Translations", "-mysite.webex.com", location=SAN_JOSE, extension="7422"
    )
    shown = try_(visitor, person, asked)
    assert shown.count(" checked>") == 3
    assert "remove attendee of mysite.webex.com no change" in words(shown)
    assert "San Jose, extension 7422" in words(result(visitor, send(visitor, shown)))


def test_what_is_no_tick_is_ignored(visitor: Visitor, admin: Client):
    """Unknown parameters, and ticks that neither add nor remove, are nothing that is asked."""
    shown = try_(visitor, person_id(admin, IVAN), {"license.x": "burn", "other": "add"})
    assert "Nothing is ticked yet" in words(shown)


def test_faults_of_form_are_told_while_trying(visitor: Visitor, admin: Client):
    """What the API would not even read is told in the place of the verdict, and the page stays."""
    shown = try_(
        visitor, person_id(admin, IVAN), ticks(admin, f"+{PROFESSIONAL}", location=SAN_JOSE, extension="letters")
    )
    assert "must be 2 to 10 digits" in words(shown)
    assert forms(shown) == {}
    assert 'name="extension" value="letters"' in shown


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "\u0645\u0631\u062d\u0628\u0627 \u202eabc",
        "{{ 7 * 7 }}",
    ],
)
def test_names_are_text(visitor: Visitor, admin: Client, name: str):
    """Names with markup or written from right to left are shown as they are, and isolated from what is around."""
    person = make(admin, f"name{abs(hash(name))}@example.com", name=name)
    for path in (f"/people/{person}", f"/people/{person}/change", "/journal"):
        shown = visitor.see(path)
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert name in unescape(shown)


def test_wishes_with_markup_are_text(visitor: Visitor, admin: Client):
    """What is typed into the address is shown as text, in values and in the request."""
    evil = '"><script>alert(1)</script>'
    shown = try_(
        visitor, person_id(admin, IVAN), ticks(admin, f"+{PROFESSIONAL}", location=evil, number=evil, extension="12")
    )
    assert "<script>alert" not in shown
    assert f"site.{evil}" not in try_(visitor, person_id(admin, IVAN), {f"site.{evil}": "add"})


def test_a_long_email_is_shown(visitor: Visitor, admin: Client, demo: Server):
    """An email of 300 characters, however it came there, is shown whole."""
    person = make(admin, "long@example.com")
    email = f"{'x' * 288}@example.com"
    demo.run("UPDATE people SET email = $2 WHERE email = $1", "long@example.com", email)
    assert email in words(visitor.see(f"/people/{person}"))
    assert visitor.see(f"/people/{person}/change")

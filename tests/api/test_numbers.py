"""Adding numbers to locations, switching and removing them, and a person's own number, over HTTP."""

import pytest

from allot.core import ids
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
SAN_JOSE = ids.encode("LOCATION", "63715")
DENVER = ids.encode("LOCATION", "e27c6d38-94aa-4f0b-8d3e-5b1a7c69f0d3")
NOWHERE = ids.encode("LOCATION", "nowhere")
PATH = "/v1/telephony/config/locations/{}/numbers"
AT_SAN_JOSE, AT_DENVER = PATH.format(SAN_JOSE), PATH.format(DENVER)
NEW = ["+13035550100", "+13035550101"]
#: in the demo: the main number, one that is in use, one that is free, one that is inactive
MAIN, USED, FREE, INACTIVE = "+14085550100", "+14085550102", "+14085550106", "+14085550199"


def body(*numbers: str, **members: object) -> dict[str, object]:
    """The body for these numbers."""
    return {"phoneNumbers": numbers, **members}


def kept(server: Server, location_id: str) -> dict[str, tuple[str, str, int]]:
    """State, type and whether it is for services, of each number of a location."""
    sql = """SELECT phone_number, state, number_type, service FROM numbers
             WHERE org_id = $1 AND location_id = $2 ORDER BY phone_number"""
    found = server.rows(sql, ACME, ids.decode("LOCATION", location_id))
    return {number: (state, kind, service) for number, state, kind, service in found}


def faults(answer) -> list[str]:
    """The sentences of an error."""
    return [error["description"] for error in answer.json()["errors"]]


def journal(server: Server) -> list[tuple[str, int]]:
    """The journal's actions with their outcomes, in order."""
    return server.rows("SELECT action, outcome FROM journal WHERE org_id = $1 AND entry > 1 ORDER BY entry", ACME)


def test_numbers_are_added_and_enable_calling(client: Client, server: Server):
    """They are active, and the location is one of Webex Calling from then on, which cannot be deleted."""
    assert client.get(f"/v1/telephony/config/locations/{DENVER}").status_code == 404
    answer = client.post(AT_DENVER, json=body(*NEW, "13035550101"))
    assert (answer.status_code, answer.content) == (201, b"")
    assert kept(server, DENVER) == dict.fromkeys(NEW, ("ACTIVE", "DID", 0))
    assert client.get(f"/v1/telephony/config/locations/{DENVER}").status_code == 200
    assert client.delete(f"/v1/locations/{DENVER}").status_code == 409
    assert journal(server)[0] == ("numbers.add", 201)
    [(detail,)] = server.rows("SELECT detail FROM journal WHERE org_id = $1 AND action = 'numbers.add'", ACME)
    assert '"added":["+13035550100","+13035550101"]' in detail


def test_numbers_that_the_location_has_are_ignored(client: Client, server: Server):
    """Documented: they stay what they are, and the others are added."""
    assert client.post(AT_SAN_JOSE, json=body(INACTIVE, MAIN, NEW[0], state="ACTIVE")).status_code == 201
    assert kept(server, SAN_JOSE)[INACTIVE][0] == "INACTIVE"
    assert NEW[0] in kept(server, SAN_JOSE)


def test_members_of_the_request_are_kept(client: Client, server: Server):
    """Type, use and state; a toll-free number is known by its country's plan, and a mobile one is not active yet."""
    client.post(AT_DENVER, json=body("+18005550144"))
    client.post(AT_DENVER, json=body(NEW[0], numberType="TOLLFREE", numberUsageType="SERVICE", state="INACTIVE"))
    client.post(AT_DENVER, json=body(NEW[1], numberType="MOBILE", subscriptionId="s", carrierId="c"))
    assert kept(server, DENVER) == {
        "+18005550144": ("ACTIVE", "TOLLFREE", 0),
        NEW[0]: ("INACTIVE", "TOLLFREE", 1),
        NEW[1]: ("INACTIVE", "MOBILE", 0),
    }


def test_every_number_that_is_none_is_named(client: Client, server: Server):
    """With its place, and nothing is added."""
    answer = client.post(AT_DENVER, json=body("+15551234567", NEW[0], "phone", "", "+1" + "2" * 400))
    assert answer.status_code == 400
    assert [fault.partition(" is no ")[0] for fault in faults(answer)] == [
        "phoneNumbers[0]: +15551234567",
        "phoneNumbers[2]: phone",
        "phoneNumbers[3]: ",
        "phoneNumbers[4]: +1" + "2" * 38,
    ]
    assert kept(server, DENVER) == {}


def test_limits_are_said(client: Client):
    """None, or too many for the operation and the type, are refused."""
    many = [f"+1303555{n:04d}" for n in range(501)]
    assert faults(client.post(AT_DENVER, json=body())) == ["phoneNumbers: 1 to 500 in one request"]
    assert faults(client.post(AT_DENVER, json=body(*many))) == ["phoneNumbers: 1 to 500 in one request"]
    assert faults(client.put(AT_DENVER, json=body(*many))) == ["phoneNumbers: 1 to 500 in one request"]
    assert faults(client.delete(AT_DENVER, json=body(*many[:6]))) == ["phoneNumbers: 1 to 5 in one request"]
    assert faults(client.post(AT_DENVER, json=body(*many[:21], numberType="MOBILE", state="ACTIVE"))) == [
        "phoneNumbers: 1 to 20 in one request",
        "state: mobile numbers are activated when they are assigned; leave it out",
    ]


def test_a_number_is_of_one_location(client: Client, server: Server):
    """One of another location of the organization is a conflict that names it, and nothing is added."""
    answer = client.post(AT_DENVER, json=body(NEW[0], FREE, USED))
    assert answer.status_code == 409
    assert sorted(faults(answer)) == [
        f"phoneNumbers: {number} belongs to the location San Jose. Remove it there before adding it here"
        for number in (USED, FREE)
    ]
    assert kept(server, DENVER) == {}
    assert client.get(f"/v1/telephony/config/locations/{DENVER}").status_code == 404
    assert journal(server) == [("numbers.add", 409)]


def test_organizations_do_not_know_of_each_others_numbers(client: Client):
    """What one has, another may have as well: an answer that told would be a leak."""
    other = client.as_("allot-demo-other-org")
    cypress = PATH.format(ids.encode("LOCATION", "4a9e0f77-5b6c-4c3e-8f21-91d3a7be60c5"))
    assert other.post(cypress, json=body(USED)).status_code == 201
    for location in (SAN_JOSE, NOWHERE):
        answer = other.post(PATH.format(location), json=body(NEW[0]))
        assert (answer.status_code, faults(answer)) == (404, ["locationId: nothing has this id in this organization"])


def test_a_long_name_is_no_calling_location(client: Client, server: Server):
    """Numbers would enable calling, where names have 80 characters at most."""
    assert client.put(f"/v1/locations/{DENVER}", json={"name": "x" * 81}).status_code == 204
    answer = client.post(AT_DENVER, json=body(*NEW))
    assert answer.status_code == 400
    assert "at most 80 characters" in faults(answer)[0]
    assert kept(server, DENVER) == {}


def test_free_numbers_are_removed(client: Client, server: Server):
    """All of them at once; they can be added elsewhere then."""
    assert client.delete(AT_SAN_JOSE, json=body(FREE, INACTIVE, FREE)).status_code == 204
    assert not {FREE, INACTIVE} & set(kept(server, SAN_JOSE))
    assert client.post(AT_DENVER, json=body(FREE)).status_code == 201
    assert journal(server) == [("numbers.remove", 204), ("numbers.add", 201)]


def test_what_cannot_be_removed_is_named(client: Client, server: Server):
    """The main number and numbers in use are conflicts, others' numbers are not valid; then nothing is removed."""
    london = "+442079460014"
    answer = client.delete(AT_SAN_JOSE, json=body(FREE, MAIN, USED, london))
    assert answer.status_code == 409
    assert sorted(faults(answer)) == [
        f"phoneNumbers: {MAIN} is the main number of San Jose, which cannot be removed",
        f"phoneNumbers: {USED} is in use. Take it from its owner before removing it",
        f"phoneNumbers: {london} is no number of the location San Jose",
    ]
    assert FREE in kept(server, SAN_JOSE)
    assert client.delete(AT_SAN_JOSE, json=body(london)).status_code == 400
    assert client.delete(PATH.format(NOWHERE), json=body(FREE)).status_code == 404


def test_numbers_are_switched(client: Client, server: Server):
    """ACTIVATE is the default; what is in the state already stays so."""
    assert client.put(AT_SAN_JOSE, json=body(FREE, INACTIVE, action="DEACTIVATE")).status_code == 204
    assert {kept(server, SAN_JOSE)[number][0] for number in (FREE, INACTIVE)} == {"INACTIVE"}
    assert client.put(AT_SAN_JOSE, json=body(FREE, USED, MAIN)).status_code == 204
    assert kept(server, SAN_JOSE)[FREE][0] == "ACTIVE"
    assert journal(server) == [("numbers.state", 204), ("numbers.state", 204)]
    [(detail,)] = server.rows("SELECT detail FROM journal WHERE org_id = $1 AND entry = 3", ACME)
    assert f'"switched":["{FREE}"]' in detail


def test_what_cannot_be_switched_is_named(client: Client, server: Server):
    """Documented: numbers in use and mobile ones; assumed: the main number, where emergency calls come back."""
    client.post(AT_SAN_JOSE, json=body(NEW[0], numberType="MOBILE"))
    server.run("UPDATE people SET phone_number = NULL WHERE org_id = $1 AND phone_number = $2", ACME, MAIN)
    answer = client.put(AT_SAN_JOSE, json=body(FREE, MAIN, USED, *NEW, action="DEACTIVATE"))
    assert answer.status_code == 400
    assert sorted(fault.partition(": ")[2].partition(" is ")[2][:12] for fault in faults(answer)) == [
        "a mobile num",
        "in use. Take",
        "no number of",
        "the main num",
    ]
    assert kept(server, SAN_JOSE)[FREE][0] == "ACTIVE"
    assert client.put(AT_SAN_JOSE, json=body(NEW[0])).status_code == 400
    assert client.put(PATH.format(NOWHERE), json=body(FREE)).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_only_a_full_administrator_changes_numbers(client: Client, method: str):
    """Nobody else may, and a partner may for its customers."""
    for token in ("allot-demo-readonly", "allot-demo-user"):
        assert client.as_(token).request(method, AT_SAN_JOSE, json=body(FREE)).status_code == 403
    partner = client.as_("allot-demo-partner")
    assert partner.request(method, AT_SAN_JOSE, json=body(FREE)).status_code == 404
    assert partner.request(method, AT_SAN_JOSE, params={"orgId": ACME}, json=body(FREE)).ok


def person(server: Server, email: str) -> str:
    """The wire id of a person of the demo."""
    [(id,)] = server.rows("SELECT person_id FROM people WHERE org_id = $1 AND email = $2", ACME, email)
    return ids.encode("PEOPLE", id)


def test_a_persons_number_is_shown(client: Client, server: Server):
    """Without its country code, and without the 0 that some countries dial before it; or in E.164."""
    path = f"/v1/people/{person(server, 'amara.nwosu@example.com')}/features/numbers"
    number = {"primary": True, "directNumber": "4085550102", "extension": "4102", "routingPrefix": "8101"}
    number["esn"] = "81014102"
    assert client.get(path).json() == {"distinctiveRingEnabled": True, "phoneNumbers": [number]}
    shown = client.get(path, params={"preferE164Format": "true"}).json()["phoneNumbers"]
    assert shown == [number | {"directNumber": "+14085550102"}]
    [(londoner,)] = server.rows("SELECT email FROM people WHERE phone_number = '+442079460011'")
    [other] = client.get(f"/v1/people/{person(server, londoner)}/features/numbers").json()["phoneNumbers"]
    assert other["directNumber"] == "2079460011"


def test_a_person_may_have_an_extension_or_nothing(client: Client, server: Server):
    """Members that do not apply are absent; a person who does not call has an empty list."""
    path = f"/v1/people/{person(server, 'john.andersen@example.com')}/features/numbers"
    assert client.get(path).json()["phoneNumbers"] == [
        {"primary": True, "extension": "4133", "routingPrefix": "8101", "esn": "81014133"}
    ]
    server.run("UPDATE people SET extension = NULL WHERE org_id = $1 AND extension = '4133'", ACME)
    assert client.get(path).json()["phoneNumbers"] == []
    path = f"/v1/people/{person(server, 'user@example.com')}/features/numbers"
    assert client.get(path).json() == {"distinctiveRingEnabled": True, "phoneNumbers": []}


def test_a_strangers_number_is_not_shown(client: Client, server: Server):
    """People of another organization are answered as those who do not exist; a read-only administrator may not look."""
    path = f"/v1/people/{person(server, 'amara.nwosu@example.com')}/features/numbers"
    unknown = "/v1/people/00000000-0000-4000-8000-000000000000/features/numbers"
    other = client.as_("allot-demo-other-org")
    answers = [other.get(path), other.get(unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert faults(answers[0]) == faults(answers[1])
    assert client.as_("allot-demo-readonly").get(path).status_code == 403
    assert client.as_("allot-demo-partner").get(path, params={"orgId": ACME}).status_code == 200

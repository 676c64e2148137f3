"""Locations over HTTP."""

import pytest

from allot.core import ids
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
GLOBEX = "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704"
SAN_JOSE = ids.encode("LOCATION", "63715")
DENVER = ids.encode("LOCATION", "e27c6d38-94aa-4f0b-8d3e-5b1a7c69f0d3")
CYPRESS_CREEK = ids.encode("LOCATION", "4a9e0f77-5b6c-4c3e-8f21-91d3a7be60c5")
ADDRESS = {
    "address1": "123 Some St.",
    "address2": "Suite 456",
    "city": "Supercity",
    "state": "Goodstate",
    "postalCode": "12345",
    "country": "US",
}
#: Cisco's own example
BODY = {
    "name": "Boulder",
    "timeZone": "America/Chicago",
    "announcementLanguage": "fr_fr",
    "preferredLanguage": "en_us",
    "address": ADDRESS,
    "latitude": "12.935784",
    "longitude": "77.697332",
    "notes": "123 Some St. Denver location",
}


def create(client: Client, **members: object) -> str:
    """The id of a new location."""
    answer = client.post("/v1/locations", json=BODY | members)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def faults(answer) -> list[str]:
    """The sentences of an error."""
    return [error["description"] for error in answer.json()["errors"]]


def names(answer) -> list[str]:
    """The names of a page of locations."""
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json().get("items", answer.json().get("locations"))]


def journal(server: Server) -> list[tuple[str, int]]:
    """The journal's actions with their outcomes, in order."""
    return server.rows("SELECT action, outcome FROM journal WHERE org_id = $1 AND entry > 1 ORDER BY entry", ACME)


def test_a_new_location_is_shown_as_it_was_sent(client: Client):
    """POST answers with the id only, and GET shows every member, with an odd state as it is."""
    answer = client.post("/v1/locations", json=BODY)
    assert answer.status_code == 201
    assert list(answer.json()) == ["id"]
    shown = client.get(f"/v1/locations/{answer.json()['id']}")
    assert shown.json() == BODY | {"id": answer.json()["id"], "orgId": ids.encode("ORGANIZATION", ACME)}


def test_a_country_is_kept_in_upper_case(client: Client):
    """Clients send `us` as well as `US`."""
    id = create(client, address=ADDRESS | {"country": "us"})
    assert client.get(f"/v1/locations/{id}").json()["address"]["country"] == "US"


def test_required_members_are_all_named(client: Client):
    """A body without them names each, in the address too."""
    assert faults(client.post("/v1/locations", json={"address": {}})) == [
        "name: is required",
        "timeZone: is required",
        "preferredLanguage: is required",
        "announcementLanguage: is required",
        "address.address1: is required",
        "address.city: is required",
        "address.state: is required",
        "address.postalCode: is required",
        "address.country: is required",
    ]


def test_all_faults_of_content_come_at_once(client: Client, server: Server):
    """Name, language, zone, country, place on earth and lengths are checked together, and nothing is written."""
    answer = client.post(
        "/v1/locations",
        json={
            "name": "x" * 257,
            "timeZone": "Moon/Tranquility",
            "announcementLanguage": "en_US",
            "preferredLanguage": "en_us",
            "address": ADDRESS | {"country": "XX", "city": " ", "state": "s" * 257},
            "latitude": "91",
            "longitude": "east",
            "notes": "n" * 1001,
        },
    )
    assert answer.status_code == 400
    assert faults(answer) == [
        "name: may have at most 256 characters",
        "address.city: must not be empty",
        "address.country: XX is no two-letter code of ISO 3166-1",
        "timeZone: is no time zone; send its IANA name, as America/Chicago",
        "notes: may have at most 1000 characters",
        "address.state: may have at most 256 characters",
        "announcementLanguage: must be a language and a country in lower case, as en_us",
        "latitude: must be a number from -90 to 90, in a text",
        "longitude: must be a number from -180 to 180, in a text",
    ]
    assert journal(server) == []


@pytest.mark.parametrize("text", ["1_0", "\u0661\u0662", "nan", "1e1", "91", ".", ""])
def test_a_latitude_is_a_plain_number(client: Client, text: str):
    """What only a program would read as a number is none."""
    answer = client.post("/v1/locations", json=BODY | {"latitude": text})
    assert faults(answer) == ["latitude: must be a number from -90 to 90, in a text"]


@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_is_not_empty(client: Client, name: str):
    """Spaces alone are no name, neither for a new location nor for an old one."""
    assert faults(client.post("/v1/locations", json=BODY | {"name": name})) == ["name: must not be empty"]
    assert faults(client.put(f"/v1/locations/{DENVER}", json={"name": name})) == ["name: must not be empty"]


def test_names_are_unique_in_an_organization(client: Client, server: Server):
    """A second one of a name is a conflict, which the journal keeps; another organization may have the name."""
    create(client)
    answer = client.post("/v1/locations", json=BODY)
    assert answer.status_code == 409
    assert faults(answer) == ["name: the organization has a location Boulder already. Choose another name"]
    assert client.put(f"/v1/locations/{DENVER}", json={"name": "Boulder"}).status_code == 409
    create(client.as_("allot-demo-other-org"))
    assert journal(server) == [("locations.create", 201), ("locations.create", 409), ("locations.update", 409)]


def test_put_changes_what_it_names(client: Client, server: Server):
    """Members that are absent or null stay, in the address as well."""
    id = create(client)
    body = {"name": " Boulder East ", "timeZone": None, "address": {"city": "Louisville", "address2": None}}
    assert client.put(f"/v1/locations/{id}", json=body).status_code == 204
    shown = client.get(f"/v1/locations/{id}").json()
    assert shown["name"] == "Boulder East"
    assert shown["address"] == ADDRESS | {"city": "Louisville"}
    assert {name: shown[name] for name in ("timeZone", "notes")} == {name: BODY[name] for name in ("timeZone", "notes")}
    assert journal(server)[-1] == ("locations.update", 204)
    [(detail,)] = server.rows("SELECT detail FROM journal WHERE org_id = $1 AND action = 'locations.update'", ACME)
    assert '"Boulder East"' in detail
    assert '"Supercity"' in detail


def test_put_checks_what_it_names(client: Client):
    """Content is checked as it is for a new location."""
    body = {"address": {"country": "Germany"}, "timeZone": "CEST"}
    assert faults(client.put(f"/v1/locations/{DENVER}", json=body)) == [
        "address.country: GERMANY is no two-letter code of ISO 3166-1",
        "timeZone: is no time zone; send its IANA name, as America/Chicago",
    ]


def test_a_location_without_details_can_be_given_some(client: Client, server: Server):
    """An imported location may have no address at all; PUT gives it what it is sent."""
    server.run("UPDATE locations SET details = '{}' WHERE org_id = $1 AND location_id = '63715'", ACME)
    assert client.put(f"/v1/locations/{SAN_JOSE}", json={"preferredLanguage": "de_de"}).status_code == 204
    assert "address" not in client.get(f"/v1/locations/{SAN_JOSE}").json()
    assert client.put(f"/v1/locations/{SAN_JOSE}", json={"address": {"city": "X"}}).status_code == 204
    assert client.get(f"/v1/locations/{SAN_JOSE}").json()["address"] == {"city": "X"}


def test_a_calling_location_has_a_shorter_name(client: Client):
    """Names of more than 80 characters are refused where Webex Calling is enabled, and only there."""
    longer = {"name": "x" * 81}
    assert client.put(f"/v1/locations/{DENVER}", json=longer).status_code == 204
    answer = client.put(f"/v1/locations/{SAN_JOSE}", json={"name": "y" * 81})
    assert answer.status_code == 400
    assert faults(answer) == ["name: may have at most 80 characters where Webex Calling is enabled"]
    # Its own name is no fault, however often it is sent.
    assert client.put(f"/v1/locations/{SAN_JOSE}", json={"name": "San Jose"}).status_code == 204


def test_a_location_that_nothing_belongs_to_can_be_deleted(client: Client):
    """It is gone then, and its name is free again."""
    id = create(client)
    assert client.delete(f"/v1/locations/{id}").status_code == 204
    assert client.get(f"/v1/locations/{id}").status_code == 404
    assert client.delete(f"/v1/locations/{id}").status_code == 404
    create(client)


def test_a_calling_location_cannot_be_deleted(client: Client, server: Server):
    """The conflict says all that is in the way."""
    answer = client.delete(f"/v1/locations/{SAN_JOSE}")
    assert answer.status_code == 409
    first, *others = faults(answer)
    assert first.startswith("The location San Jose is enabled for Webex Calling. Disable Webex Calling")
    assert [each.partition(" still has ")[2].partition(".")[0] for each in others] == [
        "people",
        "phone numbers",
        "call park extensions",
    ]
    assert journal(server) == [("locations.delete", 409)]


def test_locations_are_listed_in_pages(client: Client):
    """Following the Link header gives each location once, in the order of their names."""
    found, url = [], "/v1/locations?max=2"
    while url:
        page = client.get(url)
        found += names(page)
        assert len(page.json()["items"]) <= 2
        url = page.links.get("next", {}).get("url", "")
    assert found == ["Denver", "London", "San Jose", "Sydney"]


def test_locations_are_found_by_name_and_id(client: Client):
    """A part of the name is enough, in any letter case, beyond ASCII too; an id that nobody has finds nothing."""
    create(client, name="Zürich")
    assert names(client.get("/v1/locations", params={"name": "ZÜRI"})) == ["Zürich"]
    assert names(client.get("/v1/locations", params={"name": "n", "max": 2})) == ["Denver", "London"]
    assert names(client.get("/v1/locations", params={"id": SAN_JOSE})) == ["San Jose"]
    assert names(client.get("/v1/locations", params={"id": SAN_JOSE, "name": "Lon"})) == []
    assert names(client.get("/v1/locations", params={"id": CYPRESS_CREEK})) == []
    answer = client.get("/v1/locations", params={"id": "Y2lzY29"})
    assert faults(answer) == ["id: is no LOCATION id; send the id as the API gave it, or its UUID"]


def test_calling_locations_are_listed_with_what_callers_see(client: Client):
    """Only those that are enabled for Webex Calling, with prefix, main number and the organization's name."""
    answer = client.get("/v1/telephony/config/locations")
    assert names(answer) == ["London", "San Jose", "Sydney"]
    assert answer.json()["locations"][1] == {
        "id": SAN_JOSE,
        "name": "San Jose",
        "callingLineId": {"name": "Acme, Inc.", "phoneNumber": "+14085550100"},
        "announcementLanguage": "en_us",
        "routingPrefix": "8101",
        "outsideDialDigit": None,
        "enforceOutsideDialDigit": False,
        "e911SetupRequired": False,
    }
    assert client.get(f"/v1/telephony/config/locations/{SAN_JOSE}").json() == answer.json()["locations"][1]
    assert client.get(f"/v1/telephony/config/locations/{DENVER}").status_code == 404


def test_calling_locations_are_listed_from_any_place_in_both_orders(client: Client):
    """`order`, `start` and `max` work together, and the Link header goes on from there."""
    page = client.get("/v1/telephony/config/locations", params={"order": "desc", "start": 1, "max": 1})
    assert names(page) == ["San Jose"]
    page = client.get(page.links["next"]["url"])
    assert names(page) == ["London"]
    assert "next" not in page.links
    assert names(client.get("/v1/telephony/config/locations?start=9")) == []
    assert names(client.get("/v1/telephony/config/locations?name=NEY")) == ["Sydney"]
    assert client.get("/v1/telephony/config/locations?order=up").status_code == 400


def test_another_organization_sees_nothing(client: Client):
    """A location of another organization is answered exactly as one that does not exist."""
    nowhere = ids.encode("LOCATION", "00000000-0000-4000-8000-000000000000")
    other = client.as_("allot-demo-other-org")
    assert names(other.get("/v1/locations")) == ["Cypress Creek"]
    for method, path, body in (
        ("GET", "/v1/locations/{}", None),
        ("PUT", "/v1/locations/{}", {"name": "Mine"}),
        ("DELETE", "/v1/locations/{}", None),
        ("GET", "/v1/telephony/config/locations/{}", None),
    ):
        answers = [other.request(method, path.format(id), json=body) for id in (SAN_JOSE, nowhere)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["errors"] == answers[1].json()["errors"]


def test_a_partner_manages_the_locations_of_its_customers(client: Client):
    """With `orgId`, and only of organizations that it manages."""
    partner = client.as_("allot-demo-partner")
    org = {"orgId": ids.encode("ORGANIZATION", ACME)}
    assert names(partner.get("/v1/locations")) == []
    assert names(partner.get("/v1/locations", params=org))[0] == "Denver"
    id = partner.post("/v1/locations", params=org, json=BODY).json()["id"]
    assert partner.put(f"/v1/locations/{id}", params=org, json={"name": "B"}).status_code == 204
    assert client.get(f"/v1/locations/{id}").json()["name"] == "B"
    assert partner.delete(f"/v1/locations/{id}", params=org).status_code == 204
    assert partner.get("/v1/locations", params={"orgId": GLOBEX}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "readonly"),
    [
        ("GET", "/v1/locations", 200),
        ("GET", f"/v1/locations/{SAN_JOSE}", 200),
        ("POST", "/v1/locations", 403),
        ("PUT", f"/v1/locations/{SAN_JOSE}", 403),
        ("DELETE", f"/v1/locations/{SAN_JOSE}", 403),
        ("GET", "/v1/telephony/config/locations", 200),
        ("GET", f"/v1/telephony/config/locations/{SAN_JOSE}", 200),
    ],
)
def test_rights_are_checked(client: Client, method: str, path: str, readonly: int):
    """A read-only administrator reads, a person without a role may do nothing, and nobody without a token."""
    assert client.as_("allot-demo-readonly").request(method, path, json={}).status_code == readonly
    assert client.as_("allot-demo-user").request(method, path, json={}).status_code == 403
    assert client.as_(None).request(method, path, json={}).status_code == 401


def test_only_a_full_administrator_changes_locations(client: Client, server: Server):
    """A user administrator, who may change people, may not."""
    server.run("UPDATE roles SET role_id = 'id_user_admin' WHERE org_id = $1 AND role_id = 'id_full_admin'", ACME)
    answer = client.post("/v1/locations", json=BODY)
    assert answer.status_code == 403
    assert faults(answer) == ["The role of a full administrator is needed"]
    assert client.get("/v1/locations").status_code == 200

"""Call park extensions over HTTP."""

from allot.core import ids
from servers import Client

PATH = "/v1/telephony/config/callParkExtensions"
SAN_JOSE = ids.encode("LOCATION", "63715")
#: a query, and the names that it finds
FOUND: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["Reception", "Lobby", "Warehouse"]),
    ({"order": "callParkExtensionName"}, ["Lobby", "Reception", "Warehouse"]),
    ({"order": "groupName"}, ["Reception", "Lobby", "Warehouse"]),
    ({"locationId": SAN_JOSE}, ["Lobby", "Warehouse"]),
    ({"locationName": "London"}, ["Reception"]),
    ({"extension": "7002"}, ["Warehouse"]),
    ({"extension": "7001", "locationName": "San Jose"}, ["Lobby"]),
    ({"name": "Lob"}, []),
    ({"start": "2"}, ["Warehouse"]),
    ({"start": "3"}, []),
]


def names(answer) -> list[str]:
    """The names of a page."""
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["callParkExtensions"]]


def test_a_call_park_extension_is_shown_with_its_location(client: Client):
    """All documented members are there."""
    [park] = client.get(PATH, params={"name": "Lobby"}).json()["callParkExtensions"]
    assert ids.decode("CALL_PARK_EXTENSION", park.pop("id"))
    assert park == {
        "extension": "7001",
        "esn": "81017001",
        "name": "Lobby",
        "locationId": SAN_JOSE,
        "locationName": "San Jose",
        "routingPrefix": "8101",
    }


def test_filters_and_orders(client: Client):
    """Each does what it says."""
    for query, expected in FOUND:
        assert names(client.get(PATH, params=query)) == expected, query


def test_every_order_shows_all(client: Client):
    """An order by the id of another system, which is not kept, is by our own."""
    assert set(names(client.get(PATH, params={"order": "callParkExtensionExternalId"}))) == {
        "Lobby",
        "Reception",
        "Warehouse",
    }


def test_pages_follow_the_link_header(client: Client):
    """One at a time gives all of them."""
    found, url = [], f"{PATH}?max=1"
    while url:
        page = client.get(url)
        found += names(page)
        url = page.links.get("next", {}).get("url", "")
    assert found == ["Reception", "Lobby", "Warehouse"]


def test_what_is_no_id_is_named(client: Client):
    """The fault names the parameter."""
    answer = client.get(PATH, params={"locationId": "?"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"].startswith("locationId: is no LOCATION id")


def test_others_do_not_see_them(client: Client):
    """They are of one organization, and for administrators."""
    assert names(client.as_("allot-demo-other-org").get(PATH)) == []
    assert len(names(client.as_("allot-demo-readonly").get(PATH))) == 3
    assert client.as_("allot-demo-user").get(PATH).status_code == 403

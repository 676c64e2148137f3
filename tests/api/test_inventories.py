"""The list of phone numbers and extensions over HTTP, on the demo organization."""

import pytest

from allot.core import ids
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
PATH = "/v1/telephony/config/numbers"
SAN_JOSE = ids.encode("LOCATION", "63715")
LONDON = ids.encode("LOCATION", "3c1f7a60-2b0e-4d8b-9a56-7f2f1c0e8d11")
ORDERS = ("dn", "extension", "lastName")
#: a query, and how many entries it finds
FILTERS: list[tuple[dict[str, str], int]] = [
    ({"available": "true"}, 11),
    ({"available": "false"}, 11),
    ({"assigned": "true"}, 11),
    ({"assigned": "false", "locationId": LONDON}, 2),
    ({"locationId": LONDON}, 9),
    ({"locationId": LONDON, "numberType": "EXTENSION"}, 3),
    ({"locationId": LONDON, "extension": "4200"}, 1),
    ({"locationId": SAN_JOSE, "extension": "4200"}, 0),
    ({"locationId": ids.encode("LOCATION", "nowhere")}, 0),
    ({"numberType": "NUMBER"}, 22),
    ({"numberType": "EXTENSION"}, 8),
    ({"state": "INACTIVE"}, 1),
    ({"state": "ACTIVE"}, 21),
    ({"state": "Default"}, 22),
    ({"tollFreeNumbers": "true"}, 1),
    ({"tollFreeNumbers": "false"}, 30),
    ({"tollFreeNumbers": "true", "includedTelephonyTypes": "MOBILE_NUMBER"}, 0),
    ({"includedTelephonyTypes": "PSTN_NUMBER"}, 30),
    ({"includedTelephonyTypes": "MOBILE_NUMBER"}, 0),
    ({"serviceNumber": "true"}, 0),
    ({"restrictedNonGeoNumbers": "true"}, 0),
    ({"phoneNumberType": "PRIMARY"}, 22),
    ({"phoneNumberType": "Default"}, 22),
    ({"phoneNumberType": "FAX"}, 0),
    ({"available": "true", "assigned": "true"}, 0),
    ({"available": "false", "assigned": "false"}, 0),
    ({"available": "true", "assigned": "false"}, 11),
    ({"ownerType": "PEOPLE"}, 19),
    ({"ownerType": "PEOPLE", "numberType": "NUMBER"}, 11),
    ({"ownerType": "CALL_QUEUE"}, 0),
    ({"ownerName": "AMARA n"}, 1),
    ({"ownerName": "nwosu"}, 0),
    ({"phoneNumber": "+14085550102", "ownerName": "amara"}, 1),
    ({"extension": "7001"}, 0),
]


def listed(client: Client, **query: object) -> list[str]:
    """The numbers, or extensions where there is none, of one page."""
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return [each["phoneNumber"] or each["extension"] for each in answer.json()["phoneNumbers"]]


def faults(answer) -> list[str]:
    """The sentences of an error."""
    return [error["description"] for error in answer.json()["errors"]]


def test_a_number_is_shown_with_its_place_and_its_owner(client: Client, server: Server):
    """Every member that Cisco's schema requires is there, and so are prefix, ESN, location and owner."""
    [(owner,)] = server.rows("SELECT person_id FROM people WHERE org_id = $1 AND extension = '4102'", ACME)
    answer = client.get(PATH, params={"phoneNumber": "+14085550102"})
    assert answer.json() == {
        "phoneNumbers": [
            {
                "phoneNumber": "+14085550102",
                "state": "ACTIVE",
                "phoneNumberType": "PRIMARY",
                "mainNumber": False,
                "includedTelephonyTypes": "PSTN_NUMBER",
                "tollFreeNumber": False,
                "isServiceNumber": False,
                "location": {"id": SAN_JOSE, "name": "San Jose"},
                "extension": "4102",
                "routingPrefix": "8101",
                "esn": "81014102",
                "owner": {
                    "id": ids.encode("PEOPLE", owner),
                    "type": "PEOPLE",
                    "firstName": "Amara",
                    "lastName": "Nwosu",
                },
            }
        ]
    }


def test_an_extension_without_a_number_is_listed_too(client: Client):
    """Its phone number is empty, as in Cisco's example; its owner is there."""
    [entry] = client.get(PATH, params={"extension": "4133"}).json()["phoneNumbers"]
    assert (entry["phoneNumber"], entry["extension"], entry["esn"]) == ("", "4133", "81014133")
    assert entry["owner"]["lastName"] == "Andersen"


def test_a_number_that_nobody_has_has_no_owner(client: Client):
    """Neither owner nor extension nor ESN are there."""
    [entry] = client.get(PATH, params={"phoneNumber": "18005550133"}).json()["phoneNumbers"]
    assert not {"owner", "extension", "esn"} & set(entry)
    assert entry["tollFreeNumber"]


def test_an_owner_without_names_has_their_display_name(client: Client, server: Server):
    """People may be known by their display name only."""
    server.run("UPDATE people SET details = '{}' WHERE org_id = $1 AND extension = '4102'", ACME)
    [entry] = client.get(PATH, params={"extension": "4102"}).json()["phoneNumbers"]
    assert (entry["owner"]["firstName"], entry["owner"]["lastName"]) == ("Amara Nwosu", "")


@pytest.mark.parametrize("order", ORDERS)
def test_pages_give_every_entry_once(client: Client, order: str):
    """Following the Link header gives the same list as one large page, in every order."""
    whole = listed(client, order=order)
    assert len(whole) == len(set(whole)) == 30
    for size in (1, 7, 30):
        found, url = [], f"{PATH}?order={order}&max={size}"
        while url:
            page = client.get(url)
            entries = page.json()["phoneNumbers"]
            assert len(entries) <= size
            found += [each["phoneNumber"] or each["extension"] for each in entries]
            url = page.links.get("next", {}).get("url", "")
        assert found == whole


@pytest.mark.parametrize("order", ORDERS)
def test_a_list_can_be_entered_anywhere(client: Client, order: str):
    """`start` leaves out that many, across both parts of a list."""
    whole = listed(client, order=order)
    for start in (0, 3, 19, 22, 25, 30, 99):
        assert listed(client, order=order, start=start, max=6) == whole[start : start + 6]


def test_orders_are_what_they_say(client: Client):
    """By number, by extension with the rest at the end, and by last name with what nobody has at the end."""
    by_number = listed(client)
    assert by_number[:22] == sorted(by_number[:22])
    assert by_number[22:] == ["4103", "4106", "4133", "4201", "4203", "4205", "4301", "4303"]
    entries = client.get(PATH, params={"order": "extension"}).json()["phoneNumbers"]
    extensions = [each.get("extension") for each in entries]
    assert extensions[:19] == sorted(filter(None, extensions))
    assert extensions[19:] == [None] * 11
    entries = client.get(PATH, params={"order": "lastName"}).json()["phoneNumbers"]
    names = [each.get("owner", {}).get("lastName", "~").casefold() for each in entries]
    assert names == sorted(names)


@pytest.mark.parametrize("order", ORDERS)
def test_filters(client: Client, order: str):
    """Each filter gives what it says, in every order."""
    for query, expected in FILTERS:
        assert len(listed(client, order=order, **query)) == expected, query


def test_an_owner_is_found_by_id(client: Client, server: Server):
    """By the wire id as well as by the plain one; a stranger has nothing."""
    [(owner,)] = server.rows("SELECT person_id FROM people WHERE org_id = $1 AND extension = '4102'", ACME)
    assert listed(client, ownerId=ids.encode("PEOPLE", owner)) == ["+14085550102"]
    assert listed(client, ownerId=owner, order="extension") == ["+14085550102"]
    assert listed(client, ownerId="00000000-0000-4000-8000-000000000000") == []


def test_counts_are_of_the_whole_organization(client: Client, server: Server):
    """`details` counts everything, whatever is listed; the sums fit."""
    server.run("UPDATE numbers SET number_type = 'MOBILE', service = 1 WHERE org_id = $1 AND main = 1", ACME)
    answer = client.get(PATH, params={"details": "true", "max": 1, "ownerType": "PLACE"}).json()
    assert answer == {
        "phoneNumbers": [],
        "count": {
            "assigned": 11,
            "unAssigned": 11,
            "inActive": 1,
            "extensionOnly": 8,
            "tollFreeNumbers": 1,
            "total": 30,
            "mobileNumber": 3,
            "serviceNumber": 3,
        },
    }
    assert len(listed(client, serviceNumber="true", includedTelephonyTypes="MOBILE_NUMBER")) == 3
    empty = client.as_("allot-demo-partner").get(PATH, params={"details": "true"}).json()
    assert set(empty["count"].values()) == {0}


def test_filters_that_contradict_each_other_are_refused(client: Client):
    """All in one answer, with what is no id."""
    answer = client.get(
        PATH,
        params={
            "available": "true",
            "ownerType": "PEOPLE",
            "numberType": "EXTENSION",
            "state": "ACTIVE",
            "locationId": "?",
            "ownerId": "!",
        },
    )
    assert answer.status_code == 400
    assert [fault.partition(":")[0] for fault in faults(answer)] == [
        "available, ownerType",
        "numberType",
        "locationId",
        "ownerId",
    ]
    assert client.get(PATH, params={"cursor": "x"}).status_code == 400
    assert client.get(PATH, params={"order": "name"}).status_code == 400


def test_too_many_to_sort_is_said(client: Client, monkeypatch: pytest.MonkeyPatch):
    """No index is in the order of last names: a longer list names the remedy."""
    monkeypatch.setattr("allot.service.numbers.SORTED_MAX", 29)
    answer = client.get(PATH, params={"order": "lastName"})
    assert answer.status_code == 400
    assert faults(answer)[0].startswith("order: more than 29 entries match")
    assert len(listed(client, order="lastName", numberType="NUMBER")) == 22


def test_another_organization_sees_its_own(client: Client):
    """Numbers, extensions and counts are of one organization."""
    other = client.as_("allot-demo-other-org")
    assert listed(other) == ["+15415550110", "+15415550111", "2002"]
    assert listed(other, phoneNumber="+14085550102") == []
    assert listed(other, locationId=SAN_JOSE) == []
    assert listed(client.as_("allot-demo-partner"), orgId=ACME, max=1) == ["+14085267209"]


def test_rights_are_checked(client: Client):
    """A read-only administrator may look, a person without a role may not."""
    assert client.as_("allot-demo-readonly").get(PATH).status_code == 200
    assert client.as_("allot-demo-user").get(PATH).status_code == 403

"""Validating extensions over HTTP."""

from allot.core import ids
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
SAN_JOSE = ids.encode("LOCATION", "63715")
LONDON = ids.encode("LOCATION", "3c1f7a60-2b0e-4d8b-9a56-7f2f1c0e8d11")
PATH = "/v1/telephony/config/locations/{}/actions/validateExtensions/invoke"
TAKEN = "The extension is not available. It is already assigned "


def validate(client: Client, *extensions: str, location: str = SAN_JOSE) -> dict[str, object]:
    """What is said of extensions."""
    answer = client.post(PATH.format(location), json={"extensions": extensions})
    assert answer.status_code == 200, answer.text
    said: dict[str, object] = answer.json()
    return said


def test_free_extensions_are_ok(client: Client):
    """Then the answer has nothing but the status."""
    assert validate(client, "4998", "4999") == {"status": "OK"}
    assert validate(client) == {"status": "OK"}


def test_each_extension_has_its_state(client: Client):
    """In the order of the request; codes and sentences are those of Cisco's example, where there are any."""
    asked = ("7001", "4999", "4999", "911", "a234", "1", "12345678901", "4133")
    assert validate(client, *asked) == {
        "status": "ERRORS",
        "extensionStatus": [
            {
                "extension": "7001",
                "state": "DUPLICATE",
                "errorCode": 9495,
                "message": f"[Error 9495] {TAKEN}as a Call Park Extension: 7001.",
            },
            {"extension": "4999", "state": "VALID"},
            {"extension": "4999", "state": "DUPLICATE_IN_LIST", "errorCode": 9498},
            {
                "extension": "911",
                "state": "INVALID",
                "errorCode": 4911,
                "message": "[Error 4911] Invalid extension.  The extension cannot be an emergency number.",
            },
            {
                "extension": "a234",
                "state": "INVALID",
                "errorCode": 4910,
                "message": "[Error 4910] Invalid extension.  The extension can only contain characters 0-9.",
            },
            {"extension": "1", "state": "INVALID", "message": "The extension must have 2 to 10 digits."},
            {"extension": "12345678901", "state": "INVALID", "message": "The extension must have 2 to 10 digits."},
            {"extension": "4133", "state": "DUPLICATE", "message": f"{TAKEN}to a person: 4133."},
        ],
    }


def test_what_is_taken_and_what_is_an_emergency_depends_on_the_place(client: Client, server: Server):
    """An extension is free at another location; a location without an address knows no emergency numbers."""
    assert validate(client, "4133", location=LONDON) == {"status": "OK"}
    assert validate(client, "999", location=LONDON)["status"] == "ERRORS"
    assert validate(client, "999") == {"status": "OK"}
    server.run("UPDATE locations SET details = '{}' WHERE org_id = $1", ACME)
    assert validate(client, "999", location=LONDON) == {"status": "OK"}


def test_it_needs_a_location_and_rights(client: Client):
    """A location of another organization is none; it is for full administrators."""
    body = {"extensions": ["4998"]}
    assert client.as_("allot-demo-other-org").post(PATH.format(SAN_JOSE), json=body).status_code == 404
    assert client.as_("allot-demo-readonly").post(PATH.format(SAN_JOSE), json=body).status_code == 403
    assert client.as_("allot-demo-partner").post(f"{PATH.format(SAN_JOSE)}?orgId={ACME}", json=body).ok


def test_too_many_are_refused(client: Client):
    """The limit is said."""
    answer = client.post(PATH.format(SAN_JOSE), json={"extensions": ["10"] * 1001})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"] == "extensions: at most 1000 in one request"

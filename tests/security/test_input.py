"""Input: whatever is sent at whatever door, the answer is one that is documented, and says what is wrong."""

import base64
import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
import requests

from allot.api.operations import OPERATIONS as WEBEX
from allot.api.partners import ON_BEHALF
from allot.api.profiles import ADDRESSES_MAX, TEXT_MAX
from allot.core import ids
from allot.plane.operations import OPERATIONS as OWN
from allot.wire.operation import FORM, Operation
from audit import wrongs
from counts import SHARE
from servers import Client, Server

Share = Callable[[list[Any]], list[Any]]
ALL = [*(("/v1", each) for each in WEBEX), *(("/allot/v1", each) for each in OWN)]
NOBODY = "00000000-0000-4000-8000-000000000000"
#: what the ids of paths are ids of
KINDS = {"personId": "PEOPLE", "licenseId": "LICENSE", "locationId": "LOCATION", "orgId": "ORGANIZATION"}
TEXTS = [
    *("", " ", "0", "-1", "1e9", "null", "true", "\u0661", "9" * 400, "A" * 20_000, "%", "%zz", "..", "../..", "*"),
    *("'; DROP TABLE people; --", '" OR 1=1', "{0}", "{licenses}", "${x}", "%s%n", "<script>alert(1)</script>"),
    *("\r\nX: y", "\x1b[31m", "\x7f", "\u2028", "\U0001f600", "\ufeff", "\ud7ff", "İ" * 300, "\U0010ffff", "a\u0301"),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-02-30", "2026-01-01T00:00:00+23:59"),
    *(ids.encode("PEOPLE", text) for text in ("\x00", "a/b", "' OR 1=1", "é", "x" * 600)),
    base64.urlsafe_b64encode(b'["\\u0000","\\ud800","1"]').decode(),
    base64.urlsafe_b64encode(json.dumps(["1", "9" * 400, "\ud7ff"]).encode()).decode(),
    base64.urlsafe_b64encode(json.dumps(["9" * 15]).encode()).decode(),
]
VALUES: list[Any] = [None, True, 0, -1, 1.5, 2**63, 10**30, "", "x", "é" * 400, "x" * 20_000, [], [[]], {}, {"": {}}]
VALUES += [[None], [1], ["x"], ["x"] * 501, [{}], [{"id": None}], [{"id": "x", "properties": {"extension": "x" * 900}}]]
VALUES += TEXTS[:40]
BODIES = [
    *(b"", b"null", b"[]", b'"x"', b"5", b"{", b"{}x", b"\xff", b"\xef\xbb\xbf{}", b'{"x":"\x00"}', b"[" * 200_000),
    *(
        b'{"email":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        '{"a":"é"}'.encode("utf-16"),
    ),
    *(b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b'{"name":1,"name":"x","email":1,"email":"x","extensions":1}'),
]


@pytest.fixture(params=[SHARE.quick, pytest.param(SHARE.long, marks=pytest.mark.long)], ids=["some", "all"])
def share(request: pytest.FixtureRequest) -> Share:
    """Which of some odd values a door is shown: all, or a part of them, and the next door the next part."""
    of, doors = request.param, count()
    return lambda odd: odd[next(doors) % of :: of]


def documented(operation: Operation, answer: requests.Response) -> None:
    """Fails unless the answer is one of the operation's, or an error in the shape of all errors."""
    if answer.status_code in operation.answers:
        answer.close()  # of a stream nobody waits for the end
        return
    where = (operation.handler.__name__, answer.request.url, answer.request.body, answer.text[:500])
    assert answer.status_code < 500, where
    body = answer.json()
    assert set(body) == {"message", "errors", "trackingId"}, where
    assert body["trackingId"] == answer.headers["TrackingID"], where
    assert body["errors"], where
    for error in body["errors"]:
        assert set(error) == {"errorCode", "description"}, where
        assert error["description"] != body["message"], where  # it says more than that something is wrong
        assert not re.search(r"allot\.|Error\b(?! \d)|psycopg|apsw|SELECT |Traceback|msgspec", error["description"]), (
            where
        )


def caller_of(client: Client, operation: Operation) -> Client:
    """Who may call an operation: of wholesale a partner, of everything else the administrator."""
    wholesale = ON_BEHALF in operation.query or operation.path.startswith("/wholesale")
    return client.as_("allot-demo-partner") if wholesale else client


def path_of(prefix: str, operation: Operation, text: str | None = None) -> str:
    """The operation's path with the same text for every variable, or an id of nobody."""

    def fill(found: re.Match[str]) -> str:
        return quote(text, safe="") if text is not None else ids.encode(KINDS.get(found[1], "X"), NOBODY)

    return prefix + re.sub(r"\{(\w+)\}", fill, operation.path)


def test_odd_paths_are_nothing(client: Client, share: Share):
    """Every text in the place of an id is an id of nothing."""
    for prefix, operation in ALL:
        if "{" not in operation.path:
            continue
        for text in share(TEXTS):
            if text in ("", ".", "..", "../.."):
                continue  # these are other paths
            body = {"json": {}} if operation.body else {}
            caller = caller_of(client, operation)
            answer = caller.request(operation.method, path_of(prefix, operation, text), **body)
            documented(operation, answer)
            # A file is behind a signed address, whoever calls it.
            assert answer.status_code in ((403, 404) if operation.path.endswith(".csv") else (400, 404)), operation.path


def test_odd_queries_are_refused_or_find_nothing(client: Client, share: Share):
    """Every text in every parameter is refused with its name, or finds nothing."""
    for prefix, operation in ALL:
        if operation.method != "GET":
            continue
        caller = caller_of(client, operation)
        caller.stream = operation.path == "/events"
        for parameter in operation.query:
            for text in share(TEXTS):
                query = {"from": "2026-01-01", "to": "2026-01-02"} if parameter.required else {}
                answer = caller.get(path_of(prefix, operation), params=query | {parameter.name: text})
                documented(operation, answer)
        answer = caller.get(path_of(prefix, operation) + "?&&=&%00=%00&x[]=1&" + "max=1&" * 500)
        documented(operation, answer)
        caller.stream = False


def test_odd_values_are_named(client: Client, share: Share):
    """Every value in every member of every body is refused with the member's name, or understood."""
    for prefix, operation in ALL:
        if operation.body is None or operation.media == FORM or operation.handler.__name__ == "delete_person":
            continue
        caller = caller_of(client, operation)
        for member in operation.body.__struct_encode_fields__:
            for value in share(VALUES):
                body = json.dumps({member: value}).encode()
                headers = {"Content-Type": "application/json"}
                documented(
                    operation, caller.request(operation.method, path_of(prefix, operation), data=body, headers=headers)
                )


def test_odd_bodies_are_refused(client: Client):
    """What is no JSON object, or not as it should be, is refused with a sentence."""
    for prefix, operation in ALL:
        if operation.body is None:
            continue
        caller = caller_of(client, operation)
        for body in BODIES:
            headers = {"Content-Type": operation.media}
            answer = caller.request(operation.method, path_of(prefix, operation), data=body, headers=headers)
            documented(operation, answer)
            if operation.path.startswith("/clock"):
                continue  # all members may be left out, and others are not looked at
            # Decisions tell of a request that it would be refused.
            assert answer.status_code >= 400 or answer.json()["decisions"][0]["status"] == 400, operation.path


def test_odd_forms_are_refused(client: Client, share: Share):
    """Every text in every member of the token form is refused; none is an error of the service."""
    [operation] = [each for _, each in ALL if each.media == FORM]
    members = operation.body.__struct_encode_fields__ if operation.body else ()
    for grant in ("authorization_code", "refresh_token", "client_credentials", "x"):
        for member in members:
            for text in share(TEXTS):
                form = dict.fromkeys(members, "x") | {"grant_type": grant, member: text}
                answer = client.post("/v1/access_token", data=form)
                documented(operation, answer)
                assert answer.status_code in (400, 401)


def test_nothing_was_changed_by_oddity(server: Server, client: Client):
    """After odd requests the data is as sound as before."""
    for value in VALUES:
        client.post("/v1/people", data=json.dumps({"emails": ["x@x.example"], "displayName": "x", "addresses": value}))
    assert wrongs(server.url) == []


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x" * 1000])
def test_encoded_bodies_are_not_supported(client: Client, encoding: str):
    """A body that is compressed is refused as what it is, and not as bad JSON."""
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = client.patch("/v1/licenses/users", data=b"\x1f\x8b\x08", headers=headers)
    assert answer.status_code == 415
    assert answer.json()["errors"][0]["description"].startswith("Content-Encoding")
    plain = client.patch("/v1/licenses/users", data=b"{}", headers=headers | {"Content-Encoding": "Identity"})
    assert plain.status_code == 400


def test_a_member_that_is_there_twice_is_told(client: Client):
    """Of a member that is there twice, once wrongly, the answer says where."""
    headers = {"Content-Type": "application/json"}
    answer = client.patch("/v1/licenses/users", data=b'{"email":1,"email":"x@y"}', headers=headers)
    assert answer.status_code == 400
    assert "$.email" in answer.json()["errors"][0]["description"]


def test_a_member_of_two_types_is_right_in_both(client: Client):
    """Where a member may be of two types, another member's fault does not make it one."""
    body = {"displayName": 1, "loginEnabled": "true"}
    answer = client.put("/v1/people/" + ids.encode("PEOPLE", NOBODY), json=body)
    assert [error["description"] for error in answer.json()["errors"]] == ["displayName: must be a text"]


@pytest.mark.parametrize(
    ("addresses", "fault"),
    [
        ([{"country": "US"}] * (ADDRESSES_MAX + 1), f"addresses: at most {ADDRESSES_MAX} of a person"),
        ([{}, {"country": "x" * (TEXT_MAX + 1)}], f"addresses[1].country: at most {TEXT_MAX} characters"),
    ],
)
def test_people_are_not_large(client: Client, addresses: list, fault: str):
    """What a list of a thousand people repeats has a bound for each of them."""
    body = {"emails": ["x@x.example"], "displayName": "x", "addresses": addresses}
    answer = client.post("/v1/people", json=body)
    assert [error["description"] for error in answer.json()["errors"]] == [fault]

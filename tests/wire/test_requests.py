"""What is made of a kept request: members that were never read, and the command that sends it again."""

import json
import shlex
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from allot.api.operations import OPERATIONS as WEBEX
from allot.core.call import Call
from allot.plane.operations import OPERATIONS as OWN
from allot.service.requests import BODY_BYTES_MAX, Seen
from allot.wire.calls import NOBODY
from allot.wire.operation import FORM, Operation, Parameter, Reply, Request
from allot.wire.requests import HIDDEN, as_curl, curl, keep_body, keep_query, text_of, unread

AT = datetime(2026, 5, 4, tzinfo=UTC)
ORIGIN = "http://127.0.0.1:8080"
TOKEN = b"a-token-of-sufficient-length"
HEADERS = {b"authorization": b"Bearer " + TOKEN}


def named(name: str) -> Operation:
    [found] = [each for each in (*WEBEX, *OWN) if each.handler.__name__ == name]
    return found


def seen(method: str = "PATCH", path: str = "/v1/licenses/users", **told: Any) -> Seen:
    media = "" if method == "GET" else "application/json"
    made = Seen("x", method, path, Call(NOBODY, "NA_1"), AT, media=media)
    for name, value in told.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("body", "strangers"),
    [
        ({"email": "a@example.com", "licenses": [{"id": "x", "operation": "add"}]}, []),
        ({"mail": "a@example.com"}, ["mail"]),
        (
            {"licenses": [{"id": "x"}, {"id": "y", "properites": {"locationId": "z"}, "Id": "y"}], "x": {"y": {}}},
            ["licenses[1].properites", "licenses[1].Id", "x"],
        ),
        ({"licenses": [{"id": "x", "properties": {"number": "1"}}]}, ["licenses[0].properties.number"]),
        ({"licenses": None, "siteUrls": "none"}, []),
        ({"licenses": {"id": "x"}, "siteUrls": [7, None, {"siteurl": "x"}]}, ["siteUrls[2].siteurl"]),
        ([{"mail": 1}], []),
        ("text", []),
    ],
)
def test_members_that_were_never_read_are_named_with_their_place(body: Any, strangers: list[str]):
    """At every depth, also in bodies that are refused, and nothing else."""
    assert unread(named("assign_licenses_to_users"), json.dumps(body).encode(), "") == strangers


def test_parameters_that_were_never_read_are_named():
    """Those of the query that the operation does not have, each once."""
    operation = named("list_people")
    assert unread(operation, b"", "email=a&calingData=true&callingData=true&x&x=2") == ["?calingData", "?x"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 60_000, b"{}"])
def test_a_body_that_is_no_json_has_no_members(body: bytes):
    """Nothing is told of it, and nothing fails."""
    assert unread(named("assign_licenses_to_users"), body, "") == []


def test_members_of_any_kind_are_all_read():
    """Bodies that are a form are looked at as well; a member that takes anything has read all of it."""

    class Body(msgspec.Struct):
        anything: Any = None
        by_name: dict[str, Any] | None = None
        either: list[int] | str | None = None

    async def do(request: Request) -> Reply:
        return Reply(204)

    told = {"anything": {"x": 1}, "by_name": {"x": {"y": 1}}, "either": [1], "more": 1}
    assert unread(Operation("POST", "/x", do, None, "x", body=Body), json.dumps(told).encode(), "") == ["more"]
    form = Operation("POST", "/x", do, None, "x", (Parameter("q", "Q."),), Body, FORM)
    assert unread(form, b"either=x&q=1&anything=", "q=1&r=1") == ["q", "?r"]


def test_every_operation_has_a_name_of_its_own():
    """Also across the two planes: requests are kept by the operation's name."""
    names = [each.handler.__name__ for each in (*WEBEX, *OWN)]
    assert len(names) == len(set(names))


def test_every_body_can_be_looked_at():
    """Of every operation a stranger in the body and one in the query are told."""
    for operation in (*WEBEX, *OWN):
        body = b"stranger=1" if operation.media == FORM else b'{"stranger": 1}'
        found = unread(operation, body, "stranger=1")
        assert found == (["stranger", "?stranger"] if operation.body else ["?stranger"]), operation.path


def test_secrets_are_hidden_before_they_are_kept():
    """The caller's own token, and what parameters with names of secrets hold; a long body is not kept at all."""
    made = seen()
    keep_query(made, HEADERS, b"")
    assert made.query == ""
    query = b"max=2&Access_Token=abc&x=" + TOKEN + b"&code=123&Signature=s&client_secret=&xcode=7"
    keep_query(made, HEADERS, query)
    assert made.query == "max=2&Access_Token=***&x=***&code=***&Signature=***&client_secret=***&xcode=7"
    keep_body(made, HEADERS, b'{"note": "' + TOKEN + b'"}')
    assert made.body == b'{"note": "' + HIDDEN + b'"}'
    plain = b'{"note": "Bearer a, bearer"}'
    for headers in ({}, {b"authorization": b"Bearer a"}, {b"authorization": b""}):
        keep_body(made, headers, plain)
        assert made.body == plain
    made = seen()
    keep_body(made, HEADERS, b" " * (BODY_BYTES_MAX + 1))
    assert made.body is None


@pytest.mark.parametrize("around", [b"Bearer %s ", b"Bearer  %s\t", b"bearer \xa0%s\x85", b"%s", b"Bearer Bearer %s"])
def test_a_token_is_hidden_whatever_is_around_it(around: bytes):
    """However the header is written in which a token is accepted, and in some in which it is not."""
    made = seen()
    headers = {b"authorization": around % TOKEN}
    keep_query(made, headers, b"x=" + TOKEN)
    keep_body(made, headers, TOKEN)
    assert (made.query, made.body) == ("x=***", HIDDEN)


def test_a_command_has_the_request_and_never_the_token():
    """Method, address and body in quotes for the shell, the token as a variable."""
    text = curl("PATCH", f"{ORIGIN}/v1/licenses/users", '{"email": "o\'neil@example.com"}')
    lines = text.split(" \\\n  ")
    assert lines[0] == f"curl -X PATCH {ORIGIN}/v1/licenses/users"
    assert lines[1] == '-H "Authorization: Bearer $TOKEN"'
    assert shlex.split(text.replace("\\\n", ""))[-1] == '{"email": "o\'neil@example.com"}'
    assert curl("GET", ORIGIN) == f'curl {ORIGIN} \\\n  -H "Authorization: Bearer $TOKEN"'
    assert curl("HEAD", ORIGIN).startswith(f"curl --head {ORIGIN} ")
    assert curl("G;reboot", ORIGIN).startswith("curl -X 'G;reboot' ")


def test_a_kept_request_is_sent_again_as_it_was():
    """Its address is encoded anew, and what curl would change in it is left alone."""
    odd = seen("GET", "/v1/people/é x$(id)", query="a=[1]&b=%20&c=\xe9'")
    assert as_curl(odd, ORIGIN).splitlines()[0] == (
        f"curl --globoff --path-as-is '{ORIGIN}/v1/people/%C3%A9%20x%24%28id%29?a=[1]&b=%20&c=%E9'\"'\"'' \\"
    )
    assert "--path-as-is" in as_curl(seen("GET", "/v1/../x"), ORIGIN)
    assert "--path-as-is" not in as_curl(seen("GET", "/v1/x.csv"), ORIGIN)


def test_an_empty_body_is_sent_as_one():
    """Where a body is needed an empty one has its media type, which the answer depends on; GET has neither."""
    assert as_curl(seen(), ORIGIN).endswith("-H 'Content-Type: application/json' \\\n  --data-raw ''")
    assert as_curl(seen("GET"), ORIGIN).endswith('"Authorization: Bearer $TOKEN"')


@pytest.mark.parametrize("body", [None, b"\xff\xfe", b'{"a": "\x1b[2J"}', b"\x00"])
def test_a_body_that_cannot_be_shown_comes_from_a_file(body: bytes | None):
    """One that was not kept, that is no text, or that would act on a terminal."""
    made = seen(body=body, size=9)
    assert text_of(made) is None
    assert as_curl(made, ORIGIN).endswith("-H 'Content-Type: application/json' \\\n  --data-binary @body")

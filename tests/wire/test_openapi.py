"""OpenAPI documents: valid, complete, and true of what is answered."""

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from allot.api.operations import OPERATIONS as WEBEX
from allot.core import scope as scopes
from allot.plane.operations import OPERATIONS as OWN
from allot.wire.openapi import document
from allot.wire.operation import FORM, Operation, Parameter, Reply, Request, Rights, Text
from servers import Client

INFO = {"title": "Things", "version": "1"}
TABLES = {"/v1": WEBEX, "/allot/v1": OWN}
#: paths that only a partner may call
OF_PARTNERS = ("/wholesale", "/webhooks", "/events", "/outcomes")


class Body(msgspec.Struct, rename="camel"):
    """Something
    to send."""

    some_name: str
    count: int = 1


async def get_some_things(request: Request) -> Reply:
    """Get things
    of `kind`.

    Slowly.
    """
    return Reply(200)


THINGS = (
    Operation(
        "GET",
        "/things/{thingId}",
        get_some_things,
        Rights(("one", "other"), "read"),
        "Get Things",
        query=(
            Parameter("max", "How many.", int, 10, least=1, most=50),
            Parameter("kind", "Which.", choices=("a", "b")),
            Parameter("loud", "Whether.", bool, False),
            Parameter("cursor", "Where."),
            Parameter("from", "Since when.", required=True, format="date-time"),
        ),
        answers={200: list[Body], 202: Text("text/csv"), 204: None},
    ),
    Operation("POST", "/things", get_some_things, None, "Post", body=Body, media=FORM, answers={201: Body}),
    Operation("GET", "/near", get_some_things, None, "Near", answers={200: dict[str, Any]}, near=True),
    Operation("GET", "/open", get_some_things, None, "Open"),
)


def described(path: str, method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = document(INFO, "/x", THINGS)["paths"][path][method]
    return found


@pytest.mark.parametrize("operations", [*TABLES.values(), THINGS], ids=["webex", "own", "things"])
def test_a_document_is_openapi(operations):
    """A document is valid OpenAPI 3.1, all its references lead somewhere, and every operation has an id of its own."""
    made = document(INFO, "/x", operations)
    assert OPENAPI_31_VALIDATOR.is_valid(made)
    for reference in set(re.findall(r'"#/([^"]+)"', json.dumps(made))):
        found: Any = made
        for part in reference.split("/"):
            found = found[part]
    ids = [each["operationId"] for methods in made["paths"].values() for each in methods.values()]
    if operations is not THINGS:
        assert len(ids) == len(set(ids)) == len(operations)
    for schema in made["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_parameters_are_described():
    """Variables of the path are required; query parameters have type, default, limits and choices."""
    found = {each["name"]: each for each in described("/things/{thingId}")["parameters"]}
    assert (found["thingId"]["in"], found["thingId"]["required"]) == ("path", True)
    assert found["max"]["schema"] == {"type": "integer", "minimum": 1, "default": 10}
    assert found["max"]["description"] == "How many. More than 50 are taken as 50."
    assert found["kind"]["schema"] == {"type": "string", "enum": ["a", "b"]}
    assert found["loud"]["schema"] == {"type": "boolean", "default": False}
    assert (found["from"]["required"], found["from"]["schema"]["format"]) == (True, "date-time")
    assert "required" not in found["max"]
    assert found["TrackingID"]["in"] == "header"


def test_an_operation_is_described_by_its_handler():
    """Id, summary and description come from the handler and the table; paragraphs are one line each."""
    found = described("/things/{thingId}")
    assert (found["operationId"], found["summary"]) == ("getSomeThings", "Get Things")
    assert found["description"] == "Get things of `kind`.\n\nSlowly."
    assert document(INFO, "/x", THINGS)["components"]["schemas"]["Body"]["description"] == "Something to send."


def test_answers_are_described():
    """Answers have their media type, headers and schema; those without a body have none."""
    found = described("/things/{thingId}")["responses"]
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Body"}}
    assert found["200"]["content"] == {"application/json": {"schema": schema}}
    assert set(found["200"]["headers"]) == {"TrackingID", "Link"}
    assert found["202"]["content"] == {"text/csv": {"schema": {"type": "string"}}}
    assert "content" not in found["204"]
    assert set(found) == {"200", "202", "204", "400", "401", "403", "404", "429", "500", "503"}
    form = described("/things", "post")
    assert list(form["requestBody"]["content"]) == [FORM]
    assert set(form["responses"]) == {"201", "400", "401", "403", "404", "409", "413", "415", "500", "503"}
    assert set(described("/open")["responses"]) == {"500", "503"}


def test_rights_are_described():
    """One of the scopes suffices; what is for this machine needs none there, and what is open none at all."""
    assert described("/things/{thingId}")["security"] == [{"token": ["one"]}, {"token": ["other"]}]
    assert described("/near")["security"] == [{}, {"token": [scopes.ADMIN]}]
    assert described("/open")["security"] == []


def test_what_does_not_follow_from_a_row_is_said_in_it():
    """Headers that are read, errors of its own, and where the thing is, are described of the operation that says so."""
    more = Operation(
        "GET",
        "/more",
        get_some_things,
        None,
        "More",
        headers=(Parameter("Last-Seen", "Where."),),
        answers={200: Body},
        located=True,
        errors=(409,),
    )
    found = document(INFO, "/x", (more,))["paths"]["/more"]["get"]
    assert [(each["name"], each["in"]) for each in found["parameters"]] == [
        ("Last-Seen", "header"),
        ("TrackingID", "header"),
    ]
    assert set(found["responses"]["200"]["headers"]) == {"TrackingID", "Location"}
    assert "409" in found["responses"]


def test_location_is_documented_where_cisco_documents_it():
    """Answers of POST, PUT and GET of one customer, and of one subscriber, have Location, and no others."""
    made = document(INFO, "/v1", WEBEX)
    located = {
        (method, path, status)
        for path, methods in made["paths"].items()
        for method, described in methods.items()
        for status, response in described["responses"].items()
        if "Location" in response.get("headers", ())
    }
    customers, subscribers = "/wholesale/customers", "/wholesale/subscribers"
    assert located == {
        ("post", customers, "202"),
        ("get", customers + "/{customerId}", "200"),
        ("put", customers + "/{customerId}", "202"),
        ("post", subscribers, "200"),
        ("post", subscribers, "202"),
        ("get", subscribers + "/{subscriberId}", "200"),
        ("put", subscribers + "/{subscriberId}", "200"),
    }


def test_own_operations_describe_what_is_theirs_alone():
    """A consent that nobody waits for is a 409 of a GET, and the stream of events reads the header Last-Event-ID."""
    paths = document(INFO, "/allot/v1", OWN)["paths"]
    assert "409" in paths["/subscribers/{subscriberId}/consent"]["get"]["responses"]
    assert ("Last-Event-ID", "header") in {(each["name"], each["in"]) for each in paths["/events"]["get"]["parameters"]}


def conforms(made: dict[str, Any], path: str, method: str, answer: Any) -> None:
    """Fail unless an answer is as the document says of its status: media type, headers and body."""
    response = made["paths"][path][method]["responses"][str(answer.status_code)]
    if "$ref" in response:
        response = made["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name in response["headers"]:
        header = made["components"]["headers"][name]
        assert name in answer.headers or not header.get("required"), name
    content = response.get("content")
    if content is None:
        assert answer.content == b""
        return
    media = answer.headers["Content-Type"].partition(";")[0]
    if media == "application/json":
        schema = content[media]["schema"] | {"components": made["components"]}
        jsonschema.validate(answer.json(), schema, jsonschema.Draft202012Validator)
    else:
        assert media in content


@pytest.mark.parametrize(
    ("prefix", "path"),
    [
        (prefix, operation.path)
        for prefix, operations in TABLES.items()
        for operation in operations
        if operation.method == "GET" and "{" not in operation.path
    ],
)
def test_answers_are_as_documented(admin: Client, prefix, path):
    """What each list answers, and its errors, conform to the document, headers included."""
    made = document(INFO, prefix, TABLES[prefix])
    needed = {name: "2026-01-01T00:00:00Z" for name in ("from", "to") if path == "/adminAudit/events"}
    caller = admin.as_("allot-demo-partner") if path.startswith(OF_PARTNERS) else admin
    # A stream has no end: its head is what is looked at.
    first = caller.get(prefix + path, params=needed, stream=path == "/events")
    answers = [first, caller.get(prefix + path, params={"max": "x", "limit": "x", "after": "x"})]
    answers.append(admin.as_(None).get(prefix + path, headers={"X-Forwarded-For": "192.0.2.1"}))
    answers.append(admin.as_("allot-demo-user").get(prefix + path))
    assert answers[0].status_code == 200
    for answer in answers:
        conforms(made, path, "get", answer)
    first.close()


@pytest.mark.parametrize("prefix", TABLES)
def test_errors_are_as_documented(admin: Client, prefix):
    """Whatever is wrong with a request that has a body, the answer conforms to the document."""
    made = document(INFO, prefix, TABLES[prefix])
    for operation in TABLES[prefix]:
        if operation.body is None:
            continue
        address = prefix + re.sub(r"\{\w+\}", "nothing", operation.path)
        for headers, body, statuses in [
            ({"Content-Type": operation.media}, b"{", {400, 403}),
            ({"Content-Type": "text/csv"}, b"{}", {415, 403}),
            ({"Content-Type": operation.media}, b" " * (1 << 20) + b"{}", {413, 403}),
            ({"Content-Type": operation.media, "Authorization": "Bearer x"}, b"{}", {401, 400}),
        ]:
            answer = admin.request(operation.method, address, data=body, headers=headers)
            assert answer.status_code in statuses, (operation.path, answer.text)
            conforms(made, operation.path, operation.method.lower(), answer)

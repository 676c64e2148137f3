"""Pages about operations, made from the OpenAPI documents."""

from collections.abc import Iterator, Sequence
from typing import Any

from allot.api.operations import OPERATIONS as WEBEX
from allot.core.scope import SCOPES
from allot.plane.documents import own_document, webex_document
from allot.plane.operations import OPERATIONS as OWN
from allot.wire.operation import Operation
from generating.markdown import code, table


def operations() -> str:
    scopes = table(["Scope", "Lets a token"], [[code(scope), text] for scope, text in SCOPES.items()])
    return f"""
# Operations of the Webex API

Paths are below `/v1`, and work without it as well, for clients whose base address has it already.
A running server shows the same as an OpenAPI document at `/allot/v1/openapi/webex.json`.
Members of a body that are not listed are ignored, as Webex does.

## Scopes

{scopes}

{_operations(WEBEX, webex_document())}
"""


def plane() -> str:
    return f"""
# allot's own operations

Paths are below `/allot/v1`.
They are for clients on the same machine; from another one a token needs the scope `allot:admin`.
Health and readiness are open to everybody.
A request that came through a proxy, or that calls this machine by another name than `localhost` or a loopback address,
counts as one from another machine; where `public_url` is set, every request does.
A running server shows the same as an OpenAPI document at `/allot/v1/openapi/allot.json`, and both documents as a page
at `/allot/v1/docs`.

{_operations(OWN, own_document(OWN))}
"""


def _operations(known: Sequence[Operation], document: dict[str, Any]) -> str:
    return "\n\n".join("\n\n".join(_operation(each, document)) for each in known)


def _operation(operation: Operation, document: dict[str, Any]) -> Iterator[str]:
    described = document["paths"][operation.path][operation.method.lower()]
    yield f"## {operation.method} {operation.path}"
    yield f"**{described['summary']}.** {described['description']}"
    yield _rights(operation)
    rows = [
        [code(each["name"]), _type(each["schema"]), each.get("description", "")]
        for each in described["parameters"]
        if each["in"] == "query"
    ]
    if rows:
        yield table(["Query", "Type", "What it is"], rows)
    for media, content in described.get("requestBody", {}).get("content", {}).items():
        yield f"Body ({media}):"
        yield table(["Member", "Type"], _members(document, content["schema"]))
    good = {status: each for status, each in described["responses"].items() if status < "300"}
    for status, each in good.items():
        shape = next(iter(each.get("content", {}).values()), {}).get("schema")
        members = list(_members(document, shape)) if shape else []
        yield f"Answer {code(status)}:" if members else f"Answer {code(status)}."
        if members:
            yield table(["Member", "Type"], members)
    yield f"Errors: {', '.join(code(status) for status in described['responses'] if status not in good)}."


def _rights(operation: Operation) -> str:
    if operation.rights is None:
        return "Needs no token." + (" From another machine it needs the scope `allot:admin`." if operation.near else "")
    roles = {
        "any": "any person",
        "read": "an administrator who may read",
        "write": "an administrator who may change people",
        "full": "a full administrator",
    }
    scopes = " or ".join(code(scope) for scope in operation.rights.scopes)
    return f"Needs {scopes}, and {roles[operation.rights.role]}."


def _members(document: dict[str, Any], schema: dict[str, Any], path: str = "", depth: int = 0) -> Iterator[list[str]]:
    """Name and type of every member, with those of nested objects after each."""
    schema, many = _object(document, schema)
    path += "[]" if many and path else ""
    for name, member in schema.get("properties", {}).items():
        required = ", required" if name in schema.get("required", ()) and member.get("default", 0) is None else ""
        shown = f"{path}.{name}" if path else name
        yield [code(shown), _type(member) + required]
        if depth < 4:
            yield from _members(document, member, shown, depth + 1)


def _object(document: dict[str, Any], schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The object that a schema is, or is a list of; and whether it is a list."""
    many = False
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        elif schema.get("type") == "array":
            schema, many = schema["items"], True
        else:
            return schema, many


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return "object"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(each) for each in schema["anyOf"] if each.get("type") != "null"))
    if "enum" in schema:
        return "one of " + ", ".join(code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}".replace("of object", "of objects")
    default = schema.get("default")
    shown = str(default).lower() if isinstance(default, bool) else default
    return str(schema.get("type", "any")) + (f", default {code(shown)}" if default is not None else "")

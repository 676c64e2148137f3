"""The OpenAPI 3.1 document of a plane, made from its operations: whatever is served is described by what serves it."""

import inspect
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from allot.core import scope as scopes
from allot.wire.errors import ErrorResponse
from allot.wire.operation import FORM, JSON, Operation, Parameter, Text

Document = dict[str, Any]

_SCHEMAS = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"\{(\w+)\}")
_TYPES = {str: "string", int: "integer", bool: "boolean"}

#: query parameters that lead from page to page
_PAGING = ("cursor", "next", "start", "offset")

_HEADERS: Document = {
    "TrackingID": {
        "description": "The id of this request in logs and journal: the client's when it sent one, else ours.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Link": {
        "description": 'The address of the next page, as `<address>; rel="next"`; absent on the last one.',
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "The address of what the answer shows.",
        "required": True,
        "schema": {"type": "string", "format": "uri"},
    },
    "Retry-After": {
        "description": "Seconds after which the request may be sent again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
}

_ERRORS = {
    400: "Something in the request is not valid, or none of it could be carried out; `errors` names every fault.",
    401: "The access token is missing, unknown, or has run out, or its person may not log in.",
    403: "The token lacks a scope or a role, or may not manage the organization.",
    404: "There is no such thing in this organization.",
    409: "The request conflicts with what is there.",
    413: "The body is too large.",
    415: "The media type of the body is not supported.",
    429: "Too many requests; wait as long as `Retry-After` says.",
    500: "Something went wrong in the service.",
    503: "The service cannot answer now; `errors` says whether something may have been changed.",
}
_ERROR_HEADERS = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}

_SENT_TRACKING_ID = {
    "name": "TrackingID",
    "in": "header",
    "description": "An id of the client's own for this request, up to 128 letters, digits and `-_.:/`.",
    "schema": {"type": "string"},
}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token with the scopes that an operation names:\n"
    + "".join(f"\n- `{scope}`: {says}" for scope, says in scopes.SCOPES.items()),
}


def document(info: Document, server: str, operations: Sequence[Operation]) -> Document:
    """The document of the operations below the path `server`; `info` as OpenAPI has it."""
    paths: dict[str, Document] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    errors = {_name(status): _error(status, says) for status, says in _ERRORS.items()}
    return {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "responses": errors,
            "headers": _HEADERS,
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _operation(operation: Operation) -> Document:
    variables = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _VARIABLE.findall(operation.path)
    ]
    described: Document = {
        "operationId": _camel(operation.handler.__name__),
        "tags": [operation.handler.__module__.rpartition(".")[2].replace("_", " ")],
        "summary": operation.summary,
        "description": _text(operation.handler.__doc__),
        "parameters": [
            *variables,
            *(_parameter(each, "query") for each in operation.query),
            *(_parameter(each, "header") for each in operation.headers),
            _SENT_TRACKING_ID,
        ],
        "responses": _responses(operation),
        "security": _security(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {operation.media: {"schema": {"$ref": _SCHEMAS.format(name=operation.body.__name__)}}},
        }
    return described


def _parameter(parameter: Parameter, place: str) -> Document:
    schema: Document = {"type": _TYPES[parameter.kind]}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    if parameter.kind is int:
        schema["minimum"] = parameter.least
    if parameter.format:
        schema["format"] = parameter.format
    if parameter.many:
        schema = {"type": "array", "items": schema}
    elif parameter.default is not None:
        schema["default"] = parameter.default
    description = parameter.description
    if parameter.most is not None:
        description += f" More than {parameter.most} are taken as {parameter.most}."
    described: Document = {"name": parameter.name, "in": place, "description": description, "schema": schema}
    if parameter.many:
        described |= {"style": "form", "explode": True}
    return described | {"required": True} if parameter.required else described


def _responses(operation: Operation) -> Document:
    headers = {"TrackingID": _header("TrackingID")}
    if any(parameter.name in _PAGING for parameter in operation.query):
        headers["Link"] = _header("Link")
    if operation.located:
        headers["Location"] = _header("Location")
    responses: Document = {}
    for status, answer in operation.answers.items():
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "headers": headers}
        if isinstance(answer, Text):
            responses[str(status)]["content"] = {answer.media: {"schema": {"type": "string"}}}
        elif answer is not None:
            responses[str(status)]["content"] = {JSON: {"schema": _schema(answer)}}
    for status in _failures(operation):
        responses[str(status)] = {"$ref": f"#/components/responses/{_name(status)}"}
    return dict(sorted(responses.items()))


def _failures(operation: Operation) -> list[int]:
    statuses = [500, 503, *operation.errors]
    if operation.query or operation.body:
        statuses.append(400)
    if operation.rights is not None or operation.near:
        statuses += [401, 403, 429]
    elif operation.media == FORM:
        statuses += [401, 403]  # the form itself says who calls
    elif "{" in operation.path:
        statuses.append(403)  # the address itself says who may
    if "{" in operation.path or operation.body:
        statuses.append(404)
    if operation.method not in ("GET", "HEAD"):
        statuses.append(409)
    if operation.body:
        statuses += [413, 415]
    return statuses


def _security(operation: Operation) -> list[Document]:
    if operation.rights is not None:
        return [{"token": [scope]} for scope in operation.rights.scopes]
    return [{}, {"token": [scopes.ADMIN]}] if operation.near else []


def _error(status: int, says: str) -> Document:
    names = ("TrackingID", *_ERROR_HEADERS.get(status, ()))
    return {
        "description": says,
        "headers": {name: _header(name) for name in names},
        "content": {JSON: {"schema": {"$ref": _SCHEMAS.format(name=ErrorResponse.__name__)}}},
    }


def _schemas(operations: Sequence[Operation]) -> Document:
    used = [operation.body for operation in operations if operation.body is not None]
    used += [answer for operation in operations for answer in operation.answers.values() if _is_struct(answer)]
    _, schemas = msgspec.json.schema_components([*dict.fromkeys(used), ErrorResponse], ref_template=_SCHEMAS)
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = _text(schema["description"])
    return dict(sorted(schemas.items()))


def _schema(answer: Any) -> Document:
    if _is_struct(answer):
        return {"$ref": _SCHEMAS.format(name=answer.__name__)}
    [schema], _ = msgspec.json.schema_components([answer], ref_template=_SCHEMAS)
    return schema


def _is_struct(answer: Any) -> bool:
    return isinstance(answer, type) and issubclass(answer, msgspec.Struct)


def _header(name: str) -> Document:
    return {"$ref": f"#/components/headers/{name}"}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.title().replace(" ", "")


def _text(doc: str | None) -> str:
    """A docstring as Markdown: paragraphs of one line each."""
    return "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(doc or "").split("\n\n"))


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.title, rest))

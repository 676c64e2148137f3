"""Manuals: OpenAPI documents as one page to read, which needs nothing but itself."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

Document = dict[str, Any]
#: a document, and the path where it is served
Named = tuple[str, Document]

_CODE = re.compile(r"`([^`]+)`")
# Bodies nest three deep at most; deeper ones would hide a loop.
DEPTH_MAX = 5


def page(documents: Sequence[Named]) -> str:
    """The page for some documents."""
    template = files("allot.plane").joinpath("pages/docs.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        links="\n".join(part for named in documents for part in _links(named[1])),
        sections="\n".join(part for named in documents for part in _section(*named)),
    )


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path, method and operation, by tag in the order of their first appearance."""
    found = [(path, verb, each) for path, verbs in document["paths"].items() for verb, each in verbs.items()]
    tags = list(dict.fromkeys(each["tags"][0] for _, _, each in found))
    return iter(sorted(found, key=lambda one: tags.index(one[2]["tags"][0])))


def _links(document: Document) -> Iterator[str]:
    yield f"<h2>{escape(document['info']['title'])}</h2>"
    tag = ""
    for _, verb, operation in _operations(document):
        if operation["tags"][0] != tag:
            tag = operation["tags"][0]
            yield f"<h3>{escape(tag)}</h3>"
        yield f'<a href="#{operation["operationId"]}">{_verb(verb)} {escape(operation["summary"])}</a>'


def _section(address: str, document: Document) -> Iterator[str]:
    info = document["info"]
    yield f"<h2>{escape(info['title'])}</h2>{_prose(info['description'])}"
    yield f'<p class="soft">Version {escape(info["version"])} · <a href="{escape(address)}">OpenAPI document</a></p>'
    for path, verb, operation in _operations(document):
        yield from _article(document, document["servers"][0]["url"] + path, verb, operation)


def _article(document: Document, path: str, verb: str, operation: Document) -> Iterator[str]:
    yield f'<article id="{operation["operationId"]}"><h3>{escape(operation["summary"])}</h3>'
    yield f'<div class="route">{_verb(verb)} {escape(path)}</div>{_prose(operation["description"])}'
    allowed = [f"<code>{escape(scope)}</code>" for each in operation["security"] for scope in each.get("token", ())]
    if allowed:
        open_ = " from another machine" if {} in operation["security"] else ""
        yield f'<p class="soft">Needs a token with {" or ".join(allowed)}{open_}.</p>'
    rows = [_row(each["name"], _type(each["schema"]), each.get("description", ""), each.get("required", False))
            for each in operation["parameters"] if each["in"] != "header"]  # fmt: skip
    if rows:
        yield f"<h4>Parameters</h4>{_table(rows)}"
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        yield f'<h4>Body <span class="soft">{escape(media)}</span></h4>{_members(document, content["schema"])}'
    yield "<h4>Answers</h4>"
    for status, response in operation["responses"].items():
        yield _answer(document, status, response)
    yield "</article>"


def _answer(document: Document, status: str, response: Document) -> str:
    shared = "$ref" in response
    response = _resolved(document, response)
    head = f"<code>{status}</code> {_inline(response['description'])}"
    content = next(iter(response.get("content", {}).values()), None)
    members = _members(document, content["schema"]) if content and not shared else ""
    return f"<details><summary>{head}</summary>{members}</details>" if members else f"<div>{head}</div>"


def _members(document: Document, schema: Document, depth: int = 0) -> str:
    """A table of an object's members, with those of nested objects below each."""
    schema = _object(document, schema)
    if depth >= DEPTH_MAX or not schema.get("properties"):
        return ""
    required = schema.get("required", ())
    rows: list[str] = []
    for name, member in schema["properties"].items():
        nested = _members(document, member, depth + 1)
        said = f"<details><summary>members</summary>{nested}</details>" if nested else ""
        rows.append(_row(name, _type(member), "", name in required, said))
    note = _prose(schema.get("description", "")) if depth == 0 else ""
    return note + _table(rows)


def _object(document: Document, schema: Document) -> Document:
    """The object that a schema is, or is a list of, or may be."""
    while True:
        schema = _resolved(document, schema)
        if "anyOf" in schema:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
        elif schema.get("type") == "array":
            schema = schema["items"]
        else:
            return schema


def _resolved(document: Document, schema: Document) -> Document:
    found = schema
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
    return found


def _type(schema: Document) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    default = schema.get("default")
    return str(schema.get("type", "any")) + (f", default {default}" if default is not None else "")


def _row(name: str, kind: str, description: str, required: bool, more: str = "") -> str:
    needed = ' <span class="soft">required</span>' if required else ""
    said = _inline(description) + more
    return f'<tr><th><code>{escape(name)}</code>{needed}</th><td class="type">{escape(kind)}</td><td>{said}</td></tr>'


def _table(rows: Sequence[str]) -> str:
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def _verb(verb: str) -> str:
    return f'<span class="verb {verb}">{verb.upper()}</span>'


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.split("\n\n") if part)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))

"""Cisco's OpenAPI text taken apart into its statements, each with a key that says where it stands."""

import re
from collections.abc import Iterator
from typing import Any

TAG = re.compile(r"</?[A-Za-z][^>]*>")
LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
#: Bold or slanted words that only announce what comes.
HEADING = re.compile(r"\*+[A-Za-z ]*Note:\*+", re.IGNORECASE)
BULLET = re.compile(r"\n\s*[*+] ")
SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Za-z`])|(?<=\))\s+(?=[A-Z`])")
CHOICE = re.compile(r"\* `([^`]+)` - (.+)")


def official(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every statement of an OpenAPI document with a key that says where it stands."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from of_operation(f"{method.upper()} {path}", operation)
    for name, schema in document["components"]["schemas"].items():
        yield from of_schema(name, schema)


def of_operation(at: str, operation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield f"{at}: name", f"{operation['summary']}, operationId {operation['operationId']}"
    for number, sentence in enumerate(sentences(operation["description"]), 1):
        yield f"{at}: sentence {number}", sentence
    for parameter in operation["parameters"]:
        shown = f"{at}: parameter {parameter['name']}"
        yield shown, ", ".join([parameter["in"], *constraints(parameter["schema"], parameter.get("required", False))])
        for number, sentence in enumerate(sentences(parameter["description"]), 1):
            yield f"{shown}, sentence {number}", sentence
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        yield f"{at}: body", f"{media}, {kind(body['schema'])}"
        yield f"{at}: body, example", digest(body["example"])
        yield from of_body(f"{at}: body, ", body["schema"])
    for status, answer in operation["responses"].items():
        yield from of_answer(f"{at}: {status}", answer)


def of_answer(at: str, answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield at, answer["description"]
    for name, header in answer.get("headers", {}).items():
        yield f"{at}, header {name}", kind(header["schema"])
    for media, body in answer.get("content", {}).items():
        yield f"{at}, body", f"{media}, {kind(body['schema'])}"
        if "example" in body:
            yield f"{at}, example", digest(body["example"])
        for name, example in body.get("examples", {}).items():
            value = example["value"]
            error = value["errors"][0]
            yield f"{at}, example {name}", f"{value['message']} ({error['errorCode']}): {error['description']}"


def of_body(at: str, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The members of a body whose schema stands in the operation, however deep."""
    for member, shape in schema.get("properties", {}).items():
        required = member in schema.get("required", ())
        yield from of_member(f"{at}{member}", shape, ", required" if required else "")
        yield from of_body(f"{at}{member}.", shape)


def of_schema(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for base in schema.get("allOf", ()):
        yield f"{name}: is", kind(base)
    for required in schema.get("required", ()):
        yield f"{name}.{required}: required", f"{required} is required"
    for value in schema.get("enum", ()):
        yield f"{name}: {value}", dict(CHOICE.findall(schema["description"]))[value]
    for member, shape in schema.get("properties", {}).items():
        codes = schema["properties"].get("description", {}).get("description", "")
        yield from of_member(f"{name}.{member}", shape, meanings=dict(re.findall(r"\* (\d+): (.+)", codes)))
        yield from of_schema(f"{name}.{member}", shape if "properties" in shape else {})


def of_member(
    at: str, shape: dict[str, Any], required: str = "", meanings: dict[str, str] | None = None
) -> Iterator[tuple[str, str]]:
    """What is said of a member, of its values, and in notes below it."""
    said = shape.get("description", "")
    prose, *notes = HEADING.split(CHOICE.sub("", said) if HEADING.search(said) else said)
    choices = dict(CHOICE.findall(said))
    prose = re.split(r"\n \*", prose, maxsplit=1)[0]
    if "* 400:" in prose:  # what the codes mean is said of each code
        prose = prose.partition(" Error descriptions by code")[0]
    yield at, ": ".join(part for part in (kind(shape) + required, tidy(prose)) if part)
    for number, note in enumerate((each for each in BULLET.split("".join(notes)) if each.strip()), 1):
        yield f"{at}, note {number}", tidy(note)
    for value in shape.get("enum", ()):
        yield f"{at} = {value}", ((meanings or {}) | choices).get(str(value), str(value))


def kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    return f"array of {kind(schema['items'])}" if schema["type"] == "array" else str(schema["type"])


def constraints(schema: dict[str, Any], required: bool) -> list[str]:
    found = [kind(schema)]
    if "enum" in schema:
        found.append("one of " + ", ".join(schema["enum"]))
    if "default" in schema:
        found.append(f"default {schema['default']}")
    return [*found, "required"] if required else found


def sentences(text: str) -> list[str]:
    """The sentences of a description, without its line breaks, links, tags and headings."""
    pieces = BULLET.split(HEADING.sub("\n* ", TAG.sub("\n* ", text)))
    return [each for piece in pieces for each in SENTENCE.split(LINK.sub(r"\1", " ".join(piece.split()))) if each]


def tidy(text: str) -> str:
    """A text without the line breaks at its ends and between its paragraphs."""
    return re.sub(r"\s*\n+\s*", " ", text.strip())


def digest(example: Any) -> str:
    """An example by the members that it has."""
    return "an example with " + ", ".join(dict.fromkeys(members(example)))


def members(example: Any) -> Iterator[str]:
    if isinstance(example, dict):
        for name, value in example.items():
            yield name
            yield from members(value)
    elif isinstance(example, list):
        for value in example:
            yield from members(value)

"""The fidelity page: its list of statements is complete, and each statement's test exists.

The list is docs/fidelity.toml. Cisco's own text, where it is here, is taken apart into its statements, so that
one which is missing from the list, or says something else there, is found.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from allot.plane.documents import webex_document
from servers import rulebook

ROOT = Path(__file__).parent.parent
OFFICIAL = ROOT.parent / "shared" / "official" / "official_subset.json"
LIST = tomllib.loads((ROOT / "docs" / "fidelity.toml").read_text(encoding="utf-8"))
STATEMENTS: list[dict[str, Any]] = LIST["statements"]
BEHAVIOURS: list[dict[str, Any]] = LIST["behaviours"]
KEYS = {key: statement["text"] for statement in STATEMENTS for key in statement["keys"]}

# ------------------------------------------------------------------- taking the official text apart


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


def of_schema(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for base in schema.get("allOf", ()):
        yield f"{name}: is", kind(base)
    for required in schema.get("required", ()):
        yield f"{name}.{required}: required", f"{required} is required"
    for member, shape in schema.get("properties", {}).items():
        prose, _, choices = shape.get("description", "").partition("\n *")
        if "* 400:" in prose:  # what the codes mean is said of each code below
            prose = prose.partition(" Error descriptions by code")[0]
        yield f"{name}.{member}", ": ".join(part for part in (kind(shape), prose.strip()) if part)
        meanings = dict(re.findall(r"`([^`]+)` - (.+)", choices))
        codes = schema["properties"].get("description", {}).get("description", "")
        meanings |= dict(re.findall(r"\* (\d+): (.+)", codes))
        for value in shape.get("enum", ()):
            yield f"{name}.{member} = {value}", meanings.get(str(value), str(value))


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
    """The sentences of a description, without its line breaks and links."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    return re.split(r"(?<=\.)\s+(?=[A-Za-z`])|(?<=\))\s+(?=[A-Z`])", plain)


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


# ---------------------------------------------------------------------------------- the list itself


@pytest.fixture(scope="module")
def text() -> dict[str, str]:
    """The official statements by key."""
    if not OFFICIAL.exists():
        pytest.skip(f"the official text is not here: {OFFICIAL}")
    return dict(official(json.loads(OFFICIAL.read_text(encoding="utf-8"))["admin"]))


def test_nothing_that_cisco_documents_is_missing(text: dict[str, str]):
    """Every statement of the official text is in the list, in Cisco's words, and the list has no others."""
    assert len(text) > 190
    assert {key: said for key, said in text.items() if KEYS.get(key) != said} == {}
    assert set(KEYS) - set(text) == set()


def test_statements_are_listed_once_and_judged():
    """Each statement is there once; it holds, or a note says why it does not; what holds has a test."""
    listed = [key for statement in STATEMENTS for key in statement["keys"]]
    assert len(listed) == len(set(listed))
    for statement in STATEMENTS:
        assert set(statement) <= {"keys", "text", "holds", "note", "tests"}
        assert statement["holds"] in ("yes", "partly", "no")
        assert statement["holds"] == "yes" or statement["note"], statement["keys"]
        assert statement["holds"] == "no" or statement["tests"], statement["keys"]


def test_behaviours_say_where_they_come_from():
    """Each behaviour that is not documented there has a provenance, a source and a test."""
    for behaviour in BEHAVIOURS:
        assert set(behaviour) == {"area", "text", "provenance", "source", "tests"}
        assert behaviour["provenance"] in ("documented", "observed", "assumed", "ours")
        assert all(behaviour.values()), behaviour["text"]


@cache
def names_of(path: Path) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


def cases_of(path: Path) -> frozenset[str]:
    """What stands in brackets after the names of a file's tests: files of the corpus, or texts of the file."""
    if "corpus" in path.stem:
        return frozenset(each.stem for each in (ROOT / "tests" / "corpus").glob("*.json"))
    return frozenset(re.findall(r'"([^"\n]+)"', path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("node", sorted({node for each in STATEMENTS + BEHAVIOURS for node in each.get("tests", ())}))
def test_each_named_test_exists(node: str):
    """A test that the list names is there, with the case that it names."""
    file, _, name = node.partition("::")
    name, _, case = name.partition("[")
    assert name in names_of(ROOT / file)
    assert not case or case.removesuffix("]") in cases_of(ROOT / file)


# --------------------------------------------------------------------- statements about names and codes


def test_operations_have_the_official_names():
    """The three operations have Cisco's summaries, and its operation ids but for letter case and underscores."""
    for statement in STATEMENTS:
        for key in statement["keys"]:
            if key.endswith(": name"):
                method, path = key.removesuffix(": name").split(" ")
                described = webex_document()["paths"][path][method.lower()]
                summary, _, id = statement["text"].partition(", operationId ")
                assert described["summary"] == summary
                assert described["operationId"].lower() == id.replace("_", "").lower()


def test_no_code_is_answered_that_cisco_does_not_list():
    """Every rule of the rulebook has one of the sixteen codes that Cisco's schema lists, and each code has a rule."""
    prefix = "ErrorDetail.errorCode = "
    listed = {int(key.removeprefix(prefix)) for key in KEYS if key.startswith(prefix)}
    assert len(listed) == 16
    assert {rule.code for rule in rulebook().rules} == listed


def test_messages_are_cisco_s_to_the_letter():
    """Message and description of each documented rule are those of Cisco's examples."""
    shown = {text for key, text in KEYS.items() if ", example " in key}
    said = {
        f"{rule.message} ({rule.code}): {rule.description.removesuffix(' {offers}')}"
        for rule in rulebook().rules
        if rule.provenance.kind == "documented"
    }
    assert len(said) == 16
    assert said <= shown

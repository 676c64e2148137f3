"""The fidelity pages: their lists of statements are complete, and each statement's test exists.

The lists are those of docs/fidelity. Cisco's own text, where it is here, is taken apart into its statements, so that
one which is missing from the list, or says something else there, is found.
"""

import ast
import importlib
import json
import pkgutil
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import allot
from allot.core.package import Notice
from allot.plane.documents import webex_document
from official import official
from servers import rulebook

ROOT = Path(__file__).parent.parent
OFFICIAL = ROOT.parent / "shared" / "official" / "official_subset.json"
LISTS = ROOT / "docs" / "fidelity"
#: part of the official text -> the files that list its statements
FILES = {"admin": [LISTS / "licenses.toml"], "wholesale": sorted((LISTS / "wholesale").glob("*.toml"))}


def listed(part: str, kind: str) -> list[dict[str, Any]]:
    """What the lists of a part have of a kind."""
    read = (tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES[part])
    return [each for found in read for each in found.get(kind, ())]


STATEMENTS = {part: listed(part, "statements") for part in FILES}
ALL = [each for found in STATEMENTS.values() for each in found]
BEHAVIOURS = [each for part in FILES for each in listed(part, "behaviours")]
KEYS = {key: statement["text"] for statement in STATEMENTS["admin"] for key in statement["keys"]}


# ---------------------------------------------------------------------------------- the list itself


def official_text(part: str) -> dict[str, str]:
    """The official statements by key."""
    if not OFFICIAL.exists():
        pytest.skip(f"the official text is not here: {OFFICIAL}")
    return dict(official(json.loads(OFFICIAL.read_text(encoding="utf-8"))[part]))


def covered(pattern: str, keys: set[str]) -> set[str]:
    """The keys that a key of the list stands for: itself, or all that it is like, with a star for anything."""
    if "*" not in pattern:
        return {pattern} & keys
    like = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    return {key for key in keys if like.fullmatch(key)}


@pytest.mark.parametrize(("part", "most"), [("admin", 190), ("wholesale", 800)])
def test_nothing_that_cisco_documents_is_missing(part: str, most: int):
    """Every statement of the official text is in the list, once, in Cisco's words, and the list has no others."""
    text = official_text(part)
    assert len(text) > most
    said: dict[str, str] = {}
    for statement in STATEMENTS[part]:
        for pattern in statement["keys"]:
            found = covered(pattern, set(text))
            assert found, pattern
            assert not found & set(said), pattern
            said |= dict.fromkeys(found, statement["text"])
    assert {key: each for key, each in text.items() if said.get(key) != each} == {}


def test_statements_are_listed_once_and_judged():
    """Each statement is there once; it holds, or a note says why it does not; what holds has a test."""
    keys = [key for statement in ALL for key in statement["keys"]]
    assert len(keys) == len(set(keys))
    for statement in ALL:
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


@pytest.mark.parametrize("node", sorted({node for each in ALL + BEHAVIOURS for node in each.get("tests", ())}))
def test_each_named_test_exists(node: str):
    """A test that the list names is there, with the case that it names."""
    file, _, name = node.partition("::")
    name, _, case = name.partition("[")
    assert name in names_of(ROOT / file)
    assert not case or case.removesuffix("]") in cases_of(ROOT / file)


# --------------------------------------------------------------------- statements about names and codes


def test_operations_have_the_official_names():
    """The operations have Cisco's summaries, and its operation ids but for articles, letter case and other signs."""
    for statement in ALL:
        for key in statement["keys"]:
            if key.endswith(": name"):
                method, path = key.removesuffix(": name").split(" ")
                described = webex_document()["paths"][path][method.lower()]
                summary, _, id = statement["text"].partition(", operationId ")
                assert described["summary"] == summary
                assert described["operationId"].lower() == re.sub(r"\ba\b|\W|_", "", id).lower()


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


def test_codes_of_ours_mean_one_thing():
    """Codes of errors that Cisco does not publish begin at 90000, and each stands for one sentence."""
    assert {code: texts for code, texts in sentences_by_code().items() if len(texts) > 1} == {}
    assert {code for code in sentences_by_code() if code < 90_000} == {2560}


def sentences_by_code() -> dict[int, set[str]]:
    """The sentences of all warnings and errors that modules of allot hold, by their codes."""
    found: dict[int, set[str]] = {}
    for module in pkgutil.walk_packages(allot.__path__, "allot."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Notice) and not name.startswith("_"):
                found.setdefault(value.code, set()).add(value.description)
    return found

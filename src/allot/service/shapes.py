"""Shapes: what is wrong with a decoded JSON value, measured against a type; every fault with its place."""

from collections.abc import Iterable
from typing import Any

from msgspec import inspect

_NAMES = {
    inspect.StructType: "an object",
    inspect.ListType: "a list",
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
}
_PYTHON = {inspect.StrType: str, inspect.IntType: int, inspect.BoolType: bool, inspect.FloatType: float}


def faults(value: Any, kind: inspect.Type, path: str = "") -> list[str]:
    """The faults of a decoded value against a type, in the order of the document."""
    if isinstance(kind, inspect.UnionType):
        if value is None and any(isinstance(each, inspect.NoneType) for each in kind.types):
            return []
        kinds = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return min((faults(value, each, path) for each in kinds), key=len)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        return _members(value, kind, path)
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        return [fault for n, each in enumerate(value) for fault in faults(each, kind.item_type, f"{path}[{n}]")]
    return _fault(value, kind, path)


def nul(value: Any) -> str | None:
    """The fault of the first text, or name of a member, in a decoded value that has a NUL character; None for none."""
    place = _nul(value)
    return (
        None
        if place is None
        else f"{place.removeprefix('.') or 'body'}: contains a NUL character, which no text may have"
    )


def _nul(value: Any) -> str | None:
    parts: Iterable[tuple[str, Any]] = ()
    if isinstance(value, str):
        return "" if "\0" in value else None
    if isinstance(value, list):
        parts = ((f"[{n}]", each) for n, each in enumerate(value))
    elif isinstance(value, dict):
        parts = ((f".{name}", each) for name, each in value.items())
    for step, each in parts:
        place = _nul(each)
        if "\0" in step or place is not None:
            return "" if "\0" in step else f"{step}{place}"
    return None


def _members(value: dict[str, Any], kind: inspect.StructType, path: str) -> list[str]:
    found: list[str] = []
    for field in kind.fields:
        where = f"{path}.{field.encode_name}" if path else field.encode_name
        if field.encode_name in value:
            found += faults(value[field.encode_name], field.type, where)
        elif field.required:
            found.append(f"{where}: is required")
    if kind.forbid_unknown_fields:
        known = [field.encode_name for field in kind.fields]
        for name in value:
            if name not in known:
                where = f"{path}.{name}" if path else name
                found.append(f"{where}: is not known here; known are {', '.join(known)}")
    return found


def mended(value: Any, kind: inspect.Type) -> Any:
    """A value with all that is wrong left out, or something empty in its place, so that the rest can be read."""
    if isinstance(kind, inspect.UnionType):
        kinds = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        if value is None and len(kinds) < len(kind.types):
            return None
        return mended(value, next((each for each in kinds if _fits(value, each)), kinds[0]))
    if isinstance(kind, inspect.StructType):
        told = value if isinstance(value, dict) else {}
        there = [each for each in kind.fields if each.required or each.encode_name in told]
        return {each.encode_name: mended(told.get(each.encode_name), each.type) for each in there}
    if isinstance(kind, inspect.ListType):
        return [mended(each, kind.item_type) for each in value] if isinstance(value, list) else []
    if not _fault(value, kind, ""):
        return value
    return kind.values[0] if isinstance(kind, inspect.LiteralType) else _PYTHON.get(type(kind), str)()


def _fits(value: Any, kind: inspect.Type) -> bool:
    """Whether a value is of a type, but perhaps for its parts."""
    if isinstance(kind, inspect.StructType):
        return isinstance(value, dict)
    return isinstance(value, list) if isinstance(kind, inspect.ListType) else not _fault(value, kind, "")


def _fault(value: Any, kind: inspect.Type, path: str) -> list[str]:
    where = path or "body"
    if isinstance(kind, inspect.LiteralType):
        if value in kind.values and type(value) in {type(each) for each in kind.values}:
            return []
        return [f"{where}: must be one of {', '.join(map(str, kind.values))}"]
    wanted = _PYTHON.get(type(kind))
    if wanted is not None and (type(value) is wanted or (wanted is float and type(value) is int)):
        return []
    if isinstance(kind, inspect.AnyType):
        return []
    return [f"{where}: must be {_NAMES.get(type(kind), 'of another type')}"]

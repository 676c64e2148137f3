"""Forms: JSON bodies as structs, with all faults of form in one answer.

msgspec stops at the first fault, which is right for the many requests that have none. A body that
it refuses is read once more, member by member, so that each fault is named with its place.
"""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from allot.core.failure import Failure, Kind

T = TypeVar("T")

# A request with more faults than this is wrong as a whole; the rest is counted.
FAULTS_MAX = 50


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """The struct in `body`. Raises Failure naming every fault of form and its field."""
    try:
        if b"\\u0000" in body:
            raise Failure.invalid("body: contains a NUL character, which no text may have")
        return decoder.decode(body)
    except msgspec.ValidationError:
        raw = msgspec.json.decode(body)
        faults = _faults(raw, inspect.type_info(decoder.type), "")
        raise invalid(faults) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(Kind.INVALID, "The request is not valid JSON", (f"body: {error}",)) from None
    except RecursionError:
        raise Failure(Kind.INVALID, "The request is not valid JSON", ("body: nested too deeply",)) from None


def form_as_json(body: bytes) -> bytes:
    """A URL-encoded form as the JSON object of its members, so that both are read by one decoder."""
    try:
        members = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100))
    except ValueError:
        raise Failure.invalid("body: is no URL-encoded form") from None
    return msgspec.json.encode(members)


def invalid(faults: list[str]) -> Failure:
    """One failure for all these faults."""
    if len(faults) > FAULTS_MAX:
        faults = [*faults[:FAULTS_MAX], f"and {len(faults) - FAULTS_MAX} more faults"]
    return Failure.invalid(*faults)


def _faults(value: Any, kind: inspect.Type, path: str) -> list[str]:
    """The faults of a decoded value against a type, in the order of the document."""
    if isinstance(kind, inspect.UnionType):
        if value is None and any(isinstance(each, inspect.NoneType) for each in kind.types):
            return []
        kind = next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        faults: list[str] = []
        for field in kind.fields:
            where = f"{path}.{field.encode_name}" if path else field.encode_name
            if field.encode_name in value:
                faults += _faults(value[field.encode_name], field.type, where)
            elif field.required:
                faults.append(f"{where}: is required")
        return faults
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        return [fault for n, each in enumerate(value) for fault in _faults(each, kind.item_type, f"{path}[{n}]")]
    return _fault(value, kind, path)


_NAMES = {
    inspect.StructType: "an object",
    inspect.ListType: "a list",
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
}


def _fault(value: Any, kind: inspect.Type, path: str) -> list[str]:
    where = path or "body"
    if isinstance(kind, inspect.LiteralType):
        if value in kind.values and type(value) in {type(each) for each in kind.values}:
            return []
        return [f"{where}: must be one of {', '.join(map(str, kind.values))}"]
    python = {inspect.StrType: str, inspect.IntType: int, inspect.BoolType: bool, inspect.FloatType: float}
    wanted = python.get(type(kind))
    if wanted is not None and (type(value) is wanted or (wanted is float and type(value) is int)):
        return []
    if isinstance(kind, inspect.AnyType):
        return []
    return [f"{where}: must be {_NAMES.get(type(kind), 'of another type')}"]

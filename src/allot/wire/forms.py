"""Forms: JSON bodies as structs, with all faults of form in one answer.

msgspec stops at the first fault, which is right for the many requests that have none. A body that
it refuses is read once more, member by member, so that each fault is named with its place.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from allot.core.failure import Failure, Kind
from allot.service import shapes

T = TypeVar("T")

# A request with more faults than this is wrong as a whole; the rest is counted.
FAULTS_MAX = 50


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes, read: Callable[[T], object] | None = None) -> T:
    """The struct in `body`. Raises Failure naming every fault of form and its field.

    `read` takes the struct further and raises Failure as well; it is asked what else is wrong with a body that is none.
    """
    try:
        # It is none behind one more backslash, which is a text's own.
        if b"\\u0000" in body and (nul := shapes.nul(msgspec.json.decode(body))):
            raise Failure.invalid(nul)
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            first = str(error)
            raw = msgspec.json.decode(body)  # what is wrong may only show at the end of the text
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(Kind.INVALID, "The request is not valid JSON", (f"body: {error}",)) from None
    except RecursionError:
        raise Failure(Kind.INVALID, "The request is not valid JSON", ("body: nested too deeply",)) from None
    # A member that is there twice is wrong in a place that the second reading does not see.
    found = shapes.faults(raw, inspect.type_info(decoder.type)) or [f"body: {first}"]
    raise invalid(found + _more(found, raw, decoder.type, read) if read else found)


def _more(found: list[str], raw: Any, kind: type[T], read: Callable[[T], object]) -> list[str]:
    """What is wrong with members of the right type, told together with those of the wrong one."""
    wrong = [_members(fault) for fault in found]
    try:
        read(msgspec.convert(shapes.mended(raw, inspect.type_info(kind)), kind))
    except Failure as failure:
        # What stands in for a wrong member is no fault of the client's.
        return [] if ["body"] in wrong else [each for each in failure.details if not _same(_members(each), wrong)]
    except msgspec.ValidationError:  # a member that is there twice cannot be mended
        return []
    return []


def _members(fault: str) -> list[str]:
    """The members that a fault is about: `email, personId: one of them is required`."""
    return fault.partition(":")[0].split(", ")


def _same(members: list[str], wrong: list[list[str]]) -> bool:
    """Whether one of these is one of the wrong ones, or a part of it, or has it as a part."""
    paths = [re.split(r"[.\[]", member) for member in members]
    others = [re.split(r"[.\[]", member) for each in wrong for member in each]
    return any(path[: len(other)] == other[: len(path)] for path in paths for other in others)


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

"""Forms: bodies as structs, with every fault named."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from allot.api.operations import OPERATIONS
from allot.core.failure import Failure
from allot.service import shapes
from allot.wire.forms import FAULTS_MAX, decode, form_as_json, invalid


class Thing(msgspec.Struct):
    name: str
    count: int = 0


DECODER = msgspec.json.Decoder(Thing)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}}", b"3'", b'{"name": 1}x', b'{"name": 1, "count": "\xff"}', b"\xff", b"[" * 100_000, b'"\\ud800"'],
)
def test_what_is_no_json_is_refused(body):
    """A text that is no JSON is refused as such, also where its beginning is wrong in another way."""
    with pytest.raises(Failure) as caught:
        decode(DECODER, body)
    assert caught.value.details


def test_all_faults_are_named():
    """A body with several faults is refused with all of them."""
    with pytest.raises(Failure) as caught:
        decode(DECODER, b'{"count": "x"}')
    assert caught.value.details == ("name: is required", "count: must be a whole number")
    assert decode(DECODER, b'{"name": "x", "other": 1}') == Thing("x")


NUL = "contains a NUL character, which no text may have"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (rb'{"name": "x\u0000"}', f"name: {NUL}"),
        (rb'{"name": "x\\\u0000"}', f"name: {NUL}"),
        (rb'{"name": "x", "other": [{}, {"a": ["\u0000"]}]}', f"other[1].a[0]: {NUL}"),
        (rb'{"name": "x", "other": {"a\u0000": "\u0000"}}', f"other: {NUL}"),
        (rb'{"name": "x", "\u0000": 1}', f"body: {NUL}"),
        (rb'"\u0000"', f"body: {NUL}"),
        (rb'{"name": "x\u0000', "body: Input data was truncated"),
        (rb'{"name": "\u0000", "other":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "body: nested too deeply"),
    ],
    ids=range(8),
)
def test_a_nul_has_its_place(body: bytes, fault: str):
    """No text has a NUL character, also in a member that nobody reads, and it is told where it is."""
    with pytest.raises(Failure) as caught:
        decode(DECODER, body)
    assert caught.value.details == (fault,)


@pytest.mark.parametrize(
    ("body", "name"), [(rb'{"name": "a\\u0000b"}', r"a\u0000b"), (rb'{"name": "\\\\u0000"}', r"\\u0000")]
)
def test_a_backslash_is_a_text_as_any_other(body: bytes, name: str):
    """A backslash that a text has before u0000 makes no NUL character of it."""
    assert decode(DECODER, body) == Thing(name)


def test_faults_beyond_the_most_are_counted():
    """A request with very many faults names the first ones and counts the others."""
    details = invalid([f"x{n}: is required" for n in range(FAULTS_MAX + 3)]).details
    assert (len(details), details[-1]) == (FAULTS_MAX + 1, "and 3 more faults")


def test_forms_become_json():
    """A URL-encoded form is the object of its members; bytes that are no text are refused."""
    assert form_as_json(b"a=1&b=&c=%C3%A9") == '{"a":"1","b":"","c":"\u00e9"}'.encode()
    with pytest.raises(Failure):
        form_as_json(b"\xff")
    with pytest.raises(Failure):
        decode(DECODER, b'{"name": "\\u0000"}')


COUNT = "count: must be a whole number"


def no_count(thing: Thing) -> None:
    """What reads a `Thing` further."""
    raise invalid([f"name: {thing.name!r} is taken", f"other, count: not {thing.count}", "colour: is required"])


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (b'{"name": "x", "count": "x"}', [COUNT, "name: 'x' is taken", "colour: is required"]),
        (b'{"name": 1, "count": 2}', ["name: must be a text", "other, count: not 2", "colour: is required"]),
        (b"{}", ["name: is required", "other, count: not 0", "colour: is required"]),
        (b"[]", ["body: must be an object"]),
        (b'{"name": "x", "count": "x", "count": 1}', ["body: Expected `int`, got `str` - at `$.count`"]),
    ],
)
def test_what_else_is_wrong_is_told_with_it(body: bytes, faults: list[str]):
    """Beside members of the wrong type a refusal names what reading finds in the others, and nothing about those."""
    with pytest.raises(Failure) as caught:
        decode(DECODER, body, no_count)
    assert list(caught.value.details) == faults


#: names that bodies have, and one that none has
MEMBERS = ["licenses", "siteUrls", "id", "operation", "properties", "email", "emails", "packages", "address", "limits"]
MEMBERS += ["customerInfo", "provisioningParameters", "phoneNumbers", "displayName", "value", "nothing"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(0, 1) | st.sampled_from(["", "x", "add", "attendee"]),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.sampled_from(MEMBERS), each, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=VALUES, kind=st.sampled_from([each.body for each in OPERATIONS if each.body]))
def test_what_is_mended_fits_and_keeps_what_is_right(value: Any, kind: Any):
    """Whatever was sent, what stands in for it is of the body's type, and a value without faults is kept."""
    info = inspect.type_info(kind)
    mended = shapes.mended(value, info)
    msgspec.convert(mended, kind)
    assert shapes.faults(mended, info) == []
    assert shapes.mended(mended, info) == mended

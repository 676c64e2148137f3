"""Forms: bodies as structs, with every fault named."""

import msgspec
import pytest

from allot.core.failure import Failure
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

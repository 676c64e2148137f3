"""Forms: bodies as structs, with every fault named."""

import msgspec
import pytest

from allot.core.failure import Failure
from allot.wire.forms import decode


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

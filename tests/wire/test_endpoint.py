"""Endpoints: what is left of a request when it is over."""

import asyncio
from types import TracebackType

import pytest

from allot.core.failure import Failure, Kind
from allot.wire.endpoint import BODY_BYTES_MAX, _read


def frames(error: BaseException) -> int:
    """How many frames an error keeps alive."""
    found, traceback = 0, error.__traceback__
    while isinstance(traceback, TracebackType):
        found, traceback = found + 1, traceback.tb_next
    return found


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_forgotten(announced: bool):
    """A refused body is not kept by the refusal: each has an error of its own."""

    async def receive() -> dict:
        return {"type": "http.request", "body": b" " * BODY_BYTES_MAX, "more_body": True}

    kept = []
    for _ in range(3):
        with pytest.raises(Failure) as caught:
            asyncio.run(_read({b"content-length": b"9999999"} if announced else {}, receive))
        assert caught.value.kind is Kind.TOO_LARGE
        kept.append(frames(caught.value))
    assert len(set(kept)) == 1

"""Bounds: what clients send is not remembered without end."""

from collections.abc import Callable

import pytest

from allot.core import ids
from allot.store import database, postgres
from allot.wire import access, values

LONG = "A" * 100_000


@pytest.mark.parametrize(
    ("ask", "cache"),
    [
        (lambda text: ids.decode("LICENSE", text), ids._decode),
        (lambda text: ids.encode("LOCATION", text), ids._encode),
        (values.e164, values._in_e164),
    ],
)
def test_long_texts_are_not_remembered(ask: Callable[[str], object], cache):
    """A text that is longer than what it should be costs no memory when its request is over."""
    before = cache.cache_info().currsize
    for n in range(10):
        ask(f"{n}{LONG}")
        ask(f"{n}\N{SNOWMAN}{LONG}")
    assert cache.cache_info().currsize == before


def test_every_cache_has_a_most():
    """Whatever is remembered by what clients send has a bound."""
    caches = (ids._decode, ids._encode, values._in_e164, access._is_loopback, database.spell, postgres._set_wise)
    assert all(cache.cache_info().maxsize is not None for cache in caches)


def test_long_numbers_and_ids_stay_what_they_are():
    """A long text is no number and no id, and a long value is written as others are."""
    assert values.e164(LONG) == LONG
    assert ids.decode("LICENSE", LONG) is None
    assert ids.encode("LICENSE", LONG).startswith(ids.encode("LICENSE", "")[:20])

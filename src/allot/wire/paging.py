"""Paging: opaque cursors, and the Link header that leads to the next page.

A cursor holds the key of the last row that was shown, so that the next page begins right after it,
however many pages went before and whatever was added or deleted meanwhile.
"""

import base64
import binascii
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from allot.core.failure import Failure
from allot.wire.operation import Parameter, Request
from allot.wire.values import read_number

#: longer than any cursor of ours: the keys of rows are bounded
CURSOR_CHARACTERS_MAX = 4_000

CURSOR = Parameter("cursor", "Where the page begins: taken from the Link header of the page before, never made up.")

_texts = msgspec.json.Decoder(tuple[str, ...])


def encode_cursor(*key: str) -> str:
    """The cursor of the page after the row of this key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(request: Request, parts: int, name: str = "cursor") -> tuple[str, ...] | None:
    """The key of `parts` texts in the query's cursor; None when there is none, for the first page.

    Raises Failure (400) for a cursor that is none of ours.
    """
    text = request.query[name]
    if not text:
        return None
    short = text[:CURSOR_CHARACTERS_MAX]
    try:
        key = _texts.decode(base64.b64decode(short + "=" * (-len(short) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, msgspec.DecodeError):
        key = ()
    # A NUL is no text for PostgreSQL, and none that we ever sent.
    if len(key) != parts or any("\x00" in part for part in key):
        raise _invalid(name)
    return key


def read_below(request: Request) -> int | None:
    """The number in the query's cursor, below which a page goes on; as `read_cursor`."""
    cursor = read_cursor(request, 1)
    below = read_number(cursor[0]) if cursor else None
    if cursor and below is None:
        raise _invalid(CURSOR.name)
    return below


def _invalid(name: str) -> Failure:
    return Failure.invalid(f"{name}: is not valid; follow the Link header of the page before as it is")


def offset_links(
    request: Request, offset: int, size: int, *, more: bool, cursor: str | None = None
) -> list[tuple[bytes, bytes]]:
    """The Link header of a page by offset: the next page when there is `more`, and the one before.

    A `cursor` leads to the next page at a cost that does not grow with the offset beside it. Clients are known to
    read nothing but the offset from the header, and to split it at commas.
    """
    found = []
    if more:
        found.append(f'<{_address(request, offset=offset + size, cursor=cursor)}>; rel="next"')
    if offset > 0:
        # The cursor of this request leads to this page, not to the one before.
        found.append(f'<{_address(request, offset=max(0, offset - size), cursor=None)}>; rel="prev"')
    return [(b"link", ", ".join(found).encode("latin-1"))] if found else []


def next_link(request: Request, **changed: Any) -> tuple[bytes, bytes]:
    """The Link header for the next page: this request's complete address with `changed` query parameters."""
    return b"link", f'<{_address(request, **changed)}>; rel="next"'.encode("latin-1")


def _address(request: Request, **changed: Any) -> str:
    query = [
        (name, str(each).lower() if isinstance(each, bool) else str(each))
        for name, value in {**request.query, **changed}.items()
        for each in (value if isinstance(value, tuple) else (value,))
        if each is not None
    ]
    return f"{request.origin}{quote(request.url_path)}?{urlencode(query)}"

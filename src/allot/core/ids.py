"""Webex identifiers: base64url, without padding, of ``ciscospark://us/<KIND>/<value>``.

Inside allot an id is its last part only (`value`); the wire form exists at the edges.
Source: facts 3.6; Cisco's samples are sometimes padded, and some hold values that are no UUID,
so decoding is lenient and only encoding is strict.
"""

import base64
import binascii
import re
from functools import lru_cache

PREFIX = "ciscospark://us/"
# A wire id of the longest documented kind (a site-bound license) has about 200 characters.
LENGTH_MAX = 1000

_PLAIN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def encode(kind: str, value: str) -> str:
    """The wire form of `value`: ``encode("PEOPLE", "f5b3…") == "Y2lzY29…"``."""
    # What clients make up may be long: it is not remembered.
    return _encode(kind, value) if len(value) <= LENGTH_MAX else _encode.__wrapped__(kind, value)


@lru_cache(maxsize=65_536)
def _encode(kind: str, value: str) -> str:
    return base64.urlsafe_b64encode(f"{PREFIX}{kind}/{value}".encode()).decode().rstrip("=")


def decode(kind: str, text: str) -> str | None:
    """The value inside a wire id of this kind, or None when `text` is no id of this kind.

    A plain UUID is taken as it is (clients that store the inner part send it back).
    The cluster (``us``) and the letter case of the kind vary in Cisco's samples and are not compared.
    """
    # Only what can be an id is looked at, and remembered.
    return _decode(kind, text) if len(text) <= LENGTH_MAX and text.isascii() else None


@lru_cache(maxsize=65_536)
def _decode(kind: str, text: str) -> str | None:
    if _PLAIN.fullmatch(text):
        return text.lower()
    try:
        padded = text.rstrip("=").translate(_TO_URLSAFE)
        plain = base64.b64decode(padded + "=" * (-len(padded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    head, _, value = plain.rpartition("/")
    if not head.startswith("ciscospark://") or head.rpartition("/")[2].upper() != kind:
        return None
    # A NUL is no text for PostgreSQL, so that no id has one.
    return value if value and "\x00" not in value else None


_TO_URLSAFE = str.maketrans("+/", "-_")

"""Webex identifiers: base64url, without padding, of ``ciscospark://us/<KIND>/<value>``.

Inside allot an id is its last part only (`value`); the wire form exists at the edges.
Source: facts 3.6; Cisco's samples are sometimes padded, and some hold values that are no UUID,
so decoding is lenient and only encoding is strict.
"""

import binascii
import re
from functools import lru_cache

PREFIX = "ciscospark://us/"
# A wire id of the longest documented kind (a site-bound license) has about 200 characters.
LENGTH_MAX = 1000

_PLAIN = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_LENGTH = 36
# What completes a text, by its length modulo 4; nothing completes one of 1.
_PADDING = ("", "", "==", "=")
# Kinds of which a service sees the same ones again and again.
_FEW = frozenset(("ORGANIZATION", "LICENSE", "LOCATION"))


def encode(kind: str, value: str) -> str:
    """The wire form of `value`: ``encode("PEOPLE", "f5b3…") == "Y2lzY29…"``."""
    # What clients make up may be long, and people are many: neither is remembered.
    return _written(kind, value) if kind in _FEW and len(value) <= LENGTH_MAX else _encode(kind, value)


def _encode(kind: str, value: str) -> str:
    text = binascii.b2a_base64(f"{PREFIX}{kind}/{value}".encode(), newline=False).decode()
    return text.rstrip("=").replace("+", "-").replace("/", "_")


def encode_all(kind: str, values: tuple[str, ...]) -> list[str]:
    """The wire forms of several values of a kind of which there are few: remembered together, as people are alike."""
    return list(_encode_all(kind, values))


@lru_cache(maxsize=1024)
def _encode_all(kind: str, values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(encode(kind, value) for value in values)


def decode(kind: str, text: str) -> str | None:
    """The value inside a wire id of this kind, or None when `text` is no id of this kind.

    A plain UUID is taken as it is (clients that store the inner part send it back).
    The cluster (``us``) and the letter case of the kind vary in Cisco's samples and are not compared.
    """
    # Only what can be an id is looked at.
    if len(text) > LENGTH_MAX or not text.isascii():
        return None
    return _remembered(kind, text) if kind in _FEW else _decode(kind, text)


def _decode(kind: str, text: str) -> str | None:
    if len(text) == _UUID_LENGTH and _PLAIN.fullmatch(text):
        return text.lower()
    padded = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        plain = binascii.a2b_base64(padded + _PADDING[len(padded) % 4], strict_mode=True).decode()
    except ValueError:  # no base64, or no text
        return None
    head, _, value = plain.rpartition("/")
    if head != PREFIX + kind and (not head.startswith("ciscospark://") or head.rpartition("/")[2].upper() != kind):
        return None
    # A NUL is no text for PostgreSQL, so that no id has one.
    return value if value and "\x00" not in value else None


_written, _remembered = lru_cache(maxsize=4096)(_encode), lru_cache(maxsize=4096)(_decode)

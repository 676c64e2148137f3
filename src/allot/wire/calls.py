"""Calls: who asks, as the head of a request tells it before the caller is known."""

import itertools
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any

from allot.core.call import Call, Caller

Scope = MutableMapping[str, Any]
Headers = Mapping[bytes, bytes]

#: the caller until it is known
NOBODY = Caller("", "", "", frozenset(), frozenset())

TRACKING_ID_MAX = 128
AGENT_MAX = 200
_TRACKING_ID = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/")

# Tracking ids of ours: one random part for the process, then a number for the request, of twelve digits.
_PROCESS = f"NA_{str(uuid.uuid4())[:23]}-"
_numbers = itertools.count(10**11)


def arrived(scope: Scope, headers: Headers) -> Call:
    """The call of a request that arrives, by nobody yet."""
    client = scope.get("client")
    agent = headers.get(b"user-agent")
    return Call(
        NOBODY,
        tracking_id_of(headers.get(b"trackingid")),
        client[0] if client else "",
        agent[:AGENT_MAX].decode("latin-1") if agent else "",
    )


def tracking_id_of(sent: bytes | None) -> str:
    """The client's tracking id when it sent a decent one, else ours."""
    if sent and len(sent) <= TRACKING_ID_MAX and _TRACKING_ID.issuperset(sent):
        return sent.decode()
    return f"{_PROCESS}{next(_numbers)}"

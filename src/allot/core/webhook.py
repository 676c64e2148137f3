"""A webhook: where events are sent to, and how what is sent is signed.

Signatures are those of Standard Webhooks 1.0.0: HMAC-SHA256 over id, time and body.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from allot.core import ids

PREFIX = "whsec_"
#: of a secret; the standard has 24 at least and 64 at most
SECRET_BYTES = 32
URL_CHARACTERS_MAX = 2000
#: of one partner
WEBHOOKS_MAX = 20
#: the type of what a test sends
TEST = "webhook.test"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that gets a partner's events."""

    org_id: str
    id: str
    url: str
    #: what its messages are signed with; shown once, when it is made
    secret: str = field(repr=False)
    #: types of the events that it gets; empty for all
    types: tuple[str, ...]
    created: str
    #: the last entry of the journal that was turned into deliveries
    entry: int
    #: why nothing is sent to it any more
    disabled: str | None = None
    #: when it last took a delivery
    delivered: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(partner, webhook)."""
        return self.org_id, self.id

    def wants(self, type: str) -> bool:
        """Whether it gets events of a type."""
        return not self.types or type in self.types


def test_message(webhook: Webhook, entry: int, at: str) -> dict[str, Any]:
    """What a test sends: of the form of events, and about none."""
    data = {"id": f"{entry}.0", "webhookId": webhook.id, "partnerOrgId": ids.encode("ORGANIZATION", webhook.org_id)}
    return {"type": TEST, "timestamp": at, "data": data}


def new_secret(random: bytes) -> str:
    """The secret that is made of random bytes."""
    return PREFIX + base64.b64encode(random).decode()


def signature(secret: str, message_id: str, at: int, body: str) -> str:
    """What proves that a message comes from us; `at` in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.digest(key, f"{message_id}.{at}.{body}".encode(), hashlib.sha256)
    return f"v1,{base64.b64encode(made).decode()}"


def url_faults(url: str) -> list[str]:
    """What is wrong with an address to send to, each with what to do."""
    if len(url) > URL_CHARACTERS_MAX:
        return [f"url: at most {URL_CHARACTERS_MAX} characters"]
    if not url.isascii() or not url.isprintable() or " " in url:
        return ["url: has characters that no address has; write them as %xx, and a host outside of ASCII as xn--"]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ["url: is no address; give one such as https://example.com/events"]
    found: list[str] = []
    if parts.scheme not in ("http", "https"):
        found.append("url: must begin with https:// or http://")
    if not parts.hostname or port == 0:
        found.append("url: has no host to send to; give one such as https://example.com/events")
    if parts.username is not None or parts.password is not None:
        found.append("url: must not have a user or a password; check the signature instead")
    if parts.fragment:
        found.append("url: must not have a fragment (#), which is never sent")
    return found

"""The demo: organizations that show everything, and tokens that everybody knows."""

import ipaddress
from dataclasses import dataclass
from importlib.resources import files

from allot.cli import examples
from allot.core import scope as scopes
from allot.service import imports
from allot.service.arrivals import made_id
from allot.service.service import Service
from allot.service.tokens import DemoToken, token_hash
from allot.store import organizations
from allot.store.database import StoreError, shown

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
#: the person of Cisco's documented example
JOHN = "f5b36187-c8dd-4727-8b2f-f9c447f29046"
GLOBEX = "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704"
PARTNER = "0f4d2c1b-6a3e-4b58-8c77-d1e9b2a64f30"
#: its sub-partners, one active and one suspended
FOOTHILL = "7c1d9e52-0b7f-4a55-9a0e-31c2b7d4e6f1"
VALLEY = "2b8f6a07-5e14-4c3d-8d29-a6f0c9e1b573"

_ALL = frozenset(scopes.SCOPES)
_READING = frozenset(scope for scope in scopes.SCOPES if scope.endswith("_read"))


@dataclass(frozen=True, slots=True)
class Known:
    """One token of the demo: whom it speaks for, and how the banner says so."""

    token: str
    org_id: str
    email: str
    scopes: frozenset[str]
    says: str


TOKENS = (
    Known("allot-demo-admin", ACME, "admin@example.com", _ALL, "full administrator of Acme"),
    Known("allot-demo-readonly", ACME, "auditor@example.com", _READING, "read-only administrator of Acme"),
    Known("allot-demo-user", ACME, "user@example.com", _ALL - {scopes.ADMIN}, "person of Acme without a role"),
    Known("allot-demo-partner", PARTNER, "partner@summit.example", _ALL, "administrator of the wholesale partner"),
    Known("allot-demo-other-org", GLOBEX, "hank.scorpio@globex.example", _ALL, "full administrator of Globex"),
)


def document() -> str:
    """The import document of the demo's organizations."""
    return files("allot").joinpath("rulebooks/demo.json").read_text(encoding="utf-8")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def accept_tokens(service: Service) -> None:
    """Make the demo's tokens work."""
    service.tokens.demo = {
        token_hash(known.token): DemoToken(known.org_id, made_id(known.org_id, "people", known.email), known.scopes)
        for known in TOKENS
    }


async def fill(service: Service) -> bool:
    """Import the demo's organizations and provision its customers where they are not yet; whether that was needed.

    Raises StoreError when the database serves others already: everybody knows the demo's tokens.
    """
    async with service.database.writing() as writing:
        there = await organizations.names(writing)
        if ACME in there:
            return False
        if there:
            raise StoreError(
                f"{shown(service.settings.database)} has organizations of its own;"
                " give --demo a database of its own, or none"
            )
        found = imports.read_document(document(), service.rulebook)
        await imports.save(writing, service.context, found)
    await examples.provision(service, examples.of(PARTNER, FOOTHILL))
    return True

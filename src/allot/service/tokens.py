"""Tokens: who calls. Kept as hashes, remembered for seconds, never logged."""

import hashlib
import secrets
from dataclasses import dataclass

from allot.core.call import Caller
from allot.service.clock import Clock, stamp
from allot.service.memories import Memory
from allot.store import tokens as store
from allot.store.database import Database

# Length of a token's secret part, in random bytes.
SECRET_BYTES = 48
# Between the random part of a demo session and the token of the demo; no other token has this character.
NONCE_END = "~"


def new_token(org_id: str) -> str:
    """A new secret; it ends with its organization, as Webex's do, so that the organization leads its key."""
    return f"{secrets.token_urlsafe(SECRET_BYTES)}_{org_id}"


def token_hash(token: str) -> str:
    """What is stored of a token. It has 384 random bits, so a plain fast hash is safe."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class DemoToken:
    """A fixed token of the demo: its person, and the scopes that it has."""

    org_id: str
    person_id: str
    scopes: frozenset[str]


class Tokens:
    """Finds the caller of a token."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.memory: Memory[Caller] = Memory()
        #: by hash: tokens that work without being stored; set on a demo server on loopback only
        self.demo: dict[str, DemoToken] = {}

    def known(self, token: str) -> Caller | None:
        """The caller of a token that was asked for within the last seconds."""
        return self._remembered(token_hash(token))

    def is_demo(self, token: str) -> bool:
        """Whether it is a token of the demo, or a session that was begun with one."""
        return self._demo(token) is not None

    async def caller(self, token: str) -> Caller | None:
        """The caller, or None when nobody has this token."""
        key = token_hash(token)
        return self._remembered(key) or self.memory.keep(key, await self._find(token, key))

    def _remembered(self, key: str) -> Caller | None:
        caller = self.memory.get(key)
        # Time may have been put forward since.
        over = caller is not None and caller.expires is not None and caller.expires <= stamp(self._clock.now())
        return None if over else caller

    async def _find(self, token: str, key: str) -> Caller | None:
        demo = self._demo(token)
        async with self._database.reading() as reading:
            if demo is not None:
                return await store.person(reading, demo.org_id, demo.person_id, demo.scopes)
            # Looked up by hash: how long it takes says nothing about the token.
            _, _, org_id = token.rpartition("_")
            return await store.caller(reading, org_id, key, stamp(self._clock.now()))

    def _demo(self, token: str) -> DemoToken | None:
        return self.demo.get(token_hash(token.rpartition(NONCE_END)[2])) if self.demo else None

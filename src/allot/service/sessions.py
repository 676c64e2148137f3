"""Sessions: signing in to the console with an access token, and out again.

A session is one more access token of the grant that it was begun with: it has the same person and the same scopes, ends
within hours and never after the token that began it, and works no longer once the grant is revoked.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.core.journal import Entry
from allot.service import grants
from allot.service.clock import later, read_stamp, stamp
from allot.service.context import Context
from allot.service.grants import Grant
from allot.service.service import Service
from allot.service.tokens import NONCE_END, token_hash
from allot.store import journal, organizations, tokens
from allot.store.database import Writing

# A working day: whoever forgets to sign out is signed out by the next morning.
SESSION_SECONDS = 12 * 3600
# Random bytes of a demo's session.
NONCE_BYTES = 24

# What a form's secret is made over; another one than that of anything else that is ever made of a token.
_FORMS = b"allot console forms"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has just begun; its token is shown this once."""

    token: str
    caller: Caller
    #: when it ends, as times are stored
    expires: str
    #: how long it lasts from now on
    seconds: int


@dataclass(frozen=True, slots=True)
class Use:
    """A call with the hash of the token that it begins a session with, or whose session it ends."""

    call: Call
    token_hash: str


async def begin(service: Service, token: str, tracking_id: str, address: str = "", agent: str = "") -> Session:
    """Sign in with an access token. Raises Failure when nobody has it."""
    caller = await service.tokens.caller(token)
    if caller is None:
        raise _unknown()
    if service.tokens.is_demo(token):
        # The demo's tokens work where a server says so, and nowhere else: nothing is stored that would work elsewhere.
        own = f"{secrets.token_urlsafe(NONCE_BYTES)}{NONCE_END}{token.rpartition(NONCE_END)[2]}"
        return Session(own, caller, later(service.clock.now(), seconds=SESSION_SECONDS), SESSION_SECONDS)
    use = Use(Call(caller, tracking_id, address, agent), token_hash(token))
    session: Session = await service.writes.submit(caller.org_id, _begin, use)
    return session


async def end(service: Service, call: Call, token: str) -> None:
    """Sign out: this token works no longer; others of its grant do. Does nothing when it has ended already."""
    key = token_hash(token)
    if not service.tokens.is_demo(token):
        await service.writes.submit(call.caller.org_id, _end, Use(call, key))
    service.tokens.memory.keep(key, None)


def csrf(token: str) -> str:
    """What every form of a session has, and no other page knows."""
    return hmac.new(token.encode(), _FORMS, hashlib.sha256).hexdigest()


def is_csrf(token: str, told: str) -> bool:
    """Whether a form is one of this session."""
    return hmac.compare_digest(csrf(token).encode(), told.encode())


async def _begin(writing: Writing, context: Context, uses: Sequence[Use]) -> list[Session | Failure]:
    await organizations.lock(writing, {use.call.caller.org_id for use in uses})
    return [await _begin_one(writing, context, use) for use in uses]


async def _begin_one(writing: Writing, context: Context, use: Use) -> Session | Failure:
    org_id, now = use.call.caller.org_id, context.now()
    # Looked at again: it may have been revoked since the caller was remembered.
    parent = await tokens.find(writing, org_id, use.token_hash)
    caller = await tokens.caller(writing, org_id, use.token_hash, stamp(now))
    if parent is None or caller is None:
        return _unknown()
    await tokens.forget(writing, org_id, parent.person_id, stamp(now))
    expires = later(now, seconds=SESSION_SECONDS)
    if parent.expires is not None:
        expires = min(expires, parent.expires)
    # Under its parent's name: in lists the grant stays what it was.
    grant = Grant(org_id, parent.person_id, parent.scopes, parent.name, parent.client_id)
    token = await grants.add(writing, context, grant, "access", parent.grant_id, expires)
    await _enter(writing, context, use.call, "sessions.begin", {"grant": parent.grant_id, "expires": expires})
    return Session(token, caller, expires, int((read_stamp(expires) - now).total_seconds()))


async def _end(writing: Writing, context: Context, uses: Sequence[Use]) -> list[None]:
    await organizations.lock(writing, {use.call.caller.org_id for use in uses})
    for use in uses:
        if await tokens.remove(writing, use.call.caller.org_id, use.token_hash):
            await _enter(writing, context, use.call, "sessions.end", {"grant": use.call.caller.token_key})
    return [None] * len(uses)


async def _enter(writing: Writing, context: Context, call: Call, action: str, told: dict[str, Any]) -> None:
    if call.address or call.agent:
        told["from"] = {"address": call.address, "agent": call.agent}
    caller = call.caller
    at = context.stamp()
    entry = Entry(caller.org_id, at, call.tracking_id, action, caller.person_id, caller.person_id, 200, told)
    await journal.write(writing, [entry])


def _unknown() -> Failure:
    told = (
        "token: the access token is unknown or has run out, or its person may not log in. Make another one with: allot"
        " token create"
    )
    return Failure(Kind.UNAUTHENTICATED, "The token is not valid", (told,))

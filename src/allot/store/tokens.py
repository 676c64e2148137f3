"""Tokens: only their hashes are kept."""

from dataclasses import astuple, dataclass

import msgspec

from allot.core.call import Caller
from allot.store.database import Reading, Writing, one

_CALLER = """
SELECT t.person_id, t.scopes, t.expires, p.email, t.grant_id, p.details
FROM tokens t JOIN people p ON p.org_id = t.org_id AND p.person_id = t.person_id
WHERE t.org_id = $1 AND t.token_hash = $2 AND t.kind = $3
"""
_ROLES = "SELECT role_id FROM roles WHERE org_id = $1 AND person_id = $2"
_PERSON = "SELECT person_id, email, details FROM people WHERE org_id = $1 AND person_id = $2"

_INSERT = """
INSERT INTO tokens (org_id, token_hash, kind, grant_id, person_id, client_id, name, scopes, created, expires)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
_GRANTS = """
SELECT t.org_id, t.grant_id, MIN(t.name), MIN(p.email), MIN(t.scopes), MIN(t.created),
       CASE WHEN COUNT(t.expires) = COUNT(*) THEN MAX(t.expires) END
FROM tokens t JOIN people p ON p.org_id = t.org_id AND p.person_id = t.person_id
WHERE t.kind <> 'code' AND (t.org_id = $1 OR $1 = '')
GROUP BY t.org_id, t.grant_id ORDER BY t.org_id, MIN(t.created), t.grant_id
"""
_FIND = """
SELECT org_id, token_hash, kind, grant_id, person_id, client_id, name, scopes, created, expires
FROM tokens WHERE org_id = $1 AND token_hash = $2
"""
_REMOVE = "DELETE FROM tokens WHERE org_id = $1 AND token_hash = $2"
_RENEW = "UPDATE tokens SET expires = $3 WHERE org_id = $1 AND token_hash = $2"
_FORGET = "DELETE FROM tokens WHERE org_id = $1 AND person_id = $2 AND expires <= $3"
_REVOKE = "DELETE FROM tokens WHERE org_id = $1 AND grant_id = $2"


@dataclass(frozen=True, slots=True)
class Token:
    """One token without its secret, in the order of its columns; scopes are separated by spaces."""

    org_id: str
    token_hash: str
    #: access, refresh or code
    kind: str
    #: shared by the tokens that one grant gave
    grant_id: str
    person_id: str
    client_id: str | None
    name: str
    scopes: str
    created: str
    expires: str | None


@dataclass(frozen=True, slots=True)
class Grant:
    """What one grant gave to somebody; the last of its tokens runs out at `expires`, or never."""

    org_id: str
    id: str
    name: str
    email: str
    scopes: str
    created: str
    expires: str | None


async def caller(reading: Reading, org_id: str, token_hash: str, now: str) -> Caller | None:
    """Who an access token speaks for, or None when it is unknown, has run out, or is of somebody who may not log in."""
    row = await one(reading, _CALLER, org_id, token_hash, "access")
    if row is None or (row[2] is not None and row[2] <= now) or not _logs_in(row[5]):
        return None
    person_id, scopes, expires, email, grant_id, _ = row
    roles = frozenset(role for (role,) in await reading.rows(_ROLES, org_id, person_id))
    return Caller(org_id, person_id, email, frozenset(scopes.split()), roles, grant_id, expires)


async def find(reading: Reading, org_id: str, token_hash: str) -> Token | None:
    """A token by its hash, of whatever kind and even when it has run out."""
    row = await one(reading, _FIND, org_id, token_hash)
    return Token(*row) if row else None


async def remove(writing: Writing, org_id: str, token_hash: str) -> bool:
    """Forget one token; whether it was there, so that of two who use it up at once only one is told yes."""
    return await writing.run(_REMOVE, org_id, token_hash) == 1


async def renew(writing: Writing, org_id: str, token_hash: str, expires: str) -> None:
    """Let a token live until `expires`."""
    await writing.run(_RENEW, org_id, token_hash, expires)


async def person(reading: Reading, org_id: str, person_id: str, scopes: frozenset[str]) -> Caller | None:
    """A caller for a person without a stored token (the demo's tokens)."""
    row = await one(reading, _PERSON, org_id, person_id)
    if row is None or not _logs_in(row[2]):
        return None
    roles = frozenset(role for (role,) in await reading.rows(_ROLES, org_id, person_id))
    return Caller(org_id, row[0], row[1], scopes, roles, f"demo {person_id}")


async def barred(reading: Reading, org_id: str, person_id: str) -> bool:
    """Whether somebody may not log in."""
    row = await one(reading, _PERSON, org_id, person_id)
    return row is not None and not _logs_in(row[2])


def _logs_in(details: str) -> bool:
    """Whether somebody of these details may log in, as everybody may of whom nothing is said."""
    return bool(msgspec.json.decode(details).get("loginEnabled", True))


async def insert(writing: Writing, token: Token) -> None:
    """Keep a new token."""
    await writing.run(_INSERT, *astuple(token))


async def grants(reading: Reading, org_id: str) -> list[Grant]:
    """The grants of an organization, or of all of them when the id is empty, oldest first."""
    return [Grant(*row) for row in await reading.rows(_GRANTS, org_id)]


async def forget(writing: Writing, org_id: str, person_id: str, now: str) -> None:
    """Forget a person's tokens that have run out."""
    await writing.run(_FORGET, org_id, person_id, now)


async def revoke(writing: Writing, org_id: str, grant_id: str) -> int:
    """Forget all tokens of a grant; how many there were."""
    return await writing.run(_REVOKE, org_id, grant_id)

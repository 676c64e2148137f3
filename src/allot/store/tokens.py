"""Tokens: only their hashes are kept."""

from allot.core.call import Caller
from allot.store.database import Reading, one

_CALLER = """
SELECT t.person_id, t.scopes, t.expires, p.email, t.grant_id
FROM tokens t JOIN people p ON p.org_id = t.org_id AND p.person_id = t.person_id
WHERE t.org_id = $1 AND t.token_hash = $2 AND t.kind = $3
"""
_ROLES = "SELECT role_id FROM roles WHERE org_id = $1 AND person_id = $2"
_PERSON = "SELECT person_id, email FROM people WHERE org_id = $1 AND person_id = $2"


async def caller(reading: Reading, org_id: str, token_hash: str, now: str) -> Caller | None:
    """Who an access token speaks for, or None when it is unknown or has run out."""
    row = await one(reading, _CALLER, org_id, token_hash, "access")
    if row is None or (row[2] is not None and row[2] <= now):
        return None
    person_id, scopes, _, email, grant_id = row
    roles = frozenset(role for (role,) in await reading.rows(_ROLES, org_id, person_id))
    return Caller(org_id, person_id, email, frozenset(scopes.split()), roles, grant_id)


async def person(reading: Reading, org_id: str, person_id: str, scopes: frozenset[str]) -> Caller | None:
    """A caller for a person without a stored token (the demo's tokens)."""
    row = await one(reading, _PERSON, org_id, person_id)
    if row is None:
        return None
    roles = frozenset(role for (role,) in await reading.rows(_ROLES, org_id, person_id))
    return Caller(org_id, row[0], row[1], scopes, roles, f"demo {person_id}")

"""Keys: access tokens made and revoked by hand, for scripts and services."""

import uuid
from dataclasses import dataclass

from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.service import grants
from allot.service.clock import stamp
from allot.service.context import Context
from allot.store import holdings, journal, organizations, tokens
from allot.store.database import Writing


@dataclass(frozen=True, slots=True)
class Key:
    """What to make: for whom, what for, and for how long; without seconds it does not run out."""

    org_id: str
    #: in lower case
    email: str
    name: str
    scopes: frozenset[str]
    seconds: int | None


async def make(writing: Writing, context: Context, key: Key) -> grants.Issued:
    """Make an access token, which is shown this once. Raises Failure when nobody has the email."""
    await organizations.lock(writing, [key.org_id])
    now = stamp(context.now())
    _, by_email = await holdings.load(writing, [], [(key.org_id, key.email)], now)
    person = by_email.get((key.org_id, key.email))
    if person is None:
        raise Failure.not_found(f"organization {key.org_id} has no person {key.email}; import them first")
    scopes = " ".join(sorted(key.scopes))
    grant = grants.Grant(key.org_id, person.id, scopes, key.name)
    issued = await grants.issue(writing, context, grant, seconds=key.seconds)
    detail = {"name": key.name, "scopes": scopes, "person": person.id, "seconds": key.seconds}
    entry = Entry(key.org_id, now, _tracking_id(), "token.create", None, issued.grant_id, 200, detail)
    await journal.write(writing, [entry])
    return issued


async def revoke(writing: Writing, context: Context, org_id: str, grant_id: str) -> None:
    """Make the tokens of a grant work no longer. Raises Failure when there is none."""
    await organizations.lock(writing, [org_id])
    if not await tokens.revoke(writing, org_id, grant_id):
        raise Failure.not_found(f"there is no token {grant_id}; allot token list shows those that there are")
    entry = Entry(org_id, stamp(context.now()), _tracking_id(), "token.revoke", None, grant_id, 200)
    await journal.write(writing, [entry])


def _tracking_id() -> str:
    return f"NA_{uuid.uuid4()}"

"""Applications: integrations and service apps; only the hashes of their secrets are kept."""

from dataclasses import astuple, dataclass

from allot.store.database import Reading, Writing, one

_FIND = """
SELECT org_id, client_id, name, secret_hash, redirect_uri, person_id, scopes, created
FROM applications WHERE org_id = $1 AND client_id = $2
"""
_INSERT = """
INSERT INTO applications (org_id, client_id, name, secret_hash, redirect_uri, person_id, scopes, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True, slots=True)
class Application:
    """One row: an integration, or a service app when it has a person; scopes are separated by spaces."""

    org_id: str
    client_id: str
    name: str
    secret_hash: str
    redirect_uri: str | None
    person_id: str | None
    scopes: str
    created: str


async def find(reading: Reading, org_id: str, client_id: str) -> Application | None:
    """An application by its client id."""
    row = await one(reading, _FIND, org_id, client_id)
    return Application(*row) if row else None


async def insert(writing: Writing, application: Application) -> None:
    """Keep an application; ConflictError when its organization or person does not exist."""
    await writing.run(_INSERT, *astuple(application))

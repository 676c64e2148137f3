"""Grants: how tokens are made, exchanged and renewed. Lifetimes are those that Webex's tokens are known to have."""

import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allot.core.failure import Failure, Kind
from allot.core.journal import Entry
from allot.service.clock import later, stamp
from allot.service.context import Context
from allot.service.tokens import new_token, token_hash
from allot.store import applications, holdings, journal, organizations, tokens
from allot.store.applications import Application
from allot.store.database import Reading, Writing
from allot.store.tokens import Token

ACCESS_SECONDS = 14 * 24 * 3600
REFRESH_SECONDS = 90 * 24 * 3600
# An authorization code is exchanged by a program at once.
CODE_SECONDS = 10 * 60

AUTHORIZATION_CODE = "authorization_code"
REFRESH_TOKEN = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, slots=True)
class Granting:
    """A token that an operator makes by hand for a person."""

    org_id: str
    #: in lower case
    email: str
    name: str
    scopes: frozenset[str]
    #: None: it does not run out
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom tokens speak for, and what they may do."""

    org_id: str
    person_id: str
    scopes: str
    name: str
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """New tokens, shown this once."""

    access_token: str
    refresh_token: str
    scopes: str


@dataclass(frozen=True, slots=True)
class Registration:
    """An application to register: a service app when it has a person to act as, else an integration."""

    org_id: str
    name: str
    scopes: frozenset[str]
    redirect_uri: str | None = None
    person_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a client sends to POST /access_token."""

    grant_type: str
    client_id: str
    client_secret: str
    #: the authorization code or the refresh token
    secret: str = ""
    redirect_uri: str | None = None


async def grant(writing: Writing, context: Context, granting: Granting) -> str:
    """Make an access token by hand; it is shown this once.

    Raises Failure when nobody has the email, or who has it may not log in.
    """
    await organizations.lock(writing, [granting.org_id])
    person_id = await person_of(writing, context, granting.org_id, granting.email)
    await _admit(writing, granting.org_id, person_id)
    scopes = " ".join(sorted(granting.scopes))
    given = Grant(granting.org_id, person_id, scopes, granting.name)
    grant_id = _new_grant_id()
    expires = None if granting.expires is None else stamp(granting.expires)
    token = await add(writing, context, given, "access", grant_id, expires)
    detail = {"name": granting.name, "scopes": scopes, "person": person_id, "expires": expires}
    await _enter(writing, context, granting.org_id, "tokens.create", grant_id, detail)
    return token


async def person_of(reading: Reading, context: Context, org_id: str, email: str) -> str:
    """The id of the person of an email (in lower case). Raises Failure when there is nobody."""
    _, by_email = await holdings.load(reading, [], [(org_id, email)], context.stamp())
    if (org_id, email) not in by_email:
        raise Failure.not_found(f"organization {org_id} has no person {email}; import them first")
    return by_email[org_id, email].id


async def revoke(writing: Writing, context: Context, org_id: str, grant_id: str) -> None:
    """Make all tokens of a grant work no longer. Raises Failure when there is no such grant."""
    await organizations.lock(writing, [org_id])
    if not await tokens.revoke(writing, org_id, grant_id):
        raise Failure.not_found(f"there is no token {grant_id}; allot token list shows those that there are")
    await _enter(writing, context, org_id, "tokens.revoke", grant_id, {})


async def issue(writing: Writing, context: Context, grant: Grant) -> Issued:
    """Make an access token and a refresh token."""
    at, grant_id = context.now(), _new_grant_id()
    access = await add(writing, context, grant, "access", grant_id, later(at, seconds=ACCESS_SECONDS))
    refresh = await add(writing, context, grant, "refresh", grant_id, later(at, seconds=REFRESH_SECONDS))
    return Issued(access, refresh, grant.scopes)


async def authorize(writing: Writing, context: Context, client_id: str, org_id: str, person_id: str) -> str:
    """Make an authorization code: the person lets the application act for them. Good for one exchange by it.

    Raises Failure when there is no such application, or the person may not log in.
    """
    await _admit(writing, org_id, person_id)
    application = await applications.find(writing, _organization(client_id), client_id)
    if application is None:
        raise Failure.not_found(f"there is no application {client_id}; make it with: allot application create")
    grant = Grant(org_id, person_id, application.scopes, application.name, client_id)
    return await add(writing, context, grant, "code", _new_grant_id(), later(context.now(), seconds=CODE_SECONDS))


async def register(writing: Writing, context: Context, application: Registration) -> tuple[str, str]:
    """Register an application; its client id, and its secret, which is shown this once."""
    client_id = f"C{secrets.token_hex(16)}_{application.org_id}"
    secret = secrets.token_hex(32)
    await applications.insert(
        writing,
        Application(
            application.org_id,
            client_id,
            application.name,
            token_hash(secret),
            application.redirect_uri,
            application.person_id,
            " ".join(sorted(application.scopes)),
            context.stamp(),
        ),
    )
    return client_id, secret


async def exchange(writing: Writing, context: Context, exchanges: Sequence[Exchange]) -> list[Issued | Failure]:
    """Serve POST /access_token: each exchange by itself."""
    # Who revokes a grant or deletes a person locks the organization too: nothing is given that is just taken away.
    await organizations.lock(
        writing, {_organization(text) for each in exchanges for text in (each.client_id, each.secret)}
    )
    outcomes: list[Issued | Failure] = []
    for each in exchanges:
        try:
            outcomes.append(await _exchange(writing, context, each))
        except Failure as failure:
            outcomes.append(failure)
    return outcomes


async def _exchange(writing: Writing, context: Context, asked: Exchange) -> Issued:
    application = await _application(writing, asked)
    if asked.grant_type == CLIENT_CREDENTIALS:
        if application.person_id is None:
            raise Failure.invalid("grant_type: client_credentials is for service apps; this client is an integration")
        org_id, client_id = application.org_id, application.client_id
        grant = Grant(org_id, application.person_id, application.scopes, application.name, client_id)
        await _admit(writing, grant.org_id, grant.person_id)
        await _forget(writing, context, grant)
        return await issue(writing, context, grant)
    token = await _token(writing, context, asked)
    grant = Grant(token.org_id, token.person_id, token.scopes, token.name, token.client_id)
    await _admit(writing, grant.org_id, grant.person_id)
    await _forget(writing, context, grant)
    if asked.grant_type == REFRESH_TOKEN:
        # Using a refresh token renews its own time; it stays the same.
        await tokens.renew(writing, token.org_id, token.token_hash, later(context.now(), seconds=REFRESH_SECONDS))
        access_expires = later(context.now(), seconds=ACCESS_SECONDS)
        access = await add(writing, context, grant, "access", token.grant_id, access_expires)
        return Issued(access, asked.secret, token.scopes)
    if application.redirect_uri != asked.redirect_uri:
        raise Failure.invalid("redirect_uri: is not the one that the application was registered with")
    if not await tokens.remove(writing, token.org_id, token.token_hash):
        raise _unusable("code")
    return await issue(writing, context, grant)


async def _admit(reading: Reading, org_id: str, person_id: str) -> None:
    """Raises Failure when a person may not log in: they get no tokens."""
    if await tokens.barred(reading, org_id, person_id):
        raise Failure.invalid(
            "loginEnabled: is false for this person, who gets no tokens; set it to true with PUT /people/{personId}"
        )


async def _forget(writing: Writing, context: Context, grant: Grant) -> None:
    """Forget what has run out: programs that ask for tokens all the time would leave ever more of them."""
    await tokens.forget(writing, grant.org_id, grant.person_id, context.stamp())


async def _application(writing: Writing, asked: Exchange) -> Application:
    found = await applications.find(writing, _organization(asked.client_id), asked.client_id)
    known = found.secret_hash if found else token_hash("")
    if not hmac.compare_digest(known, token_hash(asked.client_secret)) or found is None:
        wrong = "client_id, client_secret: are not known together"
        raise Failure(Kind.UNAUTHENTICATED, "The client is not known", (wrong,))
    return found


async def _token(writing: Writing, context: Context, asked: Exchange) -> Token:
    kind, name = ("refresh", "refresh_token") if asked.grant_type == REFRESH_TOKEN else ("code", "code")
    token = await tokens.find(writing, _organization(asked.secret), token_hash(asked.secret))
    if token is None or token.kind != kind or token.client_id != asked.client_id:
        raise _unusable(name)
    if token.expires is not None and token.expires <= context.stamp():
        raise _unusable(name)
    return token


def _unusable(name: str) -> Failure:
    return Failure.invalid(f"{name}: is unknown, has been used, has run out, or was given to another client")


def _organization(secret: str) -> str:
    """The organization that a token or client id ends with, so that it leads the key."""
    return secret.rpartition("_")[2]


async def add(writing: Writing, context: Context, grant: Grant, kind: str, grant_id: str, expires: str | None) -> str:
    """Make one token of a grant; whoever calls this says what it is (access, refresh or code) and when it runs out."""
    token = new_token(grant.org_id)
    row = Token(
        grant.org_id,
        token_hash(token),
        kind,
        grant_id,
        grant.person_id,
        grant.client_id,
        grant.name,
        grant.scopes,
        context.stamp(),
        expires,
    )
    await tokens.insert(writing, row)
    return token


async def _enter(
    writing: Writing, context: Context, org_id: str, action: str, grant_id: str, detail: dict[str, Any]
) -> None:
    tracking_id = f"NA_{uuid.uuid4()}"
    entry = Entry(org_id, context.stamp(), tracking_id, action, None, grant_id, 200, detail)
    await journal.write(writing, [entry])


def _new_grant_id() -> str:
    """What tokens of one grant are listed and revoked by."""
    return secrets.token_hex(8)

"""Access tokens on the wire: POST /access_token in its three forms."""

from typing import Literal

import msgspec

from allot.core.failure import Failure
from allot.service import grants
from allot.service.grants import Exchange, Issued
from allot.wire.operation import FORM, Logged, Operation, Reply, Request


class AccessTokenRequest(msgspec.Struct):
    """The form of POST /access_token."""

    grant_type: Literal["authorization_code", "refresh_token", "client_credentials"]
    client_id: str
    client_secret: str
    code: str | None = None
    redirect_uri: str | None = None
    refresh_token: str | None = None


class AccessTokenResponse(msgspec.Struct):
    """New tokens; lifetimes are in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_token_expires_in: int
    token_type: str
    scope: str


async def get_access_token(request: Request) -> Reply:
    """Exchange an authorization code, a refresh token, or a service app's credentials for an access token.

    An authorization code is good once. A refresh token stays the same, and using it renews its time.
    """
    body: AccessTokenRequest = request.body
    secret = {grants.AUTHORIZATION_CODE: body.code, grants.REFRESH_TOKEN: body.refresh_token}.get(body.grant_type, "")
    if secret is None:
        name = "code" if body.grant_type == grants.AUTHORIZATION_CODE else "refresh_token"
        raise Failure.invalid(f"{name}: is required with this grant_type")
    exchange = Exchange(body.grant_type, body.client_id, body.client_secret, secret, body.redirect_uri)
    organization = (secret or body.client_id).rpartition("_")[2]
    issued: Issued = await request.service.writes.submit(organization, grants.exchange, exchange)
    answer = AccessTokenResponse(
        issued.access_token,
        grants.ACCESS_SECONDS,
        issued.refresh_token,
        grants.REFRESH_SECONDS,
        "Bearer",
        issued.scopes,
    )
    return Reply(200, answer, [(b"cache-control", b"no-store")])


OPERATIONS = (
    Operation(
        "POST",
        "/access_token",
        get_access_token,
        None,
        "Get an Access Token",
        body=AccessTokenRequest,
        media=FORM,
        answers={200: AccessTokenResponse},
        logged=Logged.OUTLINE,
    ),
)

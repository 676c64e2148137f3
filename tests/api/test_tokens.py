"""POST /access_token over HTTP, in its three forms."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from allot.core import ids
from allot.core import scope as scopes
from allot.service import grants
from allot.service.context import Context
from allot.service.grants import Registration
from allot.service.service import Service
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
SCOPES = frozenset({scopes.OWN_READ, scopes.PEOPLE_READ})
REDIRECT = "http://127.0.0.1:6001/redirect"


def register(server: Server, person_id: str | None = None) -> dict[str, str]:
    """An application's credentials, as the form has them."""

    async def made(service: Service) -> tuple[str, str]:
        async with service.database.writing() as writing:
            registration = Registration(ACME, "Reports", SCOPES, REDIRECT, person_id)
            return await grants.register(writing, Context(service.rulebook, service.clock), registration)

    client_id, secret = server.call(made)
    return {"client_id": client_id, "client_secret": secret}


class At:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


def code(server: Server, client: Client, client_id: str, at: datetime | None = None) -> str:
    """An authorization code for the demo's administrator."""
    me = client.get("/v1/people/me").json()["id"]

    async def made(service: Service) -> str:
        clock = service.clock if at is None else At(at)
        person_id = ids.decode("PEOPLE", me) or ""
        async with service.database.writing() as writing:
            return await grants.authorize(writing, Context(service.rulebook, clock), client_id, ACME, person_id)

    return server.call(made)


def exchange(client: Client, **form: str) -> tuple[int, dict]:
    answer = client.as_(None).post("/v1/access_token", data=form)
    return answer.status_code, answer.json()


def by_code(server: Server, client: Client) -> tuple[dict[str, str], dict]:
    """Credentials, and the tokens that a code was exchanged for."""
    credentials = register(server)
    form = {**credentials, "code": code(server, client, credentials["client_id"]), "redirect_uri": REDIRECT}
    status, tokens = exchange(client, grant_type="authorization_code", **form)
    assert status == 200, tokens
    return credentials, tokens


def test_a_code_becomes_tokens_once(server: Server, client: Client) -> None:
    """The access token works with the scopes of the grant, and the code works once."""
    credentials = register(server)
    form = {**credentials, "code": code(server, client, credentials["client_id"]), "redirect_uri": REDIRECT}
    status, tokens = exchange(client, grant_type="authorization_code", **form)
    assert status == 200
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 14 * 24 * 3600)
    assert tokens["refresh_token_expires_in"] == 90 * 24 * 3600
    assert set(tokens["scope"].split()) == SCOPES
    caller = client.as_(tokens["access_token"])
    assert caller.get("/v1/people/me").json() == client.get("/v1/people/me").json()
    assert caller.get("/v1/licenses").status_code == 403
    status, error = exchange(client, grant_type="authorization_code", **form)
    assert status == 400
    assert error["errors"][0]["description"].startswith("code: is unknown, has been used")


def test_a_refresh_token_gives_access_again(server: Server, client: Client) -> None:
    """The refresh token stays the same, and both access tokens work."""
    credentials, tokens = by_code(server, client)
    form = {**credentials, "refresh_token": tokens["refresh_token"]}
    status, again = exchange(client, grant_type="refresh_token", **form)
    assert status == 200
    assert again["refresh_token"] == tokens["refresh_token"]
    assert again["access_token"] != tokens["access_token"]
    for each in (tokens, again):
        assert client.as_(each["access_token"]).get("/v1/people/me").status_code == 200


def test_a_service_app_needs_its_credentials_only(server: Server, client: Client) -> None:
    """A service app gets tokens of the person that it acts as; an integration does not get any this way."""
    me = client.get("/v1/people/me").json()
    status, tokens = exchange(
        client, grant_type="client_credentials", **register(server, ids.decode("PEOPLE", me["id"]))
    )
    assert status == 200
    assert client.as_(tokens["access_token"]).get("/v1/people/me").json()["id"] == me["id"]
    assert exchange(client, grant_type="client_credentials", **register(server))[0] == 400


def test_wrong_secrets_and_strangers_are_refused(server: Server, client: Client) -> None:
    """A wrong secret is 401 whether or not the client exists; what was given to another client is unusable."""
    credentials, tokens = by_code(server, client)
    for wrong in ({"client_secret": "x"}, {"client_id": "nobody"}, {"client_id": f"Cnobody_{ACME}"}):
        form = {**credentials, **wrong, "refresh_token": tokens["refresh_token"]}
        status, error = exchange(client, grant_type="refresh_token", **form)
        assert status == 401
        assert error["errors"][0]["description"] == "client_id, client_secret: are not known together"
    for stolen in (tokens["refresh_token"], tokens["access_token"], "nonsense"):
        assert exchange(client, grant_type="refresh_token", **register(server), refresh_token=stolen)[0] == 400
    assert exchange(client, grant_type="refresh_token", **credentials, refresh_token=tokens["access_token"])[0] == 400


def test_a_code_is_for_its_address_and_for_minutes(server: Server, client: Client) -> None:
    """Another redirect address, or a code that has run out, is refused."""
    credentials = register(server)
    fresh = code(server, client, credentials["client_id"])
    form = {**credentials, "grant_type": "authorization_code"}
    assert exchange(client, **form, code=fresh, redirect_uri="http://127.0.0.1/other")[0] == 400
    old = code(server, client, credentials["client_id"], datetime.now(UTC) - timedelta(minutes=11))
    assert exchange(client, **form, code=old, redirect_uri=REDIRECT)[0] == 400


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"client_id": "a"}, "grant_type: is required"),
        (
            {"grant_type": "password", "client_id": "a", "client_secret": "b"},
            "grant_type: must be one of authorization_code, client_credentials, refresh_token",
        ),
        (
            {"grant_type": "authorization_code", "client_id": "a", "client_secret": "b"},
            "code: is required with this grant_type",
        ),
        (
            {"grant_type": "refresh_token", "client_id": "a", "client_secret": "b"},
            "refresh_token: is required with this grant_type",
        ),
    ],
)
def test_faults_of_the_form_are_named(client: Client, form: dict[str, str], sentence: str) -> None:
    """A form that lacks something is told what."""
    status, error = exchange(client, **form)
    assert status == 400
    assert sentence in [each["description"] for each in error["errors"]]


def test_json_is_no_form(client: Client) -> None:
    """Another media type than a form is 415."""
    assert client.as_(None).post("/v1/access_token", json={}).status_code == 415


def test_secrets_are_kept_as_hashes(server: Server, client: Client) -> None:
    """Neither tokens nor client secrets stand in the database."""
    credentials, tokens = by_code(server, client)
    kept = str(server.rows("SELECT * FROM tokens")) + str(server.rows("SELECT * FROM applications"))
    for secret in (credentials["client_secret"], tokens["access_token"], tokens["refresh_token"]):
        assert secret not in kept


def test_a_token_is_not_renewed_while_it_is_revoked(demo_postgres_url: str) -> None:
    """A refresh that meets a revocation waits for it, and gives nothing that would outlive it (PostgreSQL)."""
    with (
        Server(demo_postgres_url) as server,
        psycopg.connect(demo_postgres_url) as revoking,
        ThreadPoolExecutor() as pool,
    ):
        client = server.client()
        credentials, tokens = by_code(server, client)
        revoking.execute("SELECT 1 FROM organizations WHERE org_id = %s FOR UPDATE", [ACME])
        form = {**credentials, "refresh_token": tokens["refresh_token"]}
        refreshing = pool.submit(exchange, client, grant_type="refresh_token", **form)
        with pytest.raises(TimeoutError):
            refreshing.result(0.3)
        revoking.execute("DELETE FROM tokens")
        revoking.commit()
        assert refreshing.result()[0] == 400
        assert server.rows("SELECT token_hash FROM tokens") == []
        client.close_all()

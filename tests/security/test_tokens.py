"""Tokens: what makes one work, and what makes it work no longer."""

from datetime import UTC, datetime, timedelta

import pytest

from allot.core import ids
from allot.core.failure import Failure
from allot.core.scope import SCOPES
from allot.service import grants, memories, tokens
from allot.service.context import Context
from allot.service.grants import Granting, Registration
from allot.service.service import Service
from servers import Client, Server

ACME = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
ALL = frozenset(SCOPES)
DEMO_USER = "allot-demo-user"


@pytest.fixture(autouse=True)
def unremembered(monkeypatch: pytest.MonkeyPatch):
    """Tokens are looked up every time, as they are after some seconds."""
    monkeypatch.setattr(memories, "REMEMBERED_SECONDS", 0.0)


def granted(server: Server, email: str, expires: datetime | None = None) -> str:
    """A token made by hand, with all scopes."""

    async def grant(service: Service) -> str:
        async with service.database.writing() as writing:
            granting = Granting(ACME, email, "test", ALL, expires)
            return await grants.grant(writing, Context(service.rulebook, service.clock), granting)

    return server.call(grant)


def registered(server: Server, person_id: str) -> dict[str, str]:
    """The credentials of a service app that acts as somebody, as a form has them."""

    async def register(service: Service) -> tuple[str, str]:
        async with service.database.writing() as writing:
            wanted = Registration(ACME, "app", ALL, None, person_id)
            return await grants.register(writing, Context(service.rulebook, service.clock), wanted)

    client_id, secret = server.call(register)
    return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}


def status(client: Client, header: str | None) -> int:
    headers = {} if header is None else {"Authorization": header}
    return client.as_(None).get("/v1/people/me", headers=headers).status_code


def test_only_a_bearer_token_is_one(server: Server, client: Client):
    """The scheme is Bearer in any letter case; whatever else stands there is no token, and never an error."""
    token = granted(server, "user@example.com")
    assert status(client, f"Bearer {token}") == status(client, f"bEARER  {token} ") == 200
    bad = [
        None,
        "",
        "Bearer",
        "Bearer ",
        token,
        f"Basic {token}",
        f"Token {token}",
        f"Bearer {token}x",
        f"Bearer{token}",
    ]
    bad += [f"Bearer {token} {token}", f"Bearer {token[:-1]}", f"Bearer {token.swapcase()}", f'Bearer "{token}"']
    bad += [
        "Bearer _",
        f"Bearer _{ACME}",
        "Bearer \xff\xfe",
        "Bearer " + "x" * 50_000,
        f"Bearer {token},Bearer {token}",
    ]
    bad += [f"Bearer {tokens.token_hash(token)}", f"Bearer {tokens.token_hash(token)}_{ACME}", "Bearer ' OR '1'='1"]
    assert {status(client, header) for header in bad} == {401}
    assert client.as_(None).get(f"/v1/people/me?access_token={token}&token={token}").status_code == 401


def test_a_token_runs_out_to_the_second(server: Server, client: Client):
    """A token that has run out works no longer; nothing says that it ever did."""
    token = granted(server, "user@example.com", datetime.now(UTC) + timedelta(seconds=60))
    assert status(client, f"Bearer {token}") == 200
    server.run("UPDATE tokens SET expires = $1", "2026-01-01T00:00:00.000Z")
    known = client.as_(token).get("/v1/people/me").json()["errors"]
    assert known == client.as_("nonsense").get("/v1/people/me").json()["errors"]


def test_who_loses_a_role_loses_its_rights(server: Server, client: Client):
    """Rights are those of the person now, not those that they had when the token was made."""
    token = granted(server, "auditor@example.com")
    assert client.as_(token).get("/v1/licenses").status_code == 200
    server.run("DELETE FROM roles WHERE role_id = $1", "id_readonly_admin")
    assert client.as_(token).get("/v1/licenses").status_code == 403


def test_who_is_deleted_takes_every_token_along(server: Server, client: Client):
    """Access and refresh tokens, and the service apps that act as a person, go with the person."""
    person = client.get("/v1/people?email=user@example.com").json()["items"][0]["id"]
    token = granted(server, "user@example.com")
    credentials = registered(server, ids.decode("PEOPLE", person) or "")
    issued = client.as_(None).post("/v1/access_token", data=credentials).json()
    assert status(client, f"Bearer {token}") == status(client, f"Bearer {issued['access_token']}") == 200
    assert client.delete(f"/v1/people/{person}").status_code == 204
    assert status(client, f"Bearer {token}") == status(client, f"Bearer {issued['access_token']}") == 401
    refresh = credentials | {"grant_type": "refresh_token", "refresh_token": issued["refresh_token"]}
    for form in (credentials, refresh):
        assert client.as_(None).post("/v1/access_token", data=form).status_code == 401


def test_who_may_not_log_in_has_no_tokens(server: Server, client: Client):
    """While loginEnabled is false no token of the person works and none is made for them; then the old ones work."""
    own = client.get("/v1/people/me").json()
    refused = client.put(f"/v1/people/{own['id']}", json={"displayName": "X", "loginEnabled": False})
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["description"].startswith("loginEnabled: you cannot lock yourself out")
    user = client.get("/v1/people?email=user@example.com").json()["items"][0]
    person_id = ids.decode("PEOPLE", user["id"]) or ""
    app = registered(server, person_id)
    given = client.as_(None).post("/v1/access_token", data=app).json()
    renewal = app | {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    headers = [f"Bearer {each}" for each in (granted(server, "user@example.com"), given["access_token"], DEMO_USER)]
    assert [status(client, header) for header in headers] == [200] * 3
    assert client.put(f"/v1/people/{user['id']}", json=user | {"loginEnabled": False}).status_code == 200
    assert [status(client, header) for header in headers] == [401] * 3
    for form in (app, renewal):
        refused = client.as_(None).post("/v1/access_token", data=form)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["description"].startswith("loginEnabled: is false for this person")
    with pytest.raises(Failure):
        granted(server, "user@example.com")
    assert client.put(f"/v1/people/{user['id']}", json=user | {"loginEnabled": True}).status_code == 200
    assert [status(client, header) for header in headers] == [200] * 3
    assert client.as_(None).post("/v1/access_token", data=renewal).status_code == 200


def test_other_tokens_give_no_access(server: Server, client: Client):
    """A refresh token is no access token."""
    me = ids.decode("PEOPLE", client.get("/v1/people/me").json()["id"]) or ""
    issued = client.as_(None).post("/v1/access_token", data=registered(server, me)).json()
    assert status(client, f"Bearer {issued['access_token']}") == 200
    assert status(client, f"Bearer {issued['refresh_token']}") == 401


def test_tokens_that_have_run_out_are_forgotten(server: Server, client: Client):
    """A program that asks for tokens again and again leaves none behind that work no longer; others stay."""
    me = ids.decode("PEOPLE", client.get("/v1/people/me").json()["id"]) or ""
    credentials = registered(server, me)
    forever = granted(server, "admin@example.com")
    for _ in range(5):
        client.as_(None).post("/v1/access_token", data=credentials)
    server.run("UPDATE tokens SET expires = $1 WHERE expires IS NOT NULL", "2026-01-01T00:00:00.000Z")
    client.as_(None).post("/v1/access_token", data=credentials)
    assert server.rows("SELECT count(*) FROM tokens") == [(3,)]  # two new ones, and the one that stays
    assert status(client, f"Bearer {forever}") == 200


def test_demo_tokens_work_on_a_demo_server_only(server: Server, client: Client):
    """Everybody knows the demo's tokens: a server that is not told to accept them does not."""
    assert client.get("/v1/licenses").status_code == 200
    known, server.service.tokens.demo = server.service.tokens.demo, {}
    assert client.get("/v1/licenses").status_code == 401
    server.service.tokens.demo = known

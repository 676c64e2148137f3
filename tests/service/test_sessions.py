"""Sessions: what a sign-in gives, how long it works, and what ends it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from allot.cli.demo import ACME
from allot.core.call import Call
from allot.core.failure import Failure, Kind
from allot.core.scope import LICENSES_READ, PEOPLE_READ
from allot.service import grants, memories, sessions
from allot.service.clock import Setting
from allot.service.grants import Granting
from allot.service.service import Service
from allot.service.sessions import SESSION_SECONDS, Session
from allot.store import tokens
from servers import open_service

T = TypeVar("T")
DEMO = "allot-demo-admin"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unremembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens are looked up every time, as they are after some seconds."""
    monkeypatch.setattr(memories, "REMEMBERED_SECONDS", 0.0)


def run(url: str, act: Callable[[Service], Awaitable[T]]) -> T:
    """What `act` makes of a service with the demo's organizations, at noon."""

    async def main() -> T:
        async with open_service(url) as service:
            service.clock.set(Setting(99, frozen=NOW))
            return await act(service)

    return asyncio.run(main())


async def granted(service: Service, expires: datetime | None = None) -> str:
    """A token of Acme's auditor, made by hand."""
    scopes = frozenset({LICENSES_READ, PEOPLE_READ})
    async with service.database.writing() as writing:
        granting = Granting(ACME, "auditor@example.com", "by hand", scopes, expires)
        return await grants.grant(writing, service.context, granting)


async def begun(service: Service, token: str) -> Session:
    return await sessions.begin(service, token, "TEST_1", "192.0.2.1", "browser")


async def works(service: Service, token: str) -> bool:
    return await service.tokens.caller(token) is not None


async def listed(service: Service) -> list[tokens.Grant]:
    async with service.database.reading() as reading:
        return await tokens.grants(reading, ACME)


def test_a_session_has_the_rights_of_its_token(demo_url: str) -> None:
    """A session speaks for the same person with the same scopes, and lasts twelve hours."""

    async def act(service: Service) -> None:
        token = await granted(service)
        session = await begun(service, token)
        parent, caller = await service.tokens.caller(token), await service.tokens.caller(session.token)
        assert parent is not None
        assert caller is not None
        assert (caller.person_id, caller.scopes, caller.roles) == (parent.person_id, parent.scopes, parent.roles)
        assert caller.email == session.caller.email == "auditor@example.com"
        assert session.seconds == SESSION_SECONDS
        assert session.token != token
        service.clock.set(Setting(100, frozen=NOW + timedelta(seconds=SESSION_SECONDS - 1)))
        assert await works(service, session.token)
        service.clock.set(Setting(101, frozen=NOW + timedelta(seconds=SESSION_SECONDS)))
        assert not await works(service, session.token)
        assert await works(service, token)

    run(demo_url, act)


def test_no_session_outlives_what_began_it(demo_url: str) -> None:
    """A session ends with the token that began it, and so does a session that was begun with a session."""

    async def act(service: Service) -> None:
        session = await begun(service, await granted(service, NOW + timedelta(hours=1)))
        assert (session.expires, session.seconds) == ("2026-11-22T13:00:00.000Z", 3600)
        first = await begun(service, await granted(service))
        service.clock.set(Setting(100, frozen=NOW + timedelta(hours=2)))
        assert (await begun(service, first.token)).expires == first.expires
        assert not await works(service, session.token)

    run(demo_url, act)


def test_revoking_a_grant_ends_its_sessions(demo_url: str) -> None:
    """The sessions of a token are no grants of their own: they are listed as one, and revoked as one."""

    async def act(service: Service) -> None:
        token = await granted(service)
        session = await begun(service, token)
        [grant] = await listed(service)
        assert (grant.name, grant.expires) == ("by hand", None)
        async with service.database.writing() as writing:
            await grants.revoke(writing, service.context, ACME, grant.id)
        assert not await works(service, token)
        assert not await works(service, session.token)
        with pytest.raises(Failure) as failed:
            await begun(service, session.token)
        assert failed.value.kind is Kind.UNAUTHENTICATED

    run(demo_url, act)


def test_a_session_is_begun_by_what_is_known_now(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is still remembered, but was revoked meanwhile, begins no session."""
    monkeypatch.setattr(memories, "REMEMBERED_SECONDS", 60.0)

    async def act(service: Service) -> None:
        token = await granted(service)
        assert await works(service, token)
        [grant] = await listed(service)
        async with service.database.writing() as writing:
            await grants.revoke(writing, service.context, ACME, grant.id)
        with pytest.raises(Failure) as failed:
            await begun(service, token)
        assert failed.value.kind is Kind.UNAUTHENTICATED

    run(demo_url, act)


def test_signing_out_ends_one_session_at_once(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who signs out is signed out here and now, wherever else they are signed in; twice is no fault."""
    monkeypatch.setattr(memories, "REMEMBERED_SECONDS", 60.0)

    async def act(service: Service) -> None:
        token = await granted(service)
        one, other = await begun(service, token), await begun(service, token)
        assert await works(service, one.token)
        for _ in range(2):
            await sessions.end(service, Call(one.caller, "TEST_2"), one.token)
            assert not await works(service, one.token)
        assert await works(service, other.token)
        assert await works(service, token)

    run(demo_url, act)


def test_signing_in_and_out_is_in_the_journal(demo_url: str) -> None:
    """The journal says who signed in and out, from where, and nothing that would let anybody else in."""

    async def act(service: Service) -> None:
        token = await granted(service)
        session = await begun(service, token)
        await sessions.end(service, Call(session.caller, "TEST_2"), session.token)
        async with service.database.reading() as reading:
            rows = await reading.rows(
                "SELECT action, actor_id, detail FROM journal WHERE org_id = $1 ORDER BY entry DESC LIMIT 2", ACME
            )
        assert [(action, actor) for action, actor, _ in rows] == [
            ("sessions.end", session.caller.person_id),
            ("sessions.begin", session.caller.person_id),
        ]
        assert "192.0.2.1" in rows[1][2]
        assert not any(secret.rpartition("_")[0] in detail for secret in (token, session.token) for *_, detail in rows)

    run(demo_url, act)


def test_sessions_that_have_ended_are_forgotten(demo_url: str) -> None:
    """Whoever signs in every day leaves no pile of sessions behind."""

    async def act(service: Service) -> None:
        token = await granted(service)
        for day in range(5):
            service.clock.set(Setting(100 + day, frozen=NOW + timedelta(days=day)))
            await begun(service, token)
        async with service.database.reading() as reading:
            assert await reading.rows("SELECT COUNT(*) FROM tokens") == [(2,)]

    run(demo_url, act)


def test_what_is_no_access_token_begins_no_session(demo_url: str) -> None:
    """Nonsense, an empty text and what only looks like a token are refused alike."""

    async def act(service: Service) -> None:
        for text in ("", "nonsense", f"x_{ACME}", f"x~{DEMO}x", "~", "\ud800".encode("utf-8", "replace").decode()):
            with pytest.raises(Failure) as failed:
                await begun(service, text)
            assert failed.value.kind is Kind.UNAUTHENTICATED

    run(demo_url, act)


def test_a_demo_session_works_on_a_demo_server_only(demo_url: str) -> None:
    """A session of the demo is not stored: a server that is not told to accept the demo's tokens knows none of them."""

    async def act(service: Service) -> None:
        async with service.database.reading() as reading:
            before = await reading.rows("SELECT COUNT(*) FROM tokens")
            session, other = await begun(service, DEMO), await begun(service, DEMO)
            assert await reading.rows("SELECT COUNT(*) FROM tokens") == before
        assert len({session.token, other.token, DEMO}) == 3
        assert await works(service, session.token)
        assert session.caller.email == "admin@example.com"
        again = await begun(service, session.token)
        assert len(again.token) == len(session.token)
        await sessions.end(service, Call(session.caller, "TEST_2"), session.token)
        service.tokens.demo = {}
        for token in (session.token, again.token, DEMO):
            assert not await works(service, token)

    run(demo_url, act)


def test_a_form_is_of_one_session() -> None:
    """The secret of a session's forms is of that session alone, and does not show its token."""
    assert sessions.is_csrf("token", sessions.csrf("token"))
    assert sessions.csrf("token") == sessions.csrf("token") != sessions.csrf("other")
    for told in ("", "é", "token", sessions.csrf("other"), sessions.csrf("token") + " "):
        assert not sessions.is_csrf("token", told)

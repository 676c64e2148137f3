"""Disclosure: what happens inside is told to the operator, and not to clients."""

import logging
from collections.abc import Iterator
from contextlib import asynccontextmanager

import pytest

from allot.service.service import Service
from allot.store.database import StoreError, UncertainError
from servers import Client, Server

SECRET = 'connection to server at "10.1.2.3", port 5432 failed: no such user "allot"'


class Away:
    """A database that cannot be reached any more."""

    def __init__(self, real, error: StoreError) -> None:
        self.url, self.writers, self.close = real.url, real.writers, real.close
        self._error = error

    @asynccontextmanager
    async def reading(self):
        raise self._error
        yield

    writing = reading


@pytest.fixture
def broken(demo_sqlite_url: str) -> Iterator[Server]:
    with Server(demo_sqlite_url) as server:
        yield server


def lose(server: Server, error: StoreError) -> None:
    """Put the database out of reach, for reading and writing."""

    async def lose_on(service: Service) -> None:
        away = Away(service.database, error)
        service.database = service.writes._database = away  # type: ignore[assignment]

    server.call(lose_on)


@pytest.mark.parametrize(
    ("error", "says"), [(StoreError(SECRET), "Nothing was changed"), (UncertainError(SECRET), "may have been made")]
)
def test_what_the_database_says_is_in_the_log_only(
    broken: Server, caplog: pytest.LogCaptureFixture, error: StoreError, says: str
):
    """Reads, writes and probes that cannot reach the database answer 503 without its words, which are logged."""
    client: Client = broken.client()
    assert client.get("/v1/licenses").status_code == 200  # the token is remembered from here on
    lose(broken, error)
    caplog.set_level(logging.ERROR)
    read = client.get("/v1/licenses")
    write = client.patch("/v1/licenses/users", json={"email": "user@example.com", "licenses": [{"id": "x"}]})
    probe = client.get("/allot/v1/readiness")
    client.close_all()
    for answer in (read, write, probe):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "10.1.2.3" not in answer.text
    assert says in write.json()["errors"][0]["description"]
    assert "cannot be reached" in probe.json()["errors"][0]["description"]
    assert len([record for record in caplog.records if SECRET in record.getMessage()]) == 3


def test_a_bug_is_answered_without_its_words(broken: Server, caplog: pytest.LogCaptureFixture):
    """A fault of allot itself is a 500 that names the tracking id, and a log entry of one request, not of two."""
    client = broken.client()
    assert client.get("/v1/licenses").status_code == 200
    lose(broken, ValueError(SECRET))  # type: ignore[arg-type]
    caplog.set_level(logging.ERROR)
    answer = client.get("/v1/people/a%0aFORGED", headers={"TrackingID": "mine"})
    assert answer.status_code == 404
    answer = client.get("/v1/organizations/" + "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704", headers={"TrackingID": "mine"})
    client.close_all()
    assert (answer.status_code, answer.json()["trackingId"]) == (500, "mine")
    assert "10.1.2.3" not in answer.text
    [record] = caplog.records
    assert "mine" in record.getMessage()
    assert SECRET in str(record.exc_info)

"""Probes: whether a server is alive and ready, and what it counts."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from allot.service.service import Service
from allot.store.database import StoreError
from plane.acme import PATCH, ask
from servers import Client, Server


def test_a_server_that_runs_is_alive_and_ready(server: Server, client: Client):
    """Both probes answer 200 without a token."""
    for path, status in (("health", "alive"), ("readiness", "ready")):
        answer = client.as_(None).get(f"/allot/v1/{path}")
        assert (answer.status_code, answer.json()) == (200, {"status": status})


def test_probes_can_be_asked_by_head(server: Server, client: Client):
    """HEAD has the status and the headers of GET, and no body, also of a server that is not ready."""

    async def stop(service: Service) -> None:
        await service.writes.close()

    nobody = client.as_(None)
    for stopped in (False, True):
        for path in ("health", "readiness"):
            asked, got = (nobody.request(method, f"/allot/v1/{path}") for method in ("HEAD", "GET"))
            assert asked.status_code == got.status_code == (503 if stopped and path == "readiness" else 200)
            assert asked.content == b""
            assert asked.headers.keys() == got.headers.keys()
            assert asked.headers["Content-Type"] == got.headers["Content-Type"]
        if not stopped:
            server.call(stop)


def test_a_database_that_lacks_a_migration_is_not_ready(server: Server, client: Client):
    """Readiness is 503 and names the migration and the remedy; liveness stays."""

    async def forget(service: Service) -> None:
        async with service.database.writing() as writing:
            await writing.run("DELETE FROM _yoyo_migration")

    server.call(forget)
    answer = client.as_(None).get("/allot/v1/readiness")
    assert answer.status_code == 503
    assert "lacks migration 0001_foundation; run: allot migrate" in answer.json()["errors"][0]["description"]
    assert answer.headers["Retry-After"] == "1"
    assert client.as_(None).get("/allot/v1/health").status_code == 200

    async def lose(service: Service) -> None:
        async with service.database.writing() as writing:
            await writing.run("DROP TABLE _yoyo_migration")

    server.call(lose)
    assert client.get("/allot/v1/readiness").status_code == 503


def test_writers_that_stop_are_not_ready(demo_sqlite_url: str):
    """Readiness is 503 once the writers do not run."""

    async def stop(service: Service) -> None:
        await service.writes.close()

    with Server(demo_sqlite_url) as server:
        client = server.client()
        server.call(stop)
        answer = client.get("/allot/v1/readiness")
        assert answer.status_code == 503
        assert "The writers do not run" in answer.json()["errors"][0]["description"]
        client.close_all()


def test_a_database_that_is_away_is_not_ready(server: Server, client: Client):
    """Readiness is 503 when the database cannot be read."""
    server.call(lambda service: asyncio.wait_for(_break(service), 5))
    answer = client.as_(None).get("/allot/v1/readiness")
    assert answer.status_code == 503
    assert "The database cannot be reached" in answer.json()["errors"][0]["description"]


async def _break(service: Service) -> None:
    real = service.database

    class Away:
        url, writers = real.url, real.writers

        def reading(self):
            raise StoreError("it is away")

        close = real.close

    service.database = Away()


def test_metrics_count_answers_and_transactions(server: Server, client: Client):
    """The meters are in the form of Prometheus: answers by operation and status, and what the writers did."""
    for verb in "+-":
        client.patch(PATCH, json=ask(client, "user@example.com", f"{verb}Webex Meetings Suite"))
    client.patch(PATCH, json={})
    answer = client.as_(None).get("/allot/v1/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    counts = {
        (sample.labels["operation"], sample.labels["status"]): sample.value
        for sample in found["allot_answer_seconds"].samples
        if sample.name == "allot_answer_seconds_count"
    }
    assert counts["assign_licenses_to_users", "200"] == 2
    assert counts["assign_licenses_to_users", "400"] == 1
    assert found["allot_writes"].samples[0].value == 2
    assert found["allot_write_batches"].samples[0].value == 2
    assert found["allot_writes_waiting"].samples[0].value == 0

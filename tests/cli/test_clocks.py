"""The clock of a database as commands go by it."""

from datetime import UTC, datetime, timedelta

from allot.cli.demo import ACME
from allot.service.clock import later, stamp
from servers import Server


def test_commands_go_by_the_clock_of_the_database(allot, demo_sqlite_url: str):
    """What a command makes is dated with the time that the database was put to, and runs out by it at once."""
    at = datetime.now(UTC) + timedelta(days=3650)
    with Server(demo_sqlite_url) as server:
        client = server.client()
        assert client.post("/allot/v1/clock/freeze", json={"at": stamp(at)}).status_code == 200
        client.close_all()
    flags = ("--org", ACME, "--database", demo_sqlite_url)
    made = allot("token", "create", "--person", "admin@example.com", "--expires", "12h", *flags)
    assert made.code == 0, made.err
    listed = allot("token", "list", *flags).out
    assert f"made {stamp(at)}, runs out {later(at, hours=12)}" in listed
    past = later(at, days=-365)[:10]
    over = allot("token", "create", "--person", "admin@example.com", "--expires", past, *flags)
    assert "which is over" in over.err
    with Server(demo_sqlite_url) as server:
        client = server.client(made.out.strip())
        assert client.get("/v1/licenses").status_code == 200
        assert client.post("/allot/v1/clock/advance", json={"seconds": 13 * 3600}).status_code == 200
        assert client.get("/v1/licenses").status_code == 401
        client.close_all()

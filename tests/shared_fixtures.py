"""Fixtures for tests of all rings but core. What they make is real: databases, servers, processes.

- `database_url`: an empty, migrated database; the test runs once on SQLite and once on PostgreSQL.
- `demo_url`: the same with the demo organization.
- `sqlite_url`, `demo_sqlite_url`, `postgres_url`, `demo_postgres_url`: of one kind only.
- `server`, `client`: the application on `demo_url` over HTTP, and a client of it with the administrator's token.
- `demo`, `admin`: the same, one server for all tests of a file, on SQLite.
- `process`: `allot serve --demo` as a process, on an SQLite file.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from databases import Maker, PostgresMaker, SqliteMaker, postgres_server
from servers import Client, Process, Server, load_demo


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes SQLite databases."""
    return SqliteMaker(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Maker]:
    """Makes PostgreSQL databases, on one server for the whole run."""
    with postgres_server() as url, closing(PostgresMaker(url)) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
def maker(request: pytest.FixtureRequest) -> Maker:
    """Makes databases of the kind that the test runs on."""
    made: Maker = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def database_url(maker: Maker) -> Iterator[str]:
    with maker.lent() as url:
        yield url


@pytest.fixture
def demo_url(maker: Maker) -> Iterator[str]:
    with maker.lent(load_demo) as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite: Maker) -> Iterator[str]:
    with sqlite.lent() as url:
        yield url


@pytest.fixture
def demo_sqlite_url(sqlite: Maker) -> Iterator[str]:
    with sqlite.lent(load_demo) as url:
        yield url


@pytest.fixture
def postgres_url(postgres: Maker) -> Iterator[str]:
    with postgres.lent() as url:
        yield url


@pytest.fixture
def demo_postgres_url(postgres: Maker) -> Iterator[str]:
    with postgres.lent(load_demo) as url:
        yield url


@pytest.fixture
def server(demo_url: str) -> Iterator[Server]:
    with Server(demo_url) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    made = server.client()
    yield made
    made.close_all()


@pytest.fixture(scope="module")
def demo(sqlite: Maker) -> Iterator[Server]:
    """One demo server for the tests of a file that change nothing, or only what is theirs."""
    with sqlite.lent(load_demo) as url, Server(url) as running:
        yield running


@pytest.fixture
def admin(demo: Server) -> Iterator[Client]:
    """The administrator of Acme, on the server of the file."""
    client = demo.client()
    yield client
    client.close_all()


@pytest.fixture
def process(demo_sqlite_url: str, tmp_path: Path) -> Iterator[Process]:
    with Process(demo_sqlite_url, tmp_path / "server.log", "--demo") as running:
        yield running

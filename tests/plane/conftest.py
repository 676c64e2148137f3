"""Fixtures of the plane's tests: one demo server for tests that change nothing, or only what is theirs."""

from collections.abc import Iterator

import pytest

from databases import Maker
from servers import Client, Server, load_demo


@pytest.fixture(scope="module")
def demo(sqlite: Maker) -> Iterator[Server]:
    url = sqlite.make(load_demo)
    with Server(url) as running:
        yield running
    sqlite.drop(url)


@pytest.fixture
def admin(demo: Server) -> Iterator[Client]:
    """The administrator of Acme."""
    client = demo.client()
    yield client
    client.close_all()

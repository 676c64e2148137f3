"""Fixtures of the console's pages over HTTP.

- `visitor`: the administrator of the demo, signed in.
- `visits`: makes visitors of the demo's server by token.
- `partner`, `api`: the administrator of the demo's partner, in the console and at the API.
"""

from collections.abc import Callable, Iterator

import pytest

from servers import ADMIN, Client, Server
from visiting import Visitor
from wholesale import TOKEN


@pytest.fixture
def visits(demo: Server) -> Iterator[Callable[..., Visitor]]:
    made: list[Visitor] = []

    def visit(token: str | None = ADMIN) -> Visitor:
        made.append(Visitor(demo.address, token))
        return made[-1]

    yield visit
    for each in made:
        each.close()


@pytest.fixture
def visitor(visits: Callable[..., Visitor]) -> Visitor:
    return visits()


@pytest.fixture
def partner(visits: Callable[..., Visitor]) -> Visitor:
    return visits(TOKEN)


@pytest.fixture
def api(demo: Server) -> Iterator[Client]:
    client = demo.client(TOKEN)
    yield client
    client.close_all()

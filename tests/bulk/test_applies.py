"""Applying plans to a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bulk.applying import ADVANCED, DOWNGRADE, MESSAGING, PROFESSIONAL, STANDARD, UPGRADE, carry_out, document, email, found
from bulk.applying import holdings, plan_all
from servers import Server


@pytest.fixture
def server(sqlite_url: str) -> Iterator[Server]:
    with Server(sqlite_url) as running:
        yield running


def test_a_plan_is_carried_out_and_read_back(server: Server, tmp_path: Path):
    """Everybody is as planned afterwards, and was seen so; whom the plan does not name is as before."""
    company = found(server, document(40))
    plan = plan_all(company, tmp_path, range(30), UPGRADE)
    applied = carry_out(plan, company)
    assert applied.outcomes == {"done": 30}
    assert applied.tally.done == applied.tally.total == 30
    now = holdings(company, tmp_path)
    assert all(now[email(n)] == ([PROFESSIONAL, MESSAGING], str(1000 + n)) for n in range(30))
    assert all(now[email(n)] == ([STANDARD, MESSAGING], str(1000 + n)) for n in range(30, 40))

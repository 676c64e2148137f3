"""Callers: what their roles let them do."""

import pytest

from allot.core.call import Caller
from allot.core.role import ROLES


@pytest.mark.parametrize("id", ROLES)
def test_a_role_gives_its_rights(id):
    """A caller may read and write what one of the roles may; roles that nobody knows give nothing."""
    caller = Caller("o", "p", "p@example.com", frozenset(), frozenset({id, "no-such-role"}))
    assert (caller.reads, caller.writes) == (ROLES[id].reads, ROLES[id].writes)


def test_no_role_gives_nothing():
    """A caller without roles may neither read nor write."""
    caller = Caller("o", "p", "p@example.com", frozenset(), frozenset())
    assert (caller.reads, caller.writes) == (False, False)

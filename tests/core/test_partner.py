"""Partners: who may do what."""

import pytest

from allot.core.partner import STATES, Partner


@pytest.mark.parametrize(("state", "suspended"), [("active", False), ("suspended", True)])
def test_a_suspended_partner_is_told_apart(state, suspended):
    """A partner is active or suspended, and nothing else."""
    assert state in STATES
    assert Partner("org", None, "subscription", state, "created", "billing").suspended == suspended

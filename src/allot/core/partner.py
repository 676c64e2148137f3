"""A wholesale partner: a provider that has customers, or one of its sub-partners."""

from dataclasses import dataclass

ACTIVE = "active"
SUSPENDED = "suspended"
STATES = (ACTIVE, SUSPENDED)


@dataclass(frozen=True, slots=True)
class Partner:
    """An organization that may provision customers."""

    org_id: str
    #: the partner that it is a sub-partner of
    parent_id: str | None
    subscription_id: str
    state: str
    created: str
    billing_start: str

    @property
    def suspended(self) -> bool:
        """Whether it may only delete."""
        return self.state == SUSPENDED

"""A license: units of one offer that an organization may give to its people."""

from dataclasses import dataclass

from allot.core.offer import Offer

STRICT = "strict"
OVERAGE = "overage"


@dataclass(slots=True, eq=False)
class License:
    """One license of one organization.

    `number` is its place in the organization's license list, from 0; holdings refer to it.
    """

    number: int
    id: str
    offer: Offer
    name: str
    total_units: int
    #: `strict` refuses what exceeds the units, `overage` accepts it
    policy: str
    consumed_by_users: int = 0
    consumed_by_workspaces: int = 0
    subscription_id: str | None = None
    site_url: str | None = None
    #: 1 << number: what a person holds is one integer
    bit: int = 0

    def __post_init__(self) -> None:
        self.bit = 1 << self.number

    @property
    def consumed_units(self) -> int:
        """Units in use by people and workspaces together."""
        return self.consumed_by_users + self.consumed_by_workspaces

    def has_free_unit(self) -> bool:
        """Whether one more person may have it under its own policy."""
        return self.offer.free or self.policy == OVERAGE or self.consumed_units < self.total_units

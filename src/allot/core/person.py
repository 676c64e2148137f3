"""A person as an organization knows them, with what they hold there."""

from dataclasses import dataclass

from allot.core.holding import Holding


@dataclass(slots=True, eq=False)
class Person:
    """One person in one organization, which is not the home of an external person."""

    org_id: str
    id: str
    home_org_id: str
    email: str
    holding: Holding
    #: the part of the holding that an external person has not accepted yet
    pending_licenses: int = 0
    pending_sites: frozenset[str] = frozenset()
    #: invitations that have run out and are still in the store; not part of the holding
    lapsed_licenses: int = 0
    lapsed_sites: frozenset[str] = frozenset()

    @property
    def external(self) -> bool:
        """Whether the person belongs to another organization."""
        return self.home_org_id != self.org_id

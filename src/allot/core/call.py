"""A call: who asks, with what rights, under which tracking id."""

from dataclasses import dataclass

from allot.core.role import ROLES


@dataclass(slots=True, eq=False)
class Caller:
    """The person and the rights behind a token."""

    org_id: str
    person_id: str
    email: str
    scopes: frozenset[str]
    roles: frozenset[str]
    #: what tells tokens apart without showing them, for limits and logs
    token_key: str = ""

    @property
    def reads(self) -> bool:
        """Whether a role lets the caller read what administrators read."""
        return any(ROLES[role].reads for role in self.roles if role in ROLES)

    @property
    def writes(self) -> bool:
        """Whether a role lets the caller change people and licenses."""
        return any(ROLES[role].writes for role in self.roles if role in ROLES)


@dataclass(slots=True, eq=False)
class Call:
    """One request as the service sees it."""

    caller: Caller
    tracking_id: str
    address: str = ""
    agent: str = ""

"""A call: who asks, with what rights, under which tracking id."""

from dataclasses import dataclass, field

from allot.core.role import FULL, ROLES


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
    #: when the token runs out, as times are stored; None for never
    expires: str | None = None

    #: whether a role lets the caller read what administrators read
    reads: bool = field(init=False)
    #: whether a role lets the caller change people and licenses
    writes: bool = field(init=False)
    #: whether the caller is a full administrator, who also changes locations and numbers
    full: bool = field(init=False)

    def __post_init__(self) -> None:
        roles = [ROLES[role] for role in self.roles if role in ROLES]
        self.reads = any(role.reads for role in roles)
        self.writes = any(role.writes for role in roles)
        self.full = FULL in roles


@dataclass(slots=True, eq=False)
class Call:
    """One request as the service sees it."""

    caller: Caller
    tracking_id: str
    address: str = ""
    agent: str = ""

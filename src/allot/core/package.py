"""A package: what a wholesale customer is sold, and what it grants to subscribers."""

from dataclasses import dataclass, field
from typing import NamedTuple

from allot.core.offer import Provenance

PROVISIONED = "provisioned"
PROVISIONING = "provisioning"
DELETING = "deleting"
ERROR = "error"

#: the moves that a package's status can make; "" is a package that is not there
EDGES = frozenset(
    {
        ("", PROVISIONING),
        (PROVISIONING, PROVISIONED),
        (PROVISIONING, ERROR),
        (PROVISIONED, DELETING),
        (ERROR, PROVISIONING),
        (ERROR, DELETING),
        (DELETING, ERROR),
        (DELETING, ""),
    }
)


class Notice(NamedTuple):
    """A warning or an error of the last attempt: a code that programs read, a sentence that people read."""

    code: int
    description: str


@dataclass(frozen=True, slots=True)
class Package:
    """One package of the rulebook."""

    name: str
    #: the name that Webex shows
    title: str
    #: codes of the offers that it brings, one license of each
    grants: tuple[str, ...]
    #: needs the customer's calling location; a subscriber of it needs a number or an extension
    calling: bool
    #: needs the customer's meetings site
    meetings: bool
    #: may be given to a subscriber
    subscribers: bool
    #: a subscriber has exactly one of these
    base: bool
    #: the deprecated member `package` may name it
    single: bool
    #: packages of which one must be there too; none when empty
    any_of: tuple[str, ...]
    provenance: Provenance


@dataclass(slots=True, eq=False)
class Held:
    """A package of one customer: the status of its provisioning, and what came of the last attempt."""

    package: Package
    #: "" until the run that it comes with begins
    status: str
    #: at most so many subscribers may have it; None sets no limit
    limit: int | None = None
    warnings: list[Notice] = field(default_factory=list)
    errors: list[Notice] = field(default_factory=list)
    #: ids of its licenses in the customer's organization
    license_ids: list[str] = field(default_factory=list)
    #: how many subscribers have it
    subscribers: int = 0
    #: a run changed it since it was loaded
    changed: bool = False

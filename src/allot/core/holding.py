"""What one person holds, and what is asked to change about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from allot.core.license import License

#: an extension, without the routing prefix
EXTENSION = re.compile(r"[0-9]{2,10}")


@dataclass(frozen=True, slots=True)
class Properties:
    """The calling properties of one license item; absent members are None.

    `phone_number` is E.164 with a plus; `extension` has no routing prefix.
    """

    location_id: str | None = None
    phone_number: str | None = None
    extension: str | None = None

    @property
    def reachable(self) -> bool:
        """Whether they say a number or an extension, not just a location."""
        return bool(self.phone_number or self.extension)


@dataclass(slots=True, eq=False)
class LicenseItem:
    """One license of the organization to add or remove."""

    license: License
    add: bool
    properties: Properties | None = None


@dataclass(slots=True, eq=False)
class UnknownItem:
    """A license to add or remove that is none of the organization's; `id` as the request gave it."""

    id: str
    add: bool


@dataclass(slots=True, eq=False)
class SiteItem:
    """One attendee account to add or remove, on a site that the organization may not have."""

    url: str
    add: bool


#: One thing that a request asks for. Items are compared by identity.
Item = LicenseItem | SiteItem | UnknownItem


@dataclass(frozen=True, slots=True)
class Calling:
    """Where a calling user is reached: one location, a number, an extension, or both of them."""

    location_id: str
    phone_number: str | None = None
    extension: str | None = None


class Holding(NamedTuple):
    """All that a person holds: licenses as a set of bits, attendee sites, calling properties.

    For a person of another organization it includes what is still pending.
    """

    licenses: int = 0
    attendee: frozenset[str] = frozenset()
    calling: Calling | None = None


def bits(licenses: int) -> Iterator[int]:
    """The license numbers in a set of bits, smallest first."""
    while licenses:
        low = licenses & -licenses
        yield low.bit_length() - 1
        licenses ^= low

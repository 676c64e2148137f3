"""A number as the inventory shows it: a phone number, or an extension without one, and who uses it."""

from dataclasses import dataclass

from allot.core.location import Location

ACTIVE = "ACTIVE"
INACTIVE = "INACTIVE"
DID = "DID"
TOLL_FREE = "TOLLFREE"
MOBILE = "MOBILE"


@dataclass(frozen=True, slots=True)
class Owner:
    """The person who has a number."""

    id: str
    first_name: str
    last_name: str


@dataclass(slots=True, eq=False)
class ListedNumber:
    """One entry of the inventory; `phone_number` is None for an extension alone."""

    location: Location
    phone_number: str | None
    extension: str | None
    state: str = ACTIVE
    type: str = DID
    #: whether it is its location's main number
    main: bool = False
    #: whether it is meant for a service with many calls
    service: bool = False
    owner: Owner | None = None

    @property
    def esn(self) -> str | None:
        """Routing prefix and extension; None without an extension."""
        return self.location.esn(self.extension) if self.extension else None


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """Which entries are wanted; None wants all."""

    location_id: str | None = None
    phone_number: str | None = None
    extension: str | None = None
    owner_id: str | None = None
    #: name keys of the owners, the first one and what is just beyond the last
    owner_names: tuple[str, str] | None = None
    assigned: bool | None = None
    state: str | None = None
    types: tuple[str, ...] | None = None
    service: bool | None = None
    #: whether phone numbers are wanted
    numbers: bool = True
    #: whether extensions without a phone number are wanted
    lone_extensions: bool = True


@dataclass(frozen=True, slots=True)
class NumberCount:
    """How many numbers an organization has."""

    numbers: int = 0
    assigned: int = 0
    inactive: int = 0
    toll_free: int = 0
    mobile: int = 0
    service: int = 0
    lone_extensions: int = 0


def refusal_to_remove(number: ListedNumber) -> str | None:
    """Why a number cannot be removed from its location; the main number is documented, use is ours."""
    if number.main:
        return f"{number.phone_number} is the main number of {number.location.name}, which cannot be removed"
    if number.owner is not None:
        return f"{number.phone_number} is in use. Take it from its owner before removing it"
    return None


def refusal_to_switch(number: ListedNumber, *, active: bool) -> str | None:
    """Why a number cannot be activated or deactivated; documented, but for the main number.

    Cisco speaks of emergency callback numbers, which are not kept; by default it is the main number.
    """
    if number.type == MOBILE:
        return f"{number.phone_number} is a mobile number, which is activated when it is assigned"
    if active:
        return None
    if number.owner is not None:
        return f"{number.phone_number} is in use. Take it from its owner before deactivating it"
    if number.main:
        return f"{number.phone_number} is the main number of {number.location.name}, where emergency calls come back"
    return None

"""A location: a place of an organization, which people, numbers and extensions belong to."""

from dataclasses import dataclass
from typing import Any

# Both documented with POST /locations; Control Hub and the calling features know no longer names.
NAME_MAX = 256
CALLING_NAME_MAX = 80


@dataclass(slots=True, eq=False)
class Location:
    """One location of one organization."""

    org_id: str
    id: str
    name: str
    #: address, timeZone and so on, as Webex has them
    details: dict[str, Any]
    #: whether Webex Calling is set up there
    calling: bool = False
    routing_prefix: str | None = None
    #: the number that callers see, when there is one
    main_number: str | None = None

    @property
    def country(self) -> str:
        """The ISO 3166-1 code of its address, empty when it is not known."""
        address: dict[str, str] = self.details.get("address") or {}
        return address.get("country", "").upper()

    def esn(self, extension: str) -> str:
        """What is dialled from another location: the routing prefix and the extension."""
        return (self.routing_prefix or "") + extension


def name_fault(name: str, *, calling: bool) -> str | None:
    """What is wrong with the name of a location; None when nothing is."""
    if not name.strip():
        return "name: must not be empty"
    if len(name) > NAME_MAX:
        return f"name: may have at most {NAME_MAX} characters"
    if calling and len(name) > CALLING_NAME_MAX:
        return f"name: may have at most {CALLING_NAME_MAX} characters where Webex Calling is enabled"
    return None


def refusals_to_delete(location: Location, used_by: list[str]) -> list[str]:
    """Why a location cannot be deleted; `used_by` names what still belongs to it.

    That calling must be disabled first is documented; the others are ours, since nothing may be left without its place.
    """
    refusals = []
    if location.calling:
        refusals.append(
            f"The location {location.name} is enabled for Webex Calling. Disable Webex Calling there before deleting it"
        )
    refusals += [
        f"The location {location.name} still has {what}. Move or remove them before deleting it" for what in used_by
    ]
    return refusals

"""A call park extension: where calls wait to be picked up at another phone."""

from dataclasses import dataclass

from allot.core.location import Location


@dataclass(frozen=True, slots=True)
class CallPark:
    """One call park extension of a location."""

    id: str
    location: Location
    extension: str
    name: str

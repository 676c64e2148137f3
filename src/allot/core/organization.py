"""An organization as a decision sees it: its licenses, sites and locations, and what is taken."""

from dataclasses import dataclass, field

from allot.core.license import License
from allot.core.rule import DOUBLE
from allot.core.site import Site


@dataclass(frozen=True, slots=True)
class Head:
    """What an organization is called, and who manages it."""

    org_id: str
    display_name: str
    created: str
    manager_id: str | None


@dataclass(slots=True, eq=False)
class Number:
    """A phone number of the inventory: where it belongs and who has it."""

    location_id: str
    owner_id: str | None


@dataclass(slots=True, eq=False)
class Organization:
    """The part of an organization that a batch of requests is decided against.

    `numbers` and `extensions` hold only those that the batch speaks of; an extension that is
    absent is free, a number that is absent is not in the inventory.
    """

    id: str
    #: by license id, in the order of the organization's list
    licenses: dict[str, License]
    sites: dict[str, Site] = field(default_factory=dict)
    #: ids of those where Webex Calling is set up
    locations: set[str] = field(default_factory=set)
    numbers: dict[str, Number] = field(default_factory=dict)
    #: (location id, extension) -> id of the person or feature that uses it
    extensions: dict[tuple[str, str], str] = field(default_factory=dict)
    _by_number: list[License] = field(init=False, repr=False)
    _offers: dict[int, int] = field(init=False, repr=False)
    _held: dict[int, list[License]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_number = sorted(self.licenses.values(), key=lambda held: held.number)
        self._offers = {0: 0}
        self._held = {0: []}

    def held(self, licenses: int) -> list[License]:
        """The licenses of a set of bits, in the organization's order; remembered, since people are alike."""
        held = self._held.get(licenses)
        if held is None:
            held = self._held[licenses] = [license for license in self._by_number if license.bit & licenses]
        return held

    def offers(self, licenses: int) -> int:
        """The offers of a set of licenses, both as bits, with `rule.DOUBLE` when two are of one offer.

        Remembered, since people are alike.
        """
        offers = self._offers.get(licenses)
        if offers is None:
            offers = 0
            for license in self.held(licenses):
                offers |= DOUBLE if license.offer.bit & offers else license.offer.bit
            self._offers[licenses] = offers
        return offers

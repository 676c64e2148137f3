"""An offer: what a license is a license for, known by Webex's type code (``BCSTD``, ``EE``, …)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a behaviour comes from: `documented` by Cisco, `observed` on a live system,
    `assumed` because nobody says, or `ours` by decision; `source` is the citation."""

    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer of the rulebook. Rules speak of offers; people hold licenses."""

    code: str
    #: the name that Webex shows; a license may carry its own, because names change
    name: str
    #: calling, messaging, meetings, hybrid, contact-center or device
    family: str
    #: 1 << position in the rulebook: a set of offers is one integer
    bit: int
    #: needs its own calling properties (number or extension with location)
    calling: bool
    #: has no unit limit and reports total = consumed
    free: bool
    #: a new person gets it when the request names no licenses
    default: bool
    #: may be held by people of another organization
    meetings: bool
    provenance: Provenance

"""A meetings site: people are host there by a license, or attendee by an account."""

from dataclasses import dataclass

MANAGED = "Control Hub managed site"
LINKED = "Linked site"
SITE_ADMIN = "Site Admin managed site"
TYPES = (MANAGED, LINKED, SITE_ADMIN)


@dataclass(frozen=True, slots=True)
class Site:
    """One site of one organization."""

    url: str
    type: str
    #: whether the site has the attendee feature (Cisco switches it on per site)
    attendees: bool

"""A person as an organization knows them, with what they hold there."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

from allot.core.holding import Holding

EMAIL_MAX = 254
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\\\"]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

# No character, and above all of them: it ends what begins with a text. Keys leave it out.
_LAST = "\U0010ffff"


@dataclass(slots=True, eq=False)
class Person:
    """One person in one organization, which is not the home of an external person."""

    org_id: str
    id: str
    home_org_id: str
    email: str
    holding: Holding
    #: the part of the holding that an external person has not accepted yet
    pending_licenses: int = 0
    pending_sites: frozenset[str] = frozenset()
    #: invitations that have run out and are still in the store; not part of the holding
    lapsed_licenses: int = 0
    lapsed_sites: frozenset[str] = frozenset()
    #: what an external person was given since they were loaded: invitations of now, whatever was there before
    renewed_licenses: int = 0
    renewed_sites: frozenset[str] = frozenset()

    @property
    def external(self) -> bool:
        """Whether the person belongs to another organization."""
        return self.home_org_id != self.org_id

    def copy(self) -> "Person":
        """The person as they are now, whatever becomes of them."""
        return Person(
            self.org_id, self.id, self.home_org_id, self.email, self.holding, self.pending_licenses, self.pending_sites
        )


@dataclass(slots=True, eq=False)
class Profile:
    """What an organization knows of a person besides what they hold."""

    display_name: str
    created: str
    last_modified: str
    #: the other members, by the names that Webex gives them
    details: dict[str, Any] = field(default_factory=dict)
    #: ids of the person's administrator roles, in their order
    roles: list[str] = field(default_factory=list)

    def copy(self) -> "Profile":
        """The profile as it is now, whatever becomes of it."""
        return Profile(self.display_name, self.created, self.last_modified, dict(self.details), list(self.roles))


def fingerprint(person: Person) -> str:
    """What tells whether somebody holds exactly what they held when it was made: the same in every process.

    It is made of licenses, attendee sites, what of them is pending, and calling; not of the profile.
    """
    holding = person.holding
    calling = holding.calling and (holding.calling.location_id, holding.calling.phone_number, holding.calling.extension)
    state = (
        holding.licenses,
        person.pending_licenses,
        sorted(holding.attendee),
        sorted(person.pending_sites),
        calling,
    )
    return hashlib.sha256(repr(state).encode()).hexdigest()[:32]


def is_email(text: str) -> bool:
    """Whether a text in lower case is an email address."""
    return len(text) <= EMAIL_MAX and text.isprintable() and _EMAIL.fullmatch(text) is not None


def name_key(display_name: str) -> str:
    """The form of a display name by which people are ordered and found, whatever its letter case."""
    return display_name.lower().replace(_LAST, "")


def name_range(beginning: str) -> tuple[str, str]:
    """The first key that begins like this, and what is just beyond the last; all keys for the empty text."""
    key = name_key(beginning)
    return key, key + _LAST

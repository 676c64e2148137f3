"""Arrivals: the people of an import, read into rows against what their organization has."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from allot.core import ids
from allot.core.holding import EXTENSION
from allot.core.person import name_key
from allot.core.role import ROLES
from allot.service.documents import PersonDocument
from allot.store import imports as store
from allot.store.database import Row

T = TypeVar("T")
#: (member of the document, names in it, "pending" when they are)
Lists = Sequence[tuple[str, Sequence[str], str | None]]

# Lenient, as a table of `allot plan`: organizations that are there have emails of all sorts.
_EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+")
#: members of a person that are kept as they are, by their names here and in Webex
_KEPT = [
    (member.name, member.encode_name)
    for member in msgspec.structs.fields(PersonDocument)
    if member.name
    in {
        *("first_name", "last_name", "nick_name", "avatar", "department", "manager", "manager_id", "title"),
        *("addresses", "timezone", "last_activity", "login_enabled"),
    }
]


@dataclass(slots=True, eq=False)
class Known:
    """What people of an organization may refer to, and what is taken already, with who has it."""

    #: by key, id and offer code: its place in the organization's list
    licenses: dict[str, int] = field(default_factory=dict)
    #: by id and name: its id
    locations: dict[str, str] = field(default_factory=dict)
    #: where a number belongs
    numbers: dict[str, str] = field(default_factory=dict)
    sites: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    extensions: dict[tuple[str, str], str] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)


def made_id(*parts: str) -> str:
    """An id that is the same whenever the same thing is imported."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def inner(kind: str, text: str) -> str:
    """The part of an id that is kept: wire ids are decoded, others stay as they are."""
    text = text.strip()
    return ids.decode(kind, text) or text


class People:
    """Reads people into rows against what their organization has."""

    def __init__(self, org_id: str, known: Known, rows: store.Rows, faults: list[str]) -> None:
        self._org_id = org_id
        self._known = known
        self._rows = rows
        self._faults = faults

    def add(self, person: PersonDocument, at: str) -> None:
        """Add one person; `at` is their place in the document."""
        known = self._known
        email = person.email.strip().lower()
        home = inner("ORGANIZATION", person.home_organization) if person.home_organization else self._org_id
        id = inner("PEOPLE", person.id) if person.id else made_id(home, "people", email)
        if not _EMAIL.fullmatch(email):
            self._fault(at, "email", f"`{email}` is no email address")
        elif known.emails.setdefault(email, f"at {at}") != f"at {at}":
            self._fault(at, "email", f"{email} is {known.emails[email]} already; list each person once")
        if id in known.people:
            self._fault(at, "id", f"{id} is there twice; give each person their own")
        known.people.add(id)
        if home == self._org_id and (person.pending_licenses or person.pending_sites):
            self._fault(at, "homeOrganization", "only people of another organization have pending things; name theirs")
        self._person(person, at, (self._org_id, id, home, email))
        self._rows.roles += [(self._org_id, id, role) for role in self._roles(person, at)]
        self._hold(person, at, id)

    def _person(self, person: PersonDocument, at: str, key: Row) -> None:
        names = " ".join(name for name in (person.first_name, person.last_name) if name)
        name = person.display_name or names or key[3].partition("@")[0]
        details = {wire: value for own, wire in _KEPT if (value := getattr(person, own)) is not None}
        self._rows.people.append(
            (
                *key,
                name,
                name_key(name),
                msgspec.json.encode(details).decode(),
                person.created,
                *self._reached(person, at),
            )
        )

    def _reached(self, person: PersonDocument, at: str) -> tuple[str | None, str | None, str | None]:
        """Location, number and extension, when they fit together."""
        known, phone, extension = self._known, person.phone_number or None, person.extension or None
        location = known.locations.get(inner("LOCATION", person.location)) if person.location else None
        if person.location and location is None:
            self._fault(at, "location", f"{person.location} is none of the locations; use its id or name")
        if phone is not None:
            location = self._number(at, location, phone)
        if extension is not None:
            self._extension(at, location, extension)
        return location, phone, extension

    def _number(self, at: str, location: str | None, phone: str) -> str | None:
        """The location of a person with this number."""
        known = self._known
        belongs = known.numbers.get(phone)
        if belongs is None:
            self._fault(at, "phoneNumber", f"{phone} is not in the inventory; add it to numbers")
        elif location not in (None, belongs):
            self._fault(at, "phoneNumber", f"{phone} belongs to location {belongs}; put the person there")
        elif known.owners.setdefault(phone, at) != at:
            self._fault(at, "phoneNumber", f"{phone} is of {known.owners[phone]}; choose another number")
        return location or belongs

    def _extension(self, at: str, location: str | None, extension: str) -> None:
        if not EXTENSION.fullmatch(extension):
            self._fault(at, "extension", f"{extension} is no extension; use 2 to 10 digits")
        if location is None:
            self._fault(at, "extension", "needs a location; add one")
            return
        user = self._known.extensions.setdefault((location, extension), at)
        if user != at:
            self._fault(at, "extension", f"{extension} is of {user} at that location; choose another")

    def _roles(self, person: PersonDocument, at: str) -> list[str]:
        roles = list(dict.fromkeys(inner("ROLE", role) for role in person.roles))
        for role in roles:
            if role not in ROLES:
                self._fault(at, "roles", f"{role} is no role; use one of {', '.join(ROLES)}")
        return roles

    def _hold(self, person: PersonDocument, at: str, id: str) -> None:
        lists: Lists = (("licenses", person.licenses, None), ("pendingLicenses", person.pending_licenses, "pending"))
        unknown = "none of the licenses; use a license's key or id"
        held = self._once(at, lists, self._license, unknown, "license")
        self._rows.holdings += [(self._org_id, id, license, pending) for license, pending in held.items()]
        lists = (("attendee", person.attendee, None), ("pendingSites", person.pending_sites, "pending"))
        attended = self._once(at, lists, self._site, "none of the sites; add it to sites", "site")
        self._rows.attendees += [(self._org_id, id, site, pending) for site, pending in attended.items()]

    def _license(self, name: str) -> int | None:
        license = self._known.licenses.get(name)
        return self._known.licenses.get(inner("LICENSE", name)) if license is None else license

    def _site(self, url: str) -> str | None:
        site = url.strip().lower()
        return site if site in self._known.sites else None

    def _once(
        self, at: str, lists: Lists, find: Callable[[str], T | None], unknown: str, noun: str
    ) -> dict[T, str | None]:
        """What the names of these lists stand for, each with whether it is pending."""
        found: dict[T, str | None] = {}
        for member, names, pending in lists:
            for name in names:
                key = find(name)
                if key is None:
                    self._fault(at, member, f"{name} is {unknown}")
                elif key in found:
                    self._fault(at, member, f"{name} is there twice; list each {noun} once")
                else:
                    found[key] = pending
        return found

    def _fault(self, at: str, member: str, what: str) -> None:
        self._faults.append(f"{at}{'.' if at.endswith(']') else ', '}{member}: {what}")

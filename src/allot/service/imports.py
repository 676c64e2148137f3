"""Imports: whole organizations from a document, and people from a table, with every fault at once.

Holdings are taken as they are: a real organization may hold what no rule would give, and
`allot check` reports it. What cannot be stored at all (an unknown license, an extension used
twice) is a fault, and then nothing is imported.
"""

import re
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from allot.core.failure import Failure
from allot.core.holding import EXTENSION
from allot.core.journal import Entry
from allot.core.rulebook import Rulebook
from allot.service import documents, partners, tables
from allot.service.arrivals import Known, People, inner, made_id
from allot.service.clock import later, stamp
from allot.service.context import Context
from allot.service.documents import Document, LocationDocument, PersonDocument
from allot.service.holdings import PENDING_DAYS
from allot.store import imports as store
from allot.store import journal, organizations
from allot.store.database import Writing

#: columns of a table of people, and the members that they are
COLUMNS = {
    "email": "email",
    "displayName": "display_name",
    "licenses": "licenses",
    "location": "location",
    "phoneNumber": "phone_number",
    "extension": "extension",
    "roles": "roles",
}
#: columns with several values, separated by semicolons
LISTS = ("licenses", "roles")
UNITS_MAX = 2**31 - 1
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class ImportFault(ValueError):
    """The document cannot be imported. `faults` holds one sentence per fault, each with its place."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(slots=True, eq=False)
class Import:
    """What is new of one organization, ready to be saved."""

    org_id: str
    rows: store.Rows = field(default_factory=store.Rows)
    #: where it stands in its document
    path: str = ""

    @property
    def people(self) -> int:
        """How many people it brings."""
        return len(self.rows.people)


def read_document(text: str, rulebook: Rulebook) -> list[Import]:
    """The organizations of a JSON document. Raises ImportFault naming every fault."""
    found, faults = documents.decode(text)
    imports: list[Import] = []
    seen: set[str] = set()
    for place, document in enumerate(found):
        path = f"organizations[{place}]." if len(found) > 1 else ""
        reader = _Reader(document, rulebook, path, faults)
        if reader.new.org_id in seen:
            faults.append(f"{path}organization.id: {reader.new.org_id} is in the document twice; give each its own")
        seen.add(reader.new.org_id)
        imports.append(reader.read())
    parents = {row[0]: row[1] for new in imports for row in new.rows.partners}
    faults += _wrong_parents(imports, {org_id: parents.get(org_id, partners.NONE) for org_id in seen})
    if faults:
        raise ImportFault(faults)
    return imports


def _wrong_parents(imports: Sequence[Import], known: dict[str, str | None]) -> list[str]:
    faults = ((new.path, partners.wrong_parent(row, known)) for new in imports for row in new.rows.partners)
    return [f"{path}partner.parent: {fault}" for path, fault in faults if fault]


async def save(writing: Writing, context: Context, imports: Sequence[Import]) -> None:
    """Write new organizations, one journal entry each.

    Raises Failure when one is there already, ImportFault when the parent of a sub-partner is none.
    """
    there = await organizations.lock(writing, [new.org_id for new in imports])
    if there:
        raise Failure.conflict(
            f"organization {', '.join(sorted(there))} is there already; import people into it from a CSV file"
        )
    named = {row[1] for new in imports for row in new.rows.partners if row[1]} - {new.org_id for new in imports}
    faults = _wrong_parents(imports, await partners.parents(writing, named))
    if faults:
        raise ImportFault(faults)
    await _insert(writing, context, imports, "organization.import")


async def save_people(writing: Writing, context: Context, org_id: str, text: str) -> Import:
    """Add the people of a CSV text to an organization. Raises ImportFault naming every fault, or Failure."""
    if not await organizations.lock(writing, [org_id]):
        raise Failure.not_found(f"there is no organization {org_id}")
    new = read_people(text, org_id, await _known(writing, org_id))
    await _insert(writing, context, [new], "people.import")
    return new


def read_people(text: str, org_id: str, known: Known) -> Import:
    """The people of a CSV text, which names its columns in its first line. Raises ImportFault naming every fault."""
    before, nul, _ = text.partition("\0")
    if nul:
        line = before.count("\n") + 1
        raise ImportFault([f"line {line}: contains a NUL character, which no text may have; remove it"])
    faults: list[str] = []
    rows = tables.rows(text.removeprefix("\ufeff"), faults)
    _, columns = next(rows, (1, []))
    faults += _wrong_columns(columns)
    if faults:
        raise ImportFault(faults)
    new = Import(org_id)
    people = People(org_id, known, new.rows, faults)
    for line, row in rows:
        if len(row) > len(columns):
            faults.append(f"line {line}: has more values than columns; quote values with a comma")
            continue
        cells = zip(columns, row, strict=False)  # what is empty at the end of a row may be left out
        told = {COLUMNS[name]: found for name, value in cells if (found := _cell(name, value))}
        if "email" in told:
            people.add(PersonDocument(**told), f"line {line}")
        else:
            faults.append(f"line {line}, email: there is no email in this row; write one as ada@example.com")
    if faults:
        raise ImportFault(faults)
    return new


def _wrong_columns(columns: list[str]) -> list[str]:
    faults = [f"column {name}: is not known; known are {', '.join(COLUMNS)}" for name in columns if name not in COLUMNS]
    twice = [name for name, count in Counter(columns).items() if count > 1]
    faults += [f"column {name}: is there twice; keep one of them" for name in twice]
    if "email" not in columns:
        faults.append("line 1: names no column email; name the columns in the first line")
    return faults


def _cell(column: str, value: str) -> Any:
    if column in LISTS:
        return [each.strip() for each in value.split(";") if each.strip()]
    return value.strip()


async def _known(writing: Writing, org_id: str) -> Known:
    """What an organization has, by everything that a table may call it."""
    licenses, locations, numbers, extensions, people = await store.known(writing, org_id)
    known = Known()
    names = Counter(name for _, _, offer, name in licenses for name in {offer, name})
    for license_id, number, offer, name in licenses:
        known.licenses |= {each: number for each in (offer, name) if names[each] == 1}
        known.licenses[license_id] = number
    for location_id, name in locations:
        known.locations |= {name: location_id, location_id: location_id}
    for phone, location_id, owner in numbers:
        known.numbers[phone] = location_id
        if owner is not None:
            known.owners[phone] = owner
    known.extensions = {(location_id, extension): user for location_id, extension, user in extensions}
    for email, person_id in people:
        known.emails[email] = "in the organization"
        known.people.add(person_id)
    return known


async def _insert(writing: Writing, context: Context, imports: Sequence[Import], action: str) -> None:
    now = context.now()
    for new in imports:
        await store.insert(writing, new.rows, stamp(now), later(now, days=PENDING_DAYS))
    await writing.survey()
    entries = [
        Entry(new.org_id, stamp(now), f"NA_{uuid.uuid4()}", action, None, new.org_id, 200, _counts(new.rows))
        for new in imports
    ]
    await journal.write(writing, entries)


def _counts(rows: store.Rows) -> dict[str, Any]:
    tables = ("sites", "locations", "numbers", "licenses", "people")
    return {table: len(getattr(rows, table)) for table in tables if getattr(rows, table)}


class _Reader:
    """Reads one organization's document into rows, and adds to `faults` what is wrong."""

    def __init__(self, document: Document, rulebook: Rulebook, path: str, faults: list[str]) -> None:
        self._document = document
        self._rulebook = rulebook
        self._path = path
        self._faults = faults
        self._org_id = inner("ORGANIZATION", document.organization.id)
        self._known = Known()
        self.new = Import(self._org_id, path=path)

    def read(self) -> Import:
        head = self._document.organization
        if not self._org_id:
            self._fault("organization.id", "is empty; give a UUID")
        manager = inner("ORGANIZATION", head.managed_by) if head.managed_by else None
        self.new.rows.organizations.append((self._org_id, head.display_name, manager))
        self._partner()
        self._sites()
        self._locations()
        self._numbers()
        self._call_parks()
        self._licenses()
        people = People(self._org_id, self._known, self.new.rows, self._faults)
        for n, person in enumerate(self._document.people):
            people.add(person, f"{self._path}people[{n}]")
        return self.new

    def _partner(self) -> None:
        told = self._document.partner
        if told is not None:
            partners.arrive(told, self._org_id, self.new.rows, self._fault)

    def _sites(self) -> None:
        for n, site in enumerate(self._document.sites):
            url = site.site_url.strip().lower()
            if url in self._known.sites:
                self._fault(f"sites[{n}].siteUrl", f"{url} is there twice; list each site once")
            self._known.sites.add(url)
            self.new.rows.sites.append((self._org_id, url, site.site_type, int(site.attendees)))

    def _locations(self) -> None:
        for n, location in enumerate(self._document.locations):
            id = inner("LOCATION", location.id) if location.id else made_id(self._org_id, "locations", location.name)
            for key in {id, location.name}:
                if key in self._known.locations:
                    self._fault(f"locations[{n}]", f"{key} is there twice; give each location its own id and name")
                self._known.locations[key] = id
            self.new.rows.locations.append(
                (
                    self._org_id,
                    id,
                    location.name,
                    _location_details(location),
                    int(location.calling),
                    location.routing_prefix,
                )
            )

    def _numbers(self) -> None:
        mains: set[str] = set()
        for n, number in enumerate(self._document.numbers):
            phone = number.phone_number
            if not _E164.fullmatch(phone):
                self._fault(f"numbers[{n}].phoneNumber", f"{phone} is no number; write it as +14085551234")
            if phone in self._known.numbers:
                self._fault(f"numbers[{n}].phoneNumber", f"{phone} is there twice; list each number once")
            location = self._location(f"numbers[{n}].location", number.location)
            if number.main and location in mains:
                self._fault(f"numbers[{n}].main", f"{number.location} has a main number already; keep one of them")
            mains |= {location} if number.main else set()
            self._known.numbers[phone] = location
            self.new.rows.numbers.append(
                (self._org_id, phone, location, number.state, number.number_type, int(number.main))
            )

    def _call_parks(self) -> None:
        for n, park in enumerate(self._document.call_parks):
            location = self._location(f"callParks[{n}].location", park.location)
            where = f"callParks[{n}].extension"
            if not EXTENSION.fullmatch(park.extension):
                self._fault(where, f"{park.extension} is no extension; use 2 to 10 digits")
            user = self._known.extensions.setdefault((location, park.extension), f"{self._path}callParks[{n}]")
            if not user.endswith(f"callParks[{n}]"):
                self._fault(where, f"{park.extension} is of {user} at that location; choose another extension")
            id = (
                inner("CALL_PARK_EXTENSION", park.id)
                if park.id
                else made_id(self._org_id, "parks", location, park.extension)
            )
            self.new.rows.call_parks.append((self._org_id, location, park.extension, id, park.name))

    def _licenses(self) -> None:
        for n, license in enumerate(self._document.licenses):
            at = f"licenses[{n}]"
            offer = self._rulebook.offers.get(license.offer)
            if offer is None:
                self._fault(
                    f"{at}.offer", f"{license.offer} is no offer of the rulebook; use one of {self._offer_codes()}"
                )
            site = license.site_url.strip().lower() if license.site_url else None
            if site and site not in self._known.sites:
                self._fault(f"{at}.siteUrl", f"{site} is none of the sites; add it to sites")
            for name in ("total_units", "consumed_by_workspaces"):
                if not 0 <= getattr(license, name) <= UNITS_MAX:
                    self._fault(f"{at}", f"units must be 0 to {UNITS_MAX}")
            key = license.key or license.offer
            id = inner("LICENSE", license.id) if license.id else self._license_id(key, license.offer, site)
            for name in {key, id}:
                if name in self._known.licenses:
                    self._fault(at, f"{name} is there twice; give each license its own key and id")
                self._known.licenses[name] = n
            name = license.name or (offer.name if offer else "")
            units = (license.total_units, license.policy, license.consumed_by_workspaces)
            self.new.rows.licenses.append(
                (self._org_id, n, id, license.offer, name, *units, license.subscription_id, site)
            )

    def _license_id(self, key: str, offer: str, site: str | None) -> str:
        """As Webex forms it: organization, offer, something unique, and the site that it is for."""
        return f"{self._org_id}:{offer}_{made_id(self._org_id, 'licenses', key)}" + (f"_{site}" if site else "")

    def _offer_codes(self) -> str:
        return ", ".join(self._rulebook.offers)

    def _location(self, where: str, text: str) -> str:
        location = self._known.locations.get(inner("LOCATION", text))
        if location is None:
            self._fault(where, f"{text} is none of the locations; use a location's id or name")
            return text
        return location

    def _fault(self, where: str, what: str) -> None:
        self._faults.append(f"{self._path}{where}: {what}")


def _location_details(location: LocationDocument) -> str:
    details = msgspec.to_builtins(location)
    for name in ("name", "id", "calling", "routingPrefix"):
        details.pop(name)
    if details["address"]:
        details["address"] = {name: value for name, value in details["address"].items() if value is not None}
    return msgspec.json.encode({name: value for name, value in details.items() if value is not None}).decode()

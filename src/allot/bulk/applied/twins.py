"""Twins: the part of a snapshot that a plan concerns, as a document that `allot import` reads.

A twin has the people of the plan, whoever has a number or an extension that the plan asks for, and every license with
as many free units as the snapshot says: what all the others hold counts as used by workspaces.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.snapshots import Person, Snapshot
from allot.bulk.applied.reaches import Reaches
from allot.bulk.planned.changes import Request
from allot.bulk.planned.plans import Plan
from allot.core.license import OVERAGE, STRICT
from allot.core.rulebook import Rulebook
from allot.core.site import MANAGED, TYPES

#: who carries the plan out on the twin; nobody's address, by RFC 2606
ADMINISTRATOR = "administrator@twin.invalid"
# The home of everybody who is of another organization: a snapshot does not say which.
ELSEWHERE = "00000000-0000-4000-8000-000000000000"
# Stands for every offer that the rulebook does not know.
_UNKNOWN = "TWIN-UNKNOWN"
# More units than this no import takes.
UNITS_MAX = 2**31 - 1
_OFFER = f"""
[[offers]]
code = "{_UNKNOWN}"
name = "A license that the rulebook does not know"
family = "device"
provenance = "assumed"
source = "The snapshot has it; no rule speaks of it, and nothing stands against it but its units"
"""


class TwinFault(Exception):
    """There can be no such twin; the text says why, and what to do."""


@dataclass(slots=True)
class Twin:
    """A twin to be imported and served."""

    #: an import document (JSON)
    document: bytes
    #: what its rulebook has besides the one that it was made with (TOML); empty when that knows every license
    offers: str
    #: how many people it has, the administrator not counted
    people: int
    #: where it differs from the snapshot, one sentence each
    notices: list[str] = field(default_factory=list)


def twin(snapshot: Snapshot, plan: Plan, rulebook: Rulebook) -> Twin:
    """The twin for a plan. Raises TwinFault when the plan was made of another snapshot."""
    if plan.head.snapshot != snapshot.digest:
        raise TwinFault(
            f"{plan.file.path} was not made of {snapshot.file.path}, but of a snapshot of {plan.head.org_name} with the"
            f" digest {plan.head.snapshot}; name that one, or plan again of this one, a rollback with --snapshot"
        )
    asked = _asked(plan)
    numbers = [number for block in snapshot.numbers() for number in block if number.phone_number in asked.phones]
    asked.people |= {number.owner_id for number in numbers if number.owner_id}
    people = [person for block in snapshot.people() for person in block if asked.concerns(person)]
    reaches = Reaches(snapshot.locations, numbers)
    parks = reaches.features(
        each for block in snapshot.extensions() for each in block if each.extension in asked.extensions
    )
    told = [_person(person, reaches.of(person)) for person in people]
    told += reaches.strangers({person.id for person in people})
    licenses = _licenses(snapshot, plan, rulebook, people)
    document = {
        "organization": {"id": snapshot.head.org_id, "displayName": snapshot.head.org_name},
        "sites": _sites(snapshot, people),
        "locations": list(reaches.locations.values()),
        "numbers": list(reaches.numbers.values()),
        "callParks": parks,
        "licenses": licenses,
        "people": [*told, {"email": ADMINISTRATOR, "roles": ["id_full_admin"]}],
    }
    unknown = _UNKNOWN not in rulebook.offers and any(each["offer"] == _UNKNOWN for each in licenses)
    notices = _notices(plan, rulebook, unknown=unknown) + reaches.notices
    return Twin(msgspec.json.encode(document), _OFFER if unknown else "", len(told), notices)


@dataclass(slots=True)
class _Asked:
    """Whom a plan speaks of, by id, and the numbers and extensions that it asks for."""

    people: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)

    def add(self, person_id: str, requests: Iterable[Request]) -> None:
        self.people.add(person_id)
        for calling in (request.calling for request in requests if request.calling):
            self.phones |= {calling.phone_number} if calling.phone_number else set()
            self.extensions |= {calling.extension} if calling.extension else set()

    def concerns(self, person: Person) -> bool:
        if person.id in self.people:
            return True
        calling = person.calling
        return bool(calling and (calling.phone_number in self.phones or calling.extension in self.extensions))


def _asked(plan: Plan) -> _Asked:
    asked = _Asked()
    for changes in plan.changes():
        for change in changes:
            asked.add(change.person_id, change.requests)
    for refusals in plan.refusals():
        for refusal in refusals:
            if refusal.person_id and refusal.request:
                asked.add(refusal.person_id, [refusal.request])
    return asked


def _person(person: Person, reached: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"id": person.id, "email": person.email, **reached}
    if person.name:
        told["displayName"] = person.name
    if person.licenses:
        told["licenses"] = [str(place) for place in person.licenses]
    if person.attendee:
        told["attendee"] = person.attendee
    if person.external:
        told["homeOrganization"] = ELSEWHERE
    return told


def _licenses(snapshot: Snapshot, plan: Plan, rulebook: Rulebook, people: list[Person]) -> list[dict[str, Any]]:
    """The licenses, each with its place as its key: people name them by it."""
    holders = Counter(place for person in people for place in person.licenses or ())
    told: list[dict[str, Any]] = []
    for place, license in enumerate(snapshot.licenses):
        # What was read while it changed may be more than was counted: the units that are free stay the same.
        uncounted = max(0, holders[place] - license.consumed_units)
        known = offer(rulebook, license)
        each = {
            "key": str(place),
            "id": license.id,
            "offer": known.code if known.bit else _UNKNOWN,
            "name": license.name,
            "totalUnits": min(UNITS_MAX, max(0, license.total_units) + uncounted),
            "policy": OVERAGE if plan.head.overage else STRICT,
            "consumedByWorkspaces": max(0, license.consumed_units - holders[place]),
        }
        optional = {"subscriptionId": license.subscription_id, "siteUrl": license.site_url}
        told.append(each | {name: value for name, value in optional.items() if value})
    return told


def _sites(snapshot: Snapshot, people: list[Person]) -> list[dict[str, str]]:
    """The sites of licenses and of attendees, each once, in the letter case of an import."""
    kinds: dict[str, str] = {}
    for license in snapshot.licenses:
        if license.site_url:
            kinds[license.site_url.lower()] = license.site_type if license.site_type in TYPES else MANAGED
    for person in people:
        for url in person.attendee or ():
            kinds.setdefault(url.lower(), MANAGED)
    return [{"siteUrl": url, "siteType": kind} for url, kind in kinds.items()]


def _notices(plan: Plan, rulebook: Rulebook, *, unknown: bool) -> list[str]:
    told: list[str] = []
    version = f"{rulebook.name} {rulebook.version}"
    if plan.head.rulebook != version:
        told.append(f"the plan was made with the rulebook {plan.head.rulebook}, the twin goes by {version}")
    if unknown:
        told.append("the rulebook does not know some of the licenses; on the twin no rule speaks of them")
    return told

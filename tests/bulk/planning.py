"""Snapshots, desires and plans for tests: a small organization that has a case of everything."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import UNSET

from allot.bulk.actual.snapshots import Calling, Extension, Head, License, Location, Number, Person, Snapshot
from allot.bulk.desired.desires import Fault, Want
from allot.bulk.files import Writer
from allot.bulk.planned.changes import Guards
from allot.bulk.planned.makings import Options, make
from allot.bulk.planned.plans import Plan
from allot.core.holding import Properties
from servers import rulebook

ORG = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
NOW, LATER = "2026-11-22T09:00:00.000Z", "2026-11-22T10:00:00.000Z"
BERLIN, OSLO = "63715", "63716"
SITE = "acme.webex.com"
_UUID = "2c2ba1f9-4d72-4a5e-8c3e-0e7b4b8f3a{:02x}"
#: type code, name, total and consumed units, subscription, site
_TABLE: tuple[tuple[str, str, int, int, str | None, str | None], ...] = (
    ("BCSTD", "Webex Calling - Professional", 500, 488, "Sub-1", None),
    ("BCBAS", "Webex Calling - Basic", 800, 620, "Sub-1", None),
    ("BCATC", "Webex Calling - Attendant Console", 5, 5, "Sub-1", None),
    ("FMS", "Basic Messaging", 1400, 1400, None, None),
    ("MS", "Advanced Messaging", 1000, 700, "Sub-2", None),
    ("FTM", "Basic Space Meetings", 1400, 1400, None, None),
    ("CF", "Advanced Space Meetings", 1000, 990, "Sub-2", None),
    ("EE", "Webex Meetings Suite", 600, 640, "Sub-2", SITE),
    ("BCSTD", "Webex Calling - Professional", 100, 20, "Sub-3", None),
)
LICENSES = [
    License(
        f"{ORG}:{code}_{_UUID.format(place)}",
        name,
        total,
        used,
        used,
        0,
        subscription,
        site,
        "Control Hub managed webex site" if site else None,
    )
    for place, (code, name, total, used, subscription, site) in enumerate(_TABLE)
]
#: places of the licenses of `LICENSES`; PRO_3 is Professional of another subscription
PRO, BASIC, CONSOLE, MESSAGING, ADVANCED, SPACES, ADVANCED_SPACES, SUITE, PRO_3 = range(len(LICENSES))
LOCATIONS = [Location(BERLIN, "Berlin", True, "8"), Location(OSLO, "Oslo", True, "7")]


def person(number: int, *licenses: int, **members: Any) -> Person:
    """Somebody with these licenses; whoever has calling is in Berlin, at extension 1000 and their number."""
    calling = Calling(BERLIN, None, str(1000 + number)) if {PRO, BASIC, PRO_3} & {*licenses} else None
    known: dict[str, Any] = {
        "id": f"f5b36187-c8dd-4727-8b2f-{number:012x}",
        "email": f"person{number}@example.com",
        "name": f"Person {number}",
        "licenses": sorted(licenses),
        "attendee": [],
        "calling": calling,
    }
    return Person(**known | members)


def write_snapshot(
    path: Path,
    people: Iterable[Person],
    *,
    licenses: Iterable[License] = LICENSES,
    locations: Iterable[Location] = LOCATIONS,
    numbers: Iterable[Number] = (),
    extensions: Iterable[Extension] = (),
    org_id: str = ORG,
    begun: str = NOW,
) -> Snapshot:
    """A snapshot file of these people."""
    head = Head(org_id, "Acme", "http://127.0.0.1:8080/v1", begun, NOW)
    with Writer(path, "snapshot", head) as writer:
        sections = {"licenses": licenses, "locations": locations, "numbers": numbers, "extensions": extensions}
        for name, records in sections.items():
            writer.section(name)
            writer.write(records)
        writer.section("people")
        writer.write(people)
        writer.close()
    return Snapshot(path)


def want(*have: int, lack: Iterable[int] = (), line: int | None = None, **members: Any) -> Want:
    """To have these licenses, and to lack those; `extension` and the like are calling properties."""
    sites = {name: members.pop(name) for name in ("attend", "leave") if name in members}
    properties = Properties(**members) if members else None
    return Want(line, sum(1 << place for place in have), sum(1 << place for place in lack), properties, **sites)


class Wants:
    """Desires by email, without a file."""

    def __init__(self, wants: dict[str, Want], source: str = "wants.csv") -> None:
        self.source = source
        self.notices: list[Fault] = []
        self._wants = wants
        self._left = dict(wants)

    def of(self, people: Sequence[Person]) -> list[Want | None]:
        for person in people:
            self._left.pop(person.email, None)
        return [self._wants.get(person.email) for person in people]

    def missing(self) -> Iterable[tuple[int | None, str]]:
        return [(want.line, email) for email, want in self._left.items()]


def make_plan(
    snapshot: Snapshot, wants: dict[str, Want], path: Path, guards: Guards | None = None, **options: Any
) -> Plan:
    """A plan with the rulebook that is shipped."""
    made = Options(guards or Guards(), **options)
    return make(snapshot, Wants(wants), rulebook(), made, path, NOW)


def small(folder: Path, *more: Person) -> Snapshot:
    """A snapshot of an organization of a dozen people, among them names that make trouble."""
    people = [
        person(1, BASIC, MESSAGING, last_activity="2026-11-20T08:00:00.000Z"),
        person(2, PRO, MESSAGING, last_activity="2026-03-01T08:00:00.000Z"),
        person(3, MESSAGING, last_activity=None),
        person(4, MESSAGING, SPACES),
        person(5, MESSAGING),
        person(6, licenses=UNSET, attendee=UNSET, calling=UNSET),
        person(7, PRO, MESSAGING, last_activity="2025-01-01T08:00:00.000Z"),
        person(8, MESSAGING, name="<b>Robert</b> [bold]Tables[/bold]", last_activity=None),
        person(9, MESSAGING, name="\u05e9\u05dc\u05d5\u05dd Ros\u00e9n"),
        person(10, MESSAGING, email=f"{'x' * 288}@example.com"),
        person(11, MESSAGING, SPACES, SUITE, last_activity="2026-01-01T08:00:00.000Z"),
        person(12, MESSAGING, external=True),
        *more,
    ]
    return write_snapshot(folder / "acme.snapshot", people)


def small_plan(folder: Path, **options: Any) -> Plan:
    """A plan for `small` in which everything happens that can: one step and two, irreversible, refused, unknown."""
    wants = {
        "person1@example.com": want(PRO, lack=[BASIC], line=2),
        "person2@example.com": want(BASIC, lack=[PRO], line=3, extension="1002", location_id=BERLIN),
        "person3@example.com": want(PRO, line=4, extension="1003", location_id=BERLIN),
        "person4@example.com": want(SPACES, line=5),
        "person5@example.com": want(CONSOLE, line=6),
        "person6@example.com": want(PRO, line=7),
        "person7@example.com": want(lack=[PRO], line=8),
        "person8@example.com": want(ADVANCED, line=9),
        "person9@example.com": want(ADVANCED_SPACES, line=10),
        f"{'x' * 288}@example.com": want(ADVANCED, SPACES, line=11),
        "person11@example.com": want(lack=[SUITE], attend=(SITE,), line=12),
        "nobody@example.com": want(PRO, line=13),
    }
    return make_plan(small(folder), wants, folder / "acme.plan", **options)

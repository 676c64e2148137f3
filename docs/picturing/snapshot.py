"""A snapshot of a company of 1,240 people, the same each time."""

from collections.abc import Iterator
from pathlib import Path

from allot.bulk.actual.snapshots import Calling, Head, License, Location, Person, Snapshot
from allot.bulk.files import Writer

ORG = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
READ = "2026-11-22T06:00:00.000Z"
PEOPLE, FIRST_CALLING, PROFESSIONALS = 1_240, 200, 312
BERLIN, OSLO = "63715", "63716"
SITE = "acme.webex.com"
_FIRST = (
    *("ada", "ben", "carol", "dmitri", "eszter", "farid", "grace", "hiro", "ines", "jomo"),
    *("karin", "lars", "mei", "nadia", "omar", "priya", "quentin", "rosa", "sven", "tome"),
)
_LAST = (
    *("adeyemi", "berg", "castro", "dubois", "eriksen", "fischer", "garcia", "hansen"),
    *("ito", "jansen", "kaya", "lindqvist", "moreau", "novak", "okafor", "petrov"),
)


def _license(place: int, name: str, total: int, used: int, subscription: str | None) -> License:
    code, _, name = name.partition(" ")
    id = f"{ORG}:{code}_2c2ba1f9-4d72-4a5e-8c3e-0e7b4b8f3a{place:02x}"
    spaces = used if code == "BCCA" else 0
    return License(id, name, total, used, used - spaces, spaces, subscription, SITE if code == "EE" else None)


PROFESSIONAL, STANDARD, CONSOLE, SPACES, SUITE, ADVANCED, MESSAGING = range(7)
LICENSES = [
    _license(PROFESSIONAL, "BCSTD Webex Calling - Professional", 600, PROFESSIONALS, "Sub-1"),
    _license(STANDARD, "BCBAS Webex Calling - Basic", 800, 728, "Sub-1"),
    _license(CONSOLE, "BCATC Webex Calling - Attendant Console", 12, 9, "Sub-1"),
    _license(SPACES, "BCCA Webex Calling - Workspaces", 60, 44, "Sub-1"),
    _license(SUITE, "EE Webex Meetings Suite", 900, 914, "Sub-2"),
    _license(ADVANCED, "MS Advanced Messaging", 1_000, 640, "Sub-2"),
    _license(MESSAGING, "FMS Basic Messaging", PEOPLE, PEOPLE, None),
]


def write(path: Path) -> Snapshot:
    """Write the snapshot."""
    with Writer(path, "snapshot", Head(ORG, "Acme", "https://webexapis.com/v1", READ, READ)) as writer:
        writer.section("licenses")
        writer.write(LICENSES)
        writer.section("locations")
        writer.write([Location(BERLIN, "Berlin", True, "8"), Location(OSLO, "Oslo", True, "7")])
        writer.section("numbers")
        writer.section("people")
        writer.write(_people())
        writer.close()
    return Snapshot(path)


def email(number: int) -> str:
    """Somebody's email: names go round, and get a number when they come again."""
    again = number // 80
    return f"{_FIRST[number % 20]}.{_LAST[number * 7 % 16]}{again or ''}@example.com"


def _people() -> Iterator[Person]:
    for number in range(PEOPLE):
        calling, places = None, [MESSAGING]
        if number >= FIRST_CALLING:
            places.append(PROFESSIONAL if number < FIRST_CALLING + PROFESSIONALS else STANDARD)
            calling = Calling(OSLO if number % 3 else BERLIN, None, str(1_000 + number))
        if FIRST_CALLING <= number < FIRST_CALLING + 9:
            places.append(CONSOLE)
        if number < 914:
            places.append(SUITE)
        if number % 31 < 16:
            places.append(ADVANCED)
        id = f"f5b36187-c8dd-4727-8b2f-{number:012x}"
        yield Person(id, email(number), "", sorted(places), [], calling, last_activity=_last(number))


def _last(number: int) -> str | None:
    """When somebody was active: most this month, some long ago, some never."""
    if number % 17 == 3:
        return None
    if number % 11 == 5:
        return f"2026-0{1 + number % 7}-1{number % 10}T08:00:00.000Z"
    return f"2026-11-{1 + number % 21:02d}T08:00:00.000Z"

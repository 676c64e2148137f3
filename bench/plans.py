"""How long does `allot plan` take for very many people, and how much memory?

From a plain CSV and a snapshot to the plan file, as a process of its own. Everybody is asked for, department by
department, which is not the order of the snapshot: most swap or get licenses, some get calling with an extension, some
are refused, some have it already, and one license is short.
"""

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from allot.bulk.actual.snapshots import Calling, Head, License, Location, Person
from allot.bulk.files import Writer
from allot.bulk.planned.plans import Plan
from bench import rounds
from bench.options import Options
from bench.report import Report
from bench.servers import PROGRAM

ORG = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
NOW = "2026-11-22T09:00:00.000Z"
SHORT = 12
DEPARTMENTS = 200
#: people -> the most seconds and mebibytes that were asked for
TARGETS = {100_000: (2.0, 1536), 1_000_000: (12.0, 1536)}
LOCATIONS = [Location(f"location-{number}", f"Place {number}", True) for number in range(40)]
#: type code, name, subscription
_TABLE = (
    ("BCSTD", "Webex Calling - Professional", "Sub-1"),
    ("BCBAS", "Webex Calling - Basic", "Sub-1"),
    ("FMS", "Basic Messaging", None),
    ("FTM", "Basic Space Meetings", None),
    ("FSS", "Free screen share", None),
    ("FTC", "Call on Webex (1:1 call, non-PSTN)", None),
    ("MS", "Advanced Messaging", "Sub-1"),
    ("CF", "Advanced Space Meetings", "Sub-1"),
    ("EE", "Webex Meetings Suite", "Sub-1"),
    ("CJPPRM", "Contact Center Premium Agent", "Sub-2"),
    ("CJPSTD", "Contact center Standard Agent", "Sub-2"),
    ("RTT", "Real-Time Translations", "Sub-2"),
    ("UCPREM", "Unified Communication Manager (UCM)", "Sub-3"),
    ("CE", "Hybrid - Exchange Calendar", None),
    ("HM", "Hybrid - Message", None),
    ("BCATC", "Webex Calling - Attendant Console", "Sub-1"),
    ("BCSTD", "Webex Calling - Professional", "Sub-4"),
    ("EE", "Webex Meetings Suite", "Sub-4"),
)
PRO, STANDARD, FREE, ADVANCED, SUITE, PREMIUM, TRANSLATIONS = 0, 1, (2, 3, 4, 5), 6, 8, 9, 11
#: what many have besides, at random
OPTIONAL = (7, 11, 12, 13, 14)
SWAPS, SUITES, MESSAGES, CALLING, CONSOLES = 0.3, 0.5, 0.7, 0.8, 0.85


def person(number: int, chance: random.Random) -> Person:
    """Somebody; seven of ten have calling."""
    held = [*FREE, *(place for place in OPTIONAL if chance.random() < 0.3)]
    calling = None
    if number % 10 < 7:
        held.append(PRO if number % 10 < 2 else STANDARD)
        place = LOCATIONS[number % len(LOCATIONS)].id
        calling = Calling(place, f"+1408{number:08d}" if number % 2 else None, str(10_000_000 + number))
    return Person(
        f"f5b36187-c8dd-4727-8b2f-{number:012x}",
        f"person{number}@example.com",
        f"Person Number {number}",
        sorted(held),
        [],
        calling,
        department=f"Department {number % DEPARTMENTS}",
        last_activity=NOW,
        status="active",
    )


def row(number: int, chance: random.Random) -> str:
    """What is desired of somebody: email, add, remove, location, extension."""
    email, kind = f"person{number}@example.com", chance.random()
    if kind < SWAPS and 2 <= number % 10 < 7:
        return f"{email},Professional in Sub-1,Standard,,"
    if kind < SUITES:
        return f"{email},Webex Meetings Suite in Sub-1,,,"
    if kind < MESSAGES:
        return f"{email},Advanced Messaging;Real-Time Translations,Hybrid - Message,,"
    if kind < CALLING and number % 10 >= 7:
        return f"{email},Professional in Sub-1,,Place {number % len(LOCATIONS)},{10_000_000 + number}"
    if kind < CONSOLES:
        return f"{email},Attendant Console,,,"
    return f"{email},Basic Messaging,,,"


def inputs(folder: Path, people: int) -> tuple[Path, Path]:
    """A snapshot and a CSV of so many people."""
    snapshot, table, chance = folder / f"{people}.snapshot", folder / f"{people}.csv", random.Random(people)
    taken = 0
    with table.open("w") as file:
        file.write("email,add,remove,location,extension\n")
        for number in by_department(people):
            text = row(number, chance)
            taken += "Suite" in text
            file.write(text + "\n")
    with Writer(snapshot, "snapshot", Head(ORG, "Acme", "http://127.0.0.1:8080/v1", NOW, NOW)) as writer:
        writer.section("licenses")
        writer.write(licenses(people, taken - SHORT))
        writer.section("locations")
        writer.write(LOCATIONS)
        writer.section("numbers")
        writer.section("people")
        writer.write(everybody(people, chance))
        writer.close()
    return snapshot, table


def by_department(people: int) -> Iterator[int]:
    """Everybody's number, in the order of the table."""
    return (number for first in range(DEPARTMENTS) for number in range(first, people, DEPARTMENTS))


def everybody(people: int, chance: random.Random) -> Iterator[Person]:
    """All people, in the order of the snapshot."""
    return (person(number, chance) for number in range(people))


def licenses(people: int, suites: int) -> Iterator[License]:
    """The licenses; of the first meetings suite there are so many units."""
    for place, (code, name, subscription) in enumerate(_TABLE):
        total = suites if place == SUITE else 2 * people
        id = f"{ORG}:{code}_2c2ba1f9-4d72-4a5e-8c3e-0e7b4b8f3a{place:02x}"
        yield License(id, name, total, 0, 0, 0, subscription)


def plan(snapshot: Path, table: Path, path: Path) -> tuple[float, float, float]:
    """Seconds, seconds of a processor, and mebibytes of one `allot plan`; the system has both files in memory."""
    arguments = [PROGRAM, "plan", str(snapshot), str(table), "-o", str(path)]
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0), (os.POSIX_SPAWN_DUP2, 1, 2)]
    began = time.perf_counter()
    _, status, used = os.wait4(os.posix_spawn(PROGRAM, arguments, dict(os.environ), file_actions=silent), 0)
    seconds = time.perf_counter() - began
    assert os.waitstatus_to_exitcode(status) == 2, "there are changes"
    return seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(options: Options) -> Report:
    """Every size in turn, round after round."""
    report = Report("plans", "how long does a plan for very many people take, and how much memory?")
    times: dict[int, list[tuple[float, float, float]]] = {people: [] for people in TARGETS}
    with rounds.folder(options) as folder:
        made = {people: inputs(folder, people) for people in TARGETS}
        for _ in range(options.rounds):
            for people, files in made.items():
                times[people].append(plan(*files, folder / f"{people}.plan"))
        for people in TARGETS:
            check(Plan(folder / f"{people}.plan"), people)
    for people, (seconds, mebibytes) in TARGETS.items():
        report.most(f"{people:,} people", statistics.median(took for took, _, _ in times[people]), "s", seconds)
        report.tell(f"{people:,} people, of a processor", statistics.median(busy for _, busy, _ in times[people]), "s")
        report.most(f"{people:,} people, memory", max(used for _, _, used in times[people]), "MiB", mebibytes)
    small, large = ([took / people for took, _, _ in times[people]] for people in TARGETS)
    report.tell(
        "a person of the larger plan beside one of the smaller", statistics.median(large) / statistics.median(small), ""
    )
    report.raw = {str(people): found for people, found in times.items()}
    return report


def check(made: Plan, people: int) -> None:
    """Whether a plan says what its inputs must come to."""
    told = made.summary
    assert told.asked == people
    assert told.changes + told.unchanged + told.refused == people
    assert [each.short for each in told.capacities if each.license == SUITE] == [SHORT]


def main() -> None:
    """`python -m bench.plans 10000000`: one plan for so many people."""
    people = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        files = inputs(Path(folder), people)
        path = Path(folder) / "plan"
        seconds, busy, mebibytes = plan(*files, path)
        told = Plan(path).summary
        sizes = ", ".join(f"{file.stat().st_size / 1e6:,.0f} MB" for file in (*files, path))
        print(f"{people:,} people: {seconds:.1f} s, {busy:.1f} s of a processor, {mebibytes:,.0f} MiB")
        print(f"snapshot, table and plan have {sizes}")
        print(f"{told.changes:,} changes, {told.refused:,} refused, {told.unchanged:,} unchanged; {told.rules}")


if __name__ == "__main__":
    main()

"""Files of what is desired for tests, and what is read of them."""

from pathlib import Path
from typing import NamedTuple

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired import readers
from allot.bulk.desired.desires import Desired, DesireFault, Reading, Want, show
from servers import rulebook


class Told(NamedTuple):
    """What a file came to: wants by email, and notices as sentences."""

    wants: dict[str, Want]
    notices: list[str]
    missing: list[tuple[int | None, str]]


def write(folder: Path, text: str | bytes, name: str = "wanted.csv") -> Path:
    """A file of this text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(snapshot: Snapshot, text: str | bytes, name: str = "wanted.csv", **reading: object) -> Told:
    """What a file of this text says, written beside the snapshot."""
    path = write(snapshot.file.path.parent, text, name)
    return told(snapshot, readers.read(path, snapshot, rulebook(), Reading(**reading)))


def told(snapshot: Snapshot, desired: Desired) -> Told:
    """What is desired of everybody in a snapshot."""
    people = [person for block in snapshot.people() for person in block]
    found = {person.email: want for person, want in zip(people, desired.of(people), strict=True) if want}
    notices = [show("", notice).removeprefix(", ").removeprefix(": ") for notice in desired.notices]
    return Told(found, notices, list(desired.missing()))


def faults(snapshot: Snapshot, text: str | bytes, name: str = "wanted.csv", **reading: object) -> list[str]:
    """What is wrong with a file of this text, without its name; [] when nothing is."""
    try:
        read(snapshot, text, name, **reading)
    except DesireFault as fault:
        return [show("", each).removeprefix(", ").removeprefix(": ") for each in fault.faults]
    return []

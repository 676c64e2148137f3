"""What allot offers to programs in Python: `allot.plan` and `allot.decide`, which the command line uses as well."""

from os import PathLike
from pathlib import Path

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired import readers
from allot.bulk.desired.desires import Desired, Reading
from allot.bulk.desired.flags import Flags
from allot.bulk.memories import without_collector
from allot.bulk.planned import makings
from allot.bulk.planned.makings import Decided, Options
from allot.bulk.planned.plans import Plan
from allot.cli.rulebooks import read_rulebook
from allot.core.rulebook import Rulebook
from allot.service.clock import SystemClock, stamp

#: a file by its name
File = str | PathLike[str]


def decide(
    snapshot: File | Snapshot,
    desired: File | Flags | Desired,
    options: Options | None = None,
    reading: Reading | None = None,
    rulebook: Rulebook | None = None,
) -> Decided:
    """Decide for everybody what is desired of them, and write nothing.

    `desired` is a file (CSV or YAML, read as `reading` says), options like those of the command line, or an object
    of your own. The answer has a `summary`, and iterating it tells each one's `Change` or `Refusal`.

    Raises FileFault, DesireFault, GuardFault, each with a sentence for the user, and OSError where a file is away.
    """
    rulebook = rulebook or read_rulebook("")
    if not isinstance(snapshot, Snapshot):
        snapshot = Snapshot(Path(snapshot))
    if isinstance(desired, Flags | str | PathLike):
        desired = read(snapshot, desired, reading or Reading(), rulebook)
    return makings.decide(snapshot, desired, rulebook, options or Options())


def read(snapshot: Snapshot, desired: File | Flags, reading: Reading, rulebook: Rulebook) -> Desired:
    """What a file or options say is desired. Raises DesireFault with everything that is wrong, OSError."""
    with without_collector():
        if isinstance(desired, Flags):
            return readers.options(desired, snapshot, rulebook, reading)
        return readers.read(Path(desired), snapshot, rulebook, reading)


def plan(
    snapshot: File | Snapshot,
    desired: File | Flags | Desired,
    path: File,
    options: Options | None = None,
    reading: Reading | None = None,
    rulebook: Rulebook | None = None,
) -> Plan:
    """Decide as `decide` does, and write the plan file at `path`, in the place of one that is there.

    Raises what `decide` raises, and OSError where the file cannot be written.
    """
    return decide(snapshot, desired, options, reading, rulebook).write(Path(path), stamp(SystemClock().now()))

"""What allot offers to programs in Python: `allot.plan` and `allot.decide`, which the command line uses as well."""

from os import PathLike
from pathlib import Path

from allot.bulk import plans, readers
from allot.bulk.desires import Desired, Reading
from allot.bulk.flags import Flags
from allot.bulk.plans import Decided, Options, Plan
from allot.bulk.snapshots import Snapshot
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
    if isinstance(desired, Flags):
        desired = readers.options(desired, snapshot, rulebook, reading)
    elif isinstance(desired, str | PathLike):
        desired = readers.read(Path(desired), snapshot, rulebook, reading)
    return plans.decide(snapshot, desired, rulebook, options or Options())


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

"""Readers: what is desired, from whatever form it is written in."""

from pathlib import Path

from allot.bulk import hubs, lists
from allot.bulk.catalogues import Catalogue
from allot.bulk.desires import Desired, DesireFault, Fault, Reading
from allot.bulk.snapshots import Snapshot
from allot.bulk.tables import Table
from allot.core.rulebook import Rulebook

TABLES = (".csv", ".tsv", ".txt")


def read(path: Path, snapshot: Snapshot, rulebook: Rulebook, reading: Reading | None = None) -> Desired:
    """What a file says is desired of a snapshot's organization.

    A table with Control Hub's column of emails is Control Hub's, another one is a plain list.
    Raises DesireFault with everything that is wrong, OSError when the file is away.
    """
    reading = reading or Reading()
    catalogue = Catalogue(snapshot, rulebook, reading.aliases)
    if catalogue.faults:
        raise DesireFault("--alias", [Fault(None, name, what) for name, what in catalogue.faults.items()])
    if path.suffix.lower() not in TABLES:
        raise DesireFault(str(path), [Fault(None, None, "its name must end with .csv (a table) or .yaml (bundles)")])
    table = Table(path, reading)
    return hubs.read(table, catalogue, reading.mode) if table.hub else lists.read(table, catalogue)

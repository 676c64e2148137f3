"""Readers: what is desired, from whatever form it is written in."""

from pathlib import Path

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired import bundles, flags, hubs, lists
from allot.bulk.desired.catalogues import Catalogue, Unclear
from allot.bulk.desired.desires import Desired, DesireFault, Fault, Reading
from allot.bulk.desired.tables import Table
from allot.core.rulebook import Rulebook

TABLES, BUNDLES = (".csv", ".tsv", ".txt"), (".yaml", ".yml")


def read(path: Path, snapshot: Snapshot, rulebook: Rulebook, reading: Reading | None = None) -> Desired:
    """What a file says is desired of a snapshot's organization.

    A table with Control Hub's column of emails is Control Hub's, another one is a plain list; YAML has bundles.
    Raises DesireFault with everything that is wrong, OSError when the file is away.
    """
    reading = reading or Reading()
    catalogue = _catalogue(snapshot, rulebook, reading)
    if path.suffix.lower() in BUNDLES:
        return bundles.read(path, snapshot, catalogue, reading)
    if path.suffix.lower() not in TABLES:
        raise DesireFault(str(path), [Fault(None, None, "its name must end with .csv (a table) or .yaml (bundles)")])
    table = Table(path, reading)
    return hubs.read(table, catalogue, reading.mode) if table.hub else lists.read(table, catalogue)


def options(given: flags.Flags, snapshot: Snapshot, rulebook: Rulebook, reading: Reading | None = None) -> Desired:
    """What options of the command line say is desired. Raises DesireFault with everything that is wrong."""
    return flags.read(given, snapshot, _catalogue(snapshot, rulebook, reading or Reading()))


def _catalogue(snapshot: Snapshot, rulebook: Rulebook, reading: Reading) -> Catalogue:
    catalogue, faults = Catalogue(snapshot, rulebook), []
    for name, meant in reading.aliases.items():
        try:
            catalogue.alias(name, meant)
        except Unclear as unclear:
            faults.append(Fault(None, name, str(unclear)))
    if faults:
        raise DesireFault("--alias", faults)
    return catalogue

"""Flags: what is desired, said by options of the command line."""

from dataclasses import dataclass

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.desired.desires import DesireFault, Fault
from allot.bulk.desired.policies import Maker, Text, Written
from allot.bulk.desired.unions import Union

SOURCE = "the options"


@dataclass(frozen=True, slots=True)
class Flags:
    """One policy as options say it; `who`: emails, and patterns of them as `*@example.com`."""

    who: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    location: str | None = None
    extension: str | None = None
    number: str | None = None


def read(flags: Flags, snapshot: Snapshot, catalogue: Catalogue) -> Union:
    """What the options say. Raises DesireFault with everything that is wrong; columns are names of options."""
    said = {"add": flags.add, "remove": flags.remove, "exact": flags.exact}
    reached = {"location": flags.location, "extension": flags.extension, "number": flags.number}
    written = Written(
        Text("--who", None, "--who"),
        {"email": [Text(text, None, "--who") for text in flags.who]} if flags.who else {},
        {name: [Text(text, None, f"--{name}") for text in texts] for name, texts in said.items() if texts},
        {name: [Text(text, None, f"--{name}")] for name, text in reached.items() if text is not None},
    )
    maker = Maker(catalogue)
    policy = maker.make(written)
    if not flags.who:
        maker.faults.append(Fault(None, "--who", "it is not said who; for everybody it is --who '*'"))
    if maker.faults:
        raise DesireFault(SOURCE, maker.faults)
    union = Union(SOURCE, catalogue, [policy])
    union.notices += maker.notices
    union.look(snapshot, {})
    return union

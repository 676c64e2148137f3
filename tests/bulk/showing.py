"""Plans written record by record, for what a planner seldom makes: long ones, waves, short units, broken guards."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from allot.bulk.actual.snapshots import Calling
from allot.bulk.files import Writer
from allot.bulk.planned.changes import (
    Broken,
    Capacity,
    Change,
    Guards,
    Head,
    LicenseName,
    Reason,
    Refusal,
    Request,
    State,
    Summary,
)
from allot.bulk.planned.plans import Plan
from allot.core import ids
from bulk.planning import ADVANCED, ADVANCED_SPACES, BASIC, BERLIN, LICENSES, MESSAGING, NOW, ORG, PRO, SITE, SPACES

#: as the rulebook says it: with the id of the license behind its name
NONE_LEFT = f"{LICENSES[PRO].name} ({ids.encode('LICENSE', LICENSES[PRO].id)}) has no units left: 500 of 500 are used"


def head(*, forced: bool = False, org_id: str = ORG, guards: Guards | None = None) -> Head:
    """What a plan of Acme was made of."""
    return Head(
        org_id,
        "Acme",
        f"sha256:{'0' * 64}",
        "http://127.0.0.1:8080/v1",
        "webex 2026-05-04",
        "wants.csv",
        NOW,
        [LicenseName(each.id, each.name, each.subscription_id, each.site_url) for each in LICENSES],
        guards or Guards(),
        forced,
        locations={BERLIN: "Berlin"},
        read=NOW,
    )


def write_plan(
    path: Path, changes: Iterable[Change], refusals: Iterable[Refusal], summary: Summary, **heading: Any
) -> Plan:
    """A plan file of these records."""
    with Writer(path, "plan", head(**heading)) as writer:
        writer.section("changes")
        writer.write(changes)
        writer.section("refusals")
        writer.write(refusals)
        writer.section("summary")
        writer.write([summary])
        writer.close()
    return Plan(path)


def shown_plan(folder: Path) -> Plan:
    """Two waves, a step that nobody asked for, units that are short, guards that were overridden."""
    desk = Calling(BERLIN, None, "1001")
    moved = Calling(BERLIN, "+4930901820", "1002")
    changes = [
        Change(
            1, "p1", "a@example.com", State([PRO], [], desk), [Request(remove=[PRO])], State(), 2, irreversible=True
        ),
        Change(
            2,
            "p2",
            "b@example.com",
            State([BASIC], [], desk),
            [Request([PRO], [BASIC], moved), Request([SPACES, ADVANCED_SPACES], attend=[SITE])],
            State([PRO, SPACES, ADVANCED_SPACES], [SITE], moved),
            3,
            wave=1,
            unasked=[SPACES],
        ),
        Change(
            3,
            "p3",
            "c@example.com",
            State([PRO], [SITE], desk),
            [Request(leave=[SITE])],
            State([PRO], [], desk),
            wave=1,
        ),
    ]
    refusals = [
        Refusal(f"d{number}@example.com", [Reason("no-units-left", NONE_LEFT)], f"q{number}", 10 + number)
        for number in range(12)
    ]
    capacities = [
        Capacity(PRO, 12, 1, 1, 500, 12),
        Capacity(BASIC, 180, 0, 1, 800),
        Capacity(MESSAGING, None, 4, 0),
        Capacity(ADVANCED, 5, 0, 0, 1000),
    ]
    guards = [Broken("maxChanges", "3 people would be changed, and 2 are allowed")]
    summary = Summary(20, 17, 3, 2, 12, 4, 1, capacities, {"no-units-left": 12}, guards)
    return write_plan(folder / "shown.plan", changes, refusals, summary, forced=True)


def long_plan(folder: Path, *, changes: int, refusals: int) -> Plan:
    """A plan of many people."""

    def changed() -> Iterator[Change]:
        for number in range(1, changes + 1):
            before = State([BASIC, MESSAGING], [], Calling(BERLIN, None, "1001"))
            after = State([PRO, MESSAGING], [], before.calling)
            request = Request([PRO], [BASIC], before.calling)
            yield Change(number, f"p{number}", f"person{number}@example.com", before, [request], after, number)

    refused = (
        Refusal(f"not{number}@example.com", [Reason("no-units-left", "no unit is left")], f"q{number}", number)
        for number in range(refusals)
    )
    summary = Summary(
        changes + refusals,
        changes + refusals,
        changes,
        0,
        refusals,
        changes,
        0,
        [Capacity(PRO, changes, changes, 0, changes, refusals), Capacity(BASIC, 0, 0, changes, changes)],
        {"no-units-left": refusals},
    )
    return write_plan(folder / "long.plan", changed(), refused, summary)

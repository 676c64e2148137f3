"""Usages: what licenses are used for, and by whom not."""

from pathlib import Path

import msgspec
import pytest

from allot.bulk.actual.snapshots import Head, License, Person, Snapshot
from allot.bulk.files import Writer
from allot.bulk.shown.usages import ACTIVE, ACTIVITIES, IDLE, NEVER, UNKNOWN, Usage
from bulk.planning import ADVANCED, CONSOLE, LICENSES, MESSAGING, ORG, PRO, PRO_3, SUITE, person, small, write_snapshot
from servers import rulebook


def usage(folder: Path, *people: Person, days: int = 90, only: tuple[int, ...] = ()) -> Usage:
    return Usage(write_snapshot(folder / "u.snapshot", people), rulebook(), days, only)


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ("2026-11-22T08:59:59.000Z", ACTIVE),
        ("2026-08-24T09:00:00.000Z", ACTIVE),
        ("2026-08-24T08:59:59.000Z", IDLE),
        ("2026-08-24T10:59:59+02:00", IDLE),
        ("2026-08-24T08:59:59", IDLE),
        (None, NEVER),
        (msgspec.UNSET, UNKNOWN),
        ("last Tuesday", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_activity_is_measured_from_the_snapshot(tmp_path: Path, last: str | None, state: str):
    """Days count back from when the snapshot was read; what was not told, or is no time, is unknown and not never."""
    found = usage(tmp_path, person(1, PRO, last_activity=last))
    assert {each: found.people[each] for each in ACTIVITIES if found.people[each]} == {state: 1}
    assert found.uses[PRO].holders[state] == 1
    assert len(list(found.idle())) == (state in (IDLE, NEVER))


def test_nobody_is_idle_when_it_is_not_known_when_the_snapshot_was_read(tmp_path: Path):
    """Without a time to count from, all last activity is unknown, but for who never was active."""
    people = [person(1, PRO, last_activity="2020-01-01T00:00:00Z"), person(2, PRO, last_activity=None)]
    head = Head(ORG, "Acme", "http://127.0.0.1:8080/v1", "", "")
    with Writer(tmp_path / "u.snapshot", "snapshot", head) as writer:
        for name, records in (("licenses", LICENSES), ("people", people)):
            writer.section(name)
            writer.write(records)
        writer.close()
    found = Usage(Snapshot(tmp_path / "u.snapshot"), rulebook(), 90)
    assert (found.people[UNKNOWN], found.people[NEVER], found.people[IDLE]) == (1, 1, 0)


def test_only_counted_units_come_back(tmp_path: Path):
    """Nobody is listed for licenses that are free, or that Webex does not count."""
    uncounted = License(f"{ORG}:UCPREM_1", "Unified Communication Manager (UCM)", 44, 0)
    messenger = License(f"{ORG}:MSGR_1", "Webex Messenger", 44, 12)
    licenses = [*LICENSES, uncounted, messenger]
    people = [
        person(1, MESSAGING, last_activity=None),
        person(2, len(LICENSES), len(LICENSES) + 1, last_activity=None),
        person(3, ADVANCED, MESSAGING, last_activity=None),
    ]
    found = Usage(write_snapshot(tmp_path / "u.snapshot", people, licenses=licenses), rulebook(), 90)
    assert [(each.email, each.licenses, each.days) for each in found.idle()] == [
        ("person3@example.com", [ADVANCED], None)
    ]
    assert (found.idle_people, found.idle_units, found.idle_calling) == (1, 1, 0)


def test_what_is_looked_for_can_be_narrowed_down(tmp_path: Path):
    """With licenses named, only their units are reclaimed, and other licenses of the same people stay."""
    people = [person(1, PRO, SUITE, last_activity=None), person(2, SUITE, last_activity=None)]
    found = usage(tmp_path, *people, only=(PRO,))
    assert [(each.email, each.licenses, each.calling) for each in found.idle()] == [
        ("person1@example.com", [PRO], True)
    ]


def test_people_of_whom_nothing_is_known_are_counted_apart(tmp_path: Path):
    """Whose licenses were not told is neither a holder nor reclaimable."""
    found = Usage(small(tmp_path), rulebook(), 90)
    assert found.unread == 1
    assert sum(found.people.values()) == 12
    assert [each.email for each in found.idle()] == [f"person{number}@example.com" for number in (2, 7, 11)]


def test_licenses_over_their_units_are_sentences(tmp_path: Path):
    """Overage is said with license, site and subscription."""
    found = Usage(small(tmp_path), rulebook(), 90)
    assert list(found.over()) == ["Webex Meetings Suite on acme.webex.com in Sub-2: 40 over its units"]
    assert found.uses[SUITE].free == -40
    assert found.uses[CONSOLE].free == 0
    assert found.uses[MESSAGING].free is None


def test_subscriptions_are_added_up(tmp_path: Path):
    """Units, use, overage and what would come back are those of counted licenses; free ones are left out."""
    totals = Usage(small(tmp_path), rulebook(), 90).totals()
    assert [(each.subscription, each.licenses, each.total, each.used, each.over, each.idle) for each in totals] == [
        ("Sub-1", 3, 1305, 1113, 0, 2),
        ("Sub-2", 3, 2600, 2330, 40, 1),
        ("Sub-3", 1, 100, 20, 0, 0),
    ]


def test_a_bar_shows_all_units_and_who_uses_them(tmp_path: Path):
    """Its pieces are of holders by activity, and of others; the mark is where all units are used."""
    found = Usage(small(tmp_path), rulebook(), 90)
    bar = found.uses[PRO].bar
    assert bar is not None
    assert [(each.kind, each.length) for each in bar.segments] == [("idle", 0.4), ("others", 97.2)]
    assert bar.mark == 100
    over = found.uses[SUITE].bar
    assert over is not None
    assert over.mark == pytest.approx(93.75)
    assert found.uses[MESSAGING].bar is None
    assert found.uses[PRO_3].bar is not None

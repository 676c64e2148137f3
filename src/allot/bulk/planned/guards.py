"""Guards: what a plan may not do, unless it is made with force."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from allot.bulk.actual.snapshots import License, Snapshot
from allot.bulk.planned.asks import Refused
from allot.bulk.planned.changes import Broken, Capacity, Guards
from allot.bulk.words import count


class GuardFault(Exception):
    """A guard that cannot be kept; the text says which, and what it must be."""


PROTECTED = Refused("protected-person", "they are protected; plan with --force if they are meant")


def checked(guards: Guards) -> Guards:
    """These guards. Raises GuardFault where one cannot be."""
    if guards.max_changes is not None and guards.max_changes < 0:
        raise GuardFault(f"--max-changes is {guards.max_changes}, must be 0 or more")
    if guards.max_removals is not None and not 0 <= guards.max_removals <= 100:
        raise GuardFault(f"--max-removals is {guards.max_removals:g}, must be a part in per cent: 0 to 100")
    return guards


def protected(guards: Guards) -> re.Pattern[str] | None:
    """What the emails of protected people look like; None when nobody is protected."""
    return re.compile("|".join(map(_pattern, guards.protected_people))) if guards.protected_people else None


def idle(guards: Guards, snapshot: Snapshot) -> list[str]:
    """The emails and patterns that protect nobody of a snapshot: most often one is misspelled."""
    left = {text: re.compile(_pattern(text)) for text in guards.protected_people}
    for block in snapshot.people():
        if not left:
            break
        left = {text: each for text, each in left.items() if not any(each.match(person.email) for person in block)}
    return list(left)


def _pattern(text: str) -> str:
    return translate(text.strip().lower())


def broken(guards: Guards, changes: int, losing: int, holding: int) -> list[Broken]:
    """The guards that a plan breaks.

    `losing`: people who lose a license; `holding`: people who have a license that the plan takes from anybody.
    """
    found = []
    if guards.max_changes is not None and changes > guards.max_changes:
        what = f"it changes {count(changes, 'person', 'people')}, and --max-changes allows {guards.max_changes:,}"
        found.append(Broken("max_changes", what))
    share = 100 * losing / holding if holding else 0.0
    if guards.max_removals is not None and share > guards.max_removals:
        what = (
            f"it takes licenses from {losing:,} of the {holding:,} people who have them ({share:.1f} %), and"
            f" --max-removals allows {guards.max_removals:g} %"
        )
        found.append(Broken("max_removals", what))
    return found


def overridden(
    guards: Guards, people: int, capacities: Iterable[Capacity], licenses: Sequence[License]
) -> list[Broken]:
    """The guards that would have refused what a plan does by force.

    `people`: how many it changes who were protected; `capacities`: what it does with `licenses`.
    """
    found = []
    if people:
        found.append(Broken("protected_people", f"it changes {count(people, 'person', 'people')}, against --protect"))
    for each in capacities:
        if each.license in guards.protected_licenses and each.adds + each.removes:
            license = licenses[each.license]
            name = f"{license.name} in {license.subscription_id}" if license.subscription_id else license.name
            what = f"it changes who has {name} (+{each.adds:,} -{each.removes:,}), against --protect-license"
            found.append(Broken("protected_licenses", what))
    return found

"""What an organization uses of its licenses, and who has units without using them.

Last activity is Webex's own; what it counts as activity is not documented, and somebody who only uses a desk phone
may have none. Unknown is kept apart from never: nobody is listed because a snapshot did not tell.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.snapshots import License, Person, Snapshot
from allot.bulk.shown.bars import Bar, stacked
from allot.bulk.shown.wordings import Names
from allot.core.rulebook import Rulebook

ACTIVE, IDLE, NEVER, UNKNOWN = "active", "idle", "never", "unknown"
#: what is known of somebody's last activity -> what it says
ACTIVITIES = {
    ACTIVE: "active since",
    IDLE: "last active before",
    NEVER: "never active",
    UNKNOWN: "last activity not known",
}


@dataclass(slots=True)
class Use:
    """One license: its units, and of those who hold it how many were active. `total` is None where nothing is counted.

    `spaces`: units that workspaces use, where that is told.
    """

    place: int
    name: str
    subscription: str
    total: int | None
    used: int
    spaces: int
    #: whether taking it from somebody gives a unit back
    counted: bool
    holders: Counter[str] = field(default_factory=Counter)

    @property
    def free(self) -> int | None:
        """Units that are left; less than 0 when it is over its units."""
        return None if self.total is None else self.total - self.used

    @property
    def idle(self) -> int:
        """Units that come back when it is taken from everybody who is idle or never was active."""
        return self.holders[IDLE] + self.holders[NEVER] if self.counted else 0

    @property
    def bar(self) -> Bar | None:
        """Who uses its units; None where nothing is counted."""
        if self.total is None:
            return None
        parts = [(each, self.holders[each]) for each in ACTIVITIES] + [("spaces", self.spaces)]
        # People of whom it is not known what they hold, and what the counter has not caught up with.
        parts.append(("others", self.used - sum(number for _, number in parts)))
        whole = max(self.total, self.used, sum(number for _, number in parts), 1)
        return Bar(stacked(parts, whole).segments, round(100 * self.total / whole, 3))


@dataclass(slots=True)
class Total:
    """The counted licenses of one subscription together."""

    subscription: str
    licenses: int = 0
    total: int = 0
    used: int = 0
    over: int = 0
    idle: int = 0


class Idle(NamedTuple):
    """Somebody who has units and was not active. `days` since they were, None: never."""

    email: str
    licenses: list[int]
    days: int | None
    calling: bool


class Usage:
    """The licenses of a snapshot as they are used. People are idle who were not active for `days` before it was read.

    `only` narrows down whose units are looked for, to these places in the list of licenses.
    """

    def __init__(self, snapshot: Snapshot, rulebook: Rulebook, days: int, only: Collection[int] = ()) -> None:
        self.snapshot = snapshot
        self.days = days
        # Whoever is read last may have been active since: the beginning makes nobody idle who is not.
        self._read = _moment(snapshot.head.begun)
        names = Names(snapshot.licenses)
        self.uses = [_use(rulebook, place, each, names) for place, each in enumerate(snapshot.licenses)]
        self._wanted = {use.place for use in self.uses if use.counted and (not only or use.place in only)}
        #: everybody, by what is known of their last activity
        self.people: Counter[str] = Counter()
        #: people of whom it is not known what they hold
        self.unread = 0
        self.idle_people = self.idle_units = self.idle_calling = 0
        for block in snapshot.people():
            for person in block:
                self._count(person)

    def _count(self, person: Person) -> None:
        state = self._state(person.last_activity)
        self.people[state] += 1
        if isinstance(person.licenses, UnsetType):
            self.unread += 1
            return
        for place in person.licenses:
            self.uses[place].holders[state] += 1
        found = self._idle(person, state)
        if found:
            self.idle_people += 1
            self.idle_units += len(found.licenses)
            self.idle_calling += found.calling

    def idle(self) -> Iterator[Idle]:
        """Everybody who has units and is idle or never was active, in the order of the snapshot."""
        for block in self.snapshot.people():
            for person in block:
                found = self._idle(person, self._state(person.last_activity))
                if found:
                    yield found

    def _idle(self, person: Person, state: str) -> Idle | None:
        if state not in (IDLE, NEVER) or isinstance(person.licenses, UnsetType):
            return None
        places = [place for place in person.licenses if place in self._wanted]
        if not places:
            return None
        last = _moment(person.last_activity) if isinstance(person.last_activity, str) else None
        days = (self._read - last).days if last and self._read else None
        return Idle(person.email, places, days, bool(person.calling))

    def _state(self, last: str | UnsetType | None) -> str:
        if last is None:
            return NEVER
        at = None if last is UNSET else _moment(last)
        if at is None or self._read is None:
            return UNKNOWN
        return IDLE if self._read - at > timedelta(days=self.days) else ACTIVE

    def totals(self) -> list[Total]:
        """The counted licenses by subscription; those of none come last, without a name."""
        found: dict[str, Total] = {}
        for use in sorted(self.uses, key=lambda use: (not use.subscription, use.subscription)):
            if use.total is not None:
                each = found.setdefault(use.subscription, Total(use.subscription))
                each.licenses += 1
                each.total += use.total
                each.used += use.used
                each.over += max(0, use.used - use.total)
                each.idle += use.idle
        return list(found.values())

    def over(self) -> Iterable[str]:
        """A sentence for each license that is over its units."""
        for use in self.uses:
            if use.free is not None and use.free < 0:
                yield f"{use.name}: {-use.free:,} over its units"


def _use(rulebook: Rulebook, place: int, license: License, names: Names) -> Use:
    its = offer(rulebook, license)
    managed = not any(rule.kind == "unmanaged" and rule.left & its.bit for rule in rulebook.rules)
    return Use(
        place,
        names.full(place),
        license.subscription_id or "",
        None if its.free else license.total_units,
        license.consumed_units,
        license.consumed_by_workspaces or 0,
        # Of some licenses Webex does not count the units (hybrid, UCM): taking them away gives nothing back.
        managed and not its.free and license.consumed_units > 0,
    )


def _moment(text: str) -> datetime | None:
    """An ISO-8601 time; what is none is not known."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)

"""Rollbacks: the plan that gives people back what they had before another plan was applied to them.

What is desired is the before-image of every change that the journal knows of. It is decided by the planner as anything
else that is desired, against a snapshot of now, or, where there is none, against what the applied plan left.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import UNSET, UnsetType

from allot.bulk.actual.snapshots import Calling, Head, License, Location, Number, Person, Snapshot
from allot.bulk.applied.journals import ALREADY, REFUSED, Entry
from allot.bulk.applied.standings import Actual, difference, standing
from allot.bulk.desired.desires import Fault, Want
from allot.bulk.files import Writer
from allot.bulk.planned.changes import Change, LicenseName
from allot.bulk.planned.makings import Options
from allot.bulk.planned.makings import make as make_plan
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.wordings import Names
from allot.core.holding import Properties
from allot.core.rulebook import Rulebook

# Units of a license where no snapshot tells them: they are not counted then.
_UNITS = 2**31 - 1


class RollbackFault(Exception):
    """There can be no rollback; the text says why, and what to do."""


@dataclass(slots=True)
class Applied:
    """What an apply did, as far as its journal tells, in the order of the plan."""

    #: those whom it changed
    changes: list[Change] = field(default_factory=list)
    #: those for whom something was sent, without an end that is known
    halves: list[Change] = field(default_factory=list)
    #: those that it has no line of: nothing was sent for them, unless the apply was killed
    silent: list[Change] = field(default_factory=list)
    #: how many were as planned before anything was sent for them; they are among the changes
    already: int = 0


@dataclass(slots=True)
class Rollback:
    """A rollback: the inverse plan, and what it does not do."""

    plan: Plan
    applied: Applied
    #: who is left as they are, or does not get everything back, and why
    left: list[Fault]
    #: what is lost for good although the plan gives back the licenses, one sentence for each person
    losses: list[str]
    #: those without a line in the journal who are as planned; they are undone, too
    found: list[Change] = field(default_factory=list)
    #: how many have no line in the journal, where there is no snapshot that tells whether they are as planned
    unknown: int = 0


def read(plan: Plan, entries: dict[int, Entry]) -> Applied:
    """What the journal of a plan says was done."""
    found = Applied()
    for change in (change for changes in plan.changes() for change in changes):
        entry = entries.get(change.number)
        if entry is None:
            found.silent.append(change)
        elif entry.settled:
            found.changes.append(change)
            found.already += entry.outcome == ALREADY
        elif entry.begun or (entry.outcome == REFUSED and len(change.requests) > 1):
            found.halves.append(change)
    return found


def make(
    plan: Plan, entries: dict[int, Entry], snapshot: Snapshot | None, rulebook: Rulebook, path: Path, now: str
) -> Rollback:
    """Write the inverse plan. `snapshot`: of now, when there is one; `now`: ISO-8601 UTC.

    Raises RollbackFault when the snapshot is of another organization, or not of now.
    """
    found = read(plan, entries)
    if snapshot is not None:
        if snapshot.head.org_id != plan.head.org_id:
            raise RollbackFault(
                f"{snapshot.file.path} is a snapshot of {snapshot.head.org_name}, the plan is of {plan.head.org_name};"
                " name one of the same organization"
            )
        check_age(snapshot, plan.head.made)
        if snapshot.file.digest == plan.head.snapshot:
            raise _older(snapshot)
        # Who has yet to accept something was seen neither at the end nor at the beginning.
        waiting = [change for change in found.changes if entries[change.number].what]
        known = [*found.changes, *found.halves]
        desired = Befores(plan, known, snapshot.licenses, [*found.halves, *waiting], found.silent)
        made = make_plan(snapshot, desired, rulebook, Options(overage=plan.head.overage), path, now)
        desired.compare(made)
        moved = [change for change in found.halves if desired.moved(change)]
        more = list(desired.found.values())
        return Rollback(made, found, desired.notices, _losses(plan, [*found.changes, *moved, *more]), more)
    desired = Befores(plan, found.changes, plan.head.licenses)
    for change in found.halves:
        desired.leave(change, "it is not known how far they came; pull a snapshot, and name it with --snapshot")
    with tempfile.TemporaryDirectory(prefix="allot-rollback-") as folder:
        left = _afters(plan, found.changes, Path(folder) / "left.snapshot", now)
        made = make_plan(left, desired, rulebook, Options(overage=True), path, now)
    desired.compare(made)
    return Rollback(made, found, desired.notices, _losses(plan, found.changes), unknown=len(found.silent))


def check_age(snapshot: Snapshot, applied: str) -> None:
    """See that a snapshot tells what an apply left; `applied`: when that was, ISO-8601 UTC. Raises RollbackFault.

    In an older one everybody is as before: all would seem to be undone.
    """
    if snapshot.head.begun < applied:
        raise _older(snapshot)


def _older(snapshot: Snapshot) -> RollbackFault:
    return RollbackFault(
        f"{snapshot.file.path} is older than the apply: it was pulled from {snapshot.head.begun} on; pull again, and"
        " name what is pulled now"
    )


class Befores:
    """What people had before a plan, as something that is desired.

    `licenses`: the list that its bits are of. `halves`: those of the changes that may have come to no end. All others
    were seen at their end: who is on the way between now was changed by somebody else. `silent`: others of the plan, of
    whom those are among the changes who are as planned now; then they are in `found`.
    """

    def __init__(
        self,
        plan: Plan,
        changes: Iterable[Change],
        licenses: Sequence[LicenseName | License],
        halves: Iterable[Change] = (),
        silent: Iterable[Change] = (),
    ) -> None:
        self.source = f"what was there before {plan.file.path.name}"
        self.notices: list[Fault] = []
        self._head = plan.head
        self._names = Names(plan.head.licenses)
        self._changes = {change.person_id: change for change in changes}
        self._halves = {change.person_id for change in halves}
        self._silent = {change.person_id: change for change in silent}
        self.found: dict[str, Change] = {}
        self._missing = dict.fromkeys(self._changes)
        self._actuals: dict[str, Actual] = {}
        known = {license.id: place for place, license in enumerate(licenses)}
        #: place in the plan -> place in the list of now
        self._places = {
            place: known[license.id] for place, license in enumerate(plan.head.licenses) if license.id in known
        }
        self._back = {now: place for place, now in self._places.items()}

    def of(self, people: Sequence[Person]) -> list[Want | None]:
        """To have again what the plan took, and to lack what it gave. Whoever changed since is left alone."""
        return [self._of(person) for person in people]

    def _of(self, person: Person) -> Want | None:
        change = self._changes.get(person.id) or self._silent.get(person.id)
        if change is None:
            return None
        self._missing.pop(person.id, None)
        actual = self._seen(person.licenses, person.attendee, person.calling)
        if person.id in self._silent and not self._made(change, actual):
            return None
        if actual.licenses is not UNSET and not self._left_so(change, actual):
            found = difference(change.after, actual, self._names, self._head.locations)
            self.leave(change, f"changed since the plan was applied: {found}; decide about them by hand")
            return None
        self._actuals[person.id] = actual
        return self._want(change)

    def _made(self, change: Change, actual: Actual) -> bool:
        """Whether a change was made that the journal does not tell of; then it is one of the others."""
        if standing(change, actual, touched=False) != len(change.requests):
            return False
        self.found[change.person_id] = self._changes[change.person_id] = change
        return True

    def _left_so(self, change: Change, actual: Actual) -> bool:
        """Whether somebody is as the plan left them, or as before it."""
        half = change.person_id in self._halves
        place = standing(change, actual, touched=half)
        return place is not None and (half or place in (0, len(change.requests)))

    def missing(self) -> Iterator[tuple[int | None, str]]:
        """Those who are in the snapshot no more."""
        return ((None, self._changes[person_id].email) for person_id in self._missing)

    def compare(self, made: Plan) -> None:
        """Tell of whom the plan does not give back everything, without refusing it."""
        ends = dict(self._actuals)
        for change in (change for changes in made.changes() for change in changes):
            ends[change.person_id] = self._seen(change.after.licenses, change.after.attendee, change.after.calling)
        for refusal in (refusal for refusals in made.refusals() for refusal in refusals):
            ends.pop(refusal.person_id or "", None)
        for person_id, end in ends.items():
            change = self._changes[person_id]
            found = difference(change.before, end, self._names, self._head.locations)
            if found:
                self.leave(change, f"does not come back whole: {found}")

    def moved(self, change: Change) -> bool:
        """Whether somebody is otherwise now than before the plan, or is not there."""
        actual = self._actuals.get(change.person_id)
        return actual is None or standing(change, actual, touched=False) != 0

    def leave(self, change: Change, why: str) -> None:
        """Leave somebody as they are."""
        self.notices.append(Fault(None, None, f"{change.email}: {why}"))

    def _want(self, change: Change) -> Want:
        before, after = change.before, change.after
        given = {place for request in change.requests for place in request.add}.union(after.licenses)
        told = before.calling
        reached = told is not None and (told.phone_number or told.extension)
        return Want(
            change.line,
            self._bits(before.licenses),
            self._bits(given.difference(before.licenses)),
            Properties(told.location_id, told.phone_number, told.extension) if told and reached else None,
            tuple(url for url in before.attendee if url not in after.attendee),
            tuple(url for url in after.attendee if url not in before.attendee),
        )

    def _bits(self, places: Iterable[int]) -> int:
        return sum(1 << self._places[place] for place in places if place in self._places)

    def _seen(
        self,
        licenses: list[int] | UnsetType,
        attendee: list[str] | UnsetType,
        calling: Calling | UnsetType | None,
    ) -> Actual:
        """What somebody has, in the plan's terms. Licenses that it does not know are nobody's business here."""
        if licenses is UNSET:
            return Actual(UNSET, attendee, calling)
        return Actual(sorted(self._back[place] for place in licenses if place in self._back), attendee, calling)


def _afters(plan: Plan, changes: list[Change], path: Path, now: str) -> Snapshot:
    """A snapshot of what a plan left: only its people, and no license runs out."""
    names = plan.head.licenses
    reached = [state.calling for change in changes for state in (change.before, change.after) if state.calling]
    locations = plan.head.locations | {each.location_id: each.location_id for each in reached if each.location_id}
    numbers = {each.phone_number: each.location_id or "" for each in reached if each.phone_number}
    owners = {
        change.after.calling.phone_number: change.person_id
        for change in changes
        if change.after.calling and change.after.calling.phone_number
    }
    head = Head(plan.head.org_id, plan.head.org_name, plan.head.address, now, now)
    with Writer(path, "snapshot", head) as writer:
        writer.section("licenses")
        writer.write(
            License(each.id, each.name, _UNITS, 0, None, None, each.subscription_id, each.site_url) for each in names
        )
        writer.section("locations")
        prefixes = plan.head.prefixes
        writer.write(Location(id, plan.head.locations.get(id, id), UNSET, prefixes.get(id)) for id in locations)
        writer.section("numbers")
        writer.write(Number(phone, at, owners.get(phone)) for phone, at in numbers.items())
        writer.section("people")
        writer.write(_after(change) for change in changes)
        writer.close()
    return Snapshot(path)


def _after(change: Change) -> Person:
    told = change.after
    return Person(change.person_id, change.email, "", told.licenses, told.attendee, told.calling, change.external)


def _losses(plan: Plan, changes: list[Change]) -> list[str]:
    """What giving back licenses does not give back."""
    names = Names(plan.head.licenses)
    found: list[str] = []
    for change in changes:
        if change.irreversible:
            found.append(f"{change.email}: the settings of calling and the voicemail are lost for good")
        taken = names.all(place for place in change.before.licenses if place not in change.after.licenses)
        given = names.all(place for place in change.after.licenses if place not in change.before.licenses)
        if change.external and taken:
            found.append(f"{change.email}: is invited anew to {', '.join(taken)}, and has it when they accept")
        if change.external and given:
            what = f"an invitation to {', '.join(given)} that is still open stays until they answer or it runs out"
            found.append(f"{change.email}: {what}")
    return found

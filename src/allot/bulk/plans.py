"""Plans: what is to be done so that an organization becomes as desired, decided for everybody, in one file."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import UNSET

from allot.bulk.asks import answer, ask
from allot.bulk.changes import Capacity, Change, Guards, Head, LicenseName, Reason, Refusal, Summary
from allot.bulk.desires import Desired
from allot.bulk.files import File, Writer
from allot.bulk.organizations import organization
from allot.bulk.snapshots import Snapshot
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is made. `overage`: units are never refused. `force`: guards do not hold a plan back."""

    guards: Guards = field(default_factory=Guards)
    overage: bool = False
    force: bool = False


class Plan:
    """A plan as its file has it. Raises FileFault when the file is none or was edited, OSError when it is away."""

    def __init__(self, path: Path) -> None:
        self.file = File(path, "plan")
        self.head = msgspec.json.decode(self.file.head, type=Head)
        [self.summary] = self.file.records("summary", Summary)

    @property
    def digest(self) -> str:
        return self.file.digest

    def changes(self) -> Iterator[list[Change]]:
        """The changes, in their order, some thousands at a time."""
        return self.file.blocks("changes", Change)

    def refusals(self) -> Iterator[list[Refusal]]:
        """Everybody who is refused, some thousands at a time."""
        return self.file.blocks("refusals", Refusal)


def make(snapshot: Snapshot, desired: Desired, rulebook: Rulebook, options: Options, path: Path, now: str) -> Plan:
    """Compare, decide and write the plan file. `now` is ISO-8601 UTC."""
    numbers = [number for block in snapshot.numbers() for number in block]
    decided = organization(rulebook, snapshot, numbers, overage=options.overage)
    changes, refusals, asked = _decide(snapshot, desired, rulebook, decided)
    head = _head(snapshot, desired, rulebook, options, now)
    with Writer(path, "plan", head) as writer:
        writer.section("changes")
        writer.write(changes)
        writer.section("refusals")
        writer.write(refusals)
        writer.section("summary")
        writer.write([_summary(snapshot, asked, changes, refusals)])
        writer.close()
    return Plan(path)


def _decide(
    snapshot: Snapshot, desired: Desired, rulebook: Rulebook, decided: Organization
) -> tuple[list[Change], list[Refusal], int]:
    changes: list[Change] = []
    refusals: list[Refusal] = []
    asked = 0
    for block in snapshot.people():
        for person in block:
            want = desired.of(person)
            if want is None:
                continue
            asked += 1
            if person.licenses is UNSET:
                what = "it is not known what they hold; pull the snapshot with an administrator's token"
                refusals.append(Refusal(person.email, [Reason("unknown-licenses", what)], person.id, want.line))
                continue
            found = ask(person, want)
            if found.empty:
                continue
            said = answer(rulebook, decided, found)
            if isinstance(said, Refusal):
                refusals.append(said)
            else:
                said.number = len(changes) + 1
                changes.append(said)
    for line, email in desired.missing():
        what = f"there is no person {email} in the snapshot; correct the email, or pull again"
        refusals.append(Refusal(email, [Reason("no-such-person", what)], None, line))
        asked += 1
    return changes, refusals, asked


def _head(snapshot: Snapshot, desired: Desired, rulebook: Rulebook, options: Options, now: str) -> Head:
    return Head(
        snapshot.head.org_id,
        snapshot.head.org_name,
        snapshot.digest,
        snapshot.head.address,
        f"{rulebook.name} {rulebook.version}",
        desired.source,
        now,
        [LicenseName(each.id, each.name, each.subscription_id, each.site_url) for each in snapshot.licenses],
        options.guards,
        options.force,
        options.overage,
        {each.id: each.name for each in snapshot.locations},
        snapshot.head.finished,
    )


def _summary(snapshot: Snapshot, asked: int, changes: list[Change], refusals: list[Refusal]) -> Summary:
    adds = Counter(place for change in changes for place in set(change.after.licenses) - set(change.before.licenses))
    removes = Counter(place for change in changes for place in set(change.before.licenses) - set(change.after.licenses))
    capacities = [
        Capacity(place, each.total_units - each.consumed_units, adds[place], removes[place], each.total_units)
        for place, each in enumerate(snapshot.licenses)
        if adds[place] or removes[place]
    ]
    return Summary(
        snapshot.file.count("people"),
        asked,
        len(changes),
        asked - len(changes) - len(refusals),
        len(refusals),
        sum(len(change.requests) for change in changes),
        sum(change.irreversible for change in changes),
        capacities,
        dict(Counter(refusal.reasons[0].rule for refusal in refusals)),
    )

"""Makings: what is desired of an organization is compared with what it has, decided for everybody, and made a plan."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress, islice
from pathlib import Path

import msgspec
import numpy as np

from allot.bulk.actual.organizations import organization
from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.desires import Desired
from allot.bulk.files import BATCH, Writer
from allot.bulk.memories import without_collector
from allot.bulk.planned import guards
from allot.bulk.planned.asks import Asks
from allot.bulk.planned.capacities import Capacities
from allot.bulk.planned.changes import Change, Guards, Head, LicenseName, Reason, Refusal, Summary
from allot.bulk.planned.comparisons import compare
from allot.bulk.planned.plans import Plan
from allot.bulk.planned.records import Records
from allot.bulk.planned.summaries import forced, removals, summarize
from allot.bulk.planned.ways import Answers
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is made. `overage`: units are never refused. `force`: guards do not hold a plan back."""

    guards: Guards = field(default_factory=Guards)
    overage: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """Everybody decided, and nothing written. Iterating tells each one's change or refusal: in the order of the
    snapshot, and at the end those who are not in it."""

    snapshot: Snapshot
    desired: Desired
    rulebook: Rulebook
    options: Options
    summary: Summary
    _records: Records

    def __iter__(self) -> Iterator[Change | Refusal]:
        change, refusal = msgspec.json.Decoder(Change), msgspec.json.Decoder(Refusal)
        for lines, refused in self._records.tell(self.snapshot, self.desired):
            for line, gone in zip(lines, refused, strict=True):
                yield refusal.decode(line) if gone else change.decode(line)
        yield from self._missing()

    def write(self, path: Path, now: str) -> Plan:
        """Write the plan file. `now` is ISO-8601 UTC."""
        with (
            without_collector(),
            Writer(path, "plan", self._head(now)) as writer,
            self._records.changes() as changes,
            self._records.refusals() as refusals,
        ):
            for lines, refused in self._records.tell(self.snapshot, self.desired):
                changes.put([line for line, gone in zip(lines, refused, strict=True) if not gone])
                refusals.put(list(compress(lines, refused)))
            missing = (msgspec.json.encode(refusal) + b"\n" for refusal in self._missing())
            while some := list(islice(missing, BATCH)):
                refusals.put(some)
            for name, spool in (("changes", changes), ("refusals", refusals)):
                writer.section(name)
                for data, count in spool.lines():
                    writer.lines(data, count)
            writer.section("summary")
            writer.write([self.summary])
            writer.close()
        return Plan(path, verified=False)  # it is as it was just written

    def _missing(self) -> Iterator[Refusal]:
        for line, email in self.desired.missing():
            what = f"there is no person {email} in the snapshot; correct the email, or pull again"
            yield Refusal(email, [Reason("no-such-person", what)], None, line)

    def _head(self, now: str) -> Head:
        snapshot, options = self.snapshot, self.options
        return Head(
            snapshot.head.org_id,
            snapshot.head.org_name,
            snapshot.digest,
            snapshot.head.address,
            f"{self.rulebook.name} {self.rulebook.version}",
            self.desired.source,
            now,
            [LicenseName(each.id, each.name, each.subscription_id, each.site_url) for each in snapshot.licenses],
            options.guards,
            options.force,
            options.overage,
            {each.id: each.name for each in snapshot.locations},
            snapshot.head.begun,
            {each.id: each.routing_prefix for each in snapshot.locations if each.routing_prefix},
        )


def decide(snapshot: Snapshot, desired: Desired, rulebook: Rulebook, options: Options) -> Decided:
    """Compare everybody with what is desired of them, and decide. Raises GuardFault, and what the files raise.

    The snapshot is read here, and once more when it is told what was decided: of each person only a few numbers are
    kept, so that memory is enough for millions.
    """
    kept = guards.checked(options.guards)
    boundless = organization(rulebook, snapshot, [], overage=True)
    protected = 0 if options.force else sum(1 << place for place in set(kept.protected_licenses))
    with without_collector():
        found = compare(snapshot, desired, Asks(rulebook, boundless), kept, force=options.force)
        free = units(snapshot, boundless, overage=options.overage)
        answers = Answers(rulebook, boundless, free, protected)
        numbers = np.array(answers.number(found.kinds), np.int32)[np.asarray(found.kind)]
        capacities = Capacities(answers.told, answers.without, free)
        numbers, waves = capacities.settle(numbers, found.order)
        missing = sum(1 for _ in desired.missing())
        summary = summarize(snapshot, found, capacities, numbers, missing)
        summary.guards = guards.broken(kept, summary.changes, *removals(found, answers.told, numbers))
        if options.force:
            people = forced(found, answers.told, numbers)
            summary.guards += guards.overridden(kept, people, summary.capacities, snapshot.licenses)
        records = Records(found, answers.told, numbers, waves, missing)
    return Decided(snapshot, desired, rulebook, options, summary, records)


def make(snapshot: Snapshot, desired: Desired, rulebook: Rulebook, options: Options, path: Path, now: str) -> Plan:
    """Decide and write the plan file. `now` is ISO-8601 UTC. Raises GuardFault, and what the files raise."""
    return decide(snapshot, desired, rulebook, options).write(path, now)


def units(snapshot: Snapshot, decided: Organization, *, overage: bool) -> list[int | None]:
    """The free units of each license by its place, below 0 where more are used than there are; None: no limit."""
    return [
        None if overage or license.offer.free else read.total_units - read.consumed_units
        for read, license in zip(snapshot.licenses, decided.licenses.values(), strict=True)
    ]

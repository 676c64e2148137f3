"""Applies: a plan is carried out, person by person, and everybody is read before and after.

The changes go wave by wave, in their order, in windows. The people of a window are read (`surveys`), and who is met is
judged at once (`standings`): as planned already, not as the plan expects, or to be sent. Workers send (`sendings`).
The survey of the next window reads back those of this one on its way. All that is known of a change is in the journal.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice

from allot.bulk.applied.journals import (
    ALREADY,
    BEGUN,
    DONE,
    GONE,
    LOST,
    SENT,
    TROUBLES,
    Entry,
    Journal,
    JournalFault,
)
from allot.bulk.applied.sendings import GENERIC, NOBODY, Sender, Sent
from allot.bulk.applied.standings import Actual, agrees, standing
from allot.bulk.applied.surveys import Surveys
from allot.bulk.files import FileFault
from allot.bulk.planned.changes import Change
from allot.bulk.planned.plans import Plan
from allot.client.failures import ClientFault
from allot.client.readers import Reader
from allot.client.writers import Writer
from allot.core import ids
from allot.core.rulebook import Rulebook

# Changes of a window. They are in memory, so that they are not too many; everybody is read once for each window, which
# must not be many more requests than those that change somebody: a tenth at most.
WINDOW, WINDOW_SHARE = 50_000, 10
# How often the disk is told of the journal, in seconds.
SYNC_SECONDS = 0.2


class ApplyFault(Exception):
    """A plan that cannot be applied there; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a plan is applied. `org_id` names another organization than the token's, as a partner's token may."""

    org_id: str | None = None
    #: requests under way at once, at most
    workers: int = 64
    #: so many changes are done and read back first, and a failure among them ends everything
    canary: int = 0
    stop_on_error: bool = False
    #: seconds after which somebody who is not as answered is read once more
    settle: float = 2.0


@dataclass(slots=True)
class Tally:
    """How far an apply is."""

    #: changes of the plan, and those that an earlier run had settled
    total: int
    settled: int = 0
    #: outcome -> changes of this run, by their last outcome
    outcomes: Counter[str] = field(default_factory=Counter)
    #: why sending ended before the end of the plan
    stopped: str | None = None
    #: changes of which something was or may have been sent, and which this run did not come to; known when it has ended
    open: int = 0
    #: (outcome, code) -> an example: email and what
    examples: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    @property
    def decided(self) -> int:
        """Changes of which it is known what became of them."""
        return self.settled + sum(self.outcomes.values())

    @property
    def done(self) -> int:
        """Changes whose people are as planned and were seen so."""
        return self.settled + self.outcomes[DONE] + self.outcomes[ALREADY]


async def check(plan: Plan, reader: Reader, org_id: str | None) -> None:
    """See that a plan belongs where it is applied. Raises ApplyFault when it does not, ClientFault."""
    head = plan.head
    found = await reader.organization(org_id)
    if (ids.decode("ORGANIZATION", found.id) or found.id) != head.org_id:
        raise ApplyFault(
            f"{plan.file.path} is for {head.org_name} ({head.org_id}), not for {found.display_name}, which the token or"
            " --org names; give a token of that organization, or its id with --org when the token manages it"
        )
    there = {ids.decode("LICENSE", each.id) or each.id for each in await reader.licenses(org_id)}
    spoken = {each.license for each in plan.summary.capacities}
    gone = [head.licenses[place].name for place in sorted(spoken) if head.licenses[place].id not in there]
    if gone:
        raise ApplyFault(f"{found.display_name} has no license {', '.join(gone)} any more; pull and plan again")


class Apply:
    """One run of applying one plan."""

    def __init__(self, plan: Plan, writer: Writer, rulebook: Rulebook, journal: Journal, options: Options) -> None:
        settled = sum(entry.settled for entry in journal.entries.values())
        self.tally = Tally(plan.summary.changes, settled)
        self._plan = plan
        self._journal = journal
        self._options = options
        self._surveys = Surveys(writer, plan, rulebook, options.org_id, options.workers)
        self._sender = Sender(writer, plan.head, self._surveys, options.org_id)
        self._queue: asyncio.Queue[tuple[Change, int]] = asyncio.Queue(options.workers * 4)
        #: by person: what was sent, to be read back
        self._unread: dict[str, tuple[Change, Sent]] = {}
        #: changes that may succeed when the others of their wave are done
        self._again: dict[str, Change] = {}
        self._lent = {each.license for each in plan.summary.capacities if each.removes}
        #: numbers of those that had their second turn; and the outcomes of this run, by number
        self._repeated: set[int] = set()
        self._known: dict[int, str] = {}
        self._feeding: asyncio.Task[None] | None = None

    async def run(self) -> Tally:
        """Apply what an earlier run has not; how far it came. `Tally.stopped` says why it did not reach the end."""
        async with self._working():
            self._feeding = asyncio.create_task(self._feed())
            try:
                await self._feeding
            except asyncio.CancelledError:
                if self.tally.stopped is None:
                    raise
            except (FileFault, OSError) as fault:
                self.stop(f"{fault}, or put back the plan that was approved")
            except (ClientFault, JournalFault) as fault:
                self.stop(str(fault))
            await self._queue.join()
        entries = self._journal.entries
        unread = (number for number, entry in entries.items() if entry.begun and not entry.settled)
        self.tally.open = sum(number not in self._known for number in unread)
        return self.tally

    def stop(self, why: str) -> None:
        """Send nothing more; what is under way is finished."""
        if self.tally.stopped is None:
            self.tally.stopped = why
            if self._feeding is not None:
                self._feeding.cancel()

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """With workers that send what is in the queue, and one that tells the disk of the journal."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._work()) for _ in range(self._options.workers)]
            tasks.append(group.create_task(self._sync()))
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
        try:
            self._journal.sync()
        except JournalFault as fault:
            self.stop(str(fault))

    async def _sync(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            try:
                await asyncio.to_thread(self._journal.sync)
            except JournalFault as fault:
                self.stop(str(fault))

    # ---------------------------------------------------------------- feeding

    async def _feed(self) -> None:
        await self._try_canary()
        for _, changes in self._waves(self._changes()):
            for window in self._windows(changes):
                await self._sweep(window)
            repeated, self._again = self._again, {}
            await self._sweep(repeated)
        await self._sweep({})

    async def _try_canary(self) -> None:
        """Do the first changes and read them back, before any other; stop when one of them fails."""
        first = list(islice(self._changes(), self._options.canary))
        for _, some in self._waves(first):
            await self._sweep(self._to_do(some))
        await self._sweep({})
        failed = sum(self._known.get(change.number) in TROUBLES for change in first)
        if failed > len(self._again):
            self.stop(f"{failed} of the first {len(first)} changes failed, so that nothing more was sent")

    def _changes(self) -> Iterator[Change]:
        return (change for block in self._plan.changes() for change in block)

    @staticmethod
    def _waves(changes: Iterable[Change]) -> Iterator[tuple[int, Iterator[Change]]]:
        """Changes by their waves. In a plan they stand in that order: there may be thousands, and it is read once."""
        return groupby(changes, key=lambda change: change.wave)

    def _to_do(self, changes: Iterable[Change]) -> dict[str, Change]:
        """By person: the changes that neither this run nor an earlier one is done with."""
        entries = self._journal.entries
        return {
            change.person_id: change
            for change in changes
            if change.number not in self._known
            and not ((entry := entries.get(change.number)) is not None and entry.settled)
        }

    def _windows(self, changes: Iterator[Change]) -> Iterator[dict[str, Change]]:
        size = max(WINDOW, self._plan.summary.people // WINDOW_SHARE)
        while some := list(islice(changes, size)):
            yield self._to_do(some)

    async def _sweep(self, window: dict[str, Change]) -> None:
        """Read the people of a window and those to be read back; send what is to be sent, to the last answer."""
        unread, self._unread = self._unread, {}
        doubtful: dict[str, tuple[Change, Sent]] = {}
        async for person_id, actual in self._surveys.of(unread.keys() | window.keys()):
            if person_id in unread and not self._confirm(*unread[person_id], actual):
                doubtful[person_id] = unread[person_id]
            if person_id in window:
                await self._begin(window[person_id], actual)
        await self._queue.join()
        if doubtful:
            await self._settle(doubtful)

    async def _begin(self, change: Change, actual: Actual | None) -> None:
        """Judge somebody who was just read, and have sent what is to be sent."""
        if actual is None:
            self._note(change, Entry(change.number, GONE, NOBODY))
            return
        entry = self._journal.entries.get(change.number)
        touched = entry is not None and entry.touched
        place = standing(change, actual, touched=touched)
        if place is None:
            self._note(change, self._sender.stale(change, actual))
        elif place < len(change.requests):
            if len(change.requests) > 1 and not touched:
                self._journal.write(Entry(change.number, BEGUN))
            await self._queue.put((change, place))
        elif entry is not None and touched:
            self._note(change, Entry(change.number, DONE, "", "", entry.tracking_id))
        else:
            self._note(change, Entry(change.number, ALREADY))

    # ---------------------------------------------------------------- sending

    async def _work(self) -> None:
        while True:
            change, place = await self._queue.get()
            try:
                if self.tally.stopped is None:
                    self._record(change, await self._sender.send(change, place))
            except (ClientFault, JournalFault) as fault:
                self.stop(str(fault))
            finally:
                self._queue.task_done()

    def _record(self, change: Change, sent: Sent) -> None:
        entry = sent.entry
        if entry.outcome == SENT:
            self._unread[change.person_id] = change, sent
        elif entry.code == GENERIC and change.number not in self._repeated and self._borrows(change):
            self._repeated.add(change.number)
            self._again[change.person_id] = change
        self._note(change, entry)
        if sent.fault is not None:
            self.stop(str(sent.fault))

    def _borrows(self, change: Change) -> bool:
        """Whether a change needs what another one may set free: a unit, or a phone number."""
        numbers = any(request.calling and request.calling.phone_number for request in change.requests)
        return numbers or any(place in self._lent for request in change.requests for place in request.add)

    # ---------------------------------------------------------------- reading back

    def _confirm(self, change: Change, sent: Sent, actual: Actual | None) -> bool:
        """Whether somebody is as planned, what they have yet to accept apart; then it is noted."""
        if actual is None or not agrees(change.after, sent.accepted(actual)):
            return False
        what = "waits for the person to accept" if sent.pending or sent.sites else ""
        self._note(change, Entry(change.number, DONE, what, "", sent.entry.tracking_id))
        return True

    async def _settle(self, doubtful: dict[str, tuple[Change, Sent]]) -> None:
        """Read those once more who are not as answered: an API may show late what it has done."""
        await asyncio.sleep(self._options.settle)
        async for person_id, actual in self._surveys.of(doubtful):
            change, sent = doubtful[person_id]
            if self._confirm(change, sent, actual):
                continue
            lost = self._sender.missing(change, actual) if actual else NOBODY
            what = f"answered as done, but read back otherwise: {lost}"
            self._note(change, Entry(change.number, LOST, what, "", sent.entry.tracking_id))

    def _note(self, change: Change, entry: Entry) -> None:
        """Keep what became of a change."""
        self._journal.write(entry)
        outcomes = self.tally.outcomes
        if change.number in self._known:
            outcomes[self._known[change.number]] -= 1
        outcomes[entry.outcome] += 1
        self._known[change.number] = entry.outcome
        if entry.outcome in TROUBLES and change.person_id not in self._again:
            self.tally.examples.setdefault((entry.outcome, entry.code), (change.email, entry.what))
            if self._options.stop_on_error:
                self.stop(f"stopped at the first failure, {change.email}: {entry.what}")

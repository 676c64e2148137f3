"""Making billing reports: claimed with a lease, counted slice by slice, written piece by piece.

Nothing here holds the loop for more than some milliseconds, or more in memory than one piece, however
much usage there is. Every transaction that writes first makes sure that the claim is still ours: who was
taken for dead, and whose report was deleted, learns of it there.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from allot.core.journal import Entry
from allot.core.package import Notice
from allot.core.report import COMPLETED, DELETED, FAILED, LINE_END, Bill, Report
from allot.service import loops
from allot.service.clock import later
from allot.service.reports import REPORTS
from allot.service.service import Service
from allot.store import journal, reports, usage
from allot.store.database import StoreError, Writing

# Rows of usage that are read and counted at once: some milliseconds.
SLICE = 1_000
# A piece is written when it has so many characters; with the lines of one slice more it is still small.
PIECE_CHARACTERS = 500_000
# Pieces that one transaction removes.
CLEARED_AT_ONCE = 20
ATTEMPTS_MAX = 5
# Between attempts: doubled each time.
BACKOFF_SECONDS = 1.0
# How often to look without being woken, and how long to rest after a turn that failed.
LOOK_SECONDS = 0.5
AWAY_SECONDS = 1.0
# So much of the lease may go by before it is renewed.
RENEWED_AFTER = 1 / 3

#: the status in the journal of what became of a report
OUTCOMES = {COMPLETED: 200, FAILED: 500}
#: errors of ours, numbered from 90030
NOT_MADE = Notice(90030, f"The report could not be made in {ATTEMPTS_MAX} attempts. Delete it and create it again.")
NOT_FINISHED = Notice(
    90031, f"The report was begun {ATTEMPTS_MAX} times, and stopped every time. Delete it and create it again."
)

log = logging.getLogger("allot.reports")


class LostError(Exception):
    """The claim is somebody else's by now, or the report is deleted."""


class StoppedError(Exception):
    """The process is stopping; the report is for others to make."""


class Attempt:
    """One claim of one report, and what is done under it. Everything raises LostError when it is not ours any more."""

    def __init__(self, service: Service, report: Report, is_stopping: Callable[[], bool]) -> None:
        self._database = service.database
        self._context = service.context
        self._lease = int(service.settings.lease_seconds * 1000)
        self._report = report
        self._is_stopping = is_stopping
        self._renewed = time.monotonic()
        self._lines: list[str] = []
        self._characters = 0

    async def make(self) -> None:
        """Count all usage and write the file; it is there for others once it is whole."""
        report = self._report
        report.pieces = report.size = 0
        bill = Bill(report)
        self._say([bill.header])
        place = usage.BEGINNING
        more = True
        while more:
            async with self._database.reading() as reading:
                found = await usage.after(reading, report.subject_id, place, SLICE)
            self._say(bill.add(found))
            await self._keep()
            more = len(found) == SLICE
            place = found[-1][:4] if found else place
        self._say(bill.end())
        async with self._database.writing() as writing:
            await self._write(writing)
            await self._finish(writing, COMPLETED, [])

    async def fail(self, why: Notice) -> None:
        """Give the report up."""
        async with self._database.writing() as writing:
            await self._finish(writing, FAILED, [why])

    async def clear(self) -> None:
        """Remove what earlier attempts have written."""
        removed = CLEARED_AT_ONCE
        while removed == CLEARED_AT_ONCE:
            async with self._database.writing() as writing:
                await self._hold(writing)
                removed = await reports.clear(writing, self._report, CLEARED_AT_ONCE)

    async def remove(self) -> None:
        """Remove a deleted report, which is cleared."""
        async with self._database.writing() as writing:
            if not await reports.remove(writing, self._report):
                raise LostError

    async def postpone(self, due: str) -> None:
        """Give the claim back, for anybody from this time on; nothing when it was not ours any more."""
        async with self._database.writing() as writing:
            await reports.postpone(writing, self._report, due)

    def _say(self, lines: list[str]) -> None:
        self._lines += lines
        self._characters += sum(map(len, lines))

    async def _keep(self) -> None:
        """Between two slices: write a piece when there is one, keep the claim, and let others have the loop."""
        if self._is_stopping():
            raise StoppedError
        if self._characters >= PIECE_CHARACTERS:
            async with self._database.writing() as writing:
                await self._write(writing)
        elif time.monotonic() - self._renewed > self._lease / 1000 * RENEWED_AFTER:
            async with self._database.writing() as writing:
                await self._hold(writing)
        else:
            await asyncio.sleep(0)

    async def _write(self, writing: Writing) -> None:
        """Write a piece; its number counts from 0."""
        await self._hold(writing)
        text = LINE_END.join((*self._lines, ""))
        await reports.write(writing, self._report, self._report.pieces, text)
        self._report.pieces += 1
        self._report.size += len(text.encode())
        self._lines.clear()
        self._characters = 0

    async def _hold(self, writing: Writing) -> None:
        if not await reports.hold(writing, self._report, self._lease):
            raise LostError
        self._renewed = time.monotonic()

    async def _finish(self, writing: Writing, status: str, errors: list[Notice]) -> None:
        report = self._report
        if not await reports.finish(writing, report, status, errors):
            raise LostError
        outcome, detail = OUTCOMES[status], {"status": status, "attempt": report.attempts}
        told = detail | ({"errors": errors} if errors else {"bytes": report.size})
        now = self._context.stamp()
        entry = Entry(report.org_id, now, report.tracking_id, "reports.make", None, report.id, outcome, told)
        await journal.write(writing, [entry])


class Maker:
    """Makes reports, one at a time; any number of makers work on one database."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._bell = service.reports_bell
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        #: reports made, and attempts that were given up because they were another's by then
        self.made = 0
        self.late = 0

    def start(self) -> None:
        """Work in the background, on the running loop."""
        self._task = asyncio.create_task(self.run())

    async def close(self) -> None:
        """Give back what is begun, then stop."""
        self._closing = True
        self._bell.ring()
        if self._task is not None:
            await self._task

    async def run(self) -> None:
        """Work until `close`."""
        async with self._service.database.listening(REPORTS, self._bell.ring):
            while not self._closing:
                busy = await loops.attempt(self.turn(), log, "cannot make reports, and try again")
                if busy is None:
                    # What was begun is taken up again when its lease has run out.
                    await asyncio.sleep(AWAY_SECONDS)
                elif not busy and not self._closing:
                    await self._bell.wait(LOOK_SECONDS)

    async def turn(self) -> bool:
        """Work at one report, if one is due; whether it was."""
        database, context = self._service.database, self._service.context
        lease = int(self._service.settings.lease_seconds * 1000)
        async with database.reading() as reading:
            if not await reports.is_due(reading, context.stamp()):
                return False
        async with database.writing() as writing:
            report = await reports.claim(writing, context.stamp(), lease)
        if report is not None:
            # Whatever goes wrong belongs to this report, not to the maker: it comes back as a value.
            [error] = await asyncio.gather(self._work(report), return_exceptions=True)
            try:
                await self._settle(report, error)
            except LostError:  # deleted, or another's, while it was given up
                self.late += 1
        return report is not None

    async def _work(self, report: Report) -> None:
        """Make a report, clear a deleted one, or give up one that was begun too often."""
        attempt = Attempt(self._service, report, lambda: self._closing)
        await attempt.clear()
        if report.status == DELETED:
            await attempt.remove()
        elif report.attempts > ATTEMPTS_MAX:
            await attempt.fail(NOT_FINISHED)
        else:
            await attempt.make()
            self.made += 1

    async def _settle(self, report: Report, error: BaseException | None) -> None:
        """What becomes of a report whose attempt ended with an error."""
        if error is None:
            return
        if isinstance(error, LostError):
            self.late += 1
            return
        if isinstance(error, StoreError) or not isinstance(error, Exception):
            raise error
        now = self._service.context.now()
        attempt = Attempt(self._service, report, lambda: False)
        if isinstance(error, StoppedError):
            await attempt.postpone(later(now))
            return
        log.error("attempt %d at billing report %s", report.attempts, report.id, exc_info=error)
        if report.status == DELETED or report.attempts < ATTEMPTS_MAX:
            await attempt.postpone(later(now, seconds=BACKOFF_SECONDS * 2 ** min(report.attempts - 1, 6)))
        else:
            await attempt.clear()
            await attempt.fail(NOT_MADE)

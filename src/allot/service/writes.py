"""The write queue: requests that write wait here and are served together, a batch a transaction.

A writer takes what has gathered while the last batch was being written, serves all of it in one
database transaction, and answers when that is on disk. The busier the service, the larger the
batches and the cheaper each request; a lone request is a batch of one and waits for nobody.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from allot.core.failure import Failure, Kind
from allot.service.context import Context
from allot.store.database import ConflictError, Database, StoreError, UncertainError, Writing

# A batch is one transaction: large enough to share the disk's wait, small enough that it does not
# hold the loop for more than a few milliseconds.
BATCH_MAX = 128
# So many requests at once are a crowd; it is waited for in pauses, so many of them without anybody new.
CROWD = 16
PAUSES = 3
PAUSE_SECONDS = 0.0003
# Of one writer. Beyond this a request would wait for seconds; better to say so at once.
QUEUED_MAX = 20_000

#: what the log says of changes for which the database has no room, or which it does not take for another reason
UNWRITTEN = "changes cannot be written"
CERTAIN = "Nothing was changed: the database takes no changes. Try again later"
UNCERTAIN = "The database went away while it kept this change, which may have been made. Look before you try again"

#: serves some arguments in one transaction; one outcome for each, a Failure where it fails alone
Operation = Callable[[Writing, Context, Sequence[Any]], Awaitable[Sequence[Any]]]


log = logging.getLogger("allot.writes")


@dataclass(slots=True, eq=False)
class _Job:
    operation: Operation
    argument: Any
    answer: "asyncio.Future[Any]"


class Writes:
    """The queues of one database, one for each writer that it allows."""

    def __init__(self, database: Database, context: Context, committed: Callable[[], None]) -> None:
        self._database = database
        self._context = context
        self._committed = committed
        self._queues: list[deque[_Job]] = [deque() for _ in range(database.writers)]
        self._wake = [asyncio.Event() for _ in self._queues]
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        #: batches and requests served so far, for the metrics
        self.batches = 0
        self.served = 0

    @property
    def waiting(self) -> int:
        """Requests that wait for a writer."""
        return sum(len(queue) for queue in self._queues)

    @property
    def alive(self) -> bool:
        """Whether every writer runs."""
        return bool(self._tasks) and not self._closing and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        """Start the writers, on the running loop."""
        self._tasks = [asyncio.create_task(self._serve(n)) for n in range(len(self._queues))]

    async def submit(self, org_id: str, operation: Operation, argument: Any) -> Any:
        """Serve `argument` with others of its operation; its outcome, once it is on disk.

        Requests of one organization keep their order. Raises the Failure that it failed with.
        """
        # Requests of one organization go to one writer, in every process to that of the same number: writers of two
        # processes then wait for each other's organizations only where they have the same ones.
        place = crc32(org_id.encode()) % len(self._queues)
        queue = self._queues[place]
        if self._closing or len(queue) >= QUEUED_MAX:
            raise Failure(Kind.UNAVAILABLE, "The service is overloaded", ("Too many changes wait. Try again later",), 1)
        job = _Job(operation, argument, asyncio.get_running_loop().create_future())
        queue.append(job)
        self._wake[place].set()
        return await job.answer

    async def close(self) -> None:
        """Serve what is queued, then stop."""
        self._closing = True
        for wake in self._wake:
            wake.set()
        await asyncio.gather(*self._tasks)

    async def _serve(self, place: int) -> None:
        queue, wake = self._queues[place], self._wake[place]
        expected = 0
        while queue or not self._closing:
            if not queue:
                wake.clear()
                await wake.wait()
            await _gather(queue, 0 if self._closing else expected)
            if queue:  # what wakes the writer may be the end
                batch = _next_batch(queue)
                await self._transact(batch)
                expected = len(queue) + len(batch)

    async def _transact(self, batch: list[_Job]) -> None:
        """Serve a batch in one transaction; should a request make it fail as a whole, serve its members one by one."""
        try:
            async with self._database.writing() as writing:
                outcomes = await batch[0].operation(writing, self._context, [job.argument for job in batch])
        except StoreError as error:
            # No request is at fault: each would fail again, and wait as long as this one did.
            log.error("%d %s: %s", len(batch), UNWRITTEN, error)
            for job in batch:
                _fail(job, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to one request, not to the writer
            if len(batch) > 1:
                for job in batch:
                    await self._transact([job])
            else:
                _fail(batch[0], error)
            return
        self._committed()
        self.batches += 1
        self.served += len(batch)
        for job, outcome in zip(batch, outcomes, strict=True):
            if job.answer.done():  # the client has gone; what it asked for is done all the same
                continue
            if isinstance(outcome, Failure):
                job.answer.set_exception(outcome)
            else:
                job.answer.set_result(outcome)


async def _gather(queue: deque[_Job], expected: int) -> None:
    """Let the loop read on while its turns bring more requests, until as many are here as were lately.

    Requests that arrived together are read one by one; a lone one waits for a turn or two, some
    microseconds. In a crowd those who were answered last tend to ask again, and are waited for while
    others keep coming: half the batches cost less than the moment does.
    """
    crowd = min(expected, BATCH_MAX) if expected >= CROWD else 0
    waiting = quiet = 0
    while len(queue) < BATCH_MAX and (len(queue) > waiting or (len(queue) < crowd and quiet < PAUSES)):
        quiet = quiet + 1 if len(queue) == waiting else 0
        waiting = len(queue)
        await asyncio.sleep(PAUSE_SECONDS if waiting < crowd else 0)


def _next_batch(queue: deque[_Job]) -> list[_Job]:
    """The jobs at the head of the queue that are of one operation."""
    batch = [queue.popleft()]
    while queue and len(batch) < BATCH_MAX and queue[0].operation == batch[0].operation:
        batch.append(queue.popleft())
    return batch


def _fail(job: _Job, error: Exception) -> None:
    if job.answer.done():
        return
    # What the database says is for the operator, and in the log.
    if isinstance(error, StoreError):
        told = UNCERTAIN if isinstance(error, UncertainError) else CERTAIN
        error = Failure(Kind.UNAVAILABLE, "The service cannot write now", (told,), 1)
    elif isinstance(error, ConflictError):
        error = Failure.conflict("Something of this name or id exists already, or is in use")
    job.answer.set_exception(error)

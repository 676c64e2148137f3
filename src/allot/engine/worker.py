"""The worker: claims the steps that are due, carries them out, and takes over what others have left.

What a worker has claimed is its own until the lease runs out, by the database's clock; the heart asks for more in
time. Whatever goes wrong with a step is counted against that step: it is tried again some times, then parked.
"""

import asyncio
import logging
import os
import socket
import uuid

from allot.core.run import ATTEMPTS_MAX
from allot.engine import removals, works
from allot.service import clocks, loops
from allot.service.customers import WORK
from allot.service.service import Service
from allot.store import journal, runs
from allot.store.database import StoreError
from allot.store.runs import APART_FROM, Claim, Lease

# Steps of one transaction: large enough to share the disk's wait, small enough not to hold the loop for long.
BATCH_MAX = 64
# How often a worker looks by itself: other processes cannot always wake it, and leases run out silently.
LOOK_SECONDS = 0.5
# After the database was away, and after a fault that is no step's.
AWAY_SECONDS = 1.0
# So much of the lease may go by before it is renewed.
RENEWED_AFTER = 1 / 3

log = logging.getLogger("allot.worker")


class Worker:
    """One worker of one process; any number of them work on one database."""

    def __init__(self, service: Service, name: str = "") -> None:
        self._service = service
        self.name = name or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._lease = Lease(self.name, int(service.settings.lease_seconds * 1000), BATCH_MAX)
        #: what is claimed: to be carried out in one transaction, or each in one of its own
        self._claims: list[Claim] = []
        self._apart: list[Claim] = []
        #: by the loop's clock: when the leases of `_claims` end, had nobody renewed them
        self._until = 0.0
        self._away = False
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        #: steps carried out, and results that were refused because their claim was another's by then
        self.carried = 0
        self.late = 0

    def start(self) -> None:
        """Work in the background, on the running loop."""
        self._task = asyncio.create_task(self.run())

    async def close(self) -> None:
        """Carry out what is claimed, then stop."""
        self._closing = True
        self._service.bell.ring()
        if self._task is not None:
            await self._task

    async def run(self) -> None:
        """Work until `close`."""
        heart = asyncio.create_task(self._beat())
        try:
            async with self._service.database.listening(WORK, self._service.bell.ring):
                await self._until_closed()
        finally:
            heart.cancel()
            await asyncio.wait([heart])

    async def _until_closed(self) -> None:
        while not self._closing or self._claims or self._apart:
            if not await self._try() and not self._closing:
                await self._service.bell.wait(LOOK_SECONDS)

    async def _try(self) -> bool:
        """One turn, whatever becomes of it; whether there was anything."""
        try:
            busy = await self.turn()
        except StoreError as error:
            if not self._away:
                log.error("cannot work, and try again: %s", error)
            self._away = True
            self._keep_for_now()
        except Exception:
            log.exception("cannot look for work, and try again")
        else:
            if self._away:
                log.info("can work again")
            self._away = False
            return busy
        if not self._closing:
            await asyncio.sleep(AWAY_SECONDS)
        return True

    def _keep_for_now(self) -> None:
        """While the database is away, claims are kept until their lease is over: then they are anybody's."""
        if self._closing or asyncio.get_running_loop().time() >= self._until:
            self._claims, self._apart = [], []

    async def turn(self) -> bool:
        """One transaction: carry out what is claimed, and claim what is due. Whether there was anything.

        Raises StoreError when the database is away; what is claimed may be tried again in the next turn.
        """
        if self._apart:
            await self._alone(self._apart[0])
            self._apart.pop(0)
            return True
        claims, found = self._claims, list[Claim]()
        until = asyncio.get_running_loop().time() + self._lease.milliseconds / 1000
        try:
            await removals.lighten(self._service.database, self._service.context, claims, self._lease)
            async with self._service.database.writing() as writing:
                # Whoever sets the clock may be another process: nothing is done before its time.
                await clocks.follow(writing, self._service.clock)
                carried = await works.carry_out(writing, self._service.context, claims)
                if not self._closing:
                    found = await runs.claim(writing, self._service.context.stamp(), self._lease)
                await journal.write(writing, carried.entries)
        except StoreError:
            # It may have been committed all the same: what is not ours by now will be refused.
            self._take(claims + found)
            raise
        except Exception:
            if not claims:
                raise
            log.exception("%d steps failed together, and are tried one by one", len(claims))
            self._claims, self._apart = [], claims
            return True
        self._count(claims, carried.late)
        self._until = until
        self._take(found)
        return bool(claims or found)

    def _take(self, claims: list[Claim]) -> None:
        """Carry these out next; those that ended a worker before, or may have, each by itself."""
        self._claims = [claim for claim in claims if claim.attempt <= APART_FROM]
        self._apart = [claim for claim in claims if claim.attempt > APART_FROM]

    async def _alone(self, claim: Claim) -> None:
        """Carry out a claim by itself: one that makes a transaction fail fails alone."""
        # What ended its worker so often would end this one as well.
        failure = works.LEFT if claim.attempt > ATTEMPTS_MAX else ""
        # The second time it is only noted that it failed; should that fail too, it is taken up when its lease is over.
        for _ in range(2):
            try:
                if not failure:
                    await removals.lighten(self._service.database, self._service.context, [claim], self._lease)
                async with self._service.database.writing() as writing:
                    carried = await works.carry_out(writing, self._service.context, [claim], failure)
                    await journal.write(writing, carried.entries)
            except StoreError:
                raise
            except Exception:
                log.exception("step %d of run %d of customer %s failed", claim.step, claim.run, claim.customer_id)
                failure = works.FAULT
            else:
                self._count([claim], carried.late)
                return

    def _count(self, claims: list[Claim], late: int) -> None:
        self.carried += len(claims) - late
        self.late += late
        if claims:
            self._service.news.ring()

    async def _beat(self) -> None:
        """Renew the leases of what is claimed for as long as that takes."""
        while True:
            await asyncio.sleep(self._lease.milliseconds / 1000 * RENEWED_AFTER)
            if self._claims or self._apart:
                await loops.attempt(self._renew(), log, "cannot renew leases, and try again")

    async def _renew(self) -> None:
        async with self._service.database.writing() as writing:
            await runs.renew(writing, self._claims + self._apart, self._lease)

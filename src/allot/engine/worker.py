"""The worker: claims the steps that are due, carries them out, and takes over what others have left."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Sequence

from allot.engine import works
from allot.service import clocks
from allot.service.customers import WORK
from allot.service.service import Service
from allot.store import runs
from allot.store.database import StoreError
from allot.store.runs import Claim, Lease

# Steps of one transaction: large enough to share the disk's wait, small enough not to hold the loop for long.
BATCH_MAX = 64
# How often a worker looks by itself: other processes cannot always wake it, and leases run out silently.
LOOK_SECONDS = 0.5
# After the database was away.
AWAY_SECONDS = 1.0
# So much of the lease may go by before it is renewed.
RENEWED_AFTER = 1 / 3

log = logging.getLogger("allot.worker")


class Worker:
    """One worker of one process; any number of them work on one database."""

    def __init__(self, service: Service, name: str = "") -> None:
        self._service = service
        self._lease = Lease(
            name or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}",
            int(service.settings.lease_seconds * 1000),
            BATCH_MAX,
        )
        self._claims: list[Claim] = []
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
        async with self._service.database.listening(WORK, self._service.bell.ring):
            while not self._closing or self._claims:
                try:
                    busy = await self.turn()
                except StoreError as error:
                    log.error("cannot work: %s", error)
                    # What was claimed is taken up again when its lease has run out.
                    self._claims, busy = [], True
                    await asyncio.sleep(AWAY_SECONDS)
                if not busy and not self._closing:
                    await self._service.bell.wait(LOOK_SECONDS)

    async def turn(self) -> bool:
        """One transaction: carry out what is claimed, and claim what is due. Whether there was anything."""
        claims, self._claims = self._claims, []
        service = self._service
        heart = asyncio.create_task(self._beat(claims)) if claims else None
        try:
            async with service.database.writing() as writing:
                await clocks.follow(writing, service.clock)
                self.late += await works.carry_out(writing, service.context, claims) if claims else 0
                now = service.context.stamp()
                found = [] if self._closing else await runs.claim(writing, now, self._lease)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - whatever it is belongs to one step, not to the worker
            await self._one_by_one(claims)
            return True
        finally:
            if heart is not None:
                heart.cancel()
        self.carried += len(claims)
        self._claims = found
        return bool(claims or found)

    async def _one_by_one(self, claims: Sequence[Claim]) -> None:
        """Carry out claims each by itself: the one that makes a transaction fail fails alone."""
        for claim in claims:
            try:
                await self._carry_out(claim)
            except StoreError:
                raise
            except Exception as error:
                log.exception("step %d of run %d of customer %s", claim.step, claim.run, claim.customer_id)
                await self._carry_out(claim, f"{type(error).__name__}: {error}")

    async def _carry_out(self, claim: Claim, failure: str = "") -> None:
        async with self._service.database.writing() as writing:
            self.late += await works.carry_out(writing, self._service.context, [claim], failure)
        self.carried += 1

    async def _beat(self, claims: Sequence[Claim]) -> None:
        """Renew the lease while the work goes on."""
        while True:
            await asyncio.sleep(self._lease.milliseconds / 1000 * RENEWED_AFTER)
            async with self._service.database.writing() as writing:
                await runs.renew(writing, claims, self._lease)

"""Deliveries: turning what the journals tell of into messages, and sending those until they are taken.

Each turn is one transaction: it notes what came of what was sent, turns new entries into deliveries, and claims what
is due. A claim is a lease: when its process ends before it says what came of it, another one sends it again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from allot.core.delivery import Attempt, Delivery, Verdict, pause
from allot.core.event import Event, events_of, message
from allot.core.webhook import Webhook, signature
from allot.service import loops
from allot.service.bells import Bell
from allot.service.service import Service
from allot.store import deliveries, journal, webhooks
from allot.store.database import Writing
from allot.store.webhooks import Key

# How many messages one process sends at once, and to one webhook: a slow one must not hold up the others.
SENDING_MAX = 64
SENDING_TO_ONE_MAX = 16
# Entries that one turn makes deliveries of, for one webhook.
ENTRIES_MAX = 200
# So many on their way to one webhook are enough; the rest waits where it is, in the journal.
OPEN_MAX = 10_000
# How often to look without being woken, how long to rest between two turns, and after one that failed.
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.02
AWAY_SECONDS = 1.0
# So much of a lease may be spent with sending; the rest is for noting what came of it.
SENDING_SHARE = 2 / 3
# What is being sent at a stop is waited for so long; then it is anybody's.
STOP_SECONDS = 3.0
GONE = "answered 410 (gone)"

log = logging.getLogger("allot.deliveries")


class Poster(Protocol):
    """What sends a message."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """The status of the answer; or 0, and why there was none."""
        ...

    async def close(self) -> None:
        """Release everything."""
        ...


@dataclass(frozen=True, slots=True)
class _Claim:
    """What is to be sent, where, and when it was claimed in milliseconds since 1970."""

    webhook: Webhook
    delivery: Delivery
    at: int


class Deliverer:
    """Delivers for all webhooks of a database; any number of processes do so at the same time."""

    def __init__(self, service: Service, open_poster: Callable[[float], Poster]) -> None:
        self._service = service
        self._open_poster = open_poster
        self._poster: Poster | None = None
        self._lease = int(service.settings.lease_seconds * 1000)
        self._bell = Bell()
        self._sending: dict[asyncio.Task[tuple[int, str]], Delivery] = {}
        #: what came of what was sent, not noted yet
        self._attempts: list[Attempt] = []
        #: webhooks that have enough on their way, and when to look at them again
        self._full: set[Key] = set()
        self._look_again = 0.0
        #: how many webhooks there are, and which of them is served first
        self._webhooks = 0
        self._turns = 0
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Deliver in the background, on the running loop."""
        self._task = asyncio.create_task(self.run())

    async def close(self) -> None:
        """Wait a moment for what is being sent, note what came of it, then stop."""
        self._closing.set()
        self._bell.ring()
        if self._task is not None:
            await self._task

    async def run(self) -> None:
        """Deliver until `close`."""
        async with self._service.news.listening(self._bell):
            while not self._closing.is_set():
                if not await self._try():
                    await self._rest()
        if self._sending:
            await asyncio.wait(self._sending, timeout=STOP_SECONDS)
        for task in self._sending:
            task.cancel()
        await self._try()
        if self._poster is not None:
            await self._poster.close()

    async def _rest(self) -> None:
        """Until there may be something to do. Without a webhook, what is committed concerns nobody."""
        with contextlib.suppress(TimeoutError):
            pause = PAUSE_SECONDS if self._webhooks else LOOK_SECONDS
            await asyncio.wait_for(self._closing.wait(), pause)
        if self._webhooks:
            await self._bell.wait(LOOK_SECONDS)

    async def _try(self) -> bool:
        """One turn, whatever becomes of it; whether there was anything."""
        busy = await loops.attempt(self.turn(), log, "cannot deliver, and try again")
        if busy is None:
            await asyncio.sleep(0 if self._closing.is_set() else AWAY_SECONDS)
        return bool(busy)

    async def turn(self) -> bool:
        """One transaction, when there is anything to do; whether there was.

        Raises StoreError when the database is away: what was sent is noted in the next turn, or sent again.
        """
        attempts = list(self._attempts)
        keys = {attempt.delivery.webhook for attempt in attempts}
        if not self._closing.is_set():
            keys |= await self._waiting()
        if not keys:
            return False
        if self._poster is None:
            self._poster = await asyncio.to_thread(self._open_poster, self._lease / 1000 * SENDING_SHARE)
        claimed: list[_Claim] = []
        made = 0
        async with self._service.database.writing() as writing:
            found = await webhooks.lock(writing, keys)
            gone = await self._note(writing, attempts)
            for webhook in self._in_turn(found):
                if webhook.disabled or webhook.key in gone:
                    await deliveries.park(writing, webhook.key)
                elif not self._closing.is_set():
                    made += await self._dispatch(writing, webhook)
                    claimed += await self._claim(writing, webhook, len(claimed))
        self._attempts = self._attempts[len(attempts) :]
        for claim in claimed:
            self._send(self._poster, claim)
        return bool(attempts or made or claimed)

    async def _waiting(self) -> set[Key]:
        """The webhooks that there is something to do for, and room for it."""
        now = asyncio.get_running_loop().time()
        if now >= self._look_again:
            self._look_again = now + LOOK_SECONDS
            self._full.clear()
        async with self._service.database.reading() as reading:
            waiting = await webhooks.waiting(reading)
        self._webhooks = len(waiting)
        room = {each.key for each in waiting if each.due and self._room(each.key) > 0}
        return room | {each.key for each in waiting if each.news and each.key not in self._full}

    def _in_turn(self, found: list[Webhook]) -> list[Webhook]:
        """These, each time another one first: there may not be room for all."""
        self._turns += 1
        first = self._turns % max(1, len(found))
        return found[first:] + found[:first]

    def _room(self, key: Key, more: int = 0) -> int:
        """How many more messages may be sent to a webhook now, when `more` are about to be sent."""
        to_one = sum(delivery.webhook == key for delivery in self._sending.values())
        return min(SENDING_TO_ONE_MAX - to_one, SENDING_MAX - len(self._sending) - more)

    async def _dispatch(self, writing: Writing, webhook: Webhook) -> int:
        """Turn the next entries of the journal into deliveries; how many entries there were."""
        if await deliveries.count_open(writing, webhook.key, OPEN_MAX) >= OPEN_MAX:
            self._full.add(webhook.key)
            return 0
        entries = await journal.after(writing, webhook.org_id, webhook.entry, ENTRIES_MAX)
        found = [event for entry in entries for event in events_of(entry) if webhook.wants(event.type)]
        await deliveries.insert(writing, [_delivery(webhook, event) for event in found])
        if entries:
            await webhooks.advance(writing, webhook, entries[-1].number)
        return len(entries)

    async def _claim(self, writing: Writing, webhook: Webhook, more: int) -> list[_Claim]:
        room = self._room(webhook.key, more)
        if room <= 0:
            return []
        found = await deliveries.claim(writing, webhook.key, self._lease, room)
        return [_Claim(webhook, delivery, at) for delivery, at in found]

    def _send(self, poster: Poster, claim: _Claim) -> None:
        """Send a message in the background."""
        delivery, seconds = claim.delivery, claim.at // 1000
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(claim.webhook.secret, delivery.message_id, seconds, delivery.body),
        }
        task = asyncio.create_task(poster.post(claim.webhook.url, headers, delivery.body.encode()))
        self._sending[task] = delivery
        task.add_done_callback(self._sent)

    def _sent(self, task: "asyncio.Task[tuple[int, str]]") -> None:
        delivery = self._sending.pop(task)
        if task.cancelled():
            return  # it is sent again when its lease is over
        error = task.exception()
        if error is not None:
            log.error("cannot send to webhook %s", delivery.webhook_id, exc_info=error)
        status, fault = (0, type(error).__name__) if error is not None else task.result()
        self._attempts.append(Attempt(delivery, status, fault))
        self._bell.ring()

    async def _note(self, writing: Writing, attempts: Sequence[Attempt]) -> set[Key]:
        """Write down what came of attempts; the webhooks that want nothing any more."""
        by: dict[Verdict, list[Attempt]] = {verdict: [] for verdict in Verdict}
        for attempt in attempts:
            by[attempt.verdict].append(attempt)
        taken = [attempt.delivery for attempt in by[Verdict.TAKEN]]
        await deliveries.taken(writing, taken)
        failed = [(a.delivery, pause(a.delivery), a.told) for a in by[Verdict.AGAIN]]
        failed += [(a.delivery, 0, a.told) for a in by[Verdict.GONE]]
        await deliveries.again(writing, failed)
        await deliveries.dead(writing, [(a.delivery, a.told) for a in by[Verdict.DEAD]])
        if taken:
            now = self._service.context.stamp()
            await webhooks.delivered(writing, sorted({delivery.webhook for delivery in taken}), now)
        ended = {a.delivery.lane for verdict in (Verdict.TAKEN, Verdict.DEAD) for a in by[verdict]}
        await deliveries.let_first_go(writing, ended)
        gone = {attempt.delivery.webhook for attempt in by[Verdict.GONE]}
        for key in gone:
            log.warning("webhook %s answered 410, and gets nothing more until it is enabled", key[1])
            await webhooks.disable(writing, key, GONE)
        return gone


def _delivery(webhook: Webhook, event: Event) -> Delivery:
    body = msgspec.json.encode(message(event)).decode()
    return Delivery(*webhook.key, event.place.entry, event.place.event, event.customer_id, 0, body)

"""The service: the few long-lived things that every operation works with."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from allot.core.rulebook import Rulebook
from allot.service.bells import Bell
from allot.service.clock import SettableClock
from allot.service.clocks import Follower
from allot.service.context import Context
from allot.service.events import Streams
from allot.service.limits import Limits
from allot.service.meters import Meters
from allot.service.news import News
from allot.service.paces import PACES
from allot.service.partners import Partners
from allot.service.requests import Requests
from allot.service.settings import Settings
from allot.service.tokens import Tokens
from allot.service.writes import Writes
from allot.store.database import Database


@dataclass(slots=True, eq=False)
class Service:
    """One running allot: passed to handlers, made by `cli`."""

    database: Database
    rulebook: Rulebook
    clock: SettableClock
    settings: Settings
    context: Context = field(init=False)
    #: rung when something was committed
    news: News = field(init=False)
    streams: Streams = field(init=False)
    writes: Writes = field(init=False)
    tokens: Tokens = field(init=False)
    partners: Partners = field(init=False)
    limits: Limits = field(init=False)
    meters: Meters = field(init=False)
    #: those that this process has answered last
    requests: Requests = field(init=False)
    #: rung when an order is accepted
    bell: Bell = field(init=False)
    #: rung when a billing report is to be made, or cleared away
    reports_bell: Bell = field(init=False)
    #: keeps `clock` as the database says
    follower: Follower = field(init=False)
    #: set when the process stops: what waits for clients without an end lets them go
    stopping: asyncio.Event = field(init=False)

    def __post_init__(self) -> None:
        self.context = Context(self.rulebook, self.clock, PACES[self.settings.pace])
        self.news = News(self.database)
        self.streams = Streams()
        self.writes = Writes(self.database, self.context, self.news.ring)
        self.tokens = Tokens(self.database, self.clock)
        self.partners = Partners(self.database)
        self.limits = Limits(self.settings)
        self.meters = Meters()
        self.requests = Requests(self.settings.requests)
        self.bell = Bell()
        self.reports_bell = Bell()
        self.follower = Follower(self.database, self.clock)
        self.stopping = asyncio.Event()

    def start(self) -> None:
        """Start what runs in the background, on the running loop."""
        self.writes.start()
        self.follower.start()

    def stop(self) -> None:
        """Let go of those who wait without an end; what is under way goes on."""
        self.stopping.set()
        self.news.ring()
        self.requests.ring()

    async def close(self) -> None:
        """Finish what is accepted, then release everything, also when a part of it fails."""
        async with AsyncExitStack() as ending:
            ending.push_async_callback(self.database.close)
            ending.push_async_callback(self.follower.close)
            await self.writes.close()

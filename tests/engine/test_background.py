"""What runs in the background, all together: a fault that nobody thought of ends none of it."""

import asyncio
import logging
from collections.abc import Iterable

import pytest

import provider
from allot.core.report import COMPLETED
from allot.engine import deliveries, reports, worker
from allot.engine.background import Background
from allot.engine.posts import Posts
from allot.engine.worker import Worker
from allot.service import clocks, spans, webhooks
from allot.service.clocks import Change
from allot.service.service import Service
from allot.service.webhooks import Creation
from billing import found, order
from provisioning import add_partner, opened, order_many, rows, until, write
from receivers import Receiver
from servers import open_service

#: what each loop cannot do without, and where it tells of that
NEEDS = {"clock": "allot.clocks", "reports": "allot.reports", "webhooks": "allot.deliveries"}


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow soon."""
    for loop in (deliveries, reports, worker):
        monkeypatch.setattr(loop, "AWAY_SECONDS", 0.05)


async def lose(service: Service, tables: Iterable[str], caplog: pytest.LogCaptureFixture, logs: set[str]) -> None:
    """Take tables away until these logs have told of an error that is not the database's absence; bring them back."""

    async def told() -> bool:
        return logs <= {record.name for record in caplog.records if record.exc_info}

    for table in tables:
        await write(service, f"ALTER TABLE {table} RENAME TO gone_{table}")
    await until(told)
    for table in tables:
        await write(service, f"ALTER TABLE gone_{table} RENAME TO {table}")


def test_no_fault_ends_what_runs_in_the_background(demo_url: str, caplog: pytest.LogCaptureFixture):
    """Whatever goes wrong is logged with its trace, and when it is over the clock, reports and webhooks go on."""
    caplog.set_level(logging.ERROR)

    async def check() -> None:
        async with open_service(demo_url) as service, open_service(demo_url) as other:
            background = Background(service, Posts)
            background.start()
            await lose(service, NEEDS, caplog, set(NEEDS.values()))
            report = await order(service)

            async def made() -> bool:
                return (await found(service, report)).status == COMPLETED

            await until(made)
            with Receiver() as receiver:

                async def sent() -> bool:
                    return bool(receiver.messages)

                asked = Creation(provider.call(), provider.PARTNER, receiver.url, ())
                await service.writes.submit(provider.PARTNER, webhooks.create, asked)
                await provider.provision(service, "webex_meetings")
                await until(sent)
                await background.close()

            async def followed() -> bool:
                return service.clock.setting == other.clock.setting

            await spans.turn(other, clocks.freeze, Change(provider.call()))
            await until(followed)
            assert service.clock.setting.frozen is not None

    asyncio.run(check())


def test_no_fault_ends_the_heart(database_url: str, caplog: pytest.LogCaptureFixture):
    """A worker that cannot renew its leases, for a reason that nobody thought of, renews them when it can."""
    caplog.set_level(logging.ERROR)

    async def check() -> None:
        async with opened(database_url, lease_seconds=0.03) as service:
            await add_partner(service)
            await order_many(service, 2)
            holder = Worker(service)
            await holder.turn()
            heart = asyncio.create_task(holder._beat())
            await lose(service, ["steps"], caplog, {"allot.worker"})
            await write(service, "UPDATE steps SET lease_until = 0 WHERE state = 'running'")

            async def renewed() -> bool:
                return await rows(service, "SELECT 1 FROM steps WHERE lease_until = 0") == []

            await until(renewed)
            heart.cancel()
            await asyncio.wait([heart])

    asyncio.run(check())

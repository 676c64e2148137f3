"""The clock of a database: set in one process, gone by in all of them, and never backwards."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

import provider
from allot.core.failure import Failure
from allot.core.run import READY
from allot.service import clocks, spans
from allot.service.clock import SettableClock, Setting, SystemClock, read_stamp, stamp
from allot.service.clocks import Change
from allot.service.service import Service
from allot.service.writes import Operation
from crashes import Crash, CrashingDatabase
from provisioning import opened, service_on
from servers import open_service

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


async def turn(service: Service, operation: Operation, **how: object) -> Setting:
    return await spans.turn(service, operation, Change(provider.call(), **how))


async def goes_by(clock: SettableClock, version: int) -> None:
    """Waits until a clock goes by a setting; one second is promised, and a busy machine gets more."""
    async with asyncio.timeout(10):
        while True:
            if clock.setting.version >= version:
                return
            await asyncio.sleep(0.001)


def test_a_clock_that_nobody_has_set_is_the_machines():
    """Without a setting the time is the machine's, and it is no setting."""
    clock, machine = SettableClock(), SystemClock()
    assert machine.now() <= clock.now() <= machine.now()
    assert clock.setting == Setting()


def test_an_older_setting_does_not_count():
    """What a process read before it was told of a newer setting changes nothing."""
    clock, at = SettableClock(), datetime(2027, 1, 1, tzinfo=UTC)
    clock.set(Setting(2, at))
    clock.set(Setting(1, None, DAY))
    clock.set(Setting(2, None, DAY))
    assert (clock.now(), clock.setting.version) == (at, 2)


def test_a_frozen_clock_stands_still_until_it_is_released(demo_url: str):
    """Freezing stops the time, advancing moves it, and released it goes on from where it stood."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            before = service.clock.now()
            await turn(service, clocks.freeze)
            frozen = service.clock.now()
            assert before - SECOND / 1000 <= frozen <= SystemClock().now()
            assert service.clock.now() == frozen == read_stamp(service.context.stamp())
            await turn(service, clocks.advance, seconds=1.5)
            assert service.clock.now() == frozen + 1.5 * SECOND
            await turn(service, clocks.advance, at=frozen)
            assert service.clock.now() == frozen + 1.5 * SECOND
            await turn(service, clocks.freeze, at=frozen + DAY)
            assert service.clock.now() == frozen + DAY
            released = await turn(service, clocks.release)
            assert released.frozen is None
            assert frozen + DAY <= service.clock.now() < frozen + DAY + 60 * SECOND
            assert await turn(service, clocks.release) == released

    asyncio.run(go())


def test_a_clock_that_goes_on_can_be_put_forward(demo_url: str):
    """Without being frozen it jumps, and goes on from there."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            before = service.clock.now()
            assert (await turn(service, clocks.advance, seconds=3600)).ahead == 3600 * SECOND
            assert before + 3600 * SECOND <= service.clock.now() <= SystemClock().now() + 3600 * SECOND

    asyncio.run(go())


def test_a_clock_that_stood_behind_the_machines_goes_on_from_the_machines(demo_url: str):
    """Released after it has stood still, the time jumps to the machine's: nothing stays behind."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            await turn(service, clocks.freeze)
            setting = await turn(service, clocks.release)
            assert (setting.frozen, setting.ahead) == (None, timedelta())
            machine = SystemClock().now()
            assert machine <= service.clock.now() <= SystemClock().now()

    asyncio.run(go())


def test_time_does_not_go_back(demo_url: str):
    """Freezing at a time that is over is refused and changes nothing, and so is a time beyond all stamps."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            setting = await turn(service, clocks.freeze)
            with pytest.raises(Failure) as refused:
                await turn(service, clocks.freeze, at=service.clock.now() - SECOND)
            assert "time does not go back" in str(refused.value)
            with pytest.raises(Failure, match="9000"):
                await turn(service, clocks.freeze, at=clocks.LAST)
            assert service.clock.setting == setting
            assert await provider.rows(service, "SELECT version FROM clock") == [(1,)]

    asyncio.run(go())


def test_other_processes_follow_within_a_second(demo_url: str):
    """A second service goes by what the first one set, and one that starts later does so from its start."""

    async def go() -> None:
        async with open_service(demo_url) as one, open_service(demo_url) as other:
            await turn(one, clocks.freeze)
            await goes_by(other.clock, 1)
            assert other.clock.now() == one.clock.now()
            await turn(other, clocks.advance, seconds=86_400)
            await turn(other, clocks.release)
            await goes_by(one.clock, 3)
            assert one.clock.setting == other.clock.setting
            async with open_service(demo_url) as third:
                assert third.clock.setting == one.clock.setting

    asyncio.run(go())


def test_a_follower_that_has_ended_keeps_nothing_open(demo_url: str):
    """A stop closes the database also where the follower's end is an error, which it raises."""

    class Noted(CrashingDatabase):
        closed = False

        async def close(self) -> None:
            self.closed = True

    async def go() -> None:
        async with opened(demo_url) as service:
            database = Noted(service.database, 1)
            failing = service_on(database)
            failing.start()
            await asyncio.wait([failing.follower._task])
            with pytest.raises(Crash):
                await failing.close()
            assert database.closed

    asyncio.run(go())


def test_a_worker_goes_by_the_clock_before_it_claims(demo_url: str):
    """A worker of another process claims nothing that is not due on the clock as it is set at that moment."""

    async def go() -> None:
        async with open_service(demo_url, pace="realistic") as service, open_service(demo_url) as other:
            await other.follower.close()
            await turn(service, clocks.freeze)
            customer = await provider.provision(service, "webex_meetings")
            await provider.work(other)
            assert other.clock.now() == service.clock.now()
            await turn(service, clocks.advance, seconds=3600)
            await provider.work(other)
            states = await provider.rows(
                service, "SELECT state FROM steps WHERE customer_id = $1 ORDER BY step", customer.id
            )
            assert states[0] == ("done",)
            assert (READY,) in states

    asyncio.run(go())


def test_what_is_set_is_in_the_journal(demo_url: str):
    """Who sets the clock leaves an entry with the times before and after in the journal of their organization."""

    async def go() -> None:
        async with open_service(demo_url) as service:
            for operation in (clocks.freeze, clocks.release):
                await turn(service, operation)
            sql = "SELECT action, at, detail FROM journal WHERE org_id = $1 ORDER BY entry DESC LIMIT 2"
            [released, frozen] = await provider.rows(service, sql, provider.PARTNER)
            assert (frozen[0], released[0]) == ("clock.freeze", "clock.release")
            assert '"frozen":true' in frozen[2].replace(" ", "")
            assert frozen[1] <= released[1] <= stamp(service.clock.now())

    asyncio.run(go())

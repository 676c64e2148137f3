"""Making billing reports: whole or not there, whoever dies, and never held up by one that cannot be made."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from allot.cli.demo import FOOTHILL
from allot.core import ids
from allot.core.call import Call, Caller
from allot.core.failure import Failure
from allot.core.report import COMPLETED, FAILED, IN_PROGRESS, Report
from allot.engine import reports as engine
from allot.engine.reports import Attempt, LostError, Maker, StoppedError
from allot.service import downloads, reports
from allot.service.reports import Deletion
from allot.service.service import Service
from allot.store import reports as store
from allot.store.database import StoreError
from billing import LEDGER, PERSON, fill, found, lines, make, order, text
from provisioning import FixedClock, opened, until

MANY = [(f"c-{n // 40:02d}", f"s-{n:04d}", "webex_suite", "2026-01-01", None) for n in range(400)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices and pieces so small that a small ledger has many of them."""
    monkeypatch.setattr(engine, "SLICE", 7)
    monkeypatch.setattr(engine, "PIECE_CHARACTERS", 600)
    monkeypatch.setattr(engine, "CLEARED_AT_ONCE", 3)


def with_service(url: str, run: Callable[[Service], Awaitable[None]], ledger: Any = MANY) -> None:
    """Run something on a service with a ledger and a clock that stands still."""

    async def body() -> None:
        async with opened(url, FixedClock()) as service:
            await fill(service, ledger=ledger)
            await run(service)

    asyncio.run(body())


async def rows(service: Service, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    async with service.database.reading() as reading:
        return await reading.rows(sql, *parameters)


async def run(service: Service, sql: str, *parameters: object) -> None:
    async with service.database.writing() as writing:
        await writing.run(sql, *parameters)


async def claim(service: Service) -> Report:
    """What a maker claims next."""
    async with service.database.writing() as writing:
        report = await store.claim(writing, service.context.stamp(), 60_000)
    assert report is not None
    return report


async def is_there(service: Service, sql: str) -> bool:
    return bool(await rows(service, sql))


async def expire(service: Service) -> None:
    """As if the holders of all claims had died, and their leases had run out."""
    await run(service, "UPDATE reports SET lease_until = 1 WHERE lease_until IS NOT NULL")


async def delete(service: Service, report: Report) -> None:
    call = Call(Caller(report.org_id, PERSON, "", frozenset(), frozenset()), "track_delete")
    async with service.database.writing() as writing:
        assert await reports.delete(writing, service.context, [Deletion(call, report.org_id, report.id)]) == [None]
    service.reports_bell.ring()


def is_whole(text_: str) -> bool:
    """Whether a file of users has every one of MANY, once."""
    told = [ids.decode("SUBSCRIBER", line["subscriberId"]) for line in lines(text_)]
    return told == [subscriber for _, subscriber, *_ in MANY]


async def begun(service: Service) -> tuple[Report, Attempt]:
    """A report whose maker has written some pieces, and no more."""
    await order(service, "USER")
    report = await claim(service)
    asked = 0

    def after_some() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with pytest.raises(StoppedError):
        await Attempt(service, report, after_some).make()
    assert report.pieces > 2
    return report, Attempt(service, report, lambda: False)


def test_a_report_is_made_of_slices_and_pieces(demo_url: str):
    """However small the slices and pieces, the file is one, with every line once and in order."""

    async def body(service: Service) -> None:
        report = await order(service, "USER")
        assert (await found(service, report)).status == IN_PROGRESS
        assert await make(service) == 1
        made = await found(service, report)
        assert (made.status, made.attempts, made.errors) == (COMPLETED, 1, [])
        assert made.pieces > 10
        assert is_whole(await text(service, report))
        assert await make(service) == 0

    with_service(demo_url, body)


def test_a_report_is_taken_over(demo_url: str):
    """When a maker dies in the middle another one makes all of it anew, and nothing of the first attempt is left."""

    async def body(service: Service) -> None:
        report, _ = await begun(service)
        assert await make(service) == 0, "the lease has not run out"
        await expire(service)
        assert await make(service) == 1
        made = await found(service, report)
        assert (made.status, made.attempts) == (COMPLETED, 2)
        assert is_whole(await text(service, report))

    with_service(demo_url, body)


def test_a_late_maker_is_refused(demo_url: str):
    """A maker whose lease ran out while it still worked can write nothing more, before and after another one's end."""

    async def body(service: Service) -> None:
        report, late = await begun(service)
        await expire(service)
        other = await claim(service)
        assert other.attempts == report.attempts + 1
        for work in (late.make, late.clear, late.remove, lambda: late.fail(engine.NOT_MADE)):
            with pytest.raises(LostError):
                await work()
        attempt = Attempt(service, other, lambda: False)
        await attempt.clear()
        await attempt.make()
        for work in (late.make, late.clear, late.remove, lambda: late.fail(engine.NOT_MADE)):
            with pytest.raises(LostError):
                await work()
        await late.postpone("2000-01-01T00:00:00.000Z")
        assert (await found(service, report)).status == COMPLETED
        assert is_whole(await text(service, report))
        made = await rows(service, "SELECT outcome FROM journal WHERE action = 'reports.make'")
        assert made == [(200,)]

    with_service(demo_url, body)


def test_a_lease_is_renewed_while_the_work_goes_on(demo_url: str):
    """A maker that needs longer than its lease keeps its claim by asking for more in time."""

    async def body() -> None:
        async with opened(demo_url, FixedClock(), lease_seconds=0.0) as service:
            await fill(service, ledger=MANY)
            report = await order(service)
            assert await make(service) == 1
            made = await found(service, report)
            assert (made.status, made.attempts) == (COMPLETED, 1)

    asyncio.run(body())


def test_a_deleted_report_is_given_up(demo_url: str):
    """Who makes a report that is deleted meanwhile notices and stops; what it wrote is cleared away, and the row."""

    async def body(service: Service) -> None:
        report, attempt = await begun(service)
        await delete(service, report)
        with pytest.raises(LostError):
            await attempt.make()
        with pytest.raises(Failure, match=r"Billing Report not found\."):
            await found(service, report)
        assert await make(service) == 1
        assert await rows(service, "SELECT report_id FROM reports UNION ALL SELECT report_id FROM report_pieces") == []

    with_service(demo_url, body)


def test_a_clearing_is_taken_over(demo_url: str):
    """A maker that dies while it clears a deleted report leaves the rest to the next one."""

    async def body(service: Service) -> None:
        report = await order(service, "USER")
        await make(service)
        await delete(service, report)
        dying = await claim(service)
        async with service.database.writing() as writing:
            assert await store.clear(writing, dying, 3) == 3
        await expire(service)
        assert await make(service) == 1
        with pytest.raises(LostError):
            await Attempt(service, dying, lambda: False).remove()
        assert await rows(service, "SELECT report_id FROM reports UNION ALL SELECT report_id FROM report_pieces") == []

    with_service(demo_url, body)


def test_a_file_that_goes_while_it_is_read_has_no_end(demo_url: str):
    """Who reads a file whose report is deleted and cleared meanwhile is told, instead of getting a part of it."""

    async def body(service: Service) -> None:
        report = await order(service, "USER")
        await make(service)
        reading = downloads.text(service.database, await found(service, report))
        assert await anext(reading)
        await delete(service, report)
        await make(service)
        with pytest.raises(StoreError, match="was deleted while it was read"):
            await anext(reading)

    with_service(demo_url, body)


def test_a_report_that_cannot_be_made_fails(demo_url: str):
    """After five attempts, further and further apart, it is failed with a code of ours; others are made meanwhile."""

    async def body(service: Service) -> None:
        clock = service.clock
        assert isinstance(clock, FixedClock)
        await run(service, "UPDATE usage SET from_day = 'no day' WHERE subscriber_id = 's-2'")
        report = await order(service)
        good = await order(service, subject_id=FOOTHILL)
        for attempt in range(1, engine.ATTEMPTS_MAX + 1):
            await make(service)
            assert (await found(service, report)).attempts == attempt
            clock.advance(2**attempt)
        failed = await found(service, report)
        assert (failed.status, failed.errors) == (FAILED, [engine.NOT_MADE])
        assert (await found(service, good)).status == COMPLETED
        assert await make(service) == 0
        told = await rows(service, "SELECT outcome, detail FROM journal WHERE action = 'reports.make' ORDER BY entry")
        assert [outcome for outcome, _ in told] == [200, 500]
        assert json.loads(told[1][1])["errors"] == [[90030, engine.NOT_MADE.description]]
        assert await rows(service, "SELECT piece FROM report_pieces WHERE report_id = $1", report.id) == []

    with_service(demo_url, body, LEDGER)


def test_a_report_that_is_deleted_while_it_is_given_up_ends_no_maker(demo_url: str, monkeypatch: pytest.MonkeyPatch):
    """Who notes that a report cannot be made, and finds it deleted by then, goes on with other reports."""

    async def body(service: Service) -> None:
        await run(service, "UPDATE usage SET from_day = 'no day' WHERE subscriber_id = 's-2'")
        report = await order(service)
        await run(service, "UPDATE reports SET attempts = $1", engine.ATTEMPTS_MAX - 1)
        maker = Maker(service)
        settle = maker._settle

        async def deleted_before(gone: Report, error: BaseException | None) -> None:
            monkeypatch.setattr(maker, "_settle", settle)
            await delete(service, gone)
            await settle(gone, error)

        monkeypatch.setattr(maker, "_settle", deleted_before)
        assert await maker.turn()
        assert maker.late == 1
        good = await order(service, subject_id=FOOTHILL)
        while await maker.turn():
            pass
        assert (await found(service, good)).status == COMPLETED
        assert await rows(service, "SELECT 1 FROM reports WHERE report_id = $1", report.id) == []

    with_service(demo_url, body, LEDGER)


def test_a_report_that_kills_its_makers_fails(demo_url: str):
    """Claims whose holders die are counted too: the sixth maker does not try."""

    async def body(service: Service) -> None:
        report = await order(service)
        for _ in range(engine.ATTEMPTS_MAX):
            await claim(service)
            await expire(service)
        assert await make(service) == 1
        failed = await found(service, report)
        assert (failed.status, failed.errors) == (FAILED, [engine.NOT_FINISHED])

    with_service(demo_url, body)


def test_a_maker_that_stops_gives_back_what_it_has_begun(demo_url: str):
    """A stop waits for one slice only; another maker has the report at once."""

    async def body(service: Service) -> None:
        report = await order(service, "USER")
        stopping = Maker(service)
        turn = asyncio.create_task(stopping.turn())
        await until(lambda: is_there(service, "SELECT piece FROM report_pieces"))
        await stopping.close()
        assert await turn
        assert (await found(service, report)).status == IN_PROGRESS
        assert await make(service) == 1
        assert (await found(service, report)).attempts == 2
        assert is_whole(await text(service, report))

    with_service(demo_url, body)


def test_a_maker_hears_the_bell(demo_url: str):
    """A maker in the background makes what is ordered, and stops when it is told to."""

    async def body(service: Service) -> None:
        maker = Maker(service)
        maker.start()
        report = await order(service)
        service.reports_bell.ring()
        await until(lambda: is_there(service, "SELECT status FROM reports WHERE status = 'COMPLETED'"))
        assert (await found(service, report)).status == COMPLETED
        await maker.close()
        assert maker.made == 1

    with_service(demo_url, body)


def test_makers_race_for_reports(demo_url: str, counted: Callable[[str], None]):
    """Several processes make many reports: each is made once."""

    async def body(service: Service) -> None:
        made = [await order(service, type) for type in ("PARTNER", "CUSTOMER", "USER") for _ in range(6)]
        others = [opened(demo_url, FixedClock()) for _ in range(3)]
        async with others[0] as one, others[1] as two, others[2] as three:
            turns = await asyncio.gather(*(make(each) for each in (one, two, three)))
        assert sum(turns) >= len(made)
        assert {(await found(service, report)).status for report in made} == {COMPLETED}
        assert {(await found(service, report)).attempts for report in made} == {1}
        told = await rows(service, "SELECT target_id FROM journal WHERE action = 'reports.make'")
        assert sorted(told) == sorted((report.id,) for report in made)
        counted(f"{len(made)} reports, {len(turns)} makers, turns {turns}")

    with_service(demo_url, body, LEDGER)

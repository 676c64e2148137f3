"""A failure injected at every step: attempts are bounded, what failed shows where it belongs, and nothing else suffers.

Each test fails every step of one kind of run at once, each of a customer of its own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from allot.core.customer import DELETE, PROVISION, UPDATE
from allot.core.run import ATTEMPTS_MAX, Event, Failed, Notice, Run, Step
from allot.engine import works
from allot.engine.steps import STEPS, Work
from allot.engine.worker import Worker
from allot.service.service import Service
from allot.store.database import ConflictError
from provisioning import (
    FixedClock,
    add_partner,
    delete,
    opened,
    order,
    order_outcome,
    prepare,
    rows,
    state,
    update,
    work_off,
    write,
    wrongs,
)

KINDS = pytest.mark.parametrize("kind", [PROVISION, UPDATE, DELETE])
BROKEN = Notice(77, "It is broken")


@dataclass
class Broken:
    """Which step of which customer's run fails, and how."""

    how: str
    steps: dict[tuple[str, int], int] = field(default_factory=dict)

    def carry_out(self, work: Work, run: Run, step: Step) -> Event:
        """Instead of what the step does."""
        if self.steps.get((run.customer.id, run.number)) != step.number:
            return ORIGINAL[step.name](work, run, step)
        if self.how == "bug":
            raise KeyError("something that only programmers know")
        if self.how == "schema":
            raise ConflictError("a rule of the schema")
        return Failed(step.number, step.attempts, BROKEN, final=self.how == "final")


ORIGINAL = dict(STEPS)
SET = "UPDATE steps SET"
#: how it failed -> the statuses of its attempts in the journal, when it was given up
ATTEMPTS = {"parked": [503] * (ATTEMPTS_MAX - 1) + [500], "failed": [500]}


@dataclass
class Case:
    """One customer, one of whose steps fails."""

    customer_id: str
    run: int
    step: int
    name: str
    package: str
    #: (step, package) of those that wait for it
    needing: dict[int, str]


@asynccontextmanager
async def cases(url: str, kind: str, clock: FixedClock) -> AsyncIterator[tuple[Service, list[Case]]]:
    """A customer for each step of a run of this kind, whose orders are accepted and not begun."""
    async with opened(url, clock) as service:
        await add_partner(service)
        found: list[Case] = []
        count = 1  # until the first one tells how many steps there are
        while len(found) < count:
            request = await prepare(service, kind, f"c{len(found)}")
            request.order.packages = request.order.packages[:6]  # each more would be as these
            [customer_id] = await order(service, request)
            [(run,)] = await rows(service, "SELECT run FROM customers WHERE customer_id = $1", customer_id)
            steps = await rows(
                service,
                "SELECT step, name, package, follows FROM steps WHERE customer_id = $1 AND run = $2 ORDER BY step",
                customer_id,
                run,
            )
            count = len(steps)
            step, name, package, _ = steps[len(found)]
            needing: dict[int, str] = {}
            for other, _, other_package, follows in steps:
                if {step, *needing} & set(json.loads(follows)):
                    needing[other] = other_package
            found.append(Case(customer_id, run, step, name, package, needing))
            # The next one's preparation must not begin it.
            await write(service, f"{SET} state = 'held' WHERE state = 'ready' AND customer_id = $1", customer_id)
        await write(service, f"{SET} state = 'ready' WHERE state = 'held'")
        yield service, found


async def step_of(service: Service, case: Case) -> tuple[str, int, str | None, list | None]:
    """State, attempts, due time and fault of the step that fails."""
    [(state_, attempts, due, fault)] = await rows(
        service,
        "SELECT state, attempts, due, fault FROM steps WHERE customer_id = $1 AND run = $2 AND step = $3",
        *(case.customer_id, case.run, case.step),
    )
    return state_, attempts, due, json.loads(fault) if fault else None


@KINDS
@pytest.mark.parametrize("how", ["bug", "schema", "again"])
def test_a_step_that_fails_is_tried_again_and_then_parked(
    database_url: str, kind: str, how: str, monkeypatch: pytest.MonkeyPatch, counted: Callable[[str], None]
):
    """Five attempts, each later than the one before, by the clock; then the step is parked with a notice.

    Whatever does not need it is carried out, and the same order again brings all to a good end.
    """
    broken = break_steps(monkeypatch, how)
    clock = FixedClock()

    async def check() -> int:
        async with cases(database_url, kind, clock) as (service, found):
            broken.steps = {(case.customer_id, case.run): case.step for case in found}
            worker = Worker(service)
            for attempt in range(1, ATTEMPTS_MAX + 1):
                await work_off(worker)
                dues = [await failed_so_far(service, case, attempt, clock) for case in found]
                if attempt < ATTEMPTS_MAX:
                    await not_before(service, worker, clock, min(dues))
                    clock.at = max(datetime.fromisoformat(due) for due in dues)
            for case in found:
                await stands_as_it_should(service, case, "parked")
            broken.steps.clear()
            await recover(service, worker, kind, found)
            return len(found)

    counted(f"{asyncio.run(check())} steps failed, each {ATTEMPTS_MAX} times")


@KINDS
@pytest.mark.parametrize("how", ["final", "ordered"])
def test_a_step_that_fails_for_good_is_tried_once(
    database_url: str, kind: str, how: str, monkeypatch: pytest.MonkeyPatch, counted: Callable[[str], None]
):
    """A failure that would come again, or was ordered, is told at once; the rest of the run is carried out."""
    broken = break_steps(monkeypatch, how)
    clock = FixedClock()

    async def check() -> int:
        async with cases(database_url, kind, clock) as (service, found):
            for case in found:
                if how == "ordered":
                    target = case.package or case.name
                    await order_outcome(service, case.customer_id, case.run, target, "fail", code=77)
                else:
                    broken.steps[case.customer_id, case.run] = case.step
            worker = Worker(service)
            await work_off(worker)
            for case in found:
                _, attempts, _, fault = await step_of(service, case)
                assert attempts == 1
                assert fault is not None
                assert fault[0] == 77
                await stands_as_it_should(service, case, "failed")
            broken.steps.clear()
            await recover(service, worker, kind, found)
            return len(found)

    counted(f"{asyncio.run(check())} steps failed, each once")


@KINDS
def test_a_step_that_fails_at_first_succeeds_later(
    database_url: str, kind: str, monkeypatch: pytest.MonkeyPatch, counted: Callable[[str], None]
):
    """A step that fails four times and then does not leaves nothing but entries in the journal."""
    clock = FixedClock()

    async def check() -> int:
        async with cases(database_url, kind, clock) as (service, found):
            for case in found:
                target = case.package or case.name
                await order_outcome(service, case.customer_id, case.run, target, "flaky", times=ATTEMPTS_MAX - 1)
            worker = Worker(service)
            for _ in range(ATTEMPTS_MAX):
                await work_off(worker)
                clock.advance(works.BACKOFF_SECONDS_MAX)
            for case in found:
                await in_good_state(service, kind, case.customer_id)
            assert await wrongs(service) == []
            return len(found)

    counted(f"{asyncio.run(check())} steps failed, each {ATTEMPTS_MAX - 1} times")


def break_steps(monkeypatch: pytest.MonkeyPatch, how: str) -> Broken:
    """Let the steps fail that are named later."""
    broken = Broken(how)
    for name in STEPS:
        monkeypatch.setitem(STEPS, name, broken.carry_out)
    return broken


async def failed_so_far(service: Service, case: Case, attempt: int, clock: FixedClock) -> str:
    """A step has failed so many times; when it is due again."""
    state_, attempts, due, fault = await step_of(service, case)
    assert attempts == attempt
    assert fault is not None
    assert "KeyError" not in fault[1]
    assert "schema" not in fault[1]
    if attempt == ATTEMPTS_MAX:
        assert (state_, fault[0]) == ("parked", 90001)
        return ""
    assert state_ == "ready"
    assert due is not None
    wait = (datetime.fromisoformat(due) - clock.at).total_seconds()
    longest = works.BACKOFF_SECONDS * 2 ** (attempt - 1)
    assert longest / 2 - 0.001 <= wait <= longest
    return due


async def not_before(service: Service, worker: Worker, clock: FixedClock, due: str) -> None:
    """Nothing is tried before its time."""
    before = worker.carried
    clock.at = datetime.fromisoformat(due)
    clock.advance(-0.001)
    await work_off(worker)
    assert worker.carried == before


async def stands_as_it_should(service: Service, case: Case, ended: str) -> None:
    """The failed step and what needs it tell of it; everything else is done, and the customer's status follows."""
    told = await state(service, case.customer_id)
    steps = {step: (state_, package) for run, step, _, package, state_, _ in told.steps if run == case.run}
    for step, (state_, _) in steps.items():
        expected = ended if step == case.step else "skipped" if step in case.needing else "done"
        assert state_ == expected, (case, step)
    hurt = ({case.package} | set(case.needing.values())) - {""}
    for name, status, _, _, errors, *_ in told.packages:
        wrong = name in hurt and not (name == case.package and case.name == "adjust")
        assert status == ("error" if wrong else "provisioned"), (case, name)
        assert (errors != "[]") == (name in hurt), (case, name)
    [(status, live, _, errors, _)] = told.customer
    assert live == ""
    assert (errors != "[]") == (not case.package)
    all_wrong = all(each[1] == "error" for each in told.packages)
    assert status == ("error" if all_wrong else "provisioned_with_errors"), case
    entries = await rows(
        service,
        "SELECT outcome, detail FROM journal WHERE target_id = $1 AND action = 'runs.step' ORDER BY entry",
        case.customer_id,
    )
    about = [(outcome, json.loads(detail)) for outcome, detail in entries]
    tried = [
        outcome
        for outcome, detail in about
        if (detail["run"], detail["step"], detail.get("package", "")) == (case.run, case.name, case.package)
    ]
    assert tried == ATTEMPTS[ended], case


async def recover(service: Service, worker: Worker, kind: str, found: list[Case]) -> None:
    """The same order once more brings everything to its end."""
    for case in found:
        if kind == DELETE:
            await order(service, delete(case.customer_id))
        else:
            told = await rows(
                service,
                "SELECT r.customer_id, s.package FROM runs r JOIN steps s ON s.customer_id = r.customer_id"
                " AND s.run = r.run WHERE r.customer_id = $1 AND r.run = $2 AND s.name IN ('add', 'adjust')"
                " ORDER BY s.step",
                *(case.customer_id, case.run),
            )
            await order(service, update(case.customer_id, *(package for _, package in told)))
    await work_off(worker)
    for case in found:
        await in_good_state(service, kind, case.customer_id)
    assert await wrongs(service) == []


async def in_good_state(service: Service, kind: str, customer_id: str) -> None:
    """All packages are provisioned without an error, or the customer is gone."""
    told = await state(service, customer_id)
    if kind == DELETE:
        assert told.customer == []
        assert not any(offer.startswith("SL") for offer, *_ in told.licenses)
        return
    assert [row[:2] + row[3:4] for row in told.customer] == [("provisioned", "", "[]")]
    assert {(status, warnings, errors) for _, status, _, warnings, errors, *_ in told.packages} == {
        ("provisioned", "[]", "[]")
    }
    offers = [offer for offer, *_ in told.licenses if offer.startswith("SL")]
    assert len(offers) == len(set(offers)) == len(told.packages)

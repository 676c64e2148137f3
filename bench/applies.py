"""How many changes a second does an apply make, everybody read before and after, beside bare calls of an SDK?

Both run on the loop that `allot apply` has, against `allot serve` on the same cores, each round on the same people: the
SDK of the community (wxc_sdk, asynchronous) gives everybody a license with bare calls, and an apply takes it away; then
the other way round. The apply checks the plan, judges everybody, sends, writes its journal and reads everybody back.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import uvloop
from wxc_sdk.as_api import AsWebexSimpleApi
from wxc_sdk.as_rest import AsRestSession
from wxc_sdk.licenses import LicenseRequest, LicenseRequestOperation

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.pulls import Order, Pulled, origin, pull
from allot.bulk.actual.snapshots import Person, Snapshot
from allot.bulk.applied.applies import Apply, Options, check
from allot.bulk.applied.journals import Journal
from allot.bulk.desired.desires import Fault, Want
from allot.bulk.planned.makings import Options as PlanOptions
from allot.bulk.planned.makings import make
from allot.bulk.planned.plans import Plan
from allot.client.connections import Target
from allot.client.readers import Reader
from allot.client.writers import Writer
from allot.core import ids
from allot.core.rulebook import load
from bench import options as bench_options
from bench import rounds, servers
from bench.crowd import Crowd, build
from bench.report import Report

PEOPLE = 10_000
WORKERS = Options().workers
NOW = "2026-11-22T00:00:00.000Z"
READY = b"GET /v1/licenses HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
RULEBOOK = load((servers.ROOT / "src/allot/rulebooks/webex.toml").read_text())


class Everybody:
    """That all people who take part have a license, or lack it."""

    def __init__(self, crowd: Crowd, snapshot: Snapshot, *, have: bool) -> None:
        self.source = "everybody"
        self.notices: list[Fault] = []
        self._people = {ids.decode("PEOPLE", each) for each in crowd.people}
        wanted = ids.decode("LICENSE", crowd.license_id)
        bit = 1 << [license.id for license in snapshot.licenses].index(wanted or "")
        self._want = Want(None, bit, 0) if have else Want(None, 0, bit)

    def of(self, people: Sequence[Person]) -> list[Want | None]:
        return [self._want if person.id in self._people else None for person in people]

    def missing(self) -> Iterable[tuple[int | None, str]]:
        return ()


def measure(options: bench_options.Options) -> Report:
    """Rounds of bare calls and of applies, in turn."""
    report = Report("applies", "how many changes a second does an apply make?")
    applies, calls = [], []
    with rounds.folder(options) as folder:
        url = f"sqlite:///{folder}/allot.db"
        [crowd] = build(url, PEOPLE)
        with servers.allot(url, folder / "allot.log") as server:
            server.ready(READY)
            address = f"http://{servers.HOST}:{server.port}"
            for number in range(options.rounds):
                have = number % 2 == 1
                calls.append(PEOPLE / uvloop.run(_call(address, crowd, have=not have)))
                plan = uvloop.run(_plan(address, crowd, folder / f"{number}.plan", have=have))
                applies.append(PEOPLE / uvloop.run(_apply(address, crowd, plan)))
    report.raw = {"applies": applies, "calls": calls}
    ratio = statistics.median(apply / call for apply, call in zip(applies, calls, strict=True))
    report.least("changes of an apply to bare calls", ratio, "x", 1.0)
    report.tell("changes of an apply, read before and after", statistics.median(applies), "/s")
    report.tell("bare calls of wxc_sdk, asynchronous", statistics.median(calls), "/s")
    report.tell("people", PEOPLE, "")
    return report


async def _call(address: str, crowd: Crowd, *, have: bool) -> float:
    """Seconds that bare calls for everybody take."""
    AsRestSession.BASE = f"{address}/v1"
    operation = LicenseRequestOperation.add if have else LicenseRequestOperation.remove
    items = [LicenseRequest(id=crowd.license_id, operation=operation)]
    people = iter(crowd.people)
    async with AsWebexSimpleApi(tokens=crowd.token, concurrent_requests=WORKERS) as api:

        async def work() -> None:
            for person_id in people:
                await api.licenses.assign_licenses_to_users(person_id=person_id, licenses=items)

        begun = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(WORKERS)))
        return time.perf_counter() - begun


async def _plan(address: str, crowd: Crowd, path: Path, *, have: bool) -> Plan:
    """The plan that changes everybody, made from a snapshot of now."""
    async with Reader(Target(address, crowd.token)) as reader:
        whose = await origin(reader, None, NOW)
        order = Order(
            path.with_suffix(".snapshot"), whose, None, lambda each: offer(RULEBOOK, each).calling, lambda: NOW
        )
        await pull(reader, order, Pulled())
    snapshot = Snapshot(order.path)
    return make(snapshot, Everybody(crowd, snapshot, have=have), RULEBOOK, PlanOptions(), path, NOW)


async def _apply(address: str, crowd: Crowd, plan: Plan) -> float:
    """Seconds that an apply takes."""
    begun = time.perf_counter()
    async with Writer(Target(address, crowd.token, WORKERS)) as writer:
        await check(plan, writer, None)
        with Journal(plan.file.path.with_suffix(".journal"), plan.digest, writer.address) as journal:
            tally = await Apply(plan, writer, RULEBOOK, journal, Options(workers=WORKERS)).run()
    seconds = time.perf_counter() - begun
    if tally.done != len(crowd.people):
        raise RuntimeError(f"{tally.outcomes} {tally.examples} {tally.stopped}")
    return seconds

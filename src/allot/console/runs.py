"""Runs: how an order is carried out, step by step, and trying again what was parked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from allot.bulk.shown.bars import Bar, Segment
from allot.console import chips, partners, streams
from allot.console.chips import Chip
from allot.console.partners import PATH, RIGHTS, Acting
from allot.console.streams import names_of
from allot.console.visits import Page, Visit, lead
from allot.core import customer as kinds
from allot.core import ids
from allot.core import scope as scopes
from allot.core.customer import Customer
from allot.core.failure import Failure
from allot.core.run import ADD, ADJUST, DONE, HELD, LOCATION, MAPPING, ORGANIZATION, PARKED, REMOVE, RUNNING, SITE
from allot.service import runs
from allot.service.clock import read_stamp
from allot.service.runs import Retry, Step
from allot.wire.errors import STATUSES
from allot.wire.operation import NUMBER_MAX, Reply, Rights
from allot.wire.values import read_number

#: what POST /allot/v1/customers/{customerId}/runs/{run}/retry needs
RETRY = Rights((scopes.CUSTOMERS_WRITE,))
GONE = "The customer has no run of this number"
KINDS = {
    kinds.PROVISION: "Provisioning",
    kinds.UPDATE: "Change of packages",
    kinds.DELETE: "Removal",
}
#: what a step does: of the whole customer, or to the package that it names
_WHOLE = {ORGANIZATION: "Organization", LOCATION: "Calling location", SITE: "Meetings site", MAPPING: "Mapping"}
_PACKAGE = {ADD: "is added", ADJUST: "is changed", REMOVE: "is taken away"}
# The shortest bar that can be seen, in per cent.
_SHORTEST = 0.6
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")


class Told(NamedTuple):
    """A piece of a sentence; a time, for pages to show it in the viewer's zone."""

    text: str
    is_time: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a run as a page shows it."""

    step: Step
    name: str
    does: str
    chip: Chip
    says: list[Told]
    bar: Bar
    #: how long it has been worked at, in words; empty before it was begun
    took: str


@dataclass(slots=True, eq=False)
class View:
    """One run as a page shows it."""

    number: int
    kind: str
    tracking_id: str
    created: str
    settled: str | None
    lines: list[Line] = field(default_factory=list)
    #: the end of its time line, and how long that is, in words
    end: str = ""
    lasts: str = ""
    #: where it can be tried again; empty where it cannot, or not by the caller
    retry: str = ""


async def history(visit: Visit, customer: Customer, size: int) -> list[View]:
    """The last runs of a customer, newest first, without their steps."""
    service = visit.service
    async with service.database.reading() as reading:
        found = await runs.page(reading, service.context, (customer.org_id, customer.id), NUMBER_MAX, size)
    return [View(each.number, KINDS[each.kind], each.tracking_id, each.created, each.settled) for each in found]


async def view(acting: Acting, customer: Customer, number: int) -> View:
    """One run of a customer with its steps. Raises Failure (404) when there is none of this number."""
    visit, key = acting.visit, (customer.org_id, customer.id)
    service = visit.service
    async with service.database.reading() as reading:
        past, steps = await runs.find(reading, service.context, key, number)
    shown = View(past.number, KINDS[past.kind], past.tracking_id, past.created, past.settled)
    now = service.clock.now()
    begin, end = _span(past.created, steps, now)
    titles = {name: package.title for name, package in service.rulebook.packages.items()}
    shown.lines = [_line(step, titles, _bar(step, begin, end, now), now) for step in steps]
    shown.end, shown.lasts = end.isoformat(), lasting((end - begin).total_seconds())
    parked = any(step.state == PARKED for step in steps)
    if parked and number == customer.run and visit.may(RETRY):
        shown.retry = acting.link(f"{_path(customer)}/{number}/retry")
    return shown


async def show_run(visit: Visit) -> Reply:
    """One run of a customer, as it goes on."""
    return await _shown(visit)


async def retry_run(visit: Visit) -> Reply:
    """Try again what was parked, and go on with the run."""
    acting = await partners.admit(visit)
    customer, number = await acting.customer(), _number(visit)
    asked = Retry(visit.call, acting.partner, customer.id, number)
    try:
        await visit.service.writes.submit(customer.org_id, runs.retry, asked)
    except Failure as failure:
        return await _shown(visit, failure)
    visit.service.bell.ring()
    return lead(acting.link(f"{_path(customer)}/{number}"))


async def stream_run(visit: Visit) -> Reply:
    """The steps of a run, whenever one of them changes."""
    acting, number = await partners.admit(visit), _number(visit)
    await acting.customer()

    async def parts() -> Mapping[str, bytes]:
        try:
            run = await view(acting, await acting.customer(), number)
        except Failure:
            return {"run": acting.render("customer-gone.html")}
        return {"run": acting.render("run-steps.html", run=run)}

    return streams.follow(visit, acting.partner.org_id, parts)


async def _shown(visit: Visit, refused: Failure | None = None) -> Reply:
    acting, number = await partners.admit(visit), _number(visit)
    at = await streams.place(visit, acting.partner.org_id)
    customer = await acting.customer()
    try:
        run = await view(acting, customer, number)
    except Failure:
        raise Failure.not_found(GONE) from None
    live = acting.link(f"{_path(customer)}/{number}/live", at=at, has=names_of(("run",)))
    status = STATUSES[refused.kind] if refused else 200
    return acting.show("run.html", status, customer=customer, run=run, live=live, refused=refused)


def _path(customer: Customer) -> str:
    return f"/customers/{ids.encode('ENTERPRISE', customer.id)}/runs"


def _number(visit: Visit) -> int:
    """The run in the path. Raises Failure (404) when it is no number."""
    number = read_number(visit.path["run"])
    if number is None:
        raise Failure.not_found(GONE)
    return number


def _line(step: Step, titles: Mapping[str, str], bar: Bar, now: datetime) -> Line:
    name = titles[step.package] if step.package else _WHOLE[step.name]
    took = ""
    if step.started:
        until = read_stamp(step.ended) if step.ended else now
        took = lasting((until - read_stamp(step.started)).total_seconds() + step.takes / 1000)
    does = _PACKAGE.get(step.name, "")
    return Line(step, name, does, chips.of_step(step.state), told(step.says), bar, took)


def _span(created: str, steps: Sequence[Step], now: datetime) -> tuple[datetime, datetime]:
    """From when to when the time line of a run is."""
    begin = read_stamp(created)
    known = [read_stamp(at) for step in steps for at in (step.due, step.ended) if at]
    if any(step.state == RUNNING for step in steps):
        known.append(now)
    return begin, max([begin, *known])


def _bar(step: Step, begin: datetime, end: datetime, now: datetime) -> Bar:
    """A step on the time line of its run: first what it takes until it is due, then what was done."""
    whole = max((end - begin).total_seconds(), 0.001)

    def at(stamp: str | None) -> float:
        return ((read_stamp(stamp) if stamp else now) - begin).total_seconds()

    found: list[Segment] = []
    due = at(step.due) if step.due else at(step.started) if step.started else None
    if due is not None and step.takes:
        found.append(_segment("less", due - step.takes / 1000, due, whole))
    if step.started and (step.ended or step.state == RUNNING):
        kind = "applied" if step.state in (DONE, RUNNING) else "refused"
        found.append(_segment(kind, at(step.started), at(step.ended), whole))
    if step.state == HELD and step.started:
        found.append(_segment("over", at(step.started), whole, whole))
    return Bar(found)


def _segment(kind: str, begin: float, end: float, whole: float) -> Segment:
    length = max(100 * (end - begin) / whole, _SHORTEST)
    first = min(max(100 * begin / whole, 0), 100 - _SHORTEST)
    return Segment(kind, round(first, 3), round(min(length, 100 - first), 3))


def told(text: str) -> list[Told]:
    """A sentence with the times in it apart."""
    parts = _STAMP.split(text)
    return [Told(part, n % 2 == 1) for n, part in enumerate(parts) if part]


def lasting(seconds: float) -> str:
    """How long something takes, in words: `20 ms`, `12 s`, `4 min 10 s`, `2 h 5 min`."""
    seconds = max(seconds, 0.0)
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours:,} h {rest} min" if hours else f"{minutes} min {left} s"


_RUN = f"{PATH}/customers/{{customerId}}/runs/{{run}}"

PAGES = (
    Page("GET", _RUN, show_run, RIGHTS, own=True),
    Page("GET", f"{_RUN}/live", stream_run, RIGHTS, own=True),
    Page("POST", f"{_RUN}/retry", retry_run, RETRY, own=True),
)

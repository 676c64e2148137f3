"""Billing reports: ordered and deleted here, made in the background by the engine."""

import secrets as chance
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from allot.core.call import Call
from allot.core.failure import Failure, Kind
from allot.core.journal import Entry
from allot.core.report import POINT_IN_TIME, YEARS, Filter, Report, faults
from allot.service import changes
from allot.service.changes import Done
from allot.service.context import Context
from allot.service.identifiers import new_id
from allot.store import journal, secrets
from allot.store import reports as store
from allot.store.database import Reading, Writing

#: documented: the code and the sentence of a report that is not there
NOT_FOUND_CODE = 2024
NOT_FOUND = "Billing Report not found."
#: wakes those who make reports, in other processes
REPORTS = "allot_reports"
#: the name of the key that signs the addresses of files, and its size
SIGNING_KEY = "reports"
KEY_BYTES = 32


@dataclass(slots=True, eq=False)
class Request:
    """One report as a request wants it. Days are texts; without them it is of now."""

    call: Call
    #: whose report it is
    org_id: str
    #: whose usage it tells of
    subject_id: str
    type: str
    category: str
    internal: bool
    start: str = ""
    end: str = ""


@dataclass(slots=True, eq=False)
class Deletion:
    """One report to delete."""

    call: Call
    org_id: str
    report_id: str


async def create(writing: Writing, context: Context, requests: Sequence[Request]) -> list[Report | Failure]:
    """Accept reports, to be made in the background."""
    now = context.stamp()
    answers = [_accept(request, now) for request in requests]
    made = [answer for answer in answers if isinstance(answer, Report)]
    await secrets.keep(writing, SIGNING_KEY, chance.token_hex(KEY_BYTES))
    await store.insert(writing, made)
    entries = [
        changes.entry(request.call, answer.org_id, "reports.create", now, Done(answer, answer.id, 200, _told(answer)))
        for request, answer in zip(requests, answers, strict=True)
        if isinstance(answer, Report)
    ]
    await journal.write(writing, entries)
    await writing.announce(REPORTS)
    return answers


def _accept(request: Request, now: str) -> Report | Failure:
    """The report that a request wants, or why it cannot have it."""
    today = date.fromisoformat(now[:10])
    if request.category == POINT_IN_TIME:
        start = end = today.isoformat()
    else:
        start, end = request.start, request.end
        found = faults(start, end, _years_before(today).isoformat(), today.isoformat())
        if found:
            return Failure.invalid(*found)
    return Report(
        request.org_id,
        new_id(),
        start,
        end,
        request.type,
        request.category,
        request.subject_id,
        request.internal,
        now,
        request.call.caller.person_id,
        request.call.tracking_id,
    )


def _years_before(today: date) -> date:
    year = max(today.year - YEARS, 1)
    leap_day = (today.month, today.day) == (2, 29)
    return today.replace(year=year, day=28 if leap_day else today.day)


def _told(report: Report) -> dict[str, object]:
    return {
        "billingStartDate": report.start,
        "billingEndDate": report.end,
        "type": report.type,
        "category": report.category,
        "subPartner": report.subject_id if report.subject_id != report.org_id else None,
    }


async def delete(writing: Writing, context: Context, deletions: Sequence[Deletion]) -> list[Failure | None]:
    """Delete reports. One that is being made is given up by its maker; what they hold is cleared in the background."""
    now = context.stamp()
    there = await store.lock(writing, {(deletion.org_id, deletion.report_id) for deletion in deletions})
    answers: list[Failure | None] = []
    gone: list[store.Key] = []
    entries: list[Entry] = []
    for deletion in deletions:
        key = (deletion.org_id, deletion.report_id)
        if key not in there:
            answers.append(not_found())
            continue
        there.remove(key)
        gone.append(key)
        answers.append(None)
        done = Done(None, deletion.report_id, 204)
        entries.append(changes.entry(deletion.call, deletion.org_id, "reports.delete", now, done))
    await store.bury(writing, gone, now)
    await journal.write(writing, entries)
    await writing.announce(REPORTS)
    return answers


async def find(reading: Reading, org_id: str, report_id: str | None) -> Report:
    """A partner's report. Raises Failure (404, code 2024) when it has none of this id."""
    report = await store.find(reading, org_id, report_id) if report_id else None
    if report is None:
        raise not_found()
    return report


async def page(
    reading: Reading, org_id: str, wanted: Filter, sort: str, after: tuple[str, str] | None, size: int
) -> list[Report]:
    """A partner's wanted reports, sorted by a member of `SORTS` or as `NEWEST`, those of the same value by id."""
    return await store.page(reading, org_id, wanted, sort, after, size)


SORTS = tuple(store.SORTS)
NEWEST = store.NEWEST


def sorted_by(report: Report, sort: str) -> tuple[str, str]:
    """What a page that ends with this report is continued after."""
    values = {
        "billingStartDate": report.start,
        "billingEndDate": report.end,
        "status": report.status,
        NEWEST: report.created,
    }
    return values.get(sort, report.id), report.id


def not_found() -> Failure:
    """There is no such report, or it is somebody else's."""
    return Failure(Kind.NOT_FOUND, "The requested resource could not be found", (NOT_FOUND,), code=NOT_FOUND_CODE)

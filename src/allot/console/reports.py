"""Reports: billing reports of a partner, made in the background, to download."""

from collections.abc import Mapping

from allot.api.reports import WRITE, read_day
from allot.console import chips, partners, streams
from allot.console.partners import PATH, Acting
from allot.console.partners import REPORTS as RIGHTS
from allot.console.streams import names_of
from allot.console.visits import Page, Visit, lead
from allot.core import ids
from allot.core.failure import Failure
from allot.core.report import CUSTOMER, PARTNER, POINT_IN_TIME, RECONCILIATION, TYPES, USER, Filter, Report
from allot.service import downloads, reports
from allot.service.reports import NEWEST, Deletion, Request
from allot.wire.errors import STATUSES
from allot.wire.operation import Reply
from allot.wire.paging import encode_cursor, read_cursor

PAGE = 50
GONE = "This partner has no such billing report. It may have been deleted meanwhile"
UNMADE = "The report has no file: it is not made yet, or could not be"
CATEGORIES = {RECONCILIATION: "who had what in a period", POINT_IN_TIME: "who has what now"}
DETAILS = {PARTNER: "by package", CUSTOMER: "by customer", USER: "by subscriber"}


async def list_reports(visit: Visit) -> Reply:
    """A partner's billing reports, the newest first, and the form for another one."""
    return await _shown(visit)


async def create_report(visit: Visit) -> Reply:
    """Have a billing report made."""
    acting = await partners.admit(visit)
    try:
        asked = _asked(acting)
        await visit.service.writes.submit(asked.org_id, reports.create, asked)
    except Failure as failure:
        return await _shown(visit, failure)
    visit.service.reports_bell.ring()
    return lead(acting.link("/reports"))


async def delete_report(visit: Visit) -> Reply:
    """Delete a billing report and its file."""
    acting = await partners.admit(visit)
    org_id, report = visit.call.caller.org_id, await _report(acting)
    await visit.service.writes.submit(org_id, reports.delete, Deletion(visit.call, org_id, report.id))
    visit.service.reports_bell.ring()
    return lead(acting.link("/reports"))


async def download_report(visit: Visit) -> Reply:
    """Lead to the file of a report, by an address that is good for a while."""
    acting = await partners.admit(visit)
    report = await _report(acting)
    async with visit.service.database.reading() as reading:
        address = await downloads.address(reading, visit.service.context, report)
    if address is None:
        raise Failure.conflict(UNMADE)
    return lead(address)


async def stream_reports(visit: Visit) -> Reply:
    """How the reports of a page stand, whenever one of them changes."""
    acting = await partners.admit(visit)

    async def parts() -> Mapping[str, bytes]:
        found, _ = await _page(acting)
        return {
            part(each): acting.render("report-state.html", report=each, chip_=chips.of_report(each)) for each in found
        }

    return streams.follow(visit, visit.call.caller.org_id, parts)


async def _shown(visit: Visit, refused: Failure | None = None) -> Reply:
    acting = await partners.admit(visit)
    at = await streams.place(visit, visit.call.caller.org_id)
    found, more = await _page(acting)
    told = {name: visit.text(name) for name in ("start", "end", "type", "category")}
    return acting.show(
        *("reports.html", STATUSES[refused.kind] if refused else 200),
        found=[(each, chips.of_report(each)) for each in found],
        more=more,
        live=acting.link("/reports/live", at=at, has=names_of(map(part, found)), cursor=visit.query["cursor"]),
        makes=visit.may(WRITE),
        wrong=_faults(refused) if refused else [],
        told=told,
        part=part,
        categories=CATEGORIES,
        details=DETAILS,
    )


async def _page(acting: Acting) -> tuple[list[Report], str]:
    """The reports of a page, and the cursor of the next one; on behalf of a sub-partner only those about it."""
    visit = acting.visit
    wanted = Filter(subject_id=acting.partner.org_id if acting.on_behalf else None)
    cursor = read_cursor(visit, 2)
    after = (cursor[0], cursor[1]) if cursor else None
    async with visit.service.database.reading() as reading:
        found = await reports.page(reading, visit.call.caller.org_id, wanted, NEWEST, after, PAGE + 1)
    shown = found[:PAGE]
    return shown, encode_cursor(*reports.sorted_by(shown[-1], NEWEST)) if len(found) > PAGE else ""


def _asked(acting: Acting) -> Request:
    """The report that the form asks for. Raises Failure (400) naming every fault."""
    visit, found = acting.visit, list[str]()
    kind, category = visit.text("type"), visit.text("category")
    start = end = ""
    if category != POINT_IN_TIME:
        start = read_day(found, "First day", visit.text("start")) or ""
        end = read_day(found, "Last day", visit.text("end")) or ""
    if kind not in TYPES or category not in CATEGORIES:
        found.append("Choose what the report is about, and how detailed it is")
    elif (kind, category) == (PARTNER, POINT_IN_TIME):
        found.append(
            "A report of who has what now has a line for each customer or each subscriber; choose one of these"
        )
    if found:
        raise Failure.invalid(*found)
    return Request(
        *(visit.call, visit.call.caller.org_id, acting.partner.org_id, kind, category, False),
        *(start, end),
    )


async def _report(acting: Acting) -> Report:
    """The report in the path. Raises Failure (404) when this partner has none of this id."""
    visit = acting.visit
    report_id = ids.decode("BILLING_REPORT", visit.path["reportId"])
    try:
        async with visit.service.database.reading() as reading:
            return await reports.find(reading, visit.call.caller.org_id, report_id)
    except Failure:
        raise Failure.not_found(GONE) from None


def _faults(refused: Failure) -> list[str]:
    """Why no report is made, in the words of the form."""
    labels = {"billingStartDate": "First day", "billingEndDate": "Last day"}
    found = list(refused.details)
    for name, label in labels.items():
        found = [each.replace(name, label) for each in found]
    return found


def part(report: Report) -> str:
    """What the part of a report that changes by itself is called."""
    return f"report-{report.id}"


_REPORT = f"{PATH}/reports/{{reportId}}"

PAGES = (
    Page("GET", f"{PATH}/reports", list_reports, RIGHTS, own=True),
    Page("POST", f"{PATH}/reports", create_report, WRITE, own=True),
    Page("GET", f"{PATH}/reports/live", stream_reports, RIGHTS, own=True),
    Page("GET", f"{_REPORT}/file", download_report, RIGHTS, own=True),
    Page("POST", f"{_REPORT}/delete", delete_report, WRITE, own=True),
)

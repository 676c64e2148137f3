"""Wholesale billing reports on the wire.

How a point-in-time report is asked for is not published: here every report is a reconciliation, and
allot's own plane has the other kind.
"""

import re
from datetime import date
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.partner import Partner
from allot.core.report import RECONCILIATION, STATUSES, TYPES, Filter, Report
from allot.service import downloads, reports
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_cursor

# Documented as the default and the most.
PAGE_MAX = 100
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ReportCreation(msgspec.Struct, rename="camel"):
    """A report to make. Days are of UTC, `YYYY-MM-DD`, both within, in the last five years and before today."""

    billing_start_date: str
    billing_end_date: str
    type: Literal["PARTNER", "CUSTOMER", "USER"] = "PARTNER"
    sub_partner_org_id: str | None = None
    internal: bool = False


class ReportId(msgspec.Struct, rename="camel"):
    """A report that is being made."""

    id: str
    billing_start_date: str
    billing_end_date: str
    type: str
    category: str
    internal: bool


class ListReport(msgspec.Struct, rename="camel"):
    """A report in a list."""

    id: str
    billing_start_date: str
    billing_end_date: str
    status: str
    type: str
    category: str


class ReportError(msgspec.Struct):
    """Why a report could not be made."""

    code: int
    description: str


class ReportResponse(ListReport, rename="camel", kw_only=True):
    """A report: where its file is when it is completed, its errors when it failed."""

    created: str
    created_by: str
    temp_download_url: str | UnsetType = msgspec.field(default=UNSET, name="tempDownloadURL")
    errors: list[ReportError]


class WholesaleBillingReportsListResponse(msgspec.Struct):
    items: list[ListReport]


async def list_wholesale_billing_reports(request: Request) -> Reply:
    """List billing reports, sorted from the least to the greatest."""
    query = request.query
    found: list[str] = []
    start, end = (read_day(found, name, query[name]) for name in ("billingStartDate", "billingEndDate"))
    if found:
        raise invalid(found)
    subject = await subject_of(request, query["subPartnerOrgId"])
    wanted = Filter(start, end, query["type"], query["status"], subject.org_id if query["subPartnerOrgId"] else None)
    sort, size = query["sortBy"], query["max"]
    cursor = read_cursor(request, 2)
    after = (cursor[0], cursor[1]) if cursor else None
    service = request.service
    async with service.database.reading() as reading:
        page = await reports.page(reading, request.call.caller.org_id, wanted, sort, after, size + 1)
    shown = page[:size]
    reply = Reply(200, WholesaleBillingReportsListResponse([ListReport(*_shown(each)) for each in shown]))
    if len(page) > size:
        reply.headers.append(next_link(request, cursor=encode_cursor(*reports.sorted_by(shown[-1], sort))))
    return reply


async def create_wholesale_billing_report(request: Request) -> Reply:
    """Make a billing report in the background.

    GET of its id tells how it goes, and where its file is once it is completed.
    """
    body: ReportCreation = request.body
    found: list[str] = []
    start = read_day(found, "billingStartDate", body.billing_start_date)
    end = read_day(found, "billingEndDate", body.billing_end_date)
    if not start or not end:
        raise invalid(found)
    subject = await subject_of(request, body.sub_partner_org_id)
    call, what = request.call, (body.type, RECONCILIATION, body.internal)
    return await order(request, reports.Request(call, call.caller.org_id, subject.org_id, *what, start, end))


async def get_wholesale_billing_report(request: Request) -> Reply:
    """Show a billing report; once it is completed, with an address that its file can be fetched from for an hour."""
    await subject_of(request, None)
    service = request.service
    async with service.database.reading() as reading:
        report = await reports.find(reading, request.call.caller.org_id, _report_id(request))
        address = await downloads.address(reading, service.context, report)
    shown = ReportResponse(
        *_shown(report),
        created=report.created,
        created_by=ids.encode("PEOPLE", report.created_by),
        temp_download_url=request.origin + address if address else UNSET,
        errors=[ReportError(*error) for error in report.errors],
    )
    return Reply(200, shown)


async def delete_wholesale_billing_report(request: Request) -> Reply:
    """Delete a billing report and its file. One that is still being made may be deleted too."""
    await subject_of(request, None)
    report_id = _report_id(request)
    if report_id is None:
        raise reports.not_found()
    org_id = request.call.caller.org_id
    await request.service.writes.submit(org_id, reports.delete, reports.Deletion(request.call, org_id, report_id))
    request.service.reports_bell.ring()
    return Reply(204)


async def order(request: Request, asked: reports.Request) -> Reply:
    """Have a report made, and answer with its id."""
    report: Report = await request.service.writes.submit(asked.org_id, reports.create, asked)
    request.service.reports_bell.ring()
    id = ids.encode("BILLING_REPORT", report.id)
    return Reply(200, ReportId(id, report.start, report.end, report.type, report.category, report.internal))


async def subject_of(request: Request, text: str | None) -> Partner:
    """Whose usage a report is about: the sub-partner that is named, else the caller's own.

    Raises Failure (403), alike for a sub-partner of somebody else and for none.
    """
    sub_partner_id = (ids.decode("ORGANIZATION", text) or text) if text else None
    org_id = request.call.caller.org_id
    return await request.service.partners.acting(org_id, sub_partner_id, changes=False, named_by="subPartnerOrgId")


def read_day(found: list[str], name: str, text: str | None) -> str | None:
    """A day of the calendar; a fault is added to `found` when it is none."""
    if text is None:
        return None
    try:
        date.fromisoformat(text if _DAY.fullmatch(text) else "")
    except ValueError:
        found.append(f"{name}: must be a day such as 2026-01-31")
        return None
    return text


def _report_id(request: Request) -> str | None:
    return ids.decode("BILLING_REPORT", request.path["id"])


def _shown(report: Report) -> tuple[str, str, str, str, str, str]:
    """The members that a list shows."""
    id = ids.encode("BILLING_REPORT", report.id)
    return id, report.start, report.end, report.status, report.type, report.category


_READ = Rights((scopes.REPORTS_READ, scopes.REPORTS_WRITE), "read")
WRITE = Rights((scopes.REPORTS_WRITE,))

OPERATIONS = (
    Operation(
        "GET",
        "/wholesale/billing/reports",
        list_wholesale_billing_reports,
        _READ,
        "List Wholesale Billing Reports",
        query=(
            Parameter("billingStartDate", "Only reports that begin on this day.", format="date"),
            Parameter("billingEndDate", "Only reports that end on this day.", format="date"),
            Parameter("type", "Only reports of this type.", choices=TYPES),
            Parameter("sortBy", "What to sort by.", choices=reports.SORTS, default="billingStartDate"),
            Parameter("status", "Only reports in this status.", choices=STATUSES),
            Parameter("max", "How many reports at most.", int, PAGE_MAX, least=1, most=PAGE_MAX),
            Parameter("subPartnerOrgId", "Only reports about this sub-partner."),
            CURSOR,
        ),
        answers={200: WholesaleBillingReportsListResponse},
    ),
    Operation(
        "POST",
        "/wholesale/billing/reports",
        create_wholesale_billing_report,
        WRITE,
        "Create a Wholesale Billing Report",
        body=ReportCreation,
        answers={200: ReportId},
    ),
    Operation(
        "GET",
        "/wholesale/billing/reports/{id}",
        get_wholesale_billing_report,
        _READ,
        "Get a Wholesale Billing Report",
        answers={200: ReportResponse},
    ),
    Operation(
        "DELETE",
        "/wholesale/billing/reports/{id}",
        delete_wholesale_billing_report,
        WRITE,
        "Delete a Wholesale Billing Report",
        answers={204: None},
    ),
)

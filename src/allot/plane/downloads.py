"""Billing reports on allot's own wire: their files, and the kind that Webex publishes no order for."""

from typing import Literal

import msgspec

from allot.api.reports import WRITE, ReportId, order, subject_of
from allot.core.report import POINT_IN_TIME
from allot.service import downloads
from allot.service.downloads import Signed
from allot.service.reports import Request as Asked
from allot.wire.operation import Logged, Operation, Parameter, Reply, Request, Text

FILE_PATH = "/reports/{orgId}/{reportId}.csv"
MEDIA = "text/csv; charset=utf-8"


class PointInTimeCreation(msgspec.Struct, rename="camel"):
    """A report of the packages that are allocated now, by customer or by user."""

    type: Literal["CUSTOMER", "USER"]
    sub_partner_org_id: str | None = None
    internal: bool = False


async def create_point_in_time_report(request: Request) -> Reply:
    """Make a billing report of what is allocated now, in the background.

    Webex has such reports and does not publish how its API is asked for them. Everything else about it is as with
    other billing reports: read, list and delete it at `/v1/wholesale/billing/reports`. Both of its dates are today,
    and whoever has a package now has it for one day.
    """
    body: PointInTimeCreation = request.body
    subject = await subject_of(request, body.sub_partner_org_id)
    call, what = request.call, (body.type, POINT_IN_TIME, body.internal)
    return await order(request, Asked(call, call.caller.org_id, subject.org_id, *what))


async def download_billing_report(request: Request) -> Reply:
    """Fetch the file of a billing report, by the address that reading the report has given out.

    The address itself is the right to it, for an hour; it needs no token.
    """
    query = request.query
    signed = Signed(*(query[name] or "" for name in ("Expires", "Signature", "Key-Pair-Id")))
    service, path = request.service, request.path
    async with service.database.reading() as reading:
        report = await downloads.admitted(reading, service.context, path["orgId"], path["reportId"], signed)
    headers = [
        (b"content-disposition", f'attachment; filename="{downloads.file_name(report)}"'.encode()),
        (b"content-length", str(report.size).encode()),
        (b"cache-control", b"private, no-store"),
    ]
    return Reply(200, downloads.text(service.database, report), headers, MEDIA.encode())


OPERATIONS = (
    Operation(
        "POST",
        "/reports",
        create_point_in_time_report,
        WRITE,
        "Create a Point-in-time Report",
        body=PointInTimeCreation,
        answers={200: ReportId},
    ),
    Operation(
        "GET",
        FILE_PATH,
        download_billing_report,
        None,
        "Download a Billing Report",
        query=(
            Parameter("Expires", "When the address runs out, in seconds since 1970."),
            Parameter("Signature", "What makes the address valid."),
            Parameter("Key-Pair-Id", "The key that it is signed with."),
        ),
        answers={200: Text("text/csv")},
        logged=Logged.OUTLINE,
    ),
)

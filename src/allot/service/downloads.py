"""Downloads: the file of a billing report, behind an address that is signed and runs out.

Who has the address may have the file, as with Webex's own. Its query is Webex's: Expires (seconds
since 1970), Signature and Key-Pair-Id; how it is signed is ours (HMAC with SHA-256).
"""

import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlencode

from allot.core.failure import Failure
from allot.core.report import COMPLETED, Report
from allot.service.context import Context
from allot.service.reports import SIGNING_KEY, not_found
from allot.store import reports as store
from allot.store import secrets
from allot.store.database import Database, Reading, StoreError

#: how long an address is good
SECONDS = 3600
# No signature of ours is longer; a longer one is not looked at.
SIGNATURE_CHARACTERS = 43

NOT_VALID = "The address is not valid or has run out; get a new one by reading the billing report again"


@dataclass(frozen=True, slots=True)
class Signed:
    """What the query of an address says."""

    expires: str
    signature: str
    key_id: str


def _path(org_id: str, report_id: str) -> str:
    return f"/allot/v1/reports/{org_id}/{report_id}.csv"


async def address(reading: Reading, context: Context, report: Report) -> str | None:
    """Path and query of the file of a report, good for a while from now on; None when it is not completed."""
    key = await secrets.find(reading, SIGNING_KEY)
    if report.status != COMPLETED or key is None:
        return None
    path, expires = _path(report.org_id, report.id), str(int(context.now().timestamp()) + SECONDS)
    signed = {"Expires": expires, "Signature": _signature(key, path, expires), "Key-Pair-Id": SIGNING_KEY}
    return f"{path}?{urlencode(signed)}"


def _signature(key: str, path: str, expires: str) -> str:
    digest = hmac.digest(bytes.fromhex(key), f"{path}\n{expires}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def admitted(reading: Reading, context: Context, org_id: str, report_id: str, signed: Signed) -> Report:
    """The report whose file a signed address is for.

    Raises Failure: 403 for an address that was not given out so or has run out, 404 when the report is gone.
    """
    key = await secrets.find(reading, SIGNING_KEY)
    if key is None or not _is_good(key, _path(org_id, report_id), signed, context.now().timestamp()):
        raise Failure.forbidden(NOT_VALID)
    report = await store.find(reading, org_id, report_id)
    if report is None or report.status != COMPLETED:
        raise not_found()
    return report


def _is_good(key: str, path: str, signed: Signed, now: float) -> bool:
    if signed.key_id != SIGNING_KEY or len(signed.signature) != SIGNATURE_CHARACTERS:
        return False
    right = hmac.compare_digest(_signature(key, path, signed.expires).encode(), signed.signature.encode())
    return right and now < int(signed.expires)  # what is signed was ours, and is a number


async def text(database: Database, report: Report) -> AsyncGenerator[bytes, None]:
    """The file of a report, a piece at a time. Raises StoreError when the report is deleted meanwhile."""
    for number in range(report.pieces):
        async with database.reading() as reading:
            piece = await store.piece(reading, report, number)
        if piece is None:
            raise StoreError(f"billing report {report.id} was deleted while it was read")
        yield piece.encode()


def file_name(report: Report) -> str:
    """What the file is called: letters, digits, hyphens and a dot."""
    return f"{report.category}-{report.type}-{report.start}-{report.end}.csv".lower().replace("_", "-")

"""Errors on the wire: the one table from failures to statuses, and the one shape of their body."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.core.failure import Failure, Kind
from allot.store.database import StoreError

#: what is raised when the database is away
Away = StoreError
#: kind of failure -> status
STATUSES = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.TOO_MANY: 429,
    Kind.INTERNAL: 500,
    Kind.UNAVAILABLE: 503,
}
#: what each means for a client
MEANINGS = {
    Kind.INVALID: "The request is not valid. Each error names a field and what to do. Nothing changed.",
    Kind.UNAUTHENTICATED: "There is no token, or it is unknown or has run out, or its person may not log in.",
    Kind.FORBIDDEN: "The token lacks a scope, its person lacks a role, or the organization is not theirs to manage.",
    Kind.NOT_FOUND: "The path is none, or the thing is not known in this organization.",
    Kind.METHOD_NOT_ALLOWED: "The path has other methods; `Allow` lists them.",
    Kind.CONFLICT: "It conflicts with what is there: a name or email that is taken, a thing that is in use.",
    Kind.TOO_LARGE: "The body has more than 1 MiB.",
    Kind.UNSUPPORTED: "The body has another media type than the operation takes.",
    Kind.TOO_MANY: "The token makes more requests than `rate_limit` allows. Wait for `Retry-After` seconds.",
    Kind.INTERNAL: "A fault of allot's own. Report it with the tracking id.",
    Kind.UNAVAILABLE: "The database cannot be used now, or too many changes wait. Wait for `Retry-After` seconds.",
}


class ErrorDetail(msgspec.Struct, rename="camel"):
    """One error: a code that programs read, a sentence that people read."""

    error_code: int
    description: str


class ErrorResponse(msgspec.Struct, rename="camel"):
    """The documented error body."""

    message: str
    errors: list[ErrorDetail]
    tracking_id: str | UnsetType = UNSET


def response(failure: Failure, tracking_id: str, *, closed_codes: bool = False) -> tuple[int, ErrorResponse]:
    """Status and body of a failure.

    Where no code is documented for it, an error carries the status as its code; with `closed_codes`
    always 400, since Cisco closes the list of codes of PATCH /licenses/users.
    """
    status = STATUSES[failure.kind]
    code = 400 if closed_codes else failure.code or status
    details = failure.details or (failure.message,)
    return status, ErrorResponse(failure.message, [ErrorDetail(code, text) for text in details], tracking_id)

"""Forms: reading what a page sends, within limits, and making sure that it was one of ours."""

import functools
from typing import Any

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from allot.console.visits import Visit
from allot.core.failure import Failure, Kind
from allot.service import sessions
from allot.wire.calls import Scope
from allot.wire.patience import Patience
from allot.wire.streams import Receive

FORM_SECONDS_MAX = 60.0
#: fields of one form: a page with a license a row has the most
FIELDS_MAX = 2_000
FILES_MAX = 1

_FOREIGN = "The form was sent by another site. Open the page here, and send it from there"
_STALE = "The form is not one of this session. Open the page again, and send it from there"


async def read(patience: Patience, scope: Scope, receive: Receive, most: int) -> FormData:
    """A posted form of at most `most` bytes, to be closed. Raises Failure when it is too large, too slow, or none."""
    headers = dict(scope["headers"])
    said = headers.get(b"content-length", b"")
    if said.isdigit() and int(said) > most:
        raise _too_large()
    kind = headers.get(b"content-type", b"").lower()
    # Browsers name none; the parser would decode with any codec that Python has, at any cost.
    if kind.startswith(b"multipart/") and b"charset" in kind:
        raise Failure.invalid("The form cannot be read: send it in UTF-8, and name no charset")
    try:
        return await patience.wait(_parsed(Request(scope, functools.partial(_next, receive, [most])), most))
    except TimeoutError:
        raise Failure.invalid(f"The form did not arrive within {patience.seconds:.0f} seconds; send it again") from None
    except MultiPartException as error:
        raise Failure.invalid(f"The form cannot be read: {error.message.rstrip('.')}") from None
    except ClientDisconnect:
        raise Failure.invalid("The form did not arrive whole; send it again") from None
    except OSError as error:
        # A file that is opened waits on the disk until it is whole.
        no_room = f"There is no room for the form on the server ({error.strerror}); send it again later"
        raise Failure(Kind.UNAVAILABLE, "The form cannot be read", (no_room,)) from error


async def _parsed(request: Request, most: int) -> FormData:
    return await request.form(max_files=FILES_MAX, max_fields=FIELDS_MAX, max_part_size=most)


async def _next(receive: Receive, left: list[int]) -> Any:
    message = await receive()
    left[0] -= len(message.get("body", b""))
    if left[0] < 0:
        raise _too_large()
    return message


def _too_large() -> Failure:
    return Failure(Kind.TOO_LARGE, "The form is too large", ("Send a smaller one",))


def check_origin(visit: Visit) -> None:
    """Raises Failure when a browser says that another site sent the form."""
    site = visit.headers.get(b"sec-fetch-site")
    origin = visit.headers.get(b"origin")
    if site not in (None, b"same-origin", b"none") or origin not in (None, visit.origin.encode("latin-1")):
        raise Failure.forbidden(_FOREIGN)


def check_session(visit: Visit) -> None:
    """Raises Failure when the form was not made for the session that it is sent in."""
    if visit.session and not sessions.is_csrf(visit.session, visit.text("csrf")):
        raise Failure.forbidden(_STALE)

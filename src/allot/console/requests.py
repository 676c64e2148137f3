"""Requests: what the API was asked and what it answered, as it happens, and why."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

import msgspec

from allot.console.journals import tell
from allot.console.visits import Page, Visit
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.journal import Entry, Search
from allot.service import journals
from allot.service.clock import stamp
from allot.service.requests import Requests, Seen, Wanted
from allot.wire.errors import MEANINGS, STATUSES
from allot.wire.events import event, follow
from allot.wire.operation import Reply, Rights
from allot.wire.requests import Reason, as_curl, reasons, text_of, visible, wanted
from allot.wire.values import read_number

#: what GET /requests of allot's own plane needs
RIGHTS = Rights((scopes.AUDIT_READ,), "read")
ROWS = 50
#: rows that a live page has at most: the oldest leave it
LIVE_ROWS = 200
# Requests that one look goes through: of more there are only the newest, and a row that says so.
LOOK_MAX = 500
#: characters of a body that are shown
BODY_MAX = 16_000
ENTRIES_MAX = 20

#: statuses to filter by
CHOICES = ("2xx", "4xx", "5xx", "206", "400", "401", "403", "404", "409", "429")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
FILTERS = ("status", "method", "path", "person", "rule", "trackingId")
#: what each status means: of an error, and of an answer
MEANING = {STATUSES[kind]: says for kind, says in MEANINGS.items()} | {
    200: "It was answered as asked.",
    201: "What was asked for was made.",
    202: "It was accepted, and is carried out in the background.",
    204: "It was done; there is nothing to say.",
    206: "A part of it was done. The rules that are named refused the rest.",
}
REFUSED = "Rules of the rulebook refused it. Nothing changed."


async def list_requests(visit: Visit) -> Reply:
    """The requests that this process has answered last, newest first; the first page is live unless it is paused."""
    log = visit.service.requests
    below = visit.query["below"]
    found, rest = log.page(wanted(visit, visit.org_id), _number(log, below) if below else None, ROWS)
    asked = {name: visit.query[name] for name in FILTERS}
    return visit.show(
        "requests.html",
        found=found,
        process=log.process,
        live=visit.link("/requests/live", after=_key(log, log.newest), **asked),
        is_live=not (below or visit.query["paused"]),
        older=visit.again(below=_key(log, rest)) if rest else "",
        asked=asked,
        choices=CHOICES,
        methods=METHODS,
        most=LIVE_ROWS,
    )


async def follow_requests(visit: Visit) -> Reply:
    """The rows of requests that are answered after a place, as server-sent events."""
    place = visit.headers.get(b"last-event-id", b"").decode("latin-1") or visit.query["after"]
    return follow(visit, _Watch(visit, wanted(visit, visit.org_id), place), visit.service.requests)


async def show_request(visit: Visit) -> Reply:
    """One request: why it got its status, what of it was never read, and how to send it again."""
    log = visit.service.requests
    number = _number(log, visit.path["key"])
    seen = log.find(visible(visit, visit.org_id), number) if number else None
    if seen is None:
        raise Failure.not_found(
            "This server does not remember such a request of this organization: it keeps the newest in its memory only,"
            " and what changed something in its journal"
        )
    body = text_of(seen)
    whole = body is None or len(body) <= BODY_MAX
    why = reasons(seen)
    rules = {rule.id: rule for rule in visit.service.rulebook.rules}
    return visit.show(
        "request.html",
        seen=seen,
        at=stamp(seen.began),
        means=_meaning(seen, why),
        why=[(each, rules.get(each.rule)) for each in why],
        unread=seen.unread(),
        body=None if body is None else pretty(body),
        whole=whole,
        answer=pretty(seen.answer.decode()) if seen.answer else "",
        curl=as_curl(seen if whole else replace(seen, body=None), visit.origin),
        told=await tell(visit, await _entries(visit, seen)),
    )


def _meaning(seen: Seen, why: Sequence[Reason]) -> str:
    if any(each.rule for each in why):
        return REFUSED if seen.status >= HTTPStatus.BAD_REQUEST else MEANING[206]
    return MEANING.get(seen.status) or HTTPStatus(seen.status).description or HTTPStatus(seen.status).phrase


def pretty(text: str) -> str:
    """A text with an indent when it is JSON, and not more of it than is shown."""
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        text = msgspec.json.format(text, indent=2)
    return text if len(text) <= BODY_MAX else f"{text[:BODY_MAX]}…"


async def _entries(visit: Visit, seen: Seen) -> Sequence[Entry]:
    """What the journal of the organization that is looked at has of a request."""
    if seen.method == "GET":
        return ()
    # Nothing before it can be of it, which spares looking there.
    search = Search(tracking_id=seen.call.tracking_id, since=stamp(seen.began))
    async with visit.service.database.reading() as reading:
        found, _ = await journals.page(reading, visit.org_id, search, None, ENTRIES_MAX)
    return found


def _key(log: Requests, number: int) -> str:
    """The name of a request that no other has, not even one of another process."""
    return f"{log.process}-{number}"


def _number(log: Requests, key: str) -> int | None:
    """The number of a request by its name; None for one of another process."""
    process, _, number = key.partition("-")
    return read_number(number) if process == log.process else None


class _Watch:
    """What one live page shows, and what is new since."""

    #: nobody reads faster
    pause = 0.25
    #: the address of the page says where it begins
    place = ""

    def __init__(self, visit: Visit, wanted: Wanted, after: str) -> None:
        self._visit = visit
        self._log = visit.service.requests
        self._wanted = wanted
        number = _number(self._log, after)
        self._is_anew = number is None
        #: of the last request that was looked at
        self._number = number or 0

    async def look(self) -> bytes:
        """The rows of what is new, oldest first: each goes to the top. Before them, where some are left out, a word."""
        new, is_left_out = self._log.after(self._wanted, self._number, LOOK_MAX)
        is_anew, self._is_anew, self._number = self._is_anew, False, self._log.newest
        has_gap = is_anew or is_left_out or len(new) > ROWS
        gap = [self._event("gap", is_anew=is_anew)] if has_gap else []
        return b"".join(gap + [self._event("row", each) for each in new[-ROWS:]])

    def _event(self, name: str, seen: Seen | None = None, *, is_anew: bool = False) -> bytes:
        html = self._visit.screens.render(
            self._visit, "request-row.html", seen=seen, process=self._log.process, is_anew=is_anew
        )
        return event(_key(self._log, seen.number) if seen else "", name, html)


PAGES = (
    Page("GET", "/requests", list_requests, RIGHTS),
    Page("GET", "/requests/live", follow_requests, RIGHTS),
    Page("GET", "/requests/{key}", show_request, RIGHTS),
)

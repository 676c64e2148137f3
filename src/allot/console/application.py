"""The console as an ASGI application: the table of pages, and what stands before and after each."""

import logging
import time
from contextlib import aclosing
from types import AsyncGeneratorType
from urllib.parse import parse_qsl

from starlette.routing import Route, Router

from allot.console import (
    changes,
    customers,
    forms,
    holdings,
    homes,
    journals,
    licenses,
    partners,
    people,
    plans,
    reports,
    requests,
    rulebooks,
    runs,
    sessions,
    subscribers,
)
from allot.console.screens import Place, Screens
from allot.console.sessions import Demo
from allot.console.shelves import Shelf
from allot.console.visits import INSTEAD, ROOT, Page, Query, Visit, plain
from allot.core import ids
from allot.core import scope as scopes
from allot.core.call import Caller
from allot.core.failure import Failure, Kind
from allot.service import organizations
from allot.service.service import Service
from allot.wire.access import is_near
from allot.wire.calls import Scope, arrived, tracking_id_of
from allot.wire.endpoint import AWAY, BUG, ELSEWHERE, send_reply
from allot.wire.errors import STATUSES, Away
from allot.wire.operation import Reply
from allot.wire.patience import Patience
from allot.wire.streams import Parts, Receive, Send, Stream
from allot.wire.values import organization_of

#: the navigation, in its order
PLACES = (
    Place("/licenses", "Licenses", licenses.RIGHTS, "Units used and free, who has them, and what became of them."),
    Place("/people", "People", people.RIGHTS, "Find somebody, see what they have, and try a change before it is made."),
    Place(
        "/journal", "Journal", journals.RIGHTS, "Every change that was asked for, carried out or refused, and by whom."
    ),
    Place("/wholesale", "Wholesale", partners.RIGHTS, "A partner's customers as they are provisioned; bills.", True),
    Place("/plans", "Plans", plans.RIGHTS, "What a plan does to many people, by rule and by license; how far it is."),
    Place("/requests", "Requests", requests.RIGHTS, "What the API is asked, as it happens, and why it answers so."),
    Place("/rulebook", "Rulebook", None, "What Webex sells, what needs and excludes what, and how that is known."),
)
PAGES: tuple[Page, ...] = (
    *homes.PAGES,
    *sessions.PAGES,
    *licenses.PAGES,
    *people.PAGES,
    *holdings.PAGES,
    *changes.PAGES,
    *journals.PAGES,
    *partners.PAGES,
    *customers.PAGES,
    *runs.PAGES,
    *subscribers.PAGES,
    *reports.PAGES,
    *plans.PAGES,
    *requests.PAGES,
    *rulebooks.PAGES,
)

# Nothing runs, and nothing is loaded, but what this server sends; no other page holds one of ours.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    b" base-uri 'none'; frame-ancestors 'none'"
)
GUARDS = (
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
#: a page tells of now, and to somebody who may sign out
FRESH = (b"cache-control", b"no-store")
# An asset's address changes with its content.
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
PARAMETERS_MAX = 100

log = logging.getLogger("allot.console")


class Console:
    """All pages below /console. With `demo` newcomers are offered tokens, and an example to follow."""

    def __init__(self, service: Service, demo: Demo | None = None) -> None:
        self.service = service
        self.screens = Screens(PLACES, demo)
        self.shelf = Shelf(service.settings.plans)
        self.patience = Patience(forms.FORM_SECONDS_MAX)
        self._assets = {each.address: each for each in self.screens.assets.values()}
        by_path: dict[str, dict[str, Page]] = {}
        for page in PAGES:
            by_path.setdefault(ROOT + page.path, {})[page.method] = page
        # Starlette takes the first route that fits: literal paths go before those with a variable.
        routes = [Route(path, _Door(self, by_path[path])) for path in sorted(by_path, key=lambda path: path.count("{"))]
        self._router = Router(routes, redirect_slashes=False, default=_Door(self, {}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asset = self._assets.get(scope["path"])
        if asset is None or scope["method"] != "GET":
            await self._router(scope, receive, send)
            return
        await send_reply(send, Reply(200, asset.body, [FOREVER, *GUARDS], asset.media), tracking_id_of(None))


class _Door:
    """The pages of one path by method: finds who visits, and makes a page of whatever goes wrong."""

    def __init__(self, console: Console, pages: dict[str, Page]) -> None:
        self._console = console
        self._service = console.service
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        visit = self._visit(scope)
        page = self._pages.get(scope["method"])
        try:
            reply = await self._reply(page, visit, scope, receive)
            if isinstance(reply.body, AsyncGeneratorType):
                reply.body = await Stream.begin(self._while_it_may(visit, reply.body))
        except Failure as failure:
            reply = failed(visit, failure)
        except Away as error:
            log.error("%s: %s", visit.call.tracking_id, error)
            reply = failed(visit, AWAY)
        except Exception:
            log.exception("%s: %s %a", visit.call.tracking_id, scope["method"], scope["path"])
            reply = failed(visit, BUG)
        name = page.handler.__name__ if page else "unknown"
        self._service.meters.answered(f"console.{name}", reply.status, time.perf_counter() - started)
        reply.headers = [FRESH, *GUARDS, *reply.headers]
        try:
            await send_reply(send, reply, visit.call.tracking_id, receive)
        except Away as error:
            log.error("%s: the answer was broken off: %s", visit.call.tracking_id, error)

    async def _reply(self, page: Page | None, visit: Visit, scope: Scope, receive: Receive) -> Reply:
        caller = await self._service.tokens.caller(visit.session) if visit.session else None
        if caller is None:
            visit.session = ""
        else:
            await self._admit(visit, caller, own=page is not None and page.own)
        if page is None:
            raise _absent(self._pages, visit)
        if caller is None and not page.open:
            return sessions.ask(visit, back="GET" in self._pages)
        if page.rights is not None:
            page.rights.check(visit.call.caller)
        if page.method != "POST":
            return await page.handler(visit)
        forms.check_origin(visit)
        visit.form = await forms.read(self._console.patience, scope, receive, page.most)
        try:
            forms.check_session(visit)
            return await page.handler(visit)
        finally:
            await visit.form.close()

    async def _while_it_may(self, visit: Visit, parts: Parts) -> Parts:
        """A stream as long as its visitor may have it. Whoever comes again is told what is so now."""
        async with aclosing(parts):
            async for part in parts:
                if not await self._is_as_before(visit):
                    return
                yield part

    async def _is_as_before(self, visit: Visit) -> bool:
        """Whether the visitor still has the session and the rights of when the visit began."""
        before, now = visit.call.caller, await self._service.tokens.caller(visit.session)
        try:
            await organization_of(visit, visit.org_id)
        except Failure:
            return False
        return now is not None and (now.scopes, now.roles) == (before.scopes, before.roles)

    async def _admit(self, visit: Visit, caller: Caller, *, own: bool) -> None:
        """Tell the visit who visits, and what organization is looked at. Raises Failure when they may not."""
        visit.call.caller = caller
        self._service.limits.take(caller.token_key)
        near = is_near(visit.call.address, visit.headers, self._service.settings.public_url)
        if not near and scopes.ADMIN not in caller.scopes:
            raise Failure.forbidden(ELSEWHERE)
        asked = "" if own else visit.query["orgId"]
        visit.org_id = await organization_of(visit, ids.decode("ORGANIZATION", asked) or asked)
        async with self._service.database.reading() as reading:
            visit.org_name = await organizations.name(reading, visit.org_id)
        visit.is_partner = await self._service.partners.has(caller.org_id)

    def _visit(self, scope: Scope) -> Visit:
        """The visit as it is before it is known who visits."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        scope["path_params"] = {name: plain(text) for name, text in (scope.get("path_params") or {}).items()}
        return Visit(
            *(self._service, arrived(scope, headers), scope, headers, _query(scope["query_string"])),
            session=sessions.read(headers),
            screens=self._console.screens,
            shelf=self._console.shelf,
        )


def _query(raw: bytes) -> Query:
    parts = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)[:PARAMETERS_MAX]
    return Query((name, plain(text)) for name, text in parts)


def _absent(pages: dict[str, Page], visit: Visit) -> Failure:
    if pages:
        return Failure(Kind.METHOD_NOT_ALLOWED, "The method is not allowed here", ("Open the page with a link",))
    return Failure.not_found(f"{visit.url_path[:200]} is no page of this console")


def failed(visit: Visit, failure: Failure) -> Reply:
    """The page that says what went wrong, and where to go from there."""
    status = STATUSES[failure.kind]
    reply = visit.show("failure.html", status, failure=failure, answered=status)
    reply.headers += INSTEAD
    if failure.retry_after is not None:
        reply.headers.append((b"retry-after", str(failure.retry_after).encode()))
    return reply

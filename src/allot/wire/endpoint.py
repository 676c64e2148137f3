"""The endpoint: what every operation does before and after its handler.

From the bytes of a request to a `Request` (tracking id, caller, rights, body), and from the
handler's `Reply` or failure to the bytes of the answer. Handlers are plain functions between.
"""

import logging
import time
from types import AsyncGeneratorType
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from allot.core import scope as scopes
from allot.core.call import Call, Caller
from allot.core.failure import Failure, Kind
from allot.service.requests import Seen
from allot.service.service import Service
from allot.store.database import StoreError
from allot.wire import errors, requests
from allot.wire.access import is_near
from allot.wire.calls import Headers, Scope, arrived
from allot.wire.forms import decode, form_as_json, invalid
from allot.wire.operation import JSON, Logged, Operation, Reply, Request
from allot.wire.patience import Patience
from allot.wire.streams import Receive, Send, Stream

# The longest documented request (500 items with properties) has about 150 KiB.
BODY_BYTES_MAX = 1 << 20
# What is longer is no path of ours, and not kept whole.
PATH_MAX = 2000

log = logging.getLogger("allot.wire")


class Endpoint:
    """One operation as an ASGI application."""

    def __init__(self, service: Service, operation: Operation, patience: Patience) -> None:
        self._service = service
        self._patience = patience
        self._operation = operation
        self._public_url = service.settings.public_url.rstrip("/")
        self._name = operation.handler.__name__
        self._query = {parameter.name: parameter for parameter in operation.query}
        self._defaults = {parameter.name: parameter.default for parameter in operation.query}
        self._media = operation.media.encode()
        self._decoder = msgspec.json.Decoder(operation.body) if operation.body else None
        self._reader = requests.reader(operation)
        # Where no requests are kept, nothing is made for them.
        logged = operation.logged if service.settings.requests > 0 else Logged.NOTHING
        self._is_logged = logged is not Logged.NOTHING
        self._is_shown = logged is Logged.ALL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        call = arrived(scope, headers)
        scope["operation"] = self._name
        seen = Seen(self._name, scope["method"], scope["path"][:PATH_MAX], call, self._service.clock.now())
        try:
            request = await self._request(scope, headers, receive, seen)
            if request is None:
                return  # the client went away before its body was whole
            reply = await self._operation.handler(request)
            if isinstance(reply.body, AsyncGeneratorType):
                reply.body = await Stream.begin(reply.body)
        except Failure as failure:
            reply = self._failed(failure, call)
        except StoreError as error:
            log.error("%s: %s", call.tracking_id, error)
            reply = self._failed(AWAY, call)
        except Exception:
            # What a client chose is shown as a literal: it could hold line breaks.
            log.exception("%s: %s %a", call.tracking_id, scope["method"], scope["path"])
            reply = self._failed(BUG, call)
        seconds = time.perf_counter() - started
        self._service.meters.answered(self._name, reply.status, seconds)
        if self._is_logged:
            requests.answered(self._service.requests, seen, reply, seconds)
        try:
            await send_reply(send, reply, call.tracking_id, receive)
        except StoreError as error:
            log.error("%s: the answer was broken off: %s", call.tracking_id, error)

    def _failed(self, failure: Failure, call: Call) -> Reply:
        return failed(failure, call.tracking_id, closed_codes=self._operation.closed_codes)

    async def _request(self, scope: Scope, headers: Headers, receive: Receive, seen: Seen) -> Request | None:
        query_string = scope["query_string"]
        if self._is_shown:
            seen.reader = self._reader
            if query_string:
                requests.keep_query(seen, headers, query_string)
        await self._admit(seen.call, headers)
        body = None
        if self._decoder is not None:
            raw = await self._raw_body(headers, receive)
            if raw is None:
                return None
            seen.size, seen.media = len(raw), self._operation.media
            if self._is_shown:
                requests.keep_body(seen, headers, raw)
            text = raw if self._operation.media == JSON else form_as_json(raw)
            form = None if self._operation.form is None else lambda body: self._form(scope, headers, seen.call, body)
            body = decode(self._decoder, text, form)
        query = self._read_query(query_string) if query_string else self._defaults
        return Request(self._service, seen.call, scope, headers, query, body)

    def _form(self, scope: Scope, headers: Headers, call: Call, body: Any) -> None:
        if self._operation.form is not None:
            self._operation.form(Request(self._service, call, scope, headers, self._defaults, body))

    async def _admit(self, call: Call, headers: Headers) -> None:
        """Find out who calls, where that matters. Raises Failure when they may not."""
        rights = self._operation.rights
        far = self._operation.near and not is_near(call.address, headers, self._public_url)
        if rights is None and not far:
            return
        token = bearer(headers)
        call.caller = caller = self._service.tokens.known(token) or await self._caller(token)
        self._service.limits.take(caller.token_key)
        if far and scopes.ADMIN not in caller.scopes:
            raise Failure.forbidden(ELSEWHERE)
        if rights is not None:
            rights.check(caller)

    async def _caller(self, token: str) -> Caller:
        caller = await self._service.tokens.caller(token)
        if caller is None:
            unknown = "Authorization: the access token is unknown or has run out, or its person may not log in"
            raise Failure(Kind.UNAUTHENTICATED, "The token is not valid", (unknown,))
        return caller

    async def _raw_body(self, headers: Headers, receive: Receive) -> bytes | None:
        kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != self._media:
            wanted = f"Content-Type: must be {self._operation.media}"
            raise Failure(Kind.UNSUPPORTED, "The media type is not supported", (wanted,))
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            plain = "Content-Encoding: is not supported; send the body as it is"
            raise Failure(Kind.UNSUPPORTED, "The media type is not supported", (plain,))
        try:
            return await self._patience.wait(_read(headers, receive))
        except TimeoutError:
            raise Failure.invalid(f"body: did not arrive within {self._patience.seconds:.0f} seconds") from None

    def _read_query(self, raw: bytes) -> dict[str, Any]:
        query = dict(self._defaults)
        found: list[str] = []
        for name, text in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
            parameter = self._query.get(name)
            if parameter is None:
                continue  # as Webex does
            try:
                if parameter.many:
                    query[name] += tuple(parameter.read(part) for part in text.split(",") if part)
                else:
                    query[name] = parameter.read(text)
            except ValueError as fault:
                found.append(f"{name}: {fault}")
        if found:
            raise invalid(found)
        return query


ELSEWHERE = (
    f"From another machine, this path needs a token with the scope {scopes.ADMIN}."
    " On this one, call it by 127.0.0.1 or localhost, and not through a proxy"
)
BUG = Failure(
    Kind.INTERNAL,
    "Something went wrong in the service",
    ("Nothing is known to have changed. Report it with the tracking id",),
)

# What the database says is for the operator, and in the log.
AWAY = Failure(
    Kind.UNAVAILABLE,
    "The service cannot reach its database",
    ("The database does not answer, and nothing was changed. Try again later",),
    1,
)


def failed(failure: Failure, tracking_id: str, *, closed_codes: bool = False) -> Reply:
    """The reply to a failure."""
    status, body = errors.response(failure, tracking_id, closed_codes=closed_codes)
    reply = Reply(status, body)
    if failure.retry_after is not None:
        reply.headers.append((b"retry-after", str(failure.retry_after).encode()))
    if status == 401:
        reply.headers.append((b"www-authenticate", b"Bearer"))
    return reply


async def send_reply(send: Send, reply: Reply, tracking_id: str, receive: Receive | None = None) -> None:
    """Send a reply; a body that is not bytes yet becomes JSON, and a stream is sent as it comes.

    Only with `receive` can there be a stream. Raises what its generator does.
    """
    body = reply.body
    headers = [
        (b"trackingid", tracking_id.encode()),
        (b"x-content-type-options", b"nosniff"),
        *reply.headers,
    ]
    if isinstance(body, Stream) and receive is not None:
        headers.append((b"content-type", reply.content_type))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await body.send(receive, send)
        return
    body = reply.encode()
    if body or reply.status != 204:
        headers += [(b"content-type", reply.content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def bearer(headers: Headers) -> str:
    """The access token of a request. Raises Failure (401) when there is none."""
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not (token := token.strip()):
        missing = "Authorization: send `Bearer` and an access token"
        raise Failure(Kind.UNAUTHENTICATED, "Authentication is required", (missing,))
    return token


def _too_large() -> Failure:
    # A new one for each: an error keeps the frames that it was raised through, and the bodies in them.
    return Failure(Kind.TOO_LARGE, "The request is too large", (f"body: at most {BODY_BYTES_MAX} bytes are read",))


async def _read(headers: Headers, receive: Receive) -> bytes | None:
    """The whole body; None when the client goes away before its end."""
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise _too_large()
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message["body"]
        return body
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise _too_large()
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()

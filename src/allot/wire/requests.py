"""Requests as the log of them has them: what is kept of each, and what is made of it when somebody looks."""

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
from msgspec import inspect

from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service.requests import BODY_BYTES_MAX, Reader, Requests, Seen, Wanted
from allot.wire.calls import Headers
from allot.wire.errors import ErrorResponse
from allot.wire.forms import form_as_json
from allot.wire.operation import JSON, Operation, Reply, Request

# A shorter text is no token, and could be part of anything.
TOKEN_MIN = 8
HIDDEN = b"***"
# In double quotes, so that the shell puts it in.
AUTHORIZATION = '-H "Authorization: Bearer $TOKEN"'

# Parameters that clients put secrets into, whatever path they send them to.
_SECRETS = re.compile(
    rb"(?i)((?:^|&)(?:access_token|refresh_token|token|client_secret|secret|password|code|signature)=)[^&]*"
)
# What curl would change in an address by itself: its patterns, and dots for folders.
_PLAIN = re.compile(r"(?!.*/\.)[^\[\]{}]*")
_IN_QUERY = "!$%&'()*+,/:;=?@[]{}~"
# A status, or a class of them.
_STATUS = re.compile(r"[1-5](xx|[0-9]{2})")
# They would act on a terminal; no JSON has them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


# ------------------------------------------------------------------------------------------------ keeping


def keep_query(seen: Seen, headers: Headers, query: bytes) -> None:
    """Keep a query, without what may be secret in it."""
    seen.query = _SECRETS.sub(rb"\1" + HIDDEN, without_token(query, headers)).decode("latin-1")


def keep_body(seen: Seen, headers: Headers, body: bytes) -> None:
    """Keep a body that is not too long."""
    if len(body) <= BODY_BYTES_MAX:
        seen.body = without_token(body, headers)


def without_token(text: bytes, headers: Headers) -> bytes:
    """A text in which the token of the request's header is hidden, should it be there once more."""
    # As text: there more counts as space than in bytes, and a token is taken without it.
    words = headers.get(b"authorization", b"").decode("latin-1").split()
    token = words[-1].encode("latin-1") if words else b""
    return text.replace(token, HIDDEN) if len(token) >= TOKEN_MIN else text


def answered(requests: Requests, seen: Seen, reply: Reply, seconds: float) -> None:
    """Keep a request with its answer, whose body only where it tells of errors."""
    seen.status, seen.seconds, seen.about = reply.status, seconds, reply.about
    if reply.status >= 400 and len(answer := reply.encode()) <= BODY_BYTES_MAX:
        seen.answer = answer
    requests.add(seen)


# ------------------------------------------------------------------------------------------------ looking


def visible(request: Request, org_id: str) -> Wanted:
    """All requests that may be seen with a look at an organization.

    Who operates this server sees what nobody is known to have sent as well.
    """
    return Wanted(org_id, scopes.ADMIN in request.call.caller.scopes)


def wanted(request: Request, org_id: str) -> Wanted:
    """Those of them that a query asks for. Raises Failure (400) for what is no status."""
    query = {name: value or "" for name, value in request.query.items()}
    status, person = query.get("status", ""), query.get("person", "")
    if status and not _STATUS.fullmatch(status):
        raise Failure.invalid("status: must be a status such as 206, or a class of them such as 4xx")
    return replace(
        visible(request, org_id),
        status=status.rstrip("x"),
        method=query.get("method", "").upper(),
        path=query.get("path", ""),
        person=ids.decode("PEOPLE", person) or person,
        rule=query.get("rule", ""),
        tracking_id=query.get("trackingId", ""),
    )


# ------------------------------------------------------------------------------------------------ why


@dataclass(frozen=True, slots=True)
class Reason:
    """One error of an answer. `rule` is empty where no rule of the rulebook refused anything."""

    code: int
    description: str
    rule: str = ""


_errors = msgspec.json.Decoder(ErrorResponse)


def reasons(seen: Seen) -> list[Reason]:
    """Why a request has its status: what was refused by which rule, else the errors of its answer."""
    faults = seen.about.faults
    if faults or not seen.answer:
        return [Reason(fault.code, fault.description, fault.rule.id) for fault in faults]
    return [Reason(each.error_code, each.description) for each in _errors.decode(seen.answer).errors]


# ------------------------------------------------------------------------------------------------ never read


def reader(operation: Operation) -> Reader:
    """What tells the members that an operation did not read."""
    return lambda body, query: unread(operation, body, query)


def unread(operation: Operation, body: bytes, query: str) -> list[str]:
    """The members of a body and the parameters of a query that an operation does not know, each with its place.

    Such as ``licenses[0].properites`` and ``?calingData``. A body that is no JSON has none.
    """
    known = {parameter.name for parameter in operation.query}
    names = dict.fromkeys(name for name, _ in parse_qsl(query, keep_blank_values=True))
    found = [f"?{name}" for name in names if name not in known]
    if operation.body is None or not body:
        return found
    try:
        value = msgspec.json.decode(body if operation.media == JSON else form_as_json(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return found
    return _strangers(value, inspect.type_info(operation.body), "") + found


def _strangers(value: Any, kind: inspect.Type, path: str) -> list[str]:
    """The members of a value that its type does not have; a value of another type has none."""
    if isinstance(kind, inspect.UnionType):
        fitting = [each for each in kind.types if _fits(value, each)]
        return min((_strangers(value, each, path) for each in fitting), key=len, default=[])
    if isinstance(kind, inspect.ListType) and isinstance(value, list):
        return [each for n, item in enumerate(value) for each in _strangers(item, kind.item_type, f"{path}[{n}]")]
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        known = {field.encode_name: field.type for field in kind.fields}
        found: list[str] = []
        for name, member in value.items():
            where = f"{path}.{name}" if path else name
            found += _strangers(member, known[name], where) if name in known else [where]
        return found
    return []


def _fits(value: Any, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.StructType):
        return isinstance(value, dict)
    return isinstance(kind, inspect.ListType) and isinstance(value, list)


# ------------------------------------------------------------------------------------------------ as curl


def curl(method: str, url: str, body: str | None = None) -> str:
    """The command for a shell that sends a request with this JSON body, or with none; the token is in `TOKEN`."""
    return _command(method, url, [] if body is None else _data(JSON, body))


def as_curl(seen: Seen, origin: str) -> str:
    """The command for a shell that sends a request once more, to scheme and host of `origin`.

    A body that was not kept, or is no text, it reads from a file named `body`.
    """
    query = quote(seen.query.encode("latin-1"), safe=_IN_QUERY)
    url = f"{origin}{quote(seen.path)}" + (f"?{query}" if query else "")
    # One without a body may have been one that needs a body, which is empty then, and has a media type.
    data = _data(seen.media, text_of(seen) if seen.size else "") if seen.media else []
    return _command(seen.method, url, data)


def text_of(seen: Seen) -> str | None:
    """The body of a request as text; None when there was none, when it was not kept and when it is no text."""
    if not seen.body:
        return None
    try:
        text = seen.body.decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.search(text) else text


def _data(media: str, body: str | None) -> list[str]:
    sent = "--data-binary @body" if body is None else f"--data-raw {shlex.quote(body)}"
    return [f"-H {shlex.quote(f'Content-Type: {media}')}", sent]


def _command(method: str, url: str, data: list[str]) -> str:
    verb = {"GET": [], "HEAD": ["--head"]}.get(method, ["-X", shlex.quote(method)])
    exact = [] if _PLAIN.fullmatch(url) else ["--globoff", "--path-as-is"]
    return " \\\n  ".join((" ".join(("curl", *verb, *exact, shlex.quote(url))), AUTHORIZATION, *data))

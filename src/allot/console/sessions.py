"""Signing in with an access token, and out again."""

from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import quote, urlencode

from allot.console import streams
from allot.console.visits import ROOT, SIGN_IN, Page, Visit, lead
from allot.core.failure import Failure
from allot.service import sessions
from allot.wire.events import EVENT_STREAM
from allot.wire.operation import Reply

COOKIE = "allot_session"
#: no token of Webex, and none of ours, is as long
TOKEN_MAX = 4_096
UNKNOWN = (
    "This access token is unknown or has run out, or its person may not log in: check that all of it was copied, or"
    " make another one"
)


class Sample(NamedTuple):
    """A token of a demo, and whose it is."""

    token: str
    says: str


class Demo(NamedTuple):
    """What a newcomer is offered at a demo: tokens to sign in with, and the person of the documented example."""

    samples: tuple[Sample, ...]
    org_id: str
    person_id: str


def read(headers: dict[bytes, bytes]) -> str:
    """The secret of the session in the cookies of a request; empty when there is none."""
    # Programs on other ports of this host set cookies as they like. Python's own reader stops at the first that is not
    # as it should be, and takes seconds for one of many backslashes.
    for each in headers.get(b"cookie", b"").split(b";"):
        name, _, value = each.strip().partition(b"=")
        if name == COOKIE.encode():
            return value.decode("latin-1")
    return ""


def ask(visit: Visit, *, back: bool) -> Reply:
    """Lead whoever has no session, or one that has ended, to the sign-in, and `back` to the page where there is one."""
    ended = "1" if COOKIE.encode() in visit.headers.get(b"cookie", b"") else ""
    if visit.headers.get(b"accept") == EVENT_STREAM.encode():
        return streams.others()
    there = quote(visit.url_path) + (f"?{urlencode(visit.query)}" if visit.query else "") if back else ""
    address = f"{SIGN_IN}?next={quote(there)}&ended={ended}"
    if b"hx-request" in visit.headers:
        # A part of a page was asked for: the whole page goes there.
        return Reply(204, None, [(b"hx-redirect", address.encode("latin-1"))])
    return lead(address)


async def show_sign_in(visit: Visit) -> Reply:
    """Ask for a token."""
    return visit.show("sign-in.html", next=_local(visit.query["next"]), ended=visit.query["ended"], fault="")


async def sign_in(visit: Visit) -> Reply:
    """Begin a session with the token of the form."""
    token, there = visit.text("token").removeprefix("Bearer ").strip()[:TOKEN_MAX], _local(visit.text("next"))
    call = visit.call
    try:
        session = await sessions.begin(visit.service, token, call.tracking_id, call.address, call.agent)
    except Failure:
        fault = UNKNOWN if token else "Paste an access token"
        return visit.show("sign-in.html", 401, next=there, ended="", fault=fault)
    reply = lead(there or ROOT)
    reply.headers.append((b"set-cookie", _cookie(visit, session.token, session.seconds)))
    return reply


async def sign_out(visit: Visit) -> Reply:
    """End the session."""
    await sessions.end(visit.service, visit.call, visit.session)
    reply = lead(SIGN_IN)
    reply.headers.append((b"set-cookie", _cookie(visit, "", 0)))
    return reply


def _cookie(visit: Visit, value: str, seconds: int) -> bytes:
    cookie: SimpleCookie = SimpleCookie()
    cookie[COOKIE] = value
    told = cookie[COOKIE]
    told["path"], told["httponly"], told["samesite"], told["max-age"] = ROOT, True, "Lax", seconds
    if visit.origin.startswith("https:"):
        told["secure"] = True
    return told.OutputString().encode("latin-1")


def _local(address: str) -> str:
    """An address within the console; empty for any other, which nobody is led to."""
    inside = address == ROOT or address.startswith((f"{ROOT}/", f"{ROOT}?"))
    return address if inside and address.isprintable() and address.isascii() and "\\" not in address else ""


PAGES = (
    Page("GET", "/sign-in", show_sign_in, None, open=True),
    Page("POST", "/sign-in", sign_in, None, open=True),
    Page("POST", "/sign-out", sign_out, None),
)

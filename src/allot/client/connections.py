"""One client's way to one API: where it is, one attempt at a request, and the next ones when that was not taken."""

import re
import urllib.request
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from itertools import count
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential
from yarl import URL

from allot.client.failures import (
    Absent,
    Away,
    BadTarget,
    Busy,
    ClientFault,
    Forbidden,
    Nonsense,
    Transient,
    Unauthenticated,
    Uncertain,
)
from allot.client.gates import Gate
from allot.client.shapes import ErrorResponse

T = TypeVar("T")

#: not now, and nothing was done
_BUSY = (423, 429, 503)
#: what stands between failed, or the server itself, so that nobody knows whether anything was done; what a server says
#: of a change in which it failed is worth telling
_CUT = {"GET": (500, 502, 504), "PATCH": (502, 504)}
# An address that never answered is more often wrong than away.
_STRANGER_ATTEMPTS = 3
# A page of a thousand numbers has half a megabyte.
_BYTES_MAX = 64 << 20
# Characters of an answer that a sentence quotes.
_QUOTED = 80
_TOKEN = re.compile(r"[\x21-\x7e]+", re.ASCII)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client insists."""

    #: attempts at one request, the first included
    attempts: int = 10
    #: seconds before the second attempt, doubled each time up to the longest; unless an answer says how long
    first: float = 0.5
    longest: float = 30.0
    #: the longest wait that an answer may order, in seconds; after one that orders more nothing is asked
    ordered: float = 900.0
    #: seconds for a connection, and for a whole answer
    connect: float = 10.0
    answer: float = 60.0


@dataclass(frozen=True, slots=True)
class Target:
    """An API and the token for it. `address` is with or without its `/v1`. Raises BadTarget for what cannot be one."""

    address: str
    token: str = field(repr=False)
    #: requests under way at once, at most
    concurrency: int = 64
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", normalize(self.address))
        if not _TOKEN.fullmatch(self.token):
            raise BadTarget("the access token is empty or has characters that no token has; copy it once more")


def normalize(address: str) -> str:
    """`scheme://host[:port][/prefix]/v1`, however much of it was written. Raises BadTarget when it is no address."""
    text = address.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        whole = whole and not (parts.query or parts.fragment or "@" in parts.netloc or re.search(r"\s", text))
    except ValueError:
        whole = False
    if not whole:
        # What is no address may be a token, or has a password in it.
        shown = text if re.fullmatch(r"[\w.:/\[\]-]{,60}", text) else "what is given"
        raise BadTarget(f"{shown or 'an empty text'} is no address of an API; name one like https://webexapis.com/v1")
    return text if text.endswith("/v1") else f"{text}/v1"


class Answer(msgspec.Struct):
    """What came back. `next` is the address of the next page, when there is one."""

    status: int
    body: bytes
    tracking_id: str
    next: str | None = None


class Connection:
    """A session with one API, which only reads; an async context manager."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.address = target.address
        self._prefix, self._numbers = f"ALLOT_{uuid4()}_", count(1)
        patience = target.patience
        self._exponential = wait_random_exponential(multiplier=patience.first, max=patience.longest)
        self._errors = msgspec.json.Decoder(ErrorResponse)
        self._answered = False

    async def __aenter__(self) -> Self:
        patience = self.target.patience
        self.gate = Gate(self.target.concurrency)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=patience.answer, sock_connect=patience.connect),
            headers={"Authorization": f"Bearer {self.target.token}", "User-Agent": "allot"},
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy(self.address),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, path: str, needs: str = "") -> Answer:
        """The 200 answer to a GET of a path below the address, or of the whole address of a next page.

        `needs`: the scope for it, to be named when the token lacks it. Raises ClientFault.
        """
        url = self._url(path)
        answer = await self._insist("GET", url)
        if answer.status != 200:
            raise self._fault(f"GET {url.path}", answer, needs)
        return answer

    def read(self, answer: Answer, kind: type[T]) -> T:
        """The body of an answer. Raises Nonsense when it is not of this kind."""
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Nonsense(
                f"{self.address} answers what a Webex API does not ({error}; {_start(answer.body)}); check the address"
            ) from error

    def reason(self, answer: Answer) -> str:
        """The sentences of an error's body; what else it has when it is none of the API's."""
        try:
            told = self._errors.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _start(answer.body)
        return "; ".join(each.description for each in told.errors if each.description) or told.message

    def _url(self, path: str) -> URL:
        """Raises Nonsense for a whole address that is not on this host: the token would go there."""
        if path.startswith("/"):
            return URL(self.address + path, encoded=True)
        url, here = URL(path, encoded=True), URL(self.address)
        if (url.scheme, url.host, url.port, url.user) != (here.scheme, here.host, here.port, None):
            raise Nonsense(
                f"{self.address} names {url.host} for the next page, where the token does not belong;"
                " ask whoever runs it for its public address"
            )
        return url

    async def _insist(self, method: str, url: URL, body: bytes | None = None) -> Answer:
        """Repeat what surely did nothing, when everybody's wait is over, for as long as patience lasts."""
        try:
            return await self._once(method, url, body)
        except Transient as fault:  # setting up what repeats takes a third of a request's time: most are served at once
            faults = [fault]

        async def attempt() -> Answer:
            if faults:
                raise faults.pop()
            return await self._once(method, url, body)

        insisting = AsyncRetrying(
            retry=retry_if_exception_type(Transient),
            stop=self._is_enough,
            wait=self._pause,
            sleep=self.gate.hold,
            reraise=True,
        )
        return await insisting(attempt)

    def _is_enough(self, state: RetryCallState) -> bool:
        attempts = self.target.patience.attempts if self._answered else _STRANGER_ATTEMPTS
        return state.attempt_number >= attempts or _ordered(state) > self.target.patience.ordered

    def _pause(self, state: RetryCallState) -> float:
        return _ordered(state) or self._exponential(state)

    async def _once(self, method: str, url: URL, body: bytes | None) -> Answer:
        """One attempt. Raises Transient when it surely did nothing, Uncertain when a change may have been made."""
        entered = await self.gate.enter()
        tracking_id = f"{self._prefix}{next(self._numbers)}"
        try:
            response, content = await self._exchange(method, url, body, tracking_id)
            if response.status not in _BUSY and response.status not in _CUT[method]:
                self.gate.taken()
                next_page = self._next(response) if "Link" in response.headers else None
                return Answer(response.status, content, response.headers.get("TrackingID", tracking_id), next_page)
            seconds = _seconds(response)
            text = f"{self.address} answers {response.status}{_asking(seconds)} each time; try again later"
            busy = Busy(text, seconds)
            if (seconds or 0.0) > self.target.patience.ordered:
                self.gate.close(busy)
            else:
                self.gate.refused(entered, seconds or 0.0)
            raise busy if response.status in _BUSY else self._lost(method, text, tracking_id)
        except aiohttp.ClientSSLError as error:
            raise BadTarget(f"{self.address} cannot be trusted ({error}); check the address") from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Away(self._away(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(method, self._away(error), tracking_id) from error
        finally:
            self.gate.leave()

    async def _exchange(
        self, method: str, url: URL, body: bytes | None, tracking_id: str
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        headers = {"TrackingID": tracking_id}
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with self._session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            content = await _whole(response)
        self._answered = True
        return response, content

    def _away(self, error: Exception) -> str:
        if type(error) is aiohttp.ClientResponseError:  # those of its own kinds are a proxy's
            why = " ".join(error.message.split())[:_QUOTED]
            return f"{self.address} answers what is no HTTP ({why}); check the address, then try again"
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        why = getattr(cause, "strerror", None) or str(cause) or f"no answer in {self.target.patience.answer:g} seconds"
        return f"{self.address} cannot be reached ({why}); check the address and the network, then try again"

    @staticmethod
    def _lost(method: str, text: str, tracking_id: str) -> ClientFault:
        """What was sent had no answer of the API's: to read again does no harm, to write again may."""
        return Away(text) if method == "GET" else Uncertain(text, tracking_id)

    def _next(self, response: aiohttp.ClientResponse) -> str | None:
        """The address of the next page. Raises Nonsense when it is none, or on another host."""
        try:
            links = response.links
            return str(self._url(str(links["next"]["url"]))) if "next" in links else None
        except ValueError as error:
            what = f"{self.address} names no address for the next page ({error}); ask whoever runs it"
            raise Nonsense(what) from error

    def _fault(self, what: str, answer: Answer, needs: str = "") -> ClientFault:
        """What an answer that is no success comes to."""
        reason, where = self.reason(answer), f"{self.address} answers {answer.status} to {what}"
        if answer.status == 401:
            return Unauthenticated(f"{self.address} does not know the token (401): give one that is valid now")
        if answer.status == 403:
            scope = f"scope {needs} and an administrator's role" if needs else "an administrator's role"
            return Forbidden(f"{where}: {reason}. The token needs {scope}; give another one")
        if answer.status == 404:
            return Absent(f"{where}: {reason}; check the address and what was named")
        return Nonsense(f"{where}: {reason}. Report it with its tracking id {answer.tracking_id}")


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body of an answer. Raises ClientPayloadError when it has no end."""
    # What is packed says only how long it is until it is unpacked.
    told = response.content_length if "Content-Encoding" not in response.headers else None
    if told is not None and told <= _BYTES_MAX:
        return await response.read()
    content = bytearray()
    async for part in response.content.iter_any():
        content += part
        if len(content) > _BYTES_MAX:
            raise aiohttp.ClientPayloadError("its answer has no end")
    return bytes(content)


def _ordered(state: RetryCallState) -> float:
    """How long the answer to the last attempt said to wait, in seconds."""
    error = state.outcome.exception() if state.outcome else None
    return (error.seconds or 0.0) if isinstance(error, Transient) else 0.0


def _seconds(response: aiohttp.ClientResponse) -> float | None:
    """What Retry-After orders: whole seconds, or a date, which is held against the answer's own."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until, now = (parsedate_to_datetime(each) for each in (text, response.headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _asking(seconds: float | None) -> str:
    return "" if seconds is None else f" and asks to wait {seconds:.0f} seconds"


def _start(body: bytes) -> str:
    """The beginning of a body that cannot be read, for a sentence."""
    text = " ".join(body[:200].decode(errors="replace").split())
    return f"`{text[:_QUOTED]}`" if text else "an empty body"


def _proxy(address: str) -> str | None:
    """The system's proxy for an address; the way to this machine has none."""
    parts = urlsplit(address)
    if parts.hostname in _LOOPBACK or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return urllib.request.getproxies().get(parts.scheme)

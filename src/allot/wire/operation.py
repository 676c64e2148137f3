"""An operation: one row of the route table, and all that is said of it in the OpenAPI document."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from allot.core.call import Call, Caller
from allot.core.failure import Failure
from allot.service.requests import NOTHING_TOLD, About
from allot.service.service import Service
from allot.wire.access import called
from allot.wire.calls import Headers, Scope

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
# A longer number is taken as the largest: it is beyond everything that is counted here.
DIGITS_MAX = 15
NUMBER_MAX = 10**DIGITS_MAX - 1


@dataclass(frozen=True, slots=True)
class Rights:
    """What a caller needs: one of the scopes, and a role: one that may `read` or `write`, the `full` one, or `any`."""

    scopes: tuple[str, ...]
    role: str = "write"

    def check(self, caller: Caller) -> None:
        """Raises Failure when the caller may not."""
        if caller.scopes.isdisjoint(self.scopes):
            raise Failure.forbidden(f"The token lacks the scope {' or '.join(self.scopes)}")
        if self.role == "write" and not caller.writes:
            raise Failure.forbidden("An administrator role that may change people and licenses is needed")
        if self.role == "full" and not caller.full:
            raise Failure.forbidden("The role of a full administrator is needed")
        if self.role == "read" and not caller.reads:
            raise Failure.forbidden("An administrator role is needed")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter. Numbers above `most` are taken as `most`, as Webex does; other faults are 400."""

    name: str
    description: str
    kind: type = str
    default: Any = None
    least: int = 0
    most: int | None = None
    choices: tuple[str, ...] = ()
    #: the handler refuses a request without it
    required: bool = False
    #: what the text must look like, as OpenAPI says it
    format: str = ""
    #: may be there several times, or once with commas; its value is a tuple
    many: bool = False

    def read(self, text: str) -> Any:
        """The value of a text from the query; an empty one is as absent where any text may stand.

        Raises ValueError with what it must be.
        """
        if not text and self.format:
            raise ValueError(f"must be a {self.format}, or left out")
        if not text and self.kind is str and not self.choices:
            return self.default
        if "\x00" in text:
            raise ValueError("contains a NUL character, which no text may have")
        if self.kind is bool:
            if text.lower() not in ("true", "false"):
                raise ValueError("must be true or false")
            return text.lower() == "true"
        if self.kind is int:
            if not text.isascii() or not text.isdigit():
                raise ValueError(f"must be a whole number, {self.least} or more")
            number = int(text) if len(text) <= DIGITS_MAX else NUMBER_MAX
            if number < self.least:
                raise ValueError(f"must be a whole number, {self.least} or more")
            return number if self.most is None else min(number, self.most)
        if self.choices and text not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return text


@dataclass(slots=True, eq=False)
class Request:
    """One request as a handler sees it."""

    service: Service
    call: Call
    scope: Scope
    #: by their names in lower case
    headers: Headers
    #: the parameters of the operation, read; absent ones have their default
    query: Mapping[str, Any]
    #: the operation's body struct; None when it has none
    body: Any = None

    @property
    def path(self) -> dict[str, str]:
        """The variables of the path, as they were sent."""
        found: dict[str, str] = self.scope.get("path_params") or {}
        return found

    @property
    def url_path(self) -> str:
        """The path without its query."""
        return str(self.scope["path"])

    @property
    def origin(self) -> str:
        """Scheme and host as the client sees them."""
        public = self.service.settings.public_url.rstrip("/")
        return public or f"{self.scope['scheme']}://{called(self.headers, self.scope.get('server'))}"


@dataclass(slots=True, eq=False)
class Reply:
    """What a handler answers: a struct for the body, bytes of another type, a generator of bytes, or nothing.

    A generator is sent part by part and closed when the client goes away. What it raises before its first part is
    answered as an error of any handler; later the answer is broken off. At a stop it may go on for
    `shutdown_seconds`: one that has no end by itself ends when `service.stopping` is set.
    """

    status: int
    body: Any = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content_type: bytes = b"application/json"
    #: what the log of requests is told besides
    about: About = NOTHING_TOLD

    def encode(self) -> bytes:
        """The body as it is sent, made once; what is no bytes yet becomes JSON. Not for a stream."""
        if self.body is None:
            self.body = b""
        elif not isinstance(self.body, bytes):
            self.body = msgspec.json.encode(self.body)
        return bytes(self.body)


class Logged(Enum):
    """What the log of requests keeps of an operation's requests."""

    ALL = "all"
    #: neither body nor query: they hold secrets
    OUTLINE = "outline"
    #: nothing: they come all the time, or look at that log
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is no JSON: its media type."""

    media: str


Handler = Callable[[Request], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation. Its name is its handler's; its description is the handler's docstring."""

    method: str
    path: str
    handler: Handler
    #: None: no token is needed
    rights: Rights | None
    summary: str
    query: tuple[Parameter, ...] = ()
    body: type[msgspec.Struct] | None = None
    media: str = JSON
    #: status -> body of the answers that are no errors; a Text where it is no JSON, None where there is no body
    answers: dict[int, Any] = field(default_factory=dict)
    #: headers that the handler reads
    headers: tuple[Parameter, ...] = ()
    #: answers with a body have the address of what they show in the header Location
    located: bool = False
    #: statuses of errors that do not follow from the rest of the row
    errors: tuple[int, ...] = ()
    #: Cisco closes the list of error codes of this operation
    closed_codes: bool = False
    #: reads the body as the handler does, and does nothing: raises Failure naming whatever else is wrong with it
    form: Callable[[Request], object] | None = None
    #: for clients on this machine; from others it takes a token with the scope allot:admin
    near: bool = False
    logged: Logged = Logged.ALL

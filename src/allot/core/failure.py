"""A failure: why a call as a whole cannot be served. Refusals of single items are decisions, not failures."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What went wrong, in the words of the application; `api.errors` maps each to its status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not found"
    METHOD_NOT_ALLOWED = "method not allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too large"
    UNSUPPORTED = "unsupported media type"
    TOO_MANY = "too many requests"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass(eq=False)
class Failure(Exception):
    """Raised where a call cannot go on; `details` are the sentences for its errors, at least one."""

    kind: Kind
    message: str
    details: tuple[str, ...] = ()
    #: seconds after which it may be tried again
    retry_after: int | None = None
    #: Cisco's errorCode for it, where there is one; else the status stands for it
    code: int | None = None

    def __str__(self) -> str:
        return "; ".join(self.details) or self.message

    @classmethod
    def invalid(cls, *details: str) -> "Failure":
        return cls(Kind.INVALID, "The request is not valid", details)

    @classmethod
    def not_found(cls, detail: str) -> "Failure":
        return cls(Kind.NOT_FOUND, "The requested resource could not be found", (detail,))

    @classmethod
    def forbidden(cls, detail: str) -> "Failure":
        return cls(Kind.FORBIDDEN, "Access is not allowed", (detail,))

    @classmethod
    def conflict(cls, *details: str, code: int | None = None) -> "Failure":
        return cls(Kind.CONFLICT, "The request conflicts with what is there", details, code=code)

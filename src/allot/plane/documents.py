"""Documents on the wire: the OpenAPI documents of both planes, and the page to read them."""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from allot.api.operations import OPERATIONS as WEBEX
from allot.plane import manuals
from allot.wire.openapi import Document, document
from allot.wire.operation import Operation, Reply, Request, Text

# The page has its style in itself, and needs nothing else.
POLICY = b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
WEBEX_PATH = "/allot/v1/openapi/webex.json"
OWN_PATH = "/allot/v1/openapi/allot.json"

_WEBEX = (
    "What Webex has for licenses and what a client needs around them, with its rules. The same paths without `/v1` "
    "work as well.\n\nMembers of a body that are not described are ignored, as Webex does. Cisco's own names, codes "
    "and sentences are used wherever they are published."
)
_OWN = (
    "What Webex has no path for: decisions without carrying them out, answers to invitations, the journal, and what "
    "operators need.\n\nThese paths are for this machine. From another one they need a token with the scope "
    "`allot:admin`; only health and readiness are open to everybody."
)


async def lead_to_documents(request: Request) -> Reply:
    """Lead a browser that was pointed at the server itself to the page that says what is here."""
    return Reply(307, None, [(b"location", b"/allot/v1/docs")])


class Documents:
    """The handlers; `own` gives allot's own operations, theirs included, once all are known."""

    def __init__(self, own: Callable[[], Sequence[Operation]]) -> None:
        self._own = own

    async def get_webex_document(self, request: Request) -> Reply:
        """Show the OpenAPI document of the Webex plane."""
        return Reply(200, webex_document())

    async def get_allot_document(self, request: Request) -> Reply:
        """Show the OpenAPI document of allot's own plane."""
        return Reply(200, own_document(tuple(self._own())))

    async def read_documents(self, request: Request) -> Reply:
        """Show both documents as one page to read."""
        page = _page(tuple(self._own()))
        return Reply(200, page, [(b"content-security-policy", POLICY)], content_type=b"text/html; charset=utf-8")

    @property
    def operations(self) -> tuple[Operation, ...]:
        answers = {200: dict[str, Any]}
        webex, own, page = self.get_webex_document, self.get_allot_document, self.read_documents
        return (
            Operation("GET", "/openapi/webex.json", webex, None, "Get the Webex Document", answers=answers),
            Operation("GET", "/openapi/allot.json", own, None, "Get allot's Document", answers=answers),
            Operation("GET", "/docs", page, None, "Read the Documents", answers={200: Text("text/html")}),
        )


@cache
def webex_document() -> Document:
    """The document of the Webex plane."""
    return document({"title": "Webex licenses", "version": version("allot"), "description": _WEBEX}, "/v1", WEBEX)


@cache
def own_document(operations: tuple[Operation, ...]) -> Document:
    """The document of allot's own plane."""
    info = {"title": "allot's own plane", "version": version("allot"), "description": _OWN}
    return document(info, "/allot/v1", operations)


@cache
def _page(operations: tuple[Operation, ...]) -> bytes:
    return manuals.page([(WEBEX_PATH, webex_document()), (OWN_PATH, own_document(operations))]).encode()

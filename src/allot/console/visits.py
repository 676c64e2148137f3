"""Visits: one request of a page as its handler sees it, and one row of the table of pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from starlette.datastructures import FormData

from allot.console.shelves import Shelf
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service import sessions
from allot.wire.operation import Reply, Request, Rights

ROOT = "/console"
SIGN_IN = f"{ROOT}/sign-in"
#: what it takes to look at people, and at the journal: many pages lead there
PEOPLE = Rights((scopes.PEOPLE_READ,), "read")
JOURNAL = Rights((scopes.AUDIT_READ,), "read")
#: headers of a page that takes the place of the whole one where only a part was asked for
INSTEAD = ((b"hx-retarget", b"#main"), (b"hx-reselect", b"#main"), (b"hx-reswap", b"outerHTML"))


class Query(dict[str, Any]):
    """The parameters of an address by name, the last where one is there twice; absent ones are empty texts."""

    def __missing__(self, name: str) -> str:
        return ""


class Painter(Protocol):
    """What makes pages of templates."""

    def show(self, visit: Any, template: str, status: int = 200, **values: Any) -> Reply:
        """A filled template as the answer to a visit."""
        ...

    def render(self, visit: Any, template: str, **values: Any) -> bytes:
        """The bytes of a filled template, or of a part of a page."""
        ...


@dataclass(slots=True, eq=False)
class Visit(Request):
    """One request of a page by somebody who has signed in, or who is about to. `query` is a `Query`."""

    #: the organization that is looked at: the caller's own, or one that it manages
    org_id: str = ""
    org_name: str = ""
    #: whether the caller's own organization is a wholesale partner
    is_partner: bool = False
    #: what was sent by a form; empty for a page that is only read
    form: FormData = field(default_factory=FormData)
    #: the secret of the session; empty before the sign-in
    session: str = field(default="", repr=False)
    screens: Painter = field(kw_only=True, repr=False)
    #: the plans that this server has to look at
    shelf: Shelf = field(kw_only=True, repr=False)

    def show(self, template: str, status: int = 200, **values: Any) -> Reply:
        """A page as the answer."""
        return self.screens.show(self, template, status, **values)

    @property
    def writes(self) -> bool:
        """Whether the caller may change people and licenses: others see no form that would be refused."""
        caller = self.call.caller
        return caller.writes and scopes.PEOPLE_WRITE in caller.scopes

    @property
    def sees_people(self) -> bool:
        """Whether the caller may look at people."""
        return self.may(PEOPLE)

    @property
    def sees_journal(self) -> bool:
        """Whether the caller may look at the journal."""
        return self.may(JOURNAL)

    @property
    def csrf(self) -> str:
        """What every form of this session must send along."""
        return sessions.csrf(self.session) if self.session else ""

    def may(self, rights: Rights | None) -> bool:
        """Whether the caller has these rights."""
        try:
            if rights is not None:
                rights.check(self.call.caller)
        except Failure:
            return False
        return True

    def text(self, name: str) -> str:
        """One text of the form, without spaces around it; empty when it is not there."""
        value = self.form.get(name)
        return plain(value).strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """All texts of the form that have this name."""
        return [plain(value) for value in self.form.getlist(name) if isinstance(value, str)]

    def link(self, path: str, /, **query: Any) -> str:
        """The address of a page of the same organization, with what is not empty of a query."""
        if self.org_id != self.call.caller.org_id:
            query = {"orgId": ids.encode("ORGANIZATION", self.org_id)} | query
        told = urlencode({name: value for name, value in query.items() if value not in ("", None)})
        return f"{ROOT}{path}?{told}" if told else f"{ROOT}{path}"

    def again(self, /, **changed: Any) -> str:
        """The address of this page with some parameters changed; without those that become empty."""
        query = {name: value for name, value in self.query.items() if name != "orgId"} | changed
        return self.link(self.url_path.removeprefix(ROOT), **query)


Handler = Callable[[Visit], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, or what its form is sent to."""

    method: str
    #: below /console, with variables as in `/people/{personId}`
    path: str
    handler: Handler
    #: what the operation needs that the page stands for; None: nothing but a session
    rights: Rights | None
    #: for those who have not signed in as well
    open: bool = False
    #: of the caller's own organization, whichever was looked at before
    own: bool = False
    #: the most bytes that its form may have
    most: int = 1 << 20


def plain(text: str) -> str:
    """A text of a form or an address without NUL, which is no text for PostgreSQL."""
    return text.replace("\x00", "")


def lead(address: str) -> Reply:
    """Lead to another page, which is then read."""
    return Reply(303, b"", [(b"location", address.encode("latin-1"))], content_type=b"text/html; charset=utf-8")

"""Screens: templates filled with what a page shows. Everything is escaped; nothing is fetched from elsewhere."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined

from allot.bulk.words import count, thousands
from allot.console.sessions import Demo
from allot.console.visits import ROOT, Visit
from allot.core import ids
from allot.service.clock import stamp
from allot.wire.operation import Reply, Rights

HTML = b"text/html; charset=utf-8"
#: files that pages load: where they are, and their media type
ASSETS = {
    "style.css": ("allot.bulk.shown", "pages/style.css", b"text/css; charset=utf-8"),
    "console.css": ("allot.console", "assets/console.css", b"text/css; charset=utf-8"),
    "console.js": ("allot.console", "assets/console.js", b"text/javascript; charset=utf-8"),
    "htmx.min.js": ("allot.console", "assets/htmx.min.js", b"text/javascript; charset=utf-8"),
    "htmx-sse.min.js": ("allot.console", "assets/htmx-sse.min.js", b"text/javascript; charset=utf-8"),
    "icon.svg": ("allot.console", "assets/icon.svg", b"image/svg+xml"),
}


class Asset(NamedTuple):
    """A file that pages load, with the address that changes when it does."""

    body: bytes
    media: bytes
    address: str


class Place(NamedTuple):
    """One entry of the navigation; shown to those who have the rights."""

    path: str
    name: str
    rights: Rights | None
    #: what is there, in a sentence for newcomers
    says: str = ""
    #: for people of wholesale partners alone
    partners: bool = False

    def is_for(self, visit: Visit) -> bool:
        """Whether whoever visits finds something there."""
        return visit.may(self.rights) and (visit.is_partner or not self.partners)


def _asset(name: str) -> Asset:
    package, path, media = ASSETS[name]
    body = files(package).joinpath(path).read_bytes()
    return Asset(body, media, f"{ROOT}/assets/{hashlib.sha256(body).hexdigest()[:16]}/{name}")


class Screens:
    """The templates, and the files that they load."""

    def __init__(self, places: Sequence[Place], demo: Demo | None = None) -> None:
        self.assets = {name: _asset(name) for name in ASSETS}
        self._made = Environment(
            loader=ChoiceLoader(
                [
                    PackageLoader("allot.console", "templates"),
                    PrefixLoader({"shown": PackageLoader("allot.bulk.shown", "pages")}),
                ]
            ),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._made.globals |= {
            "places": places,
            "demo": demo,
            "asset": {name: each.address for name, each in self.assets.items()},
        }
        self._made.filters |= {"thousands": thousands, "count": count, "wire": wire, "stamp": stamp}

    def show(self, visit: Visit, template: str, status: int = 200, **values: Any) -> Reply:
        """A page as the answer to a visit."""
        return Reply(status, self.render(visit, template, **values), content_type=HTML)

    def render(self, visit: Visit, template: str, **values: Any) -> bytes:
        """The bytes of a filled template."""
        return self._made.get_template(template).render(values, visit=visit).encode()


def wire(value: str, kind: str) -> str:
    """An id as the API has it."""
    return ids.encode(kind, value)

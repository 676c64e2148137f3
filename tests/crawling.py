"""Every page of the console that links lead to, from the first one on."""

import re
from collections import deque
from html import unescape
from urllib.parse import urlsplit

from allot.console.application import PAGES
from allot.console.visits import ROOT
from visiting import Visitor

#: pages by their paths in the table of pages, `/people/{personId}`
TEMPLATES = [page.path for page in PAGES if page.method == "GET"]
_LINK = re.compile(r'<a\b[^>]*\shref="([^"#]+)')
# So many pages of one kind are looked at for links to others.
OF_A_KIND = 12


def template_of(address: str) -> str | None:
    """The page of the table that an address leads to."""
    path = urlsplit(address).path.removeprefix(ROOT)
    literal = [each for each in TEMPLATES if each == path]
    return next(iter(literal), None) or next((each for each in TEMPLATES if _pattern(each).fullmatch(path)), None)


def crawl(visitor: Visitor) -> dict[str, list[str]]:
    """Addresses of pages that can be reached by links, by their paths in the table of pages.

    A link that leads to no page, or to one that fails, is an error.
    """
    found: dict[str, list[str]] = {}
    seen = {ROOT}
    waiting = deque([ROOT])
    while waiting:
        address = waiting.popleft()
        template = template_of(address)
        assert template is not None, f"{address} is linked, but is no page"
        of_its_kind = found.setdefault(template, [])
        if len(of_its_kind) >= OF_A_KIND:
            continue
        with visitor.get(address, stream=True) as answer:
            assert answer.status_code == 200, f"{address}: {answer.status_code}"
            html = answer.text if answer.headers["Content-Type"].startswith("text/html") else ""
        of_its_kind.append(address)
        for link in map(unescape, _LINK.findall(html)):
            if link.startswith(ROOT) and link not in seen and not link.startswith(f"{ROOT}/assets/"):
                seen.add(link)
                waiting.append(link)
    return found


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(template)))

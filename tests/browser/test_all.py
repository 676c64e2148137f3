"""What holds on every page of the console: links lead somewhere, everybody can use it, nothing overflows."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from browsers import executable
from bulk.showing import shown_plan
from crawling import TEMPLATES, crawl, template_of
from databases import Maker
from servers import ADMIN, Server, load_demo
from trying import send, ticks, try_
from visiting import Visitor

HERE = Path(__file__).parent
#: the demo's administrators that see different pages
TOKENS = ("allot-demo-admin", "allot-demo-partner")
PIXELS = (360, 1280, 2560)
#: ends of the paths of what is no page: parts that change by themselves, and a download
PARTS = ("/live", "/progress", "/file")
Pages = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def demo(sqlite: Maker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo, where there is a plan, and something was sent, refused and changed."""
    folder = tmp_path_factory.mktemp("plans")
    with sqlite.lent(load_demo) as url, Server(url, plans=str(folder)) as running:
        shown_plan(folder)
        yield running


@pytest.fixture(scope="module")
def pages(demo: Server) -> Pages:
    """Addresses of pages by the token that sees them first, then by the path in the table of pages."""
    client = demo.client()
    john = client.get("/v1/people", params={"email": "john.andersen@example.com"}).json()["items"][0]["id"]
    assert client.patch("/v1/licenses/users", json={"email": "nobody@example.com", "lisences": []}).status_code == 400
    with Visitor(demo.address) as visitor:
        applied = send(visitor, try_(visitor, john, ticks(client, "+Advanced Messaging"))).headers["Location"]
    client.close_all()
    found: Pages = {}
    for token in TOKENS:
        with Visitor(demo.address, token) as visitor:
            reached = crawl(visitor)
        seen = {template for each in found.values() for template in each}
        found[token] = {template: each for template, each in reached.items() if template not in seen}
    # Nobody is led there but by what they have just done.
    found[ADMIN].update({template_of(each): [each] for each in (applied, "/console/sign-in")})
    return found


def test_every_page_is_reached_by_links(pages: Pages):
    """From the first page links lead to every page, and every link to a page."""
    reached = {template for found in pages.values() for template in found}
    assert {each for each in TEMPLATES if not each.endswith(PARTS)} - reached == set()


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_every_page(desk, violations, pages: Pages, token: str, scheme: str, counted):
    """axe finds nothing on any page, light or dark."""
    page = desk.window(token, color_scheme=scheme)
    found = []
    for addresses in pages[token].values():
        page.goto(addresses[0], wait_until="domcontentloaded")
        found += violations(page)
    assert found == []
    counted(f"axe: {len(pages[token])} pages, {scheme}, of {token}")


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("pixels", PIXELS)
def test_no_page_is_wider_than_its_window(desk, pages: Pages, token: str, pixels: int):
    """On a telephone as on a wall nothing is cut off, and no page scrolls sideways."""
    page = desk.window(token, viewport={"width": pixels, "height": 800})
    for addresses in pages[token].values():
        page.goto(addresses[0], wait_until="domcontentloaded")
        assert overflow(page) == [], page.url


def overflow(page: Page) -> list[str]:
    """Nothing, or the size of a page that is wider than the window, and elements that reach beyond it."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [
          `${document.documentElement.scrollWidth} pixels`,
          ...[...document.querySelectorAll("body *")].filter((each) => !each.closest(".scroll, pre, svg")
            && each.getBoundingClientRect().right > innerWidth + 1)
            .slice(0, 5).map((each) => each.outerHTML.slice(0, 200))
        ]"""
    )
    return found


@pytest.mark.parametrize("token", TOKENS)
def test_lighthouse_finds_nothing(demo: Server, pages: Pages, token: str, counted):
    """Lighthouse gives every page 100 for accessibility and for best practices."""
    assert (HERE / "node_modules/lighthouse").exists(), "Lighthouse is not installed; `make browser` does that"
    with Visitor(demo.address, token) as visitor:
        cookie = f"allot_session={visitor.cookies['allot_session']}"
    addresses = [demo.address + found[0] for found in pages[token].values()]
    command = ["node", str(HERE / "lighthouse.js"), executable(), cookie, *addresses]
    seconds = 60 + 30 * len(addresses)
    run = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=seconds, check=True)
    seen = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(seen) == len(addresses)
    assert [each for each in seen if each["scores"] != {"accessibility": 1, "best-practices": 1}] == []
    counted(f"Lighthouse: {len(seen)} pages of {token}")

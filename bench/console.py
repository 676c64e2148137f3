"""How long does a page of the console take in an organization of 100,000 people, and how heavy is it?

Every page that the links of the console lead to is asked for, with one client, over one connection: one address of each
page, one of each kind of query that its links have, and the searches of `SEARCHES`. A page that is new is found by its
links. Time is from the request's first byte to the answer's last; what is sent is the answer with its headers, and the
files that the page loads with theirs, nothing of it compressed.
"""

import asyncio
import http.client
import json
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from allot.cli import demo
from allot.cli.databases import open_database
from allot.cli.rulebooks import read_rulebook
from allot.console.application import PAGES
from allot.console.visits import ROOT
from allot.core import ids
from allot.core.scope import SCOPES
from allot.service import grants
from allot.service.clock import SystemClock
from allot.service.context import Context
from allot.service.grants import Granting
from bench import crowd, plans, provider, rounds, servers
from bench.options import Options
from bench.report import Report
from bench.servers import HOST
from bench.traffic import changes, request

PEOPLE = 100_000
CUSTOMERS = 1_000
LOCATIONS = 100
SUBSCRIBERS = 60
PARTNER = (demo.PARTNER, "partner@summit.example")
#: times that each page is asked for in one round
TURNS = 10
TARGET_MILLISECONDS = 100
TARGET_KILOBYTES = 150
#: searches that no link leads to: the first of many, the last one of all, nobody, a part of many emails, an extension
SEARCHES = (
    "/people?q=person",
    "/people?q=person+0099999",
    "/people?q=nobody+at+all",
    "/people?q=99%40example",
    "/people?q=12345",
    "/people?q=99%40example&location=Location+042",
    "/people?external=true",
    "/people?location=Location+042",
)

_LOCATION = "INSERT INTO locations (org_id, location_id, name, details, calling) VALUES ($1, $2, $3, '{}', 1)"
_REACHED = "UPDATE people SET location_id = $3, extension = $4 WHERE org_id = $1 AND email = $2"
#: in a page that is not ready yet
AGAIN = 'hx-trigger="load delay'

_LINK = re.compile(rf'href="({ROOT}(?:[/?][^"]*)?)"')
_ASSET = re.compile(rf'(?:href|src)="({ROOT}/assets/[^"]+)"')
_CSRF = re.compile(r'name="csrf" value="([^"]*)"')


@dataclass
class Measured:
    """A page: bytes of the answer, the same with the files that it loads, and what it took, answer by answer."""

    size: int
    loaded: int
    milliseconds: list[float] = field(default_factory=list)
    #: of a processor of the server, the mean of each round
    busy: list[float] = field(default_factory=list)


class Browser:
    """Asks for pages over one connection, as somebody who has signed in."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port)
        self._cookie = ""
        self._assets: dict[str, int] = {}
        page, _, _ = self.get(f"{ROOT}/sign-in")
        csrf = _CSRF.search(page)
        form = urlencode({"token": token, "csrf": csrf[1] if csrf else ""})
        self._connection.request("POST", f"{ROOT}/sign-in", form, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        self._cookie = str(answer.headers["Set-Cookie"]).split(";")[0]

    def get(self, path: str) -> tuple[str, float, int]:
        """A page, the milliseconds it took, and the bytes of the answer; no page when the caller may not see it."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        assert answer.status in (200, 403), f"{path}: {answer.status} {body.decode(errors='replace')[:2000]}"
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items()) + len(
            "HTTP/1.1 200 OK\r\n\r\n"
        )
        html = answer.status == 200 and str(answer.headers["Content-Type"]).startswith("text/html")
        page = body.decode() if html else ""
        return page, took, head + len(body)

    def read(self, path: str) -> str:
        """A page, after it has waited for what it looks again for by itself."""
        page, _, _ = self.get(path)
        while AGAIN in page:
            time.sleep(0.2)
            page, _, _ = self.get(path)
        return page

    def loaded(self, page: str) -> int:
        """The bytes of the files that a page loads."""
        for address in set(_ASSET.findall(page)) - set(self._assets):
            self._assets[address] = self.get(address)[2]
        return sum(self._assets[address] for address in set(_ASSET.findall(page)))


def measure(options: Options) -> Report:
    """Rounds of all pages, in turn."""
    report = Report("console", f"how long does a page of the console take with {PEOPLE:,} people, and how heavy is it?")
    pages: dict[str, Measured] = {}
    with rounds.folder(options) as folder:
        url = f"sqlite:///{folder}/allot.db"
        made = build(url)
        (folder / "shelf").mkdir()
        plans.plan(*plans.inputs(folder, PEOPLE), folder / "shelf" / "100000.plan")
        owner = (ids.decode("ORGANIZATION", made.org_id) or "", "person0000000@example.com")
        # The plan is of the demo's organization, and customers are the partner's.
        tokens = [token_of(url, *each) for each in (owner, PARTNER, (demo.ACME, "admin@example.com"))]
        with serve(url, folder) as server:
            server.ready(request("GET", "/v1/licenses", made.token))
            fill(server, folder, made, tokens[1], options)
            for token in tokens:
                visit(server, Browser(server.port, token), options, pages)
    tell(report, pages)
    return report


def serve(url: str, folder: Path) -> servers.Server:
    """`allot serve` with a folder of plans."""
    port = servers.free_port()
    command = [servers.PROGRAM, "serve", "--database", url, "--port", str(port), "--plans", str(folder / "shelf")]
    return servers.Server(command, port, folder / "allot.log", servers.SERVER_CORE)


def build(url: str) -> crowd.Crowd:
    """An organization of many people, each reached at one of its locations; and the demo's partner."""
    [made] = crowd.build(url, PEOPLE)
    provider.build(url)
    asyncio.run(_settle(url, ids.decode("ORGANIZATION", made.org_id) or ""))
    return made


async def _settle(url: str, org_id: str) -> None:
    database = await open_database(url)
    try:
        async with database.writing() as writing:
            places = [(org_id, f"location-{n:03}", f"Location {n:03}") for n in range(LOCATIONS)]
            await writing.many(_LOCATION, places)
        for first in range(0, PEOPLE, crowd.PIECE):
            numbers = range(first, first + crowd.PIECE)
            reached = [(org_id, f"person{n:07d}@example.com", places[n % LOCATIONS][1], f"{n:06}") for n in numbers]
            async with database.writing() as writing:
                await writing.many(_REACHED, reached)
        async with database.writing() as writing:
            await writing.survey()
    finally:
        await database.close()


def token_of(url: str, org_id: str, email: str) -> str:
    """A token of a person with every scope."""

    async def grant() -> str:
        database = await open_database(url)
        try:
            context = Context(read_rulebook(""), SystemClock())
            async with database.writing() as writing:
                granting = Granting(org_id, email, "benchmark", frozenset(SCOPES), datetime(2099, 1, 1, tzinfo=UTC))
                return await grants.grant(writing, context, granting)
        finally:
            await database.close()

    return asyncio.run(grant())


def fill(server: servers.Server, folder: Path, made: crowd.Crowd, token: str, options: Options) -> None:
    """Some seconds of changes for the journal, customers with their runs, and subscribers of one of them."""
    assigned = rounds.save_traffic(folder / "changes", changes([made]))
    rounds.Contender("changes", [server], assigned).run(options.seconds)
    ordered = rounds.save_traffic(folder / "orders", provider.orders(token, CUSTOMERS))
    rounds.Contender("orders", [server], ordered, checked=False).run(options.seconds, CUSTOMERS)
    asking = http.client.HTTPConnection(HOST, server.port)

    def ask(method: str, path: str, **body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        asking.request(method, f"/v1/wholesale{path}", json.dumps(body) if body else None, headers)
        answer = asking.getresponse()
        told = answer.read()
        assert answer.status < 300, told
        return json.loads(told)

    while not (found := ask("GET", "/customers?status=provisioned&max=1")["items"]):
        time.sleep(0.1)
    for n in range(SUBSCRIBERS):
        named = {"firstName": "Person", "lastName": f"Number {n}"}
        told = {"customerId": found[0]["id"], "email": f"subscriber{n}@example.com", "package": "webex_meetings"}
        ask("POST", "/subscribers", **told, provisioningParameters=named)


def visit(server: servers.Server, browser: Browser, options: Options, pages: dict[str, Measured]) -> None:
    """Ask for every page that is found, round after round; those that are known already count once."""
    found = {name: path for name, path in walk(browser) if name not in pages}
    for name, path in found.items():
        page, _, size = browser.get(path)
        pages[name] = Measured(size, size + browser.loaded(page))
    for _ in range(options.rounds):
        for name, path in found.items():
            busy = server.busy()
            pages[name].milliseconds += [browser.get(path)[1] for _ in range(TURNS)]
            pages[name].busy.append((server.busy() - busy) / TURNS * 1000)


def walk(browser: Browser) -> Iterator[tuple[str, str]]:
    """A name and an address of each page that links lead to, beginning with the first, and of each search."""
    shapes = [
        (page.path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", ROOT + page.path)))
        for page in PAGES
        if page.method == "GET"
    ]
    shapes.sort(key=lambda shape: shape[0].count("{"))
    waiting, seen = [ROOT], {ROOT}
    names = set[str]()
    while waiting:
        path = waiting.pop(0)
        address = urlsplit(path)
        shape = next((shape for shape, known in shapes if known.fullmatch(address.path)), None)
        # A page of another organization is the same page.
        asked = sorted({name for name, _ in parse_qsl(address.query)} - {"orgId"})
        name = "?".join(filter(None, (shape or "/", "&".join(asked))))
        if shape is None or name in names:
            continue
        page = browser.read(path)
        if not page:
            continue
        names.add(name)
        yield name, path
        links = [unescape(link) for link in _LINK.findall(page)]
        waiting += [link for link in links if link not in seen and "/assets/" not in link]
        seen.update(links)
    if "/people" in names:
        yield from ((search, ROOT + search) for search in SEARCHES)


def tell(report: Report, pages: dict[str, Measured]) -> None:
    """The slowest and the heaviest beside what was asked, then all of them."""
    median = {name: statistics.median(page.milliseconds) for name, page in pages.items()}
    busy = {name: statistics.mean(page.busy) for name, page in pages.items()}
    slowest, busiest = max(median, key=lambda name: median[name]), max(busy, key=lambda name: busy[name])
    heaviest = max(pages, key=lambda name: pages[name].loaded)
    report.most(f"the slowest page, {slowest}", median[slowest], "ms", TARGET_MILLISECONDS)
    report.tell("the slowest answer of all", max(max(page.milliseconds) for page in pages.values()), "ms")
    report.tell(f"the most time of a processor, {busiest}", busy[busiest], "ms")
    report.most(f"the heaviest page, {heaviest}, with its files", pages[heaviest].loaded / 1000, "kB", TARGET_KILOBYTES)
    for name, page in sorted(pages.items()):
        sizes = f"{page.size / 1000:.0f} kB, with files {page.loaded / 1000:.0f} kB"
        times = f"worst {max(page.milliseconds):.0f} ms, of a processor {busy[name]:.0f} ms"
        report.tell(f"{name}: {times}; {sizes}", median[name], "ms")
    reached = {name.partition("?")[0] for name in pages}
    missed = sorted({page.path or "/" for page in PAGES if page.method == "GET"} - reached)
    for path in missed:
        report.tell(f"{path}: no page, or no link leads there", 0, "")
    report.raw = {"pages": {name: asdict(page) for name, page in pages.items()}, "missed": missed}

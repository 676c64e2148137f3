"""Does a page of customers cost more at the end of a list of 100,000 than at its beginning?

The list is walked once by its Link headers, which must lead to every customer once. Then the second page, one in the
middle and the last one are asked for in turn, by their links and by their plain offsets: what differs is what the place
in the list costs. Rare statuses are asked for the same way: they are few, and far between.
"""

import asyncio
import http.client
import json
import random
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from allot.cli.databases import migrate, open_database
from allot.core.customer import ERROR, PROVISIONED, UPDATING, Customer
from allot.core.package import Held, Package
from allot.core.rulebook import load
from allot.core.scope import CUSTOMERS_READ
from allot.service.clock import later
from allot.service.tokens import new_token, token_hash
from allot.store import customers
from bench import postgres, rounds, servers
from bench.crowd import CREATED, identifier
from bench.options import Options
from bench.report import Report
from bench.servers import HOST, ROOT

CUSTOMERS = 100_000
PAGE = 100
#: customers in one transaction
PIECE = 5_000
#: one in so many is in a state that is rare
RARE = 1_000
PACKAGES = ("webex_calling", "webex_meetings")
PATH = f"/v1/wholesale/customers?max={PAGE}"
#: times that each page is asked for in one round
TURNS = 50
#: the last page by its link, in times of the second
TARGET = 1.2
NEXT = re.compile(r'<http://[^/]+(/[^>]+)>; rel="next"')
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}

_ORGANIZATION = "INSERT INTO organizations (org_id, display_name, created, partner) VALUES ($1, 'Benchmark', $2, 1)"
_PARTNER = """
INSERT INTO partners (org_id, subscription_id, state, created, billing_start) VALUES ($1, 'bench', 'active', $2, $2)
"""
_PERSON = """
INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created, last_modified)
VALUES ($1, $1, $1, 'admin@example.com', 'Admin', 'admin', '{}', $2, $2)
"""
_ROLE = "INSERT INTO roles (org_id, person_id, role_id) VALUES ($1, $1, 'id_full_admin')"
_TOKEN = """
INSERT INTO tokens (org_id, token_hash, kind, grant_id, person_id, name, scopes, created)
VALUES ($1, $2, 'access', 'benchmark', $1, 'benchmark', $3, $4)
"""


class Asking:
    """Asks a server for pages over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(HOST, port)
        self._headers = {"Authorization": f"Bearer {token}"}

    def page(self, path: str) -> tuple[list[dict[str, Any]], str, float]:
        """The customers of a page, the path of the next one, and the milliseconds that it took."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        assert answer.status == 200, body
        link = NEXT.search(answer.headers.get("Link", ""))
        return json.loads(body)["items"], link[1] if link else "", took

    def walk(self, path: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """The path and the customers of each page, as the links lead."""
        while path:
            items, following, _ = self.page(path)
            yield path, items
            path = following


def measure(options: Options) -> Report:
    """Rounds of pages, in turn, on both databases."""
    report = Report("paging", f"does a page cost more at the end of a list of {CUSTOMERS:,} customers?")
    with rounds.folder(options) as folder, ExitStack() as stack:
        urls = {
            "SQLite": f"sqlite:///{folder}/allot.db",
            "PostgreSQL": stack.enter_context(postgres.database(options, folder)),
        }
        for name, url in urls.items():
            times = pages(stack, folder / f"{name}.log", url, options)
            report.raw[name] = times
            tell(report, name, times)
    return report


def tell(report: Report, name: str, times: dict[str, list[float]]) -> None:
    """The lines about one database."""
    median = {what: statistics.median(found) for what, found in times.items()}
    pairs = zip(times["the last page by its link"], times["the second page by its link"], strict=True)
    ratio = statistics.median(last / second for last, second in pairs)
    report.most(f"{name}: the last page by its link, in times of the second", ratio, "", TARGET)
    for what, milliseconds in median.items():
        report.tell(f"{name}: {what}", milliseconds, "ms")


def pages(stack: ExitStack, log: Path, url: str, options: Options) -> dict[str, list[float]]:
    """What each page took, the median of each round."""
    token = build(url)
    server = stack.enter_context(servers.allot(url, log, servers.SERVER_CORE))
    server.ready(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    asking = Asking(server.port, token)
    walked = list(asking.walk(PATH))
    seen = [each["id"] for _, items in walked for each in items]
    assert len(seen) == len(set(seen)) == CUSTOMERS
    rare = list(asking.walk(f"{PATH}&status={ERROR}&status={UPDATING}"))
    last = len(walked) - 1
    asked = {
        "the second page by its link": walked[1][0],
        "the middle page by its link": walked[last // 2][0],
        "the last page by its link": walked[last][0],
        "the second page by its offset": f"{PATH}&offset={PAGE}",
        "the middle page by its offset": f"{PATH}&offset={PAGE * (last // 2)}",
        "the last page by its offset": f"{PATH}&offset={PAGE * last}",
        f"a page of {sum(len(items) for _, items in rare)} in rare states": rare[0][0],
        "one customer by its external id": f"{PATH}&externalId=customer-{CUSTOMERS - 1}",
    }
    times: dict[str, list[float]] = {what: [] for what in asked}
    for _ in range(options.rounds):
        turns = {what: [asking.page(path)[2] for path in [path] * TURNS] for what, path in asked.items()}
        for what, found in turns.items():
            times[what].append(statistics.median(found))
    return times


def build(url: str) -> str:
    """Fill an empty database with a partner and its customers; the token of its administrator."""
    migrate(url)
    return asyncio.run(_build(url, random.Random(1)))


async def _build(url: str, chance: random.Random) -> str:
    org_id = identifier(chance)
    token = new_token(org_id)
    database = await open_database(url)
    try:
        async with database.writing() as writing:
            for sql in (_ORGANIZATION, _PARTNER, _PERSON):
                await writing.run(sql, org_id, CREATED)
            await writing.run(_ROLE, org_id)
            await writing.run(_TOKEN, org_id, token_hash(token), CUSTOMERS_READ, CREATED)
        for first in range(0, CUSTOMERS, PIECE):
            made = [_customer(org_id, number, chance) for number in range(first, first + PIECE)]
            async with database.writing() as writing:
                await customers.insert(writing, made)
        async with database.writing() as writing:
            await writing.survey()
        return token
    finally:
        await database.close()


def _customer(org_id: str, number: int, chance: random.Random) -> Customer:
    status = {0: ERROR, 1: UPDATING}.get(number % RARE, PROVISIONED)
    made = Customer(org_id, identifier(chance), f"customer-{number}", identifier(chance), "", "", ADDRESS, {}, "")
    made.created, made.status = later(EPOCH, milliseconds=number), status
    made.packages = {each.name: Held(each, PROVISIONED, license_ids=[identifier(chance)]) for each in packages()}
    return made


@cache
def packages() -> list[Package]:
    """What every customer has."""
    rulebook = load((ROOT / "src/allot/rulebooks/webex.toml").read_text())
    return [rulebook.packages[name] for name in PACKAGES]

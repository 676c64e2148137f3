"""The stream of events: through a real server, on both databases."""

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from allot.cli.demo import FOOTHILL
from allot.core import ids
from allot.core.scope import SCOPES
from allot.service import events
from allot.wire import events as streams
from databases import Maker
from servers import SECONDS, Client, Process, Server, load_demo
from wholesale import PATH, TOKEN, body, faults, new_id, provisioned, token_of, work

EVENTS = "/allot/v1/events"
KILLS = 4


class Follower:
    """Reads one stream of events; a context manager."""

    def __init__(self, client: Client, last: str | None = None, **query: object) -> None:
        headers = {} if last is None else {"Last-Event-ID": last}
        self.answer = client.get(EVENTS, params=query, headers=headers, stream=True)
        assert self.answer.status_code == 200, self.answer.text
        self._lines = self.answer.iter_lines(chunk_size=None)
        self.last = ""

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()

    def blocks(self) -> Iterator[dict[str, str]]:
        """Each block of lines with its fields; a comment's field has no name."""
        block: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.decode().partition(":")
                block[name] = value.removeprefix(" ")
                continue
            self.last = block.get("id", self.last)
            yield block
            block = {}

    def events(self) -> Iterator[dict]:
        """Each event's JSON, which agrees with its id and type."""
        for block in self.blocks():
            if "data" in block:
                told = json.loads(block["data"])
                assert (told["data"]["id"], told["type"]) == (block["id"], block["event"])
                yield told

    def until(self, count: int) -> list[dict]:
        """The next so many events."""
        found = self.events()
        return [next(found) for _ in range(count)]


@pytest.fixture
def partner(server: Server) -> Iterator[Client]:
    client = server.client(TOKEN)
    yield client
    client.close_all()


def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let streams say at once that there is nothing more."""
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.02)


def everything(client: Client, **query: object) -> list[dict]:
    """All events of a partner that there are now."""
    with Follower(client) as now:
        next(now.blocks())
        end = int(now.last)
    found: list[dict] = []
    with Follower(client, after=0, **query) as follower:
        for block in follower.blocks():
            if "data" in block:
                found.append(json.loads(block["data"]))
            elif int(follower.last) >= end:
                break
    return found


def told(events: list[dict]) -> list[tuple]:
    """What events tell, without their ids and times."""
    return [(e["type"], e["data"].get("package"), e["data"]["before"], e["data"]["after"]) for e in events]


def test_events_come_at_once_and_in_order(server: Server, partner: Client, monkeypatch: pytest.MonkeyPatch):
    """A stream begins now, and tells of each status when it is committed, without looking for it."""
    monkeypatch.setattr(streams, "LOOK_SECONDS", SECONDS)
    with Follower(partner) as follower:
        assert next(follower.blocks()) == {"retry": "1000", "id": follower.last}
        shown = provisioned(server, partner, external_id="corner-shop")
        found = follower.until(6)
    assert told(found) == [
        ("package.status", "webex_calling", None, "provisioning"),
        ("package.status", "webex_meetings", None, "provisioning"),
        ("customer.status", None, None, "provisioning"),
        ("package.status", "webex_calling", "provisioning", "provisioned"),
        ("package.status", "webex_meetings", "provisioning", "provisioned"),
        ("customer.status", None, "provisioning", "provisioned"),
    ]
    assert {each["data"]["customerId"] for each in found} == {shown["id"]}
    assert {each["data"]["partnerOrgId"] for each in found} == {partner.get("/v1/people/me").json()["orgId"]}
    assert found[0]["data"]["externalId"] == "corner-shop"
    entry = partner.get(f"/allot/v1/journal/{found[0]['data']['id'].partition('.')[0]}").json()
    assert entry["trackingId"] == found[0]["data"]["trackingId"]
    assert entry["at"] == found[0]["timestamp"]


def test_every_event_is_a_place_to_resume_at(server: Server, partner: Client, monkeypatch: pytest.MonkeyPatch):
    """Resumed after any of its events, by header or query, a stream goes on with the next one."""
    hurry(monkeypatch)
    monkeypatch.setattr(events, "ENTRIES_MAX", 3)
    provisioned(server, partner)
    whole = everything(partner)
    assert len(whole) >= 6
    for n, event in enumerate(whole[:-1]):
        resume = {"last": event["data"]["id"]} if n % 2 else {"after": event["data"]["id"]}
        with Follower(partner, **resume) as follower:
            assert next(follower.events()) == whole[n + 1]
    last: dict[tuple[str, str], str | None] = {}
    for event in whole:
        data = event["data"]
        key = (data["customerId"], data.get("package", data.get("subscriberId", "")))
        assert last.get(key) == data["before"]
        last[key] = data["after"]


def test_streams_are_filtered(server: Server, partner: Client, monkeypatch: pytest.MonkeyPatch):
    """A stream may be of one customer, of some types, or on behalf of a sub-partner; its place goes on all the same."""
    hurry(monkeypatch)
    one, other = provisioned(server, partner)["id"], provisioned(server, partner)["id"]
    whole = everything(partner)
    assert everything(partner, customerId=one) == [e for e in whole if e["data"]["customerId"] == one]
    assert everything(partner, customerId=other, type="customer.status") == [
        e for e in whole if e["data"]["customerId"] == other and e["type"] == "customer.status"
    ]
    both = everything(partner, type="package.status,customer.status")
    assert both == [e for e in whole if e["type"] != "subscriber.status"]
    sub = ids.encode("ORGANIZATION", FOOTHILL)
    with Follower(partner, after=0, onBehalfOfSubPartnerOrgId=sub) as follower:
        assert next(follower.events())["data"]["partnerOrgId"] == sub
    none = everything(partner, customerId=ids.encode("ENTERPRISE", FOOTHILL))
    assert none == []


def test_subscribers_are_told_of(server: Server, partner: Client, monkeypatch: pytest.MonkeyPatch):
    """A subscriber that comes, and one that goes, is an event with the ids of both it and its customer."""
    hurry(monkeypatch)
    customer = provisioned(server, partner, packages=["webex_meetings"])
    asked = {
        "customerId": customer["id"],
        "email": "ann@events.example",
        "package": "webex_meetings",
        "provisioningParameters": {"firstName": "Ann", "lastName": "Lee"},
    }
    answer = partner.post("/v1/wholesale/subscribers", json=asked)
    assert answer.status_code == 200, answer.text
    subscriber = answer.json()["id"]
    assert partner.delete(f"/v1/wholesale/subscribers/{subscriber}").status_code == 204
    found = everything(partner, type="subscriber.status", customerId=customer["id"])
    assert told(found) == [
        ("subscriber.status", None, None, "provisioned"),
        ("subscriber.status", None, "provisioned", None),
    ]
    assert {each["data"]["subscriberId"] for each in found} == {subscriber}
    assert {each["data"]["externalId"] for each in found} == {customer["externalId"]}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"after": "x"}, "after: is no id of an event"),
        ({"after": "999999999"}, "after: is no id of an event"),
        ({"customerId": "???"}, "customerId: is no customer's id"),
        ({"type": "customer.created"}, "type: must be one of"),
    ],
)
def test_bad_queries_are_refused(demo: Server, query: dict, sentence: str):
    """A stream that cannot be is a 400 that names the parameter."""
    client = demo.client(TOKEN)
    answer = client.get(EVENTS, params=query)
    header = client.get(EVENTS, headers={"Last-Event-ID": "yesterday"})
    client.close_all()
    assert sentence in faults(answer)[0]
    assert "Last-Event-ID: is no id" in faults(header)[0]


def test_streams_are_for_partners_who_may_read_customers(demo: Server):
    """Only a wholesale partner has events, and only with the scope for its customers."""
    client = demo.client()
    assert client.as_(None).get(EVENTS).status_code == 401
    assert faults(client.get(EVENTS), 403)
    partner = client.as_(TOKEN)
    assert faults(partner.get(EVENTS, params={"onBehalfOfSubPartnerOrgId": "x"}), 403)
    lacking = token_of(demo, _partner(partner), scopes=frozenset(SCOPES) - _WHOLESALE)
    assert faults(client.as_(lacking).get(EVENTS), 403)
    assert faults(partner.get(EVENTS, headers={"X-Forwarded-For": "192.0.2.1", "Authorization": "Bearer x"}), 401)
    client.close_all()


_WHOLESALE = {scope for scope in SCOPES if "wholesale_customers" in scope}


def _partner(client: Client) -> str:
    return str(ids.decode("ORGANIZATION", client.get("/v1/people/me").json()["orgId"]))


def test_streams_are_bounded(demo: Server, monkeypatch: pytest.MonkeyPatch):
    """A token has so many streams and no more, and so has a server; one that is closed makes room."""
    monkeypatch.setattr(events, "STREAMS_OF_TOKEN_MAX", 2)
    monkeypatch.setattr(events, "STREAMS_MAX", 3)
    client = demo.client(TOKEN)
    other = client.as_(token_of(demo, _partner(client)))
    with Follower(client), Follower(client) as second:
        answer = client.get(EVENTS)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert "2 streams" in answer.json()["errors"][0]["description"]
        with Follower(other):
            assert other.get(EVENTS).status_code == 503
            second.answer.close()
            deadline = time.monotonic() + SECONDS
            while demo.service.streams.open > 2:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            with Follower(client):
                pass
    client.close_all()
    while demo.service.streams.open:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_streams_give_signs_of_life_and_end(demo: Server, monkeypatch: pytest.MonkeyPatch):
    """Where nothing happens a comment comes from time to time, with the place; after some time a stream ends."""
    client = demo.client(TOKEN)
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(streams, "LOOK_SECONDS", 0.02)
    with Follower(client) as follower:
        first, beat = [block for _, block in zip(range(2), follower.blocks(), strict=False)]
    assert beat == {"": "nothing new", "id": first["id"]}
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.1)
    with Follower(client) as follower:
        assert len(list(follower.blocks())) >= 1
    client.close_all()


def test_a_stop_ends_streams_cleanly(demo_sqlite_url: str, monkeypatch: pytest.MonkeyPatch):
    """A server that stops lets those who follow go at once, with a whole answer."""
    monkeypatch.setattr(streams, "LOOK_SECONDS", SECONDS)
    with Server(demo_sqlite_url) as server:
        client = server.client(TOKEN)
        with Follower(client) as follower:
            found = follower.blocks()
            next(found)
            started = time.monotonic()
            server.stop()
            assert list(found) == []
        assert time.monotonic() - started < 5
        client.close_all()


def test_a_process_stops_at_once_though_somebody_follows(process: Process):
    """SIGTERM ends streams cleanly: the process does not wait for those who would follow for ever."""
    with Follower(process.client(TOKEN)) as follower:
        found = follower.blocks()
        next(found)
        started = time.monotonic()
        assert process.terminate() == 0
        assert list(found) == []
    assert time.monotonic() - started < 15  # of the 30 that a stop may take
    assert "Traceback" not in process.log.read_text()


def test_what_other_processes_commit_is_streamed(demo_url: str, monkeypatch: pytest.MonkeyPatch):
    """Events of another process come as well: told by PostgreSQL, looked for on SQLite."""
    if demo_url.startswith("postgresql"):
        monkeypatch.setattr(streams, "LOOK_SECONDS", SECONDS)
    with Server(demo_url) as here, Server(demo_url) as there:
        client, other = here.client(TOKEN), there.client(TOKEN)
        with Follower(client) as follower:
            next(follower.blocks())
            if demo_url.startswith("postgresql"):
                _wait_for_listener(here)
            started = time.monotonic()
            new_id(other.post(PATH, json=body()))
            assert told(follower.until(3))[2] == ("customer.status", None, None, "provisioning")
            there.call(work)
            assert told(follower.until(3))[2] == ("customer.status", None, "provisioning", "provisioned")
            assert time.monotonic() - started < SECONDS / 2
        client.close_all()
        other.close_all()


def _wait_for_listener(server: Server) -> None:
    """Until the server's process listens at PostgreSQL."""
    deadline = time.monotonic() + SECONDS
    query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'LISTEN%allot_news%' AND datname = current_database()"
    while not server.rows(query):
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Load:
    """Customers that are ordered, and somebody who follows what becomes of them, while the server comes and goes."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.seen: list[dict] = []
        self.orders = self.reconnects = 0
        self._over = threading.Event()
        self._ordering = [threading.Thread(target=self._order) for _ in range(2)]
        self._following = threading.Thread(target=self._follow)

    def start(self) -> None:
        for thread in (self._following, *self._ordering):
            thread.start()

    def end(self) -> None:
        """Order a last customer, and wait until its order was seen."""
        self._over.set()
        for thread in self._ordering:
            thread.join(SECONDS)
        new_id(self.process.client(TOKEN).post(PATH, json=body("the-end")))
        self._following.join(SECONDS)
        assert not self._following.is_alive()

    def _order(self) -> None:
        while not self._over.is_set():
            client = Client(self.process.address, TOKEN)
            with contextlib.suppress(requests.RequestException):
                self.orders += client.post(PATH, json=body()).status_code == 202
            client.close()
            time.sleep(0.01)

    def _follow(self) -> None:
        last, over = "0", False
        while not over:
            client = Client(self.process.address, TOKEN)
            with contextlib.suppress(requests.RequestException, OSError), Follower(client, last) as follower:
                self.reconnects += 1
                for event in itertools.islice(follower.events(), 40):
                    self.seen.append(event)
                    last, over = event["data"]["id"], event["data"].get("externalId") == "the-end"
                    if over:
                        break
            client.close()
            time.sleep(0.01)  # as `retry` asks for


@pytest.mark.long
def test_nothing_is_lost_or_doubled_across_reconnects(maker: Maker, tmp_path: Path, counted: Callable[[str], None]):
    """Who comes again with the last id sees every event once and in order, though the server is killed meanwhile."""
    url = maker.make(load_demo)
    with Process(url, tmp_path / "server.log", "--demo", "--lease-seconds", "1") as process:
        load = Load(process)
        load.start()
        for _ in range(KILLS):
            time.sleep(1.0)
            process.kill()
            process.start()
        time.sleep(0.5)
        load.end()
        with Follower(process.client(TOKEN), after=0) as whole:
            expected = whole.until(len(load.seen))
    assert load.seen == expected
    assert len({event["data"]["id"] for event in load.seen}) == len(load.seen)
    counted(f"{load.orders} orders, {len(load.seen)} events, {load.reconnects} reconnects, {KILLS} kills")
    maker.drop(url)

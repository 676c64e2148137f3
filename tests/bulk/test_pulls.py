"""Pulls that are cut short, by the network, a kill or a full disk, and gone on with."""

import asyncio
import json
import math
import random
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from allot.bulk.actual.drafts import DraftFault
from allot.bulk.actual.pulls import Order, Pulled, PullFault, draft_path, origin, pull
from allot.bulk.actual.snapshots import Extension, Head, License, Location, Number, Person, Snapshot
from allot.bulk.files import FileFault, Writer
from allot.client.connections import Patience, Target
from allot.client.failures import Away, ClientFault, Nonsense
from allot.client.readers import Reader
from databases import Maker
from organizations import World, add_holding, make
from servers import PROGRAM, SECONDS, Server
from strangers import Asked, Line, Said, Stranger

PEOPLE = 1_500
NOW = "2026-11-22T00:00:00.000Z"
QUICK = Patience(attempts=3, first=0.001, longest=0.002)


@pytest.fixture(scope="module")
def crowd(sqlite: Maker) -> Iterator[tuple[Server, World]]:
    """An organization of many people, some with a license, and its server."""
    with sqlite.lent() as url, Server(url) as server:

        async def fill(service) -> World:
            world = await make(service, PEOPLE, "MC", "RTT", total=PEOPLE)
            async with service.database.writing() as writing:
                for person_id in world.people[:400]:
                    await add_holding(writing, world, person_id, "RTT")
            return world

        yield server, server.call(fill)


@pytest.fixture(scope="module")
def whole(crowd: tuple[Server, World], tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What an undisturbed pull reads."""
    path = tmp_path_factory.mktemp("whole") / "x.snapshot"
    read(crowd[0].address, crowd[1].token, path)
    return contents(path)


def contents(path: Path) -> dict[str, list[Any]]:
    """All that a snapshot says of its organization; when it was read is left out."""
    snapshot = Snapshot(path)
    kinds = {"licenses": License, "locations": Location, "numbers": Number, "extensions": Extension, "people": Person}
    return {name: list(snapshot.file.records(name, kind)) for name, kind in kinds.items()}


def read(address: str, token: str, path: Path, *, fresh: bool = False) -> Pulled:
    """Pull into a path; how it went."""
    pulled = Pulled()

    async def main() -> None:
        async with Reader(Target(address, token, patience=QUICK)) as reader:
            whose = await origin(reader, None, NOW)
            await pull(
                reader, Order(path, whose, None, lambda each: "Calling" in each.name, lambda: NOW, fresh), pulled
            )

    asyncio.run(main())
    return pulled


def test_everybody_is_read(crowd: tuple[Server, World], whole: dict):
    """The snapshot has every person once, with what they hold; the draft is gone."""
    world = crowd[1]
    assert len({each.id for each in whole["people"]}) == len(whole["people"]) == PEOPLE + 1
    held = {each.id: each.licenses for each in whole["people"]}
    assert [held[id] for id in world.people] == [[1]] * 400 + [[]] * (PEOPLE - 400)
    assert [each.consumed_units for each in whole["licenses"]] == [0, 400]


def test_the_network_goes_away_in_the_middle(crowd: tuple[Server, World], whole: dict, tmp_path: Path):
    """A sentence says so; what was read is kept, and the next pull asks for the rest only."""
    server, world = crowd
    path = tmp_path / "x.snapshot"
    with Line(int(server.address.rpartition(":")[2])) as line:
        line.left = 200_000
        with pytest.raises(Away, match="cannot be reached"):
            read(line.address, world.token, path)
        kept = draft_path(path)
        assert kept.exists()
        assert not path.exists()
        line.open()
        pulled = read(line.address, world.token, path)
    assert 0 < pulled.kept < PEOPLE
    assert pulled.since == NOW
    assert contents(path) == whole
    assert not kept.exists()


def test_a_draft_may_end_anywhere(crowd: tuple[Server, World], whole: dict, tmp_path: Path, counted: Callable):
    """Wherever a kill cut the draft, in a line or between two, the pull goes on to the same snapshot."""
    server, world = crowd
    blocked = tmp_path / "x.snapshot"
    blocked.mkdir()
    with pytest.raises(PullFault, match="cannot be written"):
        read(server.address, world.token, blocked)
    data = draft_path(blocked).read_bytes()
    chance = random.Random(4)
    cuts = [0, 1, data.index(b"\n") + 1, len(data) - 1, len(data), *(chance.randrange(len(data)) for _ in range(8))]
    for n, cut in enumerate(cuts):
        path = tmp_path / f"{n}.snapshot"
        draft_path(path).write_bytes(data[:cut])
        read(server.address, world.token, path)
        assert contents(path) == whole, cut
    counted(f"{len(cuts)} drafts gone on with")


def test_garbage_at_the_end_of_a_draft_is_cut_off(crowd: tuple[Server, World], whole: dict, tmp_path: Path):
    """What is no line of ours, as a power cut may leave, is not believed."""
    server, world = crowd
    path = tmp_path / "x.snapshot"
    draft_path(path).write_bytes(b"\x00" * 4096 + b"\n")
    assert read(server.address, world.token, path).kept == 0
    assert contents(path) == whole


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    "text",
    [b"half of it\n", b"{}", b'{"line":"people"}\n', b"\x00" * 100_000 + b"x"],
    ids=["text", "short", "page", "zeros"],
)
def test_a_file_that_is_no_draft_is_kept(demo: Server, tmp_path: Path, text: bytes, fresh: bool):
    """A file of the draft's name that no pull has begun is refused, and neither changed nor deleted."""
    kept = draft_path(tmp_path / "x.snapshot")
    kept.write_bytes(text)
    with pytest.raises(DraftFault, match=r"x\.snapshot\.part is there and is no draft of a pull; .* -o$"):
        read(demo.address, "allot-demo-admin", tmp_path / "x.snapshot", fresh=fresh)
    assert kept.read_bytes() == text


def test_a_draft_of_another_organization_is_refused(crowd: tuple[Server, World], demo: Server, tmp_path: Path):
    """It names both, and what to do; --fresh forgets it."""
    server, world = crowd
    path = tmp_path / "x.snapshot"
    with Line(int(server.address.rpartition(":")[2])) as line:
        line.left = 100_000
        with pytest.raises(ClientFault):
            read(line.address, world.token, path)
    before = draft_path(path).read_bytes()
    with pytest.raises(PullFault, match=r"of Test at .*, not of Acme, Inc\. at .*-o.*--fresh"):
        read(demo.address, "allot-demo-admin", path)
    assert draft_path(path).read_bytes() == before
    read(demo.address, "allot-demo-admin", path, fresh=True)
    assert len(contents(path)["people"]) == 46


def test_a_head_that_is_none_of_a_snapshot_is_told(tmp_path: Path):
    """A file whose first line lacks what every snapshot says is none that can be read."""
    path = tmp_path / "odd.snapshot"
    with Writer(path, "snapshot", License("x", "X", 1, 1)) as writer:
        writer.section("people")
        writer.close()
    with pytest.raises(FileFault, match=r"odd\.snapshot is no snapshot that this allot reads; pull again"):
        Snapshot(path)


def test_two_pulls_do_not_write_one_file(crowd: tuple[Server, World], tmp_path: Path):
    """The second is refused while the first one reads."""
    server, world = crowd
    path = tmp_path / "x.snapshot"

    async def both() -> Pulled:
        async with Reader(Target(server.address, world.token, patience=QUICK)) as reader:
            whose = await origin(reader, None, NOW)
            order, pulled = Order(path, whose, None, lambda _: False, lambda: NOW), Pulled()
            first = asyncio.create_task(pull(reader, order, pulled))
            await asyncio.sleep(0)
            with pytest.raises(DraftFault, match="another pull writes"):
                await pull(reader, replace(order, fresh=True), Pulled())
            await first
            return pulled

    assert asyncio.run(both()).people == PEOPLE + 1


def test_a_rate_limit_is_kept_to(crowd: tuple[Server, World], whole: dict, tmp_path: Path, sqlite: Maker):
    """With few requests a second everything is read, though some are refused."""
    path = tmp_path / "x.snapshot"
    with Server(crowd[0].url, rate_limit=30.0, rate_burst=1) as server:
        read(server.address, crowd[1].token, path)
        client = server.client()
        assert 'status="429"' in client.as_(None).get("/allot/v1/metrics").text
        client.close_all()
    assert contents(path) == whole


def command(address: str, world: World, path: Path) -> list[str]:
    return [PROGRAM, "pull", "--url", address, "--token", world.token, "-o", str(path)]


def stopped(line: Line, world: World, path: Path, left: int, by: signal.Signals) -> tuple[int, str]:
    """A pull that is stopped when so many bytes were answered: how it ended, and what it said."""
    line.let(left)
    pulling = subprocess.Popen(command(line.address, world, path), stderr=subprocess.PIPE, text=True)
    assert line.stalled.wait(SECONDS)
    pulling.send_signal(by)
    said = pulling.communicate(timeout=SECONDS)[1]
    assert not path.exists()
    return pulling.returncode, said


@pytest.mark.parametrize(
    "by",
    [pytest.param(signal.SIGKILL, id="kill", marks=pytest.mark.long), pytest.param(signal.SIGINT, id="interrupt")],
)
def test_a_pull_that_was_stopped_goes_on(crowd: tuple[Server, World], whole: dict, tmp_path: Path, by: signal.Signals):
    """Killed as by a power cut, or with Ctrl-C: the same command reads the rest, to the same snapshot."""
    path = tmp_path / "x.snapshot"
    server, world = crowd
    with Line(int(server.address.rpartition(":")[2])) as line:
        code, said = stopped(line, world, path, 300_000, by)
        if by == signal.SIGINT:
            assert code == 130
            assert "people are kept in" in said
        line.let(math.inf)
        ran = subprocess.run(command(line.address, world, path), capture_output=True, text=True, check=True)
    assert "Going on after" in ran.stderr
    assert contents(path) == whole


@pytest.mark.long
def test_a_pull_may_be_killed_at_any_moment(
    crowd: tuple[Server, World], whole: dict, tmp_path: Path, counted: Callable
):
    """Killed after any number of bytes, again and again, a pull ends with the same snapshot."""
    server, world = crowd
    chance = random.Random(7)
    kills = 0
    for n in range(6):
        path = tmp_path / f"{n}.snapshot"
        with Line(int(server.address.rpartition(":")[2])) as line:
            for _ in range(4):
                stopped(line, world, path, chance.randrange(1_000, 150_000), signal.SIGKILL)
                kills += 1
            line.let(math.inf)
            subprocess.run(command(line.address, world, path), capture_output=True, check=True)
        assert contents(path) == whole
    counted(f"{kills} kills")


def test_a_full_disk_keeps_what_was_read(crowd: tuple[Server, World], whole: dict, tmp_path: Path):
    """When the draft cannot grow, and when the snapshot cannot, a sentence says so; with room again it goes on."""
    server, world = crowd
    path = tmp_path / "x.snapshot"
    blocked = tmp_path / "y.snapshot"
    blocked.mkdir()
    with pytest.raises(PullFault):
        read(server.address, world.token, blocked)
    needed = draft_path(blocked).stat().st_size
    for room in (needed // 2, needed - needed // 50):
        ran = subprocess.run(
            command(server.address, world, path),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=partial(limit, room),
        )
        assert ran.returncode == 1
        assert "cannot be written: File too large; make room" in ran.stderr
        assert "the same command goes on there" in ran.stderr
        assert [each.name for each in tmp_path.iterdir() if each.name.startswith((".", "x"))] == ["x.snapshot.part"]
    assert read(server.address, world.token, path).kept > 0
    assert contents(path) == whole


def test_a_disk_that_is_full_at_once_leaves_nothing(tmp_path: Path):
    """When not even the head of a file has room, its draft is gone."""
    head = Head("org", "x" * 100_000, "http://x/v1", "", "")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"), Writer(tmp_path / "x.snapshot", "snapshot", head):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    assert not list(tmp_path.iterdir())


def limit(size: int) -> None:
    """How large files may grow: it stands for a full disk, and needs no rights."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def told(path: str) -> dict:
    """What a small API answers to a path."""
    path = path.removeprefix("/v1").partition("?")[0]
    found = {
        "/people/me": {"id": "me", "orgId": "org"},
        "/organizations/org": {"id": "org", "displayName": "Org"},
        "/licenses": {"items": [{"id": "a", "name": "A", "totalUnits": 1, "consumedUnits": 1}]},
        "/locations": {"items": []},
        "/people": {"items": [{"id": f"p{n}", "emails": [f"p{n}@x.example"], "licenses": ["a"]} for n in range(3)]},
    }
    return found.get(path, {})


def test_what_a_token_may_not_see_is_unknown(tmp_path: Path):
    """Numbers and calling that are forbidden, licenses that are hidden: unknown in the snapshot, and said."""

    def answer(asked: Asked) -> Said:
        body = told(asked.path)
        if "telephony" in asked.path or "organizations" in asked.path:
            return Said(403)
        for each in body["items"][:2] if "/people?" in asked.path else ():
            each.pop("licenses")
        return Said(200, json.dumps(body).encode())

    path = tmp_path / "x.snapshot"
    with Stranger(answer) as stranger:
        pulled = read(stranger.address, "token", path)
    assert "2 people came without licenses" in pulled.notices[2]
    assert "inventory of phone numbers is hidden" in pulled.notices[0]
    assert "where Webex Calling is set up is hidden" in pulled.notices[1]
    assert b'"numbers"' not in path.read_bytes()


def test_people_who_are_listed_twice_are_kept_once(tmp_path: Path):
    """Pages move while they are read: who comes again is counted, licenses that nobody lists are kept by their ids."""

    def answer(asked: Asked) -> Said:
        body = told(asked.path)
        if "telephony" in asked.path:
            body = {"locations": [], "phoneNumbers": [], "callParkExtensions": []}
        if "/people?" not in asked.path:
            return Said(200 if body else 404, json.dumps(body).encode())
        page = int(asked.path.rpartition("page=")[2]) if "page=" in asked.path else 0
        body["items"][0]["licenses"] = ["a", "hidden"]
        return Said(
            200, json.dumps(body).encode(), {"Link": f'</v1/people?page={page + 1}>; rel="next"'} if page < 2 else {}
        )

    path = tmp_path / "x.snapshot"
    with Stranger(answer) as stranger:
        pulled = read(stranger.address, "token", path)
    found = contents(path)
    assert [each.licenses for each in found["people"]] == [[0, 1], [0], [0]]
    assert [each.id for each in found["licenses"]] == ["a", "hidden"]
    assert any("6 people were listed twice" in each for each in pulled.notices)
    assert any("1 licenses that people have" in each for each in pulled.notices)


def test_a_sentence_lists_twenty_licenses_at_most(tmp_path: Path):
    """However many licenses are in no list, the note about them can be read."""

    def answer(asked: Asked) -> Said:
        body = (
            {"locations": [], "phoneNumbers": [], "callParkExtensions": []}
            if "telephony" in asked.path
            else told(asked.path)
        )
        for each in body["items"] if "/people?" in asked.path else ():
            each["licenses"] = [f"unlisted{number:03}" for number in range(300)]
        return Said(200, json.dumps(body).encode())

    with Stranger(answer) as stranger:
        pulled = read(stranger.address, "token", tmp_path / "x.snapshot")
    assert pulled.notices[0].startswith("300 licenses that people have are not in the list")
    assert pulled.notices[0].endswith(", unlisted019, …")


def test_pages_in_a_circle_are_not_followed_for_ever(tmp_path: Path):
    """A page that leads back to one before it ends the pull."""

    def answer(asked: Asked) -> Said:
        body = told(asked.path) or {"locations": [], "phoneNumbers": [], "callParkExtensions": []}
        page = "b" if asked.path.endswith("cursor=a") else "a"
        headers = {"Link": f'</v1/people?cursor={page}>; rel="next"'} if "/people?" in asked.path else {}
        return Said(200, json.dumps(body).encode(), headers)

    with Stranger(answer) as stranger, pytest.raises(Nonsense, match="in a circle"):
        read(stranger.address, "token", tmp_path / "x.snapshot")


def test_a_page_that_is_not_known_any_more_asks_for_a_fresh_start(tmp_path: Path):
    """The address in a draft may be too old: the sentence says to begin again."""
    refuse = False

    def answer(asked: Asked) -> Said:
        body = told(asked.path) or {"locations": [], "phoneNumbers": [], "callParkExtensions": []}
        if "cursor" in asked.path:
            return Said(400 if refuse else 0)
        return Said(
            200,
            json.dumps(body).encode(),
            {"Link": '</v1/people?cursor=1>; rel="next"'} if "/people?" in asked.path else {},
        )

    path = tmp_path / "x.snapshot"
    with Stranger(answer) as stranger:
        with pytest.raises(Away):
            read(stranger.address, "token", path)
        refuse = True
        with pytest.raises(PullFault, match="Give --fresh to begin again"):
            read(stranger.address, "token", path)

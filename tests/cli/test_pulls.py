"""`allot pull`, as a user calls it."""

from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import Snapshot
from allot.cli import pulls
from allot.cli.demo import FOOTHILL
from allot.core import ids
from servers import ADMIN, Client, Server
from strangers import Said, Stranger, in_turn


def test_a_snapshot_has_what_the_api_shows(allot, demo: Server, admin: Client, tmp_path: Path):
    """Licenses, locations, numbers and people are those of the API, named after the organization."""
    ran = allot("pull", ALLOT_URL=demo.address, ALLOT_TOKEN=ADMIN)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("acme-inc.snapshot: 46 people, 30 licenses, 4 locations and 22 numbers of Acme, Inc.\n")
    snapshot = Snapshot(tmp_path / "acme-inc.snapshot")
    assert ran.out.splitlines()[1] == snapshot.digest
    assert snapshot.head.address == f"{demo.address}/v1"
    listed = admin.get("/v1/licenses").json()["items"]
    assert [(ids.encode("LICENSE", each.id), each.consumed_units) for each in snapshot.licenses] == [
        (each["id"], each["consumedUnits"]) for each in listed
    ]
    shown = {each["emails"][0]: each for each in admin.get("/v1/people?callingData=true").json()["items"]}
    for person in (person for block in snapshot.people() for person in block):
        told = shown.pop(person.email)
        held = [ids.encode("LICENSE", snapshot.licenses[place].id) for place in person.licenses]
        assert sorted(held) == sorted(told["licenses"])
        assert (person.calling.extension if person.calling else None) == told.get("extension")
    assert not shown


def test_a_partner_reads_a_customer(allot, demo: Server, tmp_path: Path):
    """With --org another organization is read, by either form of its id."""
    customers = demo.client("allot-demo-partner")
    listed = customers.get("/v1/organizations").json()["items"]
    customers.close_all()
    one = next(
        each
        for each in listed
        if ids.decode("ORGANIZATION", each["id"]) != FOOTHILL and "Summit" not in each["displayName"]
    )
    told = ("--url", demo.address, "--token", "allot-demo-partner", "-o", "x.snapshot", "--org")
    ran = allot("pull", *told, one["id"])
    assert ran.code == 0, ran.err
    assert one["displayName"] in ran.out
    assert Snapshot(tmp_path / "x.snapshot").head.org_name == one["displayName"]
    assert allot("pull", *told, ids.decode("ORGANIZATION", one["id"])).code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--token", ADMIN), "--url (or ALLOT_URL) is required"),
        (("--url", "http://127.0.0.1:1"), "--token (or ALLOT_TOKEN) is required"),
        (("--url", "acme", "--token", ADMIN), "acme is no address of an API"),
        (("--url", "http://127.0.0.1:1", "--token", ADMIN, "--org", "acme"), "--org must be the id"),
        (("--url", "http://127.0.0.1:1", "--token", ADMIN), "cannot be reached"),
    ],
)
def test_what_is_asked_in_a_wrong_way_is_said(allot, tmp_path: Path, arguments: tuple[str, ...], sentence: str):
    """Each mistake has its sentence, a code that is not 0, and leaves nothing behind."""
    ran = allot("pull", *arguments)
    assert ran.code != 0
    assert sentence in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("nobody", "does not know the token (401)"),
        ("allot-demo-user", "needs scope spark-admin:licenses_read and an administrator's role"),
    ],
)
def test_a_token_without_rights_is_refused(allot, demo: Server, tmp_path: Path, token: str, sentence: str):
    """What the token lacks is said, and nothing is left behind."""
    ran = allot("pull", "--url", demo.address, "--token", token, "-o", "x.snapshot")
    assert ran.code == 1
    assert sentence in ran.err
    assert not list(tmp_path.iterdir())


def test_an_organization_that_is_not_the_callers_is_not_found(allot, demo: Server, tmp_path: Path):
    """Who may not see an organization cannot read it."""
    ran = allot("pull", "--url", demo.address, "--token", ADMIN, "--org", FOOTHILL)
    assert ran.code == 1
    assert "answers 40" in ran.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("terminal", ["", "1"])
def test_progress_is_told(allot, demo: Server, monkeypatch: pytest.MonkeyPatch, terminal: str):
    """On a terminal in one line that goes away, elsewhere in lines."""
    monkeypatch.setattr(pulls, "SAY", 0.0)
    ran = allot("pull", "--url", demo.address, "--token", ADMIN, FORCE_COLOR=terminal)
    assert ran.code == 0
    assert "46 people (" in ran.err


def test_a_read_only_administrator_can_pull(allot, demo: Server):
    """Nothing is written to the API, so that reading rights are enough."""
    assert allot("pull", "--url", demo.address, "--token", "allot-demo-readonly").code == 0


def test_a_server_that_is_none_of_webex_is_called_so(allot):
    """A page of a router is not taken for an organization."""
    with Stranger(in_turn(Said(200, b"<html>"))) as stranger:
        ran = allot("pull", "--url", stranger.address, "--token", ADMIN)
    assert ran.code == 1
    assert "is no address of a Webex API" in ran.err


def test_a_folder_that_is_not_there_is_named(allot, demo: Server):
    """A snapshot cannot be written where there is no folder."""
    ran = allot("pull", "--url", demo.address, "--token", ADMIN, "-o", "nowhere/x.snapshot")
    assert ran.code == 1
    assert "nowhere/x.snapshot cannot be written: No such file or directory" in ran.err


def test_only_a_snapshot_gives_way_to_one(allot, demo: Server, tmp_path: Path):
    """A pull replaces what an earlier one wrote, and keeps a file of another kind."""
    told = ("pull", "--url", demo.address, "--token", ADMIN, "-o")
    assert [allot(*told, "x.snapshot").code for _ in range(2)] == [0, 0]
    (tmp_path / "people.csv").write_text("email,add\n")
    ran = allot(*told, "people.csv")
    assert ran.code == 1
    assert ran.err == "allot: people.csv is there and is no snapshot; name another file with -o\n"
    assert (tmp_path / "people.csv").read_text() == "email,add\n"

"""Secrets: passwords are not shown, and files are for their owner only."""

import os
import stat
from pathlib import Path

import pytest

from allot.cli.databases import migrate
from allot.cli.main import run
from allot.store.database import shown
from servers import Process, Server, load_demo


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://me@host/x", "postgresql://me@host/x"),
        ("postgresql://host:5432/x", "postgresql://host:5432/x"),
        ("postgresql://me:se%40cret@host:5432/x", "postgresql://me:***@host:5432/x"),
        ("postgresql://me:se@cr:et/@host/x", "postgresql://me:***@host/x"),
        ("postgresql://me:secret@[::1]:5432/x", "postgresql://me:***@[::1]:5432/x"),
        ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
        ("postgresql://host/x?user=me&password=secret&a=b", "postgresql://host/x?user=me&password=***&a=b"),
        ("postgresql://[me:secret@host/x", "postgresql://[me:***@host/x"),
        ("postgresql://me:sec#ret@host:5432/x?a=b", "postgresql://me:***@host:5432/x?a=b"),
        ("postgresql://me:sec?ret@/x?host=/run", "postgresql://me:***@/x?host=/run"),
        ("postgresql://m#e:sec#r/et@host/x", "postgresql://m#e:***@host/x"),
        ("postgresql://me@corp:secret@host/x", "postgresql://me@corp:***@host/x"),
        ("postgresql://host/x?password=sec#ret?&sslkey=k", "postgresql://host/x?password=***&sslkey=k"),
        (
            "postgresql://host/x?%70assword=secret&sslpassword=secret",
            "postgresql://host/x?%70assword=***&sslpassword=***",
        ),
        ("postgresql://host/x?oauth_client_secret=secret", "postgresql://host/x?oauth_client_secret=***"),
        ("sqlite:///a:b@c.db", "sqlite:///a:b@c.db"),
        ("a:b@c.db", "a:b@c.db"),
    ],
)
def test_urls_are_shown_without_their_password(url: str, says: str):
    """Whatever a URL looks like, its password is left out where it is shown."""
    assert shown(url) == says


@pytest.mark.parametrize("command", ["check", "migrate"])
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@127.0.0.1:1/x",
        "postgresql://127.0.0.1:1/x?user=me&password=secret",
        "postgresql://127.0.0.1:1/x?user=me&%70assword=secret&sslpassword=secret",
        "postgresql://me:no#secret@127.0.0.1:1/x",
        "postgresql://me:no?secret@127.0.0.1:1/x",
        "postgresql://me:secret%zz@127.0.0.1:1/x",
        "postgresql://me:secret@127.0.0.1:99999/x",
        "postgresql://[me:secret@127.0.0.1/x",
        "mysql://me:secret@127.0.0.1/x",
    ],
)
def test_commands_tell_no_password(capfd: pytest.CaptureFixture[str], command: str, url: str):
    """A URL that cannot be used is told in one sentence, without the password, and is no fault of allot."""
    assert run([command, "--database", url]) == 1
    said = capfd.readouterr().err
    assert "secret" not in said
    assert "fault of allot" not in said
    assert said.startswith("allot: ")


def test_a_new_database_is_for_its_owner(tmp_path: Path):
    """The file that a migration makes cannot be read by others, however open the folder; an old one stays as it is."""
    before = os.umask(0o022)
    try:
        path = tmp_path / "new.db"
        migrate(f"sqlite:///{path}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o640)
        migrate(f"sqlite:///{path}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_the_files_beside_it_are_for_its_owner(tmp_path: Path):
    """The write-ahead log, which has the newest changes, is as closed as the database."""
    path = tmp_path / "served.db"
    load_demo(f"sqlite:///{path}")
    with Server(f"sqlite:///{path}"):
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("served.db*")}
    assert {"served.db", "served.db-wal"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_token_is_in_no_log(tmp_path: Path, demo_sqlite_url: str):
    """With everything logged, neither tokens nor queries are."""
    log = tmp_path / "server.log"
    with Process(demo_sqlite_url, log, "--demo", "--access-log", "--log-level", "debug") as process:
        started = len(log.read_text())
        client = process.client()
        client.get("/v1/people?email=secret@example.com", headers={"Cookie": "secret"})
        client.as_("secret-token").get("/v1/people/%0aFORGED%1b[31m")
        client.post("/v1/access_token", data={"grant_type": "client_credentials", "client_secret": "secret"})
    said = log.read_text()[started:]
    assert "/v1/people/\\nFORGED\\x1b[31m" in said
    assert "secret" not in said
    assert "allot-demo" not in said
    assert "\x1b" not in said

"""Commands: what they do, and what they say when they cannot."""

import json
import re
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from allot.cli.demo import ACME, GLOBEX, document
from allot.cli.explanations import show
from allot.cli.main import COMMANDS
from servers import PROGRAM, Client, Server

#: a server that is not there
AWAY = "postgresql://me:secret@127.0.0.1:1/x"
#: what only commands that need it load
HEAVY = ("apsw", "msgspec", "phonenumbers", "prometheus_client", "psycopg", "pycountry", "rich", "starlette", "uvicorn")


@pytest.fixture
def demo(allot, tmp_path: Path) -> str:
    """A database with the demo's organizations, imported by command; its address."""
    (tmp_path / "demo.json").write_text(document(), encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    assert allot("import", "demo.json", "--database", url).code == 0
    return url


def test_help_is_quick():
    """`allot --help` loads none of what a command needs."""
    script = (
        f"import sys; from allot.cli.main import run; run(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_command_does(allot, name: str):
    """The list of commands says of each what its own help begins with."""
    listed = " ".join(allot("--help").out.split())
    assert COMMANDS[name][1] in listed
    ran = allot(name, "--help")
    assert ran.code == 0
    first = " ".join(ran.out.split("\n\n")[1].split())
    assert first.lower().startswith(COMMANDS[name][1].removesuffix(".").split(";")[0].split(",")[0][:20].lower())


def test_the_installed_program_is_this_one():
    """The program `allot` tells its version and leaves with 0."""
    ran = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"allot \d+\.\d+\.\d+\n", ran.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frob"], "No such command"),
        (["serve", "--frob"], "No such option"),
        (["serve", "--port", "x"], "--port is `x`, must be a whole number"),
        (["import", "x.txt"], "x.txt cannot be used: No such file"),
        (["import", "here.txt"], "must end with .json (organizations) or .csv (people)"),
        (["check"], "there is no database sqlite:///allot.db; make it with: allot migrate"),
        (["check", "--database", "mysql://x"], "mysql://x is no database URL"),
        (["migrate", "--database", "mysql://x"], "mysql://x is no database URL"),
        (["check", "--database", "here.txt"], "cannot be used: file is not a database"),
        (["migrate", "--database", "here.txt"], "cannot be used: file is not a database"),
        (["migrate", "--database", "gone/x.db"], "cannot be used: unable to open database file"),
        (["check", "--database", AWAY], "postgresql://me:***@127.0.0.1:1/x cannot be reached"),
        (["migrate", "--database", AWAY], "postgresql://me:***@127.0.0.1:1/x cannot be used"),
        (["rulebook", "check", "here.txt"], "here.txt: not a TOML document"),
        (["rulebook", "check", "gone.toml"], "gone.toml cannot be used: No such file"),
        (["token", "create", "--person", "a@b", "--scopes", "all"], "--scopes has all, must be of spark-admin"),
        (["token", "create", "--person", "a@b", "--expires", "soon"], "--expires is `soon`, must be like 12h"),
        (["token", "create", "--person", "a@b", "--expires", "2020-01-01"], "which is over"),
        (["explain"], "name a FILE, or a --person"),
        (["explain", "--person", "a@b", "--add", "X", "--url", "here"], "--url must be like http://127.0.0.1:8080"),
        (["explain", "--person", "a@b", "--add", "X", "--url", "http://127.0.0.1:1"], "cannot be asked"),
        (["serve", "--demo", "--host", "192.0.2.1"], "--demo listens on loopback only"),
        (["serve", "--demo", "--host", "example.com"], "--demo listens on loopback only"),
        (["serve", "--rulebook", "gone.toml"], "gone.toml cannot be used: No such file"),
    ],
)  # fmt: skip
def test_every_error_is_a_sentence_with_its_remedy(allot, tmp_path: Path, arguments: list[str], said: str):
    """What goes wrong is told in one line on stderr, without secrets and without a traceback."""
    (tmp_path / "here.txt").write_text("this is neither a database nor a document, as anybody can see at once")
    ran = allot(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert ran.err.startswith("allot: ")
    assert ran.err.count("\n") == 1
    assert "secret" not in ran.err
    assert ran.out == ""


def test_a_bug_is_told_as_one(allot, monkeypatch: pytest.MonkeyPatch):
    """An error that nobody foresaw is one line too, and says how to see more."""
    monkeypatch.setattr("allot.cli.rulebooks.read_rulebook", lambda name: 1 // 0)
    ran = allot("rulebook", "check")
    assert ran.code == 1
    assert ran.err.startswith("allot: a fault of allot itself: ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        allot("rulebook", "check", ALLOT_TRACEBACK="1")


def test_migrate_makes_a_database_once(allot):
    """The first run applies every migration, the second none."""
    assert "applied 0001_foundation" in allot("migrate", "--database", "new.db").out
    assert allot("migrate", "--database", "new.db").out == "new.db is up to date\n"


def test_a_database_of_the_past_names_the_remedy(allot, tmp_path: Path):
    """A database that lacks a migration is not touched; the sentence says how to bring it up to date."""
    allot("migrate", "--database", "old.db")
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("DELETE FROM _yoyo_migration")
    old.close()
    ran = allot("check", "--database", "old.db")
    assert (ran.code, "lacks migration 0001_foundation; run: allot migrate --database old.db" in ran.err) == (1, True)


def test_a_lock_that_was_left_can_be_broken(allot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A migration that was killed leaves a lock; --unlock breaks it."""
    allot("migrate", "--database", "x.db")
    with sqlite3.connect(tmp_path / "x.db") as left:
        left.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, '2026-01-01', 1)")
    left.close()
    monkeypatch.setattr("allot.cli.databases.LOCK_SECONDS", 0.1)
    assert "allot migrate --unlock --database x.db" in allot("migrate", "--database", "x.db").err
    assert allot("migrate", "--unlock", "--database", "x.db").code == 0


def test_migrate_works_on_postgresql(allot, postgres):
    """A PostgreSQL database is made and checked by the same commands."""
    url = postgres.empty()
    assert "applied 0001_foundation" in allot("migrate", "--database", url).out
    assert allot("check", "--database", url).out == "0 wrong, 0 warnings\n"
    postgres.drop(url)


def test_check_finds_nothing_in_an_import(allot, demo: str):
    """What was imported is consistent."""
    ran = allot("check", "--database", demo)
    assert (ran.code, ran.out) == (0, "0 wrong, 0 warnings\n")


def test_check_leaves_with_one_when_something_is_wrong(allot, demo: str):
    """One line for each thing, and exit code 1; a warning alone is no failure."""
    with sqlite3.connect(demo.removeprefix("sqlite:///")) as broken:
        broken.execute("UPDATE licenses SET total_units = 1 WHERE offer = 'BCBAS'")
    ran = allot("check", ALLOT_DATABASE=demo)
    assert ran.code == 0
    assert ran.out.startswith(f"warning: organization {ACME}: license 96abc2aa")
    with broken:
        broken.execute("UPDATE licenses SET consumed_by_users = 9 WHERE offer = 'BCBAS'")
    broken.close()
    ran = allot("check", "--database", demo)
    assert ran.code == 1
    assert f"wrong: organization {ACME}: license 96abc2aa-3dcc-11e5-56y7-0f4556adeyhn: 4 people hold it" in ran.out
    assert ran.out.endswith("2 wrong, 2 warnings\n")


def test_import_takes_all_or_nothing(allot, tmp_path: Path, demo: str):
    """Faults are all told with file and place, and nothing is imported."""
    (tmp_path / "bad.json").write_text('{"organization": {"id": "x"}, "people": [{"email": "a"}, {}]}')
    ran = allot("import", "bad.json", "--database", demo)
    assert ran.code == 1
    assert ran.err == (
        "allot: nothing was imported:\n"
        "bad.json: organization.displayName: is required\n"
        "bad.json: people[1].email: is required\n"
    )


def test_import_joins_people_to_an_organization(allot, tmp_path: Path, demo: str):
    """A table of people joins the organization that --org names, by id or name."""
    (tmp_path / "people.csv").write_text("email,licenses\nnew@globex.example,FMS;MS\n")
    assert (
        "there are several organizations; name one with --org" in allot("import", "people.csv", "--database", demo).err
    )
    ran = allot("import", "people.csv", "--org", "globex corporation", "--database", demo)
    assert (ran.code, ran.out) == (0, f"imported 1 people into organization {GLOBEX}\n")
    (tmp_path / "people.csv").write_bytes(b"email\n\xff\n")
    foreign = allot("import", "people.csv", "--org", GLOBEX, "--database", demo)
    assert foreign.err == "allot: people.csv is no UTF-8 text (byte 0xFF in line 2); save it as UTF-8\n"


def test_an_empty_database_has_nobody_to_join(allot, tmp_path: Path):
    """Without an organization, the sentence says how to import one."""
    (tmp_path / "people.csv").write_text("email\na@b.example\n")
    allot("migrate", "--database", "empty.db")
    assert "import one with: allot import FILE" in allot("import", "people.csv", "--database", "empty.db").err


def test_a_token_is_made_listed_used_and_revoked(allot, demo: str):
    """The secret is shown once and kept hashed; a revoked token is gone."""
    made = allot("token", "create", "--org", GLOBEX, "--person", "Hank.Scorpio@globex.example", "--expires", "30d",
                 "--name", "nightly", "--scopes", "spark-admin:licenses_read", "--database", demo)  # fmt: skip
    secret = made.out.strip()
    listed = allot("token", "list", "--org", "Globex Corporation", "--database", demo).out
    assert "nightly" in listed
    assert "spark-admin:licenses_read" in listed
    assert secret not in listed
    assert secret.encode() not in Path(demo.removeprefix("sqlite:///")).read_bytes()
    with Server(demo) as server:
        client = Client(server.address, secret)
        assert client.get("/v1/licenses").status_code == 200
        assert client.get("/v1/people").status_code == 403
        client.close_all()
    assert allot("token", "revoke", listed.split()[0], "--database", demo).out == f"revoked {listed.split()[0]}\n"
    assert allot("token", "list", "--database", demo).out == ""
    assert "there is no token" in allot("token", "revoke", "x", "--database", demo).err
    assert allot("check", "--database", demo).code == 0


def test_a_list_of_tokens_does_nothing_to_the_terminal(allot, demo: str):
    """What the name of a token has that cannot be printed is shown by its number."""
    hank = ("--org", GLOBEX, "--person", "hank.scorpio@globex.example")
    assert allot("token", "create", *hank, "--name", "\x1b[2Jnightly", "--database", demo).code == 0
    listed = allot("token", "list", "--database", demo).out
    assert r"  \u001b[2Jnightly  " in listed
    assert "\x1b" not in listed


def test_a_token_is_for_somebody_who_is_there(allot, demo: str):
    """Nobody gets a token who is not in the organization."""
    ran = allot("token", "create", "--org", GLOBEX, "--person", "x@y.example", "--database", demo)
    assert "has no person x@y.example" in ran.err


def test_a_rulebook_is_checked(allot, tmp_path: Path):
    """The shipped rulebook is sound; of another each fault is a line with its place."""
    counts = r"\d+ offers, 23 rules, 14 packages"
    assert re.search(rf"is a rulebook: .+, version .+, {counts}", allot("rulebook", "check").out)
    (tmp_path / "bad.toml").write_text('name = "x"\ntitle = "x"\nversion = "1"\n[[offers]]\ncode = "A"\n')
    ran = allot("rulebook", "check", "bad.toml")
    assert ran.code == 1
    assert "bad.toml, line 4, name: is missing" in ran.err


EXPLAINED = ("--person", "dmitri.volkov@example.com", "--org", ACME)


def test_explain_tells_rules_and_the_way(allot, demo: str):
    """A refused item shows every rule with its provenance, and the requests to send instead."""
    ran = allot(
        "explain", *EXPLAINED, "--add", "BCBAS", "--extension", "4999", "--location", "63715", "--database", demo
    )
    assert ran.code == 0
    assert "dmitri.volkov@example.com: 400, nothing of it would be applied" in ran.out
    assert "400404 professional-and-standard (documented: ADM error 400404)" in ran.out
    assert "Holds afterwards: Webex Calling - Professional" in ran.out
    assert "2 requests, one after the other" in ran.out
    assert "cannot be undone: number, extension and settings are lost" in ran.out


def test_explain_reads_a_request(allot, tmp_path: Path, demo: str):
    """A PATCH body is explained as it is; its organization is the one that it names."""
    site = {"siteUrl": "mysite.webex.com", "accountType": "attendee"}
    body = {"email": "ivan.horvat@example.com", "orgId": ACME, "siteUrls": [site]}
    (tmp_path / "body.json").write_text(json.dumps(body))
    ran = allot("explain", "body.json", "--database", demo)
    assert "200, all of it would be applied" in ran.out
    assert "attendee of mysite.webex.com" in ran.out
    raw = json.loads(allot("explain", "body.json", "--json", "--database", demo).out)
    assert raw["decisions"][0]["status"] == 200
    (tmp_path / "body.json").write_text("{")
    assert allot("explain", "body.json", "--database", demo).code == 1


def test_explain_finds_licenses_by_what_people_call_them(allot, demo: str):
    """A license is named by id, name or offer code; what is none or several is told."""
    by_name = allot("explain", *EXPLAINED, "--remove", "webex calling - attendant console", "--database", demo)
    assert by_name.code == 0
    assert "EE is 2 licenses; use an id" in allot("explain", *EXPLAINED, "--add", "EE", "--database", demo).err
    assert "X is no license" in allot("explain", *EXPLAINED, "--add", "X", "--database", demo).err
    foreign = "Y2lzY29zcGFyazovL3VzL0xJQ0VOU0UvMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAw"
    assert "license-not-recognized" in allot("explain", *EXPLAINED, "--add", foreign, "--database", demo).out


def test_explain_fails_where_there_is_nothing_to_decide(allot, demo: str):
    """A person who is not there is a failure, not a decision."""
    ran = allot("explain", "--person", "x@y.example", "--add", "MS", "--org", ACME, "--database", demo)
    assert ran.code == 1
    assert "The person is not known to this organization" in ran.out


def test_an_explanation_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    """What a server says that cannot be printed is shown by its number, wherever it says it."""
    odd = "\x1b[2J\x9b1m"
    site = {"siteUrl": odd, "accountType": odd, "operation": odd}
    named = {"name": odd, "operation": odd}
    rule = {"rule": odd, "provenance": odd, "source": odd, "errorCode": odd, "description": odd, "remedy": odd}
    item = named | {"accepted": False, "violations": [rule]}
    step = site | {"asked": True, "irreversible": False, "propertiesNeeded": False}
    after = {"email": odd, "licenses": [odd], "siteUrls": [site]}
    whole = {"status": odd, "items": [], "error": {"errors": [{"description": odd}]}}
    way = [{"request": {odd: odd}, "steps": [step]}]
    show({"decisions": [whole, {"status": 400, "items": [item], "after": after, "noWay": odd, "way": way}]}, {odd: odd})
    told = capsys.readouterr().out
    assert told.replace("\n", "").isprintable()
    assert told.count(r"\u001b[2J\u009b1m") > 15


def test_explain_asks_a_server(allot, demo: str):
    """With --url a server decides, with the rights of the token."""
    with Server(demo) as server:
        asked = (
            "explain",
            "--person",
            "ivan.horvat@example.com",
            "--add",
            "Advanced Messaging",
            "--url",
            server.address,
        )
        ran = allot(*asked, ALLOT_TOKEN="allot-demo-admin")
        refused = allot(*asked, "--token", "wrong")
        nowhere = allot(
            "explain", "--person", "a@b", "--add", "X", "--url", server.address + "/nowhere", "--token", "x"
        )
    assert "700003 paid-messaging-needs-free" in ran.out
    assert "add Basic Messaging  (not asked for, but needed)" in ran.out
    assert "/v1/licenses answers 401" in refused.err
    assert "answers 404" in nowhere.err


def test_a_rulebook_must_know_what_there_is(allot, tmp_path: Path, demo: str):
    """A database is not served by a rulebook that lacks offers of its licenses."""
    shipped = files("allot").joinpath("rulebooks/webex.toml").read_text(encoding="utf-8")
    (tmp_path / "other.toml").write_text(re.sub(r"\bRTT\b", "RTX", shipped), encoding="utf-8")
    ran = allot("explain", *EXPLAINED, "--add", "MS", "--rulebook", "other.toml", "--database", demo)
    assert ran.code == 1
    assert "lacks the offers RTT, of which there are licenses" in ran.err


def test_without_a_command_there_is_help(allot):
    """`allot` alone, and a group alone, show what there is and leave with 1."""
    for arguments in ((), ("token",), ("rulebook",)):
        ran = allot(*arguments)
        assert ran.code == 1
        assert "Commands:" in ran.err


@pytest.mark.parametrize(
    ("error", "code", "said"), [(KeyboardInterrupt, 130, "\nallot: stopped\n"), (BrokenPipeError, 1, "")]
)
def test_an_end_from_outside_is_quiet(
    allot, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], code: int, said: str
):
    """Ctrl+C, and a reader that has seen enough, are no faults."""

    def end(name: str) -> None:
        raise error

    monkeypatch.setattr("allot.cli.rulebooks.read_rulebook", end)
    ran = allot("rulebook", "check")
    assert (ran.code, ran.err) == (code, said)


def test_the_only_organization_needs_no_name(allot, tmp_path: Path):
    """Where there is one organization, --org is not needed; a token may run out at a time with its zone."""
    (tmp_path / "one.json").write_text(
        '{"organization": {"id": "one", "displayName": "One"}, "people": [{"email": "a@x.example"}]}'
    )
    assert allot("import", "one.json", "--database", "one.db").code == 0
    made = allot("token", "create", "--person", "a@x.example", "--expires", "2100-01-01T00:00:00+01:00",
                 "--database", "one.db")  # fmt: skip
    assert made.code == 0
    assert "runs out 2099-12-31T23:00:00" in allot("token", "list", "--database", "one.db").out
    twice = allot("import", "one.json", "--database", "one.db")
    assert twice.err == "allot: organization one is there already; import people into it from a CSV file\n"


def test_explain_takes_several_requests(allot, tmp_path: Path, demo: str):
    """A file may have several requests, each decided after the ones before it."""
    one = {"email": "ivan.horvat@example.com", "licenses": [{"id": "x"}]}
    (tmp_path / "body.json").write_text(json.dumps({"requests": [one, one]}))
    ran = allot("explain", "body.json", "--org", ACME, "--database", demo)
    assert ran.out.count("400, nothing of it would be applied") == 2


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that answers every connection alike; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_all() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=answer_all)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "does not answer in JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000, "does not answer in JSON"),
        (b"HTTP/1.1 500 X\r\nContent-Length: 100000\r\n\r\n" + b"[" * 100_000, "answers 500: [[["),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 5\r\n\r\nhello", "answers 502: hello"),
        (b"hello\r\n", "cannot be asked"),
    ],
)
def test_explain_says_what_a_strange_server_answers(allot, answer: bytes, said: str):
    """What is no allot is told in one sentence."""
    with answering(answer) as address:
        ran = allot("explain", "--person", "a@b", "--add", "X", "--url", address)
    assert ran.code == 1
    assert said in ran.err


def test_an_integration_gets_its_tokens_from_the_api(allot, demo):
    """What the command registers and authorizes is exchanged for a token that works."""
    uri = "http://127.0.0.1:6001/redirect"
    options = ("--org", ACME, "--database", demo)
    made = allot("application", "create", "--name", "Reports", "--redirect-uri", uri, *options)
    assert made.code == 0
    form = dict(line.split() for line in made.out.splitlines())
    person = ("--person", "john.andersen@example.com")
    code = allot("application", "authorize", form["client_id"], *person, *options).out.strip()
    with Server(demo) as server:
        form |= {"grant_type": "authorization_code", "code": code, "redirect_uri": uri}
        tokens = server.client(None).post("/v1/access_token", data=form).json()
        assert server.client(tokens["access_token"]).get("/v1/people/me").json()["displayName"] == "John Andersen"


def test_a_service_app_gets_its_tokens_from_the_api(allot, demo):
    """The credentials of a service app are exchanged for a token of its person."""
    person = ("--person", "john.andersen@example.com", "--org", ACME, "--database", demo)
    made = allot("application", "create", "--name", "Night job", *person)
    form = dict(line.split() for line in made.out.splitlines()) | {"grant_type": "client_credentials"}
    with Server(demo) as server:
        tokens = server.client(None).post("/v1/access_token", data=form).json()
        assert server.client(tokens["access_token"]).get("/v1/people/me").status_code == 200


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("create", "--name", "X"), "give --redirect-uri for an integration, or --person for a service app"),
        (
            ("create", "--name", "X", "--person", "a@b", "--redirect-uri", "c"),
            "give --redirect-uri for an integration, or --person for a service app",
        ),
        (("create", "--name", "X", "--person", "a@b"), "has no person a@b; import them first"),
        (("authorize", "C1", "--person", "john.andersen@example.com"), "there is no application C1"),
    ],
)
def test_an_application_that_cannot_be_is_told_why(allot, demo, words, sentence):
    """What is missing or unknown is said in one sentence."""
    told = allot("application", *words, "--org", ACME, "--database", demo)
    assert told.code != 0
    assert sentence in told.err

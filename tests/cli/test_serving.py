"""`allot serve` as a process: it starts, says so, and ends without losing anything."""

import gzip
import json
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from allot.cli.demo import TOKENS
from databases import Maker
from processes import finished
from servers import PROGRAM, SECONDS, Client, Process

JOHN = "john.andersen@example.com"
MESSAGING = {"email": "ivan.horvat@example.com"}


class Temporary(Process):
    """`allot serve --demo` with the database of its own choice."""

    def __init__(self, log: Path) -> None:
        super().__init__("", log, "--demo")
        place = self._command.index("--database")
        del self._command[place : place + 2]

    def start(self, **options: Any) -> None:
        super().start(env=os.environ | {"TMPDIR": str(self.log.parent)}, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_the_demo_is_one_command(folder: Path):
    """It answers, fits in 70 MiB, tells its tokens and a request to try, and ends with 0 leaving nothing behind."""
    with Temporary(folder / "log") as process:
        assert process.client().get("/v1/licenses").status_code == 200
        assert psutil.Process(process.popen.pid).memory_info().rss < 70 << 20
        (kept,) = folder.glob("allot-demo-*")
        assert (kept / "demo.db").exists()
        assert process.terminate() == 0
        said = process.log.read_text()
    assert not list(folder.glob("allot-demo-*"))
    assert all(known.token in said for known in TOKENS)
    assert f"curl -H 'Authorization: Bearer allot-demo-admin' {process.address}/v1/licenses" in said
    assert "Ctrl+C" in said
    assert "Traceback" not in said


def test_the_demo_tokens_are_whom_they_say(admin: Client):
    """Each demo token speaks for its person, with that person's rights."""
    answers = {known.token: admin.as_(known.token).get("/v1/licenses").status_code for known in TOKENS}
    assert answers == {
        "allot-demo-admin": 200,
        "allot-demo-readonly": 200,
        "allot-demo-user": 403,
        "allot-demo-partner": 200,
        "allot-demo-other-org": 200,
    }
    assert admin.as_("allot-demo-user").get("/v1/people/me").json()["emails"] == ["user@example.com"]
    assert admin.as_("allot-demo-readonly").patch("/v1/licenses/users", json=MESSAGING).status_code == 403


def test_a_second_start_continues(allot, folder: Path):
    """A named database is made at the first start, and kept as it was left at the second."""
    url = f"sqlite:///{folder / 'kept.db'}"
    log = folder / "log"
    with Process(url, log, "--demo") as first:
        names = {item["name"]: item["id"] for item in first.client().get("/v1/licenses").json()["items"]}
        change = {"email": JOHN, "licenses": [{"id": names["Basic Messaging"], "operation": "add"}]}
        left = first.client().patch("/v1/licenses/users", json=change).json()
        assert first.terminate() == 0
    with Process(url, log, "--demo") as second:
        again = second.client().patch("/v1/licenses/users", json=change).json()
        assert again == left
        assert second.terminate() == 0
    assert allot("check", "--database", url).out == "0 wrong, 0 warnings\n"


def test_a_database_that_is_named_is_kept(folder: Path):
    """A database that was named stays, even under the name that is the default."""
    process = Process("sqlite:///allot.db", folder / "log", "--demo")
    process.start(cwd=folder)
    assert process.terminate() == 0
    assert (folder / "allot.db").exists()


def test_the_demo_runs_on_postgresql_in_several_processes(postgres: Maker, folder: Path):
    """Two servers of one database: the first fills it, the second continues, and both see what either does."""
    url = postgres.empty()
    with (
        Process(url, folder / "one", "--demo") as one,
        Process(url, folder / "two", "--demo") as two,
    ):
        names = {item["name"]: item["id"] for item in one.client().get("/v1/licenses").json()["items"]}
        change = {"email": JOHN, "licenses": [{"id": names["Basic Messaging"], "operation": "add"}]}
        assert one.client().patch("/v1/licenses/users", json=change).status_code == 200
        again = two.client().patch("/v1/licenses/users", json=change)
        assert names["Basic Messaging"] in again.json()["licenses"]
        assert (one.terminate(), two.terminate()) == (0, 0)
    postgres.drop(url)


def test_the_demo_wants_a_database_of_its_own(folder: Path):
    """--demo never adds its tokens to a database with organizations of others."""
    (folder / "own.json").write_text('{"organization": {"id": "own", "displayName": "Own"}}')
    assert finished(folder, "import", "own.json", "--database", "own.db").returncode == 0
    ran = finished(folder, "serve", "--demo", "--database", "own.db", "--port", "0")
    assert ran.returncode == 1
    assert "own.db has organizations of its own; give --demo a database of its own" in ran.stderr


def test_without_demo_the_tokens_are_unknown(demo_sqlite_url: str, folder: Path):
    """A server that is no demo does not know the demo's tokens, and says how to make one."""
    with Process(demo_sqlite_url, folder / "log") as process:
        assert process.client().get("/v1/licenses").status_code == 401
        assert process.terminate() == 0
    assert "allot token create" in process.log.read_text()


def test_a_port_in_use_is_one_sentence(folder: Path):
    """Where somebody listens already, the sentence names the port and the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ran = finished(folder, "serve", "--demo", "--port", str(port))
    assert ran.returncode == 1
    assert ran.stderr == f"allot: port {port} is in use; stop what listens there, or take another with --port\n"
    foreign = finished(folder, "serve", "--demo", "--host", "127.0.0.256", "--port", "0")
    assert foreign.returncode == 1
    assert "--demo listens on loopback only" in foreign.stderr


def test_an_address_of_another_machine_is_one_sentence(demo_sqlite_url: str, folder: Path):
    """What is no address of this machine is told, with the remedy."""
    ran = finished(folder, "serve", "--database", demo_sqlite_url, "--host", "192.0.2.1", "--port", "0")
    assert ran.returncode == 1
    assert "192.0.2.1 is no address of this machine" in ran.stderr


def test_a_stop_finishes_what_is_accepted(process: Process):
    """Requests that are under way when the stop comes are answered, and what was answered is kept."""
    client = process.client()
    names = {item["name"]: item["id"] for item in client.get("/v1/licenses").json()["items"]}
    people = client.get("/v1/people?max=100").json()["items"]
    emails = [person["emails"][0] for person in people if names["Hybrid - Message"] not in person["licenses"]][:30]

    def ask(email: str) -> int | None:
        item = {"id": names["Hybrid - Message"], "operation": "add"}
        try:
            return process.client().patch("/v1/licenses/users", json={"email": email, "licenses": [item]}).status_code
        except OSError:
            return None  # it came too late to be accepted

    with ThreadPoolExecutor(30) as pool:
        asked = [pool.submit(ask, email) for email in emails]
        wait(asked, SECONDS, FIRST_COMPLETED)  # however slow the machine is, some are under way by now
        assert process.terminate() == 0
    answers = [each.result() for each in asked]
    accepted = sum(status == 200 for status in answers)
    assert set(answers) <= {200, 400, None}
    assert accepted > 0
    process.start()
    items = process.client().get("/v1/licenses").json()["items"]
    (kept,) = [item["consumedUnits"] for item in items if item["name"] == "Hybrid - Message"]
    assert accepted <= kept - 1 <= accepted + answers.count(None)


def test_a_body_that_never_ends_does_not_keep_it(demo_sqlite_url: str, folder: Path):
    """A client that stops in the middle of its request delays the stop by no more than the setting."""
    process = Process(demo_sqlite_url, folder / "log", "--demo", "--shutdown-seconds", "1")
    with process, socket.socket() as slow:
        slow.connect(("127.0.0.1", process.port))
        head = "PATCH /v1/licenses/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        slow.sendall(f"{head}Authorization: Bearer allot-demo-admin\r\nContent-Length: 100\r\n\r\n{{".encode())
        time.sleep(0.2)
        started = time.monotonic()
        assert process.terminate() == 0
        assert time.monotonic() - started < 8
    assert "Traceback" not in process.log.read_text()


def test_requests_are_logged_when_asked_for(demo_sqlite_url: str, folder: Path):
    """With --access-log every request is one line, without its query and its token."""
    with Process(demo_sqlite_url, folder / "log", "--demo", "--access-log") as process:
        process.client().get("/v1/licenses?orgId=hidden", headers={"TrackingID": "seen_1"})
        process.client().get("/v1/x%0Aforged")
        assert process.terminate() == 0
    said = process.log.read_text()
    assert re.search(r"INFO allot.requests: seen_1 GET /v1/licenses \d+ \d+\.\d ms 127\.0\.0\.1", said)
    assert r"GET /v1/x\nforged 404" in said
    assert "hidden" not in said
    assert "Bearer allot-demo-admin" not in said.split("Ctrl+C", 1)[1]


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OpenTelemetry collector that keeps what it is sent; its address."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()
        thread.join()


def test_requests_are_traced_when_asked_for(demo_sqlite_url: str, folder: Path):
    """With a collector, every request is a span with operation, status and tracking id, below the client's own."""
    trace = "0af7651916cd43dd8448eb211c80319c"
    with (
        collector() as (address, received),
        Process(demo_sqlite_url, folder / "log", "--demo", "--otlp-endpoint", f"{address}/v1/traces") as process,
    ):
        headers = {"TrackingID": "seen_2", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        process.client().get("/v1/licenses", headers=headers)
        assert process.terminate() == 0
    spans = [
        span
        for each in received
        for found in each.resource_spans
        for scope in found.scope_spans
        for span in scope.spans
    ]
    (span,) = [span for span in spans if span.trace_id.hex() == trace]
    told = {each.key: each.value.string_value or each.value.int_value for each in span.attributes}
    assert span.name == "GET list_licenses"
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert told["http.response.status_code"] == 200
    assert told["allot.tracking_id"] == "seen_2"
    assert told["url.path"] == "/v1/licenses"
    assert span.end_time_unix_nano > span.start_time_unix_nano
    assert "demo" not in json.dumps(told)


def test_a_collector_that_is_away_disturbs_nobody(demo_sqlite_url: str, folder: Path):
    """Without its collector, the service answers as ever and stops in time."""
    with Process(demo_sqlite_url, folder / "log", "--demo", "--otlp-endpoint", "http://127.0.0.1:1") as process:
        assert process.client().get("/v1/licenses").status_code == 200
        started = time.monotonic()
        assert process.terminate() == 0
        assert time.monotonic() - started < 15
    assert "Traceback" not in process.log.read_text()


def test_traces_need_their_extra(demo_sqlite_url: str, folder: Path):
    """Where the extra is not installed, a sentence says how to install it."""
    (folder / "opentelemetry").mkdir()
    (folder / "opentelemetry" / "__init__.py").write_text("raise ModuleNotFoundError('x', name='opentelemetry')")
    flags = ["--database", demo_sqlite_url, "--port", "0", "--otlp-endpoint", "http://127.0.0.1:1"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    command = [PROGRAM, "serve", *flags]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment, check=False)
    assert ran.returncode == 1
    assert "opentelemetry is not installed; run: pip install 'allot[otel]'" in ran.stderr

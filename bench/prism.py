"""How do our durable changes compare with the canned answers of a mock server?

Prism (`@stoplight/prism-cli`) answers Cisco's own description of the operation with its example: no person, no rule,
nothing kept. It runs with its log silent, without cross-origin headers and with the document's fixed example, once in
one process and once with its log in another; the better of the two counts. Same request, same connections, same core.
"""

import json
import shutil
import subprocess
from pathlib import Path

from bench import rounds, servers
from bench.crowd import build
from bench.options import Options
from bench.report import Report
from bench.servers import Server
from bench.traffic import changes

HERE = Path(__file__).parent
PEOPLE = 10_000
TARGET_RATIO = 3.0
#: the operation in Cisco's own words; a checkout may have it beside it or in its tests
DOCUMENTS = (
    servers.ROOT / "tests/official/official_subset.json",
    servers.ROOT.parent / "shared/official/official_subset.json",
)


def measure(options: Options) -> Report:
    """Rounds of our changes and of Prism's answers, in turn."""
    report = Report("prism", "how do durable changes compare with a mock server's canned answers?")
    with rounds.folder(options) as folder:
        document = operations(options, folder)
        url = f"sqlite:///{folder}/allot.db"
        crowds = build(url, PEOPLE)
        exchanges = changes(crowds)
        traffic = rounds.save_traffic(folder / "traffic", exchanges)
        # The document describes no base path, so Prism serves the operation at the root.
        canned = changes(crowds, path="/licenses/users")
        canned_traffic = rounds.save_traffic(folder / "canned", canned)
        with (
            servers.allot(url, folder / "allot.log", servers.SERVER_CORE) as server,
            prism(document, folder, multiprocess=False) as single,
            prism(document, folder, multiprocess=True) as double,
        ):
            server.ready(exchanges[0].request)
            mine = rounds.Contender("allot", [server], traffic, position=1)
            theirs = [
                rounds.Contender("prism, one process", [single], canned_traffic, checked=False),
                rounds.Contender("prism, log in another process", [double], canned_traffic, checked=False),
            ]
            for each in (single, double):
                each.ready(canned[0].request)
            report.raw = rounds.take_turns([mine, *theirs], options)
    best = max(theirs, key=lambda each: each.rate)
    report.least("changes in canned answers", rounds.ratio(mine, best), "", TARGET_RATIO)
    report.tell("changes, 64 connections", mine.rate, "/s")
    for each in theirs:
        report.tell(each.name, each.rate, "/s")
    report.tell("p99 of ours", mine.latency("p99"), "ms")
    report.tell("p99 of Prism's", best.latency("p99"), "ms")
    return report


def prism(document: Path, folder: Path, *, multiprocess: bool) -> Server:
    """Prism on a free port, as fast as its flags make it."""
    port = servers.free_port()
    flags = ["--verboseLevel", "silent", "--cors", "false", "--dynamic", "false", "--errors", "false"]
    flags += ["--multiprocess", str(multiprocess).lower(), "--host", servers.HOST, "--port", str(port)]
    command = ["node", str(installed()), "mock", *flags, str(document)]
    return Server(command, port, folder / f"prism-{port}.log", servers.SERVER_CORE, NODE_ENV="production")


def installed() -> Path:
    """Prism's program, installed from the lock file where it is missing."""
    program = HERE / "node_modules/@stoplight/prism-cli/dist/index.js"
    if not program.exists():
        npm = shutil.which("npm")
        assert npm is not None, "npm is needed to install Prism, of Node.js"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True)
    return program


def operations(options: Options, folder: Path) -> Path:
    """Cisco's description of the licenses API as a file of its own, for Prism to read."""
    candidates = [options.document] if options.document else [path for path in DOCUMENTS if path.exists()]
    assert candidates, f"no OpenAPI document; name one with --document, or put it at {DOCUMENTS[0]}"
    text = json.loads(candidates[0].read_text())
    path = folder / "licenses.json"
    path.write_text(json.dumps(text.get("admin", text)))
    return path

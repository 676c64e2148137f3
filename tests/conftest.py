"""What holds for all runs of tests; their fixtures are in `shared_fixtures.py`."""

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from allot.bulk.memories import without_collector

CORE = Path(__file__).resolve().parent / "core"
#: a file system in memory, and how many bytes of it must be free for all tests
MEMORY, BYTES_FREE = Path("/dev", "shm"), 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """What is temporary is in memory where there is room: no test waits for a disk, and none tests one."""
    # Core is tested without databases and servers, in less time than it takes to import them.
    if not all(Path(each.partition("::")[0]).resolve().is_relative_to(CORE) for each in config.args):
        config.pluginmanager.import_plugin("shared_fixtures")
    # A shell lets what it starts in the background ignore Ctrl-C, and all that is started by it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > BYTES_FREE:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: to look for garbage in it takes half the time of collecting, and then time of tests."""
    with without_collector():
        result = yield
    gc.freeze()
    # Tests leave hardly more cycles behind than servers do, see `cli/serving.py`.
    gc.set_threshold(100_000, 50, 50)
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test is marked with the kinds of databases that it needs."""
    for item in items:
        asked = [*getattr(item, "fixturenames", ()), *getattr(getattr(item, "callspec", None), "params", {}).values()]
        named = {each for each in asked if isinstance(each, str)}
        for kind in named & {"sqlite", "postgres"}:
            item.add_marker(kind)


COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Shows a sentence at the end of the run, below the name of the test."""
    told = request.config.stash.setdefault(COUNTS, [])
    return lambda sentence: told.append(f"{request.node.name}: {sentence}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests run in several processes, each hands over what its tests have counted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["counted"] = session.config.stash.get(COUNTS, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of the processes has counted."""
    node.config.stash.setdefault(COUNTS, []).extend(getattr(node, "workeroutput", {}).get("counted", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What the tests have counted."""
    told = config.stash.get(COUNTS, [])
    if told:
        terminalreporter.section("counted")
        for line in told:
            terminalreporter.line(line)

"""Twins as servers: a process of its own serves a twin from a temporary folder, and both go when they are done with.

    python -m allot.cli.twins FOLDER

imports `FOLDER/organization.json` by the rules of `FOLDER/rulebook.toml`, prints one line of JSON (`Serving`) when it
listens, and serves until its input ends. That is how it is stopped, and it also ends when the process that started it
is killed, however hard. Then it removes the folder: whoever is killed cannot.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click
import msgspec

from allot.bulk.applied.twins import ADMINISTRATOR, Twin, TwinFault
from allot.cli import serving
from allot.cli.databases import migrate, open_database
from allot.cli.rulebooks import read_rulebook
from allot.core.rulebook import RulebookError
from allot.core.scope import SCOPES
from allot.service import clocks, grants, imports, writes
from allot.service.context import Context
from allot.service.settings import Settings
from allot.store.database import StoreError

T = TypeVar("T")

# How long the process may take to stop before it is killed.
STOP_SECONDS = 10
# Lines that it wrote last, for the sentence about its end.
LINES_KEPT = 20


class Serving(msgspec.Struct):
    """Where a twin is served, and the token of its administrator, who may everything."""

    address: str
    token: str


class _Said:
    """What the process wrote last, for the sentence about its end."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        #: whether it could not write a change: it would be asked again and again, in vain
        self.unwritten = asyncio.Event()

    async def listen(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text)
            if writes.UNWRITTEN in text:
                self.unwritten.set()

    def shown(self) -> str:
        return "".join(f"\n  {line}" for line in self._lines)


class Served:
    """A twin that is served."""

    def __init__(self, folder: Path, serving: Serving, process: asyncio.subprocess.Process, said: _Said) -> None:
        #: for what is needed as long as the twin is
        self.folder = folder
        self.address = f"{serving.address}/v1"
        self.token = serving.token
        self._process = process
        self._said = said

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that needs it. Raises TwinFault when the process ends before, or cannot write."""
        working, ended = asyncio.create_task(work), asyncio.create_task(self._process.wait())
        full = asyncio.create_task(self._said.unwritten.wait())
        tasks = working, ended, full
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise TwinFault(_end(ended.result(), self._said))
            if full.done():
                raise TwinFault(_room(self.folder, "as it says") + self._said.shown())
            return working.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


@asynccontextmanager
async def served(twin: Twin, rulebook: str) -> AsyncIterator[Served]:
    """Serve a twin; `rulebook` is the text of the one that it goes by.

    At the end nothing is left: no process, no folder. Raises TwinFault when the twin cannot be served.
    """
    folder = Path(tempfile.mkdtemp(prefix="allot-twin-"))
    try:
        try:
            (folder / "organization.json").write_bytes(twin.document)
            (folder / "rulebook.toml").write_text(rulebook + twin.offers, encoding="utf-8")
        except OSError as error:
            raise TwinFault(_room(folder, str(error.strerror))) from error
        async with _process(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _process(folder: Path) -> AsyncIterator[Served]:
    # A session of its own: Ctrl+C is for the command, which then stops the twin.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "allot.cli.twins", str(folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said = _Said()
    listening = asyncio.create_task(said.listen(process.stderr))
    try:
        line = await process.stdout.readline()
        if not line:
            code = await process.wait()
            await listening
            raise TwinFault(_end(code, said))
        yield Served(folder, msgspec.json.decode(line, type=Serving), process, said)
    finally:
        process.stdin.close()
        await _stop(process)
        await listening


async def _stop(process: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _room(folder: Path, why: str) -> str:
    """The sentence about a twin that cannot be written."""
    what = f"the twin cannot be written to {folder.parent} ({why})"
    return f"{what}; make room there when it is full, or name another folder with TMPDIR"


def _end(code: int, said: _Said) -> str:
    """The sentence about a process that ended by itself."""
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with the exit code {code}"
    return f"the twin {how}; rehearse again" + said.shown()


# ---------------------------------------------------------------- the process itself


def serve(folder: Path) -> None:
    """Import and serve the twin of a folder until the input ends, then remove the folder."""
    try:
        signal.signal(signal.SIGTERM, _leave)
        threading.Thread(target=_watch_input, daemon=True).start()
        settings = Settings(
            database=f"sqlite:///{folder / 'twin.db'}",
            port=0,
            rulebook=str(folder / "rulebook.toml"),
            log_level="error",
            shutdown_seconds=1,
            worker=False,
        )
        migrate(settings.database)
        serving.log_to_stderr(settings.log_level)
        token = asyncio.run(_fill(settings, (folder / "organization.json").read_text(encoding="utf-8")))
        serving.run(settings, demo=False, ready=lambda address: _say(Serving(address, token)))
    except (imports.ImportFault, RulebookError, StoreError) as fault:
        click.echo(_room(folder, str(fault)) if isinstance(fault, StoreError) else fault, err=True)
        raise SystemExit(1) from fault
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        shutil.rmtree(folder, ignore_errors=True)


def _watch_input() -> None:
    while os.read(0, 1024):
        pass
    while True:  # while the server starts it does not listen to signals for a moment
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.5)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


def _say(serving: Serving) -> None:
    click.echo(msgspec.json.encode(serving))


async def _fill(settings: Settings, document: str) -> str:
    """Import a document of one organization; a token of its administrator."""
    rulebook = read_rulebook(settings.rulebook)
    [new] = imports.read_document(document, rulebook)
    database = await open_database(settings.database)
    try:
        async with database.writing() as writing:
            context = Context(rulebook, await clocks.of(writing))
            await imports.save(writing, context, [new])
            granting = grants.Granting(new.org_id, ADMINISTRATOR, "rehearsal", frozenset(SCOPES))
            return await grants.grant(writing, context, granting)
    finally:
        await database.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))

"""Commands of allot as processes of their own, which can be killed, stopped for a while, and started again."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from servers import PROGRAM, SECONDS


def need(program: str) -> None:
    """Skip the test where a program is not installed."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")


def finished(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`allot` with these arguments in a folder, once it has ended; what goes on although it should not is given up."""
    command = [PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)


class Program:
    """A command that runs until it is told not to, and says when it is ready; a context manager."""

    def __init__(self, command: Sequence[str], log: Path, says: str) -> None:
        self.command = list(command)
        self.log = log
        self._says = re.compile(says)
        #: what it said
        self.said: re.Match[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.popen.poll() is None:
            self.proceed()
            self.terminate()

    def start(self, **options: Any) -> None:
        """Start it and wait until it is ready; `options` are those of Popen."""
        self.log.write_bytes(b"")
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)
        deadline = time.monotonic() + SECONDS
        while (said := self._says.search(self.log.read_text(errors="replace"))) is None:
            if self.popen.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{' '.join(self.command)} is not ready:\n{self.log.read_text()}")
            time.sleep(0.01)
        self.said = said

    def kill(self) -> None:
        """End it as a power cut would."""
        self.popen.kill()
        self.popen.wait(SECONDS)

    def halt(self) -> None:
        """Let it stand still, as a machine does whose memory is swapped out."""
        self.popen.send_signal(signal.SIGSTOP)

    def proceed(self) -> None:
        """Let it go on."""
        self.popen.send_signal(signal.SIGCONT)

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def worker_process(url: str, log: Path, *flags: str, within: Sequence[str] = ()) -> Program:
    """`allot worker`; `within` is a command that runs another one, as in a namespace."""
    return Program([*within, PROGRAM, "worker", "--database", url, *flags], log, r"worker {4}(\S+)")

"""Fixtures for commands: run as a user would, in a folder of their own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from allot.cli.main import run


@dataclass
class Ran:
    """What a command left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def allot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `allot` with these arguments in an empty folder; names given are environment variables."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, **environment: str) -> Ran:
        with monkeypatch.context() as patch:
            set_all(patch, environment)
            code = run(arguments)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return call


def set_all(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        patch.setenv(name, value)

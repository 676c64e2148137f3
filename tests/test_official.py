"""Cisco's own OpenAPI texts: an independent judge holds every license and every wholesale operation against them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from servers import ADMIN, Process
from wholesale import TOKEN

JUDGE = Path(__file__).parents[2] / "shared" / "judges" / "judge_official.py"
SECONDS = 300
#: what it asks about each part; a judge that asks less has left something out
QUESTIONS = {"licenses": 21, "wholesale": 56}


@pytest.mark.skipif(not JUDGE.exists(), reason=f"the judge is not here: {JUDGE}")
def test_every_operation_fits_the_official_text(process: Process, counted: Callable[[str], None]):
    """The judge passes everything that it asks about licenses and about wholesale, and leaves nothing out."""
    judged = subprocess.run(
        [sys.executable, str(JUDGE), process.address, ADMIN],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=os.environ | {"WHOLESALE_TOKEN": TOKEN, "ONLY": ""},
        check=False,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    for part, questions in QUESTIONS.items():
        assert judged.stdout.count(f"PASS  [{part}]") >= questions
    assert "SKIP" not in judged.stdout
    counted(judged.stdout.splitlines()[-1])

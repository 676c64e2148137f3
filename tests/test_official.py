"""Cisco's own OpenAPI texts: an independent judge holds every licence operation against them."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from servers import ADMIN, Process

JUDGE = Path(__file__).parents[2] / "shared" / "judges" / "judge_official.py"
SECONDS = 300


@pytest.mark.skipif(not JUDGE.exists(), reason=f"the judge is not here: {JUDGE}")
def test_every_license_operation_fits_the_official_text(process: Process, counted: Callable[[str], None]):
    """The judge passes everything that it asks about licenses."""
    judged = subprocess.run(
        [sys.executable, str(JUDGE), process.address, ADMIN],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=os.environ | {"ONLY": "licenses"},
        check=False,
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
    counted(judged.stdout.splitlines()[-1])
    assert "SKIP" not in judged.stdout

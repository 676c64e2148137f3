"""Fuzzing: Schemathesis makes requests from our own OpenAPI documents, with every check on."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import wrongs
from servers import ADMIN, Process

PROGRAM = str(Path(sys.executable).parent / "schemathesis")
PARTNER = "allot-demo-partner"
EXAMPLES, SECONDS = 25, 480
#: Rules that a schema cannot say (one of two members, ids that exist) are answered with 400 as well.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 401, 403, 404, 409, 429]
"""


@pytest.mark.long
@pytest.mark.parametrize(("plane", "token"), [("webex", ADMIN), ("webex", PARTNER), ("allot", ADMIN)])
def test_no_request_breaks_the_server(
    process: Process, plane: str, token: str, tmp_path: Path, counted: Callable[[str], None]
):
    """No 5xx, no status or body that the document does not have, whatever is sent; and the data stays sound."""
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [PROGRAM, "run", f"{process.address}/allot/v1/openapi/{plane}.json"]
    command += ["--origin", process.address, "--header", f"Authorization: Bearer {token}"]
    command += ["--checks", "all", "--max-examples", str(EXAMPLES), "--continue-on-failure"]
    command += ["--no-color", "--generation-database", "none"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Traceback" not in process.log.read_text()
    assert wrongs(process.url) == []
    cases = re.search(r"Test cases:\n\s*(.*)", ran.stdout)
    assert cases is not None
    counted(cases[1])

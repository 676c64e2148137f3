"""The pictures of the documentation are made by a script, which walks through the console as a reader would."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_script_makes_every_picture(tmp_path: Path):
    """The script finds all that it looks for, and makes just the pictures that there are."""
    subprocess.run([sys.executable, DOCS / "pictures.py", tmp_path], check=True, timeout=300)
    made = {path.name for path in tmp_path.iterdir() if path.stat().st_size > 5_000}
    assert made == {path.name for path in (DOCS / "pictures").iterdir()}

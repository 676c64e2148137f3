"""The browser that tests use: Debian's Chromium, or the one that the variable CHROMIUM names."""

import os
import shutil

# Nothing is asked of other machines.
FLAGS = ("--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync")
NAMES = ("chromium", "chromium-browser", "google-chrome")


def executable() -> str:
    """Where the browser is."""
    found = os.environ.get("CHROMIUM") or next((path for path in map(shutil.which, NAMES) if path), "")
    assert found, "no browser: install Debian's chromium, or name one by the variable CHROMIUM"
    return found

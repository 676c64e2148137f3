"""Writes the pages of the reference that are made from the source; with --check, tells which are out of date.

Run it after a change to a setting, a command, an operation, an error, the rulebook, the import document or
docs/fidelity/: `.venv/bin/python docs/generate.py`.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from generating import clients, fidelity, imports, operations, rules

DOCS = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py; changes by hand are lost. -->"

#: page -> what makes it
PAGES: dict[str, Callable[[], str]] = {
    "reference/settings.md": clients.settings,
    "reference/cli.md": clients.commands,
    "reference/operations.md": operations.operations,
    "reference/plane.md": operations.plane,
    "reference/errors.md": rules.errors,
    "reference/rulebook.md": rules.rulebook,
    "reference/import.md": imports.page,
    "reference/fidelity.md": fidelity.licenses,
    "reference/fidelity-wholesale.md": fidelity.wholesale,
}


def page(name: str) -> str:
    """A page as it should be."""
    return f"{MADE}\n\n{PAGES[name]().strip()}\n"


def outdated() -> list[str]:
    """The pages that are not as they should be."""
    return [
        name for name in PAGES if not (DOCS / name).exists() or (DOCS / name).read_text(encoding="utf-8") != page(name)
    ]


def main() -> int:
    """Write what is out of date, or with --check only tell."""
    found = outdated()
    for name in found:
        if "--check" in sys.argv[1:]:
            print(f"docs/{name} is out of date; run docs/generate.py")
        else:
            (DOCS / name).parent.mkdir(exist_ok=True)
            (DOCS / name).write_text(page(name), encoding="utf-8")
            print(f"wrote docs/{name}")
    return 1 if found and "--check" in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())

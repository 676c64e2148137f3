"""Decides and carries out Webex license changes. `plan` and `decide` load what they need when they are first named."""

import importlib

__all__ = ["decide", "plan"]


def __getattr__(name: str) -> object:
    """Load what is offered to programs when it is named: `import allot` alone stays quick."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module("allot.cli.library"), name)
    return found

"""Loops: what works in the background goes on, whatever becomes of one of its turns."""

import logging
from collections.abc import Awaitable
from typing import TypeVar

from allot.store.database import StoreError

T = TypeVar("T")


async def attempt(turn: Awaitable[T], log: logging.Logger, failed: str) -> T | None:
    """What a turn gave; None when it failed: the log tells of it, and the next turn is another attempt."""
    try:
        return await turn
    except StoreError as error:  # the database is away, and this says all that is known
        log.error("%s: %s", failed, error)
    except Exception:
        log.exception("%s", failed)
    return None

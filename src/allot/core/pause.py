"""A pause between two attempts: longer each time, and spread so that what failed together does not come back together.

The spread follows from a name, not from chance: the same attempt always waits as long.
"""

import zlib


def spread(name: str) -> float:
    """A number from 0 up to 1 that is always the same for a name, and another one for most others."""
    return zlib.crc32(name.encode()) / 2**32


def pause(name: str, attempt: int, first: float, longest: float) -> float:
    """How long to wait after an attempt, counted from 1, in the unit of `first` and `longest`.

    `first` is doubled with each attempt, up to `longest`; half of that at least is waited.
    """
    whole: float = min(longest, first * 2 ** (attempt - 1))
    return whole / 2 + spread(f"{name}/{attempt}") * whole / 2

"""What every question can be told on the command line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How thoroughly to measure, and where the databases go."""

    #: repeats of every measurement; the median counts
    rounds: int = 5
    #: length of one measured part
    seconds: float = 4.0
    #: where temporary folders are made; it decides which disk is measured
    folder: Path | None = None
    #: a PostgreSQL database to use instead of one started for the purpose
    postgres: str | None = None
    #: the OpenAPI document with Cisco's operation
    document: Path | None = None

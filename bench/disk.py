"""The yardstick of durability: how long the disk takes to keep 4 KiB appended to a file."""

import os
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

import psutil

BLOCK = b"\0" * 4096


def sync_times(folder: Path, count: int = 200) -> list[float]:
    """Milliseconds of single fdatasync calls, each after an append, in this folder."""
    path = folder / "sync-yardstick"
    times = []
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        for _ in range(count):
            os.write(file, BLOCK)
            began = perf_counter()
            os.fdatasync(file)
            times.append((perf_counter() - began) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return times


def sync_median(folder: Path, count: int = 200) -> float:
    """The median of `sync_times`."""
    return statistics.median(sync_times(folder, count))


def kind(folder: Path | None) -> str:
    """The file system that holds the databases: figures from memory (tmpfs) say nothing about durability."""
    place = (folder or Path(tempfile.gettempdir())).resolve()
    mounts = {Path(part.mountpoint): part.fstype for part in psutil.disk_partitions(all=True)}
    return next(mounts[parent] for parent in (place, *place.parents) if parent in mounts)

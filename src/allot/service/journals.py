"""Journals: what was asked for in an organization, by whom, and what became of it, newest first."""

from allot.core.journal import Entry, Search
from allot.store import journal as store
from allot.store.database import Reading

# Entries that one page looks through for those that are asked for: some milliseconds.
SCANNED_MAX = 10_000
# Writers number entries in their order, but read the clock a moment before.
LATE = 1_000


async def page(
    reading: Reading, org_id: str, search: Search, below: int | None, limit: int
) -> tuple[list[Entry], int | None]:
    """One page of entries before number `below`, or the newest; and where the next page begins, None at the end.

    A page looks through a bounded number of entries, so that it may be short or empty before the end.
    """
    numbers = await _numbers(reading, org_id, search, below)
    start = numbers.start
    if search.tracking_id is not None:
        tracked = await store.tracked(reading, org_id, search.tracking_id, numbers, SCANNED_MAX)
        if len(tracked) == SCANNED_MAX:
            start = tracked[-1]
        found = await store.find_tracked(reading, org_id, search, tracked, limit + 1)
    else:
        if search.target_id or search.actor_id or search.actions:
            start = max(start, numbers.stop - SCANNED_MAX)
        found = await store.find(reading, org_id, search, range(start, numbers.stop), limit + 1)
    if len(found) > limit:
        return found[:limit], found[limit - 1].number
    return found, start if start > numbers.start else None


async def entry(reading: Reading, org_id: str, number: int) -> Entry | None:
    """One entry, or None."""
    found = await store.find(reading, org_id, Search(), range(number, number + 1), 1)
    return found[0] if found else None


async def _numbers(reading: Reading, org_id: str, search: Search, below: int | None) -> range:
    """The numbers among which the entries are: times grow with them, nearly."""
    start, stop = 1, await store.count(reading, org_id) + 1
    last = stop
    if search.since is not None:
        start = max(1, await _first_since(reading, org_id, search.since, last) - LATE)
    if search.until is not None:
        stop = min(last, await _first_since(reading, org_id, search.until, last) + LATE)
    return range(start, max(start, stop if below is None else min(stop, below)))


async def _first_since(reading: Reading, org_id: str, time: str, last: int) -> int:
    """The number of the first entry that is not before a time, found by halving; `last` when all are."""
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        if await store.at(reading, org_id, middle) < time:
            low = middle + 1
        else:
            high = middle
    return low

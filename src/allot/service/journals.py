"""Journals: what was asked for in an organization, by whom, and what became of it, newest first."""

import asyncio

from allot.core.journal import Change, Entry, Search
from allot.store import journal as store
from allot.store.database import Reading

# Entries that one page looks through for those that are asked for: less than a tenth of a second.
SCANNED_MAX = 100_000
# Entries that one statement looks through, which takes a few milliseconds; then others have their turn.
PIECE = 4_000
# The same for the history of a license, where what an entry tells is read.
OF_LICENSE_MAX = 25_000
OF_LICENSE_PIECE = 2_000
# Entries that may have a tracking id and are looked at in one page: only some have the hash of it.
TRACKED_MAX = 10_000
# Writers number entries in their order, but read the clock a moment before.
LATE = 1_000


async def page(
    reading: Reading, org_id: str, search: Search, below: int | None, limit: int
) -> tuple[list[Entry], int | None]:
    """One page of entries before number `below`, or the newest; and where the next page begins, None at the end.

    A page looks through a bounded number of entries, so that it may be short or empty before the end.
    """
    numbers = await _numbers(reading, org_id, search, below)
    if search.tracking_id is None:
        return await _scan(reading, org_id, search, numbers, limit)
    start = numbers.start
    tracked = await store.tracked(reading, org_id, search.tracking_id, numbers, TRACKED_MAX)
    if len(tracked) == TRACKED_MAX:
        start = tracked[-1]
    found = await store.find_tracked(reading, org_id, search, tracked, limit + 1)
    if len(found) > limit:
        return found[:limit], found[limit - 1].number
    return found, start if start > numbers.start else None


async def of_license(
    reading: Reading, org_id: str, license: int, below: int | None, limit: int
) -> tuple[list[Change], int | None]:
    """One page of who got a license (its number) and who has it no more; as `page`, it may be short before the end."""
    numbers = await _numbers(reading, org_id, Search(), below)
    found: list[Change] = []
    for piece in _pieces(numbers, OF_LICENSE_MAX, OF_LICENSE_PIECE):
        found += await store.of_license(reading, org_id, license, piece)
        if len(found) > limit:
            return found[:limit], found[limit - 1].number
        await asyncio.sleep(0)
    return found, _rest(numbers, OF_LICENSE_MAX)


async def since(reading: Reading, org_id: str, person_id: str, number: int, limit: int) -> list[Entry]:
    """The newest entries about a person after an entry, so many at most and newest first: what changed meanwhile."""
    numbers = range(number + 1, await store.count(reading, org_id) + 1)
    found, _ = await _scan(reading, org_id, Search(target_id=person_id), numbers, limit)
    return found


async def last(reading: Reading, org_id: str) -> int:
    """The number of the last entry, 0 when there is none: with it somebody remembers what they have seen."""
    return await store.count(reading, org_id)


async def entry(reading: Reading, org_id: str, number: int) -> Entry | None:
    """One entry, or None."""
    found = await store.find(reading, org_id, Search(), range(number, number + 1), 1)
    return found[0] if found else None


async def _scan(
    reading: Reading, org_id: str, search: Search, numbers: range, limit: int
) -> tuple[list[Entry], int | None]:
    """The newest entries of these numbers that are looked for, and where to go on."""
    if not (search.target_id or search.actor_id or search.actions):
        # Every entry is one, or few are not: as many are read as are shown.
        found = await store.find(reading, org_id, search, numbers, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else None
    found = []
    for piece in _pieces(numbers, SCANNED_MAX, PIECE):
        found += await store.find(reading, org_id, search, piece, limit + 1 - len(found))
        if len(found) > limit:
            return found[:limit], found[limit - 1].number
        await asyncio.sleep(0)
    return found, _rest(numbers, SCANNED_MAX)


def _pieces(numbers: range, most: int, piece: int) -> list[range]:
    """What one page looks through of these numbers, the newest first."""
    first = max(numbers.start, numbers.stop - most)
    return [range(max(first, stop - piece), stop) for stop in range(numbers.stop, first, -piece)]


def _rest(numbers: range, most: int) -> int | None:
    """Where the next page begins after one that looked through all that it may."""
    first = numbers.stop - most
    return first if first > numbers.start else None


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

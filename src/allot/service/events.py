"""Events: reading them from a partner's journal, and how many may follow them at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from allot.core.event import Event, Place, events_of
from allot.core.failure import Failure, Kind
from allot.store import journal
from allot.store.database import Reading

# Entries that one look reads: some milliseconds, and some hundred KiB at most.
ENTRIES_MAX = 200
# Streams that are open at once: of one token, and of all in one process. Each looks into the journal by itself.
STREAMS_OF_TOKEN_MAX = 8
STREAMS_MAX = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a partner's events are wanted; empty stands for all."""

    org_id: str
    customer_id: str = ""
    types: Sequence[str] = ()

    def has(self, event: Event) -> bool:
        """Whether an event is wanted."""
        return (not self.customer_id or event.customer_id == self.customer_id) and (
            not self.types or event.type in self.types
        )


async def place_now(reading: Reading, org_id: str) -> Place:
    """The place after everything that has happened to a partner so far."""
    return Place(await journal.count(reading, org_id))


async def after(reading: Reading, wanted: Wanted, place: Place) -> tuple[list[Event], Place, bool]:
    """The next wanted events after a place, oldest first; the place that was come to, and whether there is more."""
    # Of an entry whose events have been seen in part the rest is read as well.
    before = place.entry if place == Place(place.entry) else place.entry - 1
    entries = await journal.after(reading, wanted.org_id, before, ENTRIES_MAX)
    found = [event for entry in entries for event in events_of(entry) if event.place > place and wanted.has(event)]
    return found, Place(entries[-1].number) if entries else place, len(entries) == ENTRIES_MAX


class Streams:
    """The streams of events that are open in this process."""

    def __init__(self) -> None:
        self._of_token: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """How many there are."""
        return self._of_token.total()

    @contextmanager
    def opened(self, token_key: str) -> Iterator[None]:
        """Count one while its block runs. Raises Failure when there are too many."""
        if self._of_token[token_key] >= STREAMS_OF_TOKEN_MAX:
            told = f"A token may have {STREAMS_OF_TOKEN_MAX} streams of events open at once. Close one of them first"
            raise Failure(Kind.TOO_MANY, "Too many streams", (told,), 1)
        if self.open >= STREAMS_MAX:
            told = f"{STREAMS_MAX} streams of events are open already. Try again later"
            raise Failure(Kind.UNAVAILABLE, "Too many streams", (told,), 5)
        self._of_token[token_key] += 1
        try:
            yield
        finally:
            self._of_token[token_key] -= 1
            if not self._of_token[token_key]:
                del self._of_token[token_key]

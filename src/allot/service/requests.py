"""Requests: those that this process has answered last, to look at.

They are in this process's memory and nowhere else: they are gone when it ends, and other processes have their own.
What lasts is the journal. Tokens are never among what is kept, nor bodies that hold secrets.

To keep one takes a few microseconds: whatever can be told from it is made when somebody looks.
"""

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from allot.core.call import Call
from allot.core.fault import Fault
from allot.service.bells import Gong

# A longer body is not kept, only its size; PATCH /licenses/users with 200 items has 60 KiB at most.
BODY_BYTES_MAX = 1 << 16
# What bodies and answers may take together, however many requests are kept.
BYTES_MAX = 1 << 22

#: tells from body and query of a request the members that were never read
Reader = Callable[[bytes, str], list[str]]


def _all_read(_body: bytes, _query: str) -> list[str]:
    return []


class About(NamedTuple):
    """What an operation tells of a request: the person that it is about, and what was refused by which rule."""

    person_id: str
    email: str = ""
    faults: Sequence[Fault] = ()


NOTHING_TOLD = About("")


@dataclass(slots=True, eq=False)
class Seen:
    """One request, from its arrival to its answer."""

    #: of the operation; empty for a path or method that is none
    operation: str
    method: str
    path: str
    #: of nobody where it is not known whose token it was
    call: Call
    #: by the service's clock
    began: datetime
    reader: Reader = _all_read
    #: as it was sent; empty where it may hold secrets
    query: str = ""
    #: None when there was none, when it was too long, or when it may hold secrets
    body: bytes | None = None
    #: bytes of the body that were read, and their media type
    size: int = 0
    media: str = ""
    status: int = 0
    #: from its arrival until the answer began
    seconds: float = 0.0
    #: the body of an answer that is an error; nothing when it was longer than what is kept
    answer: bytes = b""
    about: About = NOTHING_TOLD
    #: counts the requests of this process from 1
    number: int = 0
    #: bytes that it keeps, the small ones aside
    weight: int = 0

    @property
    def milliseconds(self) -> float:
        """How long the answer took."""
        return round(self.seconds * 1000, 1)

    @property
    def rules(self) -> list[str]:
        """The ids of the rules that refused something."""
        return [fault.rule.id for fault in self.about.faults]

    def unread(self) -> list[str]:
        """The members of body and query that were sent and never read, each with its place."""
        return self.reader(self.body or b"", self.query)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests are wanted: those made with tokens of one organization. What is empty does not matter."""

    org_id: str
    #: also those of nobody who is known: without a token that is valid, or of no path that there is
    nobody: bool = False
    #: how the status begins: 4 for all of 400 to 499
    status: str = ""
    method: str = ""
    #: a part of the path
    path: str = ""
    #: an id, or a part of an email address, of whom the request is about or of whose token it was
    person: str = ""
    #: the id of a rule that refused something, or its code
    rule: str = ""
    #: how the tracking id begins
    tracking_id: str = ""

    def may_see(self, seen: Seen) -> bool:
        """Whether a request is this organization's to see."""
        return org_id == self.org_id if (org_id := seen.call.caller.org_id) else self.nobody

    def has(self, seen: Seen) -> bool:
        """Whether a request is wanted."""
        return (
            self.may_see(seen)
            and str(seen.status).startswith(self.status)
            and (not self.method or seen.method == self.method)
            and self.path in seen.path
            and seen.call.tracking_id.startswith(self.tracking_id)
            and (not self.person or self._has_person(seen))
            and (not self.rule or any(self.rule in (each.rule.id, str(each.code)) for each in seen.about.faults))
        )

    def _has_person(self, seen: Seen) -> bool:
        person = self.person.lower()
        actor = seen.call.caller
        ids, emails = (seen.about.person_id, actor.person_id), (seen.about.email, actor.email)
        return person in ids or any(person in email.lower() for email in emails)


class Requests(Gong):
    """The newest requests, so and so many; the oldest are forgotten first. With 0, none are kept. Rung for each."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self._kept: deque[Seen] = deque()
        self._bytes = 0
        #: number of the last one
        self.newest = 0
        #: tells the numbers of this process from those of others
        self.process = secrets.token_hex(4)

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, seen: Seen) -> None:
        """Keep one that is answered."""
        if self._most <= 0:
            return
        kept = self._kept
        self.newest = seen.number = self.newest + 1
        seen.weight = len(seen.path) + len(seen.query) + len(seen.answer) + len(seen.body or b"")
        for fault in seen.about.faults:
            seen.weight += len(fault.description)
        self._bytes += seen.weight
        kept.append(seen)
        while len(kept) > self._most or self._bytes > BYTES_MAX:
            self._bytes -= kept.popleft().weight
        self.ring()

    def page(self, wanted: Wanted, below: int | None, limit: int) -> tuple[list[Seen], int | None]:
        """The newest of them below a number, newest first, and below which number the next page begins, if any."""
        found: list[Seen] = []
        for seen in reversed(self._kept):
            if (below is None or seen.number < below) and wanted.has(seen):
                if len(found) == limit:
                    return found, found[-1].number
                found.append(seen)
        return found, None

    def find(self, wanted: Wanted, number: int) -> Seen | None:
        """The one of this number, where it is the organization's to see and not forgotten."""
        place = number - self._oldest
        seen = self._kept[place] if 0 <= place < len(self._kept) else None
        return seen if seen is not None and wanted.may_see(seen) else None

    def after(self, wanted: Wanted, number: int, most: int) -> tuple[list[Seen], bool]:
        """Those after a number among the newest `most`, oldest first; and whether any after it are not among these.

        A number that was not reached yet is of a process that ended: what this one has follows it.
        """
        ended = number > self.newest
        first = max(0 if ended else number, self.newest - most, self._oldest - 1)
        # Who follows is near the end.
        newer = [seen for seen in islice(reversed(self._kept), self.newest - first) if wanted.has(seen)]
        return newer[::-1], ended or first > number

    @property
    def _oldest(self) -> int:
        """Number of the oldest that is kept; of the next one when none is."""
        return self.newest - len(self._kept) + 1

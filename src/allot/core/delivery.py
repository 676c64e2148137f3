"""A delivery: one event on its way to one webhook, and what becomes of it."""

from dataclasses import dataclass
from enum import Enum

from allot.core import pause as pauses

#: attempts until a delivery is given up: with the pauses between them, about a day
ATTEMPTS_MAX = 20
# Between attempts: doubled each time, and spread so that what failed together does not come back together.
PAUSE_MILLISECONDS = 5_000
PAUSE_MILLISECONDS_MAX = 3 * 60 * 60 * 1000
#: of the reason why an attempt failed
FAULT_CHARACTERS_MAX = 200
GONE = 410


class Verdict(Enum):
    """What becomes of a delivery after an attempt."""

    #: the webhook has taken it
    TAKEN = "taken"
    #: it is tried again later
    AGAIN = "again"
    #: it was tried often enough
    DEAD = "dead"
    #: the webhook does not want anything any more
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery; `event` says which one of its journal entry it is."""

    org_id: str
    webhook_id: str
    entry: int
    event: int
    customer_id: str
    attempts: int
    body: str

    @property
    def id(self) -> str:
        """That of its event."""
        return f"{self.entry}.{self.event}"

    @property
    def webhook(self) -> tuple[str, str]:
        """(partner, webhook)."""
        return self.org_id, self.webhook_id

    @property
    def lane(self) -> tuple[str, str, str]:
        """Those that are made one after the other: of one customer to one webhook."""
        return self.org_id, self.webhook_id, self.customer_id

    @property
    def message_id(self) -> str:
        """Its name for the receiver, the same for every attempt; without a dot, as it is signed."""
        return f"msg_{self.webhook_id.replace('-', '')}_{self.entry}_{self.event}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a delivery stands that was not taken yet; `fault` says why the last attempt failed."""

    delivery: Delivery
    fault: str | None
    dead: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of sending a delivery once: the status of the answer, or 0 and why there was none."""

    delivery: Delivery
    status: int
    fault: str = ""

    @property
    def verdict(self) -> Verdict:
        """What becomes of the delivery."""
        if 200 <= self.status < 300:
            return Verdict.TAKEN
        if self.status == GONE:
            return Verdict.GONE
        return Verdict.AGAIN if self.delivery.attempts < ATTEMPTS_MAX else Verdict.DEAD

    @property
    def told(self) -> str:
        """Why it failed, for people."""
        if not self.status:
            return self.fault[:FAULT_CHARACTERS_MAX]
        moved = "; redirects are not followed" if 300 <= self.status < 400 else ""
        return f"answered {self.status}{moved}"


def pause(delivery: Delivery) -> int:
    """How many milliseconds after this attempt the next one is made."""
    return int(pauses.pause(delivery.message_id, delivery.attempts, PAUSE_MILLISECONDS, PAUSE_MILLISECONDS_MAX))

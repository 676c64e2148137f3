"""What every operation is given besides its transaction."""

from dataclasses import dataclass
from datetime import datetime

from allot.core.provisioning import Pace
from allot.core.rulebook import Rulebook
from allot.service import paces
from allot.service.clock import Clock, stamp


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """The rules that decide, the clock that tells the time, and the pace of provisioning."""

    rulebook: Rulebook
    clock: Clock
    pace: Pace = paces.instant

    def now(self) -> datetime:
        """The time, once for everything that one transaction writes."""
        return self.clock.now()

    def stamp(self) -> str:
        """The time as it is stored."""
        return stamp(self.clock.now())

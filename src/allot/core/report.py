"""A billing report: who had which packages on how many days of a period, as lines of CSV.

Types, categories, statuses and the five years are documented; the columns of the file are ours, since
Cisco does not publish its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from allot.core import ids
from allot.core.package import Notice

PARTNER, CUSTOMER, USER = "PARTNER", "CUSTOMER", "USER"
TYPES = (PARTNER, CUSTOMER, USER)
RECONCILIATION, POINT_IN_TIME = "RECONCILIATION", "POINT_IN_TIME"
IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"
STATUSES = (IN_PROGRESS, COMPLETED, FAILED)
#: taken away, and shown to nobody; what it holds is cleared in the background
DELETED = "DELETED"
#: how far back a period may go
YEARS = 5

_PERIOD = ("billingStartDate", "billingEndDate")
#: type -> the columns of its file
COLUMNS = {
    PARTNER: ("partnerOrgId", *_PERIOD, "package", "subscribers", "subscriberDays"),
    CUSTOMER: (
        *("partnerOrgId", "customerId", "externalCustomerId"),
        *(*_PERIOD, "package", "subscribers", "subscriberDays"),
    ),
    USER: (
        *("customerId", "externalCustomerId", "subscriberId", "email"),
        *(*_PERIOD, "package", "subscriberDays"),
    ),
}
LINE_END = "\r\n"
_MARKS = re.compile(r'[,"\r\n]')

#: customer, subscriber, package, first day, first day that does not count any more (None: it goes on), external id
#: of the customer, email of the subscriber
Interval = tuple[str, str, str, str, str | None, str, str]


@dataclass(slots=True, eq=False)
class Report:
    """One billing report of one partner. Days are texts in UTC, both ends within."""

    org_id: str
    id: str
    start: str
    end: str
    type: str
    category: str
    #: whose usage: the partner's own, or a sub-partner's
    subject_id: str
    internal: bool
    created: str
    created_by: str
    tracking_id: str
    status: str = IN_PROGRESS
    errors: list[Notice] = field(default_factory=list)
    #: how often it was begun; the number of an attempt is its fencing token
    attempts: int = 0
    #: of the file: how many pieces, and bytes in all
    pieces: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """What reports are looked for; what is None does not matter."""

    start: str | None = None
    end: str | None = None
    type: str | None = None
    status: str | None = None
    subject_id: str | None = None


def faults(start: str, end: str, first: str, today: str) -> list[str]:
    """What is wrong with a period, on a day `today`, when `first` is the first day that can be reported."""
    found = []
    if start < first:
        found.append(f"billingStartDate: must be {first} or later; reports go back {YEARS} years")
    if end >= today:
        found.append(f"billingEndDate: must be before today, which is {today} in UTC")
    if end < start:
        found.append("billingEndDate: must not be before billingStartDate")
    return found


@lru_cache(maxsize=10_000)
def day_number(day: str) -> int:
    """The number of a day of the Gregorian calendar; the next day has the next number."""
    year, month, date = map(int, day.split("-"))
    # A year that begins in March has its leap day at the end.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return year * 365 + year // 4 - year // 100 + year // 400 + (month * 153 + 2) // 5 + date


@dataclass(slots=True, eq=False)
class _Use:
    """One package of one subscriber, and what is counted of it."""

    customer_id: str = ""
    subscriber_id: str = ""
    package: str = ""
    #: the first day that is not counted yet
    uncounted: int = 0
    days: int = 0
    #: what its newest interval says
    since: str = ""
    external_id: str = ""
    email: str = ""


class Bill:
    """Counts intervals and says lines. They come in the order of customer, subscriber, package and first day.

    What it remembers is bounded by the number of packages, however many subscribers there are.
    """

    def __init__(self, report: Report) -> None:
        self._type = report.type
        self._subject = ids.encode("ORGANIZATION", report.subject_id)
        self._period = f"{report.start},{report.end}"
        self._start, self._after = day_number(report.start), day_number(report.end) + 1
        self._use = _Use()
        #: who the last line was about, and how it says so
        self._told = ("", "", "", "")
        self._who = ""
        #: the customer's external id, and since when
        self._external = ("", "")
        #: package -> subscribers and days, of the customer or of all
        self._totals: dict[str, list[int]] = {}

    @property
    def header(self) -> str:
        """The first line of the file."""
        return ",".join(COLUMNS[self._type])

    def add(self, intervals: Iterable[Interval]) -> list[str]:
        """Count some more intervals; the lines that are complete by now."""
        lines: list[str] = []
        use = self._use
        for customer_id, subscriber_id, package, from_day, until_day, external_id, email in intervals:
            if package != use.package or subscriber_id != use.subscriber_id or customer_id != use.customer_id:
                self._end_use(lines)
                if customer_id != use.customer_id and self._type == CUSTOMER:
                    self._end_totals(lines)
                use = self._use = _Use(customer_id, subscriber_id, package, self._start)
            use.since, use.external_id, use.email = from_day, external_id, email
            first = max(day_number(from_day), use.uncounted)
            after = min(day_number(until_day), self._after) if until_day else self._after
            if first < after:
                # A clock that was set back makes intervals overlap: a day counts once.
                use.days += after - first
                use.uncounted = after
        return lines

    def end(self) -> list[str]:
        """The lines that are left when there are no more intervals."""
        lines: list[str] = []
        self._end_use(lines)
        self._end_totals(lines)
        return lines

    def _end_use(self, lines: list[str]) -> None:
        use = self._use
        if not use.days:
            return
        if self._type == USER:
            told = (use.customer_id, use.external_id, use.subscriber_id, use.email)
            if told != self._told:  # most subscribers have more than one package
                self._told, self._who = told, _who(*told)
            lines.append(f"{self._who},{self._period},{use.package},{use.days}")
            return
        self._external = max(self._external, (use.since, use.external_id))
        total = self._totals.setdefault(use.package, [0, 0])
        total[0] += 1
        total[1] += use.days

    def _end_totals(self, lines: list[str]) -> None:
        whose = self._subject
        if self._type == CUSTOMER:
            whose += f",{ids.encode('ENTERPRISE', self._use.customer_id)},{quoted(self._external[1])}"
        for package, (subscribers, days) in sorted(self._totals.items()):
            lines.append(f"{whose},{self._period},{package},{subscribers},{days}")
        self._totals.clear()
        self._external = ("", "")


def _who(customer_id: str, external_id: str, subscriber_id: str, email: str) -> str:
    customer = f"{ids.encode('ENTERPRISE', customer_id)},{quoted(external_id)}"
    return f"{customer},{ids.encode('SUBSCRIBER', subscriber_id)},{quoted(email)}"


def quoted(text: str) -> str:
    """A text as a field of CSV (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if _MARKS.search(text) else text

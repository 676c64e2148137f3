"""An event: one status of a customer, a package or a subscriber that changed.

Events are not kept by themselves: they are made from the journal's entries, always alike, so that whoever asks again
gets the same events under the same numbers.
"""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from allot.core import ids
from allot.core.journal import Entry

CUSTOMER_STATUS = "customer.status"
PACKAGE_STATUS = "package.status"
SUBSCRIBER_STATUS = "subscriber.status"
TYPES = (CUSTOMER_STATUS, PACKAGE_STATUS, SUBSCRIBER_STATUS)

#: more than any entry has events
EVENTS_MAX = 1_000_000
_PLACE = re.compile(r"(\d{1,15})(?:\.(\d{1,6}))?")


class Place(NamedTuple):
    """A place in a partner's events: all up to this one have been seen. Without `event` the whole entry has."""

    entry: int
    event: int = EVENTS_MAX

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The place of an event's id, or of an entry's number; None when the text is neither."""
        found = _PLACE.fullmatch(text) if text.isascii() else None
        if found is None:
            return None
        return cls(int(found[1])) if found[2] is None else cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return str(self.entry) if self.event == EVENTS_MAX else f"{self.entry}.{self.event}"


@dataclass(frozen=True, slots=True)
class Event:
    """One status that changed; `before` and `after` are "" where it was not there, or is not there any more."""

    type: str
    #: the partner whose event it is
    org_id: str
    #: the entry of the partner's journal that tells of it, and which of its events it is
    place: Place
    at: str
    tracking_id: str
    customer_id: str
    before: str
    after: str
    external_id: str = ""
    package: str = ""
    subscriber_id: str = ""
    run: int | None = None
    #: the outcome that was ordered, where it came from one
    ordered: str = ""

    @property
    def id(self) -> str:
        """Its name among the partner's events."""
        return str(self.place)


def events_of(entry: Entry) -> list[Event]:
    """The events that an entry of a partner's journal tells of, in their order."""
    detail = entry.detail
    told = detail.get("events", ())
    customer_id = detail.get("customer") or entry.target_id or ""
    return [_event(entry, customer_id, n, each) for n, each in enumerate(told)]


def _event(entry: Entry, customer_id: str, number: int, told: dict[str, Any]) -> Event:
    detail = entry.detail
    package, subscriber_id = told.get("package", ""), told.get("subscriber", "")
    return Event(
        PACKAGE_STATUS if package else SUBSCRIBER_STATUS if subscriber_id else CUSTOMER_STATUS,
        entry.org_id,
        Place(entry.number, number),
        entry.at,
        entry.tracking_id,
        customer_id,
        told["before"],
        told["after"],
        detail.get("externalId") or "",
        package,
        subscriber_id,
        detail.get("run"),
        detail.get("ordered", ""),
    )


def message(event: Event) -> dict[str, Any]:
    """An event as webhooks and the stream tell it, with ids as Webex has them; null where there is no status."""
    subscriber = ids.encode("SUBSCRIBER", event.subscriber_id) if event.subscriber_id else ""
    told = {
        "externalId": event.external_id,
        "package": event.package,
        "subscriberId": subscriber,
        "run": event.run,
        "ordered": event.ordered,
    }
    data = {
        "id": event.id,
        "partnerOrgId": ids.encode("ORGANIZATION", event.org_id),
        "customerId": ids.encode("ENTERPRISE", event.customer_id),
        **{name: value for name, value in told.items() if value},
        "before": event.before or None,
        "after": event.after or None,
        "trackingId": event.tracking_id,
    }
    return {"type": event.type, "timestamp": event.at, "data": data}

"""Events: what is made of the journal's entries."""

import pytest

from allot.core import ids
from allot.core.event import EVENTS_MAX, Event, Place, events_of, message
from allot.core.journal import Entry

AT = "2026-11-21T10:00:00.000Z"


def entry(action: str, target: str, **detail: object) -> Entry:
    return Entry("org", AT, "track", action, "actor", target, 200, dict(detail), 7)


def test_an_order_tells_of_its_packages_and_its_customer():
    """Each status that an entry tells of is an event, in its order; what names no package is the customer's."""
    moves = [
        {"package": "webex_calling", "before": "", "after": "provisioning"},
        {"before": "", "after": "provisioning"},
    ]
    found = events_of(entry("customers.provision", "c1", externalId="shop", run=1, events=moves))
    assert [(each.id, each.type, each.package) for each in found] == [
        ("7.0", "package.status", "webex_calling"),
        ("7.1", "customer.status", ""),
    ]
    assert {(e.customer_id, e.external_id, e.run, e.at, e.tracking_id, e.ordered) for e in found} == {
        ("c1", "shop", 1, AT, "track", "")
    }


def test_a_subscriber_is_told_of_with_its_customer():
    """A subscriber's event names the subscriber, and the customer that the entry names."""
    moves = [{"subscriber": "s1", "before": "pending_user_migration", "after": "provisioned"}]
    [found] = events_of(entry("subscribers.agree", "s1", customer="c1", events=moves))
    assert (found.type, found.subscriber_id, found.customer_id) == ("subscriber.status", "s1", "c1")
    assert (found.before, found.after) == ("pending_user_migration", "provisioned")


def test_entries_without_a_status_have_no_events():
    """Most entries of a journal tell of no status."""
    assert events_of(entry("licenses.assign", "p1", items=[])) == []


def test_messages_have_ids_as_webex_has_them():
    """What is sent has Webex's ids, null for no status, and nothing that there is not."""
    event = Event("subscriber.status", "org", Place(3, 1), AT, "t", "c1", "", "provisioned", subscriber_id="s1")
    told = message(event)
    assert (told["type"], told["timestamp"]) == ("subscriber.status", AT)
    assert told["data"] == {
        "id": "3.1",
        "partnerOrgId": ids.encode("ORGANIZATION", "org"),
        "customerId": ids.encode("ENTERPRISE", "c1"),
        "subscriberId": ids.encode("SUBSCRIBER", "s1"),
        "before": None,
        "after": "provisioned",
        "trackingId": "t",
    }
    step = entry("runs.step", "c1", run=2, ordered="o1", events=[{"package": "p", "before": "a", "after": ""}])
    data = message(events_of(step)[0])["data"]
    assert (data["run"], data["ordered"], data["package"], data["before"], data["after"]) == (2, "o1", "p", "a", None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0", Place(0, EVENTS_MAX)),
        ("12", Place(12)),
        ("12.0", Place(12, 0)),
        ("12.3", Place(12, 3)),
        ("", None),
        ("12.", None),
        (".3", None),
        ("-1", None),
        ("12.3.4", None),
        ("1" * 16, None),
        ("\uff11\uff12", None),
        ("12\n", None),
    ],
)
def test_places_are_read_as_they_are_written(text: str, place: Place | None):
    """An id of an event is a place, and so is an entry's number; nothing else is."""
    assert Place.read(text) == place
    if place is not None:
        assert str(place) == text


def test_places_are_in_the_order_of_events():
    """The whole of an entry comes after each of its events, and before the next entry."""
    assert Place(3) < Place(4, 0) < Place(4, 1) < Place(4) < Place(5, 0)

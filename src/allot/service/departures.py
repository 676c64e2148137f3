"""Departures: the mapping of subscribers ends with their person, so that nobody is billed for nobody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from allot.core.call import Call
from allot.core.journal import Entry
from allot.core.subscriber import PENDING, Subscriber
from allot.service import changes
from allot.service.changes import Done
from allot.service.context import Context
from allot.service.holdings import Batch
from allot.store import consents, customers, usage
from allot.store import subscribers as store
from allot.store.database import Writing


async def end(writing: Writing, context: Context, batch: Batch, gone: Mapping[tuple[str, str], Call]) -> None:
    """End the mappings of people (organization id, person id) who are deleted by these calls; the journal follows.

    Their organizations are locked by this transaction.
    """
    found = await store.of_people(writing, list(gone))
    if not found:
        return
    keys = {(each.org_id, each.customer_id) for each in found}
    homes = await customers.load(writing, context.rulebook.packages, keys, lock=True)
    await forget(writing, found, batch.now)
    for each in found:
        call = gone[homes[each.org_id, each.customer_id].customer_org_id, each.person_id or ""]
        batch.entries.append(entry(call, each, batch.now, "delete", (each.status, "")))


async def forget(writing: Writing, subscribers: Sequence[Subscriber], now: str) -> None:
    """Remove mappings, count them no longer, and end what is billed for them; their customers are locked.

    A free account is asked anew when another partner comes: how often this one has asked is nobody else's business.
    """
    fewer = Counter((each.org_id, each.customer_id, name) for each in subscribers for name in each.packages)
    ends = [(each.org_id, each.customer_id, each.id, name, now[:10]) for each in subscribers for name in each.packages]
    await store.count(writing, [(*key, -count) for key, count in fewer.items()])
    await usage.close(writing, ends)
    await store.delete(writing, [(each.org_id, each.id) for each in subscribers])
    await consents.unask(writing, [each.email for each in subscribers if each.pending])


def entry(call: Call, subscriber: Subscriber, now: str, verb: str, moved: tuple[str, str]) -> Entry:
    """The entry in the partner's journal about a subscriber whose status `moved` from one to another, "" is not there.

    Webhooks and the event stream are made of its events: there is one where the status is another one now.
    """
    before, after = moved
    detail: dict[str, Any] = {
        "customer": subscriber.customer_id,
        "externalId": subscriber.external_customer_id,
        "email": subscriber.email,
        "packages": list(subscriber.packages),
    }
    if before != after:
        detail["events"] = [{"subscriber": subscriber.id, "before": before, "after": after}]
    status = 204 if not after else 202 if after == PENDING else 200
    done = Done(None, subscriber.id, status, detail)
    return changes.entry(call, subscriber.org_id, f"subscribers.{verb}", now, done)

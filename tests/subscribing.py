"""Subscribers for tests, at the level of the service: requests, batches of them, and what came of it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from allot.core.call import Call
from allot.core.failure import Failure
from allot.core.holding import Properties
from allot.core.subscriber import Subscriber
from allot.engine.worker import Worker
from allot.service import subscribers
from allot.service.mappings import Wanted
from allot.service.service import Service
from audit import wrongs
from provisioning import CALLER, FOUR, PARTNER, add_partner, opened, order, provision, rows, work_off

T = TypeVar("T")
FREE = ("FTC", "FMS", "FTM", "FSS")


def run(url: str, act: Callable[[Service], Awaitable[T]], **settings: Any) -> T:
    """What `act` makes of a service whose database has a partner; afterwards everything is consistent."""

    async def main() -> T:
        async with opened(url, **settings) as service:
            await add_partner(service)
            return await act(service)

    result = asyncio.run(main())
    assert wrongs(url) == []
    return result


async def shop(
    service: Service, name: str = "shop", *packages: str, limits: dict[str, int] | None = None
) -> tuple[str, str]:
    """A customer that is provisioned: its id, and that of its organization."""
    [customer_id] = await order(service, provision(name, *(packages or (*FOUR, "attendant_console")), limits=limits))
    await work_off(Worker(service))
    [(org_id,)] = await rows(service, "SELECT customer_org_id FROM customers WHERE customer_id = $1", customer_id)
    return customer_id, str(org_id)


def wanted(customer_id: str, email: str, *packages: str, reach: Properties | None = None) -> Wanted:
    """A new subscriber; who is named after the email."""
    first, _, last = email.partition("@")[0].partition(".")
    return Wanted(
        Call(CALLER, f"track_{email}"),
        PARTNER,
        customer_id=customer_id,
        email=email,
        packages=packages or ("webex_meetings",),
        first_name=first,
        last_name=last,
        properties=reach,
    )


def changed(subscriber: Subscriber, *packages: str, reach: Properties | None = None) -> Wanted:
    """Other packages of a subscriber."""
    call = Call(CALLER, f"track_{subscriber.email}")
    return Wanted(call, PARTNER, subscriber.id, packages=packages, properties=reach)


async def batch(service: Service, operation: Any, requests: Sequence[Wanted]) -> list[Any]:
    """The outcomes of one transaction."""
    async with service.database.writing() as writing:
        return list(await operation(writing, service.context, requests))


async def subscribe(service: Service, *requests: Wanted) -> list[Subscriber]:
    """New subscribers; all must be accepted."""
    found = await batch(service, subscribers.provision, requests)
    for each in found:
        if isinstance(each, Failure):
            raise each
    return found


def refused(outcomes: Sequence[Any]) -> list[tuple[str, int | None]]:
    """Kind and code of each refusal; an empty text for what was done."""
    return [(each.kind.value, each.code) if isinstance(each, Failure) else ("", None) for each in outcomes]


async def offers(service: Service, org_id: str, email: str) -> set[str]:
    """The offers that a person holds besides those that everybody has."""
    sql = """
    SELECT l.offer FROM people p JOIN holdings h ON h.org_id = p.org_id AND h.person_id = p.person_id
    JOIN licenses l ON l.org_id = h.org_id AND l.license = h.license WHERE p.org_id = $1 AND p.email = $2
    """
    return {offer for (offer,) in await rows(service, sql, org_id, email)} - set(FREE)


async def reached(service: Service, org_id: str, email: str) -> tuple[Any, ...]:
    """Where a person is called: number and extension."""
    sql = "SELECT phone_number, extension FROM people WHERE org_id = $1 AND email = $2"
    [found] = await rows(service, sql, org_id, email)
    return found


async def counted(service: Service, customer_id: str) -> dict[str, int]:
    """How many subscribers the customer's packages say that they have, without those that nobody has."""
    sql = "SELECT package, subscribers FROM packages WHERE customer_id = $1 AND subscribers > 0"
    return dict(await rows(service, sql, customer_id))


async def uses(service: Service) -> list[tuple[str, str, bool]]:
    """(email, package, whether it goes on) of all use that is billed."""
    found = await rows(service, "SELECT email, package, until_day FROM usage ORDER BY email, package, from_day")
    return [(email, package, until is None) for email, package, until in found]


async def told(service: Service, action: str, org_id: str = PARTNER) -> list[dict[str, Any]]:
    """The details of a journal's entries of an action, oldest first."""
    sql = "SELECT detail FROM journal WHERE org_id = $1 AND action = $2 ORDER BY entry"
    return [json.loads(detail) for (detail,) in await rows(service, sql, org_id, action)]

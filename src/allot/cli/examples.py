"""Examples: the demo's wholesale customers and subscribers, ordered and provisioned as those of a provider are."""

from dataclasses import dataclass
from typing import Any

from allot.core.call import Call, Caller
from allot.core.customer import PROVISION
from allot.core.holding import Properties
from allot.core.order import Order
from allot.core.outcome import FAIL, HOLD, MAINTENANCE, REVIEW, WARN, Outcome
from allot.core.package import Notice
from allot.engine.worker import Worker
from allot.service import customers, subscribers
from allot.service.arrivals import made_id
from allot.service.customers import Request
from allot.service.mappings import Wanted
from allot.service.service import Service
from allot.store import customers as store
from allot.store import outcomes

_UNREACHABLE = Notice(90003, "Ordered for the demo: Webex Calling could not be provisioned")
_ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "addressLine2": "Cisco Site 5",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}

#: first name -> packages, first and last name, and how they are reached
_SUBSCRIBERS = {
    "Bob": (("webex_suite",), "Bob", "Baker", Properties(extension="2001")),
    "Rosa": (("webex_calling",), "Rosa", "Baker", Properties(extension="2002")),
    "Nils": (("webex_meetings",), "Nils", "Holm", None),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A customer: whose it is, what it orders, and what is ordered to become of it."""

    org_id: str
    admin: str
    provisioning_id: str
    external_id: str
    name: str
    packages: tuple[str, ...]
    #: (kind, target, notice)
    ordered: tuple[str, str, Notice] | None = None


async def provision(service: Service, examples: tuple[Example, ...]) -> None:
    """Order the examples and carry out all that can be."""
    context = service.context
    async with service.database.writing() as writing:
        for example in examples:
            if example.ordered is not None:
                kind, target, notice = example.ordered
                id = made_id(example.org_id, "outcomes", example.external_id)
                at = context.stamp()
                await outcomes.insert(writing, Outcome(example.org_id, id, None, None, target, kind, notice, 0, 0, at))
            await customers.provision(writing, context, [_request(example)])
    worker = Worker(service, "demo")
    while await worker.turn():
        pass
    await _subscribe(service, examples[0])


async def _subscribe(service: Service, example: Example) -> None:
    """Give packages of a customer to some people."""
    key = (example.org_id, example.external_id)
    async with service.database.writing() as writing:
        customer_id = (await store.external_ids(writing, [key]))[key]
        wanted = [
            Wanted(_call(example), example.org_id, "", customer_id, f"{first}@bobs-bakery.example".lower(), *rest)
            for first, rest in _SUBSCRIBERS.items()
        ]
        await subscribers.provision(writing, service.context, wanted)


def _call(example: Example) -> Call:
    person_id = made_id(example.org_id, "people", example.admin)
    caller = Caller(example.org_id, person_id, example.admin, frozenset(), frozenset())
    return Call(caller, f"NA_{made_id(example.external_id)}")


def _request(example: Example) -> Request:
    location = {"name": "Head Office", "address": _ADDRESS, "timezone": "America/Los_Angeles", "language": "en_us"}
    details: dict[str, Any] = {"language": "en", "location": location}
    return Request(
        _call(example),
        example.org_id,
        Order(PROVISION, example.packages, {}, location),
        provisioning_id=example.provisioning_id,
        external_id=example.external_id,
        name=example.name,
        primary_email=f"owner@{example.external_id}.example",
        address=_ADDRESS,
        details=details,
    )


def of(partner: str, sub_partner: str) -> tuple[Example, ...]:
    """A customer in every state that stays."""
    mine = (partner, "partner@summit.example", "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2")
    theirs = (sub_partner, "ops@foothill.example", "Zm9vdGhpbGwtb25ib2FyZGluZw")
    warned, failed = (WARN, "webex_calling", MAINTENANCE), (FAIL, "webex_calling", _UNREACHABLE)
    return (
        Example(*mine, "bobs-bakery", "Bob's Bakery", ("webex_calling", "webex_meetings", "webex_suite")),
        Example(*mine, "harbor-clinic", "Harbor Clinic", ("webex_calling", "attendant_console"), warned),
        Example(*mine, "pine-street-books", "Pine Street Books", ("webex_meetings", "webex_calling"), failed),
        Example(*mine, "delta-foods", "Delta Foods", ("webex_calling",), failed),
        Example(
            *mine, "cobalt-cycles", "Cobalt Cycles", ("webex_voice", "webex_suite"), (HOLD, "webex_suite", failed[2])
        ),
        Example(*mine, "fern-imports", "Fern Imports", ("webex_meetings",), (REVIEW, "", failed[2])),
        Example(*theirs, "tidewater-surf", "Tidewater Surf", ("webex_calling",)),
    )

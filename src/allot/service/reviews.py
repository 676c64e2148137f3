"""Reviews: deciding whether a customer passes the denied party list, which packages do not wait for."""

from collections.abc import Sequence
from dataclasses import dataclass

from allot.core import run as core
from allot.core.call import Call
from allot.core.customer import DENIED, PENDING, Customer
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.service import changes, runs
from allot.service.changes import Done
from allot.service.context import Context
from allot.service.customers import NOT_KNOWN, told
from allot.store import journal
from allot.store.database import Writing


@dataclass(slots=True, eq=False)
class Decision:
    """What the review of a customer has come to."""

    call: Call
    org_id: str
    customer_id: str
    approved: bool


async def decide(writing: Writing, context: Context, asked: Sequence[Decision]) -> list[Customer | Failure]:
    """Approve or deny customers whose review is pending; a Failure (conflict) for others."""
    found = await runs.load(writing, context, {(each.org_id, each.customer_id) for each in asked})
    now = context.stamp()
    answers: list[Customer | Failure] = []
    entries: list[Entry] = []
    for each in asked:
        run = found.get((each.org_id, each.customer_id))
        if run is None or run.customer.review != PENDING:
            missing = Failure.not_found(NOT_KNOWN)
            answers.append(missing if run is None else Failure.conflict("customerId: no review of it is pending"))
            continue
        moves = core.review(run, "" if each.approved else DENIED)
        done = Done(run.customer, each.customer_id, 200, {"approved": each.approved, "events": told(moves)})
        entries.append(changes.entry(each.call, each.org_id, "reviews.decide", now, done))
        answers.append(run.customer)
    await runs.save(writing, found.values(), now)
    await journal.write(writing, entries)
    return answers

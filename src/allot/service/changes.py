"""Changes: what is asked for rarely, carried out one by one in one transaction, each with its journal entry."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from allot.core.call import Call
from allot.core.failure import Failure
from allot.core.journal import Entry
from allot.service.context import Context
from allot.store import journal, organizations
from allot.store.database import Writing


@dataclass(slots=True, eq=False)
class Change:
    """What is asked for, by whom, for which organization."""

    call: Call
    org_id: str


@dataclass(slots=True, eq=False)
class Done:
    """What became of a change: its outcome, and what the journal keeps of it."""

    outcome: Any
    target_id: str
    #: the status of the answer
    status: int
    detail: dict[str, Any] = field(default_factory=dict)


C = TypeVar("C", bound=Change)


async def one_by_one(
    writing: Writing,
    context: Context,
    action: str,
    changes: Sequence[C],
    carry_out: Callable[[Writing, C], Awaitable[Done | Failure]],
) -> list[Any]:
    """Carry out changes in their order, each on what the earlier ones left; one outcome or Failure for each.

    What `carry_out` answers with a Failure leaves no entry in the journal, what it has refused as Done does.
    """
    there = await organizations.lock(writing, {change.org_id for change in changes})
    now = context.stamp()
    outcomes: list[Any] = []
    entries: list[Entry] = []
    for change in changes:
        if change.org_id not in there:
            outcomes.append(Failure.not_found("orgId: the organization is not known"))
            continue
        done = await carry_out(writing, change)
        if isinstance(done, Failure):
            outcomes.append(done)
            continue
        outcomes.append(done.outcome)
        entries.append(entry(change.call, change.org_id, action, now, done))
    await journal.write(writing, entries)
    return outcomes


def entry(call: Call, org_id: str, action: str, now: str, done: Done) -> Entry:
    """The journal's entry about what was done for a call, in an organization's journal."""
    detail = done.detail
    if call.address or call.agent:
        detail = detail | {"from": {"address": call.address, "agent": call.agent}}
    return Entry(org_id, now, call.tracking_id, action, call.caller.person_id, done.target_id, done.status, detail)

"""Every operation of allot's own plane. It is off the network: see `Operation.near`."""

from collections.abc import Sequence
from dataclasses import replace

from allot.plane import (
    clocks,
    consents,
    decisions,
    downloads,
    events,
    invitations,
    journals,
    outcomes,
    probes,
    requests,
    reviews,
    rulebooks,
    runs,
    webhooks,
)
from allot.plane.documents import Documents, lead_to_documents
from allot.wire.operation import Operation

# What watches over processes comes from elsewhere, and learns nothing from these. The address of a file is itself the
# right to it.
OPEN = ("/health", "/readiness", downloads.FILE_PATH)


def _own() -> Sequence[Operation]:
    return OPERATIONS


OPERATIONS: tuple[Operation, ...] = tuple(
    replace(operation, near=operation.path not in OPEN)
    for operation in (
        *clocks.OPERATIONS,
        *consents.OPERATIONS,
        *decisions.OPERATIONS,
        *downloads.OPERATIONS,
        *events.OPERATIONS,
        *invitations.OPERATIONS,
        *journals.OPERATIONS,
        *outcomes.OPERATIONS,
        *probes.OPERATIONS,
        *requests.OPERATIONS,
        *reviews.OPERATIONS,
        *rulebooks.OPERATIONS,
        *runs.OPERATIONS,
        *webhooks.OPERATIONS,
        *Documents(_own).operations,
    )
)

#: at the root of the server, where Webex has nothing
ROOT = (Operation("GET", "/", lead_to_documents, None, "Lead to the Documents", answers={307: None}, near=True),)

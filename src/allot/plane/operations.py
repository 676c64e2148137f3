"""Every operation of allot's own plane. It is off the network: see `Operation.near`."""

from dataclasses import replace

from allot.plane import decisions, invitations, journals, probes, rulebooks
from allot.wire.operation import Operation

# What watches over processes comes from elsewhere, and learns nothing from these.
OPEN = ("/health", "/readiness")

OPERATIONS: tuple[Operation, ...] = tuple(
    replace(operation, near=operation.path not in OPEN)
    for module in (decisions, invitations, journals, probes, rulebooks)
    for operation in module.OPERATIONS
)

"""Every operation of the Webex plane."""

from allot.api import licenses
from allot.wire.operation import Operation

OPERATIONS: tuple[Operation, ...] = (*licenses.OPERATIONS,)

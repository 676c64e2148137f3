"""Every operation of the Webex plane."""

from allot.api import (
    audits,
    call_parks,
    customers,
    extensions,
    inventories,
    licenses,
    locations,
    numbers,
    organizations,
    partners,
    people,
    reports,
    roles,
    subscribers,
    tokens,
)
from allot.wire.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *licenses.OPERATIONS,
    *people.OPERATIONS,
    *organizations.OPERATIONS,
    *roles.OPERATIONS,
    *locations.OPERATIONS,
    *inventories.OPERATIONS,
    *numbers.OPERATIONS,
    *extensions.OPERATIONS,
    *call_parks.OPERATIONS,
    *tokens.OPERATIONS,
    *audits.OPERATIONS,
    *customers.OPERATIONS,
    *partners.OPERATIONS,
    *subscribers.OPERATIONS,
    *reports.OPERATIONS,
)
